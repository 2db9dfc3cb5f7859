"""Report an issue, walk up to its source, have it answered, tell who reported it (逐级倒查、反馈)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest, Subject
from catalog.files import queries as files
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.products import queries as products
from catalog.products.queries import ProductMissing
from catalog.quality_issues import store
from catalog.quality_issues.model import Hop, QualityIssue, QualityIssueId, Report
from catalog.quality_issues.queries import QualityIssueMissing, sources_of_last
from catalog.quality_issues.states import Event, State, advance
from catalog.quality_issues.tracing import ANSWER, check_next, provider_of
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.timers import operations as timers

TIMER = "quality_answer"
_SUBJECT = "quality_issue"
_RULEBOOK = HAINAN_2023.code  # by whose working days is counted; the period is BJ-24's


async def report(
    tx: Tx, *, actor: Actor, now: dt.datetime, product_id: uuid.UUID, said: Report
) -> QualityIssue:
    """Report what is wrong with the data of a product that one may see (质量问题上报).

    :raises NotPermitted: if the actor reports none.
    :raises ProductMissing: if there is no such product, or it is a record of a foreign catalogue.
    :raises FileMissing: if the evidence is not a file of one's own.
    """
    actor.require("quality_issue:report")
    product = await products.get(tx, viewer=actor, product_id=product_id)
    if product.supplier_party_id is None:
        raise ProductMissing
    evidence = None
    if said.evidence_file_id is not None:
        evidence = await files.get_own(tx, viewer=actor, file_id=said.evidence_file_id)
    issue = QualityIssue(
        id=QualityIssueId(new_id()),
        product_id=product.id,
        product_name=product.name,
        supplier_party_id=product.supplier_party_id,
        reporter_party_id=actor.party,
        state=State.REPORTED,
        dimension=said.dimension,
        description=said.description,
        column=said.column,
        row=said.row,
        evidence_file_id=said.evidence_file_id,
        evidence_sha256=None if evidence is None else evidence.sha256,
        content_version=len(product.contents) or None,
        reported_at=now,
    )
    await store.insert(tx, issue)
    await _tell(tx, issue, to=issue.supplier_party_id, topic=Topic.QUALITY_ISSUE_REPORTED, now=now)
    await _remember(tx, Happened.QUALITY_ISSUE_REPORTED, issue, actor, now, reason=said.description)
    return issue


async def trace(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    issue_id: uuid.UUID,
    product_id: uuid.UUID,
    result: str,
) -> QualityIssue:
    """Look at the next product on the way up, and say what was found there (倒查一级).

    :raises NotPermitted: if the actor traces none.
    :raises QualityIssueMissing: if there is none.
    :raises QualityIssueEventNotAllowed: if it was assigned already.
    :raises QualityHopNotNext: if the product is not the next one on the way.
    """
    actor.require("quality_issue:handle")
    before = await _lock(tx, issue_id)
    state = advance(before.state, Event.TRACE)
    check_next(before, product_id, await sources_of_last(tx, before))
    node = await products.find(tx, product_id=product_id)
    if node is None:
        raise ProductMissing
    hop = Hop(
        product_id=node.id,
        name=node.name,
        supplier_party_id=node.supplier_party_id,
        result=result,
        looked_at=now,
    )
    after = msgspec.structs.replace(before, state=state, hops=(*before.hops, hop))
    await store.update(tx, after)
    await _remember(tx, Happened.QUALITY_ISSUE_TRACED, after, actor, now, reason=result)
    return after


async def assign(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, issue_id: uuid.UUID
) -> QualityIssue:
    """Hand an issue to who supplies what the walk came to; the days to answer begin (交办).

    :raises NotPermitted: if the actor assigns none.
    :raises QualityIssueMissing: if there is none.
    :raises QualityIssueEventNotAllowed: if it was not traced, or was assigned before.
    :raises QualityProviderMissing: if nobody of the market supplies it.
    """
    actor.require("quality_issue:handle")
    before = await _lock(tx, issue_id)
    state = advance(before.state, Event.ASSIGN)
    provider = provider_of(before)
    timer = await timers.start(
        tx,
        now=now,
        calendar=calendar,
        kind=TIMER,
        subject_kind=_SUBJECT,
        subject_id=before.id,
        against="provider",
        party_id=provider,
        rulebook=_RULEBOOK,
        period=ANSWER,
        started_on=local_date(now),
    )
    after = msgspec.structs.replace(
        before, state=state, provider_party_id=provider, assigned_at=now, due_on=timer.due_on
    )
    await store.update(tx, after)
    await _tell(
        tx,
        after,
        to=provider,
        topic=Topic.QUALITY_ISSUE_ASSIGNED,
        now=now,
        due_on=timer.due_on.isoformat(),
    )
    await _remember(tx, Happened.QUALITY_ISSUE_ASSIGNED, after, actor, now)
    return after


async def answer(
    tx: Tx, *, actor: Actor, now: dt.datetime, issue_id: uuid.UUID, is_fixed: bool, reply: str
) -> QualityIssue:
    """Say that it is put right, or why there is nothing to put right; for its provider (提供方处理).

    :raises NotPermitted: if the actor answers none.
    :raises QualityIssueMissing: if it is not the actor's to answer.
    :raises QualityIssueEventNotAllowed: if it was answered before.
    """
    actor.require("quality_issue:answer")
    before = await _lock(tx, issue_id)
    if before.provider_party_id != actor.party:
        raise QualityIssueMissing
    state = advance(before.state, Event.FIX if is_fixed else Event.REJECT)
    after = msgspec.structs.replace(before, state=state, reply=reply, answered_at=now)
    await timers.meet(tx, now=now, kind=TIMER, subject_kind=_SUBJECT, subject_id=before.id)
    await store.update(tx, after)
    event = Happened.QUALITY_ISSUE_FIXED if is_fixed else Happened.QUALITY_ISSUE_REJECTED
    await _remember(tx, event, after, actor, now, reason=reply)
    return after


async def feed_back(
    tx: Tx, *, actor: Actor, now: dt.datetime, issue_id: uuid.UUID, feedback: str
) -> QualityIssue:
    """Tell who reported an issue what came of it (反馈).

    :raises NotPermitted: if the actor feeds nothing back.
    :raises QualityIssueMissing: if there is none.
    :raises QualityIssueEventNotAllowed: if it was not answered, or was fed back before.
    """
    actor.require("quality_issue:handle")
    before = await _lock(tx, issue_id)
    state = advance(before.state, Event.FEED_BACK)
    after = msgspec.structs.replace(before, state=state, feedback=feedback, fed_back_at=now)
    await store.update(tx, after)
    await _tell(tx, after, to=after.reporter_party_id, topic=Topic.QUALITY_ISSUE_FED_BACK, now=now)
    await _remember(tx, Happened.QUALITY_ISSUE_FED_BACK, after, actor, now, reason=feedback)
    return after


async def close(tx: Tx, *, actor: Actor, now: dt.datetime, issue_id: uuid.UUID) -> QualityIssue:
    """Close an issue that was fed back; for who reported it (办结).

    :raises NotPermitted: if the actor reports none.
    :raises QualityIssueMissing: if somebody else reported it.
    :raises QualityIssueEventNotAllowed: if it was not fed back.
    """
    actor.require("quality_issue:report")
    before = await _lock(tx, issue_id)
    if before.reporter_party_id != actor.party:
        raise QualityIssueMissing
    state = advance(before.state, Event.CLOSE)
    after = msgspec.structs.replace(before, state=state, closed_at=now)
    await store.update(tx, after)
    await _remember(tx, Happened.QUALITY_ISSUE_CLOSED, after, actor, now)
    return after


async def _lock(tx: Tx, issue_id: uuid.UUID) -> QualityIssue:
    found = await store.lock(tx, issue_id)
    if found is None:
        raise QualityIssueMissing
    return found


async def _tell(
    tx: Tx, issue: QualityIssue, *, to: PartyId, topic: Topic, now: dt.datetime, **more: str
) -> None:
    await notifications.send(
        tx,
        now=now,
        to=to,
        topic=topic,
        subject=Subject(_SUBJECT, str(issue.id)),
        facts={"product_name": issue.product_name, **more},
    )


async def _remember(
    tx: Tx,
    event: Happened,
    issue: QualityIssue,
    actor: Actor,
    now: dt.datetime,
    *,
    reason: str | None = None,
) -> None:
    evidence = issue.evidence_sha256
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject(_SUBJECT, str(issue.id)), Subject("product", str(issue.product_id))],
        facts={
            "dimension": issue.dimension.value,
            "state": issue.state.value,
            "last_hop": str(issue.hops[-1].product_id) if issue.hops else None,
        },
        digests=()
        if evidence is None
        else [Digest("quality_issue_evidence", str(issue.id), evidence)],
        reason=reason,
        rules=("BJ-24", "GD-03"),
    )
