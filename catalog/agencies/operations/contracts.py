"""Contract who won a selection for two years, end contracts, remind of the next (HN-23, HN-24)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec

from catalog.agencies import store
from catalog.agencies.activity import check_new, last_day
from catalog.agencies.model import AgencyContract, AgencyContractId
from catalog.agencies.reselection import reminds_on
from catalog.agencies.states import State
from catalog.agency_selection import queries as selections
from catalog.agency_selection.model import Selection
from catalog.agency_selection.operations.announcing import RESELECTION
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
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.rulebooks import queries as rulebooks
from catalog.rulebooks.rulebook import Rulebook
from catalog.timers import operations as timers
from catalog.timers.model import PUBLIC

CONTRACT: Final = "agency_contract"


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
    agency_party_id: PartyId,
    selection_id: uuid.UUID,
    contract_number: str,
    starts_on: dt.date,
) -> AgencyContract:
    """Sign a contract with an agency that won a selection (公开比选), two years long.

    Its days are a clock that runs for the public and is met by running out (D9).

    :raises NotPermitted: if the actor may not sign such contracts.
    :raises OperatorNotDelegated: if the operator has no delegation today (HN-05).
    :raises Missing: if the operator held no such selection.
    :raises SelectionNotAwarded: if it has no winners.
    :raises AgencyNotSelected: if the agency is none of them.
    :raises AwardObjected: if the bureau objects to the award (HN-23).
    :raises ContractBeforeAward: if the contract would start before the award.
    :raises ContractedFromThisAward: if the agency had its contract from this award.
    :raises EvaluationMissing: if a contract of its ended and was not evaluated (HN-24).
    :raises AgencyContractOverlaps: if the agency has a contract for some of these days.
    :raises AgencyContractNumberUsed: if the number was used before.
    """
    actor.require("agency_contract:sign")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    await store.lock_agency(tx, agency_party_id)
    won = await selections.get_won(
        tx, operator=actor.party, selection_id=selection_id, agency=agency_party_id
    )
    assert won.awarded_at is not None, "who has winners was awarded"
    rulebook = await rulebooks.of_case(tx, code=won.rulebook, filed_on=local_date(now))
    ends_on = last_day(starts_on, rulebook, calendar)
    check_new(
        await store.list_of_agency(tx, agency_party_id),
        selection_id=won.id,
        awarded_on=local_date(won.awarded_at),
        on=local_date(now),
        starts_on=starts_on,
        ends_on=ends_on,
    )
    if await store.has_number(tx, actor.party, contract_number):
        raise AgencyContractNumberUsed(contract_number=contract_number)
    signed = AgencyContract(
        id=AgencyContractId(new_id()),
        operator_party_id=actor.party,
        agency_party_id=agency_party_id,
        selection_id=won.id,
        selection_number=won.selection_number,
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
        kind=CONTRACT,
        subject_kind="agency_contract",
        subject_id=signed.id,
        against=PUBLIC,
        rulebook=rulebook.code,
        period=rulebook.agency_contract,
        started_on=starts_on,
        calendar=calendar,
    )
    await audit_log.append(
        tx,
        Event.AGENCY_CONTRACTED,
        actor=actor,
        now=now,
        subjects=[
            Subject("agency_contract", str(signed.id)),
            Subject("agency_selection", str(won.id)),
            Subject("party", str(agency_party_id)),
        ],
        after=msgspec.to_builtins(signed),
        rules=("HN-23", "HN-24"),
    )
    return signed


async def lock_own(tx: Tx, *, actor: Actor, contract_id: uuid.UUID) -> AgencyContract:
    """Lock and return a contract of the actor's operator; part of another room's command.

    :raises AgencyContractMissing: if there is none.
    """
    found = await store.lock(tx, contract_id)
    if found is None or found.operator_party_id != actor.party:
        raise AgencyContractMissing
    return found


async def note_evaluation(tx: Tx, *, contract_id: uuid.UUID, now: dt.datetime, points: int) -> None:
    """Write down that a contract was evaluated and filed; part of the command that files."""
    await store.update_evaluation(tx, contract_id, evaluated_at=now, points=points)


async def run_out(
    tx: Tx, *, actor: Actor, now: dt.datetime, contract_id: uuid.UUID
) -> AgencyContract:
    """Record that the days of a contract are over (合同期满, HN-24); it gives no case any more.

    :raises NotPermitted: if the actor is not the job for it.
    :raises AgencyContractMissing: if there is no such contract.
    """
    actor.require("agency_contract:run_out")
    ended = await store.lock(tx, contract_id)
    if ended is None:
        raise AgencyContractMissing
    await timers.run_out(
        tx, now=now, kind=CONTRACT, subject_kind="agency_contract", subject_id=ended.id
    )
    await audit_log.append(
        tx,
        Event.AGENCY_CONTRACT_EXPIRED,
        actor=actor,
        now=now,
        subjects=[
            Subject("agency_contract", str(ended.id)),
            Subject("party", str(ended.agency_party_id)),
        ],
        facts={"ends_on": ended.ends_on},
        rules=("HN-24",),
    )
    return ended


async def remind(tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar) -> int:
    """Remind operators whose contracts end soon of the next selection; return how many were.

    The reminder is a message and a clock; both once per award, and none if a later selection runs.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("agency_contract:run_out")
    today = local_date(now)
    reminded = 0
    for selection_id, ends_on in await store.list_ending(tx, today):
        award = await selections.find_latest_award(tx, selection_id=selection_id)
        if award is None or await timers.was_started(
            tx, kind=RESELECTION, subject_kind="agency_selection", subject_id=award.id
        ):
            continue
        book = await rulebooks.of_case(tx, code=award.rulebook, filed_on=today)
        first = reminds_on(ends_on, today, book.agency_reselection, calendar)
        if first is not None:
            await _remind(
                tx,
                award,
                book,
                actor=actor,
                now=now,
                calendar=calendar,
                ends_on=ends_on,
                started_on=first,
            )
            reminded += 1
    return reminded


async def _remind(
    tx: Tx,
    award: Selection,
    book: Rulebook,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    ends_on: dt.date,
    started_on: dt.date,
) -> None:
    subject = Subject("agency_selection", str(award.id))
    await timers.start(
        tx,
        now=now,
        calendar=calendar,
        kind=RESELECTION,
        subject_kind=subject.kind,
        subject_id=award.id,
        against="supermarket_operator",
        rulebook=book.code,
        period=book.agency_reselection,
        started_on=started_on,
        party_id=award.operator_party_id,
    )
    await notifications.send(
        tx,
        now=now,
        to=award.operator_party_id,
        topic=Topic.AGENCY_RESELECTION_DUE,
        subject=subject,
        facts={"selection_number": award.selection_number, "ends_on": ends_on.isoformat()},
    )
    await audit_log.append(
        tx,
        Event.AGENCY_RESELECTION_DUE,
        actor=actor,
        now=now,
        subjects=[subject],
        facts={"ends_on": ends_on},
        rules=("HN-23",),
    )
