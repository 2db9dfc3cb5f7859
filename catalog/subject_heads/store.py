"""Keep what was published of all heads, and of the newest two the heads themselves."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from catalog.kernel.db import METADATA, Row, Tx

SNAPSHOTS: Final = sa.Table(
    "head_snapshots",
    METADATA,
    sa.Column("log_size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("record", pg.BYTEA, nullable=False),
    sa.Column("entry_id", pg.UUID(as_uuid=True), nullable=False),
    sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
    schema="audit_log",
)
BUNDLES: Final = sa.Table(
    "head_bundles",
    METADATA,
    sa.Column("log_size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("first_hash", pg.BYTEA, nullable=False),
    sa.Column("heads", pg.BYTEA, nullable=False),
    schema="audit_log",
)
TILES: Final = sa.Table(
    "head_tiles",
    METADATA,
    sa.Column("log_size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hashes", pg.BYTEA, nullable=False),
    schema="audit_log",
)


class Published(msgspec.Struct, frozen=True):
    """What was published of all heads, and in which entry of the log."""

    log_size: int
    record: bytes
    entry_id: uuid.UUID
    published_at: dt.datetime


async def lock(tx: Tx) -> None:
    """Let one worker at a time publish heads."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('subject_heads', 0))")


async def newest(tx: Tx) -> Published | None:
    """Return what was published last."""
    row = await tx.fetch_one(
        """SELECT log_size, record, entry_id, published_at FROM audit_log.head_snapshots
            ORDER BY log_size DESC LIMIT 1"""
    )
    return None if row is None else _published(row)


async def newest_in_the_log(tx: Tx) -> Published | None:
    """Return what was published last of that whose entry lies under a signed checkpoint."""
    row = await tx.fetch_one(
        """SELECT s.log_size, s.record, s.entry_id, s.published_at
             FROM audit_log.head_snapshots s JOIN audit_log.leaves l USING (entry_id)
            WHERE l.idx < (SELECT max(size) FROM audit_log.checkpoints)
            ORDER BY s.log_size DESC LIMIT 1"""
    )
    return None if row is None else _published(row)


async def newest_under(tx: Tx, size: int) -> Published | None:
    """Return what was published last of that whose entry lies below a place and whose heads are kept."""
    row = await tx.fetch_one(
        """SELECT s.log_size, s.record, s.entry_id, s.published_at
             FROM audit_log.head_snapshots s JOIN audit_log.leaves l USING (entry_id)
            WHERE l.idx < $1
              AND EXISTS (SELECT FROM audit_log.head_bundles b WHERE b.log_size = s.log_size)
            ORDER BY s.log_size DESC LIMIT 1""",
        size,
    )
    return None if row is None else _published(row)


def _published(row: Row) -> Published:
    return Published(row["log_size"], row["record"], row["entry_id"], row["published_at"])


async def read_bundles(tx: Tx, log_size: int) -> list[bytes]:
    """Return all bundles of a snapshot, in order."""
    rows = await tx.fetch(
        "SELECT heads FROM audit_log.head_bundles WHERE log_size = $1 ORDER BY number", log_size
    )
    return [row["heads"] for row in rows]


async def bundles_around(tx: Tx, log_size: int, key: bytes) -> list[tuple[int, bytes]]:
    """Return the bundle in which a hash would stand, with its number, and the one behind it."""
    rows = await tx.fetch(
        """SELECT number, heads FROM audit_log.head_bundles
            WHERE log_size = $1 AND number >= coalesce(
                (SELECT max(number) FROM audit_log.head_bundles
                  WHERE log_size = $1 AND first_hash <= $2), 0)
            ORDER BY number LIMIT 2""",
        log_size,
        key,
    )
    return [(row["number"], row["heads"]) for row in rows]


async def read_tiles(
    tx: Tx, log_size: int, wanted: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], bytes]:
    """Return the wanted tiles of a snapshot, by level and number."""
    pairs = sorted(wanted)
    rows = await tx.fetch(
        """SELECT level, number, hashes FROM audit_log.head_tiles
            WHERE log_size = $1 AND (level, number) IN (
                SELECT w.level, w.number FROM unnest($2::smallint[], $3::bigint[]) AS w (level, number))""",
        log_size,
        [level for level, _ in pairs],
        [number for _, number in pairs],
    )
    return {(row["level"], row["number"]): row["hashes"] for row in rows}


async def add(
    tx: Tx,
    published: Published,
    *,
    bundles: Sequence[bytes],
    tiles: Mapping[tuple[int, int], bytes],
) -> None:
    """Keep a snapshot, and let go the bundles of all but it and the one before.

    The one before stays for whoever reads it just now, and until the new one's entry is signed.
    """
    await tx.insert(
        SNAPSHOTS,
        log_size=published.log_size,
        record=published.record,
        entry_id=published.entry_id,
        published_at=published.published_at,
    )
    await tx.copy(
        "head_bundles",
        schema="audit_log",
        columns=("log_size", "number", "first_hash", "heads"),
        rows=[(published.log_size, i, each[:32], each) for i, each in enumerate(bundles)],
    )
    await tx.copy(
        "head_tiles",
        schema="audit_log",
        columns=("log_size", "level", "number", "hashes"),
        rows=[(published.log_size, *place, each) for place, each in sorted(tiles.items())],
    )
    for table in ("head_bundles", "head_tiles"):
        await tx.execute(
            f"""DELETE FROM audit_log.{table} WHERE log_size < (
                    SELECT min(log_size) FROM (SELECT log_size FROM audit_log.head_snapshots
                                                ORDER BY log_size DESC LIMIT 2) newest)"""  # noqa: S608 - our own names
        )


async def leaves_about(tx: Tx, subject: str, log_size: int, limit: int) -> list[bytes]:
    """Return the leaves below a place that name a subject, in order."""
    rows = await tx.fetch(
        """SELECT leaf FROM audit_log.leaves
            WHERE entry_id = ANY(ARRAY(SELECT audit_log.entries_naming($1))) AND idx < $2
            ORDER BY idx LIMIT $3""",
        [subject],
        log_size,
        limit,
    )
    return [row["leaf"] for row in rows]
