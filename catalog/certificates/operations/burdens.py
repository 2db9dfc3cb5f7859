"""Enter a burden in the register, and release it (权利负担登记, 解除)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.certificates import encumbrances
from catalog.certificates.encumbrances import Encumbrance, EncumbranceKind
from catalog.certificates.model import Certificate
from catalog.certificates.operations import casework
from catalog.certificates.states import Event as Happening
from catalog.certificates.states import advance
from catalog.certificates.store import burdens
from catalog.delegations import operations as delegations
from catalog.files import queries as files
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Missing
from catalog.kernel.ids import PartyId, new_id
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic


class EncumbranceReleasedAlready(Conflict):
    """The burden was released before."""

    code = "encumbrance_released_already"


async def encumber(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    certificate_number: str,
    kind: EncumbranceKind,
    beneficiary: str,
    beneficiary_party_id: PartyId | None,
    document_number: str,
    file_id: uuid.UUID,
    since_on: dt.date,
    until_on: dt.date | None,
) -> Encumbrance:
    """Enter a pledge, a trust, an insurance or a seizure on a certificate that counts.

    ``file_id`` is the document that proves it, uploaded by the operator.

    :raises NotPermitted: if the actor may not.
    :raises OperatorNotDelegated: if the bureau has not delegated the operator (HN-05).
    :raises Missing: if there is no such certificate, or no such file of the actor's.
    :raises EncumbrancePeriodInvalid: if it ends before it begins.
    :raises CertificateEventNotAllowed: if the certificate does not count any more.
    """
    actor.require("certificate:encumber")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    certificate = await casework.lock(tx, certificate_number)
    advance(certificate.state, Happening.REVOKE)  # what may not be ended counts no longer
    encumbrances.check_period(since_on, until_on)
    proof = await files.get_own(tx, viewer=actor, file_id=file_id)
    burden = Encumbrance(
        id=new_id(),
        certificate_number=certificate.number,
        kind=kind,
        beneficiary=beneficiary,
        beneficiary_party_id=beneficiary_party_id,
        document_number=document_number,
        file_id=proof.id,
        file_sha256=proof.sha256,
        since_on=since_on,
        until_on=until_on,
        registered_by=actor.account_id,
        registered_at=now,
    )
    await burdens.insert_encumbrance(tx, burden)
    await audit_log.append(
        tx,
        Event.CERTIFICATE_ENCUMBERED,
        actor=actor,
        now=now,
        subjects=_about(burden, certificate.product_id),
        after=msgspec.to_builtins(burden),
        rules=("HN-17",),
        digests=[Digest("encumbrance", str(burden.id), burden.file_sha256)],
    )
    await _tell(tx, certificate, burden, Topic.ENCUMBRANCE_ENTERED, now=now)
    return burden


async def release(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    encumbrance_id: uuid.UUID,
    file_id: uuid.UUID,
    reason: str,
) -> Encumbrance:
    """Release a burden, with the beneficiary's consent as a file (解除).

    :raises NotPermitted: if the actor may not.
    :raises Missing: if there is no such burden, or no such file of the actor's.
    :raises StateReasonMissing: if no reason is given.
    :raises EncumbranceReleasedAlready: if it was released before.
    """
    actor.require("certificate:encumber")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    burden = await burdens.lock_encumbrance(tx, encumbrance_id)
    if burden is None:
        raise Missing
    if not reason.strip():
        raise casework.StateReasonMissing
    if burden.released_at is not None:
        raise EncumbranceReleasedAlready
    proof = await files.get_own(tx, viewer=actor, file_id=file_id)
    released = msgspec.structs.replace(
        burden,
        released_at=now,
        release_reason=reason,
        release_file_sha256=proof.sha256,
        release_file_id=proof.id,
    )
    await burdens.update_encumbrance(tx, released)
    # It went with the right: whoever holds that today is told, not who held it when it was entered.
    certificate = await casework.lock_present(tx, burden.certificate_number)
    await audit_log.append(
        tx,
        Event.CERTIFICATE_DISENCUMBERED,
        actor=actor,
        now=now,
        subjects=_about(burden, certificate.product_id),
        facts={"file_sha256": proof.sha256},
        reason=reason,
        rules=("HN-17",),
    )
    await _tell(tx, certificate, burden, Topic.ENCUMBRANCE_RELEASED, now=now)
    return released


async def _tell(
    tx: Tx, certificate: Certificate, burden: Encumbrance, topic: Topic, *, now: dt.datetime
) -> None:
    """Tell the registrant and, if it takes part here, whom the burden is for."""
    for party in {certificate.registrant_party_id, burden.beneficiary_party_id} - {None}:
        assert party is not None, "nobody was taken out"
        await notifications.send(
            tx,
            now=now,
            to=party,
            topic=topic,
            subject=Subject("encumbrance", str(burden.id)),
            facts={
                "certificate_number": certificate.number,
                "product_name": certificate.product_name,
                "kind": burden.kind,
                "document_number": burden.document_number,
            },
        )


def _about(burden: Encumbrance, product_id: uuid.UUID) -> list[Subject]:
    return [
        Subject("certificate", burden.certificate_number),
        Subject("encumbrance", str(burden.id)),
        Subject("product", str(product_id)),
    ]
