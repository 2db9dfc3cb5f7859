"""What is owed to a buyer goes back through its channel, once, also after silence and failure."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from catalog.kernel.db import Database
from market.jobs import refunds_due
from settlement.payments.channel import (
    ChannelEvent,
    ChannelSilent,
    EventKind,
    RefundRequest,
    Standing,
    Told,
)
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

PRICE = 3 * 12_345


class Bank:
    """A channel that answers a refund as it was told to, one answer after the other."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def refund(self, request: RefundRequest) -> Told:
        self.asked.append(request.reference)
        said = self.answers.pop(0)
        if said == "silent":
            raise ChannelSilent(channel="sandbox")
        if said == "waiting":
            return Told(standing=Standing.WAITING)
        is_paid = said == "paid"
        event = ChannelEvent(
            event_id=f"{request.reference}-{said}",
            kind=EventKind.SUCCEEDED if is_paid else EventKind.FAILED,
            reference=request.reference,
            amount_fen=request.amount_fen,
            currency="CNY",
            channel_transaction_id=f"T{request.reference}",
            happened_at=request.asked_at,
        )
        return Told(standing=Standing.PAID if is_paid else Standing.FAILED, event=event)


trade = staged(make_trade)


async def _owed(trade: Trade) -> str:
    """Return an order that was paid and is cancelled: its money is owed back."""
    order = await trade.paid()
    must(
        await trade.step(
            order, "cancellations", trade.supplier, code="cannot_deliver", reason="停产"
        )
    )
    return order


async def _refund(trade: Trade, order: str) -> dict[str, Any]:
    (found,) = must(await trade.by(trade.buyer).get("/api/v1/refunds", order_id=order))["items"]
    return dict(found)


async def _run(trade: Trade, db: Database, bank: Any) -> int:
    now = trade.clock.now()
    return await refunds_due.run(db, now=now, channels={"sandbox": bank})


async def test_the_sandbox_sends_the_whole_back_once(trade: Trade, db: Database) -> None:
    order = await _owed(trade)
    channel = trade.api.context.channels["sandbox"]

    settled = await _run(trade, db, channel)
    again = await _run(trade, db, channel)
    refund = await _refund(trade, order)

    assert (settled, again) == (1, 0)
    assert (refund["state"], refund["amount_fen"]) == ("settled", PRICE)
    ledger = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/ledger"))
    assert [each["kind"] for each in ledger["entries"]] == ["pay_in", "refund", "refund_settled"]
    foreign = must(await trade.by(trade.stranger).get("/api/v1/refunds"))
    assert foreign["items"] == []


async def test_a_bank_never_sends_back_more_than_came(trade: Trade, db: Database) -> None:
    order = await _owed(trade)
    channel = trade.api.context.channels["sandbox"]
    await _run(trade, db, channel)
    refund = await _refund(trade, order)

    more = await channel.refund(
        RefundRequest(
            reference="R-more",
            paid_transaction_id=refund["paid_transaction_id"],
            amount_fen=1,
            asked_at=trade.clock.now(),
        )
    )

    assert more.standing is Standing.FAILED


@pytest.mark.parametrize(
    ("answers", "states"),
    [
        (["silent", "paid"], ["unknown", "settled"]),
        (["failed", "paid"], ["failed", "settled"]),
        (["waiting", "waiting", "paid"], ["sent", "sent", "settled"]),
        (["silent", "failed", "silent", "paid"], ["unknown", "failed", "unknown", "settled"]),
    ],
)
async def test_whatever_a_bank_says_at_first_the_money_goes_back_once(
    trade: Trade, db: Database, answers: list[str], states: list[str]
) -> None:
    order = await _owed(trade)
    bank = Bank(*answers)
    seen = []
    for _ in answers:
        await _run(trade, db, bank)
        seen.append((await _refund(trade, order))["state"])
        trade.clock.move_by(dt.timedelta(hours=7))
        await trade.sign_in_again()

    assert seen == states
    assert len(set(bank.asked)) == 1
    assert await _run(trade, db, bank) == 0
    ledger = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/ledger"))
    assert [each["kind"] for each in ledger["entries"]].count("refund_settled") == 1


async def test_a_channel_that_is_gone_leaves_the_refund_in_doubt(
    trade: Trade, db: Database
) -> None:
    order = await _owed(trade)

    settled = await refunds_due.run(db, now=trade.clock.now(), channels={})

    assert settled == 0
    assert (await _refund(trade, order))["state"] == "unknown"
