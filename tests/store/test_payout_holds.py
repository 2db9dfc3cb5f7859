"""A payout is held once at a time, however many ask at once, and only what is held is lifted."""

from __future__ import annotations

import asyncio
import uuid

import msgspec
import pytest

from catalog.kernel.actor import NotPermitted
from catalog.kernel.db import Database, Tx, run
from market.orders.operations import holding
from market.orders.operations.holding import PayoutHeldAlready, PayoutNotHeld
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

trade = staged(make_trade)


async def test_a_payout_is_held_once_and_lifted_once(trade: Trade, db: Database) -> None:
    order, now = uuid.UUID(await trade.paid()), trade.clock.now()
    staff = trade.adjudicator.actor
    able = msgspec.structs.replace(staff, permissions=staff.permissions | {"payout:hold"})

    async def hold(tx: Tx) -> None:
        await holding.hold(tx, actor=able, now=now, order_id=order, reason="核查")

    async def lift(tx: Tx) -> None:
        await holding.lift(tx, actor=able, now=now, order_id=order, reason="核查完毕")

    async def unable(tx: Tx) -> None:
        await holding.hold(tx, actor=staff, now=now, order_id=order, reason="核查")

    with pytest.raises(PayoutNotHeld):
        await run(db, able, lift)
    with pytest.raises(NotPermitted):
        await run(db, staff, unable)
    answers = await asyncio.gather(*(run(db, able, hold) for _ in range(4)), return_exceptions=True)
    assert [each for each in answers if each is None] == [None]
    assert sum(isinstance(each, PayoutHeldAlready) for each in answers) == 3
    await run(db, able, lift)
    with pytest.raises(PayoutNotHeld):
        await run(db, able, lift)
    await run(db, able, hold)  # the money is frozen already, and is held again
