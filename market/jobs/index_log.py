"""Index the log for its search (审计检索索引), beside the sequencer and never before it."""

from __future__ import annotations

from typing import Final

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import SEQUENCER_ROLE, Database
from catalog.log_search import operations as log_search

_ACTOR: Final = system("index_log")
# [P] some seconds of work: after an upgrade a long log is caught up with round by round.
BATCHES_PER_ROUND: Final = 20


async def run(db: Database) -> int:
    """Index what got its place since; return how many entries."""
    total = 0
    for _ in range(BATCHES_PER_ROUND):
        count = await database.run(
            db, _ACTOR, log_search.index, role=SEQUENCER_ROLE, must_remember=False
        )
        total += count
        if count < log_search.BATCH:
            break
    return total
