"""Tables and statements of orders (订单), contracts (合同) and signatures."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.statements.db import Write, insertion
from catalog.signing.model import Signature
from market.access import queries as grants
from market.access.asking import Standing
from market.access.decision import Facts
from market.access.model import Grant
from market.access.states import State as GrantState
from market.anonymisations import accepting
from market.consents import grounds
from market.consents.model import Grounds
from market.credit import queries as credit
from market.identity.states import State as PartyState
from market.orders.model import (
    Bundle,
    Contract,
    ContractSignature,
    DestructionStatement,
    Order,
    Side,
)
from market.orders.states import Event, State, allows

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

CONTRACTS: Final = sa.Table(
    "contracts",
    METADATA,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    sa.Column("buyer_party_id", sa.Uuid, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("record", postgresql.BYTEA, nullable=False),
    sa.Column("record_sha256", sa.Text, nullable=False),
    sa.Column("split", postgresql.JSONB, nullable=False),
    sa.Column("drafted_at", _INSTANT, nullable=False),
    schema="market",
)

CONTRACT_SIGNATURES: Final = sa.Table(
    "contract_signatures",
    METADATA,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    sa.Column("side", sa.Text, primary_key=True),
    sa.Column("buyer_party_id", sa.Uuid, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("party_id", sa.Uuid, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("algorithm", sa.Text, nullable=False),
    sa.Column("value", postgresql.BYTEA, nullable=False),
    sa.Column("signed_at", _INSTANT, nullable=False),
    schema="market",
)

BUNDLES: Final = sa.Table(
    "bundles",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("buyer_party_id", sa.Uuid, nullable=False),
    sa.Column("total_fen", sa.BigInteger, nullable=False),
    sa.Column("placed_at", _INSTANT, nullable=False),
    schema="market",
)

DESTRUCTION_STATEMENTS: Final = sa.Table(
    "destruction_statements",
    METADATA,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    sa.Column("buyer_party_id", sa.Uuid, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("content_sha256", postgresql.ARRAY(sa.Text), nullable=False),
    sa.Column("fingerprint_id", sa.Text, nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("destroyed_on", sa.Date, nullable=False),
    sa.Column("destroyed_by", sa.Text, nullable=False),
    sa.Column("evidence_sha256", sa.Text),
    sa.Column("stated_at", _INSTANT, nullable=False),
    schema="market",
)

PAYOUT_HOLDS: Final = sa.Table(
    "payout_holds",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("order_id", sa.Uuid, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("held_by", sa.Uuid),
    sa.Column("held_at", _INSTANT, nullable=False),
    sa.Column("lifted_at", _INSTANT),
    sa.Column("lifted_because", sa.Text),
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


async def find_by_special_price(tx: Tx, special_price_id: uuid.UUID) -> Order | None:
    """Return the order in which a special price was used, or None."""
    row = await tx.fetch_one(SELECT + " WHERE special_price ->> 'id' = $1", str(special_price_id))
    return None if row is None else order_of(row)


# The names are other ones than a grant's: both may be read at once.
_STANDS: Final = f"""
           o.id AS of_order, o.state AS order_state, o.level AS order_level,
           o.decision -> 'facts' AS cleared_by,
           g.state AS grant_state, p.state AS buyer_state,
           EXISTS (SELECT FROM market.cut_offs c
                    WHERE c.state = 'standing'
                      AND c.subject_id IN (o.id, g.id, o.agreement_id, o.product_id,
                                           o.buyer_party_id, o.supplier_party_id)) AS is_cut_off,
           EXISTS (SELECT FROM settlement.usage_accounts a
                    WHERE a.order_id = o.id AND a.state = 'suspended') AS is_in_arrears,
           {credit.banned("o.buyer_party_id", day="$2")} AS is_banned,
           o.product_version, o.purpose AS order_purpose, to_jsonb(c) AS consents,
           v.valid_to AS anonymised_until
      FROM market.orders o
      JOIN market.grants g ON g.order_id = o.id
      JOIN market.parties p ON p.id = o.buyer_party_id
      LEFT JOIN market.consent_grounds c
             ON c.product_id = o.product_id AND c.scenario = o.scenario
            AND c.recipient_party_id = o.buyer_party_id
      LEFT JOIN market.anonymised_versions v
             ON v.product_id = o.product_id AND v.product_version = o.product_version"""  # noqa: S608 - our own columns
_STANDING: Final = f"SELECT {_STANDS}"
_WITH_GRANT: Final = f"SELECT {grants.columns('g')}, {_STANDS} WHERE g.order_id = $1"


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


async def read_standing(tx: Tx, order_id: uuid.UUID, *, today: dt.date) -> Standing:
    """Return what stands today of an order that has a grant."""
    row = await tx.fetch_one(_STANDING + " WHERE o.id = $1", order_id, today)
    assert row is not None, "who sees the grant of an order sees the order"
    return _standing_of(row, today)


async def find_with_grant(
    tx: Tx, order_id: uuid.UUID, *, today: dt.date
) -> tuple[Grant, Standing] | None:
    """Return the grant of an order, and what stands of it today; None if the actor sees none."""
    row = await tx.fetch_one(_WITH_GRANT, order_id, today)
    return None if row is None else (grants.grant_of(row), _standing_of(row, today))


async def list_standing(
    tx: Tx, order_ids: Sequence[uuid.UUID], *, today: dt.date
) -> list[Standing]:
    """Return what stands today of orders that have a grant, in no order."""
    rows = await tx.fetch(_STANDING + " WHERE o.id = ANY ($1)", list(order_ids), today)
    return [_standing_of(row, today) for row in rows]


def _standing_of(row: Row, today: dt.date) -> Standing:
    told, consents = row["cleared_by"], row["consents"]
    given = None if consents is None else msgspec.convert(consents, Grounds)
    has_basis = grounds.allow(
        given, version=row["product_version"], purpose=row["order_purpose"], today=today
    ) or accepting.counts(row["anonymised_until"], today)
    return Standing(
        order_id=row["of_order"],
        level=row["order_level"],
        cleared_by=None if told is None else msgspec.convert(told, Facts),
        grant_state=GrantState(row["grant_state"]),
        is_use_allowed=allows(State(row["order_state"]), Event.USE),
        is_buyer_verified=row["buyer_state"] == PartyState.VERIFIED,
        is_buyer_banned=row["buyer_state"] == PartyState.SUSPENDED or row["is_banned"],
        is_cut_off=row["is_cut_off"],
        is_in_arrears=row["is_in_arrears"],
        has_personal_basis=has_basis,
    )


async def lock(tx: Tx, order_id: uuid.UUID) -> Order | None:
    """Lock and return the order, or None if the actor sees none."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1 FOR UPDATE", order_id)
    return None if row is None else order_of(row)


async def insert_contract(tx: Tx, contract: Contract, order: Order) -> None:
    """Keep the contract that was drafted for ``order``."""
    drafted = insertion(
        CONTRACTS,
        order_id=contract.order_id,
        buyer_party_id=order.buyer_party_id,
        supplier_party_id=order.supplier_party_id,
        record=contract.document,
        record_sha256=contract.sha256,
        split=msgspec.to_builtins(contract.split),
        drafted_at=contract.drafted_at,
    )
    await tx.write_later(drafted)


async def insert_signature(tx: Tx, signed: ContractSignature, order: Order) -> None:
    """Keep a party's signature; each side has one."""
    signature = insertion(
        CONTRACT_SIGNATURES,
        order_id=order.id,
        side=signed.side.value,
        buyer_party_id=order.buyer_party_id,
        supplier_party_id=order.supplier_party_id,
        party_id=signed.party_id,
        key_id=signed.signature.key_id,
        algorithm=signed.signature.algorithm,
        value=signed.signature.value,
        signed_at=signed.signed_at,
    )
    await tx.write_later(signature)


async def find_contract(tx: Tx, order_id: uuid.UUID) -> Contract | None:
    """Return the contract of an order with its signatures, or None."""
    rows = await tx.fetch(
        """
        SELECT c.order_id, c.record, c.record_sha256, c.split, c.drafted_at,
               s.side, s.party_id, s.key_id, s.algorithm, s.value, s.signed_at
          FROM market.contracts c LEFT JOIN market.contract_signatures s USING (order_id)
         WHERE c.order_id = $1 ORDER BY s.signed_at, s.side""",
        order_id,
    )
    if not rows:
        return None
    row, signatures = rows[0], [each for each in rows if each["side"] is not None]
    return msgspec.convert(
        {
            "order_id": row["order_id"],
            "document": row["record"],
            "sha256": row["record_sha256"],
            "split": row["split"],
            "drafted_at": row["drafted_at"],
            "signatures": tuple(_signature(signed) for signed in signatures),
        },
        Contract,
    )


async def insert_bundle(tx: Tx, bundle: Bundle) -> None:
    """Keep that orders were placed together."""
    await tx.insert(BUNDLES, **msgspec.structs.asdict(bundle))


async def find_bundle(tx: Tx, bundle_id: uuid.UUID) -> Bundle | None:
    """Return a bundle, or None if the actor sees none."""
    row = await tx.fetch_one(
        "SELECT id, number, buyer_party_id, total_fen, placed_at FROM market.bundles WHERE id = $1",
        bundle_id,
    )
    return None if row is None else msgspec.convert(dict(row), Bundle)


async def insert_destruction(tx: Tx, statement: DestructionStatement) -> None:
    """Keep a statement of destruction; an order has one."""
    await tx.insert(
        DESTRUCTION_STATEMENTS,
        **msgspec.structs.asdict(statement) | {"content_sha256": list(statement.content_sha256)},
    )


async def list_undestroyed(tx: Tx, *, buyer: uuid.UUID, now: dt.datetime) -> list[str]:
    """Return the numbers of a buyer's orders whose statement of destruction is overdue."""
    rows = await tx.fetch(
        """
        SELECT o.number FROM catalog.timers t JOIN market.orders o ON o.id = t.subject_id
         WHERE t.kind = 'destruction_statement' AND t.party_id = $1
           AND t.state IN ('open', 'overdue') AND t.ends_at <= $2
         ORDER BY t.ends_at, o.id LIMIT 20""",
        buyer,
        now,
    )
    return [row["number"] for row in rows]


async def find_destruction(tx: Tx, order_id: uuid.UUID) -> DestructionStatement | None:
    """Return the statement of an order, or None if the actor sees none."""
    row = await tx.fetch_one(
        """
        SELECT order_id, buyer_party_id, supplier_party_id, content_sha256, fingerprint_id, method,
               destroyed_on, destroyed_by, evidence_sha256, stated_at
          FROM market.destruction_statements WHERE order_id = $1""",
        order_id,
    )
    return None if row is None else msgspec.convert(dict(row), DestructionStatement)


def order_of(row: Row) -> Order:
    """Return the order in a row."""
    return msgspec.convert(dict(row), Order)


def _signature(row: Row) -> ContractSignature:
    return ContractSignature(
        side=Side(row["side"]),
        party_id=row["party_id"],
        signature=Signature(key_id=row["key_id"], value=row["value"], algorithm=row["algorithm"]),
        signed_at=row["signed_at"],
    )


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


async def find_hold(tx: Tx, order_id: uuid.UUID) -> uuid.UUID | None:
    """Return the hold that stands on the payout of an order, or None."""
    found: uuid.UUID | None = await tx.fetch_value(
        "SELECT id FROM market.payout_holds WHERE order_id = $1 AND lifted_at IS NULL", order_id
    )
    return found


async def insert_hold(
    tx: Tx, *, hold_id: uuid.UUID, order_id: uuid.UUID, reason: str, by: uuid.UUID | None, now: Any
) -> None:
    """Hold the payout of an order that the caller holds locked."""
    await tx.insert(
        PAYOUT_HOLDS, id=hold_id, order_id=order_id, reason=reason, held_by=by, held_at=now
    )


async def lift_hold(tx: Tx, hold_id: uuid.UUID, *, reason: str, now: Any) -> None:
    """Lift a hold."""
    await tx.execute(
        "UPDATE market.payout_holds SET lifted_at = $2, lifted_because = $3 WHERE id = $1",
        hold_id,
        now,
        reason,
    )


def _value(told: enum.StrEnum | None) -> str | None:
    return None if told is None else told.value
