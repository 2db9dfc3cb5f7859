"""Fill an application in (申请): what the applicant or its agent does before it is handed in."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest
from catalog.authorisation_letters import operations as letters
from catalog.authorisation_letters.model import Power
from catalog.files import operations as file_operations
from catalog.files import queries as files
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Invalid, VersionStale
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.products import queries as products
from catalog.registration import completeness, dossier
from catalog.registration.completeness import MaterialKind
from catalog.registration.model import Application, ApplicationForm, ApplicationId, Material
from catalog.registration.operations import casework
from catalog.registration.ownership import Owner
from catalog.registration.rights import RightClaimed
from catalog.registration.states import Event as Happening
from catalog.registration.states import State
from catalog.registration.store import applications, filed
from catalog.registration.submission import RegistrationConflict
from catalog.rulebooks import offering
from catalog.rulebooks import queries as rulebooks
from catalog.rulebooks.registry import PROVINCE
from catalog.rulebooks.steps import Step


class MaterialFileMissing(Invalid):
    """A material is a file, or a reason why there is none: one of the two, not both."""

    code = "material_file_or_reason"


async def draft(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    rulebook: str | None = None,
    product_id: uuid.UUID,
    form: ApplicationForm,
) -> Application:
    """Begin an application for a product of one's own (HN-06), under the province's rules or others.

    :raises NotPermitted: if the actor may not apply.
    :raises RulebookUnknown: if there is no such rulebook.
    :raises RulebookNotInForce: and the other refusals of ``offering.check``.
    :raises ProductMissing: if the product is unknown or somebody else's.
    :raises ProductNotDescribed: if its description is not complete.
    :raises RegistrationConflict: if an application for it is under way.
    """
    actor.require("application:draft")
    today = local_date(now)
    book = await rulebooks.in_force(tx, code=rulebook or PROVINCE.code, on=today)
    offering.check(book, today)
    product, _ = await products.get_for_registration(tx, viewer=actor, product_id=product_id)
    letter = await letters.require(
        tx, actor=actor, now=now, power=Power.DRAFT, product_id=product.id
    )
    application = Application(
        id=ApplicationId(new_id()),
        application_number=None,
        product_id=product.id,
        applicant_party_id=actor.party,
        agent_party_id=None if letter is None else letter.agent_party_id,
        filed_by=actor.account_id,
        operator_party_id=None,
        rulebook=book.code,
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
    if not await applications.insert(tx, application):
        raise RegistrationConflict(product_id=str(product.id))
    await audit_log.append(
        tx,
        Event.APPLICATION_DRAFTED,
        actor=actor,
        now=now,
        subjects=casework.about(application),
        facts={"rulebook": book.code},
        after={"form": form},
        rules=casework.cites(application, Step.APPLICATION),
    )
    await attach_letter(tx, actor=actor, now=now, application=application, power=Power.DRAFT)
    await _tell_named(tx, application, before=frozenset(), now=now)
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
    application = await _lock_to_fill_in(tx, actor=actor, now=now, application_id=application_id)
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
        subjects=casework.about(application),
        before={"form": application.form},
        after={"form": form},
        rules=casework.cites(application, Step.APPLICATION),
    )
    before = frozenset(
        each.party_id for each in application.form.consenting(application.applicant_party_id)
    )
    await _tell_named(tx, revised, before=before, now=now)
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
    application = await _lock_to_fill_in(tx, actor=actor, now=now, application_id=application_id)
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
            description,
            application.form,
            await casework.rulebook_of(tx, application),
            files_through_agent=application.agent_party_id is not None,
        )
        completeness.check_waiver(kind, not_applicable_reason, situation)
    await casework.move(tx, application=application, event=Happening.HAND_IN_MATERIAL, now=now)
    return await _insert(
        tx,
        actor=actor,
        now=now,
        application=application,
        kind=kind,
        file_id=file_id,
        sha256=sha256,
        not_applicable_reason=not_applicable_reason,
    )


async def attach_letter(
    tx: Tx, *, actor: Actor, now: dt.datetime, application: Application, power: Power
) -> None:
    """Put the letter under which an agent acts among the materials (委托书, HN-06)."""
    letter = await letters.require(
        tx, actor=actor, now=now, power=power, product_id=application.product_id
    )
    if letter is None:
        return
    held = dossier.current(await filed.list_materials(tx, application.id))
    there = held.get(MaterialKind.AUTHORISATION_LETTER)
    if there is not None and there.sha256 == letter.sha256:
        return
    await _insert(
        tx,
        actor=actor,
        now=now,
        application=application,
        kind=MaterialKind.AUTHORISATION_LETTER,
        file_id=letter.file_id,
        sha256=letter.sha256,
        not_applicable_reason=None,
    )


async def _tell_named(
    tx: Tx, application: Application, *, before: frozenset[PartyId], now: dt.datetime
) -> None:
    """Tell who is newly named as owner or right holder, and let it read what it consents to (A42)."""
    named = application.form.consenting(application.applicant_party_id)
    materials = dossier.current(await filed.list_materials(tx, application.id)).values()
    for holder in named:
        if holder.party_id not in before:
            await casework.let_parties_read(
                tx,
                application,
                parties=[holder.party_id],
                file_ids=[each.file_id for each in materials if each.file_id is not None],
                now=now,
            )
            await _tell_one(tx, application, holder, now=now)
    async with beyond_own_rows(tx):
        for party in before - {each.party_id for each in named}:
            await file_operations.end_reading(tx, party_id=party, case_id=application.id, now=now)


async def _tell_one(
    tx: Tx, application: Application, named: Owner | RightClaimed, *, now: dt.datetime
) -> None:
    share = named.share_text if isinstance(named, Owner) else None
    await notifications.send(
        tx,
        now=now,
        to=named.party_id,
        topic=Topic.OWNER_NAMED if share else Topic.RIGHT_HOLDER_NAMED,
        subject=casework.about(application)[0],
        facts={"share": share} if share else {},
    )


async def _lock_to_fill_in(
    tx: Tx, *, actor: Actor, now: dt.datetime, application_id: uuid.UUID
) -> Application:
    """Lock one's own application; what an agent needs depends on whether it was handed in before."""
    found = await casework.lock(tx, application_id=application_id)
    corrects = found.state is State.CORRECTION_REQUIRED
    return await casework.lock_own(
        tx,
        actor=actor,
        now=now,
        application_id=application_id,
        power=Power.CORRECT if corrects else Power.DRAFT,
    )


async def _insert(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    application: Application,
    kind: MaterialKind,
    file_id: uuid.UUID | None,
    sha256: str | None,
    not_applicable_reason: str | None,
) -> Material:
    versions = [m.version for m in await filed.list_materials(tx, application.id) if m.kind is kind]
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
    await filed.insert_material(tx, material)
    if file_id is not None:
        named = application.form.consenting(application.applicant_party_id)
        await casework.let_parties_read(
            tx,
            application,
            parties=[owner.party_id for owner in named],
            file_ids=[file_id],
            now=now,
        )
    await audit_log.append(
        tx,
        Event.MATERIAL_HANDED_IN,
        actor=actor,
        now=now,
        subjects=casework.about(application),
        facts={"kind": kind.value, "version": material.version, "reason": not_applicable_reason},
        rules=casework.cites(application, Step.MATERIAL),
        digests=[] if sha256 is None else [Digest("material", str(material.id), sha256)],
    )
    return material
