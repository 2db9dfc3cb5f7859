"""Say which agency gets a case (案件分派), and when it may give its opinion (HN-05(3)): pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence

from catalog.agencies.model import AgencyAssignment, AgencyContract, Ending, Method
from catalog.kernel.draw import draw
from catalog.kernel.errors import Conflict, Invalid, Refused
from catalog.kernel.ids import PartyId


class NoAgencyLeft(Refused):
    """Every agency under contract has a share in the case, or had it before."""

    code = "no_agency_left"


class NamingReasonMissing(Invalid):
    """Whoever names an agency, instead of leaving it to the rule, says why."""

    code = "agency_naming_reason_missing"


class ConflictUndeclared(Refused):
    """Before its opinion the agency declares that it has no conflict of interest in the case."""

    code = "conflict_undeclared"


class ConflictDeclared(Conflict):
    """The agency has declared itself on this case already."""

    code = "conflict_declared_already"


class DeclarationIncomplete(Invalid):
    """A declaration says what it stands on."""

    code = "conflict_declaration_incomplete"


class CaseNotAssigned(Refused):
    """The case is nobody's just now; it waits for another agency."""

    code = "case_not_assigned"


def who_lost_it(earlier: Iterable[AgencyAssignment]) -> set[PartyId]:
    """Return who declined a case, or had it taken away; not who had it in an earlier round."""
    return {each.agency_party_id for each in earlier if each.ending not in {None, Ending.CLOSED}}


def candidates(
    contracts: Iterable[AgencyContract], excluded: Collection[PartyId | None]
) -> tuple[AgencyContract, ...]:
    """Return the contracts under which a case may be given, without those of ``excluded`` agencies.

    :raises NoAgencyLeft: if there is none.
    """
    found = sorted(
        (each for each in contracts if each.agency_party_id not in excluded),
        key=lambda each: str(each.agency_party_id),
    )
    if not found:
        raise NoAgencyLeft
    return tuple(found)


def by_chance(found: Sequence[AgencyContract], seed: bytes) -> AgencyContract:
    """Return the contract that the seed draws (随机分派); the seed is kept, so that it can be repeated."""
    by_agency = {str(each.agency_party_id): each for each in found}
    (agency,) = draw(seed, by_agency, 1)
    return by_agency[agency]


def in_turn(found: Sequence[AgencyContract], last: Mapping[PartyId, dt.datetime]) -> AgencyContract:
    """Return the contract whose turn it is (轮流分派): of who has waited longest for a case.

    Who never had one comes first; of equals, in the order of their ids.
    """
    return min(
        found,
        key=lambda each: (
            each.agency_party_id in last,
            last.get(each.agency_party_id, dt.datetime.min.replace(tzinfo=dt.UTC)),
            str(each.agency_party_id),
        ),
    )


def check_reason(method: Method, reason: str) -> None:
    """Return if an agency may be given a case like this.

    :raises NamingReasonMissing: if it is named without a reason.
    """
    if method is Method.NAMED and not reason.strip():
        raise NamingReasonMissing


def check_declaring(assignment: AgencyAssignment | None, statement: str) -> AgencyAssignment:
    """Return the assignment on which the agency declares itself.

    :raises CaseNotAssigned: if the case is nobody's.
    :raises ConflictDeclared: if it has declared itself.
    :raises DeclarationIncomplete: if it does not say on what it stands.
    """
    if assignment is None:
        raise CaseNotAssigned
    if assignment.declared_at is not None:
        raise ConflictDeclared
    if not statement.strip():
        raise DeclarationIncomplete
    return assignment


def check_opinion(assignment: AgencyAssignment | None) -> AgencyAssignment:
    """Return the assignment under which an opinion may be given.

    :raises CaseNotAssigned: if the case is nobody's.
    :raises ConflictUndeclared: if the agency has not declared itself.
    """
    if assignment is None:
        raise CaseNotAssigned
    if assignment.declared_at is None:
        raise ConflictUndeclared
    return assignment
