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

    paused = pausing.pause(
        timer, today=day("2026-03-05"), now=at("2026-03-05"), cause="supplement", note="补充材料"
    )
    resumed = pausing.resume(
        paused, cause="supplement", through=day("2026-03-11"), calendar=CALENDAR
    )

    assert paused.state is State.PAUSED
    assert (resumed.state, resumed.due_on) == (State.OPEN, day("2026-03-20"))
    shown = explain_timer(resumed, CALENDAR)
    assert [step.day.day for step in shown.days if step.reason is Reason.PAUSED] == [*range(6, 12)]
    assert shown.last_day == day("2026-03-20")


def test_a_clock_stopped_and_set_going_on_the_same_day_lost_nothing() -> None:
    timer = make_timer("2026-03-02")

    paused = pausing.pause(
        timer, today=day("2026-03-05"), now=at("2026-03-05"), cause="supplement", note=""
    )
    resumed = pausing.resume(
        paused, cause="supplement", through=day("2026-03-05"), calendar=CALENDAR
    )

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
        timer = pausing.pause(timer, cause="supplement", today=today, now=now, note="")
        today += dt.timedelta(days=still)
        timer = pausing.resume(timer, cause="supplement", through=today, calendar=CALENDAR)

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
        pausing.pause(timer, cause="supplement", today=day(now), now=at(now), note="")


def stopped(timer: Timer, cause: str, on: str) -> Timer:
    return pausing.pause(timer, cause=cause, today=day(on), now=at(on), note=cause)


def going_on(timer: Timer, cause: str, through: str) -> Timer:
    return pausing.resume(timer, cause=cause, through=day(through), calendar=CALENDAR)


def test_a_clock_stands_still_once_for_each_cause_and_goes_on_once() -> None:
    paused = stopped(make_timer("2026-03-02"), "supplement", "2026-03-03")

    with pytest.raises(pausing.TimerPauseUnknown):
        stopped(paused, "supplement", "2026-03-04")
    with pytest.raises(pausing.TimerPauseUnknown):
        going_on(paused, "objection", "2026-03-04")
    with pytest.raises(TimerEventNotAllowed):
        going_on(make_timer("2026-03-02"), "supplement", "2026-03-04")


def test_days_inside_two_pauses_are_left_out_once() -> None:
    # Material from the 3rd to the 10th, an objection from the 5th to the 12th: the 4th to the 12th
    # do not count, seven working days of them; without them the tenth was the 16th.
    timer = stopped(make_timer("2026-03-02"), "supplement", "2026-03-03")
    timer = stopped(timer, "objection", "2026-03-05")
    half = going_on(timer, "supplement", "2026-03-10")

    whole = going_on(half, "objection", "2026-03-12")

    assert half.state is State.PAUSED
    assert (whole.state, whole.due_on) == (State.OPEN, day("2026-03-25"))
    shown = explain_timer(whole, CALENDAR)
    assert [step.day.day for step in shown.days if step.reason is Reason.PAUSED] == [*range(4, 13)]


def test_a_pause_that_ends_before_it_began_takes_nothing() -> None:
    timer = stopped(make_timer("2026-03-02"), "public_notice", "2026-03-05")

    assert going_on(timer, "public_notice", "2026-03-04").due_on == make_timer("2026-03-02").due_on


def test_a_clock_that_stands_still_may_be_given_more_days() -> None:
    timer = stopped(make_timer("2026-03-02"), "supplement", "2026-03-03")

    longer = pausing.extend(timer, by=10, calendar=CALENDAR, now=at("2026-03-04"), note="延长")

    assert longer.state is State.PAUSED
    assert going_on(longer, "supplement", "2026-03-03").due_on == day("2026-03-30")


@given(
    st.dates(dt.date(2025, 1, 1), dt.date(2026, 6, 1)),
    st.lists(st.tuples(st.integers(1, 8), st.integers(0, 20)), min_size=2, max_size=4),
)
def test_however_pauses_overlap_the_days_outside_all_of_them_are_those_of_the_period(
    start: dt.date, spans: list[tuple[int, int]]
) -> None:
    timer = make_timer(start.isoformat())
    moments = sorted(
        (start + dt.timedelta(days=after + extra), extra > 0, f"cause-{i}", still)
        for i, (after, still) in enumerate(spans)
        for extra in {0, still}
    )
    for on, _, cause, _ in moments:
        if pausing.stands_by(timer, cause):
            timer = pausing.resume(timer, cause=cause, through=on, calendar=CALENDAR)
        elif on <= timer.due_on and pausing.can_pause(timer, at(on.isoformat())):
            timer = stopped(timer, cause, on.isoformat())
    for pause in timer.pauses:
        if pause.gap.through is None:
            timer = pausing.resume(
                timer, cause=pause.cause, through=pause.gap.after, calendar=CALENDAR
            )

    outside = [
        day
        for day in (start + dt.timedelta(days=i) for i in range(1, (timer.due_on - start).days + 1))
        if CALENDAR.is_working_day(day) and not any(gap.holds(day) for gap in timer.gaps)
    ]
    assert len(outside) == TEN.length
    assert explain_timer(timer, CALENDAR).last_day == timer.due_on


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
