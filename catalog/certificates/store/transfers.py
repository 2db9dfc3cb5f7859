"""Keep transfers by agreement, and how far each is (协议转移)."""

from __future__ import annotations

from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.certificates.transferring import Transfer
from catalog.kernel.db import METADATA, Tx, select_all
from catalog.kernel.ids import PartyId

TRANSFERS: Final = sa.Table(
    "certificate_transfers",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("certificate_number", sa.Text, nullable=False),
    sa.Column("from_party_id", sa.Uuid, nullable=False),
    sa.Column("to_party_id", sa.Uuid, nullable=False),
    sa.Column("agreement", sa.LargeBinary, nullable=False),
    sa.Column("agreement_sha256", sa.Text, nullable=False),
    sa.Column("contract_file_id", sa.Uuid),
    sa.Column("from_key_id", sa.Text, nullable=False),
    sa.Column("from_signature", sa.LargeBinary, nullable=False),
    sa.Column("offered_by", sa.Uuid),
    sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("to_key_id", sa.Text),
    sa.Column("to_signature", sa.LargeBinary),
    sa.Column("accepted_at", sa.DateTime(timezone=True)),
    sa.Column("bureau_party_id", sa.Uuid),
    sa.Column("authority", sa.Text),
    sa.Column("authorisation_number", sa.Text),
    sa.Column("authorisation", sa.LargeBinary),
    sa.Column("authorisation_sha256", sa.Text),
    sa.Column("authorisation_key_id", sa.Text),
    sa.Column("authorisation_signature", sa.LargeBinary),
    sa.Column("authorised_at", sa.DateTime(timezone=True)),
    sa.Column("new_certificate_number", sa.Text),
    sa.Column("issued_at", sa.DateTime(timezone=True)),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
    sa.Column("needs_authorisation", sa.Boolean, nullable=False, server_default=sa.true()),
    schema="catalog",
)


_SELECT_TRANSFERS: Final = select_all(TRANSFERS)


async def insert_transfer(tx: Tx, transfer: Transfer) -> None:
    """Insert that a certificate is offered to be handed on."""
    await tx.insert(TRANSFERS, **msgspec.structs.asdict(transfer))


async def lock_open_transfer(tx: Tx, number: str) -> Transfer | None:
    """Lock and return the transfer of a certificate that is under way and one may see, or None."""
    row = await tx.fetch_one(
        f"{_SELECT_TRANSFERS} WHERE certificate_number = $1 AND ended_at IS NULL FOR UPDATE",
        number,
    )
    return None if row is None else msgspec.convert(dict(row), Transfer)


async def list_transfers(tx: Tx, number: str) -> list[Transfer]:
    """Return the transfers of a certificate that the actor may see, the oldest first."""
    rows = await tx.fetch(
        f"{_SELECT_TRANSFERS} WHERE certificate_number = $1 ORDER BY id LIMIT 100", number
    )
    return [msgspec.convert(dict(row), Transfer) for row in rows]


async def is_transfer_number_used(tx: Tx, bureau: PartyId, number: str) -> bool:
    """Tell whether the bureau gave this number to another transfer."""
    used: bool = await tx.fetch_value(
        """
        SELECT EXISTS (SELECT FROM catalog.certificate_transfers
                        WHERE bureau_party_id = $1 AND authorisation_number = $2)""",
        bureau,
        number,
    )
    return used


async def update_transfer(tx: Tx, transfer: Transfer) -> None:
    """Write how far a transfer is, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE catalog.certificate_transfers
           SET to_key_id = $2, to_signature = $3, accepted_at = $4, bureau_party_id = $5,
               authority = $6, authorisation_number = $7, authorisation = $8,
               authorisation_sha256 = $9, authorisation_key_id = $10,
               authorisation_signature = $11, authorised_at = $12, new_certificate_number = $13,
               issued_at = $14, ended_at = $15
         WHERE id = $1""",
        transfer.id,
        transfer.to_key_id,
        transfer.to_signature,
        transfer.accepted_at,
        transfer.bureau_party_id,
        transfer.authority,
        transfer.authorisation_number,
        transfer.authorisation,
        transfer.authorisation_sha256,
        transfer.authorisation_key_id,
        transfer.authorisation_signature,
        transfer.authorised_at,
        transfer.new_certificate_number,
        transfer.issued_at,
        transfer.ended_at,
    )
    assert touched == 1, "a locked transfer can not vanish"
