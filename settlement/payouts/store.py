"""Tables and statements of payout batches, their lines, and the outcome files of banks (付款)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx, select_all
from settlement.payouts.model import Batch, Owed, Payout

_INSTANT: Final = sa.DateTime(timezone=True)

PAYOUT_BATCHES: Final = sa.Table(
    "payout_batches",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("minimum_fen", sa.BigInteger, nullable=False),
    sa.Column("prepared_at", _INSTANT, nullable=False),
    sa.Column("prepared_by", sa.Uuid),
    sa.Column("approved_at", _INSTANT),
    sa.Column("approved_by", sa.Uuid),
    sa.Column("cancelled_at", _INSTANT),
    sa.Column("file_sha256", sa.Text),
    schema="settlement",
)
PAYOUTS: Final = sa.Table(
    "payouts",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("batch_id", sa.Uuid, nullable=False),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("party_id", sa.Uuid, nullable=False),
    sa.Column("beneficiary_id", sa.Uuid, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("sent_at", _INSTANT),
    sa.Column("ended_at", _INSTANT),
    sa.Column("transaction_id", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("payout_key", sa.Uuid),
    sa.Column("ending_key", sa.Uuid),
    schema="settlement",
)
PAYOUT_OUTCOME_FILES: Final = sa.Table(
    "payout_outcome_files",
    METADATA,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("batch_id", sa.Uuid, nullable=False),
    sa.Column("line_count", sa.Integer, nullable=False),
    sa.Column("taken_at", _INSTANT, nullable=False),
    sa.Column("taken_by", sa.Uuid),
    schema="settlement",
)

#: What may be paid out: the accounts of what parties are owed.
OWED: Final = (
    "payable",
    "department_payable",
    "platform_fee",
    "treasury_non_tax",
    "tax_payable",
)
SELECT: Final = """
    SELECT id, batch_id, reference, book, purpose, party_id, beneficiary_id, amount_fen, state,
           sent_at, ended_at, transaction_id, reason, payout_key, ending_key
      FROM settlement.payouts"""
SELECT_BATCH: Final = f"""
    SELECT b.*, s.line_count, s.total_fen, s.counts
      FROM ({select_all(PAYOUT_BATCHES)}) b
     CROSS JOIN LATERAL (
            SELECT coalesce(sum(n), 0)::integer AS line_count,
                   coalesce(sum(fen), 0)::bigint AS total_fen,
                   coalesce(jsonb_object_agg(state, n), '{{}}') AS counts
              FROM (SELECT state, count(*) AS n, sum(amount_fen) AS fen
                      FROM settlement.payouts p WHERE p.batch_id = b.id GROUP BY state) g) s"""  # noqa: S608 - parts of our own


async def list_owed(tx: Tx) -> list[Owed]:
    """Return what every party is owed and no live payout pays, in a fixed order."""
    rows = await tx.fetch(
        """SELECT a.book, a.purpose, a.owner::uuid AS party_id, g.posted - g.held AS amount_fen
             FROM settlement.accounts a
             JOIN settlement.guard_balances g ON g.account_id = a.id
            WHERE a.purpose = ANY ($1) AND g.posted - g.held > 0
              AND a.owner ~ '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'
              AND NOT EXISTS (
                    SELECT FROM settlement.payouts p
                     WHERE p.book = a.book AND p.purpose = a.purpose
                       AND p.party_id::text = a.owner
                       AND p.state IN ('prepared', 'approved', 'in_transit', 'unknown'))
            ORDER BY a.owner, a.book, a.purpose""",
        list(OWED),
    )
    return [msgspec.convert(dict(row), Owed) for row in rows]


async def insert_batch(tx: Tx, batch: Batch, lines: Sequence[Payout]) -> None:
    """Insert a batch with its lines."""
    await tx.insert(
        PAYOUT_BATCHES,
        id=batch.id,
        channel=batch.channel,
        minimum_fen=batch.minimum_fen,
        prepared_at=batch.prepared_at,
        prepared_by=batch.prepared_by,
    )
    await tx.insert_many(
        PAYOUTS,
        [
            {
                "id": line.id,
                "batch_id": line.batch_id,
                "reference": line.reference,
                "channel": batch.channel,
                "book": line.book,
                "purpose": line.purpose,
                "party_id": line.party_id,
                "beneficiary_id": line.beneficiary_id,
                "amount_fen": line.amount_fen,
                "state": line.state.value,
            }
            for line in lines
        ],
    )


async def lock_batch(tx: Tx, batch_id: uuid.UUID) -> Batch | None:
    """Return a batch, locked until the transaction ends, or None."""
    locked = await tx.fetch_value(
        "SELECT id FROM settlement.payout_batches WHERE id = $1 FOR UPDATE", batch_id
    )
    return None if locked is None else await find_batch(tx, batch_id)


async def find_batch(tx: Tx, batch_id: uuid.UUID) -> Batch | None:
    """Return a batch, or None."""
    row = await tx.fetch_one(f"{SELECT_BATCH} WHERE b.id = $1", batch_id)
    return None if row is None else batch_of(row)


async def update_batch(tx: Tx, batch: Batch) -> None:
    """Write back what may change of a batch that the caller holds locked."""
    await tx.execute(
        """UPDATE settlement.payout_batches
              SET approved_at = $2, approved_by = $3, cancelled_at = $4, file_sha256 = $5
            WHERE id = $1""",
        batch.id,
        batch.approved_at,
        batch.approved_by,
        batch.cancelled_at,
        batch.file_sha256,
    )


async def lock_lines(tx: Tx, batch_id: uuid.UUID) -> list[Payout]:
    """Return the lines of a batch in their order, locked until the transaction ends."""
    rows = await tx.fetch(f"{SELECT} WHERE batch_id = $1 ORDER BY id FOR UPDATE", batch_id)
    return [payout_of(row) for row in rows]


async def lock(tx: Tx, payout_id: uuid.UUID) -> Payout | None:
    """Return a line, locked until the transaction ends, or None."""
    row = await tx.fetch_one(f"{SELECT} WHERE id = $1 FOR UPDATE", payout_id)
    return None if row is None else payout_of(row)


async def update(tx: Tx, payout: Payout) -> None:
    """Write back what may change of a line that the caller holds locked."""
    await tx.execute(
        """UPDATE settlement.payouts
              SET state = $2, sent_at = $3, ended_at = $4, transaction_id = $5, reason = $6,
                  payout_key = $7, ending_key = $8
            WHERE id = $1""",
        payout.id,
        payout.state.value,
        payout.sent_at,
        payout.ended_at,
        payout.transaction_id,
        payout.reason,
        payout.payout_key,
        payout.ending_key,
    )


async def claim_outcomes(
    tx: Tx, *, sha256: str, batch_id: uuid.UUID, count: int, now: dt.datetime, by: uuid.UUID | None
) -> bool:
    """Note that an outcome file is taken; return False if it was before."""
    inserted = await tx.fetch_value(
        """INSERT INTO settlement.payout_outcome_files (sha256, batch_id, line_count, taken_at,
                                                        taken_by)
           VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING true""",
        sha256,
        batch_id,
        count,
        now,
        by,
    )
    return bool(inserted)


def payout_of(row: Row) -> Payout:
    """Return the line in a row."""
    return msgspec.convert(dict(row), Payout)


def batch_of(row: Row) -> Batch:
    """Return the batch in a row."""
    return msgspec.convert(dict(row), Batch)
