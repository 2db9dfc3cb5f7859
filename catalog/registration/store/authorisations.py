"""Keep the bureau's authorisations to issue (授权发证), exactly as it signed them."""

from __future__ import annotations

import uuid
from typing import Final

import sqlalchemy as sa

from catalog.kernel.db import Tx, select_all
from catalog.kernel.ids import PartyId
from catalog.registration.model import IssuanceAuthorisation
from catalog.registration.store.rows import INSTANT, must, struct_of, table, take_turns, values_of

ISSUANCE_AUTHORISATIONS: Final = table(
    "issuance_authorisations",
    sa.Column("id", sa.Uuid, primary_key=True),
    must("application_id", sa.Uuid),
    must("submission_no", sa.Integer),
    must("bureau_party_id", sa.Uuid),
    must("authority", sa.Text),
    must("authorisation_number", sa.Text),
    must("document", sa.LargeBinary),
    must("sha256", sa.Text),
    must("key_id", sa.Text),
    must("signature", sa.LargeBinary),
    sa.Column("decided_by", sa.Uuid),
    must("decided_at", INSTANT),
)

_SELECT_ISSUANCE_AUTHORISATIONS: Final = select_all(ISSUANCE_AUTHORISATIONS)


async def insert_authorisation(tx: Tx, authorisation: IssuanceAuthorisation) -> None:
    """Insert the bureau's authorisation exactly as it signed it; it is never changed."""
    await tx.insert(ISSUANCE_AUTHORISATIONS, **values_of(authorisation))


async def is_authorisation_number_used(tx: Tx, bureau: PartyId, number: str) -> bool:
    """Tell whether the bureau has given another authorisation this number."""
    await take_turns(tx, "authorisation number", bureau, number)
    return bool(
        await tx.fetch_value(
            """
            SELECT 1 FROM catalog.issuance_authorisations
             WHERE bureau_party_id = $1 AND authorisation_number = $2""",
            bureau,
            number,
        )
    )


async def find_authorisation(
    tx: Tx, application_id: uuid.UUID, submission_no: int
) -> IssuanceAuthorisation | None:
    """Return the authorisation to issue what was handed in with this submission, or None."""
    row = await tx.fetch_one(
        f"{_SELECT_ISSUANCE_AUTHORISATIONS} WHERE application_id = $1 AND submission_no = $2",
        application_id,
        submission_no,
    )
    return None if row is None else struct_of(row, IssuanceAuthorisation)
