"""Tables and statements of what products are made from, of their items, and of how they were classified."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Tx
from catalog.products.items import key_of
from catalog.products.model import Description, Level, Product, ProductId
from catalog.products.provenance import Classified, Conflict, Link
from catalog.products.sharing import Resource

PRODUCT_SOURCES: Final = sa.Table(
    "product_sources",
    METADATA,
    sa.Column("product_id", sa.Uuid, primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("source_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("nature", sa.Text, nullable=False),
    sa.Column("level", sa.Text),
    sa.Column("resource_id", sa.Uuid),
    schema="catalog",
)

PRODUCT_ITEMS: Final = sa.Table(
    "product_items",
    METADATA,
    sa.Column("product_id", sa.Uuid, primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("item_key", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("source_id", sa.Text, nullable=False),
    sa.Column("is_authoritative", sa.Boolean, nullable=False),
    schema="catalog",
)

AUTHORITATIVE_SOURCES: Final = sa.Table(
    "authoritative_sources",
    METADATA,
    sa.Column("item_key", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("settled_at", sa.DateTime(timezone=True)),
    sa.Column("settled_by", sa.Text),
    sa.Column("reason", sa.Text),
    schema="catalog",
)

PRODUCT_CLASSIFICATIONS: Final = sa.Table(
    "product_classifications",
    METADATA,
    sa.Column("product_id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("product_version", sa.Integer, nullable=False),
    sa.Column("scheme", sa.Text),
    sa.Column("level", sa.Text),
    sa.Column("category", sa.Text),
    sa.Column("level_of_sources", sa.Text),
    sa.Column("is_reclassified", sa.Boolean, nullable=False),
    sa.Column("set_by", sa.Text, nullable=False),
    sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
    schema="catalog",
)

#: Further than that a chain of products is not followed; real ones have three or four.
MAX_DEPTH: Final = 20


async def put_sources(
    tx: Tx, described: Mapping[ProductId, Description], *, over: Sequence[ProductId]
) -> None:
    """Let the sources of products be those of their descriptions; ``over`` had others before."""
    if over:
        await tx.execute(
            "DELETE FROM catalog.product_sources WHERE product_id = ANY($1::uuid[])", list(over)
        )
    await tx.insert_many(
        PRODUCT_SOURCES,
        [
            {
                "product_id": product_id,
                "place": place,
                "source_id": source.source_id,
                "name": source.name,
                "nature": source.nature.value,
                "level": source.classification_level and source.classification_level.value,
                "resource_id": source.resource_id,
            }
            for product_id, description in described.items()
            for place, source in enumerate(description.sources, start=1)
        ],
    )


async def put_items(
    tx: Tx, described: Mapping[ProductId, Description], *, over: Sequence[ProductId]
) -> None:
    """Let the items of products be those of their descriptions; ``over`` had others before."""
    if over:
        await tx.execute(
            "DELETE FROM catalog.product_items WHERE product_id = ANY($1::uuid[])", list(over)
        )
    await tx.insert_many(
        PRODUCT_ITEMS,
        [
            {
                "product_id": product_id,
                "place": place,
                "item_key": key_of(item.title or item.name),
                "name": item.title or item.name,
                "source_id": item.source_id,
                "is_authoritative": item.is_authoritative,
            }
            for product_id, description in described.items()
            for place, item in enumerate(description.items, start=1)
        ],
    )


async def find_resources(tx: Tx, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Resource]:
    """Return those of the ids that stand in the catalogue for the actor, and how they are shared."""
    rows = await tx.fetch(
        """
        SELECT id AS product_id, supplier_party_id, description ->> 'sharing_type' AS sharing_type,
               description -> 'classification' ->> 'level' AS level
          FROM catalog.products
         WHERE id = ANY($1::uuid[]) AND state = 'described'""",
        list(ids),
    )
    return {row["product_id"]: msgspec.convert(dict(row), Resource) for row in rows}


async def list_made_from(tx: Tx, product_id: uuid.UUID) -> set[uuid.UUID]:
    """Return all products that were made from this one, directly or not, as the actor sees them."""
    rows = await tx.fetch(
        """
        WITH RECURSIVE made AS (
            SELECT product_id FROM catalog.product_sources WHERE resource_id = $1
            UNION
            SELECT s.product_id FROM made m JOIN catalog.product_sources s ON s.resource_id = m.product_id
        )
        SELECT product_id FROM made ORDER BY product_id LIMIT 10000""",
        product_id,
    )
    return {row["product_id"] for row in rows}


async def list_links(tx: Tx, product_id: uuid.UUID, *, limit: int) -> list[Link]:
    """Return what leads to the product and from it, nearest first, by one statement.

    Row-level security keeps back what the actor may not see, and all that lies behind it.
    """
    rows = await tx.fetch(
        """
        WITH RECURSIVE up AS (
            SELECT s.product_id, s.place, s.resource_id, 1 AS depth
              FROM catalog.product_sources s WHERE s.product_id = $1
            UNION
            SELECT s.product_id, s.place, s.resource_id, u.depth + 1
              FROM up u JOIN catalog.product_sources s ON s.product_id = u.resource_id
             WHERE u.depth < $2
        ), down AS (
            SELECT s.product_id, s.place, s.resource_id, 1 AS depth
              FROM catalog.product_sources s WHERE s.resource_id = $1
            UNION
            SELECT s.product_id, s.place, s.resource_id, d.depth + 1
              FROM down d JOIN catalog.product_sources s ON s.resource_id = d.product_id
             WHERE d.depth < $2
        ), both_ways AS (
            SELECT 'upstream' AS direction, product_id, place, resource_id, min(depth) AS depth
              FROM up GROUP BY product_id, place, resource_id
            UNION ALL
            SELECT 'downstream', product_id, place, resource_id, min(depth)
              FROM down GROUP BY product_id, place, resource_id
        )
        SELECT b.direction, b.depth, b.product_id, made.name AS product_name,
               made.description -> 'classification' ->> 'level' AS product_level,
               s.source_id, s.name AS source_name, s.nature, s.level AS source_level,
               s.resource_id, origin.name AS resource_name
          FROM both_ways b
          JOIN catalog.product_sources s USING (product_id, place)
          JOIN catalog.products made ON made.id = b.product_id
          LEFT JOIN catalog.products origin ON origin.id = b.resource_id
         ORDER BY b.direction DESC, b.depth, made.name, b.product_id, b.place
         LIMIT $3""",
        product_id,
        MAX_DEPTH,
        limit,
    )
    return [msgspec.convert(dict(row), Link) for row in rows]


async def take_items(
    tx: Tx, product_id: ProductId, claimed: Mapping[str, str]
) -> dict[str, uuid.UUID]:
    """Become the source of what nobody else has, give up what is not claimed; return who has what."""
    keys = list(claimed)
    await tx.execute(
        """
        DELETE FROM catalog.authoritative_sources
         WHERE product_id = $1 AND settled_at IS NULL AND item_key <> ALL($2::text[])""",
        product_id,
        keys,
    )
    await tx.execute(
        """
        INSERT INTO catalog.authoritative_sources (item_key, name, product_id)
        SELECT a.key, a.name, $1 FROM unnest($2::text[], $3::text[]) AS a(key, name)
         ORDER BY a.key
        ON CONFLICT (item_key) DO NOTHING""",
        product_id,
        keys,
        list(claimed.values()),
    )
    rows = await tx.fetch(
        """
        SELECT item_key, product_id FROM catalog.authoritative_sources
         WHERE item_key = ANY($1::text[]) ORDER BY item_key""",
        keys,
    )
    return {row["item_key"]: row["product_id"] for row in rows}


async def release_items(tx: Tx, product_id: ProductId) -> None:
    """Give up the items of a product, but those that were settled for it."""
    await tx.execute(
        """
        DELETE FROM catalog.authoritative_sources WHERE product_id = $1 AND settled_at IS NULL""",
        product_id,
    )


async def settle_item(
    tx: Tx, *, key: str, name: str, product_id: ProductId, by: str, reason: str, now: dt.datetime
) -> None:
    """Let an item come from this product, whoever had it until now."""
    await tx.execute(
        """
        INSERT INTO catalog.authoritative_sources (
            item_key, name, product_id, settled_at, settled_by, reason)
        VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (item_key) DO UPDATE SET
            name = excluded.name, product_id = excluded.product_id,
            settled_at = excluded.settled_at, settled_by = excluded.settled_by,
            reason = excluded.reason""",
        key,
        name,
        product_id,
        now,
        by,
        reason,
    )


async def list_conflicts(tx: Tx, *, after: str, limit: int) -> list[Conflict]:
    """Return items that several products claim, as far as the actor sees them, in their order."""
    rows = await tx.fetch(
        """
        SELECT i.item_key, min(i.name) AS item, array_agg(i.product_id ORDER BY i.product_id) AS claims,
               array_agg(p.name ORDER BY i.product_id) AS names, a.product_id AS holder,
               a.settled_at, a.reason
          FROM catalog.product_items i
          JOIN catalog.products p ON p.id = i.product_id AND p.state = 'described'
          LEFT JOIN catalog.authoritative_sources a USING (item_key)
         WHERE i.is_authoritative AND i.item_key > $1
         GROUP BY i.item_key, a.product_id, a.settled_at, a.reason
        HAVING count(*) > 1
         ORDER BY i.item_key LIMIT $2""",
        after,
        limit,
    )
    return [msgspec.convert(dict(row), Conflict) for row in rows]


async def add_classifications(
    tx: Tx, products: Sequence[tuple[Product, Level | None]], *, set_by: str, now: dt.datetime
) -> None:
    """Add to the history how products are classified from now on; with each, its sources' level."""
    given = [
        None if product.description is None else product.description.classification
        for product, _ in products
    ]
    await tx.execute(
        """
        INSERT INTO catalog.product_classifications (
            product_id, number, product_version, scheme, level, category, level_of_sources,
            is_reclassified, set_by, set_at)
        SELECT c.product_id,
               (SELECT coalesce(max(h.number), 0) + 1 FROM catalog.product_classifications h
                 WHERE h.product_id = c.product_id),
               c.version, c.scheme, c.level, c.category, c.of_sources, c.is_reclassified, $8, $9
          FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::text[],
                      $7::bool[])
               AS c (product_id, version, scheme, level, category, of_sources, is_reclassified)""",
        [product.id for product, _ in products],
        [product.version for product, _ in products],
        [each and each.scheme for each in given],
        [each and each.level.value for each in given],
        [each and each.category for each in given],
        [of_sources and of_sources.value for _, of_sources in products],
        [each is not None and each.reclassification is not None for each in given],
        set_by,
        now,
    )


async def list_classifications(tx: Tx, product_id: uuid.UUID) -> list[Classified]:
    """Return how the product was classified, the newest first."""
    rows = await tx.fetch(
        """
        SELECT number, product_version, scheme, level, category, level_of_sources, is_reclassified,
               set_by, set_at
          FROM catalog.product_classifications
         WHERE product_id = $1 ORDER BY number DESC LIMIT 500""",
        product_id,
    )
    return [msgspec.convert(dict(row), Classified) for row in rows]
