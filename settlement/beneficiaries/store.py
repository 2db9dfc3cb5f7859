"""Table and statements of the accounts that parties are paid to (收款账户)."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx
from settlement.beneficiaries.model import Beneficiary

_INSTANT: Final = sa.DateTime(timezone=True)

BENEFICIARIES: Final = sa.Table(
    "beneficiaries",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("party_id", sa.Uuid, nullable=False),
    sa.Column("holder_name", sa.Text, nullable=False),
    sa.Column("bank_name", sa.Text, nullable=False),
    sa.Column("bank_code", sa.Text, nullable=False),
    sa.Column("account_masked", sa.Text, nullable=False),
    sa.Column("account_sealed", sa.LargeBinary, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("submitted_at", _INSTANT, nullable=False),
    sa.Column("submitted_by", sa.Uuid),
    sa.Column("checked_by", sa.Uuid),
    sa.Column("verified_by", sa.Uuid),
    sa.Column("verified_at", _INSTANT),
    sa.Column("reason", sa.Text),
    schema="settlement",
)

SELECT: Final = """
    SELECT id, party_id, holder_name, bank_name, bank_code, account_masked, state, submitted_at,
           submitted_by, checked_by, verified_by, verified_at, reason
      FROM settlement.beneficiaries"""


async def insert(tx: Tx, beneficiary: Beneficiary, sealed: bytes) -> None:
    """Insert an account that was handed in."""
    values = msgspec.structs.asdict(beneficiary) | {"account_sealed": sealed}
    await tx.insert(BENEFICIARIES, **values | {"state": str(beneficiary.state)})


async def lock(tx: Tx, beneficiary_id: uuid.UUID) -> Beneficiary | None:
    """Return an account, locked until the transaction ends, or None."""
    row = await tx.fetch_one(f"{SELECT} WHERE id = $1 FOR UPDATE", beneficiary_id)
    return None if row is None else beneficiary_of(row)


async def lock_verified(tx: Tx, party_id: uuid.UUID) -> Beneficiary | None:
    """Return the account that a party is paid to now, locked, or None."""
    row = await tx.fetch_one(
        f"{SELECT} WHERE party_id = $1 AND state = 'verified' FOR UPDATE", party_id
    )
    return None if row is None else beneficiary_of(row)


async def update(tx: Tx, beneficiary: Beneficiary) -> None:
    """Write back what may change of an account that the caller holds locked."""
    await tx.execute(
        """UPDATE settlement.beneficiaries
              SET state = $2, checked_by = $3, verified_by = $4, verified_at = $5, reason = $6
            WHERE id = $1""",
        beneficiary.id,
        beneficiary.state.value,
        beneficiary.checked_by,
        beneficiary.verified_by,
        beneficiary.verified_at,
        beneficiary.reason,
    )


def beneficiary_of(row: Row) -> Beneficiary:
    """Return the account in a row."""
    return msgspec.convert(dict(row), Beneficiary)
