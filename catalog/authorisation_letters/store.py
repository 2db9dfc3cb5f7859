"""Table and statements of the letters of authorisation (委托书)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.authorisation_letters.model import AuthorisationLetter
from catalog.kernel.db import METADATA, Row, Tx, select_all
from catalog.kernel.ids import PartyId

AUTHORISATION_LETTERS: Final = sa.Table(
    "authorisation_letters",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("principal_party_id", sa.Uuid, nullable=False),
    sa.Column("agent_party_id", sa.Uuid, nullable=False),
    sa.Column("powers", postgresql.JSONB, nullable=False),
    sa.Column("product_id", sa.Uuid),
    sa.Column("valid_from", sa.Date, nullable=False),
    sa.Column("valid_to", sa.Date, nullable=False),
    sa.Column("file_id", sa.Uuid, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("granted_by", sa.Uuid),
    sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("revoked_at", sa.DateTime(timezone=True)),
    sa.Column("revoked_by", sa.Uuid),
    sa.Column("revocation_reason", sa.Text),
    schema="catalog",
)
_SELECT: Final = select_all(AUTHORISATION_LETTERS)


async def insert(tx: Tx, letter: AuthorisationLetter) -> None:
    """Insert a letter."""
    values = msgspec.structs.asdict(letter)
    await tx.insert(
        AUTHORISATION_LETTERS, **values | {"powers": msgspec.to_builtins(letter.powers)}
    )


async def update_revocation(tx: Tx, letter: AuthorisationLetter) -> None:
    """Write that ``letter``, which the caller holds locked, was revoked."""
    await tx.execute(
        """
        UPDATE catalog.authorisation_letters
           SET revoked_at = $2, revoked_by = $3, revocation_reason = $4
         WHERE id = $1""",
        letter.id,
        letter.revoked_at,
        letter.revoked_by,
        letter.revocation_reason,
    )


async def lock(tx: Tx, letter_id: uuid.UUID) -> AuthorisationLetter | None:
    """Lock and return a letter that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1 FOR UPDATE", letter_id)
    return None if row is None else _letter(row)


async def find(tx: Tx, letter_id: uuid.UUID) -> AuthorisationLetter | None:
    """Return a letter that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1", letter_id)
    return None if row is None else _letter(row)


async def list_between(tx: Tx, *, principal: PartyId, agent: PartyId) -> list[AuthorisationLetter]:
    """Return all letters that a principal ever gave to an agent."""
    return _letters(
        await tx.fetch(
            f"{_SELECT} WHERE principal_party_id = $1 AND agent_party_id = $2 ORDER BY id",
            principal,
            agent,
        )
    )


async def hold_between(tx: Tx, *, principal: PartyId, agent: PartyId) -> list[AuthorisationLetter]:
    """Return all letters between two; none of them is revoked before the transaction ends."""
    return _letters(
        await tx.fetch(
            f"""{_SELECT} WHERE principal_party_id = $1 AND agent_party_id = $2
                 ORDER BY id FOR SHARE""",
            principal,
            agent,
        )
    )


async def list_of_principal(tx: Tx, principal: PartyId) -> list[AuthorisationLetter]:
    """Return all letters that a principal gave and did not revoke."""
    return _letters(
        await tx.fetch(
            f"{_SELECT} WHERE principal_party_id = $1 AND revoked_at IS NULL ORDER BY id",
            principal,
        )
    )


async def list_page(tx: Tx, *, before: uuid.UUID | None, limit: int) -> list[AuthorisationLetter]:
    """Return letters that the actor may see, the newest first, from behind ``before``."""
    return _letters(
        await tx.fetch(
            f"{_SELECT} WHERE ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2",
            before,
            limit,
        )
    )


def _letters(rows: Iterable[Row]) -> list[AuthorisationLetter]:
    return [_letter(row) for row in rows]


def _letter(row: Row) -> AuthorisationLetter:
    values: dict[str, Any] = dict(row)
    return msgspec.convert(values, AuthorisationLetter)
