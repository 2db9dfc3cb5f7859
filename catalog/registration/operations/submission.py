"""Hand an application in, hand in its corrections, take it back (提交、补正、撤回)."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest
from catalog.authorisation_letters.model import Power
from catalog.fees import operations as fees
from catalog.fees.schedule import ApplicationKind
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.notices.model import Result as NoticeResult
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.products import queries as products
from catalog.profiles import operations as profiles
from catalog.recognition import queries as recognition
from catalog.registration import acceptance, completeness, dossier, ownership, rights, submission
from catalog.registration.model import Application, Conflict, Submission
from catalog.registration.operations import casework, consents
from catalog.registration.operations.drafting import attach_letter
from catalog.registration.operations.lapsing import CORRECTION
from catalog.registration.states import Event as Happening
from catalog.registration.states import advance
from catalog.registration.store import applications, filed, reviews
from catalog.rulebooks.rulebook import Rulebook
from catalog.rulebooks.steps import Step
from catalog.timers import operations as timers
from catalog.timers.operations import TimerNotRunning
from catalog.timers.states import State as TimerState


async def submit(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    application_id: uuid.UUID,
    truth_confirmed: bool,
) -> Application:
    """Hand in the application: number it, fix its dossier, look for conflicts, start T1.

    :raises NotPermitted: if the actor may not apply.
    :raises Missing: if there is no such application of the actor's party.
    :raises ApplicationEventNotAllowed: if it was handed in before.
    :raises TruthStatementMissing: and the other refusals of ``submission.check``.
    :raises OwnerSharesNotOne: and the other refusals of ``ownership.check``.
    :raises RightsMissing: and the other refusals of ``rights.check``.
    :raises MaterialMissing: if materials are missing; all are named.
    :raises OwnerConsentMissing: if a joint owner has not consented to it; all are named.
    :raises CorrectionIncomplete: if an upheld objection asked for changes and one is not made.
    :raises DictionaryContradictsFile: if the content is known to be otherwise than described.
    """
    actor.require("application:submit")
    application = await casework.lock_own(
        tx, actor=actor, now=now, application_id=application_id, power=Power.SUBMIT
    )
    advance(application.state, Happening.SUBMIT)
    await attach_letter(tx, actor=actor, now=now, application=application, power=Power.SUBMIT)
    book = await casework.rulebook_on(tx, application, application.filed_on or local_date(now))
    taken = await _take_dossier(tx, actor, application, book, truth_confirmed=truth_confirmed)
    await _check_changed(tx, application, taken)
    await consents.collect(tx, actor=actor, now=now, application=application, taken=taken)
    number = application.application_number or await _new_number(tx, now)
    submitted, hits = await _store_submission(
        tx,
        actor=actor,
        now=now,
        calendar=calendar,
        application=application,
        taken=taken,
        event=Happening.SUBMIT,
        number=number,
    )
    await _remember_submission(
        tx,
        actor=actor,
        now=now,
        application=submitted,
        handed_in=hits,
        event=Event.APPLICATION_SUBMITTED,
    )
    await fees.freeze(
        tx,
        now=now,
        application_kind=ApplicationKind.FIRST,
        subject_id=application.id,
        party_id=application.applicant_party_id,
    )
    return submitted


async def resubmit(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    application_id: uuid.UUID,
    truth_confirmed: bool,
) -> Application:
    """Hand in all that was to be corrected; T1 runs anew from today (HN-09(1), A6).

    :raises NotPermitted: if the actor may not apply.
    :raises Missing: if there is no such application of the actor's party.
    :raises ApplicationEventNotAllowed: if no correction was asked for.
    :raises CorrectionIncomplete: if something listed is still open; it names all of it.
    :raises OwnerConsentMissing: if a joint owner has not consented to what was changed.
    :raises CorrectionTooLate: if its days are over and the rulebook takes it as never filed.
    """
    actor.require("application:submit")
    application = await casework.lock_own(
        tx, actor=actor, now=now, application_id=application_id, power=Power.CORRECT
    )
    advance(application.state, Happening.RESUBMIT)
    await attach_letter(tx, actor=actor, now=now, application=application, power=Power.CORRECT)
    book = await casework.rulebook_of(tx, application)
    taken = await _take_dossier(tx, actor, application, book, truth_confirmed=truth_confirmed)
    last = (await filed.list_submissions(tx, application.id))[-1]
    listed = (await reviews.list_acceptance_opinions(tx, application.id))[-1].items
    changed = acceptance.changed_targets(acceptance.Dossier(last.dossier), taken)
    acceptance.check_resubmission(listed, changed)
    await consents.collect(tx, actor=actor, now=now, application=application, taken=taken)
    submitted, hits = await _store_submission(
        tx,
        actor=actor,
        now=now,
        calendar=calendar,
        application=application,
        taken=taken,
        event=Happening.RESUBMIT,
        number=application.application_number,
    )
    await _remember_submission(
        tx,
        actor=actor,
        now=now,
        application=submitted,
        handed_in=hits,
        event=Event.APPLICATION_RESUBMITTED,
    )
    return submitted


async def withdraw(
    tx: Tx, *, actor: Actor, now: dt.datetime, application_id: uuid.UUID, reason: str
) -> Application:
    """Take an application back before the certificate is issued (自愿, HN-04).

    Its notice is closed with a public remark, the agency that has the case is told, and nothing
    runs against anybody any more.

    :raises NotPermitted: if the actor may not withdraw.
    :raises Missing: if there is no such application of the actor's party.
    :raises ApplicationEventNotAllowed: if it is over, or about to be issued.
    """
    actor.require("application:withdraw")
    application = await casework.lock_own(
        tx, actor=actor, now=now, application_id=application_id, power=Power.WITHDRAW
    )
    withdrawn = await casework.move(tx, application=application, event=Happening.WITHDRAW, now=now)
    await casework.close_notice(
        tx,
        actor=actor,
        now=now,
        application=application,
        result=NoticeResult.WITHDRAWN,
        remark="申请人已撤回申请",
    )
    await timers.cancel_all(
        tx, now=now, subject_kind="application", subject_id=application.id, note="withdrawn"
    )
    await fees.drop(tx, now=now, application_kind=ApplicationKind.FIRST, subject_id=application.id)
    if application.agency_party_id is not None:
        await notifications.send(
            tx,
            now=now,
            to=application.agency_party_id,
            topic=Topic.APPLICATION_WITHDRAWN,
            subject=casework.about(application)[0],
            facts={"application_number": application.application_number},
        )
    await audit_log.append(
        tx,
        Event.APPLICATION_WITHDRAWN,
        actor=actor,
        now=now,
        subjects=casework.about(application),
        before={"state": application.state.value},
        after={"state": withdrawn.state.value},
        reason=reason,
        rules=casework.cites(application, Step.WITHDRAWAL),
    )
    await casework.end_handling(tx, application=withdrawn, now=now)
    return withdrawn


async def _take_dossier(
    tx: Tx, actor: Actor, application: Application, book: Rulebook, *, truth_confirmed: bool
) -> acceptance.Dossier:
    product, description = await products.get_for_registration(
        tx, viewer=actor, product_id=application.product_id
    )
    await profiles.require_conforming(tx, product)
    materials = dossier.current(await filed.list_materials(tx, application.id))
    handed_in = dossier.handed_in(materials)
    by_agent = application.agent_party_id is not None
    submission.check(
        dossier.statement(
            description,
            application.form,
            files_through_agent=by_agent,
            truth_confirmed=truth_confirmed,
        ),
        handed_in,
    )
    ownership.check(application.form.owners, application.applicant_party_id)
    rights.check(application.form.rights, book)
    situation = dossier.situation(description, application.form, book, files_through_agent=by_agent)
    completeness.check(completeness.requirements(situation), handed_in)
    return dossier.take(product, description, application.form, materials)


async def _check_changed(tx: Tx, application: Application, taken: acceptance.Dossier) -> None:
    """Return if everything was changed for which the application came back (异议成立)."""
    if application.must_change:
        last = (await filed.list_submissions(tx, application.id))[-1]
        changed = acceptance.changed_targets(acceptance.Dossier(last.dossier), taken)
        acceptance.check_resubmission(application.must_change, changed)


async def _new_number(tx: Tx, now: dt.datetime) -> str:
    year = local_date(now).year
    return f"SQ-{year}-{await applications.next_serial(tx, year):06d}"


async def _store_submission(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    application: Application,
    taken: acceptance.Dossier,
    event: Happening,
    number: str | None,
) -> tuple[Application, Submission]:
    sha256 = dossier.digest(taken)
    conflicts = await applications.find_conflicts(
        tx,
        application=application,
        product_name=taken.parts["product:name"],
        content_sha256=taken.parts["product:content_sha256"],
        sources=taken.parts["product:sources"],
        rights=[each.right for each in application.form.rights] or None,
    )
    conflicts += [
        Conflict(
            application_id=None,
            application_number=foreign.number,
            reason="foreign_certificate",
            state=foreign.state.value,
        )
        for foreign in await recognition.list_resembling(
            tx,
            product_id=application.product_id,
            product_name=taken.parts["product:name"],
            holder_names=[owner.name for owner in application.form.owners],
        )
    ]
    handed_in = Submission(
        application_id=application.id,
        submission_no=application.submission_no + 1,
        submitted_at=now,
        submitted_by=actor.account_id,
        dossier=taken.parts,
        dossier_sha256=sha256,
        conflicts=tuple(conflicts),
    )
    submitted = await casework.move(
        tx,
        application=application,
        event=event,
        now=now,
        application_number=number,
        submission_no=handed_in.submission_no,
        dossier_sha256=sha256,
        submitted_at=now,
        filed_on=application.filed_on or local_date(now),
        must_change=(),
    )
    await filed.insert_submission(tx, handed_in)
    book = await casework.rulebook_of(tx, submitted)
    with contextlib.suppress(TimerNotRunning):  # corrections have a limit only where one is set
        met = await timers.meet(
            tx, now=now, kind=CORRECTION, subject_kind="application", subject_id=application.id
        )
        acceptance.check_not_unfiled(
            book, is_late=met.state is TimerState.MET_LATE and not met.provisional
        )
    await casework.start_clock(
        tx,
        submitted,
        kind="acceptance",
        period=book.acceptance,
        now=now,
        calendar=calendar,
    )
    return submitted, handed_in


async def _remember_submission(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    application: Application,
    handed_in: Submission,
    event: Event,
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=casework.about(application),
        facts={
            "application_number": application.application_number,
            "submission_no": handed_in.submission_no,
            "conflicts": handed_in.conflicts,
        },
        rules=casework.cites(application, Step.SUBMISSION),
        digests=[Digest("dossier", str(application.id), handed_in.dossier_sha256)],
    )
    await casework.send_applicant(
        tx,
        application,
        topic=Topic.APPLICATION_RECEIVED,
        now=now,
        facts={
            "application_number": application.application_number,
            "submission_no": handed_in.submission_no,
            "dossier_sha256": handed_in.dossier_sha256,
        },
    )
