"""Contract an agency for two years, and suspend it for misconduct (HN-23, HN-24, HN-27)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.agencies import store
from catalog.agencies.activity import check_new, last_day, require_active
from catalog.agencies.model import AgencyContract, AgencyContractId, Misconduct
from catalog.agencies.states import Event as Happening
from catalog.agencies.states import State, advance
from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.delegations import operations as delegations
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Missing
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.rulebooks.rulebook import Rulebook
from catalog.timers import operations as timers


class AgencyContractMissing(Missing):
    """There is no such contract."""

    code = "not_found"


class AgencyContractNumberUsed(Conflict):
    """The operator has another contract under this number."""

    code = "agency_contract_number_used"


async def contract(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    rulebook: Rulebook,
    agency_party_id: PartyId,
    selection_number: str,
    contract_number: str,
    starts_on: dt.date,
) -> AgencyContract:
    """Sign a contract with an agency that was selected (公开比选), two years long.

    The reminder of its end is a timer against the operator (D9).

    :raises NotPermitted: if the actor may not sign such contracts.
    :raises OperatorNotDelegated: if the operator has no delegation today (HN-05).
    :raises AgencyIsOperator: if the agency is the operator.
    :raises AgencyContractOverlaps: if the agency has a contract for some of these days.
    :raises AgencyContractNumberUsed: if the number was used before.
    """
    actor.require("agency_contract:sign")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    await store.lock_agency(tx, agency_party_id)
    ends_on = last_day(starts_on, rulebook, calendar)
    check_new(
        await store.list_of_agency(tx, agency_party_id),
        operator_party_id=actor.party,
        agency_party_id=agency_party_id,
        starts_on=starts_on,
        ends_on=ends_on,
    )
    if await store.has_number(tx, actor.party, contract_number):
        raise AgencyContractNumberUsed(contract_number=contract_number)
    signed = AgencyContract(
        id=AgencyContractId(new_id()),
        operator_party_id=actor.party,
        agency_party_id=agency_party_id,
        selection_number=selection_number,
        contract_number=contract_number,
        starts_on=starts_on,
        ends_on=ends_on,
        state=State.ACTIVE,
        created_at=now,
    )
    await store.insert(tx, signed)
    await timers.start(
        tx,
        now=now,
        kind="agency_contract",
        subject_kind="agency_contract",
        subject_id=signed.id,
        against="supermarket_operator",
        rulebook=rulebook.code,
        period=rulebook.agency_contract,
        started_on=starts_on,
        calendar=calendar,
        party_id=actor.party,
    )
    await audit_log.append(
        tx,
        Event.AGENCY_CONTRACTED,
        actor=actor,
        now=now,
        subjects=[
            Subject("agency_contract", str(signed.id)),
            Subject("party", str(agency_party_id)),
        ],
        after=msgspec.to_builtins(signed),
        rules=("HN-23", "HN-24"),
    )
    return signed


async def suspend(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    contract_id: uuid.UUID,
    misconduct: Misconduct,
    reason: str,
) -> AgencyContract:
    """Suspend a contract for misconduct (HN-27): the agency gets no new case.

    :raises NotPermitted: if the actor may not sign such contracts.
    :raises AgencyContractMissing: if there is no such contract of the actor's operator.
    :raises AgencyContractEventNotAllowed: if it is suspended already.
    """
    actor.require("agency_contract:sign")
    found = await store.lock(tx, contract_id)
    if found is None or found.operator_party_id != actor.party:
        raise AgencyContractMissing
    suspended = msgspec.structs.replace(
        found,
        state=advance(found.state, Happening.SUSPENDED),
        misconduct=misconduct,
        suspension_reason=reason,
        suspended_at=now,
    )
    await store.update_state(tx, suspended)
    await audit_log.append(
        tx,
        Event.AGENCY_CONTRACT_SUSPENDED,
        actor=actor,
        now=now,
        subjects=[
            Subject("agency_contract", str(suspended.id)),
            Subject("party", str(suspended.agency_party_id)),
        ],
        facts={"misconduct": misconduct.value},
        before={"state": found.state.value},
        after={"state": suspended.state.value},
        reason=reason,
        rules=("HN-27",),
    )
    return suspended


async def require(tx: Tx, *, agency_party_id: PartyId, now: dt.datetime) -> AgencyContract:
    """Return the contract under which the agency works today; part of each assignment.

    :raises AgencyContractInactive: if it has none (HN-05(3)).
    """
    contracts = await store.list_of_agency(tx, agency_party_id)
    return require_active(contracts, local_date(now))
