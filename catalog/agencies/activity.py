"""Decide whether an agency may be given a case on a day (HN-05(3), HN-23)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from catalog.agencies.model import AgencyContract
from catalog.agencies.states import State
from catalog.agency_selection.model import SelectionId
from catalog.kernel.errors import Conflict, Invalid, Refused
from catalog.kernel.periods import deadline
from catalog.kernel.workdays import Calendar
from catalog.rulebooks.rulebook import Rulebook


class AgencyContractInactive(Refused):
    """The agency has no contract in force on that day, so it gets no case (HN-05)."""

    code = "agency_contract_inactive"


class AgencyContractOverlaps(Conflict):
    """The agency has a contract for some of these days already."""

    code = "agency_contract_overlaps"


class ContractedFromThisAward(Conflict):
    """The agency has had its contract from this award."""

    code = "contracted_from_this_award"


class EvaluationMissing(Refused):
    """An earlier contract of the agency ended and its evaluation was not filed (HN-24)."""

    code = "evaluation_missing"


class ContractBeforeAward(Invalid):
    """A contract starts on the day of the award or later."""

    code = "contract_before_award"


def last_day(starts_on: dt.date, rulebook: Rulebook, calendar: Calendar) -> dt.date:
    """Return the last day of a contract: two years to the corresponding day (HN-24, A28)."""
    return deadline(rulebook.agency_contract, starts_on, calendar).last_day


def is_active(contract: AgencyContract, on: dt.date) -> bool:
    """Tell whether the agency may be given a case on the day ``on``."""
    return contract.state is State.ACTIVE and contract.starts_on <= on <= contract.ends_on


def require_active(contracts: Iterable[AgencyContract], on: dt.date) -> AgencyContract:
    """Return the contract that is active on the day ``on``.

    :raises AgencyContractInactive: if none is.
    """
    for contract in contracts:
        if is_active(contract, on):
            return contract
    raise AgencyContractInactive(on=on.isoformat())


def require_unsuspended(contract: AgencyContract, on: dt.date) -> None:
    """Return if a case that was given under the contract may be finished, also after its end.

    :raises AgencyContractInactive: if the contract was suspended.
    """
    if contract.state is State.SUSPENDED:
        raise AgencyContractInactive(on=on.isoformat())


def check_new(
    existing: Iterable[AgencyContract],
    *,
    selection_id: SelectionId,
    awarded_on: dt.date,
    on: dt.date,
    starts_on: dt.date,
    ends_on: dt.date,
) -> None:
    """Return if an agency with these contracts may be contracted from an award for these days.

    A suspended contract stays in the way: a new one would undo the suspension (HN-27).

    :raises ContractBeforeAward: if it would start before the award.
    :raises ContractedFromThisAward: if the award was used.
    :raises EvaluationMissing: if one that ended was not evaluated and filed.
    :raises AgencyContractOverlaps: if a day would have two contracts.
    """
    if starts_on < awarded_on:
        raise ContractBeforeAward(awarded_on=awarded_on.isoformat())
    for other in existing:
        if other.selection_id == selection_id:
            raise ContractedFromThisAward(contract_number=other.contract_number)
        if other.ends_on < on and other.evaluated_at is None:
            raise EvaluationMissing(contract_number=other.contract_number)
        if starts_on <= other.ends_on and other.starts_on <= ends_on:
            raise AgencyContractOverlaps(
                contract_number=other.contract_number, ends_on=other.ends_on.isoformat()
            )
