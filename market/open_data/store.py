"""Tables and statements of open data: what is open, and how often it was fetched."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx
from market.open_data.model import OpenContent, Opening, OpenProduct

OPENINGS: Final = sa.Table(
    "openings",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("product_name", sa.Text, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("supplier_name", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("licence", sa.Text, nullable=False),
    sa.Column("secrecy_review", sa.Text, nullable=False),
    sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("decided_at", sa.DateTime(timezone=True)),
    sa.Column("closed_at", sa.DateTime(timezone=True)),
    sa.Column("reason", sa.Text),
    schema="market",
)

OPEN_DOWNLOADS: Final = sa.Table(
    "open_downloads",
    METADATA,
    sa.Column("product_id", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("minute", sa.DateTime(timezone=True), primary_key=True),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("is_told", sa.Boolean, nullable=False),
    schema="market",
)

SELECT: Final = """
    SELECT id, product_id, product_name, supplier_party_id, supplier_name, state, licence,
           secrecy_review, requested_at, decided_at, closed_at, reason
      FROM market.openings"""


class Counted(msgspec.Struct, frozen=True):
    """How often a version was fetched in one minute."""

    product_id: uuid.UUID
    version: int
    minute: dt.datetime
    count: int


async def insert(tx: Tx, opening: Opening) -> bool:
    """Add a request; False if the product is open or asked for already."""
    touched = await tx.execute(
        """
        INSERT INTO market.openings (
            id, product_id, product_name, supplier_party_id, supplier_name, state, licence,
            secrecy_review, requested_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (product_id) WHERE state IN ('requested', 'open') DO NOTHING""",
        opening.id,
        opening.product_id,
        opening.product_name,
        opening.supplier_party_id,
        opening.supplier_name,
        opening.state.value,
        opening.licence,
        opening.secrecy_review,
        opening.requested_at,
    )
    return touched == 1


async def update(tx: Tx, opening: Opening) -> None:
    """Write back what may change of an opening that the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.openings
           SET state = $2, decided_at = $3, closed_at = $4, reason = $5 WHERE id = $1""",
        opening.id,
        opening.state.value,
        opening.decided_at,
        opening.closed_at,
        opening.reason,
    )
    assert touched == 1, "a locked opening can not vanish"


async def lock(tx: Tx, opening_id: uuid.UUID) -> Opening | None:
    """Lock and return an opening that the actor may see, or None."""
    row = await tx.fetch_one(f"{SELECT} WHERE id = $1 FOR UPDATE", opening_id)
    return None if row is None else opening_of(row)


async def count_download(tx: Tx, content: OpenContent, *, now: dt.datetime) -> None:
    """Count that somebody gets a version now."""
    await tx.execute(
        """
        INSERT INTO market.open_downloads AS d (product_id, version, minute, count, is_told)
        VALUES ($1, $2, $3, 1, false)
        ON CONFLICT (product_id, version, minute) DO UPDATE SET count = d.count + 1""",
        content.product_id,
        content.version,
        now.replace(second=0, microsecond=0),
    )


async def take_untold(tx: Tx, *, before: dt.datetime, limit: int) -> list[Counted]:
    """Take the counts of minutes that began before then; what another takes is left to it."""
    rows = await tx.fetch(
        """
        UPDATE market.open_downloads d SET is_told = true
          FROM (SELECT product_id, version, minute FROM market.open_downloads
                 WHERE NOT is_told AND minute < $1
                 ORDER BY minute, product_id, version LIMIT $2 FOR UPDATE SKIP LOCKED) AS t
         WHERE d.product_id = t.product_id AND d.version = t.version AND d.minute = t.minute
        RETURNING d.product_id, d.version, d.minute, d.count""",
        before,
        limit,
    )
    return [msgspec.convert(dict(row), Counted) for row in rows]


async def list_open(
    tx: Tx,
    *,
    before: tuple[dt.datetime, uuid.UUID] | None,
    limit: int,
    product_id: uuid.UUID | None = None,
) -> list[OpenProduct]:
    """Return what is open, the newest first, as everybody finds it; or one product of it."""
    rows = await tx.fetch(
        """
        SELECT o.product_id, d.name, d.supplier_name, d.summary, o.licence,
               o.decided_at AS open_since, d.update_cycle, c.file_name, c.media_type, c.size_bytes,
               c.sha256, c.version,
               (SELECT coalesce(sum(n.count), 0)::bigint FROM market.open_downloads n
                 WHERE n.product_id = o.product_id) AS downloads
          FROM market.openings o
          JOIN catalog.product_documents d ON d.product_id = o.product_id
          JOIN LATERAL (SELECT file_name, media_type, size_bytes, sha256, version
                          FROM catalog.product_contents
                         WHERE product_id = o.product_id ORDER BY version DESC LIMIT 1) c ON true
         WHERE o.state = 'open'
           AND ($1::timestamptz IS NULL OR (o.decided_at, o.product_id) < ($1, $2::uuid))
           AND ($4::uuid IS NULL OR o.product_id = $4)
         ORDER BY o.decided_at DESC, o.product_id DESC LIMIT $3""",
        *(before or (None, None)),
        limit,
        product_id,
    )
    return [msgspec.convert(dict(row), OpenProduct) for row in rows]


async def find_content(tx: Tx, product_id: uuid.UUID) -> OpenContent | None:
    """Return the newest version of what is open; None if it is not, or was locked away."""
    row = await tx.fetch_one(
        """
        SELECT o.product_id, o.licence, c.version, c.file_name, c.media_type, c.size_bytes, c.sha256
          FROM market.openings o
          JOIN catalog.product_contents c USING (product_id)
         WHERE o.product_id = $1 AND o.state = 'open'
           AND NOT EXISTS (SELECT FROM catalog.file_quarantines q WHERE q.file_id = c.file_id)
         ORDER BY c.version DESC LIMIT 1""",
        product_id,
    )
    return None if row is None else msgspec.convert(dict(row), OpenContent)


def opening_of(row: Row) -> Opening:
    """Return the opening in a row."""
    return msgspec.convert(dict(row), Opening)
