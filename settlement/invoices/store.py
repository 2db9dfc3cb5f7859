"""Table and statements of the invoices (发票)."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from settlement.invoices.model import For, Invoice

INVOICES: Final = sa.Table(
    "invoices",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("order_id", sa.Uuid, nullable=False),
    sa.Column("issuer_party_id", sa.Uuid, nullable=False),
    sa.Column("payer_party_id", sa.Uuid, nullable=False),
    sa.Column("wanted", postgresql.JSONB, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("number", sa.Text),
    sa.Column("issued_on", sa.Date),
    sa.Column("red_letters", postgresql.JSONB, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("net_fen", sa.BigInteger),
    sa.Column("tax_fen", sa.BigInteger),
    sa.Column("tax", postgresql.JSONB),
    schema="settlement",
)

SELECT: Final = """
    SELECT id, state, order_id, issuer_party_id, payer_party_id, wanted, version, requested_at,
           updated_at, number, issued_on, red_letters, reason,
           net_fen, tax_fen, tax
      FROM settlement.invoices"""


async def insert(tx: Tx, invoice: Invoice) -> None:
    """Insert an invoice that was asked for."""
    await tx.insert(
        INVOICES,
        **(
            msgspec.structs.asdict(invoice)
            | {
                "state": invoice.state.value,
                "wanted": msgspec.to_builtins(invoice.wanted),
                "red_letters": msgspec.to_builtins(invoice.red_letters),
                "tax": msgspec.to_builtins(invoice.tax),
            }
        ),
    )


async def update(tx: Tx, invoice: Invoice) -> None:
    """Write back what may change of ``invoice``, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE settlement.invoices
           SET state = $2, version = $3, updated_at = $4, number = $5, issued_on = $6,
               red_letters = $7, reason = $8
         WHERE id = $1""",
        invoice.id,
        invoice.state.value,
        invoice.version,
        invoice.updated_at,
        invoice.number,
        invoice.issued_on,
        msgspec.to_builtins(invoice.red_letters),
        invoice.reason,
    )
    assert touched == 1, "a locked invoice can not vanish"


async def lock(tx: Tx, invoice_id: uuid.UUID) -> Invoice | None:
    """Lock and return the invoice, or None if the actor sees none."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1 FOR UPDATE", invoice_id)
    return None if row is None else invoice_of(row)


async def list_of_order(tx: Tx, order_id: uuid.UUID, of: For) -> list[Invoice]:
    """Return the invoices of an order for one thing; the caller holds its escrow locked."""
    rows = await tx.fetch(
        SELECT + " WHERE order_id = $1 AND wanted ->> 'of' = $2 ORDER BY id LIMIT 1000",
        order_id,
        of.value,
    )
    return [invoice_of(row) for row in rows]


async def is_taken(tx: Tx, *, issuer: uuid.UUID, number: str) -> bool:
    """Tell whether the issuer has given this number to an invoice or red letter."""
    taken: bool = await tx.fetch_value(
        """SELECT EXISTS (SELECT FROM settlement.invoices
                           WHERE issuer_party_id = $1
                             AND (number = $2
                                  OR red_letters @> jsonb_build_array(jsonb_build_object('number', $2::text))))""",
        issuer,
        number,
    )
    return taken


def invoice_of(row: Row) -> Invoice:
    """Return the invoice in a row."""
    return msgspec.convert(dict(row), Invoice)
