"""Give the entries of the log their places and sign the tree (日志定序与签发).

Safe with several workers: the state's row keeps all but one out. Safe when killed: a batch is
moved whole or not at all, and what the journal says was signed is stored by the next run.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from typing import Final

import structlog

from catalog.audit_log.disk import CheckpointJournal, CheckpointRefused, LogDirectory
from catalog.audit_log.sequencer.operations import publishing, sequencing
from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import SEQUENCER_ROLE, Database, Tx, begin
from catalog.witnessing import queries as witnessing
from market.metrics import counted

_ACTOR: Final = system("sequence_log")
_log = structlog.get_logger("sequence_log")


async def run(
    db: Database,
    *,
    now: dt.datetime,
    signer: publishing.LogSigner,
    journal: CheckpointJournal,
    clock: Callable[[], dt.datetime] | None = None,
    directory: LogDirectory | None = None,
) -> int:
    """Sequence all that waits, then publish a checkpoint; return how many entries got a place.

    ``clock`` tells how long that took, where the delay is measured; ``directory`` holds the public
    files, if the log has any.

    Where what is stored contradicts itself, or what was signed, it is kept that the log is stopped:
    nothing is metered from then on. The next round that succeeds ends the stop.
    """
    try:
        return await _round(
            db,
            now=now,
            signer=signer,
            journal=journal,
            clock=clock or (lambda: now),
            directory=directory,
        )
    except (sequencing.LogBroken, CheckpointRefused) as error:
        reason = str(error)

        async def stop(tx: Tx) -> None:
            await sequencing.stop(tx, now=now, reason=reason)

        await database.run(db, _ACTOR, stop, role=SEQUENCER_ROLE, must_remember=False)
        raise


async def _round(
    db: Database,
    *,
    now: dt.datetime,
    signer: publishing.LogSigner,
    journal: CheckpointJournal,
    clock: Callable[[], dt.datetime],
    directory: LogDirectory | None,
) -> int:
    last = await asyncio.to_thread(journal.last)
    signed_size = 0 if last is None else last.size

    async def sequence(tx: Tx) -> sequencing.Placed:
        return await sequencing.sequence(tx, signed_size=signed_size)

    total = 0
    while True:
        # The job writes no entry of its own: it only gives places to those of others.
        placed = await database.run(db, _ACTOR, sequence, role=SEQUENCER_ROLE, must_remember=False)
        counted.batch(placed.made_at, clock())
        total += placed.count
        if placed.count < sequencing.BATCH:
            break

    async def publish(tx: Tx) -> list[dt.datetime]:
        covered = await publishing.publish(
            tx, now=now, signer=signer, journal=journal, directory=directory
        )
        if await sequencing.resume(tx, now=now):
            _log.warning("log_resumed")
        return covered

    covered = await database.run(db, _ACTOR, publish, role=SEQUENCER_ROLE, must_remember=False)
    counted.published(covered, clock())
    if directory is not None:
        await _show(db, directory)
    return total


async def _show(db: Database, directory: LogDirectory) -> None:
    """Show among the public files what was signed, and what a quorum cosigned."""
    async with begin(db, _ACTOR, role=SEQUENCER_ROLE) as tx:
        await publishing.show_files(tx, directory=directory)
        witnessed = await witnessing.find_witnessed(tx)
    if witnessed is not None:
        await asyncio.to_thread(directory.show_witnessed, witnessed[1])
