"""Table and statements of the listings (挂牌)."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.ids import PartyId
from market.listings.audience import Audience
from market.listings.model import Effect, Item, Listing, ListingId, Papers
from market.listings.states import State

LISTINGS: Final = sa.Table(
    "listings",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("papers", postgresql.JSONB, nullable=False),
    sa.Column("certificate_number", sa.Text),
    sa.Column("filing_id", sa.Uuid),
    sa.Column("gate", postgresql.JSONB, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("listed_at", sa.DateTime(timezone=True)),
    sa.Column("reason", sa.Text),
    sa.Column("foreign_certificate_id", sa.Uuid),
    sa.Column("effect", sa.Text),
    sa.Column("audience", postgresql.JSONB),
    schema="market",
)

SELECT: Final = """
    SELECT id, state, product_id, supplier_party_id, papers, certificate_number, filing_id, gate,
           version, created_at, updated_at, listed_at, reason, foreign_certificate_id, effect,
           audience
      FROM market.listings"""


async def insert(tx: Tx, listing: Listing) -> None:
    """Insert a draft."""
    await tx.insert(LISTINGS, **_values(listing))


async def update(tx: Tx, listing: Listing) -> None:
    """Write back what may change of ``listing``, which the caller holds locked."""
    values = _values(listing)
    touched = await tx.execute(
        """
        UPDATE market.listings
           SET state = $2, papers = $3, certificate_number = $4, filing_id = $5, gate = $6,
               version = $7, updated_at = $8, listed_at = $9, reason = $10,
               foreign_certificate_id = $11, effect = $12, audience = $13
         WHERE id = $1""",
        *(
            values[name]
            for name in (
                "id",
                "state",
                "papers",
                "certificate_number",
                "filing_id",
                "gate",
                "version",
                "updated_at",
                "listed_at",
                "reason",
                "foreign_certificate_id",
                "effect",
                "audience",
            )
        ),
    )
    assert touched == 1, "a locked listing can not vanish"


async def lock(tx: Tx, listing_id: uuid.UUID) -> Listing | None:
    """Lock and return the listing, or None if the actor sees none."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1 FOR UPDATE", listing_id)
    return None if row is None else listing_of(row)


async def take_turns(tx: Tx, product_id: uuid.UUID) -> None:
    """Wait until nobody else drafts a listing of the product."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('market.listings:' || $1, 0))",
        str(product_id),
    )


async def lock_live(tx: Tx, product_id: uuid.UUID) -> Listing | None:
    """Lock and return the product's listing that is not over, or None."""
    row = await tx.fetch_one(
        SELECT + " WHERE product_id = $1 AND state <> 'delisted' FOR UPDATE", product_id
    )
    return None if row is None else listing_of(row)


async def addresses(tx: Tx, listing_id: uuid.UUID, party_id: PartyId) -> bool:
    """Tell whether an offer that is for some alone is for this party."""
    found: bool | None = await tx.fetch_value(
        "SELECT market.addresses(audience, $2) FROM market.listings WHERE id = $1",
        listing_id,
        party_id,
    )
    return bool(found)


def listing_of(row: Row) -> Listing:
    """Return the listing in a row."""
    return Listing(
        id=ListingId(row["id"]),
        state=State(row["state"]),
        product_id=row["product_id"],
        supplier_party_id=PartyId(row["supplier_party_id"]),
        papers=msgspec.convert(row["papers"], Papers),
        certificate_number=row["certificate_number"],
        filing_id=row["filing_id"],
        gate=msgspec.convert(row["gate"], tuple[Item, ...]),
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        listed_at=row["listed_at"],
        reason=row["reason"],
        foreign_certificate_id=row["foreign_certificate_id"],
        effect=None if row["effect"] is None else Effect(row["effect"]),
        audience=msgspec.convert(row["audience"], Audience | None),
    )


def _values(listing: Listing) -> dict[str, object]:
    return msgspec.structs.asdict(listing) | {
        "state": listing.state.value,
        "effect": None if listing.effect is None else listing.effect.value,
        "audience": msgspec.to_builtins(listing.audience),
        "papers": msgspec.to_builtins(listing.papers),
        "gate": msgspec.to_builtins(listing.gate),
    }
