"""Working days: the vectors of RULES §11.3, laws, and every day against another's tables."""

from __future__ import annotations

import datetime as dt

import chinese_calendar  # type: ignore[import-untyped]
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.periods import Deadline, Period, Unit, deadline
from catalog.kernel.workdays import (
    Calendar,
    CalendarDayContradictory,
    CalendarDayOutsideYear,
    CalendarWorkdayNotWeekend,
    CalendarYearEmpty,
    Reason,
    YearTable,
    add_working_days,
    check_table,
    count_working_days,
    explain,
    next_working_day,
    working_days_to,
)
from seeds.workdays import load_calendar, load_tables

CALENDAR = load_calendar()
FIRST, LAST = dt.date(2024, 1, 1), dt.date(2026, 12, 31)
ALL_DAYS = [FIRST + dt.timedelta(days=i) for i in range((LAST - FIRST).days + 1)]


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


VECTORS = [
    ("D1", "2026-03-02", 3, "2026-03-05"),
    ("D1", "2026-02-13", 3, "2026-02-25"),
    ("D1", "2026-03-07", 3, "2026-03-11"),
    ("D1", "2026-02-14", 3, "2026-02-26"),
    ("D2", "2026-02-14", 1, "2026-02-24"),
    ("D2", "2026-02-28", 1, "2026-03-02"),
    ("D2", "2026-09-30", 1, "2026-10-08"),
    ("D3", "2026-09-24", 30, "2026-11-12"),
    ("D3", "2026-01-12", 30, "2026-02-28"),
    ("D3", "2025-09-22", 30, "2025-11-07"),
    ("D3", "2025-12-01", 30, "2026-01-13"),
    ("D4", "2026-04-30", 7, "2026-05-13"),
    ("D4", "2026-09-24", 7, "2026-10-12"),
    ("D4", "2026-06-12", 7, "2026-06-24"),
    ("D4", "2025-01-24", 7, "2025-02-10"),
    ("D15", "2026-09-18", 5, "2026-09-24"),
]


@pytest.mark.parametrize(("rule", "start", "n", "last"), VECTORS)
def test_a_period_in_working_days_ends_where_the_rules_say(
    rule: str, start: str, n: int, last: str
) -> None:
    assert add_working_days(day(start), n, CALENDAR) == (day(last), False), rule


def test_the_last_thirty_days_that_end_inside_2026_begin_on_19_november() -> None:
    assert add_working_days(day("2026-11-19"), 30, CALENDAR) == (day("2026-12-31"), False)
    assert add_working_days(day("2026-11-20"), 30, CALENDAR) == (day("2027-01-01"), True)


def test_a_count_that_steps_into_an_unknown_year_is_provisional() -> None:
    assert add_working_days(day("2026-12-28"), 7, CALENDAR) == (day("2027-01-06"), True)


def test_a_count_that_only_starts_in_an_unknown_year_is_final() -> None:
    # 31 December 2023 was a Sunday; 1 January 2024 is a holiday of the known year.
    assert add_working_days(day("2023-12-31"), 1, CALENDAR) == (day("2024-01-02"), False)


def test_no_working_days_after_a_day_is_the_day_itself() -> None:
    assert add_working_days(day("2026-10-01"), 0, CALENDAR) == (day("2026-10-01"), False)


def test_a_count_does_not_run_backwards() -> None:
    with pytest.raises(AssertionError):
        add_working_days(day("2026-03-02"), -1, CALENDAR)


def test_every_day_of_three_years_is_what_others_say_it_is() -> None:
    ours = {each: CALENDAR.is_working_day(each) for each in ALL_DAYS}

    assert len(ours) == 366 + 365 + 365
    assert ours == {each: chinese_calendar.is_workday(each) for each in ALL_DAYS}


def test_counting_from_every_day_agrees_with_others_up_to_sixty_days() -> None:
    worked = [each for each in ALL_DAYS if chinese_calendar.is_workday(each)]
    position = 0
    for start in ALL_DAYS:
        while position < len(worked) and worked[position] <= start:
            position += 1
        expected = [start, *worked[position : position + 60]]
        counted = [step.day for step in explain(start, len(expected) - 1, CALENDAR) if step.counted]
        assert [start, *counted] == expected


@given(st.sampled_from(ALL_DAYS), st.integers(0, 60))
def test_counting_back_the_days_of_a_period_gives_its_length(start: dt.date, n: int) -> None:
    end, _ = add_working_days(start, n, CALENDAR)

    assert count_working_days(start, end, CALENDAR) == n


@given(st.sampled_from(ALL_DAYS), st.integers(0, 60))
def test_an_explanation_ends_on_the_last_day_and_leaves_no_day_out(start: dt.date, n: int) -> None:
    steps = explain(start, n, CALENDAR)

    end, provisional = add_working_days(start, n, CALENDAR)
    assert [step.day for step in steps] == [
        start + dt.timedelta(days=i) for i in range(1, (end - start).days + 1)
    ]
    assert [step.counted for step in steps if step.counted] == list(range(1, n + 1))
    assert provisional == any(step.notice_number is None for step in steps)


@given(st.dates(dt.date(1990, 1, 1), dt.date(2090, 1, 1)), st.integers(1, 60))
def test_without_any_notice_the_weekday_rule_stands_in_and_nothing_raises(
    start: dt.date, n: int
) -> None:
    end, provisional = add_working_days(start, n, Calendar())

    assert provisional
    assert end.weekday() < 5
    assert count_working_days(start, end, Calendar()) == n


def test_an_explanation_names_the_reason_and_the_notice_of_each_day() -> None:
    steps = explain(day("2026-02-13"), 2, CALENDAR)

    assert {step.notice_number for step in steps} == {"国办发明电〔2025〕7号"}
    assert (steps[0].counted, steps[0].reason) == (1, Reason.MAKE_UP_DAY)
    assert [(step.counted, step.reason) for step in steps[1:-1]] == [(None, Reason.HOLIDAY)] * 9
    assert (steps[-1].day, steps[-1].counted, steps[-1].reason) == (
        day("2026-02-24"),
        2,
        Reason.WEEKDAY,
    )


def test_an_explanation_tells_known_weekends_from_assumed_days() -> None:
    assert [step.reason for step in explain(day("2026-03-06"), 1, CALENDAR)] == [
        Reason.WEEKEND,
        Reason.WEEKEND,
        Reason.WEEKDAY,
    ]
    assert [
        (step.reason, step.notice_number) for step in explain(day("2027-01-08"), 1, CALENDAR)
    ] == [
        (Reason.WEEKEND_ASSUMED, None),
        (Reason.WEEKEND_ASSUMED, None),
        (Reason.WEEKDAY_ASSUMED, None),
    ]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-03-07", ("2026-03-09", False)),  # Saturday
        ("2026-05-09", ("2026-05-09", False)),  # a Saturday that is worked
        ("2026-10-03", ("2026-10-08", False)),  # inside the National Day holiday
        ("2027-01-02", ("2027-01-04", True)),  # a Saturday by the weekday rule
        ("2027-01-04", ("2027-01-04", True)),
    ],
)
def test_a_rest_day_rolls_to_the_next_working_day(start: str, expected: tuple[str, bool]) -> None:
    last, provisional = expected
    assert next_working_day(day(start), CALENDAR) == (day(last), provisional)


def test_a_roll_out_of_a_known_year_is_provisional() -> None:
    closed = replace(2026, holidays=CALENDAR.years[2026].holidays | {day("2026-12-31")})

    assert next_working_day(day("2026-12-31"), closed) == (day("2027-01-01"), True)


def test_no_working_days_remain_when_the_last_day_is_past() -> None:
    assert count_working_days(day("2026-03-05"), day("2026-03-02"), CALENDAR) == 0
    assert count_working_days(day("2026-03-02"), day("2026-03-02"), CALENDAR) == 0


def test_a_notice_may_move_days_of_the_december_before() -> None:
    # As the notice for 2019 did: 29 December 2018 worked, 31 December off.
    notice = YearTable(
        year=2019,
        notice_number="国办发明电〔2018〕15号",
        issued_on=dt.date(2018, 12, 6),
        holidays=frozenset({day("2018-12-30"), day("2018-12-31"), day("2019-01-01")}),
        workdays=frozenset({day("2018-12-29")}),
    )
    check_table(notice)
    calendar = Calendar({2019: notice})

    assert calendar.is_working_day(day("2018-12-29"))
    assert not calendar.is_working_day(day("2018-12-31"))
    assert calendar.notice_number(day("2018-12-31")) == notice.notice_number
    assert not calendar.knows(2018)


def test_the_later_notice_wins_over_the_year_s_own() -> None:
    later = table(holidays={"2026-12-31", "2027-01-01"}, year=2027)
    calendar = Calendar({**CALENDAR.years, 2027: later})

    assert not calendar.is_working_day(day("2026-12-31"))
    assert add_working_days(day("2026-12-30"), 1, calendar) == (day("2027-01-04"), False)


@pytest.mark.parametrize("notice", load_tables(), ids=lambda t: str(t.year))
def test_every_notice_that_we_ship_can_be_one(notice: YearTable) -> None:
    check_table(notice)

    assert notice.issued_on.year == notice.year - 1
    assert notice.notice_number.startswith(f"国办发明电〔{notice.year - 1}〕")


def test_the_notices_of_2024_to_2026_are_shipped() -> None:
    assert [notice.year for notice in load_tables()] == [2024, 2025, 2026]


def test_a_table_without_a_day_off_is_refused() -> None:
    with pytest.raises(CalendarYearEmpty):
        check_table(table(holidays=set()))


def test_a_table_with_a_day_of_another_year_is_refused() -> None:
    for stranger in ("2026-11-30", "2028-01-01"):
        with pytest.raises(CalendarDayOutsideYear) as refusal:
            check_table(table(holidays={"2027-01-01", stranger}, year=2027))
        assert refusal.value.facts == {"year": 2027, "days": [stranger]}


def test_a_day_both_off_and_worked_is_refused() -> None:
    with pytest.raises(CalendarDayContradictory) as refusal:
        check_table(table(holidays={"2027-01-02"}, workdays={"2027-01-02"}, year=2027))
    assert refusal.value.facts["days"] == ["2027-01-02"]


def test_a_make_up_day_on_a_weekday_is_refused() -> None:
    with pytest.raises(CalendarWorkdayNotWeekend) as refusal:
        check_table(table(workdays={"2027-01-04"}, year=2027))
    assert refusal.value.facts["days"] == ["2027-01-04"]


def table(
    *, holidays: set[str] | None = None, workdays: set[str] | None = None, year: int = 2027
) -> YearTable:
    off = {f"{year}-01-01"} if holidays is None else holidays
    return YearTable(
        year=year,
        notice_number="test",
        issued_on=dt.date(year - 1, 11, 1),
        holidays=frozenset(map(day, off)),
        workdays=frozenset(map(day, workdays or set())),
    )


def replace(year: int, *, holidays: frozenset[dt.date]) -> Calendar:
    changed = msgspec.structs.replace(CALENDAR.years[year], holidays=holidays)
    return Calendar({**CALENDAR.years, year: changed})


@given(st.sampled_from(ALL_DAYS), st.lists(st.sampled_from(ALL_DAYS), max_size=4))
def test_one_walk_counts_to_every_day_what_a_walk_to_each_would(
    start: dt.date, days: list[dt.date]
) -> None:
    near = [start + (each - FIRST) % dt.timedelta(days=90) - dt.timedelta(days=45) for each in days]

    assert working_days_to(near, start, CALENDAR) == {
        each: count_working_days(start, each, CALENDAR) - count_working_days(each, start, CALENDAR)
        for each in near
    }


def test_a_period_in_calendar_days_agrees_with_others_from_every_day_up_to_sixty() -> None:
    following: dict[dt.date, dt.date] = {}
    for each in reversed(ALL_DAYS):
        following[each] = (
            each if chinese_calendar.is_workday(each) else following[each + dt.timedelta(days=1)]
        )

    compared = 0
    for n in range(1, 61):
        period = Period(n, Unit.DAYS, "HN-20")
        for start in ALL_DAYS[:-n]:
            expected = Deadline(following[start + dt.timedelta(days=n)], provisional=False)
            assert deadline(period, start, CALENDAR) == expected
            compared += 1
    assert compared == 60 * len(ALL_DAYS) - 60 * 61 // 2
