"""Keep sessions, and attempts to sign in."""

from __future__ import annotations

import datetime as dt
from typing import Final
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from catalog.kernel.db import METADATA, Tx
from catalog.kernel.ids import AccountId, PartyId
from market.identity.lifetimes import IDLE, TOUCH
from market.identity.model import OpenedSession, RefusedCredential
from market.identity.permissions import Role
from market.identity.signing_in import Attempt, Credentials

_SCHEMA: Final = "market"
_UUID: Final = pg.UUID(as_uuid=True)
_INSTANT: Final = sa.DateTime(timezone=True)

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
# A lock of the whole database, so that it can not meet another's number by chance.
_ATTEMPTS_LOCK: Final = 735_110_402


class Identified(msgspec.Struct, frozen=True):
    """Whose secret it was, and what it is good for. ``scopes`` None: for all."""

    account_id: AccountId
    party_id: PartyId
    login: str
    roles: frozenset[Role]
    scopes: frozenset[str] | None


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
    """Return whose session or token this is, if it is still good. One statement, for which nobody acts."""
    rows = await tx.fetch_public(
        """
        SELECT account_id, party_id, login, roles, scopes
          FROM market.find_actor($1, $2, $3, $4, $5)""",
        token_sha256,
        now,
        today,
        IDLE,
        TOUCH,
    )
    if not rows:
        return None
    row = rows[0]
    return Identified(
        account_id=AccountId(row["account_id"]),
        party_id=PartyId(row["party_id"]),
        login=row["login"],
        roles=frozenset(Role(role) for role in row["roles"]),
        scopes=None if row["scopes"] is None else frozenset(row["scopes"]),
    )


async def why_refused(tx: Tx, token_sha256: bytes, *, now: dt.datetime) -> RefusedCredential:
    """Return why the session or token of this hash is not good."""
    row = await tx.fetch_one(
        "SELECT why, kind, id, account_id FROM market.why_refused($1, $2)", token_sha256, now
    )
    return RefusedCredential("unknown") if row is None else RefusedCredential(**row)


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
