"""Fill in, hand in and take back an application (申请): what the applicant or its agent does."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.files import queries as files
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Invalid, Missing, VersionStale
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.notices.model import Result as NoticeResult
from catalog.products import queries as products
from catalog.registration import acceptance, completeness, dossier, ownership, store, submission
from catalog.registration.completeness import MaterialKind
from catalog.registration.model import (
    Application,
    ApplicationForm,
    ApplicationId,
    Material,
    Submission,
)
from catalog.registration.operations import casework
from catalog.registration.states import Event as Happening
from catalog.registration.states import State, advance
from catalog.registration.submission import RegistrationConflict
from catalog.rulebooks import registry
from catalog.rulebooks.rulebook import Rulebook
from catalog.timers import operations as timers


class MaterialFileMissing(Invalid):
    """A material is a file, or a reason why there is none: one of the two, not both."""

    code = "material_file_or_reason"


async def draft(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    rulebook: Rulebook,
    product_id: uuid.UUID,
    form: ApplicationForm,
) -> Application:
    """Begin an application for a product of one's own (HN-06).

    :raises NotPermitted: if the actor may not apply.
    :raises ProductMissing: if the product is unknown or somebody else's.
    :raises ProductNotDescribed: if its description is not complete.
    :raises RegistrationConflict: if an application for it is under way.
    """
    actor.require("application:draft")
    product, _ = await products.get_for_registration(tx, viewer=actor, product_id=product_id)
    application = Application(
        id=ApplicationId(new_id()),
        application_number=None,
        product_id=product.id,
        applicant_party_id=actor.party,
        agent_party_id=_agent(actor),
        filed_by=actor.account_id,
        operator_party_id=None,
        rulebook=rulebook.code,
        state=State.DRAFT,
        form=form,
        version=1,
        submission_no=0,
        dossier_sha256=None,
        acceptor_account_id=None,
        technical_reviewer_account_id=None,
        agency_party_id=None,
        agency_contract_id=None,
        technical_round=1,
        compliance_round=1,
        open_objections=0,
        created_at=now,
        submitted_at=None,
        accepted_at=None,
        updated_at=now,
    )
    if not await store.insert(tx, application):
        raise RegistrationConflict(product_id=str(product.id))
    await audit_log.append(
        tx,
        Event.APPLICATION_DRAFTED,
        actor=actor,
        now=now,
        subjects=_about(application),
        after={"form": form},
        rules=("HN-01", "HN-06"),
    )
    return application


async def revise(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    application_id: uuid.UUID,
    expected_version: int,
    form: ApplicationForm,
) -> Application:
    """Change the form of a draft, or of one that is to be corrected.

    :raises NotPermitted: if the actor may not apply.
    :raises Missing: if there is no such application of the actor's party.
    :raises VersionStale: if it was changed since the caller read it.
    :raises ApplicationEventNotAllowed: if it can not be changed any more.
    """
    actor.require("application:draft")
    application = await _lock_own(tx, actor, application_id)
    if application.version != expected_version:
        raise VersionStale(version=application.version)
    revised = await casework.move(
        tx, application=application, event=Happening.REVISE, now=now, form=form
    )
    await audit_log.append(
        tx,
        Event.APPLICATION_REVISED,
        actor=actor,
        now=now,
        subjects=_about(application),
        before={"form": application.form},
        after={"form": form},
        rules=("HN-06",),
    )
    return revised


async def hand_in_material(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    application_id: uuid.UUID,
    kind: MaterialKind,
    file_id: uuid.UUID | None,
    not_applicable_reason: str | None,
) -> Material:
    """Hand in a material as a file, or say why it does not apply (HN-08).

    :raises NotPermitted: if the actor may not apply.
    :raises Missing: if there is no such application or file of the actor's party.
    :raises MaterialFileMissing: if there is neither file nor reason, or both.
    :raises MaterialNotWaivable: if the material is needed whatever the reason.
    :raises ApplicationEventNotAllowed: if nothing can be handed in now.
    """
    actor.require("application:draft")
    application = await _lock_own(tx, actor, application_id)
    if (file_id is None) == (not_applicable_reason is None):
        raise MaterialFileMissing(kind=kind.value)
    sha256 = None
    if file_id is not None:
        sha256 = (await files.get_own(tx, viewer=actor, file_id=file_id)).sha256
    if not_applicable_reason is not None:
        _, description = await products.get_for_registration(
            tx, viewer=actor, product_id=application.product_id
        )
        situation = dossier.situation(
            description, application.form, files_through_agent=_is_by_agent(application)
        )
        completeness.check_waiver(kind, not_applicable_reason, situation)
    versions = [m.version for m in await store.list_materials(tx, application.id) if m.kind is kind]
    material = Material(
        id=new_id(),
        application_id=application.id,
        kind=kind,
        version=max(versions, default=0) + 1,
        file_id=file_id,
        sha256=sha256,
        not_applicable_reason=not_applicable_reason,
        handed_in_by=actor.account_id,
        handed_in_at=now,
    )
    await casework.move(tx, application=application, event=Happening.HAND_IN_MATERIAL, now=now)
    await store.insert_material(tx, material)
    await audit_log.append(
        tx,
        Event.MATERIAL_HANDED_IN,
        actor=actor,
        now=now,
        subjects=_about(application),
        facts={"kind": kind.value, "version": material.version, "reason": not_applicable_reason},
        rules=("HN-08",),
        digests=[] if sha256 is None else [Digest("material", str(material.id), sha256)],
    )
    return material


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
    :raises MaterialMissing: if materials are missing; all are named.
    """
    actor.require("application:submit")
    application = await _lock_own(tx, actor, application_id)
    advance(application.state, Happening.SUBMIT)
    year = local_date(now).year
    taken = await _take_dossier(tx, actor, application, truth_confirmed=truth_confirmed)
    number = f"SQ-{year}-{await store.next_serial(tx, year):06d}"
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
    """
    actor.require("application:submit")
    application = await _lock_own(tx, actor, application_id)
    advance(application.state, Happening.RESUBMIT)
    taken = await _take_dossier(tx, actor, application, truth_confirmed=truth_confirmed)
    last = (await store.list_submissions(tx, application.id))[-1]
    listed = (await store.list_acceptance_opinions(tx, application.id))[-1].items
    changed = acceptance.changed_targets(acceptance.Dossier(last.dossier), taken)
    acceptance.check_resubmission(listed, changed)
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

    Its notice is closed with a public remark, and nothing runs against anybody any more.

    :raises NotPermitted: if the actor may not withdraw.
    :raises Missing: if there is no such application of the actor's party.
    :raises ApplicationEventNotAllowed: if it is over, or about to be issued.
    """
    actor.require("application:withdraw")
    application = await _lock_own(tx, actor, application_id)
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
    await audit_log.append(
        tx,
        Event.APPLICATION_WITHDRAWN,
        actor=actor,
        now=now,
        subjects=_about(application),
        before={"state": application.state.value},
        after={"state": withdrawn.state.value},
        reason=reason,
        rules=("HN-04",),
    )
    return withdrawn


# ── parts of a submission ───────────────────────────────────────────────────────────────────


async def _take_dossier(
    tx: Tx, actor: Actor, application: Application, *, truth_confirmed: bool
) -> acceptance.Dossier:
    product, description = await products.get_for_registration(
        tx, viewer=actor, product_id=application.product_id
    )
    materials = dossier.current(await store.list_materials(tx, application.id))
    handed_in = dossier.handed_in(materials)
    by_agent = _is_by_agent(application)
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
    situation = dossier.situation(description, application.form, files_through_agent=by_agent)
    completeness.check(completeness.requirements(situation), handed_in)
    return dossier.take(product, description, application.form, materials)


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
    conflicts = await store.find_conflicts(
        tx,
        application=application,
        product_name=taken.parts["product:name"],
        content_sha256=taken.parts["product:content_sha256"],
    )
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
    )
    await store.insert_submission(tx, handed_in)
    rulebook = registry.by_code(application.rulebook)
    await timers.start(
        tx,
        now=now,
        kind="acceptance",
        subject_kind="application",
        subject_id=application.id,
        against="supermarket_operator",
        rulebook=rulebook.code,
        period=rulebook.acceptance,
        started_on=local_date(now),
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
        subjects=_about(application),
        facts={
            "application_number": application.application_number,
            "submission_no": handed_in.submission_no,
            "conflicts": handed_in.conflicts,
        },
        rules=("HN-06", "HN-07", "HN-08", "HN-25"),
        digests=[Digest("dossier", str(application.id), handed_in.dossier_sha256)],
    )


async def _lock_own(tx: Tx, actor: Actor, application_id: uuid.UUID) -> Application:
    application = await casework.lock(tx, application_id=application_id)
    if actor.party != application.applicant_party_id:
        raise Missing
    return application


def _agent(actor: Actor) -> PartyId | None:
    return actor.party_id if actor.acting_for is not None else None


def _is_by_agent(application: Application) -> bool:
    return application.agent_party_id is not None


def _about(application: Application) -> list[Subject]:
    return [
        Subject("application", str(application.id)),
        Subject("product", str(application.product_id)),
    ]
