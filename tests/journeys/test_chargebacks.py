"""A buyer's bank takes a payment back: told by the sandbox's bank, contested by finance, lost by silence."""

from __future__ import annotations

import datetime as dt

from catalog.kernel.db import Database
from market.identity.permissions import Role
from market.jobs import chargebacks_due
from tests.api import code
from tests.makers_identity import make_member
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

trade = staged(make_trade)


async def paid(trade: Trade) -> tuple[str, str]:
    """Return an order that is paid, and where its bank is played."""
    order = await trade.contracted()
    started = must(await trade.step(order, "payments", trade.buyer))
    must(await trade.by(trade.buyer).post(started["pay_at"], {}))
    return order, started["pay_at"]


async def test_what_a_bank_takes_back_is_contested_by_finance_and_goes_back_when_it_is_won(
    trade: Trade, db: Database
) -> None:
    order, place = await paid(trade)
    finance = trade.by(
        await make_member(
            db, Role.OPERATOR_FINANCE, now=trade.clock.now(), party=trade.acceptor.party
        )
    )
    buyer = trade.by(trade.buyer)

    told = must(await buyer.post(place, {"kind": "charged_back"}))
    again = must(await buyer.post(place, {"kind": "charged_back"}))
    foreign = await buyer.post(place, {"kind": "charged_back", "amount_fen": 10**12})
    (case,) = must(await finance.get("/api/v1/chargebacks", chargeback_state="opened"))["items"]
    frozen = must(await buyer.get(f"/api/v1/orders/{order}/ledger"))
    evidence = {"evidence": "买方已验收，见交付单与验收记录。"}
    empty = await finance.post(f"/api/v1/chargebacks/{case['id']}/contests", {"evidence": " "})
    stranger = await buyer.post(f"/api/v1/chargebacks/{case['id']}/contests", evidence)
    must(await finance.post(f"/api/v1/chargebacks/{case['id']}/contests", evidence))
    twice = await finance.post(f"/api/v1/chargebacks/{case['id']}/contests", evidence)
    must(await buyer.post(place, {"kind": "chargeback_won"}))
    won = must(await finance.get(f"/api/v1/chargebacks/{case['id']}"))
    free = must(await buyer.get(f"/api/v1/orders/{order}/ledger"))

    assert (told["effect"], again["is_replay"]) == ("applied", True)
    assert code(foreign) == "callback_does_not_fit"
    assert (frozen["charged_back_fen"], free["charged_back_fen"]) == (case["amount_fen"], 0)
    assert (empty.status_code, stranger.status_code) == (422, 403)
    assert code(twice) == "chargeback_event_not_allowed"
    assert won["state"] == "won"


async def test_a_charge_back_that_nobody_contests_is_lost_after_its_window(
    trade: Trade, db: Database
) -> None:
    order, place = await paid(trade)
    buyer = trade.by(trade.buyer)
    must(await buyer.post(place, {"kind": "charged_back"}))

    trade.clock.move_by(dt.timedelta(days=7))

    assert await chargebacks_due.run(db, now=trade.clock.now()) == 1
    await trade.sign_in_again()
    ledger = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/ledger"))
    assert ledger["charged_back_fen"] == ledger["paid_fen"]
