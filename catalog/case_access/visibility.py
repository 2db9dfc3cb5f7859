"""Say who may see what lies in a case: all of it, a redacted copy, or that there is none (HN-28, A49).

Who sees nothing is answered as if there were no such case: 404, never 403.
"""

from __future__ import annotations

import enum

import msgspec

from catalog.case_access.model import Case
from catalog.kernel.actor import Actor, Clearance


class Sight(enum.StrEnum):
    """How much of a case somebody sees."""

    FULL = "full"
    REDACTED = "redacted"  # 脱敏副本
    NOTHING = "nothing"


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a viewer stands to a case, beyond what the case itself says of its parties."""

    is_handler: bool = False  # has a duty in it today
    is_authority: bool = False  # delegates its operator (HN-05)
    is_inspector: bool = False  # was drawn to inspect it, and the spot check runs (HN-21)


def is_own(viewer: Actor, case: Case) -> bool:
    """Tell whether the case is that of the party for which the viewer speaks."""
    party = viewer.acting_for or viewer.party_id
    return party is not None and party in case.own_parties


def who_may_see(viewer: Actor, case: Case, standing: Standing) -> Sight:
    """Return how much of a case the viewer sees.

    1. Its own people see all of it, whichever of their accounts they use; so do our jobs.
    2. The other side of an objection sees it without what is secret from it.
    3. The assigned agency sees all of its case, and none after it was replaced.
    4. The operator's staff see what they handle, and nothing else.
    5. The authority that delegates sees all, and whoever was drawn to inspect the case; another
       regulator gets a redacted copy (A49).
    """
    party = viewer.acting_for or viewer.party_id
    if viewer.clearance is Clearance.SYSTEM or is_own(viewer, case):
        return Sight.FULL
    if party is not None and party in case.other_side:
        return Sight.REDACTED
    if party is not None and party == case.agency_party_id:
        return Sight.FULL
    if viewer.clearance is Clearance.STAFF and standing.is_handler:
        return Sight.FULL
    if viewer.clearance is Clearance.REGULATOR:
        return Sight.FULL if standing.is_authority or standing.is_inspector else Sight.REDACTED
    return Sight.NOTHING
