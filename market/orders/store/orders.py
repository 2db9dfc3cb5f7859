"""Tables and statements of orders (订单)."""

from __future__ import annotations

import enum
import uuid
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.statements.db import Write, insertion
from market.orders.model import Order

_INSTANT: Final = sa.DateTime(timezone=True)

ORDERS: Final = sa.Table(
    "orders",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("buyer_party_id", sa.Uuid, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("product_name", sa.Text, nullable=False),
    sa.Column("product_version", sa.Integer, nullable=False),
    sa.Column("level", sa.Text),
    sa.Column("listing_id", sa.Uuid, nullable=False),
    sa.Column("filing_id", sa.Uuid, nullable=False),
    sa.Column("filing_number", sa.Text, nullable=False),
    sa.Column("price_item", postgresql.JSONB, nullable=False),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("scenario", sa.Text, nullable=False),
    sa.Column("use_category", sa.Text),
    sa.Column("delivery_mode", sa.Text, nullable=False),
    sa.Column("terms", postgresql.JSONB, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("placed_at", _INSTANT, nullable=False),
    sa.Column("updated_at", _INSTANT, nullable=False),
    sa.Column("decision", postgresql.JSONB),
    sa.Column("suspended_from", sa.Text),
    sa.Column("contracted_at", _INSTANT),
    sa.Column("paid_at", _INSTANT),
    sa.Column("delivered_at", _INSTANT),
    sa.Column("inspection_ends_at", _INSTANT),
    sa.Column("accepted_at", _INSTANT),
    sa.Column("closed_at", _INSTANT),
    sa.Column("manifest", postgresql.JSONB, nullable=False),
    sa.Column("fingerprint_id", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("bought_before", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("special_price", postgresql.JSONB),
    sa.Column("cancellation_reason", sa.Text),
    sa.Column("accepted_by", sa.Text),
    sa.Column("bundle_id", sa.Uuid),
    sa.Column("agreement_id", sa.Uuid),
    sa.Column("book", sa.Text, nullable=False, server_default="market"),
    sa.Column("industry_section", sa.Text, nullable=False, server_default=""),
    sa.Column("industry_division", sa.Text, nullable=False, server_default=""),
    sa.Column("region_code", sa.Text, nullable=False, server_default=""),
    sa.Column("net_fen", sa.BigInteger),
    sa.Column("tax_fen", sa.BigInteger),
    schema="market",
)

SELECT: Final = """
    SELECT id, number, state, buyer_party_id, supplier_party_id, product_id, product_name,
           product_version, level, listing_id, filing_id, filing_number, price_item, quantity,
           amount_fen, purpose, scenario, use_category, delivery_mode, terms, version, placed_at,
           updated_at, decision, suspended_from, contracted_at, paid_at, delivered_at,
           inspection_ends_at, accepted_at, closed_at, manifest, fingerprint_id, reason,
           bought_before, special_price, cancellation_reason, accepted_by, bundle_id, agreement_id,
           (SELECT g.id FROM market.grants g WHERE g.order_id = market.orders.id) AS grant_id,
           book, industry_section, industry_division, region_code, net_fen, tax_fen
      FROM market.orders"""


async def next_number(tx: Tx) -> int:
    """Return the next serial of the order numbers; gaps after a rollback are harmless."""
    return int(await tx.fetch_value("SELECT nextval('market.order_numbers')"))


async def insert(tx: Tx, order: Order) -> None:
    """Insert an order that was placed."""
    await tx.write_later(insertion(ORDERS, **_values(order)))


async def update(tx: Tx, order: Order) -> None:
    """Write back what may change of ``order``, which the caller holds locked."""
    values = _values(order)
    await tx.write_later(Write(_UPDATE, tuple(values[name] for name in _MOVING)))


_UPDATE: Final = """
        UPDATE market.orders
           SET state = $2, decision = $3, suspended_from = $4, contracted_at = $5, paid_at = $6,
               delivered_at = $7, inspection_ends_at = $8, accepted_at = $9, closed_at = $10,
               manifest = $11, fingerprint_id = $12, reason = $13, version = $14, updated_at = $15,
               cancellation_reason = $16, accepted_by = $17, book = $18,
               industry_section = $19, industry_division = $20, region_code = $21
         WHERE id = $1"""

_MOVING: Final = (
    "id",
    "state",
    "decision",
    "suspended_from",
    "contracted_at",
    "paid_at",
    "delivered_at",
    "inspection_ends_at",
    "accepted_at",
    "closed_at",
    "manifest",
    "fingerprint_id",
    "reason",
    "version",
    "updated_at",
    "cancellation_reason",
    "accepted_by",
    "book",
    "industry_section",
    "industry_division",
    "region_code",
)


async def count_bought(tx: Tx, *, buyer: uuid.UUID, filing_id: uuid.UUID, price_item: str) -> int:
    """Return how many units the buyer bought under a filing before, and hold others up till then.

    What was rejected or cancelled was not bought. Two orders of one buyer that are placed at once
    take turns, so that neither overlooks the other.
    """
    await _take_turns(tx, buyer, filing_id)
    count: int = await tx.fetch_value(
        """
        SELECT coalesce(sum(quantity), 0)::bigint FROM market.orders
         WHERE buyer_party_id = $1 AND filing_id = $2 AND price_item ->> 'code' = $3
           AND state NOT IN ('rejected', 'cancelled')""",
        buyer,
        filing_id,
        price_item,
    )
    return count


async def count_trials(tx: Tx, *, buyer: uuid.UUID, product_id: uuid.UUID) -> int:
    """Return how often the buyer tried the product, and hold others up till then, as above."""
    await _take_turns(tx, buyer, product_id)
    count: int = await tx.fetch_value(
        """
        SELECT count(*) FROM market.orders
         WHERE buyer_party_id = $1 AND product_id = $2 AND price_item ->> 'charge' = 'trial'
           AND state NOT IN ('rejected', 'cancelled')""",
        buyer,
        product_id,
    )
    return count


async def _take_turns(tx: Tx, buyer: uuid.UUID, thing: uuid.UUID) -> None:
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('market.orders:' || $1, 0))",
        f"{buyer}:{thing}",
    )


async def find(tx: Tx, order_id: uuid.UUID) -> Order | None:
    """Return the order, or None if the actor sees none."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1", order_id)
    return None if row is None else order_of(row)


async def lock(tx: Tx, order_id: uuid.UUID) -> Order | None:
    """Lock and return the order, or None if the actor sees none."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1 FOR UPDATE", order_id)
    return None if row is None else order_of(row)


async def find_by_special_price(tx: Tx, special_price_id: uuid.UUID) -> Order | None:
    """Return the order in which a special price was used, or None."""
    row = await tx.fetch_one(SELECT + " WHERE special_price ->> 'id' = $1", str(special_price_id))
    return None if row is None else order_of(row)


async def find_live_of(tx: Tx, agreement_id: uuid.UUID) -> Order | None:
    """Lock and return the order that was placed by an agreement and is not over, or None."""
    row = await tx.fetch_one(
        SELECT
        + """
         WHERE agreement_id = $1
           AND state NOT IN ('rejected', 'cancelled', 'terminated') FOR UPDATE""",
        agreement_id,
    )
    return None if row is None else order_of(row)


def order_of(row: Row) -> Order:
    """Return the order in a row."""
    return msgspec.convert(dict(row), Order)


def _values(order: Order) -> dict[str, Any]:
    # Whose the grant is, is said by the grant alone.
    told = {
        name: value for name, value in msgspec.structs.asdict(order).items() if name != "grant_id"
    }
    return told | {
        "state": order.state.value,
        "price_item": msgspec.to_builtins(order.price_item),
        "use_category": None if order.use_category is None else order.use_category.value,
        "delivery_mode": order.delivery_mode.value,
        "terms": msgspec.to_builtins(order.terms),
        "decision": None if order.decision is None else msgspec.to_builtins(order.decision),
        "special_price": msgspec.to_builtins(order.special_price),
        "suspended_from": None if order.suspended_from is None else order.suspended_from.value,
        "cancellation_reason": _value(order.cancellation_reason),
        "accepted_by": _value(order.accepted_by),
        "manifest": msgspec.to_builtins(order.manifest),
    }


def _value(told: enum.StrEnum | None) -> str | None:
    return None if told is None else told.value
