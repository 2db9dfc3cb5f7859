"""A timer's life: every state × event, lateness, and what a newly known year does to it."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from collections.abc import Collection

import msgspec
import pytest

from catalog.kernel.periods import Deadline, Period, Unit
from catalog.kernel.workdays import Calendar, YearTable
from catalog.timers import lateness
from catalog.timers.model import PUBLIC, Timer, TimerId
from catalog.timers.recomputing import recompute
from catalog.timers.states import (
    Event,
    State,
    TimerEventNotAllowed,
    advance,
)
from seeds.workdays import load_calendar

CALENDAR = load_calendar()
SECOND = dt.timedelta(seconds=1)
THREE_WORKING_DAYS = Period(3, Unit.WORKING_DAYS, "HN-10")


def make_timer(
    *,
    due_on: dt.date = dt.date(2026, 3, 5),
    state: State = State.OPEN,
    provisional: bool = False,
    met_at: dt.datetime | None = None,
    started_on: dt.date = dt.date(2026, 3, 2),
    period: Period = THREE_WORKING_DAYS,
) -> Timer:
    return Timer(
        id=TimerId(uuid.UUID(int=1)),
        kind="acceptance",
        subject_kind="application",
        subject_id=uuid.UUID(int=2),
        against="operator",
        party_id=None,
        rulebook="hn-2023-interim",
        started_on=started_on,
        started_at=dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC),
        period=period,
        due_on=due_on,
        ends_at=Deadline(due_on, provisional).ends_at,
        provisional=provisional,
        state=state,
        met_at=met_at,
    )


EXPECTED = {
    (State.OPEN, Event.MEET): State.MET,
    (State.OPEN, Event.EXPIRE): State.OVERDUE,
    (State.OPEN, Event.CANCEL): State.CANCELLED,
    (State.OPEN, Event.PAUSE): State.PAUSED,
    (State.OPEN, Event.PROLONG): State.OPEN,
    (State.PAUSED, Event.PAUSE): State.PAUSED,
    (State.PAUSED, Event.RELEASE): State.PAUSED,
    (State.PAUSED, Event.PROLONG): State.PAUSED,
    (State.PAUSED, Event.MEET): State.MET,
    (State.PAUSED, Event.RESUME): State.OPEN,
    (State.PAUSED, Event.CANCEL): State.CANCELLED,
    (State.OVERDUE, Event.MEET): State.MET_LATE,
    (State.OVERDUE, Event.CANCEL): State.CANCELLED,
    (State.OVERDUE, Event.PROLONG): State.OPEN,
    (State.MET_LATE, Event.PROLONG): State.MET,
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_a_timer_moves_only_as_the_table_says(state: State, event: Event) -> None:
    if (state, event) in EXPECTED:
        assert advance(state, event) is EXPECTED[state, event]
    else:
        with pytest.raises(TimerEventNotAllowed) as refusal:
            advance(state, event)
        assert refusal.value.facts == {"state": state.value, "event": event.value}


def test_what_comes_in_the_last_second_is_in_time() -> None:
    timer = make_timer()

    met = lateness.meet(timer, now=timer.ends_at - SECOND)

    assert (met.state, met.met_at) == (State.MET, timer.ends_at - SECOND)


def test_midnight_is_too_late_even_if_no_job_has_said_so() -> None:
    timer = make_timer()

    assert lateness.meet(timer, now=timer.ends_at).state is State.MET_LATE


def test_what_is_overdue_is_met_late() -> None:
    timer = make_timer(state=State.OVERDUE)

    assert lateness.meet(timer, now=timer.ends_at + SECOND).state is State.MET_LATE


def test_nothing_is_met_twice() -> None:
    timer = lateness.meet(make_timer(), now=make_timer().ends_at - SECOND)

    with pytest.raises(TimerEventNotAllowed):
        lateness.meet(timer, now=timer.ends_at)


def test_an_open_timer_expires_at_midnight_and_not_a_second_before() -> None:
    timer = make_timer()

    assert lateness.expire(timer, now=timer.ends_at).state is State.OVERDUE
    with pytest.raises(AssertionError):
        lateness.expire(timer, now=timer.ends_at - SECOND)


def test_a_cancelled_timer_says_why() -> None:
    cancelled = lateness.cancel(make_timer(state=State.OVERDUE), now=BEFORE, note="withdrawn")

    assert (cancelled.state, cancelled.note) == (State.CANCELLED, "withdrawn")
    assert cancelled.cancelled_at == BEFORE


def test_a_cancelled_timer_was_overdue_all_the_same() -> None:
    marked = lateness.expire(make_timer(), now=make_timer().ends_at)
    unmarked = make_timer()
    later = marked.ends_at + SECOND

    assert marked.overdue_since == marked.ends_at
    assert lateness.cancel(marked, now=later, note="").overdue_since == marked.ends_at
    assert lateness.cancel(unmarked, now=later, note="").overdue_since == later
    assert lateness.cancel(unmarked, now=unmarked.ends_at - SECOND, note="").overdue_since is None


def test_a_timer_has_ended_when_it_was_met_or_cancelled() -> None:
    timer = make_timer()

    assert timer.ended_at is None
    assert lateness.meet(timer, now=BEFORE).ended_at == BEFORE
    assert lateness.cancel(timer, now=BEFORE, note="").ended_at == BEFORE


@pytest.mark.parametrize("late", [dt.timedelta(0), SECOND, dt.timedelta(days=3)])
def test_days_of_the_public_are_met_with_their_last_instant(late: dt.timedelta) -> None:
    timer = msgspec.structs.replace(make_timer(), against=PUBLIC)

    over = lateness.run_out(timer, now=timer.ends_at + late)

    assert (over.state, over.overdue_since) == (State.MET, None)
    assert over.met_at == timer.ends_at - dt.timedelta(microseconds=1)


def test_what_somebody_owes_is_not_met_by_waiting() -> None:
    with pytest.raises(AssertionError):
        lateness.run_out(make_timer(), now=make_timer().ends_at)


def test_days_of_the_public_are_never_overdue_when_cancelled() -> None:
    timer = msgspec.structs.replace(make_timer(), against=PUBLIC)

    assert lateness.cancel(timer, now=timer.ends_at, note="").overdue_since is None


# A timer over the turn of the year: seven working days from 28 December 2026. By the weekday rule
# they end on 6 January 2027; a notice with 1 January off moves that to the 7th.


def crossing(state: State, *, met_at: dt.datetime | None = None) -> Timer:
    return make_timer(
        started_on=dt.date(2026, 12, 28),
        period=Period(7, Unit.WORKING_DAYS, "HN-16"),
        due_on=dt.date(2027, 1, 6),
        provisional=True,
        state=state,
        met_at=met_at,
    )


def knowing_2027(*, off: set[int], worked: Collection[int] = ()) -> Calendar:
    notice = YearTable(
        year=2027,
        notice_number="test",
        issued_on=dt.date(2026, 11, 25),
        holidays=frozenset(dt.date(2027, 1, d) for d in off),
        workdays=frozenset(dt.date(2027, 1, d) for d in worked),
    )
    return Calendar({**CALENDAR.years, 2027: notice})


NEW_YEAR_OFF = knowing_2027(off={1})
WORKED_WEEKEND = knowing_2027(off={10}, worked={2, 3})
BEFORE = dt.datetime(2026, 12, 29, tzinfo=dt.UTC)


def test_a_notice_makes_a_provisional_day_final() -> None:
    fresh = recompute(crossing(State.OPEN), calendar=NEW_YEAR_OFF, now=BEFORE)

    assert (fresh.due_on, fresh.provisional, fresh.state) == (
        dt.date(2027, 1, 7),
        False,
        State.OPEN,
    )
    assert fresh.ends_at == Deadline(fresh.due_on, False).ends_at


def test_a_notice_that_changes_no_day_still_makes_it_final() -> None:
    fresh = recompute(crossing(State.OPEN), calendar=knowing_2027(off={10}), now=BEFORE)

    assert (fresh.due_on, fresh.provisional) == (dt.date(2027, 1, 6), False)


def test_without_news_a_timer_stays_the_same() -> None:
    timer = crossing(State.OPEN)

    assert recompute(timer, calendar=CALENDAR, now=BEFORE) is timer


def test_what_was_overdue_on_a_guessed_day_runs_again() -> None:
    open_timer = crossing(State.OPEN)
    timer = lateness.expire(open_timer, now=open_timer.ends_at)

    fresh = recompute(timer, calendar=NEW_YEAR_OFF, now=timer.ends_at + SECOND)

    assert (fresh.state, fresh.due_on) == (State.OPEN, dt.date(2027, 1, 7))
    assert fresh.overdue_since is None


def test_what_is_over_by_the_notice_too_stays_overdue() -> None:
    open_timer = crossing(State.OPEN)
    timer = lateness.expire(open_timer, now=open_timer.ends_at)

    fresh = recompute(timer, calendar=NEW_YEAR_OFF, now=timer.ends_at + dt.timedelta(days=1))

    assert (fresh.state, fresh.provisional) == (State.OVERDUE, False)
    assert fresh.overdue_since == timer.overdue_since


def test_what_was_met_late_by_a_guessed_day_was_in_time() -> None:
    timer = crossing(State.OVERDUE)
    late = msgspec.structs.replace(timer, state=State.MET_LATE, met_at=timer.ends_at + SECOND)

    months_later = timer.ends_at + dt.timedelta(days=60)
    fresh = recompute(late, calendar=NEW_YEAR_OFF, now=months_later)

    assert fresh.state is State.MET


@pytest.mark.parametrize("state", [State.MET, State.CANCELLED])
def test_what_is_closed_in_order_is_not_judged_again(state: State) -> None:
    timer = crossing(state, met_at=BEFORE if state is State.MET else None)

    assert recompute(timer, calendar=WORKED_WEEKEND, now=BEFORE) is timer


def test_a_worked_weekend_brings_the_last_day_forward() -> None:
    fresh = recompute(crossing(State.OPEN), calendar=WORKED_WEEKEND, now=BEFORE)

    assert (fresh.due_on, fresh.state) == (dt.date(2027, 1, 4), State.OPEN)
