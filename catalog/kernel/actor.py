"""Say who acts, for whom, and with which permissions.

An ``Actor`` is made once by the door (from a session, a token, or for a job) and handed down.
Nothing below asks again who it is. Permissions are words like ``objection:file``; which role
has which is told in one table, ``market/identity/permissions.py``.
"""

from __future__ import annotations

import enum
import uuid
from typing import Final

import msgspec

from catalog.kernel.errors import Forbidden
from catalog.kernel.ids import AccountId, PartyId


class Clearance(enum.StrEnum):
    """How far the second wall (row-level security) lets the actor see."""

    PUBLIC = "public"  # only what is published
    AUDITOR = "auditor"  # every payload of the audit log, and nothing else beyond its own party
    PARTY = "party"  # its own party's rows
    STAFF = "staff"  # the operator's working rows
    ADMINISTRATOR = "administrator"  # all accounts and their roles, no case material
    REGULATOR = "regulator"  # everything, each read of confidential material is logged (HN-05, A49)
    SYSTEM = "system"  # a job of ours


_SEES_ALL: Final = frozenset({Clearance.STAFF, Clearance.REGULATOR, Clearance.SYSTEM})


class NotPermitted(Forbidden):
    """The actor's roles do not carry the permission."""

    code = "permission_missing"


class Actor(msgspec.Struct, frozen=True):
    """One who acts: an account of a party, the anonymous public, or a job of the system."""

    account_id: AccountId | None
    party_id: PartyId | None
    name: str
    roles: frozenset[str]
    permissions: frozenset[str]
    clearance: Clearance
    acting_for: PartyId | None = None  # the principal, when an agent files (HN-06)
    acting_on: frozenset[uuid.UUID] | None = None  # the products for that; None: all of them

    def may(self, permission: str) -> bool:
        """Tell whether the actor has ``permission``."""
        return permission in self.permissions

    def require(self, permission: str) -> None:
        """Return if the actor has ``permission``.

        :raises NotPermitted: if not.
        """
        if permission not in self.permissions:
            raise NotPermitted(permission=permission)

    @property
    def sees_all(self) -> bool:
        """Tell whether the second wall lets the actor see every party's rows (``catalog.sees_all()``)."""
        return self.clearance in _SEES_ALL

    @property
    def principal(self) -> str:
        """Return under which name what was answered is kept: the account, or the name if none.

        What an agent did for one is kept apart from what it did for another, or for itself.
        """
        own = str(self.account_id or self.name)
        return own if self.acting_for is None else f"{own} for {self.acting_for}"

    @property
    def party(self) -> PartyId:
        """Return the party for which the actor speaks: the principal if there is one.

        :raises NotPermitted: if the actor belongs to no party.
        """
        party = self.acting_for or self.party_id
        if party is None:
            raise NotPermitted(permission="party:act")
        return party


PUBLIC: Final = Actor(
    account_id=None,
    party_id=None,
    name="public",
    roles=frozenset({"public"}),
    permissions=frozenset(),
    clearance=Clearance.PUBLIC,
)


def system(job: str, *permissions: str) -> Actor:
    """Return the actor for a job of ours: it may do exactly what is named."""
    return Actor(
        account_id=None,
        party_id=None,
        name=f"system:{job}",
        roles=frozenset({"system"}),
        permissions=frozenset(permissions),
        clearance=Clearance.SYSTEM,
    )
