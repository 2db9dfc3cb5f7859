"""Carry what the sides of negotiations say to each other, and end those in which nobody answers."""

from __future__ import annotations

import datetime as dt
from typing import Final

import structlog

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, DatabaseUnreachable, begin
from market.negotiations.operations import delivering
from market.negotiations.operations.delivering import Due

_ACTOR: Final = system("deliver_negotiations", "negotiation:carry")
_log = structlog.get_logger("jobs")


async def run(db: Database, *, now: dt.datetime) -> int:
    """Carry every message that is due, one transaction each; return how many were carried."""
    async with begin(db, _ACTOR) as tx:
        waiting = await delivering.list_due(tx, now=now)
        silent = await delivering.list_silent(tx, now=now)
    carried = 0
    for due in waiting:
        carried += await _carry(db, due, now=now)
    for negotiation_id in silent:
        await database.run(
            db,
            _ACTOR,
            lambda tx, of=negotiation_id: delivering.end_silent(  # type: ignore[misc]
                tx, actor=_ACTOR, now=now, negotiation_id=of
            ),
            must_remember=False,
        )
    return carried


async def _carry(db: Database, due: Due, *, now: dt.datetime) -> bool:
    try:
        return await database.run(
            db,
            _ACTOR,
            lambda tx: delivering.carry(tx, actor=_ACTOR, now=now, due=due),
            must_remember=False,
        )
    except DatabaseUnreachable:
        raise
    except Exception as error:  # noqa: BLE001 - one message must not stop the others
        _log.error("message_not_carried", negotiation=str(due.negotiation_id), exc_info=error)
        await database.run(
            db,
            _ACTOR,
            lambda tx: delivering.postpone(tx, actor=_ACTOR, now=now, due=due),
            must_remember=False,
        )
        return False
