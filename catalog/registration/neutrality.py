"""Say who may review a case (审查人员与机构的中立): nobody checks what is his own, HN-05."""

from __future__ import annotations

from collections.abc import Collection

from catalog.kernel.errors import Forbidden, Invalid, Refused
from catalog.kernel.ids import AccountId, PartyId


class ConflictOfInterest(Refused):
    """The agency has a share in the case, so it is not neutral (中立、客观)."""

    code = "conflict_of_interest"


class AgencyNotNeeded(Invalid):
    """The rulebook needs no opinion of an agency; none is let into the case."""

    code = "review_agency_not_needed"


class ReviewerIsAcceptor(Refused):
    """Who accepted the application does not review it as well: four eyes [P]."""

    code = "reviewer_is_acceptor"


class ReviewerNotOperatorStaff(Forbidden):
    """The technical review is made by the operator's own staff (HN-05(2))."""

    code = "reviewer_not_operator_staff"


class NotTheAssignedReviewer(Forbidden):
    """The case was given to somebody else."""

    code = "reviewer_not_assigned"


def check_named(agency: PartyId | None, *, needed: bool) -> None:
    """Return if no agency is named where the rulebook needs no opinion of one.

    :raises AgencyNotNeeded: if one is named, and none is needed: it would read what it need not.
    """
    if not needed and agency is not None:
        raise AgencyNotNeeded


def check_agency(agency: PartyId, interested: Collection[PartyId | None]) -> None:
    """Return if the agency is none of those who have a share in the case.

    :raises ConflictOfInterest: if it is.
    """
    if agency in interested:
        raise ConflictOfInterest(agency_party_id=str(agency))


def check_reviewer(reviewer: AccountId, acceptor: AccountId | None) -> None:
    """Return if the technical reviewer is not the one who accepted.

    :raises ReviewerIsAcceptor: if it is the same account.
    """
    if reviewer == acceptor:
        raise ReviewerIsAcceptor


def check_is_assigned(
    *,
    account: AccountId | None,
    party: PartyId,
    assigned: AccountId | None,
    operator: PartyId | None,
) -> None:
    """Return if the one who gives the technical opinion was named for it, and is staff.

    :raises ReviewerNotOperatorStaff: if it works for somebody else than the operator.
    :raises NotTheAssignedReviewer: if another account was named.
    """
    if party != operator:
        raise ReviewerNotOperatorStaff
    if account != assigned:
        raise NotTheAssignedReviewer
