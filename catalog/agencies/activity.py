"""Decide whether an agency may be given a case on a day (HN-05(3), HN-23)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from catalog.agencies.model import AgencyContract
from catalog.agencies.states import State
from catalog.kernel.errors import Conflict, Invalid, Refused
from catalog.kernel.ids import PartyId
from catalog.kernel.periods import deadline
from catalog.kernel.workdays import Calendar
from catalog.rulebooks.rulebook import Rulebook


class AgencyContractInactive(Refused):
    """The agency has no contract in force on that day, so it gets no case (HN-05)."""

    code = "agency_contract_inactive"


class AgencyContractOverlaps(Conflict):
    """The agency has a contract for some of these days already."""

    code = "agency_contract_overlaps"


class AgencyIsOperator(Invalid):
    """The operator can not be its own neutral third party (HN-05: 中立、客观)."""

    code = "agency_is_operator"


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


def check_new(
    existing: Iterable[AgencyContract],
    *,
    operator_party_id: PartyId,
    agency_party_id: PartyId,
    starts_on: dt.date,
    ends_on: dt.date,
) -> None:
    """Return if the operator may contract the agency for these days.

    A suspended contract stays in the way: a new one would undo the suspension (HN-27).

    :raises AgencyIsOperator: if the two are one.
    :raises AgencyContractOverlaps: if a day would have two contracts.
    """
    if operator_party_id == agency_party_id:
        raise AgencyIsOperator
    for other in existing:
        if starts_on <= other.ends_on and other.starts_on <= ends_on:
            raise AgencyContractOverlaps(
                contract_number=other.contract_number, ends_on=other.ends_on.isoformat()
            )
