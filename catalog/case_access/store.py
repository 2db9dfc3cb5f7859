"""Table and statements of the assignments (分派)."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.case_access.model import Assignment
from catalog.kernel.db import METADATA, Row, Tx, select_all
from catalog.kernel.ids import AccountId, PartyId

ASSIGNMENTS: Final = sa.Table(
    "case_assignments",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("case_kind", sa.Text, nullable=False),
    sa.Column("case_id", sa.Uuid, nullable=False),
    sa.Column("opens_application_id", sa.Uuid),
    sa.Column("duty", sa.Text, nullable=False),
    sa.Column("account_id", sa.Uuid, nullable=False),
    sa.Column("operator_party_id", sa.Uuid, nullable=False),
    sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    sa.Column("assigned_by", sa.Uuid),
    sa.Column("until", sa.DateTime(timezone=True)),
    sa.Column("ended_by", sa.Uuid),
    sa.Column("end_reason", sa.Text),
    schema="catalog",
)
_SELECT: Final = select_all(ASSIGNMENTS)
# What can be read in confidence, and where it is found to be there at all.
_TABLES: Final = {
    "application": "catalog.applications",
    "change": "catalog.changes",
    "objection": "catalog.objections",
    "instrument": "catalog.legal_instruments",
    "foreign_certificate": "catalog.foreign_certificates",
    "file": "catalog.files",
}


async def lock_case(tx: Tx, case_id: uuid.UUID) -> None:
    """Let nobody else take or give a duty of this case until the transaction ends."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('case:' || $1::text, 0))", str(case_id)
    )


async def insert(tx: Tx, assignment: Assignment) -> None:
    """Insert an assignment."""
    await tx.insert(ASSIGNMENTS, **msgspec.structs.asdict(assignment))


async def end(tx: Tx, assignment: Assignment) -> None:
    """Write the end of an assignment."""
    await tx.execute(
        """
        UPDATE catalog.case_assignments SET until = $2, ended_by = $3, end_reason = $4
         WHERE id = $1""",
        assignment.id,
        assignment.until,
        assignment.ended_by,
        assignment.end_reason,
    )


async def find(tx: Tx, assignment_id: uuid.UUID) -> Assignment | None:
    """Return an assignment, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1", assignment_id)
    return None if row is None else _assignment(row)


async def list_of_case(tx: Tx, case_id: uuid.UUID) -> list[Assignment]:
    """Return who has and who had which duty in a case, the oldest first."""
    rows = await tx.fetch(f"{_SELECT} WHERE case_id = $1 ORDER BY since, id LIMIT 1000", case_id)
    return [_assignment(row) for row in rows]


async def list_page(
    tx: Tx,
    *,
    case_id: uuid.UUID | None,
    account_id: AccountId | None,
    before: uuid.UUID | None,
    limit: int,
) -> list[Assignment]:
    """Return assignments, the newest first."""
    rows = await tx.fetch(
        f"""{_SELECT}
         WHERE ($1::uuid IS NULL OR case_id = $1)
           AND ($2::uuid IS NULL OR (account_id = $2 AND until IS NULL))
           AND ($3::uuid IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4""",
        case_id,
        account_id,
        before,
        limit,
    )
    return [_assignment(row) for row in rows]


async def is_handler(tx: Tx, account_id: AccountId, case_ids: list[uuid.UUID]) -> bool:
    """Tell whether an account has a duty today in one of these cases, or one that opens it."""
    return bool(
        await tx.fetch_value(
            """
            SELECT EXISTS (
                SELECT 1 FROM catalog.case_assignments
                 WHERE account_id = $1 AND until IS NULL
                   AND (case_id = ANY($2::uuid[]) OR opens_application_id = ANY($2::uuid[])))""",
            account_id,
            case_ids,
        )
    )


async def supervises(tx: Tx, operator_party_id: PartyId | None) -> bool:
    """Tell whether the acting party delegates this operator, or any if none has the case yet."""
    return bool(await tx.fetch_value("SELECT catalog.supervises($1)", operator_party_id))


async def inspects(tx: Tx, application_id: uuid.UUID) -> bool:
    """Tell whether the acting account was drawn to inspect this application, just now."""
    return bool(await tx.fetch_value("SELECT catalog.inspects_case($1)", application_id))


async def exists(tx: Tx, kind: str, identifier: uuid.UUID) -> bool:
    """Tell whether there is such a thing at all."""
    table = _TABLES[kind]
    return bool(await tx.fetch_value(f"SELECT 1 FROM {table} WHERE id = $1", identifier))  # noqa: S608 - names of our own tables


def _assignment(row: Row) -> Assignment:
    return msgspec.convert(dict(row), Assignment)
