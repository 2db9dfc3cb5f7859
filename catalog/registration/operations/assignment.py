"""Give an application to an agency, take its declaration, pass it on (分派、声明、更换), HN-05(3), HN-28.

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
from catalog.delegations import operations as delegations
from catalog.files import operations as files
from catalog.files.model import FileId
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.registration import dossier, neutrality, opinions
from catalog.registration.model import Application
from catalog.registration.operations import casework
from catalog.registration.states import Event as Happening
from catalog.registration.states import State, advance
from catalog.registration.store import filed, reviews


async def give(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    application: Application,
    agency: PartyId | None,
    reason: str,
    ending: Ending = Ending.CLOSED,
) -> AgencyAssignment:
    """Give an application to the agency that is named, with a reason, or by the rule; let it read.

    :raises ConflictOfInterest: if the named agency has a share in the case.
    :raises NamingReasonMissing: and the other refusals of ``assignments.assign``.
    """
    if agency is not None:
        neutrality.check_agency(agency, _interested(application))
    given = await assignments.assign(
        tx,
        actor=actor,
        now=now,
        case_kind=CaseKind.APPLICATION,
        case_id=application.id,
        excluded=_interested(application),
        rulebook=await casework.rulebook_of(tx, application),
        agency=agency,
        reason=reason,
        ending=ending,
    )
    materials = dossier.current(await filed.list_materials(tx, application.id)).values()
    await files.let_read(
        tx,
        file_ids=[FileId(m.file_id) for m in materials if m.file_id is not None],
        party_id=given.agency_party_id,
        case_id=application.id,
        now=now,
    )
    return given


async def replace_agency(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    application_id: uuid.UUID,
    agency: PartyId | None,
    reason: str,
) -> Application:
    """Give the case to another agency, named or by the rule; the old one can not read it any more.

    :raises NotPermitted: if the actor may not start a review.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if there is no such application.
    :raises ApplicationEventNotAllowed: if it is not under review.
    :raises OpinionImmutable: if the agency has given its opinion: it is not shopped for.
    :raises ConflictOfInterest: if the agency has a share in the case, or is the old one.
    :raises AgencyContractInactive: if the agency has no contract today.
    :raises NoAgencyLeft: if nobody is left to choose from.
    """
    actor.require("review:start")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    application = await casework.lock_for(
        tx, actor=actor, now=now, application_id=application_id, duty=Duty.ACCEPTANCE
    )
    await _check_no_opinion(tx, application)
    if agency is not None and agency == application.agency_party_id:
        raise neutrality.ConflictOfInterest(agency_party_id=str(agency))
    return await _hand_over(
        tx,
        application,
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
    application_id: uuid.UUID,
    has_conflict: bool,
    statement: str,
) -> AgencyAssignment:
    """Declare, as the agency, whether it has a conflict of interest; with one it declines the case.

    A case that is declined goes to another agency by the rule at once; with nobody left it waits for the
    operator, who is told.

    :raises NotPermitted: if the actor reviews for no agency.
    :raises Missing: if the case was not given to the actor's agency.
    :raises ApplicationEventNotAllowed: if it is not under review.
    :raises ConflictDeclared: and the other refusals of ``assignments.declare``.
    """
    actor.require("compliance_opinion:record")
    application = await casework.lock(tx, application_id=application_id)
    if application.agency_party_id is None or actor.party != application.agency_party_id:
        raise Missing
    advance(application.state, Happening.REPLACE_AGENCY)
    declared = await assignments.declare(
        tx,
        actor=actor,
        now=now,
        case_kind=CaseKind.APPLICATION,
        case_id=application.id,
        has_conflict=has_conflict,
        statement=statement,
    )
    if has_conflict:
        assert application.operator_party_id is not None, "an operator accepted the case"
        await notifications.send(
            tx,
            now=now,
            to=application.operator_party_id,
            topic=Topic.AGENCY_CASE_DECLINED,
            subject=casework.about(application)[0],
            facts={"statement": statement},
        )
        await pass_on(
            tx, application, actor=actor, now=now, reason=statement, ending=Ending.CONFLICT
        )
    return declared


async def pass_on_suspended(
    tx: Tx, *, actor: Actor, now: dt.datetime, application_id: uuid.UUID, reason: str
) -> None:
    """Take a case away from an agency that was suspended (HN-27), and give it to another.

    Part of the command that suspends: that one asked for the permission.
    """
    async with beyond_own_rows(tx):
        application = await casework.lock(tx, application_id=application_id)
        if application.state is not State.UNDER_REVIEW:  # it ended otherwise, nothing is left to do
            await assignments.take_away(
                tx,
                now=now,
                case_kind=CaseKind.APPLICATION,
                case_id=application.id,
                ending=Ending.CLOSED,
            )
            return
        await pass_on(tx, application, actor=actor, now=now, reason=reason, ending=Ending.SUSPENDED)


async def pass_on(
    tx: Tx,
    application: Application,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str,
    ending: Ending,
) -> Application:
    """Give a case to another agency by the rule; if nobody is left it waits without one."""
    async with beyond_own_rows(tx):
        try:
            async with tx.savepoint():
                return await _hand_over(
                    tx,
                    application,
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
                case_kind=CaseKind.APPLICATION,
                case_id=application.id,
                ending=ending,
            )
            return await _move(tx, application, None, actor=actor, now=now, reason=reason)


async def _hand_over(
    tx: Tx,
    application: Application,
    *,
    actor: Actor,
    now: dt.datetime,
    agency: PartyId | None,
    reason: str,
    ending: Ending,
) -> Application:
    given = await give(
        tx,
        actor=actor,
        now=now,
        application=application,
        agency=agency,
        reason=reason,
        ending=ending,
    )
    return await _move(tx, application, given, actor=actor, now=now, reason=reason)


async def _move(
    tx: Tx,
    application: Application,
    given: AgencyAssignment | None,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str,
) -> Application:
    replaced = await casework.move(
        tx,
        application=application,
        event=Happening.REPLACE_AGENCY,
        now=now,
        agency_party_id=None if given is None else given.agency_party_id,
        agency_contract_id=None if given is None else given.contract_id,
    )
    if application.agency_party_id is not None:
        await files.end_reading(
            tx, party_id=application.agency_party_id, case_id=application.id, now=now
        )
    await audit_log.append(
        tx,
        Event.AGENCY_REPLACED,
        actor=actor,
        now=now,
        subjects=casework.about(replaced),
        before={"agency": application.agency_party_id},
        after={"agency": replaced.agency_party_id},
        reason=reason,
        rules=("HN-05", "HN-24", "HN-28"),
    )
    return replaced


async def _check_no_opinion(tx: Tx, application: Application) -> None:
    advance(application.state, Happening.REPLACE_AGENCY)
    given = await reviews.list_compliance_opinions(tx, application.id)
    opinions.check_not_given({o.round for o in given}, application.compliance_round)


def _interested(application: Application) -> set[PartyId | None]:
    return {
        application.applicant_party_id,
        application.agent_party_id,
        application.operator_party_id,
        *(each.party_id for each in application.form.consenting(application.applicant_party_id)),
    }
