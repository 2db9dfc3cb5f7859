"""Keep the consents of joint owners (共同所有者同意)."""

from __future__ import annotations

import uuid
from typing import Final

import sqlalchemy as sa

from catalog.kernel.db import Tx, select_all
from catalog.registration.consents import Consent
from catalog.registration.store.rows import INSTANT, must, struct_of, table, values_of

CONSENTS: Final = table(
    "application_consents",
    sa.Column("id", sa.Uuid, primary_key=True),
    must("application_id", sa.Uuid),
    must("owner_party_id", sa.Uuid),
    must("basis", sa.Text),
    must("content_sha256", sa.Text),
    sa.Column("file_id", sa.Uuid),
    sa.Column("file_sha256", sa.Text),
    sa.Column("given_by", sa.Uuid),
    must("given_at", INSTANT),
    sa.Column("withdrawn_at", INSTANT),
    sa.Column("withdrawn_by", sa.Uuid),
    sa.Column("withdrawal_reason", sa.Text),
)
_SELECT: Final = select_all(CONSENTS)


async def insert_consent(tx: Tx, consent: Consent) -> None:
    """Insert a consent."""
    await tx.insert(CONSENTS, **values_of(consent))


async def update_withdrawal(tx: Tx, consent: Consent) -> None:
    """Write that a consent was withdrawn; the caller holds the application locked."""
    await tx.execute(
        """
        UPDATE catalog.application_consents
           SET withdrawn_at = $2, withdrawn_by = $3, withdrawal_reason = $4
         WHERE id = $1""",
        consent.id,
        consent.withdrawn_at,
        consent.withdrawn_by,
        consent.withdrawal_reason,
    )


async def list_consents(tx: Tx, application_id: uuid.UUID) -> list[Consent]:
    """Return every consent that was ever given to an application, in their order."""
    rows = await tx.fetch(f"{_SELECT} WHERE application_id = $1 ORDER BY id", application_id)
    return [struct_of(row, Consent) for row in rows]
