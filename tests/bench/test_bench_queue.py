"""The operator's queue beside its bare SQL, and a year's notice loaded, at 10,000 open cases.

Prints ratios. The bare statements are what the queue has to ask of PostgreSQL at least: a page by
the index with the cases' names, and the counts of the four heads.
"""

from __future__ import annotations

import datetime as dt
import statistics
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.clock import ManualClock, monotonic
from catalog.kernel.db import Database, begin
from catalog.kernel.local_time import SHANGHAI, local_date
from catalog.kernel.periods import Period, Unit
from catalog.kernel.workdays import Calendar, YearTable
from catalog.timers import operations as timers
from catalog.timers.urgency import spans
from market.workbench import queries as workbench
from market.workbench.model import QueueFilter
from tests.api import Api
from tests.makers_registration import make_scene

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

CASES = 10_000
ROUNDS = 200
PAGE = 50
TODAY = dt.datetime(2026, 11, 23, 9, tzinfo=SHANGHAI)
NOTICE_2027 = YearTable(
    year=2027,
    notice_number="国办发明电〔2026〕0号",
    issued_on=dt.date(2026, 11, 25),
    holidays=frozenset(
        [dt.date(2027, 1, day) for day in (1, 2, 3)]
        + [dt.date(2027, 2, day) for day in range(5, 13)]
    ),
    workdays=frozenset([dt.date(2027, 1, 31), dt.date(2027, 2, 20)]),
)

_COPIES = """
    INSERT INTO catalog.products
    SELECT p.* FROM catalog.products t, unnest($2::uuid[]) WITH ORDINALITY AS new (id, n),
           LATERAL jsonb_populate_record(
               t, jsonb_build_object('id', new.id, 'name', t.name || ' ' || new.n)) p
     WHERE t.id = $1"""
_CASES = """
    INSERT INTO catalog.applications
    SELECT a.* FROM catalog.applications t,
           unnest($2::uuid[], $3::uuid[]) WITH ORDINALITY AS new (id, product_id, n),
           LATERAL jsonb_populate_record(t, jsonb_build_object(
               'id', new.id, 'product_id', new.product_id, 'application_number', 'B' || new.n)) a
     WHERE t.id = $1"""
_PAGE = """
    SELECT t.*, a.application_number, p.name
      FROM (SELECT * FROM catalog.timers
             WHERE state IN ('open', 'overdue') AND against = 'supermarket_operator'
             ORDER BY ends_at, id LIMIT 51) t
      LEFT JOIN catalog.applications a ON t.subject_kind = 'application' AND a.id = t.subject_id
      LEFT JOIN catalog.products p ON p.id = a.product_id
     ORDER BY t.ends_at, t.id"""
_COUNTS = """
    SELECT width_bucket(due_on, $1::date[]) AS head, count(*),
           count(*) FILTER (WHERE provisional) AS provisional_count
      FROM catalog.timers
     WHERE state IN ('open', 'overdue') AND against = 'supermarket_operator'
     GROUP BY head"""


async def test_the_queue_costs_little_more_than_its_sql_and_a_year_moves_it_in_seconds(
    *,
    api: Api,
    db: Database,
    clock: ManualClock,
    owner_dsn: str,
    almighty: Actor,
    calendar: Calendar,
) -> None:
    await _make_cases(
        api=api, db=db, clock=clock, owner_dsn=owner_dsn, actor=almighty, calendar=calendar
    )
    heads = spans(today=local_date(TODAY), calendar=calendar)
    bounds = [span.due_from for span in heads.values() if span.due_from is not None]
    owning = await asyncpg.connect(owner_dsn)
    try:
        await owning.execute("ANALYZE")
        async with begin(db, almighty) as tx:

            async def ours() -> int:
                found = await workbench.queue(
                    tx,
                    viewer=almighty,
                    now=TODAY,
                    calendar=calendar,
                    wanted=QueueFilter(against="supermarket_operator"),
                    limit=PAGE,
                )
                return sum(head.count for head in found.heads)

            async def bare() -> int:
                await tx.fetch(_PAGE)
                return sum(row["count"] for row in await tx.fetch(_COUNTS, bounds))

            assert await ours() == await bare() > CASES
            # In turns, so that whatever else the machine does falls on both.
            times: dict[str, list[float]] = {"ours": [], "bare": []}
            for _ in range(ROUNDS):
                times["ours"].append(await _timed(ours))
                times["bare"].append(await _timed(bare))
    finally:
        await owning.close()
    mine, theirs = (statistics.median(times[name]) * 1000 for name in ("ours", "bare"))
    print(
        f"\nqueue of {CASES:,} cases, page of {PAGE}: {mine:.2f} ms, its bare SQL {theirs:.2f} ms,"
        f" {mine / theirs:.2f} times as long (asked: at most 1.5)"
    )
    mine, theirs = (min(times[name]) * 1000 for name in ("ours", "bare"))
    print(f"the fastest of {ROUNDS}: {mine:.2f} ms, {theirs:.2f} ms, {mine / theirs:.2f} times")

    started = monotonic()
    async with begin(db, almighty) as tx:
        moved = await timers.load_calendar_year(tx, actor=almighty, table=NOTICE_2027, now=TODAY)
    took = monotonic() - started
    print(f"a year's notice moved {len(moved):,} last days in {took:.2f} s (asked: at most 10 s)")
    assert len(moved) > CASES / 2 - 1


async def _timed(ask: Callable[[], Awaitable[Any]]) -> float:
    started = monotonic()
    await ask()
    return monotonic() - started


async def _make_cases(
    *,
    api: Api,
    db: Database,
    clock: ManualClock,
    owner_dsn: str,
    actor: Actor,
    calendar: Calendar,
) -> None:
    """Copy one submitted case ten thousand times; every second one's clock runs into 2027."""
    scene = await make_scene(api, db, clock)
    example = uuid.UUID(await scene.submitted())
    products, cases = ([uuid.uuid4() for _ in range(CASES)] for _ in range(2))
    owning = await asyncpg.connect(owner_dsn)
    try:
        await owning.execute("SELECT set_config('app.clearance', 'system', false)")
        await owning.execute(_COPIES, uuid.UUID(scene.product_id), products)
        await owning.execute(_CASES, example, cases, products)
    finally:
        await owning.close()
    async with begin(db, actor) as tx:
        for n, case in enumerate(cases):
            await timers.start(
                tx,
                now=TODAY,
                calendar=calendar,
                kind="review",
                subject_kind="application",
                subject_id=case,
                against="supermarket_operator",
                rulebook="hn-2023-interim",
                period=Period(30, Unit.WORKING_DAYS, "HN-12"),
                started_on=local_date(TODAY) - dt.timedelta(days=n % 60 if n % 2 else n % 4),
            )
