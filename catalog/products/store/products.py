"""Tables and statements of the products (数据产品), their contents and public documents."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.ids import PartyId, new_id
from catalog.products import imports
from catalog.products.model import Content, Document, Product

PRODUCTS: Final = sa.Table(
    "products",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid),
    sa.Column("supplier_name", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("form", sa.Text),
    sa.Column("description", postgresql.JSONB),
    sa.Column("imported", postgresql.JSONB),
    sa.Column("source", sa.Text),
    sa.Column("source_id", sa.Text),
    sa.Column("record_sha256", sa.Text),
    sa.Column("is_public", sa.Boolean, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("reference", sa.Text),
    schema="catalog",
)

PRODUCT_CONTENTS: Final = sa.Table(
    "product_contents",
    METADATA,
    sa.Column("product_id", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("file_id", sa.Uuid, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("file_name", sa.Text, nullable=False),
    sa.Column("attached_at", sa.DateTime(timezone=True), nullable=False),
    schema="catalog",
)

PRODUCT_DOCUMENTS: Final = sa.Table(
    "product_documents",
    METADATA,
    sa.Column("product_id", sa.Uuid, primary_key=True),
    sa.Column("source_id", sa.Text),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("supplier_name", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("form", sa.Text),
    sa.Column("industry", sa.Text),
    sa.Column("region", sa.Text),
    sa.Column("level", sa.Text),
    sa.Column("theme", sa.Text),
    sa.Column("source", sa.Text),
    sa.Column("update_cycle", sa.Text),
    sa.Column("format", sa.Text),
    # Under which codes it is filed, all above its own (GB/T 4754, GB/T 2260), and how it is had.
    sa.Column("industry_codes", postgresql.ARRAY(sa.Text), nullable=False),
    sa.Column("region_codes", postgresql.ARRAY(sa.Text), nullable=False),
    sa.Column("delivery_modes", postgresql.ARRAY(sa.Text), nullable=False),
    sa.Column("keywords", postgresql.ARRAY(sa.Text), nullable=False),
    sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("terms", postgresql.TSVECTOR, nullable=False),
    sa.Column("zone", sa.Text),  # written by whoever places it: market/zones
    # Made by the database too, from certificates and filings in force (migration 0091).
    sa.Column("certified", sa.Text, nullable=False),
    sa.Column("open_data", sa.Text, nullable=False),
    sa.Column("price_fen", sa.BigInteger),
    sa.Column("price", sa.Text, sa.Computed("…")),
    # Made by the database: when it was published, then its id. The order of walking (newest first).
    sa.Column("place", sa.BigInteger, sa.Computed("…"), nullable=False),
    schema="catalog",
)

_ARRIVING: Final = ("id", *imports.Row.__struct_fields__)


async def insert(tx: Tx, product: Product) -> None:
    """Insert a product that its supplier described."""
    await insert_many(tx, [product])


async def insert_many(tx: Tx, described: Sequence[Product]) -> None:
    """Insert products that their supplier described."""
    await tx.insert_many(
        PRODUCTS,
        [
            {
                "id": product.id,
                "origin": product.origin.value,
                "state": product.state.value,
                "supplier_party_id": product.supplier_party_id,
                "supplier_name": product.supplier_name,
                "name": product.name,
                "form": product.form and product.form.value,
                "description": msgspec.to_builtins(product.description),
                "is_public": product.is_public,
                "version": product.version,
                "created_at": product.created_at,
                "updated_at": product.updated_at,
                "reference": product.reference,
            }
            for product in described
        ],
    )


async def update(tx: Tx, product: Product) -> None:
    """Write back what may change of ``product``, which the caller holds locked."""
    await update_many(tx, [product])


async def update_many(tx: Tx, changed: Sequence[Product]) -> None:
    """Write back what may change of products, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE catalog.products p
           SET state = n.state, name = n.name, form = n.form, description = n.description::jsonb,
               supplier_name = n.supplier_name, is_public = n.is_public, version = n.version,
               updated_at = n.updated_at
          FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                      $7::bool[], $8::int[], $9::timestamptz[])
               AS n (id, state, name, form, description, supplier_name, is_public, version,
                     updated_at)
         WHERE p.id = n.id""",
        [product.id for product in changed],
        [product.state.value for product in changed],
        [product.name for product in changed],
        [product.form and product.form.value for product in changed],
        [
            product.description and msgspec.json.encode(product.description).decode()
            for product in changed
        ],
        [product.supplier_name for product in changed],
        [product.is_public for product in changed],
        [product.version for product in changed],
        [product.updated_at for product in changed],
    )
    assert touched == len(changed), "locked products can not vanish"


async def find(tx: Tx, product_id: uuid.UUID) -> Product | None:
    """Return a product that row-level security lets the actor see, or None."""
    row = await tx.fetch_one(
        """
        SELECT id, origin, state, supplier_party_id, supplier_name, name, form, description,
               imported, source, source_id, is_public, version, created_at, updated_at, reference
          FROM catalog.products
         WHERE id = $1""",
        product_id,
    )
    return None if row is None else _product(row, await _contents(tx, product_id))


async def lock(tx: Tx, product_id: uuid.UUID) -> Product | None:
    """Lock and return a product that the actor may see, or None."""
    row = await tx.fetch_one(
        """
        SELECT id, origin, state, supplier_party_id, supplier_name, name, form, description,
               imported, source, source_id, is_public, version, created_at, updated_at, reference
          FROM catalog.products
         WHERE id = $1
         FOR UPDATE""",
        product_id,
    )
    return None if row is None else _product(row, await _contents(tx, product_id))


async def hold_references(tx: Tx, supplier: PartyId) -> None:
    """Let nobody else give a name to a product of this supplier until the transaction ends."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"product references {supplier}"
    )


async def lock_by_references(
    tx: Tx, supplier: PartyId, references: Collection[str]
) -> dict[str, Product]:
    """Lock and return a supplier's products, not withdrawn, that are called so; without contents."""
    rows = await tx.fetch(
        """
        SELECT id, origin, state, supplier_party_id, supplier_name, name, form, description,
               imported, source, source_id, is_public, version, created_at, updated_at, reference
          FROM catalog.products
         WHERE supplier_party_id = $1 AND reference = ANY($2::text[]) AND state <> 'withdrawn'
         ORDER BY id
         FOR UPDATE""",
        supplier,
        list(references),
    )
    return {row["reference"]: _product(row, ()) for row in rows}


async def list_of_supplier(
    tx: Tx,
    supplier_party_id: PartyId,
    *,
    only: Collection[uuid.UUID] | None,
    reference: str | None,
    before: uuid.UUID | None,
    limit: int,
) -> list[Product]:
    """Return products of a supplier, newest first, older than ``before``; without contents."""
    rows = await tx.fetch(
        """
        SELECT id, origin, state, supplier_party_id, supplier_name, name, form, description,
               imported, source, source_id, is_public, version, created_at, updated_at, reference
          FROM catalog.products
         WHERE supplier_party_id = $1 AND ($2::uuid IS NULL OR id < $2)
           AND ($3::uuid[] IS NULL OR id = ANY($3))
           AND ($5::text IS NULL OR reference = $5)
         ORDER BY id DESC LIMIT $4""",
        supplier_party_id,
        before,
        None if only is None else list(only),
        limit,
        reference,
    )
    return [_product(row, ()) for row in rows]


async def insert_content(tx: Tx, product_id: uuid.UUID, content: Content) -> None:
    """Add a version of what is delivered."""
    await tx.insert(PRODUCT_CONTENTS, product_id=product_id, **msgspec.structs.asdict(content))


async def find_content(tx: Tx, product_id: uuid.UUID, version: int) -> Content | None:
    """Return one version of what is delivered, or None."""
    row = await tx.fetch_one(
        """
        SELECT version, file_id, sha256, size_bytes, media_type, file_name, attached_at
          FROM catalog.product_contents
         WHERE product_id = $1 AND version = $2""",
        product_id,
        version,
    )
    return None if row is None else _content(row)


async def put_document(tx: Tx, document: Document, *, published_at: dt.datetime) -> None:
    """Make a product findable, or renew what it is found by; since when it is public stays."""
    await tx.execute(
        """
        INSERT INTO catalog.product_documents (
            product_id, source_id, name, supplier_name, summary, form, industry, region, level,
            theme, source, update_cycle, format, industry_codes, region_codes, delivery_modes,
            keywords, terms, published_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
                $18::text::tsvector, $19)
        ON CONFLICT (product_id) DO UPDATE SET
            name = excluded.name, supplier_name = excluded.supplier_name,
            summary = excluded.summary, form = excluded.form, industry = excluded.industry,
            region = excluded.region, level = excluded.level, update_cycle = excluded.update_cycle,
            industry_codes = excluded.industry_codes, region_codes = excluded.region_codes,
            delivery_modes = excluded.delivery_modes, keywords = excluded.keywords,
            terms = excluded.terms""",
        *msgspec.structs.astuple(document),
        published_at,
    )


async def lock_public(tx: Tx, *, after: uuid.UUID | None, limit: int) -> list[Product]:
    """Lock the documents of so many products beyond ``after``; return the products, without contents."""
    rows = await tx.fetch(
        """
        SELECT p.id, p.origin, p.state, p.supplier_party_id, p.supplier_name, p.name, p.form,
               p.description, p.imported, p.source, p.source_id, p.is_public, p.version,
               p.created_at, p.updated_at
          FROM catalog.product_documents d
          JOIN catalog.products p ON p.id = d.product_id
         WHERE $1::uuid IS NULL OR d.product_id > $1
         ORDER BY d.product_id LIMIT $2
           FOR UPDATE OF d""",
        after,
        limit,
    )
    return [_product(row, ()) for row in rows]


async def put_words(tx: Tx, words: Mapping[uuid.UUID, str]) -> int:
    """Give documents other words; return how many really had others."""
    return await tx.execute(
        """
        UPDATE catalog.product_documents d
           SET terms = w.terms::tsvector
          FROM unnest($1::uuid[], $2::text[]) AS w(product_id, terms)
         WHERE d.product_id = w.product_id AND d.terms <> w.terms::tsvector""",
        list(words),
        list(words.values()),
    )


async def remove_document(tx: Tx, product_id: uuid.UUID) -> None:
    """Let a product be found no more."""
    await tx.execute("DELETE FROM catalog.product_documents WHERE product_id = $1", product_id)


async def find_unchanged(tx: Tx, batch: Sequence[imports.Prepared]) -> set[tuple[str, str]]:
    """Return the keys of those records that stand in the catalogue exactly so."""
    rows = await tx.fetch(
        """
        SELECT p.source, p.source_id
          FROM unnest($1::text[], $2::text[], $3::text[]) AS a(source, source_id, sha256)
          JOIN catalog.products p
            ON p.source = a.source AND p.source_id = a.source_id AND p.record_sha256 = a.sha256""",
        [prepared.record.source for prepared in batch],
        [prepared.record.id for prepared in batch],
        [prepared.sha256 for prepared in batch],
    )
    return {(row["source"], row["source_id"]) for row in rows}


async def upsert_imported(
    tx: Tx, rows: Sequence[imports.Row], *, now: dt.datetime
) -> tuple[int, int]:
    """Write imported products with their documents; return how many are new and how many changed.

    They come by COPY into a table of this transaction, since COPY knows no row-level security.
    """
    await tx.execute(
        """
        CREATE TEMPORARY TABLE arriving (
            id uuid, source text, source_id text, record_sha256 text, name text,
            supplier_name text, form text, imported text, summary text, region text, theme text,
            update_cycle text, format text, keywords text[], terms text) ON COMMIT DROP"""
    )
    await tx.copy(
        "arriving",
        schema="pg_temp",
        columns=_ARRIVING,
        rows=((new_id(), *msgspec.structs.astuple(row)) for row in rows),
    )
    counts = await tx.fetch_one(
        """
        WITH written AS (
            INSERT INTO catalog.products AS p (
                id, origin, state, supplier_name, name, form, imported, source, source_id,
                record_sha256, is_public, version, created_at, updated_at)
            SELECT id, 'imported', 'described', supplier_name, name, form, imported::jsonb, source,
                   source_id, record_sha256, true, 1, $1, $1
              FROM pg_temp.arriving
            ON CONFLICT (source, source_id) DO UPDATE SET
                supplier_name = excluded.supplier_name, name = excluded.name,
                form = excluded.form, imported = excluded.imported,
                record_sha256 = excluded.record_sha256, version = p.version + 1,
                updated_at = excluded.updated_at, is_public = true, state = excluded.state
             WHERE p.record_sha256 IS DISTINCT FROM excluded.record_sha256
            RETURNING id, source, source_id, version
        ), found AS (
            INSERT INTO catalog.product_documents (
                product_id, source_id, name, supplier_name, summary, form, region, theme, source,
                update_cycle, format, published_at, keywords, terms)
            SELECT w.id, a.source_id, a.name, a.supplier_name, a.summary, a.form, a.region,
                   a.theme, a.source, a.update_cycle, a.format, $1, a.keywords,
                   a.terms::tsvector
              FROM written w
              JOIN pg_temp.arriving a ON a.source = w.source AND a.source_id = w.source_id
            ON CONFLICT (product_id) DO UPDATE SET
                name = excluded.name, supplier_name = excluded.supplier_name,
                summary = excluded.summary, form = excluded.form, region = excluded.region,
                theme = excluded.theme, update_cycle = excluded.update_cycle,
                format = excluded.format, keywords = excluded.keywords, terms = excluded.terms
        )
        SELECT count(*) FILTER (WHERE version = 1) AS new,
               count(*) FILTER (WHERE version > 1) AS changed
          FROM written""",
        now,
    )
    await tx.execute("DROP TABLE pg_temp.arriving")
    assert counts is not None, "an aggregate has a row"
    return counts["new"], counts["changed"]


async def withdraw_imported(
    tx: Tx, source: str, source_ids: Sequence[str], *, reason: str, now: dt.datetime
) -> int:
    """Hide imported products and leave tombstones; return how many there were."""
    count: int = await tx.fetch_value(
        """
        WITH gone AS (
            UPDATE catalog.products
               SET state = 'withdrawn', is_public = false, record_sha256 = '',
                   version = version + 1, updated_at = $3
             WHERE source = $1 AND source_id = ANY($2::text[]) AND is_public
            RETURNING id, name, supplier_name
        ), hidden AS (
            DELETE FROM catalog.product_documents USING gone WHERE product_id = gone.id
        ), buried AS (
            INSERT INTO catalog.product_tombstones (
                product_id, name, supplier_name, withdrawn_at, reason)
            SELECT id, name, supplier_name, $3, $4 FROM gone
            ON CONFLICT (product_id) DO NOTHING
        )
        SELECT count(*) FROM gone""",
        source,
        list(source_ids),
        now,
        reason,
    )
    return count


async def _contents(tx: Tx, product_id: uuid.UUID) -> tuple[Content, ...]:
    rows = await tx.fetch(
        """
        SELECT version, file_id, sha256, size_bytes, media_type, file_name, attached_at
          FROM catalog.product_contents
         WHERE product_id = $1
         ORDER BY version""",
        product_id,
    )
    return tuple(_content(row) for row in rows)


def _content(row: Row) -> Content:
    return msgspec.convert(dict(row), Content)


def _product(row: Row, contents: tuple[Content, ...]) -> Product:
    return msgspec.convert({**row, "contents": contents}, Product)
