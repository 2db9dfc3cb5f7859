"""Carry a spot check out: begin, record what is found, conclude (检查)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.files import queries as files
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId, new_id
from catalog.notifications.topics import Topic
from catalog.registration import queries as registration
from market.spot_checks import answering, drawing, store
from market.spot_checks.model import Finding, FindingId, SpotCheck
from market.spot_checks.operations import casework
from market.spot_checks.states import Event as Happening
from market.spot_checks.states import advance


async def notify(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    spot_check_id: uuid.UUID,
    tell_applicants: bool,
) -> SpotCheck:
    """Begin: tell the operator, who opens the drawn cases to the inspectors (HN-21).

    The applicants are told as well if the authority wants it; the message's receipt proves it (A40).

    :raises NotPermitted: if the actor may not plan checks.
    :raises Missing: if there is no such check.
    :raises SpotCheckEventNotAllowed: if it was not drawn, or has begun.
    """
    actor.require("spot_check:plan")
    check = await casework.lock(tx, spot_check_id)
    begun = msgspec.structs.replace(check, state=advance(check.state, Happening.NOTIFY))
    drawn = [
        application
        for case in check.cases
        if (application := await registration.find(tx, application_id=uuid.UUID(case))) is not None
    ]
    told = []
    by_operator: dict[PartyId, list[str]] = {}
    for application in drawn:
        number = application.application_number or str(application.id)
        operator = await casework.operator_of(tx, application.operator_party_id)
        if operator is not None:
            by_operator.setdefault(operator, []).append(number)
        if tell_applicants:
            topic = Topic.SPOT_CHECK_OF_OWN_CASE
            applicant = application.applicant_party_id
            told.append(
                await casework.tell(
                    tx, check, topic, to=applicant, now=now, application_number=number
                )
            )
    for operator, numbers in by_operator.items():
        topic = Topic.SPOT_CHECK_BEGUN
        told.append(
            await casework.tell(
                tx,
                check,
                topic,
                to=operator,
                now=now,
                numbers=numbers,
                items=check.commitment.items,
            )
        )
    return await casework.save(
        tx,
        begun,
        Event.SPOT_CHECK_BEGUN,
        actor=actor,
        now=now,
        before=check,
        facts={"notifications": told},
    )


async def record_finding(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    spot_check_id: uuid.UUID,
    application_id: uuid.UUID,
    item: str,
    conforms: bool,
    fact: str,
    evidence_file_id: uuid.UUID | None,
) -> Finding:
    """Record, as a drawn inspector, what was found of an item in a case (检查情况).

    :raises NotPermitted: if the actor inspects nothing.
    :raises Missing: if there is no such check, or no such file of the actor's.
    :raises NotAnInspector: if the actor was not drawn.
    :raises OutsideTheSample: if case or item were not drawn.
    :raises FindingIncomplete: if it tells no fact, or lacks the evidence that it needs.
    :raises FoundAlready: if the item was answered before.
    :raises SpotCheckEventNotAllowed: if the check has not begun, or is concluded.
    """
    actor.require("spot_check:inspect")
    check = await casework.lock(tx, spot_check_id)
    advance(check.state, Happening.RECORD_FINDING)
    answering.check_inspector(check, actor.account_id)
    answering.check_finding(
        check,
        application_id,
        item,
        conforms=conforms,
        fact=fact,
        has_evidence=evidence_file_id is not None,
    )
    if evidence_file_id is not None:
        await files.get_own(tx, viewer=actor, file_id=evidence_file_id)
    finding = Finding(
        id=FindingId(new_id()),
        spot_check_id=check.id,
        application_id=application_id,
        item=item,
        conforms=conforms,
        fact=fact,
        evidence_file_id=evidence_file_id,
        inspector=actor.account_id,
        found_at=now,
    )
    if not await store.insert_finding(tx, finding):
        raise answering.FoundAlready
    await casework.remember(
        tx,
        Event.SPOT_CHECK_FOUND,
        check,
        actor=actor,
        now=now,
        facts=finding,
        also=[Subject("application", str(application_id))],
    )
    return finding


async def conclude(
    tx: Tx, *, actor: Actor, now: dt.datetime, spot_check_id: uuid.UUID
) -> SpotCheck:
    """Conclude: every item of every case was looked at, and who stood aside is sealed.

    :raises NotPermitted: if the actor may not plan checks.
    :raises Missing: if there is no such check.
    :raises ItemsUnanswered: if something was not looked at.
    :raises SpotCheckEventNotAllowed: if it has not begun, or is concluded.
    """
    actor.require("spot_check:plan")
    check = await casework.lock(tx, spot_check_id)
    state = advance(check.state, Happening.CONCLUDE)
    findings = await store.list_findings(tx, check.id)
    answering.check_all_answered(check, findings)
    concluded = msgspec.structs.replace(check, state=state, concluded_at=now)
    sealed = drawing.recusals_sha256(check.recusals)
    entry_id = await casework.remember(
        tx,
        Event.SPOT_CHECK_CONCLUDED,
        concluded,
        actor=actor,
        now=now,
        before=check,
        facts={"findings": len(findings), "to_rectify": answering.open_findings(findings)},
        digests=[Digest(drawing.RECUSALS, str(check.id), sealed)],
    )
    concluded = msgspec.structs.replace(concluded, concluded_entry_id=entry_id)
    await store.update(tx, concluded)
    return concluded
