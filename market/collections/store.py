"""Tables and statements of the collections."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx
from market.collections.model import Cover, Entry, Head, ShownEntry

COLLECTIONS: Final = sa.Table(
    "collections",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("owner_party_id", sa.Uuid, nullable=False),
    sa.Column("is_of_operator", sa.Boolean, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("audience", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("published_at", sa.DateTime(timezone=True)),
    sa.Column("reason", sa.Text),
    schema="market",
)

COLLECTION_ENTRIES: Final = sa.Table(
    "collection_entries",
    METADATA,
    sa.Column("collection_id", sa.Uuid, primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("product_name", sa.Text, nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    schema="market",
)

_SELECT: Final = """
    SELECT c.id, c.owner_party_id, p.name AS owner_name, c.is_of_operator, c.state, c.title, c.text,
           c.audience, c.version, c.created_at, c.updated_at, c.published_at, c.reason
      FROM market.collections c
      JOIN market.parties p ON p.id = c.owner_party_id"""


async def insert(tx: Tx, head: Head) -> None:
    """Add a draft."""
    await tx.insert(
        COLLECTIONS,
        id=head.id,
        owner_party_id=head.owner_party_id,
        is_of_operator=head.is_of_operator,
        state=head.state.value,
        title=head.title,
        text=head.text,
        audience=head.audience,
        version=head.version,
        created_at=head.created_at,
        updated_at=head.updated_at,
    )


async def update(tx: Tx, head: Head) -> None:
    """Write back what may change of a collection that the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.collections
           SET state = $2, title = $3, text = $4, audience = $5, version = $6, updated_at = $7,
               published_at = $8, reason = $9
         WHERE id = $1""",
        head.id,
        head.state.value,
        head.title,
        head.text,
        head.audience,
        head.version,
        head.updated_at,
        head.published_at,
        head.reason,
    )
    assert touched == 1, "a locked collection can not vanish"


async def put_entries(
    tx: Tx, collection_id: uuid.UUID, entries: Sequence[Entry], names: Mapping[uuid.UUID, str]
) -> None:
    """Write what stands in a collection, in place of what stood there."""
    await tx.execute(
        "DELETE FROM market.collection_entries WHERE collection_id = $1", collection_id
    )
    await tx.insert_many(
        COLLECTION_ENTRIES,
        [
            {
                "collection_id": collection_id,
                "place": place,
                "product_id": entry.product_id,
                "product_name": names[entry.product_id],
                "note": entry.note,
            }
            for place, entry in enumerate(entries)
        ],
    )


async def lock(tx: Tx, collection_id: uuid.UUID) -> Head | None:
    """Lock and return a collection that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE c.id = $1 FOR UPDATE OF c", collection_id)
    return None if row is None else _head(row)


async def find(tx: Tx, collection_id: uuid.UUID) -> Head | None:
    """Return a collection that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE c.id = $1", collection_id)
    return None if row is None else (await _covered(tx, [row]))[0]


async def list_page(
    tx: Tx,
    *,
    owner_party_id: uuid.UUID | None,
    before: uuid.UUID | None,
    limit: int,
) -> list[Head]:
    """Return collections, the newest first: those that are published, or all of an owner."""
    rows = await tx.fetch(
        f"""{_SELECT}
         WHERE CASE WHEN $1::uuid IS NULL THEN c.state = 'published' ELSE c.owner_party_id = $1 END
           AND ($2::uuid IS NULL OR c.id < $2)
         ORDER BY c.id DESC LIMIT $3""",
        owner_party_id,
        before,
        limit,
    )
    return await _covered(tx, rows)


async def list_of_product(tx: Tx, product_id: uuid.UUID, *, limit: int) -> list[Head]:
    """Return the published collections in which a product stands, the newest first."""
    rows = await tx.fetch(
        f"""{_SELECT}
         WHERE c.state = 'published' AND EXISTS (
               SELECT FROM market.collection_entries e
                WHERE e.collection_id = c.id AND e.product_id = $1)
         ORDER BY c.id DESC LIMIT $2""",
        product_id,
        limit,
    )
    return [_head(row) for row in rows]


async def list_entries(tx: Tx, collection_id: uuid.UUID) -> list[ShownEntry]:
    """Return what stands in a collection in its order, as the catalogue has it now."""
    rows = await tx.fetch(
        """
        SELECT e.product_id, coalesce(d.name, t.name, e.product_name) AS name, e.note,
               CASE WHEN d.product_id IS NOT NULL THEN 'there'
                    WHEN t.product_id IS NOT NULL THEN 'withdrawn' ELSE 'gone' END AS presence,
               d.supplier_name, d.summary, d.form,
               (SELECT number FROM catalog.certificates
                 WHERE product_id = d.product_id AND state = 'active' LIMIT 1) AS certified,
               t.withdrawn_at, t.reason AS withdrawal_reason
          FROM market.collection_entries e
          LEFT JOIN catalog.product_documents d USING (product_id)
          LEFT JOIN catalog.product_tombstones t USING (product_id)
         WHERE e.collection_id = $1 ORDER BY e.place LIMIT 200""",
        collection_id,
    )
    return [msgspec.convert(dict(row), ShownEntry) for row in rows]


async def names_there(tx: Tx, collection_id: uuid.UUID) -> dict[uuid.UUID, str]:
    """Return the products that stand in a collection, by what they were called then."""
    rows = await tx.fetch(
        """
        SELECT product_id, product_name FROM market.collection_entries
         WHERE collection_id = $1 ORDER BY place LIMIT 200""",
        collection_id,
    )
    return {row["product_id"]: row["product_name"] for row in rows}


async def _covered(tx: Tx, rows: Sequence[Row]) -> list[Head]:
    counted = await tx.fetch(
        """
        SELECT e.collection_id, count(*) AS products,
               count(*) FILTER (WHERE d.product_id IS NULL) AS gone,
               count(*) FILTER (WHERE EXISTS (
                   SELECT FROM catalog.certificates c
                    WHERE c.product_id = d.product_id AND c.state = 'active')) AS certified,
               count(DISTINCT d.supplier_name) AS suppliers,
               coalesce(array_agg(DISTINCT d.form) FILTER (WHERE d.form IS NOT NULL), '{}') AS forms,
               max(d.published_at) AS newest_at
          FROM market.collection_entries e
          LEFT JOIN catalog.product_documents d USING (product_id)
         WHERE e.collection_id = ANY($1::uuid[]) GROUP BY e.collection_id""",
        [row["id"] for row in rows],
    )
    covers = {
        row["collection_id"]: msgspec.convert(
            {name: row[name] for name in Cover.__struct_fields__}, Cover
        )
        for row in counted
    }
    return [
        msgspec.structs.replace(_head(row), cover=covers.get(row["id"], Cover())) for row in rows
    ]


def _head(row: Row) -> Head:
    return msgspec.convert(dict(row), Head)
