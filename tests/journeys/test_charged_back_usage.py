"""A bank takes back a top-up of an order that pays as it uses: arrears, suspension, won, lost, paid again."""

from __future__ import annotations

import datetime as dt
from typing import Any

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.identity.permissions import Role
from tests.api import Api, code
from tests.journeys.test_metered_order import HOUR, METERED, accepted, charges, topics, use
from tests.makers_identity import Member, make_member
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged
from tests.terminal import Run

WEEKS = dt.timedelta(days=14)


@staged
async def trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    trade = await make_trade(api, db, clock, is_listed=False)
    await trade.priced(price_items=[METERED])
    await trade.listed()
    return trade


async def finance(trade: Trade, db: Database) -> Member:
    return await make_member(
        db, Role.OPERATOR_FINANCE, now=trade.clock.now(), party=trade.acceptor.party
    )


async def topped_up(trade: Trade, order: str, amount_fen: int) -> str:
    """Return where the bank of a top-up is played, which was paid."""
    started = must(await trade.step(order, "top-ups", trade.buyer, amount_fen=amount_fen))
    must(await trade.by(trade.buyer).post(started["pay_at"]))
    return str(started["pay_at"])


async def used_and_taken_back(trade: Trade) -> tuple[str, str]:
    """Return an order that paid 5,502 fen, used 4,502, and of which 3,000 were taken back; and the bank."""
    order = await accepted(trade)
    place = await topped_up(trade, order, 3_000)
    await use(trade, order, 8)
    await trade.move_by(HOUR)
    must(await trade.by(trade.buyer).post(place, {"kind": "charged_back"}))
    return order, place


async def money_of(trade: Trade, order: str) -> dict[str, Any]:
    return must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/ledger"))


async def test_what_a_bank_takes_back_lessens_the_escrow_and_arrears_begin(trade: Trade) -> None:
    order, _ = await used_and_taken_back(trade)

    told = await charges(trade, order)
    money = await money_of(trade, order)

    standing = told["standing"]
    assert (told["balance_fen"], told["owed_fen"]) == (-2_000, 2_000)
    assert (standing["charged_back_fen"], standing["collected_fen"]) == (3_000, 2_502)
    assert standing["account"]["state"] == "arrears"
    assert standing["account"]["due_on"] is not None
    assert (money["charged_back_fen"], money["released_fen"]) == (3_000, 2_502)
    assert "usage_in_arrears" in await topics(trade, trade.buyer)


async def test_a_case_that_is_won_pays_everybody_again(trade: Trade) -> None:
    order, place = await used_and_taken_back(trade)

    must(await trade.by(trade.buyer).post(place, {"kind": "chargeback_won"}))

    told = await charges(trade, order)
    assert (told["balance_fen"], told["owed_fen"]) == (1_000, 0)
    assert told["standing"]["account"]["state"] in {"running", "low"}
    assert (await money_of(trade, order))["charged_back_fen"] == 0
    await use(trade, order, 1)
    await trade.move_by(HOUR)
    assert (await charges(trade, order))["owed_fen"] == 0


async def test_a_case_that_is_accepted_stops_the_next_use_until_it_is_paid_again(
    trade: Trade, db: Database
) -> None:
    order, _ = await used_and_taken_back(trade)
    desk = await finance(trade, db)
    books = trade.by(desk)
    (case,) = must(await books.get("/api/v1/chargebacks"))["items"]
    accept = f"/api/v1/chargebacks/{case['id']}/acceptances"

    silent = await books.post(accept, {"reason": " "})
    stranger = await trade.by(trade.supplier).post(accept, {"reason": "是我们的"})
    lost = must(await books.post(accept, {"reason": "买方账户被盗用"}))
    again = await books.post(accept, {"reason": "买方账户被盗用"})
    await trade.move_by(WEEKS)

    assert (case["escrow_fen"], case["amount_fen"]) == (1_000, 3_000)
    assert (silent.status_code, stranger.status_code) == (422, 403)
    assert (lost["state"], lost["ending_note"]) == ("lost", "买方账户被盗用")
    assert code(again) == "chargeback_event_not_allowed"
    assert (await charges(trade, order))["standing"]["account"]["state"] == "suspended"
    assert code(await trade.content(order)) == "usage_in_arrears"
    await topped_up(trade, order, 2_500)
    told = await charges(trade, order)
    assert (told["balance_fen"], told["owed_fen"]) == (500, 0)
    assert (await money_of(trade, order))["released_fen"] == 4_502
    assert (await trade.content(order)).status_code == 200


async def test_who_contested_does_not_record_what_came_of_it(
    trade: Trade, db: Database, run: Run
) -> None:
    order, _ = await used_and_taken_back(trade)
    first, second = await finance(trade, db), await finance(trade, db)
    (case,) = must(await trade.by(first).get("/api/v1/chargebacks"))["items"]

    listed = await run(first, "chargebacks", "list", "--state", "opened")
    contested = await run(first, "chargebacks", "contest", case["id"], "--evidence", "验收单 7")
    own = await trade.by(first).post(
        f"/api/v1/chargebacks/{case['id']}/outcomes", {"outcome": "won", "notice": "函 9"}
    )
    said = {"outcome": "won", "notice": "函 2026-9"}
    won = must(await trade.by(second).post(f"/api/v1/chargebacks/{case['id']}/outcomes", said))
    shown = await run(first, "chargebacks", "show", case["id"])
    late = await run(second, "chargebacks", "accept", case["id"], "--because", "太晚")

    assert listed.returncode == contested.returncode == shown.returncode == 0
    assert "前申诉 · contest before" in listed.stdout
    assert "申诉中 · contested" in contested.stdout
    assert code(own) == "chargeback_second_person_needed"
    assert won["state"] == "won"
    assert "申诉成功 · won" in shown.stdout
    assert "函 2026-9" in shown.stdout
    assert "自分账方追回 · from shares" in shown.stdout
    assert late.returncode == 1
    assert (await charges(trade, order))["owed_fen"] == 0
