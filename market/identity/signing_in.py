"""Decide whether somebody gets in (登录): the account is there, may sign in, the password fits."""

from __future__ import annotations

from uuid import UUID

import msgspec

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


def admitted(attempt: Attempt, password: str) -> Actor | None:
    """Return who signs in with this password, or None.

    It takes as long without an account as with one, some twenty milliseconds: call it in a thread.
    """
    found = attempt.credentials
    password_hash = DECOY if found is None else found.password_hash
    fits = matches(password_hash, normalised(password))
    if found is None or not fits or not found.may_sign_in:
        return None
    return actor_of(found.account_id, found.party_id, found.login, found.roles)


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
