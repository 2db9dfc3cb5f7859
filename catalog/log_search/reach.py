"""Say how far somebody may search the log (审计检索范围).

Whose role is to audit or to supervise finds everything; the security administrator what concerns
accounts, keys, refusals and configuration; everybody else what it did itself (of a trader or an agency:
what its people did), and all about a thing that is its own, or a case that is open to it.
"""

from __future__ import annotations

import enum
from typing import Final

from catalog.audit_log.events import Event
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.errors import Invalid

#: What a security administrator finds (安全管理员). The database has the same list.
SECURITY: Final = frozenset(
    {
        Event.ACCESS_DENIED,
        Event.ACCOUNT_CLOSED,
        Event.ACCOUNT_OPENED,
        Event.CONFIGURATION_CHANGED,
        Event.CONTACT_CONFIRMED,
        Event.CONTACT_REMOVED,
        Event.CREDENTIAL_REFUSED,
        Event.KEY_ANNOUNCED,
        Event.KEY_DESTROYED,
        Event.KEY_DISTRUSTED,
        Event.KEY_ENDED,
        Event.KEY_LOADED,
        Event.KEY_REGISTERED,
        Event.KEY_REVOKED,
        Event.KEY_USED,
        Event.LOG_EXPORTED,
        Event.MATERIAL_DENIED,
        Event.OBJECT_DENIED,
        Event.PARTY_SUSPENDED,
        Event.PASSWORD_CHANGED,
        Event.ROLE_GRANTED,
        Event.ROLE_REVOKED,
        Event.SESSION_CLOSED,
        Event.SESSION_OPENED,
        Event.SIGN_IN_FAILED,
        Event.SIGN_IN_HELD_OFF,
        Event.TOKEN_ISSUED,
        Event.TOKEN_REVOKED,
    }
)
_ALL: Final = frozenset(event.value for event in Event)


class ActionUnknown(Invalid):
    """The log has no action of that name."""

    code = "log_action_unknown"


class Reach(enum.StrEnum):
    """How far a search goes."""

    EVERYTHING = "everything"
    SECURITY = "security"
    OWN = "own"


def reach_of(viewer: Actor) -> Reach:
    """Return how far the viewer may search."""
    if viewer.may("audit:read"):
        return Reach.EVERYTHING
    if viewer.clearance is Clearance.ADMINISTRATOR:
        return Reach.SECURITY
    return Reach.OWN


def events_within(reach: Reach, action: str | None) -> list[str] | None:
    """Return which events are looked for, by name; None for all of them.

    :raises ActionUnknown: if the action is no event of the log.
    """
    if action is not None:
        if action not in _ALL:
            raise ActionUnknown(action=action[:64])
        if reach is Reach.SECURITY and action not in SECURITY:
            return []
        return [action]
    return sorted(SECURITY) if reach is Reach.SECURITY else None
