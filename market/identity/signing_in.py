"""Decide whether somebody gets in (登录): the account is there, may sign in, the password fits."""

from __future__ import annotations

import enum
import hashlib
import secrets
from uuid import UUID

import msgspec

from catalog.audit_log.leaf import SALT_LENGTH
from catalog.kernel.actor import Actor
from catalog.kernel.ids import AccountId, PartyId
from market.identity.hashing import DECOY, matches
from market.identity.passwords import normalised
from market.identity.permissions import Role, clearance_of, permissions_of


class Credentials(msgspec.Struct, frozen=True):
    """What is needed to let an account in."""

    account_id: AccountId
    party_id: PartyId
    login: str
    password_hash: str
    may_sign_in: bool
    roles: frozenset[Role]


class Attempt(msgspec.Struct, frozen=True):
    """Somebody who tries to sign in. ``credentials`` None: there is no such login."""

    id: UUID
    login: str
    address: str
    credentials: Credentials | None


class WhyNot(enum.StrEnum):
    """Why somebody does not get in: told to the log's auditors, and to nobody else."""

    LOGIN_UNKNOWN = "login_unknown"
    PASSWORD_WRONG = "password_wrong"  # noqa: S105 - the name of a reason
    ACCOUNT_CLOSED = "account_closed"  # or its party is suspended


def checked(attempt: Attempt, password: str) -> Actor | WhyNot:
    """Return who signs in with this password, or why nobody does.

    It takes as long without an account as with one, some twenty milliseconds: call it in a thread.
    """
    found = attempt.credentials
    password_hash = DECOY if found is None else found.password_hash
    fits = matches(password_hash, normalised(password))
    if found is None:
        return WhyNot.LOGIN_UNKNOWN
    if not fits:
        return WhyNot.PASSWORD_WRONG
    if not found.may_sign_in:
        return WhyNot.ACCOUNT_CLOSED
    return actor_of(found.account_id, found.party_id, found.login, found.roles)


def committed(typed: str) -> dict[str, str]:
    """Return a salted commitment to what somebody typed as a login, which may be a password.

    Whoever knows what was typed can check it: SHA-256(salt ‖ text), both in hex.
    """
    salt = secrets.token_bytes(SALT_LENGTH)
    return {"salt": salt.hex(), "sha256": hashlib.sha256(salt + typed.encode()).hexdigest()}


def actor_of(
    account_id: AccountId,
    party_id: PartyId,
    login: str,
    roles: frozenset[Role],
    *,
    scopes: frozenset[str] | None = None,
) -> Actor:
    """Return the actor for an account with these roles; ``scopes`` cut what it may, never add."""
    permissions = permissions_of(roles)
    return Actor(
        account_id=account_id,
        party_id=party_id,
        name=login,
        roles=frozenset(role.value for role in roles),
        permissions=permissions if scopes is None else permissions & scopes,
        clearance=clearance_of(roles),
    )
