"""Count refusals that are not in the log yet."""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from catalog.denials.model import Folded
from catalog.kernel.db import METADATA, Tx

COUNTS: Final = sa.Table(
    "denial_counts",
    METADATA,
    sa.Column("key", pg.BYTEA, primary_key=True),
    sa.Column("minute", sa.DateTime(timezone=True), nullable=False),
    sa.Column("waiting", pg.BYTEA, nullable=False),
    schema="audit_log",
)
_decoder: Final = msgspec.json.Decoder(Folded)


async def lock(tx: Tx, key: bytes, nothing: Folded) -> tuple[Folded, bool]:
    """Lock and return what of a kind is not in the log yet, and whether it is the first of it.

    One statement, so that the minute can not be closed in between.
    """
    row = await tx.fetch_one(
        """INSERT INTO audit_log.denial_counts AS c (key, minute, waiting) VALUES ($1, $2, $3)
           ON CONFLICT (key) DO UPDATE SET minute = c.minute
           RETURNING waiting, xmax = 0 AS is_first""",
        key,
        nothing.minute,
        msgspec.json.encode(nothing),
    )
    assert row is not None, "it was there or was put there"
    return _decoder.decode(row["waiting"]), row["is_first"]


async def put(tx: Tx, key: bytes, waiting: Folded) -> None:
    """Keep what of a kind is not in the log yet."""
    await tx.execute(
        "UPDATE audit_log.denial_counts SET waiting = $2 WHERE key = $1",
        key,
        msgspec.json.encode(waiting),
    )


async def take_over(tx: Tx, before: dt.datetime, limit: int) -> list[Folded]:
    """Take the counts whose minute began before then; what another takes is left to it."""
    rows = await tx.fetch(
        """DELETE FROM audit_log.denial_counts WHERE key = ANY(ARRAY(
               SELECT key FROM audit_log.denial_counts WHERE minute < $1
                ORDER BY minute, key LIMIT $2 FOR UPDATE SKIP LOCKED))
           RETURNING waiting""",
        before,
        limit,
    )
    return [_decoder.decode(row["waiting"]) for row in rows]
