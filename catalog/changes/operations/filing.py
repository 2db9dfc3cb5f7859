"""Apply for a change (申请): what the registrant, or its agent, does; HN-18."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest
from catalog.authorisation_letters import operations as letters
from catalog.authorisation_letters.model import Power
from catalog.certificates import format as certificate_format
from catalog.certificates.model import Certificate
from catalog.certificates.operations import casework as certificates
from catalog.certificates.states import Event as OfCertificate
from catalog.changes import content, correcting, eligibility, materials, store
from catalog.changes.content import WantedContent
from catalog.changes.materials import ChangeMaterialKind
from catalog.changes.model import Change, ChangeId, ChangeMaterial, Kind, PaperKind
from catalog.changes.operations import casework
from catalog.changes.states import Event as Happening
from catalog.changes.states import State, advance
from catalog.fees import operations as fees
from catalog.fees.schedule import ApplicationKind
from catalog.files import queries as files
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing, VersionStale
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.products import queries as products
from catalog.products.metadata import check_complete
from catalog.registration import acceptance, dossier
from catalog.registration.acceptance import Dossier
from catalog.registration.submission import TruthStatementMissing
from catalog.rulebooks import queries as rulebooks
from catalog.rulebooks.registry import by_code
from catalog.rulebooks.steps import Step


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """What the applicant fills in (变更登记申请书)."""

    kind: Kind
    wanted: WantedContent
    reason: str
    occurred_on: dt.date
    names_owners: bool = False


async def draft(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    certificate_number: str,
    application: Application,
) -> Change:
    """Begin an application to change or correct one's own certificate, by its own rulebook (HN-18).

    :raises NotPermitted: if the actor may not apply.
    :raises Missing: if no certificate of the actor's party has this number.
    :raises ChangeOnInactiveCertificate: if the certificate does not count.
    :raises ChangePending: if a change of it is under way.
    :raises OwnerChangeNotAChange: if another owner is wanted.
    :raises ChangeEmpty: if nothing would be otherwise.
    :raises OccurredInTheFuture: if it has not happened yet.
    """
    actor.require("application:draft")
    certificate = await certificates.lock(tx, certificate_number)
    if certificate.registrant_party_id != actor.party:
        raise Missing
    letter = await letters.require(
        tx, actor=actor, now=now, power=Power.DRAFT, product_id=certificate.product_id
    )
    eligibility.check_active(certificate.number, certificate.state, OfCertificate.APPLY_CHANGE)
    pending = await store.lock_open(tx, certificate.number)
    if pending is not None:
        raise eligibility.ChangePending(
            number=certificate.number, change_number=pending.change_number
        )
    _check(certificate, application)
    book = await rulebooks.in_force(tx, code=certificate.rulebook, on=local_date(now))
    change = Change(
        id=ChangeId(new_id()),
        change_number=None,
        kind=application.kind,
        certificate_number=certificate.number,
        new_certificate_number=None,
        product_id=certificate.product_id,
        registrant_party_id=certificate.registrant_party_id,
        agent_party_id=None if letter is None else letter.agent_party_id,
        filed_by=actor.account_id,
        operator_party_id=None,
        rulebook=book.code,
        state=State.DRAFT,
        wanted=application.wanted,
        reason=application.reason,
        occurred_on=application.occurred_on,
        prompt_until=eligibility.prompt_until(
            application.occurred_on,
            today=local_date(now),
            period=book.promptly,
            calendar=calendar,
        ),
        version=1,
        submission_no=0,
        dossier_sha256=None,
        acceptor_account_id=None,
        technical_reviewer_account_id=None,
        agency_party_id=None,
        agency_contract_id=None,
        compliance_is_skipped=False,
        technical_round=1,
        closing=None,
        created_at=now,
        submitted_at=None,
        accepted_at=None,
        updated_at=now,
    )
    await store.insert(tx, change)
    await _remember(tx, Event.CHANGE_DRAFTED, change, actor=actor, now=now, after=application)
    return change


async def revise(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    change_id: uuid.UUID,
    expected_version: int,
    application: Application,
) -> Change:
    """Fill the application in anew, as long as it is a draft or to be corrected.

    :raises NotPermitted: if the actor may not apply.
    :raises Missing: if there is no such change of the actor's party.
    :raises VersionStale: if it was changed since the caller read it.
    :raises ChangeEventNotAllowed: if it can not be changed any more.
    :raises OwnerChangeNotAChange: and the other refusals of ``draft``.
    """
    actor.require("application:draft")
    certificate, change = await _lock_to_fill_in(tx, actor=actor, now=now, change_id=change_id)
    if change.version != expected_version:
        raise VersionStale(version=change.version)
    advance(change.state, Happening.REVISE)
    _check(certificate, application)
    revised = await casework.move(
        tx,
        change=msgspec.structs.replace(
            change,
            wanted=application.wanted,
            reason=application.reason,
            occurred_on=application.occurred_on,
            prompt_until=eligibility.prompt_until(
                application.occurred_on,
                today=local_date(now),
                period=(await casework.book_of(tx, change)).promptly,
                calendar=calendar,
            ),
        ),
        event=Happening.REVISE,
        now=now,
    )
    await _remember(tx, Event.CHANGE_REVISED, revised, actor=actor, now=now, after=application)
    return revised


async def hand_in_material(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    change_id: uuid.UUID,
    kind: ChangeMaterialKind,
    file_id: uuid.UUID,
) -> ChangeMaterial:
    """Hand in one of the three materials as a file (HN-18).

    :raises NotPermitted: if the actor may not apply.
    :raises Missing: if there is no such change or file of the actor's party.
    :raises ChangeEventNotAllowed: if nothing can be handed in now.
    """
    actor.require("application:draft")
    _, change = await _lock_to_fill_in(tx, actor=actor, now=now, change_id=change_id)
    file = await files.get_own(tx, viewer=actor, file_id=file_id)
    held = [m.version for m in await store.list_materials(tx, change.id) if m.kind is kind]
    material = ChangeMaterial(
        id=new_id(),
        change_id=change.id,
        kind=kind,
        version=max(held, default=0) + 1,
        file_id=file.id,
        sha256=file.sha256,
        handed_in_by=actor.account_id,
        handed_in_at=now,
    )
    await casework.move(tx, change=change, event=Happening.HAND_IN_MATERIAL, now=now)
    await store.insert_material(tx, material)
    await audit_log.append(
        tx,
        Event.MATERIAL_HANDED_IN,
        actor=actor,
        now=now,
        subjects=casework.about(change),
        facts={"kind": kind.value, "version": material.version},
        rules=casework.cites(change, Step.MATERIAL),
        digests=[Digest("material", str(material.id), material.sha256)],
    )
    return material


async def submit(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    change_id: uuid.UUID,
    truth_confirmed: bool,
) -> Change:
    """Hand the application in: number it, fix its dossier and its fee, start the acceptance clock.

    :raises NotPermitted: if the actor may not apply.
    :raises Missing: if there is no such change of the actor's party.
    :raises ChangeEventNotAllowed: if it was handed in before.
    :raises ChangeOnInactiveCertificate: if the certificate does not count any more.
    :raises TruthStatementMissing: if the truth is not answered for (HN-25).
    :raises MaterialMissing: if materials are missing; all are named.
    """
    actor.require("application:submit")
    certificate, change = await casework.lock_own(
        tx, actor=actor, now=now, change_id=change_id, power=Power.SUBMIT
    )
    advance(change.state, Happening.SUBMIT)
    eligibility.check_active(certificate.number, certificate.state, OfCertificate.APPLY_CHANGE)
    taken = await _take_dossier(
        tx, actor, certificate, change, asked_for=(), truth_confirmed=truth_confirmed
    )
    today = local_date(now)
    number = f"BG-{today.year}-{await store.next_serial(tx, today.year):06d}"
    book = await rulebooks.of_case(tx, code=change.rulebook, filed_on=today)
    prompt_until = eligibility.prompt_until(
        change.occurred_on, today=today, period=book.promptly, calendar=calendar
    )
    submitted = await _store_submission(
        tx,
        change=msgspec.structs.replace(change, prompt_until=prompt_until),
        event=Happening.SUBMIT,
        taken=taken,
        number=number,
        actor=actor,
        now=now,
        calendar=calendar,
    )
    await fees.freeze(
        tx,
        now=now,
        application_kind=ApplicationKind.CHANGE,
        subject_id=change.id,
        party_id=change.registrant_party_id,
    )
    await _remember(
        tx, Event.CHANGE_SUBMITTED, submitted, actor=actor, now=now, facts=_told(submitted)
    )
    return submitted


async def resubmit(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    change_id: uuid.UUID,
    truth_confirmed: bool,
) -> Change:
    """Hand in all that was to be corrected; the acceptance clock runs anew from today (A6).

    :raises NotPermitted: if the actor may not apply.
    :raises Missing: if there is no such change of the actor's party.
    :raises ChangeEventNotAllowed: if no correction was asked for.
    :raises CorrectionIncomplete: if something listed is still open; it names all of it.
    :raises CorrectionTooLate: if its days are over and the rulebook takes it as never filed.
    """
    actor.require("application:submit")
    certificate, change = await casework.lock_own(
        tx, actor=actor, now=now, change_id=change_id, power=Power.CORRECT
    )
    advance(change.state, Happening.RESUBMIT)
    eligibility.check_active(certificate.number, certificate.state, OfCertificate.APPLY_CHANGE)
    last = (await store.list_papers(tx, change.id, PaperKind.SUBMISSION))[-1]
    opinions = await store.list_papers(tx, change.id, PaperKind.ACCEPTANCE_OPINION)
    listed = msgspec.convert(opinions[-1].body["items"], tuple[acceptance.CorrectionItem, ...])
    taken = await _take_dossier(
        tx,
        actor,
        certificate,
        change,
        asked_for=[item.target for item in listed],
        truth_confirmed=truth_confirmed,
    )
    changed = acceptance.changed_targets(Dossier(last.body["dossier"]), taken)
    acceptance.check_resubmission(listed, changed)
    book = await casework.book_of(tx, change)
    acceptance.check_not_unfiled(
        book, is_late=correcting.is_late(opinions[-1].written_at, now, book, calendar)
    )
    await casework.meet_clock(tx, change, kind=correcting.CLOCK, now=now)
    submitted = await _store_submission(
        tx,
        change=change,
        event=Happening.RESUBMIT,
        taken=taken,
        number=change.change_number,
        actor=actor,
        now=now,
        calendar=calendar,
    )
    await _remember(
        tx, Event.CHANGE_RESUBMITTED, submitted, actor=actor, now=now, facts=_told(submitted)
    )
    return submitted


async def _lock_to_fill_in(
    tx: Tx, *, actor: Actor, now: dt.datetime, change_id: uuid.UUID
) -> tuple[Certificate, Change]:
    """Lock one's own change; what an agent needs depends on whether it was handed in before."""
    _, found = await casework.lock(tx, change_id=change_id)
    corrects = found.state is State.CORRECTION_REQUIRED
    return await casework.lock_own(
        tx,
        actor=actor,
        now=now,
        change_id=change_id,
        power=Power.CORRECT if corrects else Power.DRAFT,
    )


async def withdraw(
    tx: Tx, *, actor: Actor, now: dt.datetime, change_id: uuid.UUID, reason: str
) -> Change:
    """Take an application for a change back (自愿, HN-04); the certificate stays as it is.

    :raises NotPermitted: if the actor may not withdraw.
    :raises Missing: if there is no such change of the actor's party.
    :raises ChangeEventNotAllowed: if it is over, or about to be issued.
    """
    actor.require("application:withdraw")
    _, change = await casework.lock_own(
        tx, actor=actor, now=now, change_id=change_id, power=Power.WITHDRAW
    )
    withdrawn = await casework.move(
        tx, change=change, event=Happening.WITHDRAW, now=now, closing=reason
    )
    await casework.stop_clocks(tx, change, now=now, note="withdrawn")
    await fees.drop(tx, now=now, application_kind=ApplicationKind.CHANGE, subject_id=change.id)
    await _remember(
        tx,
        Event.CHANGE_WITHDRAWN,
        withdrawn,
        actor=actor,
        now=now,
        reason=reason,
        rules=casework.cites(withdrawn, Step.WITHDRAWAL),
    )
    await casework.end_handling(tx, change=withdrawn, now=now)
    return withdrawn


def _check(certificate: Certificate, application: Application) -> None:
    content.check_owners_stay(names_owners=application.names_owners)
    content.differences(certificate_format.read_document(certificate.document), application.wanted)


async def _take_dossier(
    tx: Tx,
    actor: Actor,
    certificate: Certificate,
    change: Change,
    *,
    asked_for: list[str] | tuple[str, ...],
    truth_confirmed: bool,
) -> Dossier:
    if not truth_confirmed:
        raise TruthStatementMissing
    held = materials.current(await store.list_materials(tx, change.id))
    materials.check(
        held.keys(),
        asked_for=asked_for,
        reason=change.reason,
        rules=by_code(change.rulebook).cites(Step.CHANGE),
    )
    _, description = await products.get_for_registration(
        tx, viewer=actor, product_id=change.product_id
    )
    check_complete(content.applied(description, change.wanted))
    found = content.differences(
        certificate_format.read_document(certificate.document), change.wanted
    )
    return materials.take(
        certificate_number=certificate.number,
        form={
            "kind": change.kind.value,
            "reason": change.reason,
            "occurred_on": change.occurred_on.isoformat(),
        },
        content=content.as_parts(found, change.wanted),
        materials={
            kind: {"version": material.version, "sha256": material.sha256}
            for kind, material in held.items()
        },
    )


async def _store_submission(
    tx: Tx,
    *,
    change: Change,
    event: Happening,
    taken: Dossier,
    number: str | None,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
) -> Change:
    sha256 = dossier.digest(taken)
    submitted = await casework.move(
        tx,
        change=change,
        event=event,
        now=now,
        change_number=number,
        submission_no=change.submission_no + 1,
        dossier_sha256=sha256,
        submitted_at=now,
    )
    await casework.write(
        tx,
        change=submitted,
        kind=PaperKind.SUBMISSION,
        body={"dossier": taken.parts, "dossier_sha256": sha256},
        actor=actor,
        now=now,
    )
    await casework.start_clock(
        tx,
        submitted,
        kind="acceptance",
        period=(await casework.book_of(tx, change)).acceptance,
        now=now,
        calendar=calendar,
    )
    return submitted


def _told(change: Change) -> dict[str, Any]:
    assert change.submitted_at is not None, "it was just handed in"
    return {
        "change_number": change.change_number,
        "kind": change.kind.value,
        # 「及时」 is measured and has no consequence (A33).
        "is_prompt": local_date(change.submitted_at) <= change.prompt_until,
    }


async def _remember(
    tx: Tx,
    event: Event,
    change: Change,
    *,
    actor: Actor,
    now: dt.datetime,
    after: Application | None = None,
    facts: dict[str, Any] | None = None,
    reason: str | None = None,
    rules: tuple[str, ...] | None = None,
) -> None:
    digests = []
    if facts is not None and change.dossier_sha256 is not None:
        digests.append(Digest("dossier", str(change.id), change.dossier_sha256))
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=casework.about(change),
        facts=facts,
        after=None if after is None else msgspec.to_builtins(after),
        reason=reason,
        rules=by_code(change.rulebook).cites(Step.CHANGE) if rules is None else rules,
        digests=digests,
    )
