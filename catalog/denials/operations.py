"""Remember refusals, and close the minutes that are over."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

from catalog.audit_log import operations as audit_log
from catalog.denials import folding, store
from catalog.denials.model import Denial, Folded
from catalog.kernel.db import Tx

BATCH: Final = 500


async def remember(tx: Tx, *, now: dt.datetime, denials: Iterable[Denial]) -> None:
    """Give the first refusal of its kind and minute an entry, and count the others.

    In a transaction of its own, whose actor is a job: that of the refusal was rolled back.
    """
    for key, folded in folding.folded(denials):
        waiting, is_first = await store.lock(tx, key, folding.counted_from_here(folded))
        if is_first:
            await _append(tx, now, folded, is_first=True)
        else:
            await store.put(tx, key, folding.merged(waiting, folded))


async def close(tx: Tx, *, now: dt.datetime, limit: int = BATCH) -> int:
    """Give the counts of minutes that are over their entries; return how many minutes were closed."""
    over = await store.take_over(tx, folding.minute_of(now), limit)
    for folded in over:
        if folded.times:
            await _append(tx, now, folded, is_first=False)
    return len(over)


async def _append(tx: Tx, now: dt.datetime, folded: Folded, *, is_first: bool) -> None:
    await audit_log.append(
        tx,
        folded.event,
        actor=folded.actor,
        now=now,
        subjects=folded.subjects,
        facts=folding.facts_of(folded, is_first=is_first),
        rules=folded.rules,
    )
