"""Tables and statements of the zones, their supervision and the products in them."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.ids import PartyId
from market.zones.model import Placement, Supervision, Zone

ZONES: Final = sa.Table(
    "zones",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("domains", postgresql.ARRAY(sa.Text), nullable=False),
    sa.Column("region_code", sa.Text, nullable=False),
    sa.Column("serves_zone_ids", postgresql.ARRAY(sa.Uuid), nullable=False),
    sa.Column("operator_party_id", sa.Uuid, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("founded_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("reason", sa.Text),
    schema="market",
)

ZONE_SUPERVISIONS: Final = sa.Table(
    "zone_supervisions",
    METADATA,
    sa.Column("zone_id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("party_id", sa.Uuid, nullable=False),
    sa.Column("from_day", sa.Date, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    schema="market",
)

ZONE_PRODUCTS: Final = sa.Table(
    "zone_products",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("zone_id", sa.Uuid, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("product_name", sa.Text, nullable=False),
    sa.Column("supplier_name", sa.Text, nullable=False),
    sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("removed_at", sa.DateTime(timezone=True)),
    sa.Column("removal_reason", sa.Text),
    schema="market",
)

SELECT: Final = """
    SELECT z.id, z.code, z.kind, z.state, z.name, z.description, z.domains, z.region_code,
           z.serves_zone_ids, z.operator_party_id, o.name AS operator_name,
           s.party_id AS supervisor_party_id, p.name AS supervisor_name, z.version, z.founded_at,
           z.updated_at, z.reason
      FROM market.zones z
      JOIN market.parties o ON o.id = z.operator_party_id
      JOIN LATERAL (SELECT party_id FROM market.zone_supervisions
                     WHERE zone_id = z.id ORDER BY number DESC LIMIT 1) s ON true
      JOIN market.parties p ON p.id = s.party_id"""

_SELECT_PLACEMENT: Final = """
    SELECT id, zone_id, product_id, product_name, supplier_name, placed_at, reason, removed_at,
           removal_reason
      FROM market.zone_products"""


async def insert(tx: Tx, zone: Zone) -> bool:
    """Add a zone; False if another one has its code or its name."""
    touched = await tx.execute(
        """
        INSERT INTO market.zones (
            id, code, kind, state, name, description, domains, region_code, serves_zone_ids,
            operator_party_id, version, founded_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
        ON CONFLICT DO NOTHING""",
        zone.id,
        zone.code,
        zone.kind.value,
        zone.state.value,
        zone.name,
        zone.description,
        [domain.value for domain in zone.domains],
        zone.region_code,
        list(zone.serves_zone_ids),
        zone.operator_party_id,
        zone.version,
        zone.founded_at,
    )
    return touched == 1


async def update(tx: Tx, zone: Zone) -> None:
    """Write back what may change of a zone that the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.zones
           SET state = $2, name = $3, description = $4, domains = $5, region_code = $6,
               serves_zone_ids = $7, version = $8, updated_at = $9, reason = $10
         WHERE id = $1""",
        zone.id,
        zone.state.value,
        zone.name,
        zone.description,
        [domain.value for domain in zone.domains],
        zone.region_code,
        list(zone.serves_zone_ids),
        zone.version,
        zone.updated_at,
        zone.reason,
    )
    assert touched == 1, "a locked zone can not vanish"


async def is_name_taken(tx: Tx, name: str, *, but: uuid.UUID) -> bool:
    """Tell whether another zone has this name."""
    taken: bool = await tx.fetch_value(
        "SELECT EXISTS (SELECT FROM market.zones WHERE name = $1 AND id <> $2)", name, but
    )
    return taken


async def lock(tx: Tx, zone_id: uuid.UUID) -> Zone | None:
    """Lock and return a zone that the actor may see, or None."""
    row = await tx.fetch_one(SELECT + " WHERE z.id = $1 FOR UPDATE OF z", zone_id)
    return None if row is None else zone_of(row)


async def find(tx: Tx, named: str) -> Zone | None:
    """Return a zone that the actor may see, by its id or its code, or None."""
    row = await tx.fetch_one(SELECT + " WHERE z.id::text = $1 OR z.code = $1", named)
    return None if row is None else zone_of(row)


async def find_of_product(tx: Tx, product_id: uuid.UUID) -> Zone | None:
    """Return the zone in which a product stands, if the actor may see it, or None."""
    zone_id = await tx.fetch_value(
        "SELECT zone_id FROM market.zone_products WHERE product_id = $1 AND removed_at IS NULL",
        product_id,
    )
    row = await tx.fetch_one(SELECT + " WHERE z.id = $1", zone_id)
    return None if row is None else zone_of(row)


async def list_ids(tx: Tx) -> set[uuid.UUID]:
    """Return the ids of all zones that the actor may see."""
    return {row["id"] for row in await tx.fetch("SELECT id FROM market.zones")}


async def add_supervision(
    tx: Tx, zone_id: uuid.UUID, party_id: PartyId, *, from_day: dt.date, reason: str
) -> None:
    """Note who supervises a zone from a day on, after whoever did before."""
    await tx.execute(
        """
        INSERT INTO market.zone_supervisions (zone_id, number, party_id, from_day, reason)
        SELECT $1, 1 + coalesce(max(number), 0), $2, $3, $4
          FROM market.zone_supervisions WHERE zone_id = $1""",
        zone_id,
        party_id,
        from_day,
        reason,
    )


async def list_supervisions(tx: Tx, zone_id: uuid.UUID) -> list[Supervision]:
    """Return who supervised a zone, the first first."""
    rows = await tx.fetch(
        """
        SELECT s.number, s.party_id, p.name, s.from_day, s.reason
          FROM market.zone_supervisions s JOIN market.parties p ON p.id = s.party_id
         WHERE s.zone_id = $1 ORDER BY s.number LIMIT 1000""",
        zone_id,
    )
    return [msgspec.convert(dict(row), Supervision) for row in rows]


async def place(tx: Tx, placement: Placement, zone_code: str) -> bool:
    """Put a product into a zone; False if it stands in one."""
    touched = await tx.execute(
        """
        INSERT INTO market.zone_products (
            id, zone_id, product_id, product_name, supplier_name, placed_at, reason)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        ON CONFLICT (product_id) WHERE removed_at IS NULL DO NOTHING""",
        placement.id,
        placement.zone_id,
        placement.product_id,
        placement.product_name,
        placement.supplier_name,
        placement.placed_at,
        placement.reason,
    )
    if touched:
        await tx.execute(
            "UPDATE catalog.product_documents SET zone = $2 WHERE product_id = $1",
            placement.product_id,
            zone_code,
        )
    return touched == 1


async def remove(
    tx: Tx, zone_id: uuid.UUID, product_id: uuid.UUID | None, *, now: dt.datetime, reason: str
) -> list[Placement]:
    """Take a product, or all of them, out of a zone; return what stood there."""
    rows = await tx.fetch(
        """
        UPDATE market.zone_products SET removed_at = $3, removal_reason = $4
         WHERE zone_id = $1 AND ($2::uuid IS NULL OR product_id = $2) AND removed_at IS NULL
        RETURNING id, zone_id, product_id, product_name, supplier_name, placed_at, reason,
                  removed_at, removal_reason""",
        zone_id,
        product_id,
        now,
        reason,
    )
    removed = [msgspec.convert(dict(row), Placement) for row in rows]
    await tx.execute(
        "UPDATE catalog.product_documents SET zone = NULL WHERE product_id = ANY($1::uuid[])",
        [each.product_id for each in removed],
    )
    return removed


async def list_placements(
    tx: Tx, zone_id: uuid.UUID, *, is_there: bool, before: uuid.UUID | None, limit: int
) -> list[Placement]:
    """Return the products that stand in a zone and are found, or those that were taken out."""
    rows = await tx.fetch(
        f"""{_SELECT_PLACEMENT} z
         WHERE zone_id = $1 AND (removed_at IS NULL) = $2 AND ($3::uuid IS NULL OR id < $3)
           AND (NOT $2 OR EXISTS (SELECT FROM catalog.product_documents d
                                   WHERE d.product_id = z.product_id))
         ORDER BY id DESC LIMIT $4""",
        zone_id,
        is_there,
        before,
        limit,
    )
    return [msgspec.convert(dict(row), Placement) for row in rows]


def zone_of(row: Row) -> Zone:
    """Return the zone in a row."""
    return msgspec.convert(dict(row), Zone)
