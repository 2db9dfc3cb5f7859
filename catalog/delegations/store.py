"""Table and statements of the delegations (授权)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.delegations.model import Delegation
from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.ids import PartyId

DELEGATIONS: Final = sa.Table(
    "delegations",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("authority_party_id", sa.Uuid, nullable=False),
    sa.Column("operator_party_id", sa.Uuid, nullable=False),
    sa.Column("document_number", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("valid_from", sa.Date, nullable=False),
    sa.Column("valid_to", sa.Date),
    sa.Column("ended_on", sa.Date),
    sa.Column("end_reason", sa.Text),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    schema="catalog",
)


async def insert(tx: Tx, delegation: Delegation) -> None:
    """Insert a delegation."""
    await tx.insert(DELEGATIONS, **msgspec.structs.asdict(delegation))


async def lock_operator(tx: Tx, operator_party_id: PartyId) -> None:
    """Let nobody else delegate to this operator until the transaction ends."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('delegation:' || $1::text, 0))",
        str(operator_party_id),
    )


async def has_document(tx: Tx, authority_party_id: PartyId, document_number: str) -> bool:
    """Tell whether the authority used this document number before."""
    found = await tx.fetch_value(
        """
        SELECT true FROM catalog.delegations
         WHERE authority_party_id = $1 AND document_number = $2""",
        authority_party_id,
        document_number,
    )
    return found is not None


async def list_of_operator(tx: Tx, operator_party_id: PartyId) -> list[Delegation]:
    """Return all delegations of an operator, newest first."""
    rows = await tx.fetch(
        """
        SELECT id, authority_party_id, operator_party_id, document_number, scope, valid_from,
               valid_to, ended_on, end_reason, created_at
          FROM catalog.delegations
         WHERE operator_party_id = $1
         ORDER BY id DESC""",
        operator_party_id,
    )
    return [_delegation(row) for row in rows]


async def list_in_force(tx: Tx, on: dt.date) -> list[Delegation]:
    """Return the delegations that count on a day, newest first."""
    rows = await tx.fetch(
        """
        SELECT id, authority_party_id, operator_party_id, document_number, scope, valid_from,
               valid_to, ended_on, end_reason, created_at
          FROM catalog.delegations
         WHERE valid_from <= $1 AND (valid_to IS NULL OR valid_to >= $1)
           AND (ended_on IS NULL OR ended_on > $1)
         ORDER BY id DESC""",
        on,
    )
    return [_delegation(row) for row in rows]


async def list_page(tx: Tx, *, before: uuid.UUID | None, limit: int) -> list[Delegation]:
    """Return delegations, newest first, older than ``before``."""
    rows = await tx.fetch(
        """
        SELECT id, authority_party_id, operator_party_id, document_number, scope, valid_from,
               valid_to, ended_on, end_reason, created_at
          FROM catalog.delegations
         WHERE ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2""",
        before,
        limit,
    )
    return [_delegation(row) for row in rows]


async def lock(tx: Tx, delegation_id: uuid.UUID) -> Delegation | None:
    """Lock and return a delegation, or None."""
    row = await tx.fetch_one(
        """
        SELECT id, authority_party_id, operator_party_id, document_number, scope, valid_from,
               valid_to, ended_on, end_reason, created_at
          FROM catalog.delegations
         WHERE id = $1
         FOR UPDATE""",
        delegation_id,
    )
    return None if row is None else _delegation(row)


async def update_end(tx: Tx, delegation: Delegation) -> None:
    """Write the end of ``delegation``, which the caller holds locked."""
    await tx.execute(
        "UPDATE catalog.delegations SET ended_on = $2, end_reason = $3 WHERE id = $1",
        delegation.id,
        delegation.ended_on,
        delegation.end_reason,
    )


def _delegation(row: Row) -> Delegation:
    return msgspec.convert(dict(row), Delegation)
