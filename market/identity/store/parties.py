"""Keep parties, what they showed of themselves, and the founding's lock."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from catalog.kernel.actor import Clearance
from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.ids import AccountId, PartyId
from market.identity.model import Capacity, Kind, Party, PartyFile
from market.identity.states import State

_SCHEMA: Final = "market"
_UUID: Final = pg.UUID(as_uuid=True)
_INSTANT: Final = sa.DateTime(timezone=True)

PARTIES: Final = sa.Table(
    "parties",
    METADATA,
    sa.Column("id", _UUID, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("uscc", sa.Text),
    sa.Column("capacities", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("registered_at", _INSTANT, nullable=False),
    sa.Column("verified_at", _INSTANT),
    schema=_SCHEMA,
)
PARTY_FILES: Final = sa.Table(
    "party_files",
    METADATA,
    sa.Column("party_id", _UUID, primary_key=True),
    sa.Column("evidence_sha256", sa.Text),
    sa.Column("identity_hash", sa.LargeBinary),
    sa.Column("identity_masked", sa.Text),
    sa.Column("registered_by", _UUID, nullable=False),
    sa.Column("verified_by", _UUID),
    sa.Column("suspended_at", _INSTANT),
    sa.Column("suspension_reason", sa.Text),
    schema=_SCHEMA,
)
_PARTY_COLUMNS: Final = (
    "p.id, p.kind, p.name, p.uscc, p.capacities, p.state, p.registered_at, p.verified_at"
)
_FILE_COLUMNS: Final = (
    "f.evidence_sha256, f.identity_masked, f.registered_by, f.verified_by, f.suspended_at,"
    " f.suspension_reason"
)
# A lock of the whole database, so that it can not meet another's number by chance.
_FOUNDING_LOCK: Final = 735_110_401


async def act_as(tx: Tx, *, party_id: PartyId | None, clearance: str) -> None:
    """Go on in this transaction for a party that it has just made.

    Somebody who registers belongs to no party yet; the second wall would hide his own rows.
    """
    await tx.execute(
        "SELECT set_config('app.party', $1, true), set_config('app.clearance', $2, true)",
        "" if party_id is None else str(party_id),
        clearance,
    )
    tx.clearance = Clearance(clearance)


async def lock_founding(tx: Tx) -> bool:
    """Wait for another founding to end; tell whether the market is empty."""
    await tx.execute("SELECT pg_advisory_xact_lock($1)", _FOUNDING_LOCK)
    return not await tx.fetch_value("SELECT EXISTS (SELECT FROM market.parties)")


async def insert(tx: Tx, party: Party) -> bool:
    """Insert a party; tell False if its 统一社会信用代码 is there already."""
    return bool(
        await tx.execute(
            """
            INSERT INTO market.parties
                (id, kind, name, uscc, capacities, state, registered_at, verified_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (uscc) DO NOTHING""",
            party.id,
            party.kind.value,
            party.name,
            party.uscc,
            [capacity.value for capacity in party.capacities],
            party.state.value,
            party.registered_at,
            party.verified_at,
        )
    )


async def insert_file(
    tx: Tx,
    *,
    party_id: PartyId,
    evidence_sha256: str | None,
    identity_hash: bytes | None,
    identity_masked: str | None,
    registered_by: AccountId,
) -> bool:
    """Insert what a party showed; tell False if this person is registered already."""
    return bool(
        await tx.execute(
            """
            INSERT INTO market.party_files
                (party_id, evidence_sha256, identity_hash, identity_masked, registered_by)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT (identity_hash) DO NOTHING""",
            party_id,
            evidence_sha256,
            identity_hash,
            identity_masked,
            registered_by,
        )
    )


async def lock_file(tx: Tx, party_id: UUID) -> PartyFile | None:
    """Lock a party and return what is known of it."""
    row = await tx.fetch_one(
        f"""
        SELECT {_PARTY_COLUMNS}, {_FILE_COLUMNS}
          FROM market.parties p JOIN market.party_files f ON f.party_id = p.id
         WHERE p.id = $1 FOR UPDATE OF p""",  # noqa: S608 - our own columns
        party_id,
    )
    return None if row is None else _party_file(row)


async def update(tx: Tx, file: PartyFile) -> None:
    """Store a party's new state."""
    await tx.execute(
        "UPDATE market.parties SET state = $2, verified_at = $3 WHERE id = $1",
        file.party.id,
        file.party.state.value,
        file.party.verified_at,
    )
    await tx.execute(
        """
        UPDATE market.party_files
           SET verified_by = $2, suspended_at = $3, suspension_reason = $4 WHERE party_id = $1""",
        file.party.id,
        file.verified_by,
        file.suspended_at,
        file.suspension_reason,
    )


async def find_all(tx: Tx, ids: Iterable[UUID]) -> list[Party]:
    """Return the parties of these ids that exist."""
    rows = await tx.fetch(
        f"SELECT {_PARTY_COLUMNS} FROM market.parties p WHERE p.id = ANY ($1)",  # noqa: S608 - our own columns
        list(ids),
    )
    return [_party(row) for row in rows]


async def find_by_capacity(tx: Tx, capacity: Capacity) -> Party | None:
    """Return the first party with a capacity, which is the only one for an institution."""
    row = await tx.fetch_one(
        f"""
        SELECT {_PARTY_COLUMNS} FROM market.parties p
         WHERE $1 = ANY (p.capacities) ORDER BY p.id LIMIT 1""",  # noqa: S608 - our own columns
        capacity.value,
    )
    return None if row is None else _party(row)


async def list_by_capacities(tx: Tx, capacities: Iterable[Capacity]) -> list[Party]:
    """Return the parties with one of these capacities, by their names."""
    rows = await tx.fetch(
        f"""
        SELECT {_PARTY_COLUMNS} FROM market.parties p
         WHERE p.capacities && $1::text[] ORDER BY p.name, p.id LIMIT 500""",  # noqa: S608 - our own columns
        [capacity.value for capacity in capacities],
    )
    return [_party(row) for row in rows]


async def list_named(tx: Tx, named: str) -> list[Party]:
    """Return whom a 统一社会信用代码 or a whole name names: two, if a name is not enough."""
    rows = await tx.fetch(
        f"""
        SELECT {_PARTY_COLUMNS} FROM market.parties p
         WHERE p.uscc = upper($1) OR p.name = $1 ORDER BY p.id LIMIT 2""",  # noqa: S608 - our own columns
        named,
    )
    return [_party(row) for row in rows]


async def find_file(tx: Tx, party_id: UUID) -> PartyFile | None:
    """Return a party with what it showed, if the viewer's wall lets it through."""
    row = await tx.fetch_one(
        f"""
        SELECT {_PARTY_COLUMNS}, {_FILE_COLUMNS}
          FROM market.parties p JOIN market.party_files f ON f.party_id = p.id
         WHERE p.id = $1""",  # noqa: S608 - our own columns
        party_id,
    )
    return None if row is None else _party_file(row)


async def list_files(
    tx: Tx, *, state: State | None, after: UUID | None, limit: int
) -> list[PartyFile]:
    """Return parties in the order of their registration."""
    rows = await tx.fetch(
        f"""
        SELECT {_PARTY_COLUMNS}, {_FILE_COLUMNS}
          FROM market.parties p JOIN market.party_files f ON f.party_id = p.id
         WHERE ($1::text IS NULL OR p.state = $1) AND ($2::uuid IS NULL OR p.id > $2)
         ORDER BY p.id LIMIT $3""",  # noqa: S608 - our own columns
        None if state is None else state.value,
        after,
        limit,
    )
    return [_party_file(row) for row in rows]


def _party(row: Row) -> Party:
    return Party(
        id=PartyId(row["id"]),
        kind=Kind(row["kind"]),
        name=row["name"],
        uscc=row["uscc"],
        capacities=tuple(Capacity(capacity) for capacity in row["capacities"]),
        state=State(row["state"]),
        registered_at=row["registered_at"],
        verified_at=row["verified_at"],
    )


def _party_file(row: Row) -> PartyFile:
    verified_by = row["verified_by"]
    return PartyFile(
        party=_party(row),
        evidence_sha256=row["evidence_sha256"],
        identity_masked=row["identity_masked"],
        registered_by=AccountId(row["registered_by"]),
        verified_by=None if verified_by is None else AccountId(verified_by),
        suspended_at=row["suspended_at"],
        suspension_reason=row["suspension_reason"],
    )
