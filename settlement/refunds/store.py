"""Table and statements of refunds (退款)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx, select_all
from settlement.refunds.bank_lines import Told
from settlement.refunds.model import Refund, RefundBatch

_INSTANT: Final = sa.DateTime(timezone=True)

REFUNDS: Final = sa.Table(
    "refunds",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("reference", sa.Text, nullable=False),
    sa.Column("owed_by", sa.Uuid, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("paid_transaction_id", sa.Text, nullable=False),
    sa.Column("order_id", sa.Uuid, nullable=False),
    sa.Column("payer_party_id", sa.Uuid, nullable=False),
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("send_at", _INSTANT, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("transaction_id", sa.Text),
    sa.Column("settled_at", _INSTANT),
    sa.Column("journal_key", sa.Uuid),
    schema="settlement",
)
REFUND_BATCHES: Final = sa.Table(
    "refund_batches",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("made_at", _INSTANT, nullable=False),
    sa.Column("made_by", sa.Uuid),
    sa.Column("file_sha256", sa.Text, nullable=False),
    schema="settlement",
)
REFUND_BATCH_LINES: Final = sa.Table(
    "refund_batch_lines",
    METADATA,
    sa.Column("batch_id", sa.Uuid, primary_key=True),
    sa.Column("refund_id", sa.Uuid, primary_key=True),
    sa.Column("outcome", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("ended_at", _INSTANT),
    schema="settlement",
)
REFUND_OUTCOME_FILES: Final = sa.Table(
    "refund_outcome_files",
    METADATA,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("batch_id", sa.Uuid, nullable=False),
    sa.Column("taken_at", _INSTANT, nullable=False),
    schema="settlement",
)
SELECT: Final = select_all(REFUNDS)
SELECT_BATCH: Final = f"""
    SELECT b.*, s.line_count, s.total_fen, s.open_count
      FROM ({select_all(REFUND_BATCHES)}) b
     CROSS JOIN LATERAL (
            SELECT count(*)::integer AS line_count,
                   coalesce(sum(r.amount_fen), 0)::bigint AS total_fen,
                   (count(*) FILTER (WHERE l.outcome IS NULL))::integer AS open_count
              FROM settlement.refund_batch_lines l
              JOIN settlement.refunds r ON r.id = l.refund_id
             WHERE l.batch_id = b.id) s"""  # noqa: S608 - parts of our own


class Owed(msgspec.Struct, frozen=True, kw_only=True):
    """An entry that owes a buyer money back, and the payment through which it came."""

    key: uuid.UUID
    book: str
    order_id: uuid.UUID
    amount_fen: int
    payer_party_id: uuid.UUID
    channel: str
    paid_transaction_id: str


#: What is owed back of an order is laid along what was paid for it, the first payment first: so each part of
#: an entry has one payment, and no payment gives back more than it brought.
_OWED: Final = """
    WITH fresh AS (
        SELECT j.key, j.order_id
          FROM settlement.journal j
          JOIN settlement.accounts a ON a.id = j.a2 AND a.purpose = 'refund_payable'
         WHERE j.order_id IS NOT NULL
           AND NOT EXISTS (SELECT FROM settlement.refunds r WHERE r.owed_by = j.key)
         ORDER BY j.key LIMIT $1),
    owed AS (
        SELECT j.key, a.book, a.owner, j.order_id, j.v2 AS amount_fen, b.transaction_id,
               sum(j.v2) FILTER (WHERE b.resolving_key IS NULL)
                   OVER (PARTITION BY j.order_id, a.owner ORDER BY j.key) AS through
          FROM settlement.journal j
          JOIN settlement.accounts a ON a.id = j.a2 AND a.purpose = 'refund_payable'
          LEFT JOIN settlement.statement_breaks b ON b.resolving_key = j.key
         WHERE j.order_id IN (SELECT order_id FROM fresh)),
    paid AS (
        SELECT order_id, payer_party_id, channel, channel_transaction_id, amount_fen,
               sum(amount_fen) OVER (PARTITION BY order_id ORDER BY succeeded_at, id) AS through,
               row_number() OVER (PARTITION BY order_id ORDER BY succeeded_at DESC, id DESC) AS back
          FROM settlement.payments
         WHERE state = 'succeeded' AND order_id IN (SELECT order_id FROM fresh))
    SELECT o.key, o.book, o.order_id, p.payer_party_id, p.channel,
           coalesce(o.transaction_id, p.channel_transaction_id) AS paid_transaction_id,
           CASE WHEN o.transaction_id IS NOT NULL THEN o.amount_fen ELSE
               (CASE WHEN p.back = 1 THEN o.through ELSE least(o.through, p.through) END
                - greatest(o.through - o.amount_fen, p.through - p.amount_fen))::bigint
           END AS amount_fen
      FROM fresh f
      JOIN owed o ON o.key = f.key
      JOIN paid p ON p.order_id = o.order_id AND p.payer_party_id::text = o.owner
     WHERE CASE WHEN o.transaction_id IS NOT NULL THEN p.back = 1
                ELSE CASE WHEN p.back = 1 THEN o.through ELSE least(o.through, p.through) END
                     > greatest(o.through - o.amount_fen, p.through - p.amount_fen) END
     ORDER BY o.key, p.through"""


async def list_owed(tx: Tx, *, limit: int) -> list[Owed]:
    """Return what entries owe a buyer back that have no refund yet, in their order.

    An entry that is more than one payment brought comes in parts, one for each. What was settled of a
    break goes back by the transaction that was one too many.
    """
    return [msgspec.convert(dict(row), Owed) for row in await tx.fetch(_OWED, limit)]


async def insert(tx: Tx, refund: Refund) -> bool:
    """Insert a refund; return False if the entry has one by this payment already."""
    inserted = await tx.fetch_value(
        """INSERT INTO settlement.refunds (id, reference, owed_by, channel, paid_transaction_id,
                  order_id, payer_party_id, book, amount_fen, state, created_at, send_at, tries)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
           ON CONFLICT (owed_by, paid_transaction_id) DO NOTHING RETURNING true""",
        refund.id,
        refund.reference,
        refund.owed_by,
        refund.channel,
        refund.paid_transaction_id,
        refund.order_id,
        refund.payer_party_id,
        refund.book,
        refund.amount_fen,
        refund.state.value,
        refund.created_at,
        refund.send_at,
        refund.tries,
    )
    return bool(inserted)


async def lock(tx: Tx, refund_id: uuid.UUID) -> Refund | None:
    """Return a refund, locked until the transaction ends, or None."""
    row = await tx.fetch_one(f"{SELECT} WHERE id = $1 FOR UPDATE", refund_id)
    return None if row is None else refund_of(row)


async def update(tx: Tx, refund: Refund) -> None:
    """Write back what may change of a refund that the caller holds locked."""
    await tx.execute(
        """UPDATE settlement.refunds
              SET state = $2, send_at = $3, tries = $4, transaction_id = $5, settled_at = $6,
                  journal_key = $7
            WHERE id = $1""",
        refund.id,
        refund.state.value,
        refund.send_at,
        refund.tries,
        refund.transaction_id,
        refund.settled_at,
        refund.journal_key,
    )


def refund_of(row: Row) -> Refund:
    """Return the refund in a row."""
    return msgspec.convert(dict(row), Refund)


async def lock_waiting(tx: Tx, *, channel: str, limit: int) -> list[Refund]:
    """Return refunds of a channel that were sent and stand in no batch that is open, locked."""
    rows = await tx.fetch(
        f"""{SELECT}
         WHERE channel = $1 AND state IN ('sent', 'unknown')
           AND NOT EXISTS (SELECT FROM settlement.refund_batch_lines l
                            WHERE l.refund_id = refunds.id AND l.outcome IS NULL)
         ORDER BY id LIMIT $2 FOR UPDATE""",
        channel,
        limit,
    )
    return [refund_of(row) for row in rows]


async def insert_batch(tx: Tx, batch: RefundBatch, refunds: Sequence[Refund]) -> None:
    """Insert a batch with its lines."""
    await tx.insert(
        REFUND_BATCHES,
        id=batch.id,
        channel=batch.channel,
        made_at=batch.made_at,
        made_by=batch.made_by,
        file_sha256=batch.file_sha256,
    )
    await tx.insert_many(
        REFUND_BATCH_LINES, [{"batch_id": batch.id, "refund_id": each.id} for each in refunds]
    )


async def lock_batch(tx: Tx, batch_id: uuid.UUID) -> RefundBatch | None:
    """Return a batch, locked until the transaction ends, or None."""
    locked = await tx.fetch_value(
        "SELECT id FROM settlement.refund_batches WHERE id = $1 FOR UPDATE", batch_id
    )
    return None if locked is None else await find_batch(tx, batch_id)


async def find_batch(tx: Tx, batch_id: uuid.UUID) -> RefundBatch | None:
    """Return a batch, or None."""
    row = await tx.fetch_one(f"{SELECT_BATCH} WHERE b.id = $1", batch_id)
    return None if row is None else batch_of(row)


def batch_of(row: Row) -> RefundBatch:
    """Return the batch in a row."""
    return msgspec.convert(dict(row), RefundBatch)


async def lock_open_lines(tx: Tx, batch_id: uuid.UUID) -> list[Refund]:
    """Return the refunds of a batch that the bank has not told of, locked."""
    rows = await tx.fetch(
        f"""{SELECT}
         WHERE id IN (SELECT refund_id FROM settlement.refund_batch_lines
                       WHERE batch_id = $1 AND outcome IS NULL)
         ORDER BY id FOR UPDATE""",  # noqa: S608 - parts of our own
        batch_id,
    )
    return [refund_of(row) for row in rows]


async def list_lines(tx: Tx, batch_id: uuid.UUID) -> list[Refund]:
    """Return the refunds of a batch in the order of its file."""
    rows = await tx.fetch(
        f"""{SELECT}
         WHERE id IN (SELECT refund_id FROM settlement.refund_batch_lines WHERE batch_id = $1)
         ORDER BY id""",  # noqa: S608 - parts of our own
        batch_id,
    )
    return [refund_of(row) for row in rows]


async def end_line(
    tx: Tx, *, batch_id: uuid.UUID, refund_id: uuid.UUID, told: Told, now: dt.datetime
) -> None:
    """Write what the bank told of a line."""
    await tx.execute(
        """UPDATE settlement.refund_batch_lines SET outcome = $3, reason = $4, ended_at = $5
            WHERE batch_id = $1 AND refund_id = $2""",
        batch_id,
        refund_id,
        told.outcome.value,
        told.reason or None,
        now,
    )


async def claim_outcomes(tx: Tx, *, sha256: str, batch_id: uuid.UUID, now: dt.datetime) -> bool:
    """Note that an outcome file is taken; return False if it was before."""
    inserted = await tx.fetch_value(
        """INSERT INTO settlement.refund_outcome_files (sha256, batch_id, taken_at)
           VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING true""",
        sha256,
        batch_id,
        now,
    )
    return bool(inserted)
