"""Tell what the log owes: what waits, since when, and whether it is stopped."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel.db import Tx


async def oldest_unsigned(tx: Tx) -> bytes | None:
    """Return the leaf that waits longest for a signed place: sequenced already, or in the outbox."""
    leaf: bytes | None = await tx.fetch_value(
        """SELECT coalesce(
               (SELECT leaf FROM audit_log.leaves
                 WHERE idx = (SELECT coalesce(max(size), 0) FROM audit_log.checkpoints)),
               (SELECT leaf FROM audit_log.waiting ORDER BY id LIMIT 1))"""
    )
    return leaf


async def first_in_outbox(tx: Tx) -> bytes | None:
    """Return the leaf that waits longest for a place."""
    leaf: bytes | None = await tx.fetch_value(
        "SELECT leaf FROM audit_log.waiting ORDER BY id LIMIT 1"
    )
    return leaf


async def count_outbox(tx: Tx) -> int:
    """Return how many entries wait for a place."""
    count: int = await tx.fetch_value("SELECT count(*) FROM audit_log.outbox")
    return count


async def first_uncovered(tx: Tx, size: int, besides: uuid.UUID | None) -> bytes | None:
    """Return the first leaf at or behind a place that is not of the entry ``besides``."""
    leaf: bytes | None = await tx.fetch_value(
        """SELECT leaf FROM audit_log.leaves
            WHERE idx >= $1 AND entry_id IS DISTINCT FROM $2 ORDER BY idx LIMIT 1""",
        size,
        besides,
    )
    return leaf


async def stopped_since(tx: Tx) -> dt.datetime | None:
    """Return since when the log is stopped, None if it runs."""
    at: dt.datetime | None = await tx.fetch_value(
        "SELECT stopped_at FROM audit_log.stops WHERE resumed_at IS NULL"
    )
    return at


async def put_stop(tx: Tx, *, at: dt.datetime, reason: str) -> None:
    """Keep that the log is stopped, if it was not before."""
    await tx.execute(
        """INSERT INTO audit_log.stops (stopped_at, reason) VALUES ($1, $2)
           ON CONFLICT ((true)) WHERE resumed_at IS NULL DO NOTHING""",
        at,
        reason,
    )


async def end_stop(tx: Tx, *, at: dt.datetime) -> int:
    """Keep that the log goes on, if it was stopped; return how many stops ended."""
    return await tx.execute(
        "UPDATE audit_log.stops SET resumed_at = $1 WHERE resumed_at IS NULL", at
    )
