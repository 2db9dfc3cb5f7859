"""Submit a change, put it right once, or take it back (变更申请的提交、补正、撤回, HN-18)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec

from catalog.audit_log.events import Event
from catalog.authorisation_letters.model import Power
from catalog.certificates import format as certificate_format
from catalog.certificates.model import Certificate
from catalog.certificates.states import Event as OfCertificate
from catalog.changes import content, correcting, eligibility, materials, store
from catalog.changes.model import Change, PaperKind
from catalog.changes.operations import casework
from catalog.changes.states import Event as Happening
from catalog.changes.states import advance
from catalog.fees import operations as fees
from catalog.fees.schedule import ApplicationKind
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
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
    await casework.remember_filing(
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
    await casework.remember_filing(
        tx, Event.CHANGE_RESUBMITTED, submitted, actor=actor, now=now, facts=_told(submitted)
    )
    return submitted


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
    await casework.remember_filing(
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
