"""Tables and statements of contracts with agencies, of the cases they were given, of misconduct."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from catalog.agencies.model import AgencyAssignment, AgencyContract, CaseKind, MisconductRecord
from catalog.kernel.db import METADATA, Row, Tx, select_all
from catalog.kernel.ids import PartyId

AGENCY_CONTRACTS: Final = sa.Table(
    "agency_contracts",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("operator_party_id", sa.Uuid, nullable=False),
    sa.Column("agency_party_id", sa.Uuid, nullable=False),
    sa.Column("selection_id", sa.Uuid),
    sa.Column("selection_number", sa.Text, nullable=False),
    sa.Column("contract_number", sa.Text, nullable=False),
    sa.Column("starts_on", sa.Date, nullable=False),
    sa.Column("ends_on", sa.Date, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("misconduct", sa.Text),
    sa.Column("suspension_reason", sa.Text),
    sa.Column("suspended_at", sa.DateTime(timezone=True)),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("evaluated_at", sa.DateTime(timezone=True)),
    sa.Column("evaluation_points", sa.Integer),
    schema="catalog",
)


ASSIGNMENTS: Final = sa.Table(
    "agency_assignments",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("case_kind", sa.Text, nullable=False),
    sa.Column("case_id", sa.Uuid, nullable=False),
    sa.Column("agency_party_id", sa.Uuid, nullable=False),
    sa.Column("contract_id", sa.Uuid, nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("declared_at", sa.DateTime(timezone=True)),
    sa.Column("declared_by", sa.Uuid),
    sa.Column("declaration", sa.Text),
    sa.Column("opined_at", sa.DateTime(timezone=True)),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
    sa.Column("ending", sa.Text),
    schema="catalog",
)

MISCONDUCTS: Final = sa.Table(
    "agency_misconducts",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("contract_id", sa.Uuid, nullable=False),
    sa.Column("agency_party_id", sa.Uuid, nullable=False),
    sa.Column("misconduct", sa.Text, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("measure", sa.Text, nullable=False),
    sa.Column("recorded_by_party", sa.Uuid, nullable=False),
    sa.Column("recorded_by", sa.Uuid),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    schema="catalog",
)

_SELECT: Final = select_all(AGENCY_CONTRACTS)
_SELECT_ASSIGNMENTS: Final = select_all(ASSIGNMENTS)
_SELECT_MISCONDUCTS: Final = select_all(MISCONDUCTS)


async def insert(tx: Tx, contract: AgencyContract) -> None:
    """Insert a contract."""
    values = msgspec.structs.asdict(contract)
    await tx.insert(AGENCY_CONTRACTS, **{**values, "state": contract.state.value})


async def lock_agency(tx: Tx, agency_party_id: PartyId) -> None:
    """Let nobody else contract this agency until the transaction ends."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('agency_contract:' || $1::text, 0))",
        str(agency_party_id),
    )


async def has_number(tx: Tx, operator_party_id: PartyId, contract_number: str) -> bool:
    """Tell whether the operator used this contract number before."""
    found = await tx.fetch_value(
        """
        SELECT true FROM catalog.agency_contracts
         WHERE operator_party_id = $1 AND contract_number = $2""",
        operator_party_id,
        contract_number,
    )
    return found is not None


async def list_of_agency(tx: Tx, agency_party_id: PartyId) -> list[AgencyContract]:
    """Return all contracts of an agency, newest first."""
    rows = await tx.fetch(
        f"""{_SELECT}
         WHERE agency_party_id = $1
         ORDER BY id DESC""",
        agency_party_id,
    )
    return [_contract(row) for row in rows]


async def list_active(tx: Tx, on: dt.date) -> list[AgencyContract]:
    """Return the contracts under which cases may be given on a day, in id order."""
    rows = await tx.fetch(
        f"""{_SELECT}
         WHERE state = 'active' AND starts_on <= $1 AND ends_on >= $1
         ORDER BY id""",
        on,
    )
    return [_contract(row) for row in rows]


async def list_page(tx: Tx, *, before: uuid.UUID | None, limit: int) -> list[AgencyContract]:
    """Return contracts, newest first, older than ``before``."""
    rows = await tx.fetch(
        f"""{_SELECT}
         WHERE ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2""",
        before,
        limit,
    )
    return [_contract(row) for row in rows]


async def list_ending(tx: Tx, on: dt.date) -> list[tuple[uuid.UUID, dt.date]]:
    """Return of each selection with active contracts when the first of them ends, in id order."""
    rows = await tx.fetch(
        """
        SELECT selection_id, min(ends_on) AS ends_on
          FROM catalog.agency_contracts
         WHERE state = 'active' AND ends_on >= $1 AND selection_id IS NOT NULL
         GROUP BY selection_id
         ORDER BY selection_id""",
        on,
    )
    return [(row["selection_id"], row["ends_on"]) for row in rows]


async def lock(tx: Tx, contract_id: uuid.UUID) -> AgencyContract | None:
    """Lock and return a contract, or None."""
    row = await tx.fetch_one(
        f"""{_SELECT}
         WHERE id = $1
         FOR UPDATE""",
        contract_id,
    )
    return None if row is None else _contract(row)


async def find(tx: Tx, contract_id: uuid.UUID) -> AgencyContract | None:
    """Return a contract, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1", contract_id)
    return None if row is None else _contract(row)


async def get(tx: Tx, contract_id: uuid.UUID) -> AgencyContract:
    """Return a contract that is there, for a caller that knows of it."""
    found = await find(tx, contract_id)
    assert found is not None, "a contract does not vanish"
    return found


async def update_state(tx: Tx, contract: AgencyContract) -> None:
    """Write the state of ``contract``, which the caller holds locked."""
    await tx.execute(
        """
        UPDATE catalog.agency_contracts
           SET state = $2, misconduct = $3, suspension_reason = $4, suspended_at = $5
         WHERE id = $1""",
        contract.id,
        contract.state.value,
        contract.misconduct,
        contract.suspension_reason,
        contract.suspended_at,
    )


async def update_evaluation(
    tx: Tx, contract_id: uuid.UUID, *, evaluated_at: dt.datetime, points: int
) -> None:
    """Write that the evaluation of a contract was filed, and how many points it gave."""
    await tx.execute(
        """
        UPDATE catalog.agency_contracts SET evaluated_at = $2, evaluation_points = $3
         WHERE id = $1""",
        contract_id,
        evaluated_at,
        points,
    )


async def list_unevaluated(tx: Tx, on: dt.date) -> list[AgencyContract]:
    """Return the contracts that ended before a day and whose evaluation was not filed."""
    rows = await tx.fetch(f"{_SELECT} WHERE ends_on < $1 AND evaluated_at IS NULL ORDER BY id", on)
    return [_contract(row) for row in rows]


async def last_points(tx: Tx, agencies: Sequence[PartyId]) -> dict[PartyId, int]:
    """Return what the newest filed evaluation of each of these agencies gave it."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT ON (agency_party_id) agency_party_id, evaluation_points
          FROM catalog.agency_contracts
         WHERE agency_party_id = ANY($1::uuid[]) AND evaluation_points IS NOT NULL
         ORDER BY agency_party_id, ends_on DESC, id DESC""",
        list(agencies),
    )
    return {PartyId(row["agency_party_id"]): row["evaluation_points"] for row in rows}


# ── cases ───────────────────────────────────────────────────────────────────────────────────


async def lock_assigning(tx: Tx) -> None:
    """Let nobody else give a case until the transaction ends, so that turns are kept."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('agency_assignment', 0))")


async def insert_assignment(tx: Tx, assignment: AgencyAssignment) -> None:
    """Insert that an agency was given a case."""
    await tx.insert(ASSIGNMENTS, **_plain(assignment))


async def update_assignment(tx: Tx, assignment: AgencyAssignment) -> None:
    """Write what may change of an assignment: declaration, opinion, end."""
    await tx.execute(
        """
        UPDATE catalog.agency_assignments
           SET declared_at = $2, declared_by = $3, declaration = $4, opined_at = $5,
               ended_at = $6, ending = $7
         WHERE id = $1""",
        assignment.id,
        assignment.declared_at,
        assignment.declared_by,
        assignment.declaration,
        assignment.opined_at,
        assignment.ended_at,
        assignment.ending,
    )


async def find_current(
    tx: Tx, case_kind: CaseKind, case_id: uuid.UUID, agency: PartyId | None
) -> AgencyAssignment | None:
    """Lock and return the assignment of a case that counts, of ``agency`` if one is named."""
    row = await tx.fetch_one(
        f"""{_SELECT_ASSIGNMENTS}
         WHERE case_kind = $1 AND case_id = $2 AND ended_at IS NULL
           AND ($3::uuid IS NULL OR agency_party_id = $3)
         FOR UPDATE""",
        case_kind.value,
        case_id,
        agency,
    )
    return None if row is None else msgspec.convert(dict(row), AgencyAssignment)


async def list_assignments(
    tx: Tx, case_kind: CaseKind, case_id: uuid.UUID
) -> list[AgencyAssignment]:
    """Return who was given a case, the first first."""
    rows = await tx.fetch(
        f"{_SELECT_ASSIGNMENTS} WHERE case_kind = $1 AND case_id = $2 ORDER BY id",
        case_kind.value,
        case_id,
    )
    return [msgspec.convert(dict(row), AgencyAssignment) for row in rows]


async def list_open_cases(tx: Tx, contract_id: uuid.UUID) -> list[AgencyAssignment]:
    """Return what cases an agency has under a contract and has not given its opinion on."""
    rows = await tx.fetch(
        f"""{_SELECT_ASSIGNMENTS}
         WHERE contract_id = $1 AND ended_at IS NULL AND opined_at IS NULL ORDER BY id""",
        contract_id,
    )
    return [msgspec.convert(dict(row), AgencyAssignment) for row in rows]


async def list_of_contract(tx: Tx, contract_id: uuid.UUID) -> list[AgencyAssignment]:
    """Return all cases that were given under a contract, the first first."""
    rows = await tx.fetch(f"{_SELECT_ASSIGNMENTS} WHERE contract_id = $1 ORDER BY id", contract_id)
    return [msgspec.convert(dict(row), AgencyAssignment) for row in rows]


async def last_assigned(tx: Tx) -> dict[PartyId, dt.datetime]:
    """Return when each agency was last given a case."""
    rows = await tx.fetch(
        """
        SELECT agency_party_id, max(assigned_at) AS at
          FROM catalog.agency_assignments GROUP BY agency_party_id"""
    )
    return {PartyId(row["agency_party_id"]): row["at"] for row in rows}


# ── misconduct ──────────────────────────────────────────────────────────────────────────────


async def insert_misconduct(tx: Tx, record: MisconductRecord) -> None:
    """Insert a record of misconduct; it is never changed."""
    await tx.insert(MISCONDUCTS, **_plain(record))


async def list_misconducts(tx: Tx, contract_id: uuid.UUID) -> list[MisconductRecord]:
    """Return the misconduct under a contract that the actor may see, the first first."""
    rows = await tx.fetch(f"{_SELECT_MISCONDUCTS} WHERE contract_id = $1 ORDER BY id", contract_id)
    return [msgspec.convert(dict(row), MisconductRecord) for row in rows]


def _plain(record: msgspec.Struct) -> dict[str, Any]:
    values = msgspec.structs.asdict(record)
    return {name: getattr(value, "value", value) for name, value in values.items()}


def _contract(row: Row) -> AgencyContract:
    return msgspec.convert(dict(row), AgencyContract)
