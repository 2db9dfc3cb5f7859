"""Review an accepted application (审查): name who reviews it, and decide.

HN-11, HN-12, HN-15. The whole review is made inside one period of thirty working days (T3).
"""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest
from catalog.case_access import operations as case_access
from catalog.case_access.model import Duty
from catalog.delegations import operations as delegations
from catalog.files import operations as files
from catalog.files.model import FileId
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import AccountId, PartyId, new_id
from catalog.kernel.workdays import Calendar
from catalog.notifications.topics import Topic
from catalog.registration import duties, grounds, letter, neutrality
from catalog.registration.grounds import Ground, RefusalGround, ReviewFacts
from catalog.registration.model import (
    Application,
    ComplianceOpinion,
    ReviewDecision,
    ReviewResult,
    TechnicalOpinion,
)
from catalog.registration.operations import assignment, casework, consents
from catalog.registration.states import Event as Happening
from catalog.registration.states import State, advance
from catalog.registration.store import filed, reviews
from catalog.rulebooks.rulebook import Rulebook
from catalog.rulebooks.steps import Step
from catalog.signing.canonical import canonical, sha256_hex

_TOPICS: Final = {
    ReviewResult.PASS: Topic.REVIEW_PASSED,
    ReviewResult.REFUSE: Topic.REGISTRATION_REFUSED,
    ReviewResult.FAIL_TECHNICAL: Topic.TECHNICAL_REVIEW_FAILED,
    ReviewResult.RETURN_TECHNICAL_POINTS: Topic.TECHNICAL_POINTS_RETURNED,
}
_EVENTS: Final = {
    ReviewResult.PASS: (Happening.PASS_REVIEW, Event.REVIEW_PASSED),
    ReviewResult.REFUSE: (Happening.REFUSE, Event.REGISTRATION_REFUSED),
    ReviewResult.FAIL_TECHNICAL: (Happening.FAIL_TECHNICAL, Event.TECHNICAL_REVIEW_FAILED),
    ReviewResult.RETURN_TECHNICAL_POINTS: (
        Happening.RETURN_TECHNICAL_POINTS,
        Event.TECHNICAL_POINTS_RETURNED,
    ),
}


async def start_review(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    application_id: uuid.UUID,
    technical_reviewer: AccountId,
    agency: PartyId | None = None,
    agency_reason: str = "",
) -> Application:
    """Name the technical reviewer, and give the case to an agency, which reads it from now on.

    The agency is drawn or has its turn, as the rulebook says; who names one says why.

    Where the rulebook needs no opinion of an agency, nobody gets it.

    :raises NotPermitted: if the actor may not start a review.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if there is no such application.
    :raises ApplicationEventNotAllowed: if it was not accepted, or is reviewed already.
    :raises ReviewerIsAcceptor: if the reviewer accepted it.
    :raises AgencyNotNeeded: if the rulebook needs no agency's opinion, and one is named.
    :raises ConflictOfInterest: if the named agency has a share in the case.
    :raises AgencyContractInactive: if the named agency has no contract today.
    :raises NamingReasonMissing: if an agency is named without a reason.
    :raises NoAgencyLeft: if nobody is left to choose from.
    """
    actor.require("review:start")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    application = await casework.lock_for(
        tx, actor=actor, now=now, application_id=application_id, duty=Duty.ACCEPTANCE
    )
    advance(application.state, Happening.START_REVIEW)
    book = await casework.rulebook_of(tx, application)
    neutrality.check_reviewer(technical_reviewer, application.acceptor_account_id)
    neutrality.check_named(agency, needed=book.needs_compliance_opinion)
    given = None
    if book.needs_compliance_opinion:
        given = await assignment.give(
            tx, actor=actor, now=now, application=application, agency=agency, reason=agency_reason
        )
    started = await casework.move(
        tx,
        application=application,
        event=Happening.START_REVIEW,
        now=now,
        technical_reviewer_account_id=technical_reviewer,
        agency_party_id=None if given is None else given.agency_party_id,
        agency_contract_id=None if given is None else given.contract_id,
        operator_party_id=application.operator_party_id or actor.party,
    )
    await case_access.name(
        tx,
        actor=actor,
        now=now,
        case=duties.case_of(started),
        duty=Duty.TECHNICAL_REVIEW,
        account_id=technical_reviewer,
    )
    await audit_log.append(
        tx,
        Event.REVIEW_STARTED,
        actor=actor,
        now=now,
        subjects=casework.about(started),
        facts={"technical_reviewer": technical_reviewer, "agency": started.agency_party_id},
        rules=casework.cites(application, Step.REVIEW_START),
    )
    return started


async def decide_review(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    application_id: uuid.UUID,
    result: ReviewResult,
    refusal_grounds: tuple[RefusalGround, ...] = (),
    reasons: str = "",
) -> ReviewDecision:
    """Decide the joint review within T3, thirty working days (审查决定, HN-12).

    :raises NotPermitted: if the actor may not decide.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if there is no such application.
    :raises ApplicationEventNotAllowed: if it is not under review.
    :raises OwnerConsentMissing: if it is to pass, and a joint owner took its consent back.
    :raises BothOpinionsRequired: and the other refusals of ``grounds.check_pass``.
    :raises RefusalGroundMissing: and the other refusals of ``grounds.check_refusal``.
    :raises TechnicalReviewNotFailed: if no negative technical opinion is there to act on.
    :raises ReviewResultNotProvided: if the rulebook knows no such result.
    """
    actor.require("review:decide")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    application = await casework.lock_for(
        tx, actor=actor, now=now, application_id=application_id, duty=Duty.DECISION
    )
    event, remembered = _EVENTS[result]
    advance(application.state, event)
    technical, compliance = await _current_opinions(tx, application)
    if result is ReviewResult.PASS:
        await consents.require_all(tx, application=application)
    facts = await _facts(tx, application, technical, compliance)
    _check_decision(result, refusal_grounds, facts)
    decision = ReviewDecision(
        id=new_id(),
        application_id=application.id,
        result=result,
        grounds=refusal_grounds if result is ReviewResult.REFUSE else (),
        reasons=reasons,
        technical_opinion_id=None if technical is None else technical.id,
        compliance_opinion_id=None if compliance is None else compliance.id,
        without_compliance_by=(
            None if facts.rulebook.needs_compliance_opinion else facts.rulebook.code
        ),
        decided_by=actor.account_id,
        decided_at=now,
    )
    await reviews.insert_review_decision(tx, decision)
    goes_on = result is ReviewResult.RETURN_TECHNICAL_POINTS
    decided = await casework.move(
        tx,
        application=application,
        event=event,
        now=now,
        technical_round=application.technical_round + goes_on,
    )
    if not goes_on:
        await _run_timers(tx, now, calendar, decided, facts.rulebook)
    told = await _tell(tx, decided, decision, now=now)
    if any(each.ground is Ground.NATIONAL_CORE_DATA for each in decision.grounds):
        await _lock_away(tx, actor, decided, now=now)
    await audit_log.append(
        tx,
        remembered,
        actor=actor,
        now=now,
        subjects=casework.about(decided),
        facts={"decision_id": decision.id, "grounds": decision.grounds},
        before={"state": application.state.value},
        after={"state": decided.state.value},
        reason=reasons or None,
        rules=casework.cites(application, Step.REVIEW),
        digests=told,
    )
    await casework.end_handling(tx, application=decided, now=now)
    return decision


def _check_decision(
    result: ReviewResult, refusal_grounds: tuple[RefusalGround, ...], facts: ReviewFacts
) -> None:
    match result:
        case ReviewResult.PASS:
            grounds.check_pass(facts)
        case ReviewResult.REFUSE:
            grounds.check_refusal(refusal_grounds, facts)
        case _:
            grounds.check_technical_failure(facts)


async def _facts(
    tx: Tx,
    application: Application,
    technical: TechnicalOpinion | None,
    compliance: ComplianceOpinion | None,
) -> ReviewFacts:
    parts = (await filed.list_submissions(tx, application.id))[-1].dossier
    return ReviewFacts(
        technical=None if technical is None else technical.overall,
        compliance=None if compliance is None else compliance.overall,
        contains_national_core_data=bool(parts["product:contains_national_core_data"]),
        has_open_dispute=application.open_objections > 0,
        rulebook=await casework.rulebook_of(tx, application),
    )


async def _current_opinions(
    tx: Tx, application: Application
) -> tuple[TechnicalOpinion | None, ComplianceOpinion | None]:
    technical = await reviews.list_technical_opinions(tx, application.id)
    compliance = await reviews.list_compliance_opinions(tx, application.id)
    return (
        next((o for o in technical if o.round == application.technical_round), None),
        next((o for o in compliance if o.round == application.compliance_round), None),
    )


async def _tell(
    tx: Tx, application: Application, decision: ReviewDecision, *, now: dt.datetime
) -> list[Digest]:
    """Tell the applicant, and return the digest of the letter if it went against it."""
    await casework.tell_applicant(
        tx,
        application,
        topic=_TOPICS[decision.result],
        now=now,
        reasons="；".join(
            [*(letter.GROUNDS[each.ground] for each in decision.grounds), decision.reasons]
        ),
    )
    if decision.result not in (ReviewResult.REFUSE, ReviewResult.FAIL_TECHNICAL):
        return []
    written = letter.write(application, decision, await casework.rulebook_of(tx, application))
    return [Digest("refusal_letter", str(decision.id), sha256_hex(canonical(written)))]


async def _lock_away(tx: Tx, actor: Actor, application: Application, *, now: dt.datetime) -> None:
    """Lock the files of a case with national core data away, and alert the bureau (HN-15(2))."""
    materials = await filed.list_materials(tx, application.id)
    await files.quarantine(
        tx,
        actor=actor,
        now=now,
        file_ids=[FileId(m.file_id) for m in materials if m.file_id is not None],
        case_id=application.id,
        reason="national_core_data",
    )
    await casework.tell_authority(
        tx, application, topic=Topic.NATIONAL_CORE_DATA_FOUND, operator=actor.party, now=now
    )


async def _run_timers(
    tx: Tx, now: dt.datetime, calendar: Calendar, application: Application, book: Rulebook
) -> None:
    goes_on = application.state is State.REVIEW_PASSED and book.review_covers_everything
    if not goes_on:
        await casework.meet_review(tx, application, now=now)
    await casework.owe_notification(
        tx, application=application, kind="review_notification", now=now, calendar=calendar
    )
