"""End a change whose certificate does not count any more, or that nobody corrected (终止)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.certificates.operations import casework as certificates
from catalog.certificates.states import State as OfCertificate
from catalog.changes import store
from catalog.changes.model import Change
from catalog.changes.operations import casework
from catalog.changes.states import Event as Happening
from catalog.changes.states import State
from catalog.fees import operations as fees
from catalog.fees.schedule import ApplicationKind
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.rulebooks.registry import by_code
from catalog.rulebooks.steps import Step


async def close_if_inactive(
    tx: Tx, *, actor: Actor, now: dt.datetime, certificate_number: str
) -> Change | None:
    """Close the open change of a certificate that was frozen, revoked, deregistered or moved.

    Part of the command that did it, which asked for the permission. What is changed is decided on
    a certificate that counts: when a frozen one counts again, its registrant applies afresh.
    Returns None if the certificate counts, or nothing is open.

    :raises Missing: if no certificate has this number.
    """
    certificate = await certificates.lock(tx, certificate_number)
    if certificate.state is OfCertificate.ACTIVE:
        return None
    change = await store.lock_open(tx, certificate_number)
    if change is None:
        return None
    closed = await casework.move(
        tx,
        change=change,
        event=Happening.CERTIFICATE_STOPS_COUNTING,
        now=now,
        closing=f"certificate {certificate.state.value}",
    )
    await casework.stop_clocks(tx, change, now=now, note="certificate does not count")
    await fees.drop(tx, now=now, application_kind=ApplicationKind.CHANGE, subject_id=change.id)
    await audit_log.append(
        tx,
        Event.CHANGE_CLOSED,
        actor=actor,
        now=now,
        subjects=casework.about(change),
        before={"state": change.state.value},
        after={"state": closed.state.value},
        reason=closed.closing,
        rules=by_code(change.rulebook).cites(Step.CHANGE),
    )
    await casework.end_handling(tx, change=closed, now=now)
    return closed


async def lapse(tx: Tx, *, actor: Actor, now: dt.datetime, change_id: uuid.UUID) -> bool:
    """Close a change that was not corrected in its days; the registrant may apply afresh.

    Tell False if there was nothing to do.

    :raises NotPermitted: if the actor is not the job for it.
    :raises Missing: if there is no such change.
    """
    actor.require("application:lapse")
    _, change = await casework.lock(tx, change_id=change_id)
    if change.state is not State.CORRECTION_REQUIRED:
        return False
    lapsed = await casework.move(
        tx,
        change=change,
        event=Happening.CORRECTION_TOO_LATE,
        now=now,
        closing="correction_too_late",
    )
    await casework.stop_clocks(tx, change, now=now, note="lapsed")
    await fees.drop(tx, now=now, application_kind=ApplicationKind.CHANGE, subject_id=change.id)
    await notifications.send(
        tx,
        now=now,
        to=change.registrant_party_id,
        topic=Topic.APPLICATION_LAPSED,
        subject=Subject(casework.SUBJECT, str(change.id)),
        facts={"application_number": change.change_number or ""},
    )
    await audit_log.append(
        tx,
        Event.CHANGE_LAPSED,
        actor=actor,
        now=now,
        subjects=casework.about(change),
        before={"state": change.state.value},
        after={"state": lapsed.state.value},
        rules=casework.cites(change, Step.LAPSE),
    )
    return True
