"""Draft a change or a correction, and hand in what goes with it (变更申请的起草, HN-18)."""

from __future__ import annotations

import datetime as dt
import uuid

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
from catalog.changes import content, eligibility, store
from catalog.changes.content import WantedContent
from catalog.changes.materials import ChangeMaterialKind
from catalog.changes.model import Change, ChangeId, ChangeMaterial, Kind
from catalog.changes.operations import casework
from catalog.changes.states import Event as Happening
from catalog.changes.states import State, advance
from catalog.files import queries as files
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing, VersionStale
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.rulebooks import queries as rulebooks
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
    await casework.remember_filing(
        tx, Event.CHANGE_DRAFTED, change, actor=actor, now=now, after=application
    )
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
    await casework.remember_filing(
        tx, Event.CHANGE_REVISED, revised, actor=actor, now=now, after=application
    )
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


def _check(certificate: Certificate, application: Application) -> None:
    content.check_owners_stay(names_owners=application.names_owners)
    content.differences(certificate_format.read_document(certificate.document), application.wanted)
