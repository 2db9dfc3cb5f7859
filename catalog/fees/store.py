"""Tables and statements of the fees (收费标准、登记费)."""

from __future__ import annotations

import uuid
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from catalog.fees.model import Fee
from catalog.fees.schedule import ApplicationKind, Price
from catalog.fees.states import State
from catalog.kernel.db import METADATA, Tx, select_all

_INSTANT: Final = sa.DateTime(timezone=True)

PRICES: Final = sa.Table(
    "fee_prices",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("application_kind", sa.Text, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("effective_on", sa.Date, nullable=False),
    sa.Column("ends_on", sa.Date),
    sa.Column("legal_basis", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("set_by", sa.Uuid),
    sa.Column("set_at", _INSTANT, nullable=False),
    schema="catalog",
)

FEES: Final = sa.Table(
    "fees",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("application_kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("party_id", sa.Uuid, nullable=False),
    sa.Column("price_id", sa.Uuid),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("frozen_at", _INSTANT, nullable=False),
    sa.Column("receipt", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("settled_by", sa.Uuid),
    sa.Column("settled_at", _INSTANT),
    schema="catalog",
)


_SELECT_PRICES: Final = select_all(PRICES)
_SELECT_FEES: Final = select_all(FEES)


async def take_turns(tx: Tx, kind: ApplicationKind) -> None:
    """Wait for whoever sets a price of the same kind."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"fee price/{kind.value}"
    )


async def list_prices(tx: Tx) -> list[Price]:
    """Return every price there is, kind by kind, the oldest first."""
    rows = await tx.fetch(f"{_SELECT_PRICES} ORDER BY application_kind, effective_on")
    return [msgspec.convert(dict(row), Price) for row in rows]


async def insert_price(tx: Tx, price: Price) -> None:
    """Insert a price; only its end is ever written afterwards."""
    await tx.insert(PRICES, **_values(price))


async def end_price(tx: Tx, price: Price) -> None:
    """Write when a price ends."""
    await tx.execute(
        "UPDATE catalog.fee_prices SET ends_on = $2 WHERE id = $1", price.id, price.ends_on
    )


async def insert_fee(tx: Tx, fee: Fee) -> None:
    """Insert the fee of an application."""
    await tx.insert(FEES, **_values(fee))


async def update_fee(tx: Tx, fee: Fee) -> None:
    """Write back what may change of ``fee``, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE catalog.fees
           SET state = $2, receipt = $3, reason = $4, settled_by = $5, settled_at = $6
         WHERE id = $1""",
        fee.id,
        fee.state.value,
        fee.receipt,
        fee.reason,
        fee.settled_by,
        fee.settled_at,
    )
    assert touched == 1, "a locked fee can not vanish"


async def lock_fee(tx: Tx, fee_id: uuid.UUID) -> Fee | None:
    """Lock and return a fee that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT_FEES} WHERE id = $1 FOR UPDATE", fee_id)
    return None if row is None else msgspec.convert(dict(row), Fee)


async def lock_of_subject(tx: Tx, kind: ApplicationKind, subject_id: uuid.UUID) -> Fee | None:
    """Lock and return the fee of an application, or None if it has none."""
    row = await tx.fetch_one(
        f"{_SELECT_FEES} WHERE subject_id = $1 AND application_kind = $2 FOR UPDATE",
        subject_id,
        kind.value,
    )
    return None if row is None else msgspec.convert(dict(row), Fee)


async def list_page(
    tx: Tx,
    *,
    state: State | None,
    subject_id: uuid.UUID | None,
    before: uuid.UUID | None,
    limit: int,
) -> list[Fee]:
    """Return fees that the actor may see, the newest first, from behind ``before``."""
    rows = await tx.fetch(
        f"""{_SELECT_FEES}
         WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR subject_id = $2)
           AND ($3::uuid IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4""",
        None if state is None else state.value,
        subject_id,
        before,
        limit,
    )
    return [msgspec.convert(dict(row), Fee) for row in rows]


def _values(record: msgspec.Struct) -> dict[str, Any]:
    # asyncpg takes a StrEnum for the text it is; only its plain value is wanted in the row.
    return {
        name: str(value) if isinstance(value, str) else value
        for name, value in msgspec.structs.asdict(record).items()
    }
