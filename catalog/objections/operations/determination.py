"""Determine an objection (处理意见), and ask both sides whether they accept it (HN-20(1))."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event
from catalog.certificates.operations import objections as certificates
from catalog.certificates.reissuing import Corrected
from catalog.delegations import operations as delegations
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.notifications.topics import Topic
from catalog.objections import deadlines, outcome, store
from catalog.objections.model import Closing, Determination, Objection
from catalog.objections.operations import casework
from catalog.objections.operations.closing import close
from catalog.objections.outcome import Outcome, Side
from catalog.objections.states import Event as Happening
from catalog.objections.states import advance
from catalog.registration import acceptance, dossier
from catalog.registration.acceptance import CorrectionItem


async def determine(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    objection_id: uuid.UUID,
    decided: Outcome,
    reasons: str,
    must_change: tuple[CorrectionItem, ...] = (),
    corrected: Corrected | None = None,
) -> Objection:
    """Determine the matter (处理意见); both sides are asked whether they accept it (HN-20(1)).

    Where the rulebook lets the registrar's re-check during the notice decide, it ends the objection;
    so does what is determined after the registrant has admitted it.

    :raises NotPermitted: if the actor may not decide.
    :raises Missing: if there is no such objection.
    :raises DeterminationReasonMissing: if no reasons are given.
    :raises OutcomeNotForTarget: if the outcome does not fit what is objected to.
    :raises ChangesUnfit: if an application is to return and nothing is named that must change.
    :raises CorrectionTargetUnknown: if what must change is nothing that an application has.
    :raises CorrectionUnfit: if a reissue is not corrected, or another outcome is.
    :raises CorrectionEmpty: and the other refusals of ``reissuing.check``.
    :raises ObjectionEventNotAllowed: if it does not wait for a determination.
    """
    actor.require("objection:decide")
    await delegations.require(tx, operator_party_id=actor.party, now=now)
    objection = await casework.lock_for(
        tx, actor=actor, now=now, objection_id=objection_id, with_target=True
    )
    if await casework.is_rechecked(tx, objection):
        return await _conclude(
            tx, actor=actor, now=now, objection=objection, decided=decided, reasons=reasons
        )
    event = Happening.DETERMINE if objection.admission is None else Happening.CONCLUDE
    state = advance(objection.state, event)
    determined = msgspec.structs.replace(
        objection,
        determination=Determination(
            outcome=decided,
            reasons=reasons,
            must_change=must_change,
            corrected=corrected,
            determined_by=actor.account_id,
            determined_at=now,
        ),
    )
    await _check(tx, determined, determined.determination)
    if objection.admission is not None:
        return await _put_right(tx, actor=actor, now=now, before=objection, decided=determined)
    determined = msgspec.structs.replace(determined, state=state)
    await store.update(tx, determined)
    if objection.response is not None:
        await casework.let_read(
            tx,
            objection,
            reader=objection.objector_party_id,
            evidence=objection.response.evidence,
            now=now,
        )
    await casework.cancel_clock(tx, objection, deadlines.RESPONSE, now=now)
    await casework.meet_clock(tx, objection, deadlines.DETERMINATION, now=now)
    rulebook = await casework.rulebook_of(tx, objection)
    await casework.start_clock(
        tx,
        now=now,
        calendar=calendar,
        objection=objection,
        kind=deadlines.ACCEPTANCE,
        period=rulebook.objection_acceptance,
        started_on=local_date(now),
        against="both_sides",
    )
    await casework.tell(
        tx,
        objection,
        objection.objector_party_id,
        objection.registrant_party_id,
        topic=Topic.OBJECTION_DETERMINED,
        now=now,
        outcome=decided.value,
        reasons=reasons,
    )
    await casework.remember(
        tx,
        Event.OBJECTION_DETERMINED,
        determined,
        actor=actor,
        now=now,
        before=objection,
        facts={"outcome": decided, "must_change": must_change, "corrected": corrected},
        reason=reasons,
    )
    return determined


async def _check(tx: Tx, objection: Objection, said: Determination | None) -> None:
    assert said is not None, "what is checked was said"
    number = objection.certificate_number
    fitting = outcome.fitting(
        await casework.rulebook_of(tx, objection),
        is_certified=number is not None,
        is_admitted=objection.admission is not None,
    )
    outcome.check(said.outcome, said.reasons, fitting=fitting, must_change=said.must_change)
    acceptance.check_targets(said.must_change, dossier.TARGETS)
    outcome.check_correction(said.outcome, is_corrected=said.corrected is not None)
    if said.corrected is not None and number is not None:
        await certificates.check_correction(tx, certificate_number=number, corrected=said.corrected)


async def _put_right(
    tx: Tx, *, actor: Actor, now: dt.datetime, before: Objection, decided: Objection
) -> Objection:
    """Change or deregister at once what the registrant admitted to be wrong (NDA35-29)."""
    assert decided.determination is not None, "it was just said"
    await casework.meet_clock(tx, before, deadlines.DETERMINATION, now=now)
    has_ended = await _has_ended(tx, decided)
    closed = await close(
        tx,
        actor=actor,
        now=now,
        objection=decided,
        event=Happening.CONCLUDE,
        closing=Closing.CERTIFICATE_ENDED if has_ended else Closing.ADMITTED,
    )
    await casework.remember(
        tx,
        Event.OBJECTION_DETERMINED,
        closed,
        actor=actor,
        now=now,
        before=before,
        facts={
            "outcome": decided.determination.outcome,
            "corrected": decided.determination.corrected,
            "closing": closed.closing,
        },
        reason=decided.determination.reasons,
    )
    return closed


async def _conclude(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    objection: Objection,
    decided: Outcome,
    reasons: str,
) -> Objection:
    """End an objection during the notice by the registrar's own re-check (核查, NDA35-25, NDRC26-12)."""
    advance(objection.state, Happening.CONCLUDE)
    outcome.check_recheck(decided, reasons)
    checked = msgspec.structs.replace(
        objection,
        determination=Determination(
            outcome=decided, reasons=reasons, determined_by=actor.account_id, determined_at=now
        ),
    )
    await casework.meet_if_running(tx, objection, deadlines.RECHECK, now=now)
    closed = await close(
        tx,
        actor=actor,
        now=now,
        objection=checked,
        event=Happening.CONCLUDE,
        closing=Closing.RECHECKED,
    )
    await casework.remember(
        tx,
        Event.OBJECTION_DETERMINED,
        closed,
        actor=actor,
        now=now,
        before=objection,
        facts={"outcome": decided, "closing": Closing.RECHECKED},
        reason=reasons,
    )
    return closed


async def answer_outcome(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
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
    objection = await casework.lock_with_target(tx, objection_id)
    side = _side(objection, actor.party)
    answers = outcome.answer(objection.answers, side, accepts=accepts)
    answered = msgspec.structs.replace(objection, answers=answers)
    if not accepts:
        return await casework.leave_unresolved(
            tx, actor=actor, now=now, calendar=calendar, objection=answered
        )
    if not outcome.both_accepted(answers):
        waiting = msgspec.structs.replace(
            answered, state=advance(objection.state, Happening.ACCEPT_OUTCOME)
        )
        await store.update(tx, waiting)
        await casework.remember(
            tx, Event.OBJECTION_OUTCOME_ACCEPTED, waiting, actor=actor, now=now, before=objection
        )
        return waiting
    closed = await close(
        tx,
        actor=actor,
        now=now,
        objection=answered,
        event=Happening.BOTH_ACCEPT,
        closing=await _closing(tx, answered),
    )
    await casework.remember(
        tx,
        Event.OBJECTION_CLOSED,
        closed,
        actor=actor,
        now=now,
        before=objection,
        facts={"closing": closed.closing},
    )
    return closed


async def _closing(tx: Tx, objection: Objection) -> Closing:
    """Return how an accepted objection ends: carried out, or overtaken by the certificate's end."""
    return Closing.CERTIFICATE_ENDED if await _has_ended(tx, objection) else Closing.CARRIED_OUT


async def _has_ended(tx: Tx, objection: Objection) -> bool:
    """Tell whether the outcome needs a certificate that counts, and this one does no more."""
    assert objection.determination is not None, "only a determination can be carried out"
    number = objection.certificate_number
    if number is None or not outcome.needs_certificate(objection.determination.outcome):
        return False
    return await certificates.has_ended(tx, certificate_number=number)


def _side(objection: Objection, party: PartyId) -> Side:
    if party == objection.objector_party_id:
        return Side.OBJECTOR
    if party == objection.registrant_party_id:
        return Side.REGISTRANT
    raise Missing
