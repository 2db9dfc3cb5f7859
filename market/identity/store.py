"""Keep parties, accounts, role grants, sessions, tokens and attempts to sign in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.ids import AccountId, PartyId
from market.identity.lifetimes import IDLE, TOUCH
from market.identity.model import (
    Account,
    ApiToken,
    Capacity,
    Kind,
    OpenedSession,
    Party,
    PartyFile,
    RoleGrant,
    RoleGrantId,
    TokenId,
)
from market.identity.permissions import Role
from market.identity.signing_in import Attempt, Credentials
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
ACCOUNTS: Final = sa.Table(
    "accounts",
    METADATA,
    sa.Column("id", _UUID, primary_key=True),
    sa.Column("party_id", _UUID, nullable=False),
    sa.Column("login", sa.Text, nullable=False),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("opened_at", _INSTANT, nullable=False),
    sa.Column("opened_by", _UUID),
    sa.Column("closed_at", _INSTANT),
    schema=_SCHEMA,
)
ROLE_GRANTS: Final = sa.Table(
    "role_grants",
    METADATA,
    sa.Column("id", _UUID, primary_key=True),
    sa.Column("account_id", _UUID, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("valid_from", sa.Date, nullable=False),
    sa.Column("valid_to", sa.Date),
    sa.Column("granted_by", _UUID),
    sa.Column("granted_at", _INSTANT, nullable=False),
    sa.Column("revoked_at", _INSTANT),
    sa.Column("revoked_by", _UUID),
    schema=_SCHEMA,
)
SESSIONS: Final = sa.Table(
    "sessions",
    METADATA,
    sa.Column("id", _UUID, primary_key=True),
    sa.Column("account_id", _UUID, nullable=False),
    sa.Column("token_sha256", sa.LargeBinary, nullable=False),
    sa.Column("opened_at", _INSTANT, nullable=False),
    sa.Column("last_used_at", _INSTANT, nullable=False),
    sa.Column("idle_ends_at", _INSTANT, nullable=False),
    sa.Column("ends_at", _INSTANT, nullable=False),
    sa.Column("closed_at", _INSTANT),
    schema=_SCHEMA,
)
API_TOKENS: Final = sa.Table(
    "api_tokens",
    METADATA,
    sa.Column("id", _UUID, primary_key=True),
    sa.Column("account_id", _UUID, nullable=False),
    sa.Column("token_sha256", sa.LargeBinary, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("scopes", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("issued_at", _INSTANT, nullable=False),
    sa.Column("expires_at", _INSTANT, nullable=False),
    sa.Column("revoked_at", _INSTANT),
    sa.Column("last_used_at", _INSTANT),
    schema=_SCHEMA,
)
SIGN_IN_ATTEMPTS: Final = sa.Table(
    "sign_in_attempts",
    METADATA,
    sa.Column("id", _UUID, primary_key=True),
    sa.Column("login", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("attempted_at", _INSTANT, nullable=False),
    sa.Column("succeeded", sa.Boolean, nullable=False),
    schema=_SCHEMA,
)

_PARTY_COLUMNS: Final = (
    "p.id, p.kind, p.name, p.uscc, p.capacities, p.state, p.registered_at, p.verified_at"
)
_FILE_COLUMNS: Final = (
    "f.evidence_sha256, f.identity_masked, f.registered_by, f.verified_by, f.suspended_at,"
    " f.suspension_reason"
)
_ACCOUNT_COLUMNS: Final = "id, party_id, login, display_name, opened_at, closed_at"
_GRANT_COLUMNS: Final = (
    "id, account_id, role, valid_from, valid_to, granted_by, granted_at, revoked_at"
)
_TOKEN_COLUMNS: Final = (
    "id, account_id, name, scopes, issued_at, expires_at, revoked_at, last_used_at"  # noqa: S105 - names of columns
)
# Two locks of the whole database, so that they can not meet another's number by chance.
_FOUNDING_LOCK: Final = 735_110_401
_ATTEMPTS_LOCK: Final = 735_110_402


class Identified(msgspec.Struct, frozen=True):
    """Whose secret it was, and what it is good for. ``scopes`` None: for all."""

    account_id: AccountId
    party_id: PartyId
    login: str
    roles: frozenset[Role]
    scopes: frozenset[str] | None


async def act_as(tx: Tx, *, party_id: PartyId | None, clearance: str) -> None:
    """Go on in this transaction for a party that it has just made.

    Somebody who registers belongs to no party yet; the second wall would hide his own rows.
    """
    await tx.execute(
        "SELECT set_config('app.party', $1, true), set_config('app.clearance', $2, true)",
        "" if party_id is None else str(party_id),
        clearance,
    )


# ── parties ─────────────────────────────────────────────────────────────────────────────────


async def lock_founding(tx: Tx) -> bool:
    """Wait for another founding to end; tell whether the market is empty."""
    await tx.execute("SELECT pg_advisory_xact_lock($1)", _FOUNDING_LOCK)
    return not await tx.fetch_value("SELECT EXISTS (SELECT FROM market.parties)")


async def insert_party(tx: Tx, party: Party) -> bool:
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


async def insert_party_file(
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


async def lock_party_file(tx: Tx, party_id: UUID) -> PartyFile | None:
    """Lock a party and return what is known of it."""
    row = await tx.fetch_one(
        f"""
        SELECT {_PARTY_COLUMNS}, {_FILE_COLUMNS}
          FROM market.parties p JOIN market.party_files f ON f.party_id = p.id
         WHERE p.id = $1 FOR UPDATE OF p""",  # noqa: S608 - our own columns
        party_id,
    )
    return None if row is None else _party_file(row)


async def update_party(tx: Tx, file: PartyFile) -> None:
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


async def find_parties(tx: Tx, ids: Iterable[UUID]) -> list[Party]:
    """Return the parties of these ids that exist."""
    rows = await tx.fetch(
        f"SELECT {_PARTY_COLUMNS} FROM market.parties p WHERE p.id = ANY ($1)",  # noqa: S608 - our own columns
        list(ids),
    )
    return [_party(row) for row in rows]


async def find_party_by_capacity(tx: Tx, capacity: Capacity) -> Party | None:
    """Return the first party with a capacity, which is the only one for an institution."""
    row = await tx.fetch_one(
        f"""
        SELECT {_PARTY_COLUMNS} FROM market.parties p
         WHERE $1 = ANY (p.capacities) ORDER BY p.id LIMIT 1""",  # noqa: S608 - our own columns
        capacity.value,
    )
    return None if row is None else _party(row)


async def find_party_file(tx: Tx, party_id: UUID) -> PartyFile | None:
    """Return a party with what it showed, if the viewer's wall lets it through."""
    row = await tx.fetch_one(
        f"""
        SELECT {_PARTY_COLUMNS}, {_FILE_COLUMNS}
          FROM market.parties p JOIN market.party_files f ON f.party_id = p.id
         WHERE p.id = $1""",  # noqa: S608 - our own columns
        party_id,
    )
    return None if row is None else _party_file(row)


async def list_party_files(
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


# ── accounts and roles ──────────────────────────────────────────────────────────────────────


async def insert_account(
    tx: Tx, account: Account, *, password_hash: str, opened_by: AccountId | None
) -> bool:
    """Insert an account; tell False if the login is taken."""
    return bool(
        await tx.execute(
            """
            INSERT INTO market.accounts
                (id, party_id, login, display_name, password_hash, opened_at, opened_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (login) DO NOTHING""",
            account.id,
            account.party_id,
            account.login,
            account.display_name,
            password_hash,
            account.opened_at,
            opened_by,
        )
    )


async def find_account(tx: Tx, account_id: UUID) -> Account | None:
    """Return an account, if the viewer's wall lets it through."""
    row = await tx.fetch_one(
        f"SELECT {_ACCOUNT_COLUMNS} FROM market.accounts WHERE id = $1",  # noqa: S608 - our own columns
        account_id,
    )
    return None if row is None else _account(row)


async def lock_account(tx: Tx, account_id: UUID) -> Account | None:
    """Lock an account and return it."""
    row = await tx.fetch_one(
        f"SELECT {_ACCOUNT_COLUMNS} FROM market.accounts WHERE id = $1 FOR UPDATE",  # noqa: S608 - our own columns
        account_id,
    )
    return None if row is None else _account(row)


async def find_password_hash(tx: Tx, account_id: UUID) -> str | None:
    """Return the hash of an account's password."""
    found: str | None = await tx.fetch_value(
        "SELECT password_hash FROM market.accounts WHERE id = $1", account_id
    )
    return found


async def update_password(tx: Tx, account_id: UUID, password_hash: str) -> None:
    """Store a new password's hash."""
    await tx.execute(
        "UPDATE market.accounts SET password_hash = $2 WHERE id = $1", account_id, password_hash
    )


async def close_account(
    tx: Tx, account_id: UUID, *, closed_by: AccountId, now: dt.datetime
) -> None:
    """Close an account with all that hangs on it."""
    await tx.execute("UPDATE market.accounts SET closed_at = $2 WHERE id = $1", account_id, now)
    await close_sessions(tx, account_id, now)
    await tx.execute(
        """
        UPDATE market.api_tokens SET revoked_at = $2
         WHERE account_id = $1 AND revoked_at IS NULL""",
        account_id,
        now,
    )
    await tx.execute(
        """
        UPDATE market.role_grants SET revoked_at = $2, revoked_by = $3
         WHERE account_id = $1 AND revoked_at IS NULL""",
        account_id,
        now,
        closed_by,
    )


async def insert_grant(tx: Tx, grant: RoleGrant) -> None:
    """Insert a role grant."""
    await tx.insert(
        ROLE_GRANTS,
        id=grant.id,
        account_id=grant.account_id,
        role=grant.role.value,
        valid_from=grant.valid_from,
        valid_to=grant.valid_to,
        granted_by=grant.granted_by,
        granted_at=grant.granted_at,
    )


async def list_grants(tx: Tx, account_id: UUID) -> list[RoleGrant]:
    """Return all grants of an account, the revoked ones too, oldest first."""
    rows = await tx.fetch(
        f"SELECT {_GRANT_COLUMNS} FROM market.role_grants WHERE account_id = $1 ORDER BY id",  # noqa: S608 - our own columns
        account_id,
    )
    return [_grant(row) for row in rows]


async def lock_grant(tx: Tx, grant_id: UUID) -> RoleGrant | None:
    """Lock a grant and return it."""
    row = await tx.fetch_one(
        f"SELECT {_GRANT_COLUMNS} FROM market.role_grants WHERE id = $1 FOR UPDATE",  # noqa: S608 - our own columns
        grant_id,
    )
    return None if row is None else _grant(row)


async def revoke_grant(tx: Tx, grant_id: UUID, *, revoked_by: AccountId, now: dt.datetime) -> None:
    """Store that a grant was revoked."""
    await tx.execute(
        "UPDATE market.role_grants SET revoked_at = $2, revoked_by = $3 WHERE id = $1",
        grant_id,
        now,
        revoked_by,
    )


# ── signing in ──────────────────────────────────────────────────────────────────────────────


async def lock_attempts(tx: Tx, login: str, address: str) -> None:
    """Let those who try this login from this address come one after the other."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock($1, hashtext($2))",
        _ATTEMPTS_LOCK,
        f"{login} {address}",
    )


async def list_failed_attempts(tx: Tx, login: str, address: str) -> list[dt.datetime]:
    """Return when signing in with this login from this address failed."""
    rows = await tx.fetch(
        """
        SELECT attempted_at FROM market.sign_in_attempts
         WHERE login = $1 AND address = $2 AND NOT succeeded""",
        login,
        address,
    )
    return [row["attempted_at"] for row in rows]


async def insert_attempt(tx: Tx, attempt: Attempt, *, now: dt.datetime) -> None:
    """Insert an attempt, which counts as failed until it has succeeded."""
    await tx.insert(
        SIGN_IN_ATTEMPTS,
        id=attempt.id,
        login=attempt.login,
        address=attempt.address,
        attempted_at=now,
        succeeded=False,
    )


async def attempt_succeeded(tx: Tx, attempt_id: UUID) -> None:
    """Store that an attempt was good."""
    await tx.execute(
        "UPDATE market.sign_in_attempts SET succeeded = true WHERE id = $1", attempt_id
    )


async def forget_attempts(tx: Tx, login: str, *, before: dt.datetime) -> None:
    """Delete attempts that do not count any more: who was where is kept no longer than needed."""
    await tx.execute(
        "DELETE FROM market.sign_in_attempts WHERE login = $1 AND attempted_at < $2", login, before
    )


async def find_credentials(tx: Tx, login: str, today: dt.date) -> Credentials | None:
    """Return what is needed to let a login in."""
    row = await tx.fetch_one(
        """
        SELECT account_id, party_id, login, password_hash, may_sign_in, roles
          FROM market.find_credentials($1, $2)""",
        login,
        today,
    )
    if row is None:
        return None
    return Credentials(
        account_id=AccountId(row["account_id"]),
        party_id=PartyId(row["party_id"]),
        login=row["login"],
        password_hash=row["password_hash"],
        may_sign_in=row["may_sign_in"],
        roles=frozenset(Role(role) for role in row["roles"]),
    )


async def find_by_secret(
    tx: Tx, token_sha256: bytes, *, now: dt.datetime, today: dt.date
) -> Identified | None:
    """Return whose session or token this is, if it is still good. One statement."""
    row = await tx.fetch_one(
        """
        SELECT account_id, party_id, login, roles, scopes
          FROM market.find_actor($1, $2, $3, $4, $5)""",
        token_sha256,
        now,
        today,
        IDLE,
        TOUCH,
    )
    if row is None:
        return None
    return Identified(
        account_id=AccountId(row["account_id"]),
        party_id=PartyId(row["party_id"]),
        login=row["login"],
        roles=frozenset(Role(role) for role in row["roles"]),
        scopes=None if row["scopes"] is None else frozenset(row["scopes"]),
    )


async def insert_session(tx: Tx, session: OpenedSession, token_sha256: bytes) -> None:
    """Insert a session; of its secret only the hash."""
    await tx.insert(
        SESSIONS,
        id=session.session_id,
        account_id=session.account_id,
        token_sha256=token_sha256,
        opened_at=session.opened_at,
        last_used_at=session.opened_at,
        idle_ends_at=session.idle_ends_at,
        ends_at=session.ends_at,
    )


async def close_session(tx: Tx, token_sha256: bytes, now: dt.datetime) -> UUID | None:
    """Close the session of this secret; return its id, or None if there is no open one."""
    found: UUID | None = await tx.fetch_value(
        """
        UPDATE market.sessions SET closed_at = $2
         WHERE token_sha256 = $1 AND closed_at IS NULL RETURNING id""",
        token_sha256,
        now,
    )
    return found


async def close_sessions(
    tx: Tx, account_id: UUID, now: dt.datetime, *, but: bytes | None = None
) -> int:
    """Close all sessions of an account, but the one with this secret; return how many."""
    return await tx.execute(
        """
        UPDATE market.sessions SET closed_at = $2
         WHERE account_id = $1 AND closed_at IS NULL
           AND ($3::bytea IS NULL OR token_sha256 <> $3)""",
        account_id,
        now,
        but,
    )


# ── tokens ──────────────────────────────────────────────────────────────────────────────────


async def insert_token(tx: Tx, token: ApiToken, token_sha256: bytes) -> None:
    """Insert a token; of its secret only the hash."""
    await tx.insert(
        API_TOKENS,
        id=token.id,
        account_id=token.account_id,
        token_sha256=token_sha256,
        name=token.name,
        scopes=list(token.scopes),
        issued_at=token.issued_at,
        expires_at=token.expires_at,
    )


async def list_tokens(
    tx: Tx, account_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[ApiToken]:
    """Return an account's tokens, oldest first."""
    rows = await tx.fetch(
        f"""
        SELECT {_TOKEN_COLUMNS} FROM market.api_tokens
         WHERE account_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3""",  # noqa: S608 - our own columns
        account_id,
        after,
        limit,
    )
    return [_token(row) for row in rows]


async def lock_token(tx: Tx, token_id: UUID, account_id: UUID) -> ApiToken | None:
    """Lock a token of an account and return it."""
    row = await tx.fetch_one(
        f"""
        SELECT {_TOKEN_COLUMNS} FROM market.api_tokens
         WHERE id = $1 AND account_id = $2 FOR UPDATE""",  # noqa: S608 - our own columns
        token_id,
        account_id,
    )
    return None if row is None else _token(row)


async def revoke_token(tx: Tx, token_id: UUID, now: dt.datetime) -> None:
    """Store that a token was revoked."""
    await tx.execute("UPDATE market.api_tokens SET revoked_at = $2 WHERE id = $1", token_id, now)


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


def _account(row: Row) -> Account:
    return Account(
        id=AccountId(row["id"]),
        party_id=PartyId(row["party_id"]),
        login=row["login"],
        display_name=row["display_name"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
    )


def _grant(row: Row) -> RoleGrant:
    granted_by = row["granted_by"]
    return RoleGrant(
        id=RoleGrantId(row["id"]),
        account_id=AccountId(row["account_id"]),
        role=Role(row["role"]),
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        granted_by=None if granted_by is None else AccountId(granted_by),
        granted_at=row["granted_at"],
        revoked_at=row["revoked_at"],
    )


def _token(row: Row) -> ApiToken:
    values: dict[str, Any] = dict(row)
    return ApiToken(
        id=TokenId(values.pop("id")),
        account_id=AccountId(values.pop("account_id")),
        scopes=tuple(values.pop("scopes")),
        **values,
    )
