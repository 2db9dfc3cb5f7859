"""Tables and statements of the timers (期限) and of the working-day calendar (工作日历)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.ids import PartyId
from catalog.kernel.periods import Period, Unit
from catalog.kernel.workdays import YearTable
from catalog.timers.model import PUBLIC, DueFilter, Pause, Timer, TimerId
from catalog.timers.states import State

TIMERS: Final = sa.Table(
    "timers",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject_kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("against", sa.Text, nullable=False),
    sa.Column("party_id", sa.Uuid),
    sa.Column("rulebook", sa.Text, nullable=False),
    sa.Column("started_on", sa.Date, nullable=False),
    sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("period_length", sa.Integer, nullable=False),
    sa.Column("period_unit", sa.Text, nullable=False),
    sa.Column("period_source", sa.Text, nullable=False),
    sa.Column("period_note", sa.Text, nullable=False),
    sa.Column("due_on", sa.Date, nullable=False),
    sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("provisional", sa.Boolean, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("met_at", sa.DateTime(timezone=True)),
    sa.Column("cancelled_at", sa.DateTime(timezone=True)),
    sa.Column("overdue_since", sa.DateTime(timezone=True)),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("pauses", postgresql.JSONB, nullable=False),
    sa.Column("extended_by", sa.Integer, nullable=False),
    schema="catalog",
)

CALENDAR_YEARS: Final = sa.Table(
    "calendar_years",
    METADATA,
    sa.Column("year", sa.Integer, primary_key=True),
    sa.Column("notice_number", sa.Text, primary_key=True),
    sa.Column("issued_on", sa.Date, nullable=False),
    sa.Column("holidays", postgresql.ARRAY(sa.Date), nullable=False),
    sa.Column("workdays", postgresql.ARRAY(sa.Date), nullable=False),
    sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("loaded_by", sa.Text, nullable=False),
    schema="catalog",
)

_COUNT_TIMERS: Final = """
    SELECT width_bucket(due_on, $1::date[]) AS reached, count(*) AS count,
           count(*) FILTER (WHERE provisional) AS provisional_count
      FROM catalog.timers"""
_SELECT_TIMER: Final = """
        SELECT id, kind, subject_kind, subject_id, against, party_id, rulebook,
               started_on, started_at, period_length, period_unit, period_source, period_note,
               due_on, ends_at, provisional, state, met_at, cancelled_at, overdue_since, note,
               pauses, extended_by
          FROM catalog.timers"""


async def insert(tx: Tx, timer: Timer) -> bool:
    """Insert ``timer``; tell False if one of its kind already runs for the subject."""
    return bool(
        await tx.execute(
            """
            INSERT INTO catalog.timers (
                id, kind, subject_kind, subject_id, against, party_id, rulebook,
                started_on, started_at, period_length, period_unit, period_source, period_note,
                due_on, ends_at, provisional, state, met_at, cancelled_at, overdue_since,
                note, pauses, extended_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,
                    $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
            ON CONFLICT (subject_kind, subject_id, kind) WHERE state IN ('open', 'paused', 'overdue')
            DO NOTHING""",
            timer.id,
            timer.kind,
            timer.subject_kind,
            timer.subject_id,
            timer.against,
            timer.party_id,
            timer.rulebook,
            timer.started_on,
            timer.started_at,
            timer.period.length,
            timer.period.unit.value,
            timer.period.source,
            timer.period.note,
            timer.due_on,
            timer.ends_at,
            timer.provisional,
            timer.state.value,
            timer.met_at,
            timer.cancelled_at,
            timer.overdue_since,
            timer.note,
            msgspec.to_builtins(timer.pauses),
            timer.extended_by,
        )
    )


async def update(tx: Tx, timer: Timer) -> None:
    """Write back what may change of ``timer``, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE catalog.timers
           SET due_on = $2, ends_at = $3, provisional = $4, state = $5, met_at = $6,
               cancelled_at = $7, overdue_since = $8, note = $9, pauses = $10,
               extended_by = $11
         WHERE id = $1""",
        timer.id,
        timer.due_on,
        timer.ends_at,
        timer.provisional,
        timer.state.value,
        timer.met_at,
        timer.cancelled_at,
        timer.overdue_since,
        timer.note,
        msgspec.to_builtins(timer.pauses),
        timer.extended_by,
    )
    assert touched == 1, "a locked timer can not vanish"


async def update_ends(tx: Tx, timers: Sequence[Timer]) -> None:
    """Write back the new ends of timers, which the caller holds locked, in one statement."""
    await tx.execute(
        """
        UPDATE catalog.timers t
           SET due_on = n.due_on, ends_at = n.ends_at, provisional = n.provisional,
               state = n.state, overdue_since = n.overdue_since
          FROM unnest($1::uuid[], $2::date[], $3::timestamptz[], $4::boolean[], $5::text[],
                      $6::timestamptz[])
               AS n (id, due_on, ends_at, provisional, state, overdue_since)
         WHERE t.id = n.id""",
        [timer.id for timer in timers],
        [timer.due_on for timer in timers],
        [timer.ends_at for timer in timers],
        [timer.provisional for timer in timers],
        [timer.state.value for timer in timers],
        [timer.overdue_since for timer in timers],
    )


async def lock_running(
    tx: Tx, *, subject_kind: str, subject_id: uuid.UUID, kind: str | None
) -> list[Timer]:
    """Lock and return the running timers of a subject, all of them or those of one kind."""
    rows = await tx.fetch(
        f"""{_SELECT_TIMER}
         WHERE subject_kind = $1 AND subject_id = $2 AND ($3::text IS NULL OR kind = $3)
           AND state IN ('open', 'paused', 'overdue')
         ORDER BY id
           FOR UPDATE""",
        subject_kind,
        subject_id,
        kind,
    )
    return [_timer(row) for row in rows]


async def lock_expired(tx: Tx, *, now: dt.datetime, limit: int) -> list[Timer]:
    """Lock and return open timers whose last day is over, oldest first, but none of the public.

    Those that someone else holds are skipped: they are just being met, or another run has them.
    """
    rows = await tx.fetch(
        f"""{_SELECT_TIMER}
         WHERE state = 'open' AND ends_at <= $1 AND against <> $3
         ORDER BY ends_at, id
         LIMIT $2
           FOR UPDATE SKIP LOCKED""",
        now,
        limit,
        PUBLIC,
    )
    return [_timer(row) for row in rows]


async def lock_recomputable(tx: Tx, states: Collection[State]) -> list[Timer]:
    """Lock and return the timers that a newly known year may move, in id order.

    All that run are looked at, not only provisional ones: a notice may move days of the December
    before, which the notice of that year had settled otherwise.
    """
    rows = await tx.fetch(
        f"""{_SELECT_TIMER}
         WHERE state = ANY($1::text[]) AND (state <> 'met_late' OR provisional)
         ORDER BY id
           FOR UPDATE""",
        sorted(state.value for state in states),
    )
    return [_timer(row) for row in rows]


async def find(tx: Tx, timer_id: uuid.UUID) -> Timer | None:
    """Return a timer, if there is one with this id."""
    row = await tx.fetch_one(f"{_SELECT_TIMER} WHERE id = $1", timer_id)
    return None if row is None else _timer(row)


async def list_for_subject(tx: Tx, subject_kind: str, subject_id: uuid.UUID) -> list[Timer]:
    """Return all timers of a subject in the order in which they were started."""
    rows = await tx.fetch(
        f"""{_SELECT_TIMER}
         WHERE subject_kind = $1 AND subject_id = $2
         ORDER BY started_on, id
         LIMIT 1000""",
        subject_kind,
        subject_id,
    )
    return [_timer(row) for row in rows]


async def list_wanted(
    tx: Tx, wanted: DueFilter, *, after: tuple[dt.datetime, uuid.UUID] | None, limit: int
) -> list[Timer]:
    """Return the wanted timers in the order of their end, from behind ``after``."""
    asked = {
        "against = {}": wanted.against,
        "kind = {}": wanted.kind,
        "subject_kind = {}": wanted.subject_kind,
        "subject_id = {}": wanted.subject_id,
        "party_id = {}": wanted.party_id,
        "state = {}": None if wanted.state is None else wanted.state.value,
        "provisional = {}": wanted.provisional,
        "(overdue_since IS NOT NULL) = {}": wanted.was_overdue,
        "due_on >= {}": wanted.due_from,
        "due_on <= {}": wanted.due_through,
        "ends_at >= {}": None if after is None else after[0],
    }
    clauses, values = _given(asked, first=1)
    if wanted.state is None and not wanted.was_overdue:
        clauses.append("state IN ('open', 'overdue')")
    if after is not None:
        clauses.append(f"(ends_at, id) > (${len(values)}, ${len(values) + 1})")
        values.append(after[1])
    rows = await tx.fetch(
        f"""{_SELECT_TIMER}
         WHERE {" AND ".join(clauses) or "true"}
         ORDER BY ends_at, id
         LIMIT ${len(values) + 1}""",
        *values,
        limit,
    )
    return [_timer(row) for row in rows]


async def list_run_out(tx: Tx, *, kind: str, now: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return the subjects of running timers of a kind whose last day is over and is final."""
    rows = await tx.fetch(
        """
        SELECT subject_id FROM catalog.timers
         WHERE state IN ('open', 'overdue') AND kind = $1 AND ends_at <= $2 AND NOT provisional
         ORDER BY ends_at, id LIMIT $3""",
        kind,
        now,
        limit,
    )
    return [row["subject_id"] for row in rows]


async def count_running(
    tx: Tx,
    *,
    against: str | None,
    kind: str | None,
    party_id: PartyId | None,
    bounds: Sequence[dt.date],
) -> dict[int, tuple[int, int]]:
    """Count the running timers between ``bounds``: how many, and how many of them provisionally.

    The key is how many of the bounds a last day has reached: 0 lies before the first.
    """
    clauses, values = _given(
        {"against = {}": against, "kind = {}": kind, "party_id = {}": party_id}, first=2
    )
    rows = await tx.fetch(
        f"""{_COUNT_TIMERS}
         WHERE {" AND ".join(["state IN ('open', 'overdue')", *clauses])}
         GROUP BY reached""",
        bounds,
        *values,
    )
    return {row["reached"]: (row["count"], row["provisional_count"]) for row in rows}


def _given(asked: dict[str, Any], *, first: int) -> tuple[list[str], list[Any]]:
    """Return the clauses of what is asked for, and their values from place ``first`` on.

    What is not asked for does not stand in the statement, so that the index of what runs is used.
    """
    given = {clause: value for clause, value in asked.items() if value is not None}
    clauses = [clause.format(f"${first + n}") for n, clause in enumerate(given)]
    return clauses, list(given.values())


async def insert_calendar_year(
    tx: Tx, table: YearTable, *, loaded_at: dt.datetime, loaded_by: str
) -> bool:
    """Insert a year's notice; tell False if this notice is there already."""
    return bool(
        await tx.execute(
            """
            INSERT INTO catalog.calendar_years
                (year, notice_number, issued_on, holidays, workdays, loaded_at, loaded_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (year, notice_number) DO NOTHING""",
            table.year,
            table.notice_number,
            table.issued_on,
            sorted(table.holidays),
            sorted(table.workdays),
            loaded_at,
            loaded_by,
        )
    )


async def list_calendar_years(tx: Tx) -> list[YearTable]:
    """Return the notice in force for each year: the one issued last, then loaded last."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT ON (year) year, notice_number, issued_on, holidays, workdays
          FROM catalog.calendar_years
         ORDER BY year, issued_on DESC, loaded_at DESC"""
    )
    return [
        YearTable(
            year=row["year"],
            notice_number=row["notice_number"],
            issued_on=row["issued_on"],
            holidays=frozenset(row["holidays"]),
            workdays=frozenset(row["workdays"]),
        )
        for row in rows
    ]


def _timer(row: Row) -> Timer:
    party_id = row["party_id"]
    return Timer(
        id=TimerId(row["id"]),
        kind=row["kind"],
        subject_kind=row["subject_kind"],
        subject_id=row["subject_id"],
        against=row["against"],
        party_id=None if party_id is None else PartyId(party_id),
        rulebook=row["rulebook"],
        started_on=row["started_on"],
        started_at=row["started_at"],
        period=Period(
            row["period_length"],
            Unit(row["period_unit"]),
            row["period_source"],
            row["period_note"],
        ),
        due_on=row["due_on"],
        ends_at=row["ends_at"],
        provisional=row["provisional"],
        state=State(row["state"]),
        met_at=row["met_at"],
        cancelled_at=row["cancelled_at"],
        overdue_since=row["overdue_since"],
        note=row["note"],
        pauses=msgspec.convert(row["pauses"], tuple[Pause, ...]),
        extended_by=row["extended_by"],
    )
