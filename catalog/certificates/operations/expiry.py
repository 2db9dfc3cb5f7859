"""Remind a holder that the product's validity will end, and mark that it has (产品时效届满, A23)."""

from __future__ import annotations

import datetime as dt

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.certificates import expiry
from catalog.certificates.format import CertificateDocument
from catalog.certificates.model import Certificate
from catalog.certificates.operations import casework
from catalog.certificates.register_events import RegisterEvent
from catalog.certificates.states import Event as Happening
from catalog.certificates.states import State, advance
from catalog.certificates.store import register
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.local_time import local_date
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.rulebooks import queries as rulebooks


async def watched(
    tx: Tx, certificate: Certificate, document: CertificateDocument, *, now: dt.datetime
) -> Certificate:
    """Return a new certificate with the last day of its product's validity, and that of the reminder."""
    book = await rulebooks.in_force(tx, code=document.ruleset, on=local_date(now))
    valid_to = expiry.last_day(document)
    return msgspec.structs.replace(
        certificate,
        product_valid_to=valid_to,
        product_remind_on=expiry.remind_on(valid_to, book.product_expiry_reminder),
    )


async def remind(tx: Tx, *, actor: Actor, now: dt.datetime, certificate_number: str) -> bool:
    """Tell the holder that the product's validity will end; it is renewed by a change (HN-18).

    :raises NotPermitted: if the actor is not the job for it.
    :raises Missing: if no certificate has this number.
    """
    actor.require("certificate:expire")
    certificate = await casework.lock(tx, certificate_number)
    is_due = certificate.state is State.ACTIVE and certificate.product_reminded_at is None
    if not is_due or certificate.product_expired_at is not None:
        return False
    await register.update_state(tx, msgspec.structs.replace(certificate, product_reminded_at=now))
    await _tell(tx, certificate, Topic.PRODUCT_EXPIRING, now=now)
    await _remember(tx, Event.PRODUCT_EXPIRY_REMINDED, certificate, actor=actor, now=now)
    return True


async def end_product_validity(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_number: str
) -> bool:
    """Mark that the product's validity is over, announce it, and tell the holder.

    The certificate stays in force. What follows for offers is carried out by the room above.

    :raises NotPermitted: if the actor is not the job for it.
    :raises Missing: if no certificate has this number.
    """
    actor.require("certificate:expire")
    certificate = await casework.lock(tx, certificate_number)
    is_over = expiry.is_over(certificate.product_valid_to, local_date(now))
    counts = certificate.state is State.ACTIVE and certificate.product_expired_at is None
    if not (is_over and counts):
        return False
    expired = msgspec.structs.replace(
        certificate,
        state=advance(certificate.state, Happening.END_PRODUCT_VALIDITY),
        state_since=now,
        product_expired_at=now,
    )
    await register.update_state(tx, expired)
    await register.insert_change(
        tx, expired, event=RegisterEvent.PRODUCT_EXPIRED, reason="product_expired"
    )
    await _tell(tx, expired, Topic.PRODUCT_EXPIRED, now=now)
    await _remember(tx, Event.CERTIFICATE_PRODUCT_EXPIRED, expired, actor=actor, now=now)
    return True


async def _tell(tx: Tx, certificate: Certificate, topic: Topic, *, now: dt.datetime) -> None:
    await notifications.send(
        tx,
        now=now,
        to=certificate.registrant_party_id,
        topic=topic,
        subject=Subject("certificate", certificate.number),
        facts={
            "certificate_number": certificate.number,
            "product_name": certificate.product_name,
            "valid_to": certificate.product_valid_to,
        },
    )


async def _remember(
    tx: Tx, event: Event, certificate: Certificate, *, actor: Actor, now: dt.datetime
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[
            Subject("certificate", certificate.number),
            Subject("product", str(certificate.product_id)),
        ],
        facts={"product_valid_to": certificate.product_valid_to},
        rules=("HN-17",),
    )
