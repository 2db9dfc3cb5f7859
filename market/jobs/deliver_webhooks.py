"""Make messages of what the log has got, and carry those that are due to their endpoints (网络回调).

Each message is taken for some minutes, carried while no transaction is open, and recorded with the other
side's answer in one of its own. A job killed half-way leaves it to the next, with the same id: at least
once, and known as the same.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Final, Protocol

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx
from catalog.kernel.sealed import Box
from market.webhooks.model import Answer, Taken
from market.webhooks.operations import delivery

BATCH: Final = 50
_ACTOR: Final = system("deliver_webhooks", "webhook:deliver")


class Carrier(Protocol):
    """Hand messages to endpoints. Never raises for what the other side does."""

    async def send(self, taken: Taken, *, at: dt.datetime) -> Answer:
        """Hand one over and return what was answered."""
        ...


async def run(
    db: Database, *, clock: Callable[[], dt.datetime], sender: Carrier | None, box: Box
) -> int:
    """Tell what happened and carry what is due; return how many messages were carried."""
    await _seal(db, box)
    if sender is None:
        return 0
    await _tell(db, clock)
    carried = 0
    while True:
        # Of each thing one message at a time: the next one goes when the one before it is taken.
        count = await _carry(db, clock, sender, box)
        carried += count
        if count == 0:
            return carried


async def _tell(db: Database, clock: Callable[[], dt.datetime]) -> None:
    async def once(tx: Tx) -> int:
        return await delivery.tell(tx, actor=_ACTOR, now=clock())

    while await database.run(db, _ACTOR, once, must_remember=False) >= delivery.BATCH:
        pass


async def _seal(db: Database, box: Box) -> None:
    async def once(tx: Tx) -> int:
        return await delivery.seal_bare(tx, actor=_ACTOR, box=box)

    while await database.run(db, _ACTOR, once, must_remember=False) >= delivery.BATCH:
        pass


async def _carry(db: Database, clock: Callable[[], dt.datetime], sender: Carrier, box: Box) -> int:
    async def take(tx: Tx) -> list[Taken]:
        return await delivery.take_due(tx, actor=_ACTOR, now=clock(), limit=BATCH, box=box)

    async def carry(taken: Taken) -> None:
        answer = await sender.send(taken, at=clock())

        async def record(tx: Tx) -> object:
            return await delivery.record(
                tx, actor=_ACTOR, now=clock(), delivery_id=taken.delivery.id, answer=answer
            )

        await database.run(db, _ACTOR, record, must_remember=False)

    due = await database.run(db, _ACTOR, take, must_remember=False)
    await asyncio.gather(*(carry(taken) for taken in due))
    return len(due)
