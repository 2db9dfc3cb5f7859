"""Table and statements of the revenue agreements (收益分配约定)."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from market.revenue_agreements.model import RevenueAgreement

_PARTIES: Final = postgresql.ARRAY(sa.Uuid)

REVENUE_AGREEMENTS: Final = sa.Table(
    "revenue_agreements",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("agreed", postgresql.JSONB, nullable=False),
    sa.Column("asked", _PARTIES, nullable=False),
    sa.Column("given", _PARTIES, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("in_force_at", sa.DateTime(timezone=True)),
    sa.Column("reason", sa.Text),
    schema="market",
)

SELECT: Final = """
    SELECT id, number, state, product_id, supplier_party_id, agreed, asked, given, version,
           proposed_at, updated_at, in_force_at, reason
      FROM market.revenue_agreements"""


async def next_number(tx: Tx) -> int:
    """Return the next serial of the numbers; gaps after a rollback are harmless."""
    return int(await tx.fetch_value("SELECT nextval('market.revenue_agreement_numbers')"))


async def insert(tx: Tx, agreement: RevenueAgreement) -> None:
    """Insert an agreement that was proposed."""
    await tx.insert(
        REVENUE_AGREEMENTS,
        **(
            msgspec.structs.asdict(agreement)
            | {
                "state": agreement.state.value,
                "agreed": msgspec.to_builtins(agreement.agreed),
                "asked": list(agreement.asked),
                "given": list(agreement.given),
            }
        ),
    )


async def update(tx: Tx, agreement: RevenueAgreement) -> None:
    """Write back what may change of ``agreement``, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.revenue_agreements
           SET state = $2, given = $3, version = $4, updated_at = $5, in_force_at = $6, reason = $7
         WHERE id = $1""",
        agreement.id,
        agreement.state.value,
        list(agreement.given),
        agreement.version,
        agreement.updated_at,
        agreement.in_force_at,
        agreement.reason,
    )
    assert touched == 1, "a locked agreement can not vanish"


async def take_turns(tx: Tx, product_id: uuid.UUID) -> None:
    """Let who concludes agreements on one product wait for each other."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('market.revenue_agreements:' || $1, 0))",
        str(product_id),
    )


async def lock(tx: Tx, agreement_id: uuid.UUID) -> RevenueAgreement | None:
    """Lock and return the agreement, or None if the actor sees none."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1 FOR UPDATE", agreement_id)
    return None if row is None else agreement_of(row)


async def lock_in_force(tx: Tx, product_id: uuid.UUID) -> RevenueAgreement | None:
    """Lock and return the agreement in force for a product, or None."""
    row = await tx.fetch_one(
        SELECT + " WHERE product_id = $1 AND state = 'in_force' FOR UPDATE", product_id
    )
    return None if row is None else agreement_of(row)


def agreement_of(row: Row) -> RevenueAgreement:
    """Return the agreement in a row."""
    return msgspec.convert(dict(row), RevenueAgreement)
