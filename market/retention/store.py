"""Table and statements of the retention (留存、复核)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from catalog.kernel.db import METADATA, Tx, select_all
from market.retention.model import Kind, Recheck

RECHECKS: Final = sa.Table(
    "rechecks",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("position", sa.Text),
    sa.Column("is_last", sa.Boolean, nullable=False),
    sa.Column("checked_count", sa.Integer, nullable=False),
    sa.Column("wrong", JSONB, nullable=False),
    sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
    schema="market",
)


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A case as the register has it, with the day on which it ended."""

    application_id: uuid.UUID
    application_number: str
    state: str
    rulebook: str
    filed_on: dt.date  # of its first submission: its rulebook as it stood then
    ended_at: dt.datetime | None


async def lock(tx: Tx) -> None:
    """Let nobody else record a batch until the transaction ends."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('recheck', 0))")


async def insert(tx: Tx, recheck: Recheck) -> None:
    """Insert what came of a batch."""
    values = msgspec.structs.asdict(recheck)
    await tx.insert(
        RECHECKS,
        **values | {"kind": recheck.kind.value, "wrong": msgspec.to_builtins(recheck.wrong)},
    )


async def find_last(tx: Tx, kind: Kind) -> Recheck | None:
    """Return what came of the last batch of this kind, or None."""
    row = await tx.fetch_one(
        f"{select_all(RECHECKS)} WHERE kind = $1 ORDER BY id DESC LIMIT 1", kind.value
    )
    return None if row is None else msgspec.convert(dict(row), Recheck)


async def list_page(tx: Tx, *, before: uuid.UUID | None, limit: int) -> list[Recheck]:
    """Return what came of the batches, the newest first, from behind ``before``."""
    rows = await tx.fetch(
        f"""{select_all(RECHECKS)}
         WHERE ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2""",
        before,
        limit,
    )
    return [msgspec.convert(dict(row), Recheck) for row in rows]


async def list_ended(tx: Tx, *, after: uuid.UUID | None, limit: int) -> list[Ended]:
    """Return cases that were handed in and are over, in the order of their ids.

    An issued one ended when the last of its certificates stopped counting.
    """
    rows = await tx.fetch(
        """
        SELECT a.id AS application_id, a.application_number, a.state, a.rulebook,
               a.filed_on,
               CASE WHEN a.state <> 'issued' THEN a.updated_at
                    WHEN bool_or(c.state IN ('active', 'frozen')) THEN NULL
                    ELSE max(c.state_since) END AS ended_at
          FROM catalog.applications a
          LEFT JOIN catalog.certificates c ON c.application_id = a.id
         WHERE a.state IN ('not_accepted', 'refused', 'review_failed_technical', 'issued',
                           'withdrawn', 'lapsed', 'unfiled', 'terminated')
           AND a.submission_no > 0 AND ($1::uuid IS NULL OR a.id > $1)
         GROUP BY a.id
         ORDER BY a.id LIMIT $2""",
        after,
        limit,
    )
    return [msgspec.convert(dict(row), Ended) for row in rows]


async def list_files(tx: Tx, *, after: str | None, limit: int) -> list[tuple[str, str, int, str]]:
    """Return ids, digests, sizes and names of files, in the order of their ids."""
    rows = await tx.fetch(
        """
        SELECT id::text AS id, sha256, size_bytes, file_name FROM catalog.files
         WHERE ($1::text IS NULL OR id > $1::uuid) ORDER BY catalog.files.id LIMIT $2""",
        after,
        limit,
    )
    return [(r["id"], r["sha256"], r["size_bytes"], r["file_name"]) for r in rows]


async def list_certificates(tx: Tx, *, after: str | None, limit: int) -> list[str]:
    """Return the numbers of certificates, in their order."""
    rows = await tx.fetch(
        """
        SELECT number FROM catalog.certificates
         WHERE ($1::text IS NULL OR number COLLATE "C" > $1)
         ORDER BY number COLLATE "C" LIMIT $2""",
        after,
        limit,
    )
    return [row["number"] for row in rows]
