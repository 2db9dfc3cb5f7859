"""Keep the burdens on certificates (权利负担)."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.certificates.encumbrances import Encumbrance
from catalog.kernel.db import METADATA, Tx, select_all

ENCUMBRANCES: Final = sa.Table(
    "certificate_encumbrances",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("certificate_number", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("beneficiary", sa.Text, nullable=False),
    sa.Column("beneficiary_party_id", sa.Uuid),
    sa.Column("document_number", sa.Text, nullable=False),
    sa.Column("file_id", sa.Uuid, nullable=False),
    sa.Column("file_sha256", sa.Text, nullable=False),
    sa.Column("since_on", sa.Date, nullable=False),
    sa.Column("until_on", sa.Date),
    sa.Column("registered_by", sa.Uuid),
    sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("released_at", sa.DateTime(timezone=True)),
    sa.Column("release_reason", sa.Text),
    sa.Column("release_file_sha256", sa.Text),
    sa.Column("release_file_id", sa.Uuid),
    schema="catalog",
)


_SELECT_ENCUMBRANCES: Final = select_all(ENCUMBRANCES)


async def insert_encumbrance(tx: Tx, burden: Encumbrance) -> None:
    """Insert a burden on a certificate."""
    await tx.insert(ENCUMBRANCES, **{**msgspec.structs.asdict(burden), "kind": burden.kind.value})


async def lock_encumbrance(tx: Tx, encumbrance_id: uuid.UUID) -> Encumbrance | None:
    """Lock and return a burden, or None."""
    row = await tx.fetch_one(f"{_SELECT_ENCUMBRANCES} WHERE id = $1 FOR UPDATE", encumbrance_id)
    return None if row is None else msgspec.convert(dict(row), Encumbrance)


async def update_encumbrance(tx: Tx, burden: Encumbrance) -> None:
    """Write that a burden was released, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE catalog.certificate_encumbrances
           SET released_at = $2, release_reason = $3, release_file_sha256 = $4,
               release_file_id = $5
         WHERE id = $1""",
        burden.id,
        burden.released_at,
        burden.release_reason,
        burden.release_file_sha256,
        burden.release_file_id,
    )
    assert touched == 1, "a locked burden can not vanish"


async def list_encumbrances(tx: Tx, number: str) -> list[Encumbrance]:
    """Return the burdens that the right in a certificate ever had, in the order of their rank.

    Also those that were entered on a certificate whose place this one took: they went with it.
    """
    rows = await tx.fetch(
        f"""{_SELECT_ENCUMBRANCES} WHERE certificate_number IN (
               SELECT one.number FROM catalog.certificates one
                 JOIN catalog.certificates asked ON asked.application_id = one.application_id
                WHERE asked.number = $1 AND one.version <= asked.version)
             ORDER BY registered_at, id""",  # noqa: S608 - our columns
        number,
    )
    return [msgspec.convert(dict(row), Encumbrance) for row in rows]
