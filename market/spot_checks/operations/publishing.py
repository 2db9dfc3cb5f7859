"""Publish what a spot check found, and have it put right (一公开、整改)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec

from catalog.audit_log.events import Event
from catalog.files import queries as files
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.notifications.topics import Topic
from catalog.registration import queries as registration
from catalog.rulebooks import queries as rulebooks
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.timers import operations as timers
from market.spot_checks import answering, store
from market.spot_checks.model import Finding, SpotCheck
from market.spot_checks.operations import casework
from market.spot_checks.states import Event as Happening
from market.spot_checks.states import advance

RECTIFICATION: Final = "rectification"
FINDING: Final = "spot_check_finding"


async def publish(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    spot_check_id: uuid.UUID,
    summary: str,
) -> SpotCheck:
    """Publish what came of it (一公开): numbers, counts and a summary; no names, no content.

    In the same transaction the operator is told of each finding that it has to put right, and the
    clock of each begins to run.

    :raises NotPermitted: if the actor may not plan checks.
    :raises Missing: if there is no such check.
    :raises TextMissing: if there is no summary.
    :raises SpotCheckEventNotAllowed: if it is not concluded, or is published.
    """
    actor.require("spot_check:plan")
    check = await casework.lock(tx, spot_check_id)
    state = advance(check.state, Happening.PUBLISH)
    answering.check_text(summary)
    findings = await store.list_findings(tx, check.id)
    published = msgspec.structs.replace(check, state=state, summary=summary, published_at=now)
    published = await casework.save(
        tx,
        published,
        Event.SPOT_CHECK_PUBLISHED,
        actor=actor,
        now=now,
        before=check,
        facts={"summary": summary},
    )
    wrong = [each for each in findings if not each.conforms]
    for finding in wrong:
        await _demand(tx, published, finding, now=now, calendar=calendar)
    if wrong:
        return published
    return await _close(tx, published, actor=actor, now=now)


async def rectify(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    spot_check_id: uuid.UUID,
    finding_id: uuid.UUID,
    rectification: str,
    evidence_file_id: uuid.UUID,
) -> SpotCheck:
    """Show, as the operator, that a finding was put right (整改); with the last one it is closed.

    :raises NotPermitted: if the actor may not rectify.
    :raises Missing: if there is no such check, or no such file of the actor's.
    :raises NothingToRectify: if there is no such finding that waits for it.
    :raises TextMissing: if it says nothing.
    :raises SpotCheckEventNotAllowed: if it is not published, or is closed.
    """
    actor.require("spot_check:rectify")
    check = await casework.lock(tx, spot_check_id)
    advance(check.state, Happening.RECTIFY)
    findings = await store.list_findings(tx, check.id)
    finding = answering.to_rectify(findings, finding_id)
    answering.check_text(rectification)
    file = await files.get_own(tx, viewer=actor, file_id=evidence_file_id)
    right = msgspec.structs.replace(
        finding,
        rectified_at=now,
        rectification=rectification,
        rectification_sha256=file.sha256,
    )
    await store.update_finding(tx, right)
    await casework.remember(
        tx,
        Event.SPOT_CHECK_RECTIFIED,
        check,
        actor=actor,
        now=now,
        facts={"finding_id": right.id, "sha256": file.sha256},
        reason=rectification,
    )
    await timers.meet(tx, now=now, kind=RECTIFICATION, subject_kind=FINDING, subject_id=right.id)
    if answering.open_findings(findings) > 1:
        return check
    return await _close(tx, check, actor=actor, now=now)


async def _demand(
    tx: Tx, check: SpotCheck, finding: Finding, *, now: dt.datetime, calendar: Calendar
) -> None:
    """Tell the operator what to put right, and let its days run from today (整改期限)."""
    application = await registration.find(tx, application_id=finding.application_id)
    assert application is not None, "a drawn case stays"
    operator = await casework.operator_of(tx, application.operator_party_id)
    book = await rulebooks.of_case(tx, code=HAINAN_2023.code, filed_on=local_date(now))
    clock = await timers.start(
        tx,
        now=now,
        calendar=calendar,
        kind=RECTIFICATION,
        subject_kind=FINDING,
        subject_id=finding.id,
        against="supermarket_operator",
        party_id=operator,
        rulebook=book.code,
        period=book.promptly,
        started_on=local_date(now),
    )
    if operator is not None:
        await casework.tell(
            tx,
            check,
            Topic.SPOT_CHECK_TO_RECTIFY,
            to=operator,
            now=now,
            application_number=application.application_number or str(application.id),
            item=finding.item,
            due_on=clock.due_on.isoformat(),
        )


async def _close(tx: Tx, check: SpotCheck, *, actor: Actor, now: dt.datetime) -> SpotCheck:
    closed = msgspec.structs.replace(
        check, state=advance(check.state, Happening.CLOSE), closed_at=now
    )
    return await casework.save(
        tx, closed, Event.SPOT_CHECK_CLOSED, actor=actor, now=now, before=check, facts=None
    )
