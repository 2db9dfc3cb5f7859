"""Let an order that pays as it uses follow what a bank took back of it, or gave up (拒付).

What was taken back is no more paid: the balance falls, arrears begin, and when they are not paid in
time the next request is refused, as when it was never paid.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Awaitable, Callable
from typing import Final

from catalog.kernel.actor import Actor, system
from catalog.kernel.db import Tx
from market.orders.operations import charging
from market.orders.operations.casework import lock
from settlement.chargebacks import operations as chargebacks
from settlement.chargebacks import queries
from settlement.chargebacks.model import Chargeback
from settlement.charging import queries as accounts

_FOLLOWING: Final = system("chargebacks", "usage:charge", "escrow:release")


async def follow(tx: Tx, *, now: dt.datetime, order_id: uuid.UUID) -> None:
    """Let the usage account of an order be what is left of its money; an order without one is as it was."""
    if await accounts.find_standing(tx, order_id) is not None:
        await charging.receive(tx, actor=_FOLLOWING, now=now, order_id=order_id)


async def lapse(tx: Tx, *, actor: Actor, now: dt.datetime, chargeback_id: uuid.UUID) -> Chargeback:
    """Let a charge-back be lost that nobody contested in time (see ``chargebacks.lapse``)."""

    async def end() -> Chargeback:
        return await chargebacks.lapse(tx, actor=actor, now=now, chargeback_id=chargeback_id)

    return await _end(tx, end, actor=actor, now=now, chargeback_id=chargeback_id)


async def accept(
    tx: Tx, *, actor: Actor, now: dt.datetime, chargeback_id: uuid.UUID, note: str
) -> Chargeback:
    """Accept a charge-back instead of contesting it (see ``chargebacks.accept``)."""

    async def end() -> Chargeback:
        return await chargebacks.accept(
            tx, actor=actor, now=now, chargeback_id=chargeback_id, note=note
        )

    return await _end(tx, end, actor=actor, now=now, chargeback_id=chargeback_id)


async def record_outcome(
    tx: Tx, *, actor: Actor, now: dt.datetime, chargeback_id: uuid.UUID, is_won: bool, note: str
) -> Chargeback:
    """Record how the channel decided by its notice (see ``chargebacks.record_outcome``)."""

    async def end() -> Chargeback:
        return await chargebacks.record_outcome(
            tx, actor=actor, now=now, chargeback_id=chargeback_id, is_won=is_won, note=note
        )

    return await _end(tx, end, actor=actor, now=now, chargeback_id=chargeback_id)


async def _end(
    tx: Tx,
    end: Callable[[], Awaitable[Chargeback]],
    *,
    actor: Actor,
    now: dt.datetime,
    chargeback_id: uuid.UUID,
) -> Chargeback:
    case = await queries.get_chargeback(tx, viewer=actor, chargeback_id=chargeback_id)
    if await accounts.find_standing(tx, case.order_id) is not None:
        await lock(tx, case.order_id)  # before its escrow, as who charges its uses does
    ended = await end()
    await follow(tx, now=now, order_id=case.order_id)
    return ended
