"""Store charge-backs: one row per case of a channel."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx
from settlement.chargebacks.model import Chargeback

CHARGEBACKS: Final = sa.Table(
    "chargebacks",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("case_number", sa.Text, nullable=False),
    sa.Column("payment_id", sa.Uuid, nullable=False),
    sa.Column("order_id", sa.Uuid, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("was_shared", sa.Boolean, nullable=False),
    sa.Column("escrow_fen", sa.BigInteger),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("contest_until", sa.DateTime(timezone=True), nullable=False),
    sa.Column("evidence", sa.Text),
    sa.Column("contested_at", sa.DateTime(timezone=True)),
    sa.Column("contested_by", sa.Uuid),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
    sa.Column("ending_key", sa.Uuid),
    sa.Column("ended_by", sa.Uuid),
    sa.Column("ending_note", sa.Text),
    schema="settlement",
)
SELECT: Final = """
    SELECT id, channel, case_number, payment_id, order_id, amount_fen, was_shared,
           coalesce(escrow_fen, CASE WHEN was_shared THEN 0 ELSE amount_fen END) AS escrow_fen, state,
           opened_at, contest_until, evidence, contested_at, contested_by, ended_at, ending_key,
           ended_by, ending_note
      FROM settlement.chargebacks"""


async def insert(tx: Tx, case: Chargeback) -> None:
    """Insert a case that opens."""
    await tx.insert(CHARGEBACKS, **(msgspec.structs.asdict(case) | {"state": str(case.state)}))


async def update(tx: Tx, case: Chargeback) -> None:
    """Write back what may change of a case that the caller holds locked."""
    await tx.execute(
        """UPDATE settlement.chargebacks
              SET state = $2, evidence = $3, contested_at = $4, contested_by = $5, ended_at = $6,
                  ending_key = $7, ended_by = $8, ending_note = $9
            WHERE id = $1""",
        case.id,
        str(case.state),
        case.evidence,
        case.contested_at,
        case.contested_by,
        case.ended_at,
        case.ending_key,
        case.ended_by,
        case.ending_note,
    )


async def find(tx: Tx, chargeback_id: uuid.UUID) -> Chargeback | None:
    """Return a case, or None."""
    row = await tx.fetch_one(f"{SELECT} WHERE id = $1", chargeback_id)
    return None if row is None else case(row)


async def lock(tx: Tx, chargeback_id: uuid.UUID) -> Chargeback | None:
    """Return a case, locked until the transaction ends, or None."""
    row = await tx.fetch_one(f"{SELECT} WHERE id = $1 FOR UPDATE", chargeback_id)
    return None if row is None else case(row)


async def lock_of_payment(tx: Tx, payment_id: uuid.UUID) -> list[Chargeback]:
    """Return the cases of a payment, locked, the first one first."""
    rows = await tx.fetch(
        f"{SELECT} WHERE payment_id = $1 ORDER BY opened_at, id LIMIT 1000 FOR UPDATE", payment_id
    )
    return [case(row) for row in rows]


async def sum_aside(tx: Tx, order_id: uuid.UUID, *, but: uuid.UUID | None) -> int:
    """Return how much of an order's escrow is set aside for cases that stand, except one, in fen."""
    return int(
        await tx.fetch_value(
            """SELECT coalesce(sum(CASE WHEN was_shared THEN coalesce(escrow_fen, 0)
                                     ELSE amount_fen END), 0)
                 FROM settlement.chargebacks
                WHERE order_id = $1 AND state IN ('opened', 'contested')
                  AND id IS DISTINCT FROM $2""",
            order_id,
            but,
        )
    )


def case(row: Row) -> Chargeback:
    """Return the case in a row."""
    return msgspec.convert(dict(row), Chargeback)
