"""Lock a certificate, and let something happen to it: what every command on it does."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.certificates import encumbrances
from catalog.certificates.encumbrances import Encumbrance
from catalog.certificates.model import Certificate
from catalog.certificates.register_events import ANNOUNCED, WORDS, RegisterEvent
from catalog.certificates.states import Event as Happening
from catalog.certificates.states import advance
from catalog.certificates.store import burdens, register
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Invalid, Missing
from catalog.kernel.local_time import local_date
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic


class StateReasonMissing(Invalid):
    """Who freezes, revokes or deregisters a certificate says why."""

    code = "certificate_reason_missing"


async def lock(tx: Tx, certificate_number: str) -> Certificate:
    """Lock and return a certificate.

    :raises Missing: if no certificate has this number.
    """
    certificate = await register.lock(tx, certificate_number)
    if certificate is None:
        raise Missing
    return certificate


async def lock_present(tx: Tx, certificate_number: str) -> Certificate:
    """Lock and return the certificate that has the place of this one today: itself, if none took it.

    :raises Missing: if no certificate has this number.
    """
    certificate = await lock(tx, certificate_number)
    while (number := await register.find_successor(tx, certificate.number)) is not None:
        certificate = await lock(tx, number)
    return certificate


async def list_standing(tx: Tx, certificate_number: str, *, now: dt.datetime) -> list[Encumbrance]:
    """Return the burdens that stand on a certificate today."""
    today = local_date(now)
    found = await burdens.list_encumbrances(tx, certificate_number)
    return [burden for burden in found if encumbrances.stands(burden, today)]


async def move(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    certificate_number: str,
    event: Happening,
    remembered: Event,
    reason: str,
    rules: tuple[str, ...],
    also: tuple[Subject, ...] = (),
    facts: Any = None,
) -> Certificate:
    """Let ``event`` happen to a certificate, announce it with its reason, and remember it.

    :raises Missing: if no certificate has this number.
    :raises StateReasonMissing: if no reason is given.
    :raises CertificateEventNotAllowed: if it can not happen in its state.
    """
    certificate = await lock(tx, certificate_number)
    if not reason.strip():
        raise StateReasonMissing
    moved = msgspec.structs.replace(
        certificate, state=advance(certificate.state, event), state_since=now
    )
    await register.update_state(tx, moved)
    await register.insert_change(tx, moved, event=ANNOUNCED[event], reason=reason)
    await audit_log.append(
        tx,
        remembered,
        actor=actor,
        now=now,
        subjects=[
            Subject("certificate", certificate.number),
            Subject("product", str(certificate.product_id)),
            *also,
        ],
        facts=facts,
        before={"state": certificate.state.value},
        after={"state": moved.state.value},
        reason=reason,
        rules=rules,
    )
    await _tell(tx, moved, ANNOUNCED[event], now=now)
    return moved


async def _tell(
    tx: Tx, certificate: Certificate, event: RegisterEvent, *, now: dt.datetime
) -> None:
    """Tell the registrant, and whoever has a right in the certificate and takes part here."""
    standing = await list_standing(tx, certificate.number, now=now)
    others = {burden.beneficiary_party_id for burden in standing}
    for party in {certificate.registrant_party_id, *others} - {None}:
        assert party is not None, "nobody was taken out"
        await notifications.send(
            tx,
            now=now,
            to=party,
            topic=Topic.CERTIFICATE_MOVED,
            subject=Subject("certificate", certificate.number),
            facts={
                "certificate_number": certificate.number,
                "product_name": certificate.product_name,
                "event": WORDS[event],
                "state": certificate.state,
            },
        )
