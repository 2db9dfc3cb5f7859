"""Hold the statements that were loaded against the books (对账), and hear what they alone tell."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.timers import queries as timers
from market.orders.operations import payment as order_payment
from settlement.payments.channel import ChannelEvent
from settlement.reconciliation import queries
from settlement.reconciliation.model import StatementFile
from settlement.reconciliation.operations import statements

BATCH: Final = 10
_TOLD: Final = 1000  # payments that are heard of in one go
_ACTOR: Final = system("reconcile_statements", "reconciliation:run")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Compare every file that waits; return how many, and how many breaks were explained since."""
    async with begin(db, _ACTOR) as tx:
        waiting = await queries.list_unreconciled(tx, limit=BATCH)
        channels = await queries.list_channels(tx)
    for file in waiting:
        await _hear(db, now, file)
        await database.run(db, _ACTOR, functools.partial(_reconcile, now=now, file=file))
    explained = 0
    for channel in channels:
        once = functools.partial(statements.match_explained, actor=_ACTOR, now=now, channel=channel)
        explained += await database.run(db, _ACTOR, once, must_remember=False)
    return len(waiting) + explained


async def _hear(db: Database, now: dt.datetime, file: StatementFile) -> None:
    """Hear of every payment and charge-back that the file tells and no callback did, each alone."""
    while True:
        async with begin(db, _ACTOR) as tx:
            told = await queries.list_told(tx, file, limit=_TOLD)
        for event in told:
            once = functools.partial(_take, now=now, channel=file.channel, event=event)
            await database.run(db, _ACTOR, once, must_remember=False)
        if len(told) < _TOLD:
            break
    async with begin(db, _ACTOR) as tx:
        charged_back = await queries.list_charged_back(tx, file, limit=_TOLD)
    for event in charged_back:
        once = functools.partial(_take, now=now, channel=file.channel, event=event)
        await database.run(db, _ACTOR, once, must_remember=False)


async def _take(tx: Tx, *, now: dt.datetime, channel: str, event: ChannelEvent) -> None:
    await order_payment.hear(tx, now=now, channel=channel, event=event, nonce=event.event_id)


async def _reconcile(tx: Tx, *, now: dt.datetime, file: StatementFile) -> None:
    await statements.reconcile(
        tx, actor=_ACTOR, now=now, calendar=await timers.get_calendar(tx), file_id=file.id
    )
