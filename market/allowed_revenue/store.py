"""Table and statements of the allowed revenues (最高准许收入)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from market.allowed_revenue.model import Allowance

ALLOWED_REVENUES: Final = sa.Table(
    "allowed_revenues",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("operator_party_id", sa.Uuid, nullable=False),
    sa.Column("period_from", sa.Date, nullable=False),
    sa.Column("period_to", sa.Date, nullable=False),
    sa.Column("decided", postgresql.JSONB, nullable=False),
    sa.Column("deducted_fen", sa.BigInteger, nullable=False),
    sa.Column("carried_fen", sa.BigInteger, nullable=False),
    sa.Column("allowed_fen", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("laid_down_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("warned_bps", sa.Integer, nullable=False),
    sa.Column("compared", postgresql.JSONB),
    sa.Column("recovered_fen", sa.BigInteger),
    sa.Column("over_fen", sa.BigInteger),
    schema="market",
)

SELECT: Final = """
    SELECT id, state, operator_party_id, decided, deducted_fen, carried_fen, allowed_fen, version,
           laid_down_at, updated_at, warned_bps, compared, recovered_fen, over_fen
      FROM market.allowed_revenues"""


async def insert(tx: Tx, allowance: Allowance) -> None:
    """Insert an allowance that was laid down."""
    await tx.insert(
        ALLOWED_REVENUES,
        **(
            msgspec.structs.asdict(allowance)
            | {
                "state": allowance.state.value,
                "period_from": allowance.decided.period_from,
                "period_to": allowance.decided.period_to,
                "decided": msgspec.to_builtins(allowance.decided),
                "compared": msgspec.to_builtins(allowance.compared),
            }
        ),
    )


async def update(tx: Tx, allowance: Allowance) -> None:
    """Write back what may change of ``allowance``, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.allowed_revenues
           SET state = $2, version = $3, updated_at = $4, warned_bps = $5, compared = $6,
               recovered_fen = $7, over_fen = $8, deducted_fen = $9, carried_fen = $10,
               allowed_fen = $11
         WHERE id = $1""",
        allowance.id,
        allowance.state.value,
        allowance.version,
        allowance.updated_at,
        allowance.warned_bps,
        msgspec.to_builtins(allowance.compared),
        allowance.recovered_fen,
        allowance.over_fen,
        allowance.deducted_fen,
        allowance.carried_fen,
        allowance.allowed_fen,
    )
    assert touched == 1, "a locked allowance can not vanish"


async def lock(tx: Tx, allowance_id: uuid.UUID) -> Allowance | None:
    """Lock and return the allowance, or None if the actor sees none."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1 FOR UPDATE", allowance_id)
    return None if row is None else allowance_of(row)


async def lock_of_operator(tx: Tx, operator: uuid.UUID) -> list[Allowance]:
    """Return the allowances of an operator, oldest period first, and hold up who lays down another."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('market.allowed_revenues:' || $1, 0))",
        str(operator),
    )
    rows = await tx.fetch(
        SELECT + " WHERE operator_party_id = $1 ORDER BY period_from LIMIT 1000", operator
    )
    return [allowance_of(row) for row in rows]


_RETURNED: Final = """coalesce((SELECT sum(r.amount_fen) FROM settlement.returned_legs r
                                   WHERE r.order_id = e.order_id), 0)"""
_SETTLED: Final = """
      FROM market.orders o
      JOIN settlement.escrows e ON e.order_id = o.id
      JOIN market.pricing_filings f ON f.id = o.filing_id
     WHERE o.supplier_party_id = $1 AND e.state = 'released'
       AND e.closed_at >= $2 AND e.closed_at < $3
       AND f.terms ->> 'pricing_regime' = 'government_guided'"""


async def sum_recovered(
    tx: Tx, *, operator: uuid.UUID, start: dt.datetime, end: dt.datetime
) -> int:
    """Return what orders at guided prices brought in, of those settled from ``start`` until ``end``.

    It is what was paid, the tax with it: an allowed revenue is cost, profit and tax (65号).
    """
    total: int = await tx.fetch_value(
        f"SELECT coalesce(sum(e.captured_fen - {_RETURNED}), 0)::bigint {_SETTLED}",
        operator,
        start,
        end,
    )
    return total


async def sum_volume(tx: Tx, *, operator: uuid.UUID, start: dt.datetime, end: dt.datetime) -> int:
    """Return how many units these orders sold."""
    total: int = await tx.fetch_value(
        f"SELECT coalesce(sum(o.quantity), 0)::bigint {_SETTLED}", operator, start, end
    )
    return total


async def find_uncompared(tx: Tx, *, today: dt.date, limit: int) -> list[uuid.UUID]:
    """Return allowances that nobody compared and whose period is over."""
    rows = await tx.fetch(
        """
        SELECT id FROM market.allowed_revenues
         WHERE state = 'laid_down' AND period_to < $1
           AND coalesce(compared, 'null'::jsonb) = 'null'::jsonb
         ORDER BY period_to, id LIMIT $2""",
        today,
        limit,
    )
    return [row["id"] for row in rows]


async def find_running(tx: Tx, *, today: dt.date, limit: int) -> list[uuid.UUID]:
    """Return allowances whose period runs, or is over and not closed yet."""
    rows = await tx.fetch(
        """
        SELECT id FROM market.allowed_revenues
         WHERE state <> 'closed' AND period_from <= $1 AND warned_bps < 10000
         ORDER BY period_to, id LIMIT $2""",
        today,
        limit,
    )
    return [row["id"] for row in rows]


def allowance_of(row: Row) -> Allowance:
    """Return the allowance in a row."""
    return msgspec.convert(dict(row), Allowance)
