"""File an objection (异议): against a product in notice, or against a certificate (HN-20(a))."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence

import msgspec

from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest
from catalog.certificates import queries as certificate_queries
from catalog.certificates.operations import objections as certificates
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Invalid, Missing
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.notices import queries as notices
from catalog.notifications.topics import Topic
from catalog.objections import deadlines, standing, store
from catalog.objections.model import Objection, ObjectionId
from catalog.objections.operations import casework
from catalog.objections.standing import Ground
from catalog.objections.states import State
from catalog.registration.operations import objections as registration
from catalog.rulebooks import queries as rulebooks
from catalog.rulebooks.rulebook import Rulebook


class ObjectionTargetUnclear(Invalid):
    """An objection is against a notice or against a certificate: one of the two."""

    code = "objection_target_unclear"


class ObjectionOpenAlready(Conflict):
    """The same party has an open objection about the same product."""

    code = "objection_open_already"


async def file(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    notice_id: uuid.UUID | None,
    certificate_number: str | None,
    interest_statement: str,
    statement: str,
    grounds: Sequence[Ground],
    evidence_file_ids: Sequence[uuid.UUID],
    confidential_file_ids: Collection[uuid.UUID] = (),
) -> Objection:
    """File an objection to a product in notice or to a certificate, at any time (HN-20(a), A16).

    While it is open, nothing is issued, and the certificate can not be deregistered.

    :raises NotPermitted: if the actor may not object.
    :raises ObjectionTargetUnclear: if it names both a notice and a certificate, or neither.
    :raises Missing: if the target or a file of the evidence does not exist for the actor.
    :raises ObjectsToItself: and the other refusals of ``standing.check``.
    :raises ObjectionOpenAlready: if the actor's party has one open about the product.
    :raises ApplicationEventNotAllowed: if the application is not before the public (any more).
    :raises CertificateEventNotAllowed: if the certificate does not count any more.
    """
    actor.require("objection:file")
    target = await _find_target(tx, notice_id, certificate_number)
    evidence = await casework.get_evidence(
        tx, actor, evidence_file_ids, confidential=confidential_file_ids
    )
    standing.check(
        objector=actor.party,
        registrant=target.registrant,
        interest_statement=interest_statement,
        grounds=grounds,
        evidence=evidence,
    )
    await _hold(tx, target, certificate_number, objector=actor.party, now=now)
    filing = await registration.get_filing(tx, application_id=target.application_id)
    rulebook = await rulebooks.of_case(tx, code=filing.rulebook, filed_on=filing.ruled_on)
    objection = Objection(
        id=ObjectionId(new_id()),
        notice_id=notice_id,
        certificate_number=certificate_number,
        application_id=target.application_id,
        product_id=target.product_id,
        objector_party_id=actor.party,
        registrant_party_id=target.registrant,
        rulebook=rulebook.code,
        ruled_on=filing.ruled_on,
        state=State.RECEIVED,
        interest_statement=interest_statement,
        statement=statement,
        grounds=tuple(grounds),
        evidence=evidence,
        filed_by=actor.account_id,
        received_at=now,
        forward_due_on=deadlines.forward_by(local_date(now), rulebook, calendar).last_day,
    )
    await store.insert(tx, objection)
    await _start_clock(tx, objection, rulebook, now=now, calendar=calendar)
    await casework.tell(
        tx,
        objection,
        actor.party,
        topic=Topic.OBJECTION_RECEIVED,
        now=now,
        objection_id=str(objection.id),
        evidence_count=str(len(evidence)),
    )
    await casework.remember(
        tx,
        Event.OBJECTION_FILED,
        objection,
        actor=actor,
        now=now,
        facts={"grounds": objection.grounds},
        digests=[Digest("evidence", str(e.file_id), e.sha256) for e in evidence],
    )
    return objection


async def _hold(
    tx: Tx, target: _Target, certificate_number: str | None, *, objector: PartyId, now: dt.datetime
) -> None:
    """Hold up what is objected to, for an objector that has nothing open about it."""
    # It is locked first; whoever comes second then sees the first's objection.
    if certificate_number is None:
        await registration.hold(tx, now=now, application_id=target.application_id)
    else:
        await certificates.encumber(tx, certificate_number=certificate_number)
    if await store.has_open(tx, objector=objector, product_id=target.product_id):
        raise ObjectionOpenAlready(product_id=str(target.product_id))


async def _start_clock(
    tx: Tx, objection: Objection, rulebook: Rulebook, *, now: dt.datetime, calendar: Calendar
) -> None:
    """Start the registrar's days: to check again itself, or to forward the objection."""
    in_notice = objection.certificate_number is None
    rechecked = deadlines.is_rechecked(rulebook, in_notice=in_notice)
    period = rulebook.objection_recheck if rechecked else rulebook.objection_forwarding
    if period is not None:  # how long a re-check may take, one of the texts does not say
        await casework.start_clock(
            tx,
            now=now,
            calendar=calendar,
            objection=objection,
            kind=deadlines.RECHECK if rechecked else deadlines.FORWARDING,
            period=period,
            started_on=local_date(now),
        )


class _Target(msgspec.Struct, frozen=True):
    application_id: uuid.UUID
    product_id: uuid.UUID
    registrant: PartyId


async def _find_target(
    tx: Tx, notice_id: uuid.UUID | None, certificate_number: str | None
) -> _Target:
    if (notice_id is None) == (certificate_number is None):
        raise ObjectionTargetUnclear
    if notice_id is not None:
        notice = await notices.get(tx, notice_id)
        return _Target(notice.application_id, notice.product_id, notice.registrant_party_id)
    certificate = await certificate_queries.find(tx, certificate_number or "")
    if certificate is None:
        raise Missing
    return _Target(
        certificate.application_id, certificate.product_id, certificate.registrant_party_id
    )
