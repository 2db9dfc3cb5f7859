"""Keep which certificates are to be issued anew, and how far that is (重新发放)."""

from __future__ import annotations

from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.certificates.reissuing import Reissue
from catalog.kernel.db import METADATA, Tx, select_all
from catalog.kernel.ids import PartyId

REISSUES: Final = sa.Table(
    "certificate_reissues",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("certificate_number", sa.Text, nullable=False),
    sa.Column("registrant_party_id", sa.Uuid, nullable=False),
    sa.Column("ground", sa.Text, nullable=False),
    sa.Column("ground_id", sa.Uuid, nullable=False),
    sa.Column("corrected", postgresql.JSONB, nullable=False),
    sa.Column("corrected_sha256", sa.Text, nullable=False),
    sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("bureau_party_id", sa.Uuid),
    sa.Column("authority", sa.Text),
    sa.Column("authorisation_number", sa.Text),
    sa.Column("authorisation", sa.LargeBinary),
    sa.Column("authorisation_sha256", sa.Text),
    sa.Column("key_id", sa.Text),
    sa.Column("signature", sa.LargeBinary),
    sa.Column("authorised_by", sa.Uuid),
    sa.Column("authorised_at", sa.DateTime(timezone=True)),
    sa.Column("new_certificate_number", sa.Text),
    sa.Column("issued_at", sa.DateTime(timezone=True)),
    sa.Column("needs_authorisation", sa.Boolean, nullable=False, server_default=sa.true()),
    schema="catalog",
)


_SELECT_REISSUES: Final = select_all(REISSUES)


async def insert_reissue(tx: Tx, reissue: Reissue) -> None:
    """Insert that a certificate is to be issued anew."""
    values = msgspec.structs.asdict(reissue)
    corrected = msgspec.to_builtins(reissue.corrected)
    await tx.insert(REISSUES, **{**values, "ground": reissue.ground.value, "corrected": corrected})


async def lock_open_reissue(tx: Tx, number: str) -> Reissue | None:
    """Lock and return the correction of a certificate that is not issued yet, or None."""
    row = await tx.fetch_one(
        f"{_SELECT_REISSUES} WHERE certificate_number = $1 AND issued_at IS NULL FOR UPDATE",
        number,
    )
    return None if row is None else msgspec.convert(dict(row), Reissue)


async def list_reissues(tx: Tx, number: str) -> list[Reissue]:
    """Return the corrections of a certificate that the actor may see, the oldest first."""
    rows = await tx.fetch(
        f"{_SELECT_REISSUES} WHERE certificate_number = $1 ORDER BY id LIMIT 100", number
    )
    return [msgspec.convert(dict(row), Reissue) for row in rows]


async def is_reissue_number_used(tx: Tx, bureau: PartyId, number: str) -> bool:
    """Tell whether the bureau gave this number to another reissue."""
    used: bool = await tx.fetch_value(
        """
        SELECT EXISTS (SELECT FROM catalog.certificate_reissues
                        WHERE bureau_party_id = $1 AND authorisation_number = $2)""",
        bureau,
        number,
    )
    return used


async def update_reissue(tx: Tx, reissue: Reissue) -> None:
    """Write that a reissue was authorised or issued, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE catalog.certificate_reissues
           SET bureau_party_id = $2, authority = $3, authorisation_number = $4, authorisation = $5,
               authorisation_sha256 = $6, key_id = $7, signature = $8, authorised_by = $9,
               authorised_at = $10, new_certificate_number = $11, issued_at = $12
         WHERE id = $1""",
        reissue.id,
        reissue.bureau_party_id,
        reissue.authority,
        reissue.authorisation_number,
        reissue.authorisation,
        reissue.authorisation_sha256,
        reissue.key_id,
        reissue.signature,
        reissue.authorised_by,
        reissue.authorised_at,
        reissue.new_certificate_number,
        reissue.issued_at,
    )
    assert touched == 1, "a locked reissue can not vanish"
