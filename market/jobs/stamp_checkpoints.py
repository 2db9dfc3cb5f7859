"""Have outside authorities stamp what was signed, and say so when they do not (请求时间戳).

The log goes on without them: what it lacks is a time that is not its own. While they are asked no
transaction is open. Safe with several workers: what an authority stamped twice is kept once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final

import structlog

from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.errors import DomainError
from catalog.timestamps import hashing, operations, queries
from catalog.timestamps.model import Authority, AuthorityUnreachable
from market.channels.timestamp_authorities import Authorities

_ACTOR: Final = system("stamp_checkpoints", "timestamps:keep")
#: How long one that failed is left alone before it is asked again [P].
_ASK_AGAIN: Final = dt.timedelta(minutes=1)
_log = structlog.get_logger("jobs")


async def run(
    db: Database,
    *,
    clock: Callable[[], dt.datetime],
    authorities: Authorities | None,
    every: dt.timedelta,
    alarm_after: dt.timedelta,
) -> int:
    """Have every authority stamp that is due; return how many timestamps were kept."""
    if authorities is None:
        return 0
    kept = 0
    for authority in authorities.authorities:
        asked_at = authorities.asked_at.get(authority.name)
        if asked_at is None or clock() >= asked_at + _ASK_AGAIN:
            kept += await _stamp(db, authorities, authority, clock, every)
    await _alarm(db, authorities, clock(), alarm_after)
    return kept


async def _stamp(
    db: Database,
    authorities: Authorities,
    authority: Authority,
    clock: Callable[[], dt.datetime],
    every: dt.timedelta,
) -> int:
    async with begin(db, _ACTOR) as tx:
        waiting = await queries.find_waiting(tx, authority.name, now=clock(), every=every)
    if waiting is None:
        return 0
    authorities.asked_at[authority.name] = clock()
    algorithm = authorities.algorithm
    try:
        response = await authority.stamp(hashing.digest(algorithm, waiting.note), algorithm)
        said = await authorities.collect(response, waiting.note)

        async def keep(tx: Tx) -> bool:
            return (
                await operations.keep_checkpoint(
                    tx,
                    actor=_ACTOR,
                    now=clock(),
                    trust=authorities.trust,
                    authority=authority.name,
                    size=waiting.size,
                    note=waiting.note,
                    response=response,
                    said=said,
                )
                is not None
            )

        return int(await database.run(db, _ACTOR, keep, must_remember=False))
    except AuthorityUnreachable as error:
        _log.warning("timestamp_authority_unreachable", authority=authority.name, why=str(error))
    except DomainError as error:
        _log.error(
            "timestamp_not_believed", authority=authority.name, code=error.code, **error.facts
        )
    return 0


async def _alarm(
    db: Database, authorities: Authorities, now: dt.datetime, alarm_after: dt.timedelta
) -> None:
    """Say in the log that timestamps are missing, when it begins and once in every such time."""
    async with begin(db, _ACTOR) as tx:
        since = await queries.waits_since(tx)
    if since is None or now < since + alarm_after:
        authorities.alarmed_at = None
        return
    if authorities.alarmed_at is None or now >= authorities.alarmed_at + alarm_after:
        authorities.alarmed_at = now
        _log.error("timestamps_missing", since=since.isoformat())
