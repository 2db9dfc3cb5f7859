"""Issue the certificate that takes another one's place (换发): after a change, a transfer, a decision.

The new one has a number of its own, counts on from the old one's version, and names it; the old one
is kept and says by which it was followed, so that whoever holds the old paper finds the new.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.certificates import format as certificate_format
from catalog.certificates.format import CertificateDocument, RightHeld
from catalog.certificates.model import Certificate, NamedParty
from catalog.certificates.operations import expiry, numbering
from catalog.certificates.states import State
from catalog.certificates.store import register, rights
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId
from catalog.kernel.local_time import SHANGHAI, local_date
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.rulebooks import queries as rulebooks
from catalog.signing.canonical import sha256_hex
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer


def local_instant(now: dt.datetime) -> str:
    """Return an instant as certificates write it: RFC 3339, Asia/Shanghai."""
    return now.astimezone(SHANGHAI).isoformat()


async def issue_after(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    signer: Signer,
    old: Certificate,
    registrant: PartyId,
    written: Callable[[str], CertificateDocument],
    rules: tuple[str, ...],
    also: tuple[Subject, ...] = (),
    valid_through: dt.date | None = None,
) -> Certificate:
    """Sign and keep what ``written`` makes of the next number, in the place of ``old``.

    ``old``, which the caller holds locked, has ended in the same transaction. Objections that are
    open against it follow to the new one (``objections.operations.following``), as burdens do.

    Its validity goes on, unless ``valid_through`` says another last day.

    :raises NationalCodeExhausted: if the month's codes are used up.
    :raises CertificateFieldEmpty: if a field that HN-17 names is empty.
    """
    assert signer.purpose is Purpose.CERTIFICATE, "certificates have a key of their own"
    today = local_date(now)
    book = await rulebooks.in_force(tx, code=old.rulebook, on=today)
    registration_number = await numbering.next_number(tx, book, today)
    said = written(registration_number)
    document = certificate_format.document_bytes(said)
    signature = signer.seal(document)
    sha256 = sha256_hex(document)
    entry_id = (
        await audit_log.append(
            tx,
            Event.CERTIFICATE_ISSUED,
            actor=actor,
            now=now,
            subjects=[
                Subject("certificate", registration_number),
                Subject("application", str(old.application_id)),
                Subject("product", str(old.product_id)),
                *also,
            ],
            facts={
                "key_id": signature.key_id,
                "version": said.certificate_version,
                "registration_type": said.registration_type,
                "supersedes": old.number,
            },
            rules=rules,
            digests=[Digest("certificate", registration_number, sha256)],
        )
    ).id
    certificate = Certificate(
        number=registration_number,
        application_id=old.application_id,
        product_id=old.product_id,
        product_name=said.product_name,
        registrant_party_id=registrant,
        version=said.certificate_version,
        document=document,
        record_sha256=sha256,
        key_id=signature.key_id,
        signature=signature.value,
        issued_at=now,
        issued_by=actor.account_id,
        entry_id=entry_id,
        state=State.ACTIVE,
        state_since=now,
        open_objections=0,
        supersedes=old.number,
        rulebook=old.rulebook,
        valid_through=valid_through or old.valid_through,
    )
    certificate = await expiry.watched(tx, certificate, said, now=now)
    await register.insert(tx, certificate)
    await tell_issued(tx, certificate, now=now)
    await rights.copy_rights(
        tx,
        old=old.number,
        new=certificate.number,
        from_party=old.registrant_party_id,
        to_party=registrant,
    )
    return certificate


async def right_holders(
    tx: Tx, *, old: Certificate, holder: NamedParty, holder_kind: str
) -> tuple[RightHeld, ...]:
    """Return who holds which right when ``holder`` takes the registrant's place (权利主体).

    What the registrant held goes over as a whole; the rights of others stay theirs.
    """
    moved = await rights.list_rights_of(tx, old.number, old.registrant_party_id)
    return tuple(
        RightHeld(right=held.right, name=holder.name, kind=holder_kind, id_masked=holder.id_masked)
        if held.right in moved
        else held
        for held in certificate_format.read_document(old.document).right_holders
    )


async def tell_issued(tx: Tx, certificate: Certificate, *, now: dt.datetime) -> None:
    """Tell the registrant that its certificate is issued, and under which number (发证告知)."""
    await notifications.send(
        tx,
        now=now,
        to=certificate.registrant_party_id,
        topic=Topic.CERTIFICATE_ISSUED,
        subject=Subject("certificate", certificate.number),
        facts={
            "certificate_number": certificate.number,
            "product_name": certificate.product_name,
        },
    )
