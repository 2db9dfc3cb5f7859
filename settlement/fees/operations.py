"""Propose, decide and end fee schedules (费率表): what was decided is never rewritten, only ended."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from settlement.fees import deciding, deducting, store
from settlement.fees.model import FeeSchedule, FeeScheduleId, Proposed
from settlement.fees.queries import FeeScheduleMissing
from settlement.fees.states import Event, State, advance


async def propose(tx: Tx, *, actor: Actor, now: dt.datetime, proposed: Proposed) -> FeeSchedule:
    """Propose a version of the fee schedule (提出费率表).

    :raises NotPermitted: if the actor proposes none.
    :raises FeesUnfit: if its fees can not all be taken.
    :raises FeeSchedulePeriodInvalid: if it ends before it begins, or begins in the past.
    """
    actor.require("fee_schedule:propose")
    deducting.check(proposed.fees)
    deciding.check_period(proposed.effective_from, proposed.effective_to, local_date(now))
    await store.take_turns(tx)
    schedule = FeeSchedule(
        id=FeeScheduleId(new_id()),
        number=await store.next_number(tx),
        state=State.PROPOSED,
        proposed_by=_person(actor),
        proposed_at=now,
        updated_at=now,
        **msgspec.structs.asdict(proposed),
    )
    await store.insert(tx, schedule)
    await _remember(tx, Happened.FEE_SCHEDULE_PROPOSED, schedule, actor=actor, now=now)
    return schedule


async def decide(
    tx: Tx, *, actor: Actor, now: dt.datetime, schedule_id: uuid.UUID, reason: str
) -> FeeSchedule:
    """Decide that a proposed schedule comes into force on its first day (核定).

    :raises NotPermitted: if the actor decides none.
    :raises FeeScheduleMissing: if there is none.
    :raises FeeScheduleEventNotAllowed: if it was decided, rejected or taken back.
    :raises FeeScheduleOwnProposal: if the actor proposed it.
    :raises FeeSchedulePeriodInvalid: if its first day is over by now.
    :raises FeeScheduleOverlaps: if another one is in force on some of its days.
    """
    actor.require("fee_schedule:decide")
    await store.take_turns(tx)
    before = await _lock(tx, schedule_id)
    advance(before.state, Event.DECIDE)
    deciding.check_second(before, _person(actor))
    deciding.check_period(before.effective_from, before.effective_to, local_date(now))
    deciding.check_alone(before, await store.list_decided(tx))
    decided = await _move(
        tx,
        before,
        Event.DECIDE,
        now=now,
        decided_by=_person(actor),
        decided_at=now,
        reason=reason,
    )
    await _remember(tx, Happened.FEE_SCHEDULE_DECIDED, decided, actor=actor, now=now)
    return decided


async def reject(
    tx: Tx, *, actor: Actor, now: dt.datetime, schedule_id: uuid.UUID, reason: str
) -> FeeSchedule:
    """Decide that a proposed schedule does not come into force (不予核定).

    :raises NotPermitted: if the actor decides none.
    :raises FeeScheduleMissing: if there is none.
    :raises FeeScheduleEventNotAllowed: if it was decided, rejected or taken back.
    :raises FeeScheduleOwnProposal: if the actor proposed it.
    """
    actor.require("fee_schedule:decide")
    before = await _lock(tx, schedule_id)
    advance(before.state, Event.REJECT)
    deciding.check_second(before, _person(actor))
    rejected = await _move(
        tx,
        before,
        Event.REJECT,
        now=now,
        decided_by=_person(actor),
        decided_at=now,
        reason=reason,
    )
    await _remember(tx, Happened.FEE_SCHEDULE_REJECTED, rejected, actor=actor, now=now)
    return rejected


async def withdraw(
    tx: Tx, *, actor: Actor, now: dt.datetime, schedule_id: uuid.UUID
) -> FeeSchedule:
    """Take a proposed schedule back (撤回).

    :raises NotPermitted: if the actor proposes none.
    :raises FeeScheduleMissing: if there is none.
    :raises FeeScheduleEventNotAllowed: if it was decided, rejected or taken back.
    """
    actor.require("fee_schedule:propose")
    before = await _lock(tx, schedule_id)
    withdrawn = await _move(tx, before, Event.WITHDRAW, now=now)
    await _remember(tx, Happened.FEE_SCHEDULE_WITHDRAWN, withdrawn, actor=actor, now=now)
    return withdrawn


async def end(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    schedule_id: uuid.UUID,
    last_day: dt.date,
    reason: str,
) -> FeeSchedule:
    """End a schedule earlier than it was to (提前终止); orders keep what was frozen with them.

    :raises NotPermitted: if the actor decides none.
    :raises FeeScheduleMissing: if there is none.
    :raises FeeScheduleEventNotAllowed: if it was not decided.
    :raises FeeSchedulePeriodInvalid: if that day is over, or not earlier than its last one.
    """
    actor.require("fee_schedule:decide")
    before = await _lock(tx, schedule_id)
    advance(before.state, Event.END)
    deciding.check_end(before, last_day, local_date(now))
    ended = await _move(tx, before, Event.END, now=now, effective_to=last_day, reason=reason)
    await _remember(tx, Happened.FEE_SCHEDULE_ENDED, ended, actor=actor, now=now)
    return ended


def _person(actor: Actor) -> uuid.UUID:
    assert actor.account_id is not None, "only people have these permissions"
    return actor.account_id


async def _lock(tx: Tx, schedule_id: uuid.UUID) -> FeeSchedule:
    found = await store.lock(tx, schedule_id)
    if found is None:
        raise FeeScheduleMissing
    return found


async def _move(
    tx: Tx, before: FeeSchedule, event: Event, *, now: dt.datetime, **changes: Any
) -> FeeSchedule:
    after = msgspec.structs.replace(
        before,
        state=advance(before.state, event),
        version=before.version + 1,
        updated_at=now,
        **changes,
    )
    await store.update(tx, after)
    return after


async def _remember(
    tx: Tx, event: Happened, schedule: FeeSchedule, *, actor: Actor, now: dt.datetime
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("fee_schedule", str(schedule.id))],
        facts={
            "number": schedule.number,
            "document_number": schedule.document_number,
            "effective_from": schedule.effective_from,
            "effective_to": schedule.effective_to,
            "fees": schedule.fees,
        },
        after={"state": schedule.state.value, "version": schedule.version},
        reason=schedule.reason,
        rules=("ZJ-2", "JX-3"),
    )
