"""Tables and statements of usage accounts and charges. Charges are only ever added, each after the last."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx, select_all
from settlement.charging.model import Charge, UsageAccount

_INSTANT: Final = sa.DateTime(timezone=True)

USAGE_ACCOUNTS: Final = sa.Table(
    "usage_accounts",
    METADATA,
    sa.Column("order_id", sa.Uuid, primary_key=True),
    sa.Column("payer_party_id", sa.Uuid, nullable=False),
    sa.Column("payee_party_id", sa.Uuid, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("credit_limit_fen", sa.BigInteger, nullable=False),
    sa.Column("low_fen", sa.BigInteger, nullable=False),
    sa.Column("opened_at", _INSTANT, nullable=False),
    sa.Column("due_on", sa.Date),
    sa.Column("due_at", _INSTANT),
    sa.Column("suspended_at", _INSTANT),
    sa.Column("closed_at", _INSTANT),
    schema="settlement",
)
CHARGES: Final = sa.Table(
    "charges",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("order_id", sa.Uuid, nullable=False),
    sa.Column("after_seq", sa.Integer),
    sa.Column("to_seq", sa.Integer, nullable=False),
    sa.Column("calls_before", sa.BigInteger, nullable=False),
    sa.Column("calls", sa.BigInteger, nullable=False),
    sa.Column("bytes_before", sa.BigInteger, nullable=False),
    sa.Column("bytes", sa.BigInteger, nullable=False),
    sa.Column("quantity", sa.BigInteger, nullable=False),
    sa.Column("before_fen", sa.BigInteger, nullable=False),
    sa.Column("cumulative_fen", sa.BigInteger, nullable=False),
    sa.Column("price_item", sa.Text, nullable=False),
    sa.Column("price_sha256", sa.Text, nullable=False),
    sa.Column("record_sha256", sa.Text, nullable=False),
    sa.Column("charged_at", _INSTANT, nullable=False),
    schema="settlement",
)
SELECT: Final = select_all(USAGE_ACCOUNTS)
SELECT_CHARGES: Final = select_all(CHARGES)


async def insert(tx: Tx, account: UsageAccount) -> bool:
    """Insert an account; return False if the order has one already."""
    inserted = await tx.fetch_value(
        """INSERT INTO settlement.usage_accounts (order_id, payer_party_id, payee_party_id, state,
                  credit_limit_fen, low_fen, opened_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (order_id) DO NOTHING RETURNING true""",
        account.order_id,
        account.payer_party_id,
        account.payee_party_id,
        account.state.value,
        account.credit_limit_fen,
        account.low_fen,
        account.opened_at,
    )
    return bool(inserted)


async def lock(tx: Tx, order_id: uuid.UUID) -> UsageAccount | None:
    """Return the account of an order, locked until the transaction ends, or None."""
    row = await tx.fetch_one(f"{SELECT} WHERE order_id = $1 FOR UPDATE", order_id)
    return None if row is None else account_of(row)


async def update(tx: Tx, account: UsageAccount) -> None:
    """Write back what may change of an account that the caller holds locked."""
    await tx.execute(
        """UPDATE settlement.usage_accounts
              SET state = $2, due_on = $3, due_at = $4, suspended_at = $5, closed_at = $6
            WHERE order_id = $1""",
        account.order_id,
        account.state.value,
        account.due_on,
        account.due_at,
        account.suspended_at,
        account.closed_at,
    )


async def insert_charge(tx: Tx, charge: Charge) -> None:
    """Insert a charge; the database refuses one that does not go on from the last."""
    told = msgspec.structs.asdict(charge)
    await tx.insert(CHARGES, **told | {"after_seq": charge.after_seq or None})


async def find_last(tx: Tx, order_id: uuid.UUID) -> Charge | None:
    """Return the last charge of an order, or None."""
    row = await tx.fetch_one(
        f"{SELECT_CHARGES} WHERE order_id = $1 ORDER BY to_seq DESC LIMIT 1", order_id
    )
    return None if row is None else charge_of(row)


def account_of(row: Row) -> UsageAccount:
    """Return the account in a row."""
    return msgspec.convert(dict(row), UsageAccount)


def charge_of(row: Row) -> Charge:
    """Return the charge in a row; the first of an order follows none."""
    return msgspec.convert(dict(row) | {"after_seq": row["after_seq"] or 0}, Charge)
