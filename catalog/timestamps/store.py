"""Keep timestamps, for ever, and the hashes from which an archive stamp's proofs are made."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from catalog.kernel.db import METADATA, Row, Tx
from catalog.timestamps.hashing import HashAlgorithm
from catalog.timestamps.model import Kept, Kind

TIMESTAMPS: Final = sa.Table(
    "timestamps",
    METADATA,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("algorithm", sa.Text, nullable=False),
    sa.Column("record", pg.BYTEA, nullable=False),
    sa.Column("authority", sa.Text, nullable=False),
    sa.Column("stamped_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("entry_id", pg.UUID(as_uuid=True), nullable=False),
    sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
    schema="audit_log",
)
ARCHIVES: Final = sa.Table(
    "archive_hashes",
    METADATA,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("covers", sa.BigInteger, nullable=False),
    sa.Column("records", pg.BYTEA, nullable=False),
    sa.Column("bundles", pg.BYTEA, nullable=False),
    schema="audit_log",
)
_KEPT: Final = "number, kind, size, algorithm, record, stamped_at, ends_at, authority"


async def lock(tx: Tx) -> None:
    """Let one worker at a time number timestamps."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('timestamps', 0))")


async def add(tx: Tx, kept: Kept, *, entry_id: uuid.UUID, kept_at: dt.datetime) -> None:
    """Keep one."""
    await tx.insert(
        TIMESTAMPS,
        number=kept.number,
        kind=kept.kind.value,
        size=kept.size,
        algorithm=kept.algorithm.value,
        record=kept.record,
        authority=kept.authority,
        stamped_at=kept.stamped_at,
        ends_at=kept.ends_at,
        entry_id=entry_id,
        kept_at=kept_at,
    )


async def add_archive(tx: Tx, number: int, *, covers: int, records: bytes, bundles: bytes) -> None:
    """Keep the leaf hashes of the two trees of an archive stamp."""
    await tx.insert(ARCHIVES, number=number, covers=covers, records=records, bundles=bundles)


async def get_archive(tx: Tx, number: int) -> tuple[bytes, bytes]:
    """Return the leaf hashes of the timestamps and of the bundles under an archive stamp."""
    row = await tx.fetch_one(
        "SELECT records, bundles FROM audit_log.archive_hashes WHERE number = $1", number
    )
    assert row is not None, "they are kept with the stamp"
    return row["records"], row["bundles"]


async def count(tx: Tx) -> int:
    """Return how many timestamps there are; they are numbered from 1 without a gap."""
    found: int = await tx.fetch_value("SELECT coalesce(max(number), 0) FROM audit_log.timestamps")
    return found


async def find(tx: Tx, number: int) -> Kept | None:
    """Return one by its number."""
    return _kept(
        await tx.fetch_one(f"SELECT {_KEPT} FROM audit_log.timestamps WHERE number = $1", number)  # noqa: S608 - our own names
    )


async def newest_by(tx: Tx, authority: str) -> tuple[int, dt.datetime] | None:
    """Return the size of the newest checkpoint that an authority stamped, and when it was kept."""
    row = await tx.fetch_one(
        """SELECT size, kept_at FROM audit_log.timestamps
            WHERE authority = $1 AND kind = 'checkpoint' ORDER BY number DESC LIMIT 1""",
        authority,
    )
    return None if row is None else (row["size"], row["kept_at"])


async def first_over(tx: Tx, index: int) -> Kept | None:
    """Return the first timestamp of a checkpoint under which an entry lies."""
    return _kept(
        await tx.fetch_one(
            f"""SELECT {_KEPT} FROM audit_log.timestamps
                 WHERE kind = 'checkpoint' AND size > $1 ORDER BY number LIMIT 1""",  # noqa: S608 - our own names
            index,
        )
    )


async def list_page(tx: Tx, *, before: int | None, limit: int) -> list[Kept]:
    """Return some, the newest first."""
    rows = await tx.fetch(
        f"""SELECT {_KEPT} FROM audit_log.timestamps
             WHERE $1::bigint IS NULL OR number < $1 ORDER BY number DESC LIMIT $2""",  # noqa: S608 - our own names
        before,
        limit,
    )
    return [_made(row) for row in rows]


async def list_links(tx: Tx, since: int) -> list[Row]:
    """Return what a chain asks about, of all from a number on, with the places of their entries."""
    return await tx.fetch(
        """SELECT t.number, t.kind, t.size, t.algorithm, t.stamped_at, t.ends_at, l.idx, a.covers
             FROM audit_log.timestamps t
             LEFT JOIN audit_log.leaves l USING (entry_id)
             LEFT JOIN audit_log.archive_hashes a USING (number)
            WHERE t.number >= $1 ORDER BY t.number""",
        since,
    )


async def read_records(tx: Tx, count: int) -> AsyncIterator[bytes]:
    """Yield the records of the first so many, in order."""
    async for row in tx.cursor(
        "SELECT record FROM audit_log.timestamps WHERE number <= $1 ORDER BY number", count
    ):
        yield row["record"]


async def is_worth_stamping(tx: Tx, start: int, end: int) -> bool:
    """Tell whether some entry between two sizes tells of more than a timestamp that was kept."""
    found: bool = await tx.fetch_value(
        """SELECT EXISTS (SELECT FROM audit_log.places l JOIN audit_log.entries p USING (entry_id)
                           WHERE l.idx >= $1 AND l.idx < $2 AND p.event <> 'log:timestamped')""",
        start,
        end,
    )
    return found


async def first_waiting_at(tx: Tx) -> dt.datetime | None:
    """Return when the oldest checkpoint was signed that holds news and that nobody stamped."""
    at: dt.datetime | None = await tx.fetch_value(
        """WITH seen AS (SELECT coalesce(max(size), 0) AS size FROM audit_log.timestamps
                          WHERE kind = 'checkpoint'),
                news AS (SELECT l.idx FROM audit_log.places l JOIN audit_log.entries p USING (entry_id), seen
                          WHERE l.idx >= seen.size AND p.event <> 'log:timestamped'
                          ORDER BY l.idx LIMIT 1)
           SELECT published_at FROM audit_log.checkpoints, news WHERE checkpoints.size > news.idx
            ORDER BY checkpoints.size LIMIT 1"""
    )
    return at


def _kept(row: Row | None) -> Kept | None:
    return None if row is None else _made(row)


def _made(row: Row) -> Kept:
    return Kept(
        number=row["number"],
        kind=Kind(row["kind"]),
        size=row["size"],
        algorithm=HashAlgorithm(row["algorithm"]),
        record=row["record"],
        stamped_at=row["stamped_at"],
        ends_at=row["ends_at"],
        authority=row["authority"],
    )
