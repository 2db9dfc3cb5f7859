"""Give a change to an agency, take its declaration, pass it on (分派、声明、更换), HN-05(3), HN-18.

An agency reads the case while it has it. T3 runs on whatever happens here.
"""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.agencies.assigning import NoAgencyLeft
from catalog.agencies.model import AgencyAssignment, CaseKind, Ending
from catalog.agencies.operations import assignments
from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.case_access.model import Duty
from catalog.changes import materials, store
from catalog.changes.model import Change, PaperKind
from catalog.changes.operations import casework
from catalog.changes.states import Event as Happening
from catalog.changes.states import State, advance
from catalog.delegations import operations as delegations
from catalog.files import operations as files
from catalog.files.model import FileId
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.registration import neutrality, opinions


async def give(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    change: Change,
    agency: PartyId | None,
    reason: str,
    ending: Ending = Ending.CLOSED,
) -> AgencyAssignment:
    """Give a change to the agency that is named, with a reason, or by the rule; let it read.

    :raises ConflictOfInterest: if the named agency has a share in the case.
    :raises NamingReasonMissing: and the other refusals of ``assignments.assign``.
    """
    if agency is not None:
        neutrality.check_agency(agency, _interested(change))
    given = await assignments.assign(
        tx,
        actor=actor,
        now=now,
        case_kind=CaseKind.CHANGE,
        case_id=change.id,
        excluded=_interested(change),
        rulebook=await casework.book_of(tx, change),
        agency=agency,
        reason=reason,
        ending=ending,
    )
    held = materials.current(await store.list_materials(tx, change.id)).values()
    await files.let_read(
        tx,
        file_ids=[FileId(material.file_id) for material in held],
        party_id=given.agency_party_id,
        case_id=change.id,
        now=now,
    )
    return given


async def replace_agency(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    change_id: uuid.UUID,
    agency: PartyId | None,
    reason: str,
) -> Change:
    """Give the case to another agency, named or by the rule; the old one can not read it any more.

    :raises NotPermitted: if the actor may not start a review.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if there is no such change.
    :raises ChangeEventNotAllowed: if it is not under review.
    :raises OpinionImmutable: if the agency has given its opinion: it is not shopped for.
    :raises ConflictOfInterest: if the agency has a share in the case, or is the old one.
    :raises AgencyContractInactive: if the agency has no contract today.
    :raises NoAgencyLeft: if nobody is left to choose from.
    """
    actor.require("review:start")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    _, change = await casework.lock_for(
        tx, actor=actor, now=now, change_id=change_id, duty=Duty.ACCEPTANCE
    )
    await _check_no_opinion(tx, change)
    if agency is not None and agency == change.agency_party_id:
        raise neutrality.ConflictOfInterest(agency_party_id=str(agency))
    return await _hand_over(
        tx,
        change,
        actor=actor,
        now=now,
        agency=agency,
        reason=reason,
        ending=Ending.REPLACED,
    )


async def declare(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    change_id: uuid.UUID,
    has_conflict: bool,
    statement: str,
) -> AgencyAssignment:
    """Declare, as the agency, whether it has a conflict of interest; with one it declines the case.

    A case that is declined goes to another agency by the rule at once; with nobody left it waits for the
    operator, who is told.

    :raises NotPermitted: if the actor reviews for no agency.
    :raises Missing: if the case was not given to the actor's agency.
    :raises ChangeEventNotAllowed: if it is not under review.
    :raises ConflictDeclared: and the other refusals of ``assignments.declare``.
    """
    actor.require("compliance_opinion:record")
    _, change = await casework.lock(tx, change_id=change_id)
    if change.agency_party_id is None or actor.party != change.agency_party_id:
        raise Missing
    advance(change.state, Happening.REPLACE_AGENCY)
    declared = await assignments.declare(
        tx,
        actor=actor,
        now=now,
        case_kind=CaseKind.CHANGE,
        case_id=change.id,
        has_conflict=has_conflict,
        statement=statement,
    )
    if has_conflict:
        assert change.operator_party_id is not None, "an operator accepted the case"
        await notifications.send(
            tx,
            now=now,
            to=change.operator_party_id,
            topic=Topic.AGENCY_CASE_DECLINED,
            subject=casework.about(change)[0],
            facts={"statement": statement},
        )
        await pass_on(tx, change, actor=actor, now=now, reason=statement, ending=Ending.CONFLICT)
    return declared


async def pass_on_suspended(
    tx: Tx, *, actor: Actor, now: dt.datetime, change_id: uuid.UUID, reason: str
) -> None:
    """Take a case away from an agency that was suspended (HN-27), and give it to another.

    Part of the command that suspends: that one asked for the permission.
    """
    async with beyond_own_rows(tx):
        _, change = await casework.lock(tx, change_id=change_id)
        if change.state is not State.UNDER_REVIEW:  # it ended otherwise, nothing is left to do
            await assignments.take_away(
                tx,
                now=now,
                case_kind=CaseKind.CHANGE,
                case_id=change.id,
                ending=Ending.CLOSED,
            )
            return
        await pass_on(tx, change, actor=actor, now=now, reason=reason, ending=Ending.SUSPENDED)


async def pass_on(
    tx: Tx,
    change: Change,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str,
    ending: Ending,
) -> Change:
    """Give a case to another agency by the rule; if nobody is left it waits without one."""
    async with beyond_own_rows(tx):
        try:
            async with tx.savepoint():
                return await _hand_over(
                    tx,
                    change,
                    actor=actor,
                    now=now,
                    agency=None,
                    reason=reason,
                    ending=ending,
                )
        except NoAgencyLeft:
            await assignments.take_away(
                tx,
                now=now,
                case_kind=CaseKind.CHANGE,
                case_id=change.id,
                ending=ending,
            )
            return await _move(tx, change, None, actor=actor, now=now, reason=reason)


async def _hand_over(
    tx: Tx,
    change: Change,
    *,
    actor: Actor,
    now: dt.datetime,
    agency: PartyId | None,
    reason: str,
    ending: Ending,
) -> Change:
    given = await give(
        tx,
        actor=actor,
        now=now,
        change=change,
        agency=agency,
        reason=reason,
        ending=ending,
    )
    return await _move(tx, change, given, actor=actor, now=now, reason=reason)


async def _move(
    tx: Tx,
    change: Change,
    given: AgencyAssignment | None,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str,
) -> Change:
    replaced = await casework.move(
        tx,
        change=change,
        event=Happening.REPLACE_AGENCY,
        now=now,
        agency_party_id=None if given is None else given.agency_party_id,
        agency_contract_id=None if given is None else given.contract_id,
        compliance_is_skipped=False,
    )
    if change.agency_party_id is not None:
        await files.end_reading(tx, party_id=change.agency_party_id, case_id=change.id, now=now)
    await audit_log.append(
        tx,
        Event.AGENCY_REPLACED,
        actor=actor,
        now=now,
        subjects=casework.about(replaced),
        before={"agency": change.agency_party_id},
        after={"agency": replaced.agency_party_id},
        reason=reason,
        rules=("HN-05", "HN-18", "HN-24", "HN-28"),
    )
    return replaced


async def _check_no_opinion(tx: Tx, change: Change) -> None:
    advance(change.state, Happening.REPLACE_AGENCY)
    given = await store.list_papers(tx, change.id, PaperKind.COMPLIANCE_OPINION)
    opinions.check_not_given({paper.no for paper in given}, 1)


def _interested(change: Change) -> set[PartyId | None]:
    return {change.registrant_party_id, change.agent_party_id, change.operator_party_id}
