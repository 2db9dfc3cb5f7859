"""Say what a route may need.

``PUBLIC`` routes need nothing. ``relation`` tells a reader whose object may be named; it is asked
again by the operation itself, and a foreign id is answered like an unknown one, with 404 (HN-28).
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec


class Relation(enum.StrEnum):
    """Whose object the route is about."""

    ANY = "any"  # whoever has the permission
    OWN = "own"  # the caller's own account or party
    PARTY = "party"  # a party to the thing: applicant, buyer, supplier, objector, registrant
    ASSIGNED = "assigned"  # the case was assigned to the caller or its agency
    PUBLISHED = "published"  # only what is public


class Rule(msgspec.Struct, frozen=True):
    """What a route needs. ``permission`` None means that anyone may call it."""

    permission: str | None
    relation: Relation
    command: bool = False  # changes state: one transaction, one audit entry, Idempotency-Key


OPEN: Final = Rule(permission=None, relation=Relation.PUBLISHED)


def public(*, command: bool = False) -> Rule:
    """Return the rule of what anyone may call."""
    return Rule(permission=None, relation=Relation.PUBLISHED, command=command)


def read(permission: str, relation: Relation = Relation.ANY) -> Rule:
    """Return the rule of a reading."""
    return Rule(permission=permission, relation=relation)


def do(permission: str, relation: Relation = Relation.ANY) -> Rule:
    """Return the rule of a command."""
    return Rule(permission=permission, relation=relation, command=True)


OWN, PARTY, ASSIGNED = Relation.OWN, Relation.PARTY, Relation.ASSIGNED
#: From routes, as method and path, to what they need.
Rules = dict[tuple[str, str], Rule]
V1: Final = "/api/v1"
