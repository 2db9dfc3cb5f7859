"""Plan, draw, carry out, conclude and publish a spot check (双随机、一公开, HN-21(b), RULES §6.4)."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, EntryId, Subject
from catalog.draws import queries as draws
from catalog.files import queries as files
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.registration import queries as registration
from catalog.rulebooks import queries as rulebooks
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.signing.canonical import sha256_hex
from catalog.timers import operations as timers
from market.identity import queries as identity
from market.spot_checks import answering, drawing, store
from market.spot_checks.model import Commitment, Finding, FindingId, Recusal, SpotCheck, SpotCheckId
from market.spot_checks.states import Event as Happening
from market.spot_checks.states import State, advance

RECTIFICATION: Final = "rectification"


async def plan(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    title: str,
    items: tuple[str, ...],
    submitted_from: dt.date,
    submitted_through: dt.date,
    sample_size: int,
    inspectors: tuple[str, ...],
    inspector_count: int,
) -> SpotCheck:
    """Plan a check: fix the items, the cases to draw from and the directory, and commit to them.

    :raises NotPermitted: if the actor may not plan checks.
    :raises PlanIncomplete: if items, cases or inspectors are missing.
    :raises PopulationTooLarge: if the days hold more cases than one draw is made from.
    :raises NotAnInspector: if somebody of the directory has no open account of the authority.
    :raises TextMissing: if it has no title.
    """
    actor.require("spot_check:plan")
    answering.check_text(title)
    population = await registration.list_ids_submitted(
        tx,
        viewer=actor,
        submitted_from=submitted_from,
        submitted_through=submitted_through,
        limit=drawing.POPULATION_MAX + 1,
    )
    drawing.check_population(len(population))
    colleagues = await identity.list_colleagues(tx, viewer=actor)
    drawing.check_directory(inspectors, map(str, colleagues))
    identifier = SpotCheckId(new_id())
    commitment = Commitment(
        format=drawing.FORMAT,
        spot_check_id=str(identifier),
        items=items,
        population_sha256=drawing.population_sha256(population),
        population_size=len(population),
        sample_size=sample_size,
        inspectors=inspectors,
        inspector_count=inspector_count,
        nonce=secrets.token_hex(32),
    )
    drawing.check_plan(commitment)
    digest = sha256_hex(drawing.commitment_bytes(commitment))
    entry_id = await audit_log.append(
        tx,
        Event.SPOT_CHECK_PLANNED,
        actor=actor,
        now=now,
        subjects=[Subject("spot_check", str(identifier))],
        facts={"title": title, "commitment": commitment},
        rules=("HN-21",),
        digests=[Digest("spot_check", str(identifier), digest)],
    )
    planned = SpotCheck(
        id=identifier,
        title=title,
        authority_party_id=actor.party,
        state=State.PLANNED,
        commitment=commitment,
        commitment_sha256=digest,
        entry_id=entry_id,
        population=tuple(sorted(population)),
        planned_by=actor.account_id,
        planned_at=now,
    )
    await store.insert(tx, planned)
    return planned


async def draw(tx: Tx, *, actor: Actor, now: dt.datetime, spot_check_id: uuid.UUID) -> SpotCheck:
    """Draw cases and inspectors by the first checkpoint under which the commitment lies.

    :raises NotPermitted: if the actor may not plan checks.
    :raises Missing: if there is no such check.
    :raises DrawNotReady: if no checkpoint covers the commitment yet.
    :raises SpotCheckEventNotAllowed: if it was drawn before.
    """
    actor.require("spot_check:plan")
    check = await _lock(tx, spot_check_id)
    state = advance(check.state, Happening.DRAW)
    said = await draws.chance(
        tx, entry_id=check.entry_id, commitment_sha256=check.commitment_sha256
    )
    seed = said.seed
    commitment = check.commitment
    drawn = msgspec.structs.replace(
        check,
        state=state,
        checkpoint_size=said.checkpoint_size,
        seed=seed.hex(),
        cases=drawing.draw_cases(seed, check.population, commitment.sample_size),
        inspectors=drawing.draw_inspectors(seed, commitment.inspectors, commitment.inspector_count),
        drawn_at=now,
    )
    return await _save(
        tx,
        drawn,
        Event.SPOT_CHECK_DRAWN,
        actor=actor,
        now=now,
        before=check,
        facts={
            "checkpoint_size": said.checkpoint_size,
            "seed": drawn.seed,
            "cases": drawn.cases,
            "inspectors": drawn.inspectors,
        },
    )


async def recuse(
    tx: Tx, *, actor: Actor, now: dt.datetime, spot_check_id: uuid.UUID, reason: str
) -> SpotCheck:
    """Stand aside as a drawn inspector (回避); the seat is drawn again by the same seed.

    :raises NotPermitted: if the actor inspects nothing.
    :raises Missing: if there is no such check.
    :raises NotAnInspector: if the actor was not drawn.
    :raises TextMissing: if no reason is given.
    :raises NobodyLeftToDraw: if the directory is used up.
    :raises SpotCheckEventNotAllowed: if it was not drawn, or is concluded.
    """
    actor.require("spot_check:inspect")
    check = await _lock(tx, spot_check_id)
    state = advance(check.state, Happening.RECUSE)
    answering.check_inspector(check, actor.account_id)
    answering.check_text(reason)
    assert check.seed is not None, "a drawn check has its seed"
    aside = str(actor.account_id)
    instead = drawing.redraw(
        bytes.fromhex(check.seed), check.commitment.inspectors, check.inspectors, check.recusals
    )
    recused = msgspec.structs.replace(
        check,
        state=state,
        inspectors=tuple(instead if each == aside else each for each in check.inspectors),
        recusals=(
            *check.recusals,
            Recusal(inspector=aside, replaced_by=instead, reason=reason, at=now),
        ),
    )
    return await _save(
        tx,
        recused,
        Event.SPOT_CHECK_INSPECTOR_RECUSED,
        actor=actor,
        now=now,
        before=check,
        facts={"inspector": aside, "replaced_by": instead},
        reason=reason,
    )


async def notify(tx: Tx, *, actor: Actor, now: dt.datetime, spot_check_id: uuid.UUID) -> SpotCheck:
    """Begin: the operator opens the drawn cases to the inspectors, who may read them (HN-21).

    :raises NotPermitted: if the actor may not plan checks.
    :raises Missing: if there is no such check.
    :raises SpotCheckEventNotAllowed: if it was not drawn, or has begun.
    """
    actor.require("spot_check:plan")
    check = await _lock(tx, spot_check_id)
    begun = msgspec.structs.replace(check, state=advance(check.state, Happening.NOTIFY))
    return await _save(
        tx, begun, Event.SPOT_CHECK_BEGUN, actor=actor, now=now, before=check, facts=None
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
    check = await _lock(tx, spot_check_id)
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
    await _remember(
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
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, spot_check_id: uuid.UUID
) -> SpotCheck:
    """Conclude: every item of every case was looked at; what does not conform is to be put right.

    :raises NotPermitted: if the actor may not plan checks.
    :raises Missing: if there is no such check.
    :raises ItemsUnanswered: if something was not looked at.
    :raises SpotCheckEventNotAllowed: if it has not begun, or is concluded.
    """
    actor.require("spot_check:plan")
    check = await _lock(tx, spot_check_id)
    state = advance(check.state, Happening.CONCLUDE)
    findings = await store.list_findings(tx, check.id)
    answering.check_all_answered(check, findings)
    if answering.open_findings(findings):
        book = await rulebooks.of_case(tx, code=HAINAN_2023.code, filed_on=local_date(now))
        await timers.start(
            tx,
            now=now,
            calendar=calendar,
            kind=RECTIFICATION,
            subject_kind="spot_check",
            subject_id=check.id,
            against="supermarket_operator",
            rulebook=book.code,
            period=book.promptly,
            started_on=local_date(now),
        )
    concluded = msgspec.structs.replace(check, state=state, concluded_at=now)
    sealed = drawing.recusals_sha256(check.recusals)
    entry_id = await _remember(
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


async def publish(
    tx: Tx, *, actor: Actor, now: dt.datetime, spot_check_id: uuid.UUID, summary: str
) -> SpotCheck:
    """Publish what came of it (一公开): numbers, counts and a summary; no names, no content.

    :raises NotPermitted: if the actor may not plan checks.
    :raises Missing: if there is no such check.
    :raises TextMissing: if there is no summary.
    :raises SpotCheckEventNotAllowed: if it is not concluded, or is published.
    """
    actor.require("spot_check:plan")
    check = await _lock(tx, spot_check_id)
    state = advance(check.state, Happening.PUBLISH)
    answering.check_text(summary)
    published = msgspec.structs.replace(check, state=state, summary=summary, published_at=now)
    published = await _save(
        tx,
        published,
        Event.SPOT_CHECK_PUBLISHED,
        actor=actor,
        now=now,
        before=check,
        facts={"summary": summary},
    )
    if answering.open_findings(await store.list_findings(tx, check.id)):
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
    check = await _lock(tx, spot_check_id)
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
    await _remember(
        tx,
        Event.SPOT_CHECK_RECTIFIED,
        check,
        actor=actor,
        now=now,
        facts={"finding_id": right.id, "sha256": file.sha256},
        reason=rectification,
    )
    if answering.open_findings(findings) > 1:
        return check
    await timers.meet(
        tx, now=now, kind=RECTIFICATION, subject_kind="spot_check", subject_id=check.id
    )
    return await _close(tx, check, actor=actor, now=now)


async def _close(tx: Tx, check: SpotCheck, *, actor: Actor, now: dt.datetime) -> SpotCheck:
    closed = msgspec.structs.replace(
        check, state=advance(check.state, Happening.CLOSE), closed_at=now
    )
    return await _save(
        tx, closed, Event.SPOT_CHECK_CLOSED, actor=actor, now=now, before=check, facts=None
    )


async def _lock(tx: Tx, spot_check_id: uuid.UUID) -> SpotCheck:
    check = await store.lock(tx, spot_check_id)
    if check is None:
        raise Missing
    return check


async def _save(
    tx: Tx,
    check: SpotCheck,
    event: Event,
    *,
    actor: Actor,
    now: dt.datetime,
    before: SpotCheck,
    facts: Any,
    reason: str | None = None,
) -> SpotCheck:
    await store.update(tx, check)
    await _remember(
        tx, event, check, actor=actor, now=now, facts=facts, before=before, reason=reason
    )
    return check


async def _remember(
    tx: Tx,
    event: Event,
    check: SpotCheck,
    *,
    actor: Actor,
    now: dt.datetime,
    facts: Any,
    before: SpotCheck | None = None,
    reason: str | None = None,
    also: Sequence[Subject] = (),
    digests: Sequence[Digest] = (),
) -> EntryId:
    return await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("spot_check", str(check.id)), *also],
        facts=facts,
        before=None if before is None else {"state": before.state.value},
        after={"state": check.state.value},
        reason=reason,
        rules=("HN-21",),
        digests=digests,
    )
