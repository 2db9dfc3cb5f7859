"""Timers in PostgreSQL: locks, constraints, two runs at once, and a notice that arrives."""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.audit_log.events import Event
from catalog.kernel.actor import Actor, Clearance, NotPermitted, system
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import SHANGHAI
from catalog.kernel.paging import CursorUnreadable, encode, fingerprint
from catalog.kernel.periods import Period, Unit
from catalog.kernel.workdays import Calendar, CalendarYearEmpty, YearTable
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.timers import operations as timers
from catalog.timers import queries
from catalog.timers.model import DueFilter, Timer
from catalog.timers.states import State
from market.jobs import deadlines_due

JOB = system("deadlines_due", "timer:mark_overdue")
CLERK = system("calendar", "calendar:load", "timer:read")
START = dt.date(2026, 3, 2)

NOTICE_2027 = YearTable(
    year=2027,
    notice_number="国办发明电〔2026〕0号",
    issued_on=dt.date(2026, 11, 25),
    holidays=frozenset(dt.date(2027, 1, d) for d in (1, 2, 3)),
    workdays=frozenset(),
)


def at(day: int, hour: int = 9, *, month: int = 3, year: int = 2026) -> dt.datetime:
    return dt.datetime(year, month, day, hour, tzinfo=SHANGHAI).astimezone(dt.UTC)


async def start(
    tx: Tx,
    calendar: Calendar,
    *,
    subject_id: uuid.UUID | None = None,
    kind: str = "acceptance",
    period: Period = HAINAN_2023.acceptance,
    started_on: dt.date = START,
    against: str = "supermarket_operator",
    party_id: PartyId | None = None,
) -> Timer:
    return await timers.start(
        tx,
        now=at(2),
        calendar=calendar,
        kind=kind,
        subject_kind="application",
        subject_id=subject_id or new_id(),
        against=against,
        rulebook=HAINAN_2023.code,
        period=period,
        started_on=started_on,
        party_id=party_id,
    )


async def meet(tx: Tx, timer: Timer, now: dt.datetime) -> Timer:
    return await timers.meet(
        tx, now=now, kind=timer.kind, subject_kind="application", subject_id=timer.subject_id
    )


async def reread(tx: Tx, timer: Timer) -> Timer:
    found = await queries.list_for_subject(
        tx, subject_kind=timer.subject_kind, subject_id=timer.subject_id
    )
    return next(each for each in found if each.id == timer.id)


async def entries(tx: Tx, event: Event) -> int:
    count: int = await tx.fetch_value(
        "SELECT count(*) FROM audit_log.entries WHERE event = $1", event.value
    )
    return count


async def test_a_started_timer_is_read_back_as_it_was_stored(tx: Tx, calendar: Calendar) -> None:
    timer = await start(tx, calendar)

    assert await reread(tx, timer) == timer
    assert (timer.due_on, timer.ends_at) == (dt.date(2026, 3, 5), at(6, 0))


async def test_a_case_has_one_running_timer_of_a_kind(tx: Tx, calendar: Calendar) -> None:
    first = await start(tx, calendar)

    with pytest.raises(timers.TimerAlreadyRunning):
        await start(tx, calendar, subject_id=first.subject_id)

    await start(tx, calendar, subject_id=first.subject_id, kind="review")


async def test_a_met_timer_makes_room_for_the_next(tx: Tx, calendar: Calendar) -> None:
    first = await start(tx, calendar)
    await meet(tx, first, at(3))

    second = await start(tx, calendar, subject_id=first.subject_id)

    assert second.id != first.id
    assert (await reread(tx, first)).state is State.MET


async def test_what_is_met_after_midnight_is_late_though_no_job_ran(
    tx: Tx, calendar: Calendar
) -> None:
    timer = await start(tx, calendar)

    await meet(tx, timer, at(6, 0))

    assert (await reread(tx, timer)).state is State.MET_LATE


async def test_what_does_not_run_can_not_be_met(tx: Tx, calendar: Calendar) -> None:
    timer = await start(tx, calendar)
    await meet(tx, timer, at(3))

    with pytest.raises(timers.TimerNotRunning):
        await meet(tx, timer, at(3))


async def test_one_timer_is_cancelled_and_the_rest_of_the_case_runs_on(
    tx: Tx, calendar: Calendar
) -> None:
    timer = await start(tx, calendar)
    other = await start(tx, calendar, subject_id=timer.subject_id, kind="review")

    await timers.cancel(
        tx,
        now=at(3),
        kind="acceptance",
        subject_kind="application",
        subject_id=timer.subject_id,
        note="out of scope",
    )

    cancelled = await reread(tx, timer)
    assert (cancelled.state, cancelled.cancelled_at) == (State.CANCELLED, at(3))
    assert cancelled.note == "out of scope"
    assert (await reread(tx, other)).state is State.OPEN


async def test_a_withdrawn_case_owes_nothing_any_more(tx: Tx, calendar: Calendar) -> None:
    case = new_id()
    for kind in ("acceptance", "review", "acceptance_notice"):
        await start(tx, calendar, subject_id=case, kind=kind)
    bystander = await start(tx, calendar)

    cancelled = await timers.cancel_all(
        tx, now=at(3), subject_kind="application", subject_id=case, note="withdrawn"
    )

    assert {timer.state for timer in cancelled} == {State.CANCELLED}
    assert len(cancelled) == 3
    assert (await reread(tx, bystander)).state is State.OPEN


async def test_only_what_is_over_is_marked_overdue_and_each_mark_is_remembered(
    tx: Tx, calendar: Calendar
) -> None:
    over = await start(tx, calendar)
    running = await start(tx, calendar, started_on=dt.date(2026, 3, 3))
    met = await start(tx, calendar)
    await meet(tx, met, at(4))

    marked = await timers.mark_overdue(tx, actor=JOB, now=at(6, 0))

    assert [timer.id for timer in marked] == [over.id]
    assert (await reread(tx, over)).state is State.OVERDUE
    assert (await reread(tx, running)).state is State.OPEN
    assert await entries(tx, Event.TIMER_OVERDUE) == 1


async def test_a_cancelled_timer_still_tells_that_it_was_overdue(
    tx: Tx, calendar: Calendar
) -> None:
    late, in_time = await start(tx, calendar), await start(tx, calendar)
    await meet(tx, in_time, at(4))
    await timers.mark_overdue(tx, actor=JOB, now=at(6))

    await timers.cancel_all(
        tx, now=at(9), subject_kind="application", subject_id=late.subject_id, note="issued"
    )

    cancelled = await reread(tx, late)
    assert (cancelled.state, cancelled.overdue_since) == (State.CANCELLED, at(6))
    ever = await queries.list_due(tx, viewer=CLERK, wanted=DueFilter(was_overdue=True))
    met = await queries.list_due(tx, viewer=CLERK, wanted=DueFilter(state=State.MET))
    running = await queries.list_due(tx, viewer=CLERK)
    assert ever.items == [cancelled]
    assert [timer.id for timer in met.items] == [in_time.id]
    assert running.items == []


async def test_what_runs_for_the_public_is_never_marked_overdue(tx: Tx, calendar: Calendar) -> None:
    timer = await start(tx, calendar, kind="public_notice", against="public")

    assert not await timers.mark_overdue(tx, actor=JOB, now=at(9))

    over = await timers.run_out(
        tx,
        now=at(9),
        kind="public_notice",
        subject_kind="application",
        subject_id=timer.subject_id,
    )
    assert over == await reread(tx, timer)
    assert over.state is State.MET
    again = await timers.run_out(
        tx,
        now=at(9),
        kind="public_notice",
        subject_kind="application",
        subject_id=timer.subject_id,
    )
    assert again is None


async def test_a_second_before_midnight_nothing_is_overdue(tx: Tx, calendar: Calendar) -> None:
    await start(tx, calendar)

    assert not await timers.mark_overdue(tx, actor=JOB, now=at(6, 0) - dt.timedelta(seconds=1))


async def test_only_the_job_marks(tx: Tx) -> None:
    with pytest.raises(NotPermitted):
        await timers.mark_overdue(tx, actor=CLERK, now=at(6))


async def test_two_runs_at_once_share_the_work(
    db: Database, almighty: Actor, calendar: Calendar
) -> None:
    async with begin(db, almighty) as tx:
        started = [await start(tx, calendar) for _ in range(deadlines_due.BATCH + 30)]

    counts = await asyncio.gather(*(deadlines_due.run(db, now=at(6)) for _ in range(3)))

    async with begin(db, almighty) as tx:
        assert await entries(tx, Event.TIMER_OVERDUE) == len(started)
        assert {(await reread(tx, timer)).state for timer in started} == {State.OVERDUE}
    assert sum(counts) == len(started)
    assert await deadlines_due.run(db, now=at(6)) == 0


async def test_a_timer_just_being_met_is_left_alone_by_the_job(
    db: Database, almighty: Actor, calendar: Calendar
) -> None:
    async with begin(db, almighty) as tx:
        timer = await start(tx, calendar)

    async with begin(db, almighty) as tx:
        await meet(tx, timer, at(6, 0) - dt.timedelta(seconds=1))
        assert await deadlines_due.run(db, now=at(6)) == 0

    async with begin(db, almighty) as tx:
        assert (await reread(tx, timer)).state is State.MET


async def test_two_starts_at_once_leave_one_timer(
    db: Database, almighty: Actor, calendar: Calendar
) -> None:
    case = new_id()

    async def once() -> bool:
        try:
            async with begin(db, almighty) as tx:
                await start(tx, calendar, subject_id=case)
        except timers.TimerAlreadyRunning:
            return False
        return True

    assert sorted(await asyncio.gather(*(once() for _ in range(5)))) == [False] * 4 + [True]


async def test_the_shipped_notices_are_the_calendar(tx: Tx, calendar: Calendar) -> None:
    assert await queries.get_calendar(tx) == calendar


async def test_a_notice_moves_what_was_provisional_and_is_remembered(
    tx: Tx, calendar: Calendar
) -> None:
    crossing = await start(
        tx, calendar, period=HAINAN_2023.public_notice, started_on=dt.date(2026, 12, 28)
    )
    settled = await start(tx, calendar)
    assert (crossing.due_on, crossing.provisional) == (dt.date(2027, 1, 6), True)

    moved = await timers.load_calendar_year(
        tx, actor=CLERK, table=NOTICE_2027, now=at(26, month=11)
    )

    fresh = await reread(tx, crossing)
    assert [move.timer for move in moved] == [fresh]
    assert (fresh.due_on, fresh.provisional) == (dt.date(2027, 1, 7), False)
    assert (moved[0].was_due_on, moved[0].was_provisional) == (dt.date(2027, 1, 6), True)
    assert await reread(tx, settled) == settled
    assert (await queries.get_calendar(tx)).knows(2027)
    assert await entries(tx, Event.TIMERS_RECOMPUTED) == 1


async def test_a_notice_that_comes_late_takes_an_overdue_mark_back(
    tx: Tx, calendar: Calendar
) -> None:
    seven = HAINAN_2023.public_notice
    timer = await start(tx, calendar, period=seven, started_on=dt.date(2026, 12, 28))
    on_time_after_all = await start(tx, calendar, period=seven, started_on=dt.date(2026, 12, 28))
    morning = at(7, month=1, year=2027)
    await timers.mark_overdue(tx, actor=JOB, now=morning)
    await meet(tx, on_time_after_all, morning)

    await timers.load_calendar_year(tx, actor=CLERK, table=NOTICE_2027, now=morning)

    assert (await reread(tx, timer)).state is State.OPEN
    assert (await reread(tx, on_time_after_all)).state is State.MET


async def test_many_moved_timers_are_remembered_in_entries_of_a_hundred(
    tx: Tx, calendar: Calendar
) -> None:
    for _ in range(101):
        await start(
            tx, calendar, period=HAINAN_2023.public_notice, started_on=dt.date(2026, 12, 28)
        )

    moved = await timers.load_calendar_year(
        tx, actor=CLERK, table=NOTICE_2027, now=at(26, month=11)
    )

    assert len(moved) == 101
    assert await entries(tx, Event.TIMERS_RECOMPUTED) == 2


async def test_the_same_notice_is_loaded_once(tx: Tx) -> None:
    await timers.load_calendar_year(tx, actor=CLERK, table=NOTICE_2027, now=at(2))

    with pytest.raises(timers.CalendarNoticeAlreadyLoaded):
        await timers.load_calendar_year(tx, actor=CLERK, table=NOTICE_2027, now=at(2))


async def test_a_later_notice_for_the_same_year_takes_its_place(tx: Tx) -> None:
    await timers.load_calendar_year(tx, actor=CLERK, table=NOTICE_2027, now=at(2))
    longer = msgspec.structs.replace(
        NOTICE_2027,
        notice_number="国办发明电〔2027〕0号",
        issued_on=dt.date(2027, 1, 2),
        holidays=NOTICE_2027.holidays | {dt.date(2027, 1, 4)},
    )

    await timers.load_calendar_year(tx, actor=CLERK, table=longer, now=at(3))

    assert (await queries.get_calendar(tx)).years[2027] == longer


async def test_an_empty_table_is_no_notice(tx: Tx) -> None:
    empty = msgspec.structs.replace(NOTICE_2027, holidays=frozenset())

    with pytest.raises(CalendarYearEmpty):
        await timers.load_calendar_year(tx, actor=CLERK, table=empty, now=at(2))


async def test_only_who_may_load_calendars_does(tx: Tx, calendar: Calendar) -> None:
    with pytest.raises(NotPermitted):
        await timers.load_calendar_year(tx, actor=JOB, table=NOTICE_2027, now=at(2))
    with pytest.raises(NotPermitted):
        await timers.recompute_provisional(tx, actor=JOB, calendar=calendar, now=at(2))


async def test_what_is_due_comes_page_by_page_in_the_order_of_its_end(
    tx: Tx, calendar: Calendar
) -> None:
    started = [
        await start(tx, calendar, started_on=dt.date(2026, 3, 2 + day)) for day in (3, 0, 4, 1, 2)
    ]

    seen: list[Timer] = []
    cursor = None
    for _ in range(3):
        page = await queries.list_due(tx, viewer=CLERK, limit=2, cursor=cursor)
        seen += page.items
        cursor = page.next_cursor

    assert cursor is None
    assert seen == sorted(started, key=lambda timer: (timer.ends_at, timer.id))


async def test_what_is_due_can_be_narrowed(tx: Tx, calendar: Calendar) -> None:
    acceptance = await start(tx, calendar)
    review = await start(tx, calendar, kind="review", against="agency", period=HAINAN_2023.review)
    far = await start(
        tx, calendar, period=HAINAN_2023.public_notice, started_on=dt.date(2026, 12, 28)
    )
    await timers.mark_overdue(tx, actor=JOB, now=at(6))

    async def ids(wanted: DueFilter) -> list[uuid.UUID]:
        page = await queries.list_due(tx, viewer=CLERK, wanted=wanted)
        return [timer.id for timer in page.items]

    assert await ids(DueFilter(against="agency")) == [review.id]
    assert await ids(DueFilter(kind="review")) == [review.id]
    assert await ids(DueFilter(state=State.OVERDUE)) == [acceptance.id]
    assert await ids(DueFilter(provisional=True)) == [far.id]
    assert await ids(DueFilter(due_through=dt.date(2026, 3, 31))) == [acceptance.id]
    assert await ids(DueFilter(subject_kind="objection")) == []


async def test_a_party_sees_only_what_runs_against_itself(tx: Tx, calendar: Calendar) -> None:
    mine, theirs = PartyId(new_id()), PartyId(new_id())
    own = await start(tx, calendar, against="registrant", party_id=mine)
    await start(tx, calendar, against="registrant", party_id=theirs)
    await start(tx, calendar)
    viewer = make_viewer(mine)

    asked_for_others = DueFilter(party_id=theirs)
    page = await queries.list_due(tx, viewer=viewer, wanted=asked_for_others)

    assert page.items == [own]


async def test_who_may_not_read_timers_or_has_no_party_sees_none(tx: Tx) -> None:
    for viewer in (JOB, make_viewer(None)):
        with pytest.raises(NotPermitted):
            await queries.list_due(tx, viewer=viewer)


async def test_a_cursor_of_another_list_is_refused(tx: Tx, calendar: Calendar) -> None:
    await start(tx, calendar)
    await start(tx, calendar)
    page = await queries.list_due(tx, viewer=CLERK, limit=1)

    with pytest.raises(CursorUnreadable):
        await queries.list_due(
            tx, viewer=CLERK, wanted=DueFilter(kind="review"), cursor=page.next_cursor
        )


@pytest.mark.parametrize("position", [("yesterday", "x"), (1, 2), ("2026-03-02T00:00:00", None)])
async def test_a_forged_position_is_refused(tx: Tx, position: tuple[object, object]) -> None:
    forged = encode(fingerprint("timers", DueFilter()), *position)

    with pytest.raises(CursorUnreadable):
        await queries.list_due(tx, viewer=CLERK, cursor=forged)


BREACHES = [
    ("due_on = due_on + 1", "timer_ends_at_midnight_in_shanghai"),
    ("ends_at = ends_at + interval '1 second'", "timer_ends_at_midnight_in_shanghai"),
    ("started_on = due_on", "timer_first_day_not_counted"),
    ("state = 'approved'", "timers_state_known"),
    ("state = 'met'", "timer_met_at_when_met"),
    ("state = 'met', met_at = ends_at", "timer_met_before_its_end"),
    ("state = 'met_late', met_at = ends_at - interval '1 second'", "timer_met_late_after_its_end"),
    ("state = 'cancelled'", "timer_cancelled_at_when_cancelled"),
    ("state = 'overdue'", "timer_overdue_since_when_overdue"),
    ("overdue_since = ends_at", "timer_overdue_since_when_overdue"),
    ("period_length = 0", "timer_period_has_a_length"),
    ("period_unit = 'weeks'", "timer_period_unit_known"),
    ("period_source = ''", "timer_period_has_a_source"),
    ("against = ''", "timer_runs_against_someone"),
    ("rulebook = ''", "timer_names_its_rulebook"),
    ("kind = 'Acceptance'", "timer_kind_is_a_word"),
    ("subject_kind = ''", "timer_subject_kind_is_a_word"),
]


@pytest.mark.parametrize(("change", "rule"), BREACHES)
async def test_the_database_says_the_rule_again(
    tx: Tx, calendar: Calendar, change: str, rule: str
) -> None:
    await start(tx, calendar)

    with pytest.raises(asyncpg.CheckViolationError) as refusal:
        async with tx.savepoint():
            await tx.execute(f"UPDATE catalog.timers SET {change}")
    assert refusal.value.constraint_name == rule


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM catalog.timers",
        "DELETE FROM catalog.calendar_years",
        "UPDATE catalog.calendar_years SET year = year",
    ],
)
async def test_the_service_may_not_remove_timers_nor_edit_notices(tx: Tx, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with tx.savepoint():
            await tx.execute(statement)


async def test_every_unit_survives_the_way_through_the_database(tx: Tx, calendar: Calendar) -> None:
    for unit in Unit:
        timer = await start(tx, calendar, period=Period(2, unit, "test", "a note"))
        assert (await reread(tx, timer)).period == timer.period


def make_viewer(party_id: PartyId | None) -> Actor:
    return Actor(
        account_id=None,
        party_id=party_id,
        name="supplier",
        roles=frozenset({"supplier"}),
        permissions=frozenset({"timer:read"}),
        clearance=Clearance.PARTY,
    )


async def test_a_clock_stands_still_in_the_database_and_goes_on(tx: Tx, calendar: Calendar) -> None:
    timer = await start(tx, calendar)
    which: Any = {
        "kind": timer.kind,
        "subject_kind": timer.subject_kind,
        "subject_id": timer.subject_id,
    }

    paused = await timers.pause(tx, now=at(3), cause="supplement", note="补充材料", **which)
    over = await timers.mark_overdue(tx, actor=JOB, now=at(20))
    resumed = await timers.resume(tx, now=at(10), calendar=calendar, cause="supplement", **which)
    nothing = await timers.resume(tx, now=at(10), calendar=calendar, cause="objection", **which)
    extended = await timers.extend(
        tx, now=at(10), calendar=calendar, by=2, note="情况复杂", **which
    )

    assert paused is not None
    assert resumed is not None
    assert (paused.state, over, nothing) == (State.PAUSED, [], None)
    assert [each.due_on.day for each in (timer, resumed, extended)] == [5, 12, 16]
    assert await reread(tx, timer) == extended


async def test_what_is_overdue_or_not_there_does_not_stand_still(
    tx: Tx, calendar: Calendar
) -> None:
    timer = await start(tx, calendar)
    which: Any = {"subject_kind": timer.subject_kind, "subject_id": timer.subject_id}
    stop: Any = {"cause": "supplement", "note": "补充材料"}

    late = await timers.pause(tx, now=at(20), kind=timer.kind, **which, **stop)
    unknown = await timers.pause(tx, now=at(3), kind="review_of_nothing", **which, **stop)

    assert (late, unknown) == (None, None)
    assert (await reread(tx, timer)).pauses == ()


async def test_a_statement_is_planned_once_until_the_transaction_ends_and_not_longer(
    db: Database, owner_dsn: str, database_name: str
) -> None:
    owner = await asyncpg.connect(owner_dsn)  # by itself, the tests' server keeps every plan
    await owner.execute(f'ALTER DATABASE "{database_name}" SET plan_cache_mode = auto')
    await owner.close()

    modes = []
    for is_asked in (True, False):
        async with begin(db, CLERK) as tx:
            if is_asked:
                await tx.plan_once()
            modes.append(await tx.fetch_value("SHOW plan_cache_mode"))

    assert modes == ["force_generic_plan", "auto"]
