"""A channel that misbehaves: late, lost, doubled, reordered, wrong. The money is booked once."""

from __future__ import annotations

import datetime as dt

import pytest

from market.channels.mischief import Mischief
from market.jobs import ask_channels
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

SENT = {
    Mischief.LATE: ["callback_outside_window"],
    Mischief.LOST: [],
    Mischief.DOUBLED: ["applied", "applied", "ignored"],
    Mischief.REORDERED: ["applied", "ignored"],
    Mischief.WRONG_AMOUNT: ["break"],
    Mischief.WRONG_SIGNATURE: ["callback_signature_wrong"],
    Mischief.REPLAYED_NONCE: ["applied", "callback_nonce_reused"],
    Mischief.SILENT: [],
}


trade = staged(make_trade)


async def _ask(trade: Trade) -> int:
    context = trade.api.context
    return await ask_channels.run(context.db, now=trade.clock.now(), channels=context.channels)


@pytest.mark.parametrize("mischief", list(Mischief))
async def test_whatever_goes_wrong_on_the_way_the_order_is_paid_once(
    trade: Trade, mischief: Mischief
) -> None:
    order = await trade.contracted()
    payment = must(await trade.step(order, "payments", trade.buyer))["payment"]
    place = f"/api/v1/sandbox-channel/payments/{payment['reference']}"
    buyer = trade.by(trade.buyer)

    told = must(await buyer.post(f"{place}/mischiefs", {"mischief": mischief.value}))
    trade.clock.move_by(dt.timedelta(minutes=6))
    news = await _ask(trade)
    if mischief is Mischief.SILENT:
        again = await trade.step(order, "payments", trade.buyer)
        assert again.json()["payment"]["state"] == "unknown"  # the same one, still waited for
        must(await buyer.post(f"{place}/confirmations", {}))

    assert [each["effect"] or each["refusal"] for each in told["sent"]] == SENT[mischief]
    assert news == (0 if "applied" in SENT[mischief] else 1)
    assert (await trade.order(order))["state"] == "paid"
    ledger = must(await buyer.get(f"/api/v1/orders/{order}/ledger"))
    assert ledger["paid_fen"] == payment["amount_fen"]
    trade.clock.move_by(dt.timedelta(days=1))
    assert await _ask(trade) == 0


async def test_a_payment_whose_channel_is_gone_is_in_doubt_and_not_an_error(trade: Trade) -> None:
    order = await trade.contracted()
    must(await trade.step(order, "payments", trade.buyer))
    trade.clock.move_by(dt.timedelta(minutes=6))

    news = await ask_channels.run(trade.api.context.db, now=trade.clock.now(), channels={})

    assert news == 1
    again = must(await trade.step(order, "payments", trade.buyer))
    assert again["payment"]["state"] == "unknown"


async def test_only_the_buyer_of_a_payment_plays_its_bank(trade: Trade) -> None:
    order = await trade.contracted()
    payment = must(await trade.step(order, "payments", trade.buyer))["payment"]
    place = f"/api/v1/sandbox-channel/payments/{payment['reference']}/mischiefs"

    foreign = await trade.by(trade.stranger).post(place, {"mischief": "lost"})
    unknown = await trade.by(trade.buyer).post(place, {"mischief": "rude"})

    assert (foreign.status_code, foreign.json()["code"]) == (404, "payment_not_found")
    assert unknown.status_code == 422
