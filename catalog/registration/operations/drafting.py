"""Fill an application in (申请): what the applicant or its agent does before it is handed in."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest
from catalog.files import queries as files
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Invalid, VersionStale
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.products import queries as products
from catalog.registration import completeness, dossier
from catalog.registration.completeness import MaterialKind
from catalog.registration.model import Application, ApplicationForm, ApplicationId, Material
from catalog.registration.operations import casework
from catalog.registration.states import Event as Happening
from catalog.registration.states import State
from catalog.registration.store import applications, filed
from catalog.registration.submission import RegistrationConflict
from catalog.rulebooks import offering
from catalog.rulebooks import queries as rulebooks
from catalog.rulebooks.registry import PROVINCE


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
    application = Application(
        id=ApplicationId(new_id()),
        application_number=None,
        product_id=product.id,
        applicant_party_id=actor.party,
        agent_party_id=_agent(actor),
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
    application = await casework.lock_own(tx, actor, application_id)
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
    application = await casework.lock_own(tx, actor, application_id)
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
    await casework.move(tx, application=application, event=Happening.HAND_IN_MATERIAL, now=now)
    await filed.insert_material(tx, material)
    await audit_log.append(
        tx,
        Event.MATERIAL_HANDED_IN,
        actor=actor,
        now=now,
        subjects=casework.about(application),
        facts={"kind": kind.value, "version": material.version, "reason": not_applicable_reason},
        rules=("HN-08",),
        digests=[] if sha256 is None else [Digest("material", str(material.id), sha256)],
    )
    return material


def _agent(actor: Actor) -> PartyId | None:
    return actor.party_id if actor.acting_for is not None else None
