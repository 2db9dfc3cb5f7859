"""Clocks that stand still and clocks that get more days."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.local_time import SHANGHAI
from catalog.kernel.periods import Period, Unit, deadline
from catalog.kernel.workdays import Reason, count_working_days
from catalog.timers import pausing
from catalog.timers.explaining import explain_timer
from catalog.timers.lateness import expire
from catalog.timers.model import PUBLIC, Timer, TimerId
from catalog.timers.states import State, TimerEventNotAllowed
from seeds.workdays import load_calendar

CALENDAR = load_calendar()
TEN = Period(10, Unit.WORKING_DAYS, "NDA-35-28")


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def at(text: str) -> dt.datetime:
    return dt.datetime.combine(day(text), dt.time(9), SHANGHAI)


def make_timer(started_on: str, period: Period = TEN, against: str = "registrar") -> Timer:
    due = deadline(period, day(started_on), CALENDAR)
    return Timer(
        id=TimerId(uuid.UUID(int=1)),
        kind="review",
        subject_kind="application",
        subject_id=uuid.UUID(int=2),
        against=against,
        party_id=None,
        rulebook="nda-2026-35",
        started_on=day(started_on),
        started_at=at(started_on),
        period=period,
        due_on=due.last_day,
        ends_at=due.ends_at,
        provisional=due.provisional,
        state=State.OPEN,
    )


def test_days_on_which_the_clock_stood_still_are_not_counted() -> None:
    timer = make_timer("2026-03-02")  # ten working days: 16 March

    paused = pausing.pause(timer, today=day("2026-03-05"), now=at("2026-03-05"), note="补充材料")
    resumed = pausing.resume(paused, today=day("2026-03-11"), calendar=CALENDAR)

    assert paused.state is State.PAUSED
    assert (resumed.state, resumed.due_on) == (State.OPEN, day("2026-03-20"))
    shown = explain_timer(resumed, CALENDAR)
    assert [step.day.day for step in shown.days if step.reason is Reason.PAUSED] == [*range(6, 12)]
    assert shown.last_day == day("2026-03-20")


def test_a_clock_stopped_and_set_going_on_the_same_day_lost_nothing() -> None:
    timer = make_timer("2026-03-02")

    paused = pausing.pause(timer, today=day("2026-03-05"), now=at("2026-03-05"), note="")
    resumed = pausing.resume(paused, today=day("2026-03-05"), calendar=CALENDAR)

    assert resumed.due_on == timer.due_on


@given(
    st.dates(dt.date(2025, 1, 1), dt.date(2026, 9, 1)),
    st.lists(st.tuples(st.integers(0, 8), st.integers(0, 30)), max_size=3),
)
def test_the_working_days_outside_the_pauses_are_those_of_the_period(
    start: dt.date, stops: list[tuple[int, int]]
) -> None:
    timer = make_timer(start.isoformat())
    today = start
    for wait, still in stops:
        today = min(today + dt.timedelta(days=wait), timer.due_on)
        now = at(today.isoformat())
        timer = pausing.pause(timer, today=today, now=now, note="")
        today += dt.timedelta(days=still)
        timer = pausing.resume(timer, today=today, calendar=CALENDAR)

    passed = count_working_days(start, timer.due_on, CALENDAR)
    stood = sum(
        CALENDAR.is_working_day(day)
        for day in (start + dt.timedelta(days=i) for i in range(1, (timer.due_on - start).days + 1))
        if any(gap.holds(day) for gap in timer.gaps)
    )
    assert passed - stood == TEN.length
    assert CALENDAR.is_working_day(timer.due_on)


@pytest.mark.parametrize(
    ("timer", "now"),
    [
        (make_timer("2026-03-02", against=PUBLIC), "2026-03-03"),
        (make_timer("2026-03-02", Period(7, Unit.DAYS, "HN-20")), "2026-03-03"),
        (make_timer("2026-03-02"), "2026-03-17"),
    ],
    ids=["the public's", "calendar days", "over"],
)
def test_what_can_not_be_stopped_is_not(timer: Timer, now: str) -> None:
    with pytest.raises(pausing.TimerCanNotStop):
        pausing.pause(timer, today=day(now), now=at(now), note="")


def test_a_clock_stands_still_once_and_goes_on_once() -> None:
    paused = pausing.pause(
        make_timer("2026-03-02"), today=day("2026-03-03"), now=at("2026-03-03"), note=""
    )

    with pytest.raises(TimerEventNotAllowed):
        pausing.pause(paused, today=day("2026-03-04"), now=at("2026-03-04"), note="")
    with pytest.raises(TimerEventNotAllowed):
        pausing.resume(make_timer("2026-03-02"), today=day("2026-03-04"), calendar=CALENDAR)


def test_ten_days_more_are_ten_working_days_more() -> None:
    timer = make_timer("2026-03-02")

    extended = pausing.extend(
        timer, by=10, calendar=CALENDAR, now=at("2026-03-10"), note="情况复杂"
    )

    assert (extended.due_on, extended.extended_by) == (day("2026-03-30"), 10)
    assert (extended.note, extended.state) == ("情况复杂", State.OPEN)
    assert explain_timer(extended, CALENDAR).last_day == extended.due_on


def test_an_extension_takes_an_overdue_mark_back_only_if_it_reaches_today() -> None:
    overdue = expire(make_timer("2026-03-02"), now=at("2026-03-17"))

    again = pausing.extend(overdue, by=5, calendar=CALENDAR, now=at("2026-03-17"), note="延长")
    still = pausing.extend(overdue, by=1, calendar=CALENDAR, now=at("2026-03-18"), note="延长")

    assert (again.state, again.overdue_since) == (State.OPEN, None)
    assert (still.state, still.overdue_since) == (State.OVERDUE, at("2026-03-17"))


def test_only_working_days_are_extended_and_only_of_a_clock_that_runs() -> None:
    days = make_timer("2026-03-02", Period(7, Unit.DAYS, "HN-20"))
    met = msgspec.structs.replace(make_timer("2026-03-02"), state=State.MET)

    with pytest.raises(pausing.TimerCanNotStop):
        pausing.extend(days, by=1, calendar=CALENDAR, now=at("2026-03-03"), note="")
    with pytest.raises(TimerEventNotAllowed):
        pausing.extend(met, by=1, calendar=CALENDAR, now=at("2026-03-03"), note="")
