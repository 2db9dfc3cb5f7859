"""Table and statements of the contracts with agencies (服务合同)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.agencies.model import AgencyContract
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
    schema="catalog",
)


_SELECT: Final = select_all(AGENCY_CONTRACTS)


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


def _contract(row: Row) -> AgencyContract:
    return msgspec.convert(dict(row), AgencyContract)
