"""Keep a certificate while an objection to it is open, and carry out what was determined (HN-20)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec

from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.certificates import format as certificate_format
from catalog.certificates import reissuing
from catalog.certificates.model import Certificate
from catalog.certificates.operations import casework, reissues
from catalog.certificates.reissuing import Corrected, GroundKind
from catalog.certificates.states import Event as Happening
from catalog.certificates.states import State, advance
from catalog.certificates.store import register
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.rulebooks.registry import by_code
from catalog.rulebooks.steps import Step


async def lock(tx: Tx, *, certificate_number: str) -> None:
    """Lock a certificate before the objections to it are.

    :raises Missing: if no certificate has this number.
    """
    await casework.lock(tx, certificate_number)


async def has_ended(tx: Tx, *, certificate_number: str) -> bool:
    """Tell whether a certificate counts no more: nothing is left of it to revoke or correct."""
    return (await casework.lock(tx, certificate_number)).state not in (State.ACTIVE, State.FROZEN)


async def encumber(tx: Tx, *, certificate_number: str) -> Certificate:
    """Count one more open objection against a certificate that still counts. It stays as it is.

    :raises Missing: if no certificate has this number.
    :raises CertificateEventNotAllowed: if it does not count any more: nothing is left to dispute.
    """
    certificate = await casework.lock(tx, certificate_number)
    advance(certificate.state, Happening.REVOKE)
    return await _count(tx, certificate, certificate.open_objections + 1)


async def disencumber(tx: Tx, *, certificate_number: str) -> None:
    """Count one open objection less, because it is closed."""
    certificate = await casework.lock(tx, certificate_number)
    await _count(tx, certificate, max(0, certificate.open_objections - 1))


async def hand_on(tx: Tx, *, certificate_number: str, open_objections: int) -> Certificate | None:
    """Let what is open against a certificate count against the one that took its place, and return it.

    None, if none did: what ended without a successor keeps its disputes.

    :raises Missing: if no certificate has this number.
    """
    old = await casework.lock(tx, certificate_number)
    present = await casework.lock_present(tx, certificate_number)
    if present.number == old.number:
        return None
    await _count(tx, old, 0)
    return await _count(tx, present, present.open_objections + open_objections)


async def freeze_for_court(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    certificate_number: str,
    objection_id: uuid.UUID,
    why: str = "before a court",
) -> None:
    """Freeze a certificate while its dispute is before a court (争议冻结, A20); frozen is fine."""
    certificate = await casework.lock(tx, certificate_number)
    if certificate.state is State.ACTIVE:
        await _move(
            tx,
            certificate,
            Happening.FREEZE,
            Event.CERTIFICATE_FROZEN,
            actor=actor,
            now=now,
            objection_id=objection_id,
            why=f": {why}",
        )


async def release_from_court(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_number: str, objection_id: uuid.UUID
) -> None:
    """Let a certificate count again whose dispute was taken from the court."""
    certificate = await casework.lock(tx, certificate_number)
    if certificate.state is State.FROZEN:
        await _move(
            tx,
            certificate,
            Happening.UNFREEZE,
            Event.CERTIFICATE_UNFROZEN,
            actor=actor,
            now=now,
            objection_id=objection_id,
            why=": withdrawn from the court",
        )


async def carry_out_revocation(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_number: str, objection_id: uuid.UUID
) -> None:
    """Revoke a certificate because both sides accepted that outcome (HN-20(1)).

    Whoever accepted last does not need the right to revoke: the operator determined it before.
    """
    await _move(
        tx,
        await casework.lock(tx, certificate_number),
        Happening.REVOKE,
        Event.CERTIFICATE_REVOKED,
        actor=actor,
        now=now,
        objection_id=objection_id,
    )


async def carry_out_deregistration(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_number: str, objection_id: uuid.UUID
) -> None:
    """Deregister a certificate as the objection to it came out (按照异议处理结果注销, NDA35-37(3)).

    Burdens do not keep it: what was never the registrant's could not be pledged by it.
    """
    await _move(
        tx,
        await casework.lock(tx, certificate_number),
        Happening.DEREGISTER_BY_OBJECTION,
        Event.CERTIFICATE_DEREGISTERED,
        actor=actor,
        now=now,
        objection_id=objection_id,
        facts={"ground": "objection"},
    )


async def carry_out_reissue(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    certificate_number: str,
    objection_id: uuid.UUID,
    corrected: Corrected,
) -> None:
    """Freeze a certificate that both sides accepted to be wrong, until it is issued anew (HN-20(1)).

    The bureau authorises the corrected one as it does a first one, where the rulebook needs that, and
    the operator issues it; then the old one is superseded in the same transaction (``operations.reissues``).

    :raises CorrectionEmpty: and the other refusals of ``reissues.order``.
    """
    await freeze_for_court(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate_number,
        objection_id=objection_id,
        why="to be issued anew",
    )
    await reissues.order(
        tx,
        actor=actor,
        now=now,
        certificate=await casework.lock(tx, certificate_number),
        ground=GroundKind.OBJECTION,
        ground_id=objection_id,
        corrected=corrected,
    )


async def check_correction(tx: Tx, *, certificate_number: str, corrected: Corrected) -> None:
    """Return if a certificate can be issued anew like this.

    :raises Missing: if no certificate has this number.
    :raises CorrectionEmpty: and the other refusals of ``reissuing.check``.
    """
    certificate = await casework.lock(tx, certificate_number)
    reissuing.check(
        certificate_format.read_document(certificate.document),
        corrected,
        owners_may_change=by_code(certificate.rulebook).owners_may_be_corrected,
    )


async def _move(
    tx: Tx,
    certificate: Certificate,
    event: Happening,
    remembered: Event,
    *,
    actor: Actor,
    now: dt.datetime,
    objection_id: uuid.UUID,
    why: str = "",
    facts: Any = None,
) -> None:
    """Let something happen to a certificate because of an objection, by the articles on those."""
    await casework.move(
        tx,
        actor=actor,
        now=now,
        certificate_number=certificate.number,
        event=event,
        remembered=remembered,
        reason=f"objection {objection_id}{why}",
        rules=by_code(certificate.rulebook).cites(Step.OBJECTION_AFTER),
        also=(Subject("objection", str(objection_id)),),
        facts=facts,
    )


async def _count(tx: Tx, certificate: Certificate, open_objections: int) -> Certificate:
    counted = msgspec.structs.replace(certificate, open_objections=open_objections)
    await register.update_state(tx, counted)
    return counted
