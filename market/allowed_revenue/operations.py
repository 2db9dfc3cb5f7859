"""Lay down an allowed revenue, warn, compare, adjust and close it (最高准许收入)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.workdays import Calendar
from catalog.notifications import operations as notifications
from catalog.notifications.topics import Topic
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.timers import operations as timers
from market.allowed_revenue import allowing, store
from market.allowed_revenue.model import Allowance, AllowanceId, Burn, Compared, Decided, Task
from market.allowed_revenue.queries import AllowanceMissing, burn_of, sum_recovered, sum_volume
from market.allowed_revenue.states import Event, State, advance
from market.identity import queries as identity

_RULEBOOK: Final = HAINAN_2023.code
_SUBJECT: Final = "allowance"


async def lay_down(tx: Tx, *, actor: Actor, now: dt.datetime, decided: Decided) -> Allowance:
    """Lay down what an operator may take in a period, less what it took too much before (核定).

    :raises NotPermitted: if the actor lays down none.
    :raises PartyMissing: if there is no such operator.
    :raises AllowancePeriodInvalid: if the period can not be (and the others of ``allowing.py``).
    """
    actor.require("allowed_revenue:lay_down")
    operator = await identity.get_party(tx, PartyId(decided.operator_party_id))
    others = await store.lock_of_operator(tx, operator.id)
    allowing.check(decided, [each.decided for each in others])
    owed = _owed(others)
    allowed, carried = allowing.deducted(allowing.gross_fen(decided), owed)
    allowance = Allowance(
        id=AllowanceId(new_id()),
        state=State.LAID_DOWN,
        operator_party_id=operator.id,
        decided=decided,
        deducted_fen=owed - carried,
        carried_fen=carried,
        allowed_fen=allowed,
        version=1,
        laid_down_at=now,
        updated_at=now,
    )
    await store.insert(tx, allowance)
    await _remember(tx, Happened.ALLOWANCE_LAID_DOWN, allowance, actor=actor, now=now)
    return allowance


async def warn(tx: Tx, *, actor: Actor, now: dt.datetime, allowance_id: uuid.UUID) -> Burn | None:
    """Tell the operator that 80 % or all of its allowance was taken (预警), each once.

    :raises NotPermitted: if the actor is no job of ours.
    """
    actor.require("allowed_revenue:watch")
    before = await _lock(tx, allowance_id)
    burn = await burn_of(tx, before)
    reached = allowing.warning_bps(before.allowed_fen, burn.recovered_fen, before.warned_bps)
    if reached is None or before.state is State.CLOSED:
        return None
    warned = await _move(tx, before, Event.WARN, now=now, warned_bps=reached)
    await notifications.send(
        tx,
        now=now,
        to=warned.operator_party_id,
        topic=Topic.ALLOWED_REVENUE_TAKEN,
        subject=Subject(_SUBJECT, str(warned.id)),
        facts={
            "percent": reached // 100,
            "recovered_fen": burn.recovered_fen,
            "allowed_fen": warned.allowed_fen,
        },
    )
    await _remember(
        tx,
        Happened.ALLOWANCE_WARNED,
        warned,
        actor=actor,
        now=now,
        recovered_fen=burn.recovered_fen,
    )
    return burn


async def compare(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    allowance_id: uuid.UUID,
    actual_cost_fen: int,
    actual_volume: int,
) -> Allowance:
    """Compare actual cost and volume with those that were filed (偏离复核).

    Up to ten percent the operator adjusts its fees, above the authority adjusts the ceilings; its
    clock begins.

    :raises NotPermitted: if the actor lays down none.
    :raises AllowanceMissing: if there is none.
    :raises AllowanceEventNotAllowed: if an adjustment is owed already, or it is closed.
    """
    actor.require("allowed_revenue:lay_down")
    before = await _lock(tx, allowance_id)
    return await _compare(
        tx,
        before,
        actor=actor,
        now=now,
        calendar=calendar,
        actual_cost_fen=actual_cost_fen,
        actual_volume=actual_volume,
        is_cost_reported=True,
    )


async def compare_when_over(
    tx: Tx, *, actor: Actor, now: dt.datetime, calendar: Calendar, allowance_id: uuid.UUID
) -> Allowance | None:
    """Compare the volume of a period that is over with the filed one, if nobody did (偏离复核).

    The cost nobody has reported counts as filed; what the operator reports is compared when the authority
    asks for it. None if it was compared, or the period is not over.

    :raises NotPermitted: if the actor is no job of ours.
    """
    actor.require("allowed_revenue:watch")
    before = await _lock(tx, allowance_id)
    if not allowing.is_to_compare(before, local_date(now)):
        return None
    return await _compare(
        tx,
        before,
        actor=actor,
        now=now,
        calendar=calendar,
        actual_cost_fen=before.decided.cost_fen,
        actual_volume=await sum_volume(tx, before),
        is_cost_reported=False,
    )


async def _compare(
    tx: Tx,
    before: Allowance,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    actual_cost_fen: int,
    actual_volume: int,
    is_cost_reported: bool,
) -> Allowance:
    found, task = allowing.task_of(
        before.decided, actual_cost_fen=actual_cost_fen, actual_volume=actual_volume
    )
    event = Event.COMPARE if task is Task.NONE else Event.FIND_DEVIATION
    advance(before.state, event)
    compared = Compared(
        actual_cost_fen=actual_cost_fen,
        actual_volume=actual_volume,
        deviation_bps=found,
        task=task,
        reviewed_at=now,
        due_on=await _owe(tx, before, task, now=now, calendar=calendar),
        is_cost_reported=is_cost_reported,
    )
    after = await _move(tx, before, event, now=now, compared=compared)
    await _remember(tx, Happened.ALLOWANCE_COMPARED, after, actor=actor, now=now)
    return after


async def adjust(
    tx: Tx, *, actor: Actor, now: dt.datetime, allowance_id: uuid.UUID, adjustment: str
) -> Allowance:
    """Say how fees or ceilings were adjusted (已调整): by the operator its fees, else by the authority.

    :raises NotPermitted: if the actor adjusts none.
    :raises AllowanceMissing: if it is not the actor's to adjust.
    :raises AllowanceEventNotAllowed: if nothing is to be adjusted.
    """
    actor.require("allowed_revenue:adjust")
    before = await _lock(tx, allowance_id)
    advance(before.state, Event.ADJUST)
    assert before.compared is not None, "what is to be adjusted was compared"
    is_of_operator = before.compared.task is Task.FEES
    if is_of_operator is not (actor.party_id == before.operator_party_id):
        raise AllowanceMissing
    compared = msgspec.structs.replace(before.compared, adjusted_at=now, adjustment=adjustment)
    after = await _move(tx, before, Event.ADJUST, now=now, compared=compared)
    await timers.meet(tx, now=now, kind=allowing.TIMER, subject_kind=_SUBJECT, subject_id=after.id)
    await _remember(tx, Happened.ALLOWANCE_ADJUSTED, after, actor=actor, now=now, reason=adjustment)
    return after


async def close(tx: Tx, *, actor: Actor, now: dt.datetime, allowance_id: uuid.UUID) -> Allowance:
    """Close a period that is over: what was taken too much comes off the next one (结转).

    :raises NotPermitted: if the actor lays down none.
    :raises AllowanceMissing: if there is none.
    :raises AllowanceEventNotAllowed: if an adjustment is owed, or it was closed.
    :raises PeriodNotOver: if its last day is not over.
    """
    actor.require("allowed_revenue:lay_down")
    before = await _lock(tx, allowance_id)
    advance(before.state, Event.CLOSE)
    allowing.check_over(before.decided, local_date(now))
    recovered = await sum_recovered(tx, before)
    closed = await _move(
        tx,
        before,
        Event.CLOSE,
        now=now,
        recovered_fen=recovered,
        over_fen=allowing.over_fen(before.allowed_fen, before.carried_fen, recovered),
    )
    await _remember(
        tx, Happened.ALLOWANCE_CLOSED, closed, actor=actor, now=now, recovered_fen=recovered
    )
    await _carry_on(tx, closed, actor=actor, now=now)
    return closed


async def list_running(tx: Tx, *, now: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return allowances of which more may have been taken than was told."""
    return await store.find_running(tx, today=local_date(now), limit=limit)


async def list_to_compare(tx: Tx, *, now: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return allowances whose period is over and that nobody compared."""
    return await store.find_uncompared(tx, today=local_date(now), limit=limit)


async def _carry_on(tx: Tx, closed: Allowance, *, actor: Actor, now: dt.datetime) -> None:
    """Deduct what was taken too much from the next period, if it is laid down already."""
    others = await store.lock_of_operator(tx, closed.operator_party_id)
    later = [each for each in others if each.decided.period_from > closed.decided.period_to]
    if not later or not closed.over_fen:
        return
    allowed, rest = allowing.deducted(later[0].allowed_fen, closed.over_fen)
    after = await _move(
        tx,
        later[0],
        Event.DEDUCT,
        now=now,
        allowed_fen=allowed,
        deducted_fen=later[0].deducted_fen + closed.over_fen - rest,
        carried_fen=later[0].carried_fen + rest,
    )
    await _remember(tx, Happened.ALLOWANCE_DEDUCTED, after, actor=actor, now=now)


def _owed(others: list[Allowance]) -> int:
    """Return what the last period took too much, if it is closed; a later one took the rest over."""
    return (others[-1].over_fen or 0) if others else 0


async def _owe(
    tx: Tx, about: Allowance, task: Task, *, now: dt.datetime, calendar: Calendar
) -> dt.date | None:
    if task is Task.NONE:
        return None
    is_of_operator = task is Task.FEES
    timer = await timers.start(
        tx,
        now=now,
        calendar=calendar,
        kind=allowing.TIMER,
        subject_kind=_SUBJECT,
        subject_id=about.id,
        against="supplier" if is_of_operator else "authority",
        party_id=about.operator_party_id if is_of_operator else None,
        rulebook=_RULEBOOK,
        period=allowing.ADJUSTED_WITHIN,
        started_on=local_date(now),
    )
    if is_of_operator:
        await notifications.send(
            tx,
            now=now,
            to=about.operator_party_id,
            topic=Topic.FEES_TO_ADJUST,
            subject=Subject(_SUBJECT, str(about.id)),
            facts={"due_on": timer.due_on.isoformat()},
        )
    return timer.due_on


async def _lock(tx: Tx, allowance_id: uuid.UUID) -> Allowance:
    found = await store.lock(tx, allowance_id)
    if found is None:
        raise AllowanceMissing
    return found


async def _move(
    tx: Tx, before: Allowance, event: Event, *, now: dt.datetime, **changes: Any
) -> Allowance:
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
    tx: Tx,
    event: Happened,
    about: Allowance,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str | None = None,
    recovered_fen: int | None = None,
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject(_SUBJECT, str(about.id))],
        facts={
            "decided": about.decided,
            "allowed_fen": about.allowed_fen,
            "deducted_fen": about.deducted_fen,
            "recovered_fen": recovered_fen,
            "over_fen": about.over_fen,
            "compared": about.compared,
        },
        after={"state": about.state.value, "version": about.version},
        reason=reason,
        rules=("GD-07",),
    )
