"""A usage debt that nobody pays is written off by two people, and the order is settled."""

from __future__ import annotations

import datetime as dt

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.identity.permissions import Role
from tests.api import Api, code
from tests.journeys.test_metered_order import HOUR, METERED, accepted, charges, use
from tests.makers_identity import Member, make_member
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.portal.test_counter_pages import by, plain, send
from tests.portal.test_pages_html import check, look
from tests.stages import staged
from tests.terminal import Run

PLACE = "/api/v1/ledger/write-offs"
YEAR = dt.timedelta(days=366)


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


async def owing(trade: Trade) -> str:
    """Return an order that is over and owes 2,000 fen."""
    order = await accepted(trade)
    await use(trade, order, 8)
    await trade.move_by(HOUR)
    await trade.move_by(YEAR)
    await trade.api.run_jobs()
    assert (await charges(trade, order))["standing"]["account"]["state"] == "owing"
    return order


async def test_a_debt_is_proposed_by_one_and_written_off_by_another_and_all_who_share_are_paid(
    trade: Trade, db: Database, run: Run
) -> None:
    order = await owing(trade)
    first, second = await finance(trade, db), await finance(trade, db)
    said = {"order_id": order, "ground": "small_and_overdue", "evidence": "催缴记录 3 次"}

    old = await trade.by(first).post(PLACE, said | {"ground": "overdue_three_years"})
    stranger = await trade.by(trade.supplier).post(PLACE, said)
    proposed = must(await trade.by(first).post(PLACE, said))
    twice = await trade.by(first).post(PLACE, said)
    one = f"{PLACE}/{proposed['id']}"
    own = await trade.by(first).post(f"{one}/approvals", {})
    foreign = await trade.by(second).post(f"{one}/withdrawals", {})
    made = must(await trade.by(second).post(f"{one}/approvals", {}))
    again = await trade.by(second).post(f"{one}/approvals", {})
    listed = await run(first, "write-offs", "list")

    assert code(old) == "write_off_too_early"
    assert stranger.status_code == 403
    assert (proposed["state"], proposed["amount_fen"]) == ("proposed", 2_000)
    assert code(twice) == "write_off_waits"
    assert code(own) == "write_off_second_person_needed"
    assert code(foreign) == "write_off_of_another"
    assert made["state"] == "written_off"
    assert made["entry_key"] is not None
    assert listed.returncode == 0, listed.stderr
    assert code(again) == "write_off_event_not_allowed"
    assert "HZ-" in listed.stdout
    told = await charges(trade, order)
    assert (told["owed_fen"], told["standing"]["account"]["state"]) == (0, "settled")
    ledger = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/ledger"))
    assert ledger["released_fen"] == ledger["paid_fen"] == 4_502
    accounts = must(await trade.by(first).get("/api/v1/ledger/accounts"))["items"]
    left = {each["account"]: each["balance_fen"] for each in accounts}
    assert left["platform_loss/bad_debt"] == -2_000


async def test_a_write_off_is_taken_back_rejected_and_refused_while_nothing_is_owed(
    trade: Trade, db: Database
) -> None:
    order = await accepted(trade)
    first = await finance(trade, db)
    said = {"order_id": order, "ground": "bankrupt", "evidence": "裁定书 7"}
    early = await trade.by(first).post(PLACE, said)
    await use(trade, order, 8)
    await trade.move_by(HOUR)
    first = await finance(trade, db)
    running = await trade.by(first).post(PLACE, said)
    await trade.move_by(YEAR)
    await trade.api.run_jobs()
    first, second = await finance(trade, db), await finance(trade, db)

    back = must(await trade.by(first).post(PLACE, said))
    must(await trade.by(first).post(f"{PLACE}/{back['id']}/withdrawals", {}))
    next_one = must(await trade.by(first).post(PLACE, said))
    one = f"{PLACE}/{next_one['id']}"
    started = must(await trade.step(order, "top-ups", trade.buyer, amount_fen=500))
    must(await trade.by(trade.buyer).post(started["pay_at"]))
    changed = await trade.by(second).post(f"{one}/approvals", {})
    silent = await trade.by(second).post(f"{one}/rejections", {"reason": " "})
    rejected = must(await trade.by(second).post(f"{one}/rejections", {"reason": "仍可追偿"}))

    assert code(early) == code(running) == "write_off_nothing_owed"
    assert code(changed) == "write_off_debt_changed"
    assert silent.status_code == 422
    assert (rejected["state"], rejected["decision_reason"]) == ("rejected", "仍可追偿")
    states = [each["state"] for each in must(await trade.by(first).get(PLACE))["items"]]
    assert states == ["rejected", "withdrawn"]
    assert (await charges(trade, order))["owed_fen"] == 1_500


async def test_a_debt_is_written_off_on_pages(api: Api, trade: Trade, db: Database) -> None:
    order = await owing(trade)
    first, second = await finance(trade, db), await finance(trade, db)
    by(api, first)
    empty = await look(api, "/write-offs")

    proposed = await send(
        api, "/write-offs", order_id=order, ground="bankrupt", evidence="裁定书 7"
    )
    (found,) = must(await trade.by(first).get(PLACE))["items"]
    one = f"/write-offs/{found['id']}"
    by(api, first)
    own = await look(api, one)
    listed = await look(api, "/write-offs")
    by(api, second)
    others = await look(api, one)
    approved = await send(api, f"{one}/approvals", one)
    made = await look(api, one)

    for shown in (empty, own, listed, others, made):
        check(shown, "zh-CN")
    assert "没有核销单" in plain(empty.text)
    assert (proposed.status_code, approved.status_code) == (303, 303)
    assert "提出人不能复核自己的核销单" in plain(own.text)
    assert "复核核销" in plain(others.text)
    assert "已核销" in plain(made.text)
