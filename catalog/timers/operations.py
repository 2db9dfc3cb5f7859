"""Start, meet and cancel timers (期限), mark what ran out, and load the calendar (工作日历).

``start``, ``meet`` and ``cancel`` are parts of another room's command: that command has asked for
the permission and remembers itself, so they do neither. Overdue marks, recomputations and loaded
notices are commands of this room and are remembered here.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Final

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Conflict, Refused
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import CHOSEN, Period, deadline
from catalog.kernel.workdays import Calendar, YearTable, check_table
from catalog.timers import lateness, pausing, queries, store
from catalog.timers.model import Moved, Timer, TimerId
from catalog.timers.recomputing import RECOMPUTED, recompute
from catalog.timers.states import State

_ENTRIES_PER_LEAF: Final = 100


class TimerAlreadyRunning(Conflict):
    """A timer of this kind already runs for the case; two would leave open which one counts."""

    code = "timer_already_running"


class TimerNotRunning(Refused):
    """No timer of this kind runs for the case."""

    code = "timer_not_running"


class CalendarNoticeAlreadyLoaded(Conflict):
    """The notice is in the calendar already. A corrected table has a notice of its own."""

    code = "calendar_notice_already_loaded"


async def start(
    tx: Tx,
    *,
    now: dt.datetime,
    calendar: Calendar,
    kind: str,
    subject_kind: str,
    subject_id: uuid.UUID,
    against: str,
    rulebook: str,
    period: Period,
    started_on: dt.date,
    party_id: PartyId | None = None,
    note: str = "",
) -> Timer:
    """Start a timer on ``started_on``, a day that is itself not counted (A2).

    :raises TimerAlreadyRunning: if one of this kind runs for the subject.
    """
    due = deadline(period, started_on, calendar)
    timer = Timer(
        id=TimerId(new_id()),
        kind=kind,
        subject_kind=subject_kind,
        subject_id=subject_id,
        against=against,
        party_id=party_id,
        rulebook=rulebook,
        started_on=started_on,
        started_at=now,
        period=period,
        due_on=due.last_day,
        ends_at=due.ends_at,
        provisional=due.provisional,
        state=State.OPEN,
        note=note,
    )
    if not await store.insert(tx, timer):
        raise TimerAlreadyRunning(kind=kind, subject_kind=subject_kind, subject_id=str(subject_id))
    return timer


async def meet(
    tx: Tx, *, now: dt.datetime, kind: str, subject_kind: str, subject_id: uuid.UUID
) -> Timer:
    """Record that what was due is done, in time or late.

    :raises TimerNotRunning: if no timer of this kind runs for the subject.
    """
    timer = await _lock_one(tx, kind=kind, subject_kind=subject_kind, subject_id=subject_id)
    met = lateness.meet(timer, now=now)
    await store.update(tx, met)
    return met


async def find_running(
    tx: Tx, *, kind: str, subject_kind: str, subject_id: uuid.UUID
) -> Timer | None:
    """Return the timer of a kind that runs for a case, locked, or None."""
    running = await store.lock_running(
        tx, subject_kind=subject_kind, subject_id=subject_id, kind=kind
    )
    return running[0] if running else None  # at most one: one_running_timer_of_a_kind_per_subject


async def run_out(
    tx: Tx, *, now: dt.datetime, kind: str, subject_kind: str, subject_id: uuid.UUID
) -> Timer | None:
    """Record that days which run for the public are over; None if no timer of the kind runs.

    None is what a case has that was before the public already when these timers were introduced.
    """
    running = await store.lock_running(
        tx, subject_kind=subject_kind, subject_id=subject_id, kind=kind
    )
    for timer in running:  # at most one: one_running_timer_of_a_kind_per_subject
        over = lateness.run_out(timer, now=now)
        await store.update(tx, over)
        return over
    return None


async def cancel(
    tx: Tx,
    *,
    now: dt.datetime,
    kind: str,
    subject_kind: str,
    subject_id: uuid.UUID,
    note: str = "",
) -> Timer:
    """Stop a timer because nothing is owed any more; ``note`` says why.

    :raises TimerNotRunning: if no timer of this kind runs for the subject.
    """
    timer = await _lock_one(tx, kind=kind, subject_kind=subject_kind, subject_id=subject_id)
    cancelled = lateness.cancel(timer, now=now, note=note)
    await store.update(tx, cancelled)
    return cancelled


async def was_started(tx: Tx, *, kind: str, subject_kind: str, subject_id: uuid.UUID) -> bool:
    """Tell whether a timer of this kind was ever started for the subject, whatever became of it."""
    known = await store.list_for_subject(tx, subject_kind, subject_id)
    return any(timer.kind == kind for timer in known)


async def cancel_all(
    tx: Tx, *, now: dt.datetime, subject_kind: str, subject_id: uuid.UUID, note: str = ""
) -> list[Timer]:
    """Stop every running timer of a case that ended: withdrawn, refused, lapsed. May be none."""
    running = await store.lock_running(
        tx, subject_kind=subject_kind, subject_id=subject_id, kind=None
    )
    cancelled = [lateness.cancel(timer, now=now, note=note) for timer in running]
    for timer in cancelled:
        await store.update(tx, timer)
    return cancelled


async def pause(
    tx: Tx,
    *,
    now: dt.datetime,
    kind: str,
    subject_kind: str,
    subject_id: uuid.UUID,
    cause: str,
    note: str,
    since: dt.date | None = None,
) -> Timer | None:
    """Let a timer stand still (中止计时) for a cause, from the day after ``since`` (today).

    None if none of the kind runs, or it can not stand still: what is overdue stays so.

    :raises TimerPauseUnknown: if it stands still for this cause already.
    """
    for timer in await store.lock_running(
        tx, subject_kind=subject_kind, subject_id=subject_id, kind=kind
    ):  # at most one: one_running_timer_of_a_kind_per_subject
        if pausing.can_pause(timer, now):
            paused = pausing.pause(
                timer, cause=cause, today=since or local_date(now), now=now, note=note
            )
            await store.update(tx, paused)
            return paused
    return None


async def resume(
    tx: Tx,
    *,
    now: dt.datetime,
    calendar: Calendar,
    kind: str,
    subject_kind: str,
    subject_id: uuid.UUID,
    cause: str,
    through: dt.date | None = None,
) -> Timer | None:
    """End a cause for which a timer stands still; with the last one it goes on after ``through``.

    None if it does not stand still for this cause: it was overdue when the cause came, or is over.
    """
    for timer in await store.lock_running(
        tx, subject_kind=subject_kind, subject_id=subject_id, kind=kind
    ):
        if pausing.stands_by(timer, cause):
            resumed = pausing.resume(
                timer, cause=cause, through=through or local_date(now), calendar=calendar
            )
            await store.update(tx, resumed)
            return resumed
    return None


async def extend(
    tx: Tx,
    *,
    now: dt.datetime,
    calendar: Calendar,
    kind: str,
    subject_kind: str,
    subject_id: uuid.UUID,
    by: int,
    note: str,
) -> Timer:
    """Give a timer ``by`` working days more (延长); ``note`` says why.

    :raises TimerNotRunning: if no timer of this kind runs for the subject.
    :raises TimerCanNotStop: if it counts other days.
    """
    timer = await _lock_one(tx, kind=kind, subject_kind=subject_kind, subject_id=subject_id)
    extended = pausing.extend(timer, by=by, calendar=calendar, now=now, note=note)
    await store.update(tx, extended)
    return extended


async def mark_overdue(tx: Tx, *, actor: Actor, now: dt.datetime, limit: int = 100) -> list[Timer]:
    """Mark open timers overdue whose last day is over, and return them; at most ``limit``.

    The mark is seen by the regulator; it decides nothing (A12).

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("timer:mark_overdue")
    expired = await store.lock_expired(tx, now=now, limit=limit)
    marked = [lateness.expire(timer, now=now) for timer in expired]
    for timer in marked:
        await store.update(tx, timer)
        await audit_log.append(
            tx,
            Event.TIMER_OVERDUE,
            actor=actor,
            now=now,
            subjects=[_subject(timer), Subject(timer.subject_kind, str(timer.subject_id))],
            facts={
                "kind": timer.kind,
                "against": timer.against,
                "rulebook": timer.rulebook,
                "source": timer.period.source,
                "due_on": timer.due_on.isoformat(),
                "provisional": timer.provisional,
            },
            rules=_rules(timer),
        )
    return marked


async def recompute_provisional(
    tx: Tx, *, actor: Actor, calendar: Calendar, now: dt.datetime
) -> list[Moved]:
    """Compute the running timers again by ``calendar``, and return those that it moved (A5).

    :raises NotPermitted: if the actor may not load calendars.
    """
    actor.require("calendar:load")
    moved = []
    async with beyond_own_rows(tx):
        for before in await store.lock_recomputable(tx, RECOMPUTED):
            after = recompute(before, calendar=calendar, now=now)
            if after != before:
                moved.append(
                    Moved(
                        timer=after,
                        was_due_on=before.due_on,
                        was_provisional=before.provisional,
                        was_state=before.state,
                    )
                )
        await store.update_ends(tx, [move.timer for move in moved])
    # A year's notice can move thousands; an entry of the log stays of a size that one can read.
    for i in range(0, len(moved), _ENTRIES_PER_LEAF):
        await _remember_moved(tx, moved[i : i + _ENTRIES_PER_LEAF], actor=actor, now=now)
    return moved


async def load_calendar_year(
    tx: Tx, *, actor: Actor, table: YearTable, now: dt.datetime
) -> list[Moved]:
    """Take a yearly notice (节假日安排) into the calendar, and return the timers that it moved.

    :raises NotPermitted: if the actor may not load calendars.
    :raises Invalid: if the table can not be a notice (see ``workdays.check_table``).
    :raises CalendarNoticeAlreadyLoaded: if the notice is known.
    """
    actor.require("calendar:load")
    check_table(table)
    if not await store.insert_calendar_year(tx, table, loaded_at=now, loaded_by=actor.name):
        raise CalendarNoticeAlreadyLoaded(year=table.year, notice_number=table.notice_number)
    calendar = await queries.get_calendar(tx)
    moved = await recompute_provisional(tx, actor=actor, calendar=calendar, now=now)
    await audit_log.append(
        tx,
        Event.CALENDAR_YEAR_LOADED,
        actor=actor,
        now=now,
        subjects=[Subject("calendar_year", str(table.year))],
        facts={
            "year": table.year,
            "notice_number": table.notice_number,
            "issued_on": table.issued_on.isoformat(),
            "holidays": [day.isoformat() for day in sorted(table.holidays)],
            "workdays": [day.isoformat() for day in sorted(table.workdays)],
            "moved_timer_count": len(moved),
        },
    )
    return moved


async def _lock_one(tx: Tx, *, kind: str, subject_kind: str, subject_id: uuid.UUID) -> Timer:
    running = await store.lock_running(
        tx, subject_kind=subject_kind, subject_id=subject_id, kind=kind
    )
    if not running:
        raise TimerNotRunning(kind=kind, subject_kind=subject_kind, subject_id=str(subject_id))
    (timer,) = running  # one_running_timer_of_a_kind_per_subject
    return timer


async def _remember_moved(
    tx: Tx, moved: Sequence[Moved], *, actor: Actor, now: dt.datetime
) -> None:
    await audit_log.append(
        tx,
        Event.TIMERS_RECOMPUTED,
        actor=actor,
        now=now,
        subjects=[_subject(move.timer) for move in moved],
        facts={"moved": [_facts(move) for move in moved]},
    )


def _facts(move: Moved) -> dict[str, Any]:
    return {
        "timer_id": str(move.timer.id),
        "kind": move.timer.kind,
        "was_due_on": move.was_due_on.isoformat(),
        "due_on": move.timer.due_on.isoformat(),
        "was_state": move.was_state.value,
        "state": move.timer.state.value,
        "provisional": move.timer.provisional,
    }


def _subject(timer: Timer) -> Subject:
    return Subject("timer", str(timer.id))


def _rules(timer: Timer) -> tuple[str, ...]:
    source = timer.period.source
    return () if source == CHOSEN else (source,)
