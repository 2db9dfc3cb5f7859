"""Send approved payouts, one in a transaction, and note of which the bank said nothing (付款)."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Awaitable, Callable
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from settlement.payouts import queries
from settlement.payouts.operations import sending

BATCH: Final = 200
# [P] Payments between banks come by the next working day; a long weekend lies between.
SILENCE: Final = dt.timedelta(days=4)
_ACTOR: Final = system("send_payouts", "payout:send")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Send what is approved and return how many payouts moved. After a crash the next run goes on."""
    async with begin(db, _ACTOR) as tx:
        waiting = await queries.list_to_send(tx, limit=BATCH)
        silent = await queries.list_silent(tx, before=now - SILENCE, limit=BATCH)
    moved = 0
    for payout_id in waiting:
        once = functools.partial(sending.send, actor=_ACTOR, now=now, payout_id=payout_id)
        moved += await _moved(db, once)
    for payout_id in silent:
        once = functools.partial(sending.doubt, actor=_ACTOR, now=now, payout_id=payout_id)
        moved += await _moved(db, once)
    return moved


async def _moved(db: Database, once: Callable[[Tx], Awaitable[object]]) -> bool:
    async def act(tx: Tx) -> bool:
        await once(tx)
        return tx.remembered > 0

    return await database.run(db, _ACTOR, act, must_remember=False)
