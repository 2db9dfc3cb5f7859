"""Freeze, unfreeze and deregister a certificate (冻结、解除冻结、注销)."""

from __future__ import annotations

import datetime as dt

from catalog.audit_log.events import Event
from catalog.certificates import encumbrances
from catalog.certificates.model import Certificate
from catalog.certificates.operations import casework
from catalog.certificates.reissuing import ReissuePending
from catalog.certificates.states import Event as Happening
from catalog.certificates.store import register, reissues
from catalog.delegations import operations as delegations
from catalog.fees import operations as fees
from catalog.fees.schedule import ApplicationKind
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing, Refused
from catalog.rulebooks import registry


class CancellationByRequest(Refused):
    """The registrar cancels this registration, when its holder asks for it (NDRC26-09)."""

    code = "cancellation_by_request"


async def freeze(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_number: str, reason: str
) -> Certificate:
    """Freeze a certificate while a dispute is before a court or an arbitrator (争议冻结, A20).

    :raises NotPermitted: if the actor may not freeze.
    :raises Missing: if no certificate has this number.
    :raises StateReasonMissing: if no reason is given.
    :raises CertificateEventNotAllowed: if it does not count any more, or is frozen.
    """
    actor.require("certificate:freeze")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    return await casework.move(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate_number,
        event=Happening.FREEZE,
        remembered=Event.CERTIFICATE_FROZEN,
        reason=reason,
        rules=("HN-20",),
    )


async def unfreeze(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_number: str, reason: str
) -> Certificate:
    """Let a frozen certificate count again (解除冻结).

    :raises NotPermitted: if the actor may not freeze.
    :raises Missing: if no certificate has this number.
    :raises StateReasonMissing: if no reason is given.
    :raises ReissuePending: if it is to be issued anew, because it is wrong.
    :raises CertificateEventNotAllowed: if it is not frozen.
    """
    actor.require("certificate:freeze")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    if await reissues.lock_open_reissue(tx, certificate_number) is not None:
        raise ReissuePending(number=certificate_number)
    return await casework.move(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate_number,
        event=Happening.UNFREEZE,
        remembered=Event.CERTIFICATE_UNFROZEN,
        reason=reason,
        rules=("HN-20",),
    )


async def deregister(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_number: str, reason: str
) -> Certificate:
    """Deregister one's own certificate (注销, HN-19(a)); an unpaid fee does not hold it up.

    :raises NotPermitted: if the actor may not deregister.
    :raises Missing: if no certificate of the actor's party has this number.
    :raises StateReasonMissing: if no reason is given.
    :raises CancellationByRequest: if its rulebook has the registrar cancel it on request.
    :raises CertificateEncumbered: if somebody has a right in it, or an objection is open.
    :raises CertificateEventNotAllowed: if it does not count, or is frozen.
    """
    actor.require("certificate:deregister")
    certificate = await register.lock(tx, certificate_number)
    if certificate is None or certificate.registrant_party_id != actor.party:
        raise Missing
    if registry.by_code(certificate.rulebook).cancellation is not None:
        raise CancellationByRequest(rulebook=certificate.rulebook)
    standing = await casework.list_standing(tx, certificate.number, now=now)
    encumbrances.check_free(standing, certificate.open_objections)
    await fees.freeze(
        tx,
        now=now,
        application_kind=ApplicationKind.DEREGISTRATION,
        subject_id=certificate.application_id,
        party_id=actor.party,
    )
    return await casework.move(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate_number,
        event=Happening.DEREGISTER,
        remembered=Event.CERTIFICATE_DEREGISTERED,
        reason=reason,
        rules=("HN-19",),
        facts={"ground": "voluntary"},
    )
