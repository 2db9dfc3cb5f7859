"""Consent to an application as an owner or right holder, and take it back (同意、撤回同意, A42)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest
from catalog.authorisation_letters import operations as letters
from catalog.authorisation_letters.model import Power
from catalog.files import queries as files
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Invalid, Missing
from catalog.kernel.ids import PartyId, new_id
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.products import queries as products
from catalog.registration import consents, dossier
from catalog.registration.acceptance import Dossier
from catalog.registration.consents import Basis, Consent
from catalog.registration.model import Application
from catalog.registration.operations import casework
from catalog.registration.states import Event as Happening
from catalog.registration.states import State, advance
from catalog.registration.store import consents as kept
from catalog.registration.store import filed
from catalog.rulebooks.steps import Step

_BEING_FILLED_IN = (State.DRAFT, State.CORRECTION_REQUIRED)


class WithdrawalReasonMissing(Invalid):
    """Who takes a consent back says why."""

    code = "owner_consent_withdrawal_reason_missing"


async def give(
    tx: Tx, *, actor: Actor, now: dt.datetime, application_id: uuid.UUID, content_sha256: str
) -> Consent:
    """Consent, as one of the joint owners, to exactly the content that was read.

    :raises NotPermitted: if the actor may not consent.
    :raises Missing: if the actor's party is none of the other owners of such an application.
    :raises ApplicationEventNotAllowed: if it is over.
    :raises ConsentToOtherContent: if it was changed since it was read.
    :raises ConsentGivenAlready: if the owner has consented to it.
    """
    actor.require("application:consent")
    application = await casework.lock(tx, application_id=application_id)
    _require_owner(application, actor.party)
    advance(application.state, Happening.GIVE_CONSENT)
    consents.check_new(
        actor.party,
        await kept.list_consents(tx, application.id),
        named_sha256=content_sha256,
        content_sha256=dossier.consented_digest(await content_of(tx, application)),
    )
    return await _keep(
        tx,
        actor=actor,
        now=now,
        application=application,
        owner=actor.party,
        basis=Basis.OWN_ACCOUNT,
        content_sha256=content_sha256,
    )


async def hand_in_document(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    application_id: uuid.UUID,
    owner: PartyId,
    content_sha256: str,
    file_id: uuid.UUID,
) -> Consent:
    """Hand in, as the applicant, the consent that an owner signed on paper; the owner is told.

    :raises NotPermitted: if the actor may not apply.
    :raises Missing: if there is no such application or file of the actor's, or no such other owner.
    :raises ApplicationEventNotAllowed: if it is over.
    :raises ConsentToOtherContent: if what was signed is not what stands there.
    :raises ConsentGivenAlready: if the owner has consented to it.
    """
    actor.require("application:draft")
    application = await casework.lock_own(
        tx, actor=actor, now=now, application_id=application_id, power=Power.DRAFT
    )
    _require_owner(application, owner)
    advance(application.state, Happening.GIVE_CONSENT)
    consents.check_new(
        owner,
        await kept.list_consents(tx, application.id),
        named_sha256=content_sha256,
        content_sha256=dossier.consented_digest(await content_of(tx, application)),
    )
    file = await files.get_own(tx, viewer=actor, file_id=file_id)
    consent = await _keep(
        tx,
        actor=actor,
        now=now,
        application=application,
        owner=owner,
        basis=Basis.SIGNED_DOCUMENT,
        content_sha256=content_sha256,
        file_id=file.id,
        file_sha256=file.sha256,
    )
    await casework.let_parties_read(tx, application, parties=[owner], file_ids=[file.id], now=now)
    await notifications.send(
        tx,
        now=now,
        to=owner,
        topic=Topic.OWNER_CONSENT_RECORDED,
        subject=casework.about(application)[0],
        facts={"content_sha256": content_sha256},
    )
    return consent


async def withdraw(
    tx: Tx, *, actor: Actor, now: dt.datetime, application_id: uuid.UUID, reason: str
) -> Application:
    """Take one's consent back, before the certificate is issued; nothing is issued without it.

    :raises NotPermitted: if the actor may not consent.
    :raises Missing: if the actor's party is none of the other owners of such an application.
    :raises ApplicationEventNotAllowed: if it is over.
    :raises ConsentNotGiven: if there is no consent to take back.
    :raises WithdrawalReasonMissing: if no reason is given.
    """
    actor.require("application:consent")
    application = await casework.lock(tx, application_id=application_id)
    _require_owner(application, actor.party)
    advance(application.state, Happening.WITHDRAW_CONSENT)
    standing = consents.of_owner(actor.party, await kept.list_consents(tx, application.id))
    if not reason.strip():
        raise WithdrawalReasonMissing
    for consent in standing:
        await kept.update_withdrawal(
            tx,
            msgspec.structs.replace(
                consent,
                withdrawn_at=now,
                withdrawn_by=actor.account_id,
                withdrawal_reason=reason,
            ),
        )
    await _tell_withdrawal(tx, application, actor.party, now=now, reason=reason)
    await audit_log.append(
        tx,
        Event.OWNER_CONSENT_WITHDRAWN,
        actor=actor,
        now=now,
        subjects=casework.about(application),
        facts={"consents": [each.id for each in standing]},
        reason=reason,
        rules=casework.cites(application, Step.CONSENT),
    )
    return application


async def require_all(tx: Tx, *, application: Application) -> None:
    """Return if every joint owner's consent to what was handed in still stands.

    Part of each step on the way to the certificate; the application is held locked.

    :raises OwnerConsentMissing: if one was taken back, or is not there.
    """
    await _check(tx, application, (await filed.list_submissions(tx, application.id))[-1].dossier)


async def collect(
    tx: Tx, *, actor: Actor, now: dt.datetime, application: Application, taken: Dossier
) -> None:
    """Take up the consents of owners that let the applicant consent for them, and require all.

    Part of handing in; the application is held locked.

    :raises OwnerConsentMissing: if an owner neither consented nor let the applicant do so.
    """
    content_sha256 = dossier.consented_digest(taken)
    given = consents.standing(await kept.list_consents(tx, application.id), content_sha256)
    for owner in application.form.consenting(application.applicant_party_id):
        if owner.party_id in given:
            continue
        letter = await letters.find_granted(
            tx,
            now=now,
            principal=owner.party_id,
            agent=application.applicant_party_id,
            power=Power.CONSENT,
            product_id=application.product_id,
        )
        if letter is not None:
            await _keep(
                tx,
                actor=actor,
                now=now,
                application=application,
                owner=owner.party_id,
                basis=Basis.AUTHORISATION_LETTER,
                content_sha256=content_sha256,
                file_id=letter.file_id,
                file_sha256=letter.sha256,
            )
    await _check(tx, application, taken.parts)


async def content_of(tx: Tx, application: Application) -> Dossier:
    """Return what stands in an application now: what was handed in last, or is being filled in.

    An owner consents to what it describes, also where the product is not public yet.
    """
    if application.state not in _BEING_FILLED_IN:
        return Dossier((await filed.list_submissions(tx, application.id))[-1].dossier)
    async with beyond_own_rows(tx):
        product = await products.find(tx, product_id=application.product_id)
    assert product is not None, "an application is about a product"
    assert product.description is not None, "a product that is applied for is described"
    materials = dossier.current(await filed.list_materials(tx, application.id))
    return dossier.take(product, product.description, application.form, materials)


def _require_owner(application: Application, party: PartyId) -> None:
    named = application.form.consenting(application.applicant_party_id)
    if party not in {owner.party_id for owner in named}:
        raise Missing


async def _check(tx: Tx, application: Application, parts: dict[str, object]) -> None:
    consents.check_all(
        application.form.consenting(application.applicant_party_id),
        await kept.list_consents(tx, application.id),
        dossier.consented_digest(Dossier(parts)),
    )


async def _keep(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    application: Application,
    owner: PartyId,
    basis: Basis,
    content_sha256: str,
    file_id: uuid.UUID | None = None,
    file_sha256: str | None = None,
) -> Consent:
    consent = Consent(
        id=new_id(),
        application_id=application.id,
        owner_party_id=owner,
        basis=basis,
        content_sha256=content_sha256,
        file_id=file_id,
        file_sha256=file_sha256,
        given_by=actor.account_id,
        given_at=now,
    )
    await kept.insert_consent(tx, consent)
    digests = [Digest("consented_content", str(consent.id), content_sha256)]
    if file_sha256 is not None:
        digests.append(Digest("consent_document", str(consent.id), file_sha256))
    await audit_log.append(
        tx,
        Event.OWNER_CONSENTED,
        actor=actor,
        now=now,
        subjects=casework.about(application),
        facts={"owner_party_id": owner, "basis": basis},
        rules=casework.cites(application, Step.CONSENT),
        digests=digests,
    )
    return consent


async def _tell_withdrawal(
    tx: Tx, application: Application, owner: PartyId, *, now: dt.datetime, reason: str
) -> None:
    named = application.form.consenting(application.applicant_party_id)
    name = next(each.name for each in named if each.party_id == owner)
    facts = {
        "application_number": application.application_number or "—",
        "owner": name,
        "reason": reason,
    }
    topic = Topic.OWNER_CONSENT_WITHDRAWN
    await casework.send_applicant(tx, application, topic=topic, now=now, facts=facts)
    if application.operator_party_id is not None:
        await notifications.send(
            tx,
            now=now,
            to=application.operator_party_id,
            topic=topic,
            subject=casework.about(application)[0],
            facts=facts,
        )
