"""Give the entries of the log their places and sign the tree (日志定序与签发).

Safe with several workers: the state's row keeps all but one out. Safe when killed: a batch is
moved whole or not at all, and what the journal says was signed is stored by the next run.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

import structlog

from catalog.audit_log import operations as audit_log
from catalog.audit_log.disk import CheckpointJournal, CheckpointRefused
from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import SEQUENCER_ROLE, Database, Tx
from market.metrics import counted

_ACTOR: Final = system("sequence_log")
_log = structlog.get_logger("sequence_log")


async def run(
    db: Database,
    *,
    now: dt.datetime,
    signer: audit_log.LogSigner,
    journal: CheckpointJournal,
    clock: Callable[[], dt.datetime] | None = None,
) -> int:
    """Sequence all that waits, then publish a checkpoint; return how many entries got a place.

    ``clock`` tells how long that took, where the delay is measured.

    Where what is stored contradicts itself, or what was signed, it is kept that the log is stopped:
    nothing is metered from then on. The next round that succeeds ends the stop.
    """
    try:
        return await _round(
            db, now=now, signer=signer, journal=journal, clock=clock or (lambda: now)
        )
    except (audit_log.LogBroken, CheckpointRefused) as error:
        reason = str(error)

        async def stop(tx: Tx) -> None:
            await audit_log.stop(tx, now=now, reason=reason)

        await database.run(db, _ACTOR, stop, role=SEQUENCER_ROLE, must_remember=False)
        raise


async def _round(
    db: Database,
    *,
    now: dt.datetime,
    signer: audit_log.LogSigner,
    journal: CheckpointJournal,
    clock: Callable[[], dt.datetime],
) -> int:
    total = 0
    while True:
        # The job writes no entry of its own: it only gives places to those of others.
        placed = await database.run(
            db, _ACTOR, audit_log.sequence, role=SEQUENCER_ROLE, must_remember=False
        )
        counted.batch(placed.made_at, clock())
        total += placed.count
        if placed.count < audit_log.BATCH:
            break

    async def publish(tx: Tx) -> list[dt.datetime]:
        covered = await audit_log.publish(tx, now=now, signer=signer, journal=journal)
        if await audit_log.resume(tx, now=now):
            _log.warning("log_resumed")
        return covered

    covered = await database.run(db, _ACTOR, publish, role=SEQUENCER_ROLE, must_remember=False)
    counted.published(covered, clock())
    return total
