"""Hear an objection (异议), HN-20: file, forward, answer, determine, accept, carry out, archive."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.certificates import operations as certificates
from catalog.certificates import queries as certificate_queries
from catalog.delegations import operations as delegations
from catalog.files import operations as file_operations
from catalog.files import queries as files
from catalog.files.model import FileId
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Invalid, Missing
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import Deadline, Period
from catalog.kernel.workdays import Calendar
from catalog.notices import queries as notices
from catalog.objections import deadlines, outcome, standing, store
from catalog.objections.model import (
    Closing,
    Determination,
    Evidence,
    Objection,
    ObjectionId,
    Response,
)
from catalog.objections.outcome import Outcome, Side
from catalog.objections.standing import Ground
from catalog.objections.states import Event as Happening
from catalog.objections.states import State, advance
from catalog.registration.operations import objections as registration
from catalog.rulebooks import registry
from catalog.signing.canonical import canonical, sha256_hex
from catalog.timers import operations as timers
from catalog.timers.operations import TimerNotRunning


class ObjectionTargetUnclear(Invalid):
    """An objection is against a notice or against a certificate: one of the two."""

    code = "objection_target_unclear"


class ObjectionOpenAlready(Conflict):
    """The same party has an open objection about the same product."""

    code = "objection_open_already"


class RejectionReasonMissing(Invalid):
    """Who rejects an objection says why."""

    code = "objection_rejection_reason_missing"


class ForwardingReceiptMissing(Invalid):
    """The seven days of the answer run from receipt, so there must be one (送达回执)."""

    code = "objection_receipt_missing"


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
    evidence = await _evidence(tx, actor, evidence_file_ids)
    standing.check(
        objector=actor.party,
        registrant=target.registrant,
        interest_statement=interest_statement,
        grounds=grounds,
        evidence=evidence,
    )
    # What is objected to is locked first; whoever comes second then sees the first's objection.
    if certificate_number is None:
        await registration.hold(tx, now=now, application_id=target.application_id)
    else:
        await certificates.encumber(tx, certificate_number=certificate_number)
    if await store.has_open(tx, objector=actor.party, product_id=target.product_id):
        raise ObjectionOpenAlready(product_id=str(target.product_id))
    rulebook = registry.by_code(target.rulebook)
    objection = Objection(
        id=ObjectionId(new_id()),
        notice_id=notice_id,
        certificate_number=certificate_number,
        application_id=target.application_id,
        product_id=target.product_id,
        objector_party_id=actor.party,
        registrant_party_id=target.registrant,
        rulebook=rulebook.code,
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
    await _start(
        tx,
        now=now,
        calendar=calendar,
        objection=objection,
        kind=deadlines.FORWARDING,
        period=rulebook.objection_forwarding,
        started_on=local_date(now),
    )
    await _remember(
        tx,
        Event.OBJECTION_FILED,
        actor,
        now,
        objection,
        facts={"grounds": objection.grounds},
        digests=[Digest("evidence", str(e.file_id), e.sha256) for e in evidence],
    )
    return objection


async def reject(
    tx: Tx, *, actor: Actor, now: dt.datetime, objection_id: uuid.UUID, reason: str
) -> Objection:
    """Reject an objection for its form: no interest, no real evidence, abuse. It may be refiled.

    :raises NotPermitted: if the actor may not decide.
    :raises Missing: if there is no such objection.
    :raises RejectionReasonMissing: if no reason is given.
    :raises ObjectionEventNotAllowed: if it was forwarded or decided.
    """
    actor.require("objection:decide")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    objection = await _lock_with_target(tx, objection_id)
    if not reason.strip():
        raise RejectionReasonMissing
    rejected = await _close(
        tx,
        actor=actor,
        now=now,
        objection=objection,
        event=Happening.REJECT_FORMALLY,
        closing=Closing.REJECTED,
    )
    await _remember(
        tx, Event.OBJECTION_REJECTED, actor, now, rejected, before=objection, reason=reason
    )
    return rejected


async def forward(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    objection_id: uuid.UUID,
    receipt: str,
    delivered_at: dt.datetime | None = None,
) -> Objection:
    """Tell the registrant, with a receipt; its seven days run from receipt (HN-20(b), (c), A40).

    :raises NotPermitted: if the actor may not decide.
    :raises Missing: if there is no such objection.
    :raises ForwardingReceiptMissing: if there is no receipt.
    :raises ObjectionEventNotAllowed: if it was forwarded or decided.
    """
    actor.require("objection:decide")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    objection = await _lock(tx, objection_id)
    if not receipt.strip():
        raise ForwardingReceiptMissing
    rulebook = registry.by_code(objection.rulebook)
    received_on = deadlines.received_on(delivered_at or now, now)
    due = deadlines.answer_by(received_on, rulebook, calendar)
    forwarded = msgspec.structs.replace(
        objection,
        state=advance(objection.state, Happening.NOTIFY_REGISTRANT),
        forwarded_at=now,
        receipt=receipt,
        response_started_on=received_on,
        response_due_on=due.last_day,
    )
    await store.update(tx, forwarded)
    await _let_read(tx, now, objection, objection.registrant_party_id, objection.evidence)
    await _meet(tx, now, objection, deadlines.FORWARDING)
    await _start(
        tx,
        now=now,
        calendar=calendar,
        objection=objection,
        kind=deadlines.RESPONSE,
        period=rulebook.objection_response,
        started_on=received_on,
        against="registrant",
        party_id=objection.registrant_party_id,
    )
    await _remember(
        tx,
        Event.OBJECTION_FORWARDED,
        actor,
        now,
        forwarded,
        before=objection,
        facts={"receipt": receipt, "response_due_on": due.last_day},
    )
    return forwarded


async def respond(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    objection_id: uuid.UUID,
    statement: str,
    evidence_file_ids: Sequence[uuid.UUID],
) -> Objection:
    """Answer as the registrant (反馈说明). What comes late is kept all the same, and marked.

    :raises NotPermitted: if the actor may not answer.
    :raises Missing: if there is no such objection against the actor's party.
    :raises ResponseEmpty: if statement or evidence is missing.
    :raises ObjectionEventNotAllowed: if it was not forwarded, answered before, or decided.
    """
    actor.require("objection:respond")
    objection = await _lock(tx, objection_id)
    if actor.party != objection.registrant_party_id:
        raise Missing
    evidence = await _evidence(tx, actor, evidence_file_ids)
    standing.check_response(statement, evidence)
    event = Happening.RESPOND_LATE if objection.awaits_late_answer else Happening.RESPOND
    state = advance(objection.state, event)
    due = _response_due(objection, calendar)
    answered = msgspec.structs.replace(
        objection,
        state=state,
        response_due_on=due.last_day,
        response=Response(
            statement=statement,
            evidence=evidence,
            responded_by=actor.account_id,
            responded_at=now,
            is_late=deadlines.is_late(now, due),
        ),
    )
    await store.update(tx, answered)
    await _meet(tx, now, objection, deadlines.RESPONSE)
    if event is Happening.RESPOND:
        await _start_determination(tx, now, calendar, objection)
    await _remember(
        tx,
        Event.OBJECTION_ANSWERED,
        actor,
        now,
        answered,
        before=objection,
        facts={"is_late": deadlines.is_late(now, due)},
        digests=[Digest("evidence", str(e.file_id), e.sha256) for e in evidence],
    )
    return answered


async def time_out_response(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, objection_id: uuid.UUID
) -> bool:
    """Let the operator decide on the file when the seven days passed; silence admits nothing (A17).

    Tell False if there was nothing to do: somebody else is at it, or the last day is not over.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("objection:time_out")
    objection = await store.lock_if_free(tx, objection_id)
    if objection is None or objection.state is not State.AWAITING_RESPONSE:
        return False
    due = _response_due(objection, calendar)
    if due.provisional or not deadlines.is_late(now, due):
        return False
    timed_out = msgspec.structs.replace(
        objection,
        state=advance(objection.state, Happening.RESPONSE_TIMEOUT),
        response_due_on=due.last_day,
        no_response=True,
    )
    await store.update(tx, timed_out)
    await _start_determination(tx, now, calendar, objection)
    await _remember(tx, Event.OBJECTION_RESPONSE_TIMED_OUT, actor, now, timed_out, before=objection)
    return True


async def determine(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    objection_id: uuid.UUID,
    decided: Outcome,
    reasons: str,
) -> Objection:
    """Determine the matter (处理意见); both sides are asked whether they accept it (HN-20(1)).

    :raises NotPermitted: if the actor may not decide.
    :raises Missing: if there is no such objection.
    :raises DeterminationReasonMissing: if no reasons are given.
    :raises OutcomeNotForTarget: if the outcome does not fit what is objected to.
    :raises ObjectionEventNotAllowed: if it does not wait for a determination.
    """
    actor.require("objection:decide")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    objection = await _lock(tx, objection_id)
    state = advance(objection.state, Happening.DETERMINE)
    outcome.check(decided, reasons, is_certified=objection.certificate_number is not None)
    determined = msgspec.structs.replace(
        objection,
        state=state,
        determination=Determination(
            outcome=decided, reasons=reasons, determined_by=actor.account_id, determined_at=now
        ),
    )
    await store.update(tx, determined)
    if objection.response is not None:
        await _let_read(
            tx, now, objection, objection.objector_party_id, objection.response.evidence
        )
    await _cancel(tx, now, objection, deadlines.RESPONSE)
    await _meet(tx, now, objection, deadlines.DETERMINATION)
    rulebook = registry.by_code(objection.rulebook)
    await _start(
        tx,
        now=now,
        calendar=calendar,
        objection=objection,
        kind=deadlines.ACCEPTANCE,
        period=rulebook.objection_acceptance,
        started_on=local_date(now),
        against="both_sides",
    )
    await _remember(
        tx,
        Event.OBJECTION_DETERMINED,
        actor,
        now,
        determined,
        before=objection,
        facts={"outcome": decided},
        reason=reasons,
    )
    return determined


async def answer_outcome(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    objection_id: uuid.UUID,
    accepts: bool,
) -> Objection:
    """Accept or refuse the outcome as one of the two sides; with the second yes it is carried out.

    :raises NotPermitted: if the actor may not answer.
    :raises Missing: if the actor's party is neither side of such an objection.
    :raises ObjectionEventNotAllowed: if nothing is determined, or it is over.
    :raises AcceptanceGivenAlready: if this side has answered.
    """
    actor.require("objection:accept_outcome")
    objection = await _lock_with_target(tx, objection_id)
    side = _side(objection, actor.party)
    answers = outcome.answer(objection.answers, side, accepts=accepts)
    answered = msgspec.structs.replace(objection, answers=answers)
    if not accepts:
        unresolved = msgspec.structs.replace(
            answered, state=advance(objection.state, Happening.ONE_REFUSES)
        )
        await store.update(tx, unresolved)
        await _cancel(tx, now, objection, deadlines.ACCEPTANCE)
        await _remember(tx, Event.OBJECTION_UNRESOLVED, actor, now, unresolved, before=objection)
        return unresolved
    if not outcome.both_accepted(answers):
        waiting = msgspec.structs.replace(
            answered, state=advance(objection.state, Happening.ACCEPT_OUTCOME)
        )
        await store.update(tx, waiting)
        await _remember(tx, Event.OBJECTION_OUTCOME_ACCEPTED, actor, now, waiting, before=objection)
        return waiting
    closed = await _close(
        tx,
        actor=actor,
        now=now,
        objection=answered,
        event=Happening.BOTH_ACCEPT,
        closing=Closing.CARRIED_OUT,
    )
    await _remember(tx, Event.OBJECTION_CLOSED, actor, now, closed, before=objection)
    return closed


async def withdraw(
    tx: Tx, *, actor: Actor, now: dt.datetime, objection_id: uuid.UUID, reason: str
) -> Objection:
    """Take one's own objection back; what it held up goes on.

    :raises NotPermitted: if the actor may not withdraw.
    :raises Missing: if there is no such objection of the actor's party.
    :raises ObjectionEventNotAllowed: if it is over.
    """
    actor.require("objection:withdraw")
    objection = await _lock_with_target(tx, objection_id)
    if actor.party != objection.objector_party_id:
        raise Missing
    withdrawn = await _close(
        tx,
        actor=actor,
        now=now,
        objection=objection,
        event=Happening.WITHDRAW,
        closing=Closing.WITHDRAWN,
    )
    await _remember(
        tx, Event.OBJECTION_WITHDRAWN, actor, now, withdrawn, before=objection, reason=reason
    )
    return withdrawn


# ── parts ───────────────────────────────────────────────────────────────────────────────────


class _Target(msgspec.Struct, frozen=True):
    application_id: uuid.UUID
    product_id: uuid.UUID
    registrant: PartyId
    rulebook: str


async def _find_target(
    tx: Tx, notice_id: uuid.UUID | None, certificate_number: str | None
) -> _Target:
    if (notice_id is None) == (certificate_number is None):
        raise ObjectionTargetUnclear
    if notice_id is not None:
        notice = await notices.get(tx, notice_id)
        return _Target(
            notice.application_id, notice.product_id, notice.registrant_party_id, notice.rulebook
        )
    certificate = await certificate_queries.find(tx, certificate_number or "")
    if certificate is None:
        raise Missing
    notice_of_it = await notices.find_current(tx, certificate.application_id)
    assert notice_of_it is not None, "what is certified was in notice"
    return _Target(
        certificate.application_id,
        certificate.product_id,
        certificate.registrant_party_id,
        notice_of_it.rulebook,
    )


async def _close(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    objection: Objection,
    event: Happening,
    closing: Closing,
) -> Objection:
    closed = msgspec.structs.replace(
        objection, state=advance(objection.state, event), closing=closing, closed_at=now
    )
    await store.update(tx, closed)
    await timers.cancel_all(
        tx, now=now, subject_kind="objection", subject_id=objection.id, note=closing.value
    )
    await _carry_out(tx, actor, now, closed)
    document = canonical(closed)
    await store.insert_archive(
        tx,
        objection_id=closed.id,
        document=document,
        sha256=sha256_hex(document),
        archived_at=now,
    )
    return closed


async def _carry_out(tx: Tx, actor: Actor, now: dt.datetime, objection: Objection) -> None:
    """Do what follows from the closing: release what was held up, refuse, revoke (HN-20(1))."""
    decided = None
    if objection.closing is Closing.CARRIED_OUT:
        outcome.check_carried_out(objection.answers)
        assert objection.determination is not None, "only a determination can be accepted"
        decided = objection.determination.outcome
    if objection.certificate_number is None:
        if decided is Outcome.UPHOLD:
            await registration.refuse(
                tx,
                actor=actor,
                now=now,
                application_id=objection.application_id,
                objection_id=objection.id,
            )
        else:
            await registration.release(tx, now=now, application_id=objection.application_id)
        return
    number = objection.certificate_number
    await certificates.disencumber(tx, certificate_number=number)
    if decided is Outcome.REVOKE:
        await certificates.carry_out_revocation(
            tx, actor=actor, now=now, certificate_number=number, objection_id=objection.id
        )
    elif decided is Outcome.REISSUE:
        await certificates.carry_out_reissue(
            tx, actor=actor, now=now, certificate_number=number, objection_id=objection.id
        )


async def _lock(tx: Tx, objection_id: uuid.UUID) -> Objection:
    objection = await store.lock(tx, objection_id)
    if objection is None:
        raise Missing
    return objection


async def _lock_with_target(tx: Tx, objection_id: uuid.UUID) -> Objection:
    """Lock what is objected to, then the objection: in the order of ``file``, so none deadlock."""
    found = await store.find(tx, objection_id)
    if found is None:
        raise Missing
    if found.certificate_number is None:
        await registration.lock(tx, application_id=found.application_id)
    else:
        await certificates.lock(tx, certificate_number=found.certificate_number)
    return await _lock(tx, objection_id)


async def _evidence(tx: Tx, actor: Actor, file_ids: Sequence[uuid.UUID]) -> tuple[Evidence, ...]:
    found = [await files.get_own(tx, viewer=actor, file_id=file_id) for file_id in file_ids]
    return tuple(Evidence(f.id, f.sha256, f.file_name) for f in found)


async def _let_read(
    tx: Tx, now: dt.datetime, objection: Objection, reader: PartyId, evidence: Sequence[Evidence]
) -> None:
    await file_operations.let_read(
        tx,
        file_ids=[FileId(e.file_id) for e in evidence],
        party_id=reader,
        case_id=objection.id,
        now=now,
    )


def _side(objection: Objection, party: PartyId) -> Side:
    if party == objection.objector_party_id:
        return Side.OBJECTOR
    if party == objection.registrant_party_id:
        return Side.REGISTRANT
    raise Missing


def _response_due(objection: Objection, calendar: Calendar) -> Deadline:
    assert objection.response_started_on is not None, "a forwarded objection was received"
    rulebook = registry.by_code(objection.rulebook)
    return deadlines.answer_by(objection.response_started_on, rulebook, calendar)


async def _start_determination(
    tx: Tx, now: dt.datetime, calendar: Calendar, objection: Objection
) -> None:
    rulebook = registry.by_code(objection.rulebook)
    await _start(
        tx,
        now=now,
        calendar=calendar,
        objection=objection,
        kind=deadlines.DETERMINATION,
        period=rulebook.objection_determination,
        started_on=local_date(now),
    )


async def _start(
    tx: Tx,
    *,
    now: dt.datetime,
    calendar: Calendar,
    objection: Objection,
    kind: str,
    period: Period,
    started_on: dt.date,
    against: str = "supermarket_operator",
    party_id: PartyId | None = None,
) -> None:
    await timers.start(
        tx,
        now=now,
        kind=kind,
        subject_kind="objection",
        subject_id=objection.id,
        against=against,
        rulebook=objection.rulebook,
        period=period,
        started_on=started_on,
        calendar=calendar,
        party_id=party_id,
    )


async def _meet(tx: Tx, now: dt.datetime, objection: Objection, kind: str) -> None:
    await timers.meet(tx, kind=kind, subject_kind="objection", subject_id=objection.id, now=now)


async def _cancel(tx: Tx, now: dt.datetime, objection: Objection, kind: str) -> None:
    try:
        await timers.cancel(
            tx,
            now=now,
            kind=kind,
            subject_kind="objection",
            subject_id=objection.id,
            note="the case went on",
        )
    except TimerNotRunning:
        return


async def _remember(
    tx: Tx,
    event: Event,
    actor: Actor,
    now: dt.datetime,
    objection: Objection,
    *,
    before: Objection | None = None,
    facts: Any = None,
    reason: str | None = None,
    digests: Sequence[Digest] = (),
) -> None:
    subjects = [
        Subject("objection", str(objection.id)),
        Subject("application", str(objection.application_id)),
        Subject("product", str(objection.product_id)),
    ]
    if objection.certificate_number is not None:
        subjects.append(Subject("certificate", objection.certificate_number))
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=subjects,
        facts=facts,
        before=None if before is None else {"state": before.state},
        after={"state": objection.state},
        reason=reason,
        rules=("HN-20",),
        digests=digests,
    )
