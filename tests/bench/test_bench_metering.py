"""Metered access with its audit, beside the same without any and beside one global hash chain.

Sixteen writers in two processes, fsync on. Prints ratios, how soon after its commit an entry could be
proven, and what of the processors' time an access takes: that changes little with what else the
machine does. An access with its audit waits for nobody, so its rate is the cores divided by what it
takes of one; a chain's is one access in the time for which its head is held, however many cores there are.
"""

from __future__ import annotations

import asyncio
import bisect
import os
import statistics
import sys
import uuid

import asyncpg
import msgspec
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import API_ROLE, SEQUENCER_ROLE, Database
from market.settings import Settings
from tests.api import Api
from tests.bench import access_writers, log_follower, worked
from tests.bench.access_writers import AUDITED, BARE, CHAINED
from tests.conftest import TestServer
from tests.makers_trade import make_trade

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

WRITERS, PROCESSES = 16, 2
ORDERS = 64  # of each variant: what is not audited leaves gaps that the log would stop at
SECONDS = 6.0
ROUNDS = 3
EVERY = 0.25  # as the service looks

_ORDERS = """
    INSERT INTO market.orders
    SELECT o.* FROM market.orders t, unnest($2::uuid[]) AS new (id),
           LATERAL jsonb_populate_record(
               t, jsonb_build_object('id', new.id, 'number', new.id)) o
     WHERE t.id = $1"""
_GRANTS = """
    INSERT INTO market.grants
    SELECT g.* FROM market.grants t, unnest($2::uuid[]) AS new (id),
           LATERAL jsonb_populate_record(
               t, jsonb_build_object('id', new.id, 'order_id', new.id, 'quota', NULL)) g
     WHERE t.order_id = $1"""
_CHAIN = """
    CREATE TABLE public.chain_head (head bytea NOT NULL);
    INSERT INTO public.chain_head VALUES (decode(repeat('00', 32), 'hex'));
    CREATE TABLE public.chain (
        entry_id uuid PRIMARY KEY, leaf bytea NOT NULL, payload bytea NOT NULL, head bytea NOT NULL);
    GRANT SELECT, INSERT, UPDATE ON public.chain, public.chain_head TO market_api"""


class Run(msgspec.Struct, frozen=True):
    """What became of one variant for some seconds, and who worked how long for it."""

    rate: float
    commits: list[tuple[uuid.UUID, float]]
    seconds: dict[str, float]

    def of_each(self) -> dict[str, float]:
        """Return for how many microseconds of a processor each access was worked at, by whom."""
        return {
            who: seconds / len(self.commits) * 1_000_000 for who, seconds in self.seconds.items()
        }


async def test_audit_costs_metered_access_little(
    *,
    api: Api,
    db: Database,
    clock: ManualClock,
    owner_dsn: str,
    server: TestServer,
    database_name: str,
    settings: Settings,
) -> None:
    trade = await make_trade(api, db, clock)
    order = uuid.UUID(await trade.delivered())
    orders = {each: await copies(owner_dsn, order) for each in (AUDITED, BARE, CHAINED)}
    await make_chain(owner_dsn)
    dsns = {role: server.dsn(database_name, role) for role in (API_ROLE, SEQUENCER_ROLE)}
    follower = await start(
        "log_follower",
        log_follower.Job(
            dsns=dsns,
            journal=str(settings.journal_path),
            keys=str(settings.keys_dir),
            origin=settings.log_origin,
            every=EVERY,
            now=clock.now(),
        ),
    )

    async def run(variant: str, seconds: float) -> Run:
        before = await _others(owner_dsn, follower.pid)
        jobs = [
            access_writers.Job(
                dsns=dsns,
                buyer=trade.buyer.party.id,
                orders=orders[variant][i::PROCESSES],
                variant=variant,
                writers=WRITERS // PROCESSES,
                seconds=seconds,
                now=clock.now(),
            )
            for i in range(PROCESSES)
        ]
        running = [await start("access_writers", job) for job in jobs]
        said = await asyncio.gather(*(each.communicate() for each in running))
        done = [msgspec.json.decode(out, type=access_writers.Done) for out, _ in said]
        assert all(each.returncode == 0 for each in running)
        await asyncio.sleep(2 * EVERY)  # what is still to be given its place is of this run
        after = await _others(owner_dsn, follower.pid)
        return Run(
            rate=sum(len(each.commits) / each.seconds for each in done),
            commits=[commit for each in done for commit in each.commits],
            seconds={
                "writers": sum(each.worked for each in done),
                "their database": sum(each.served for each in done),
                **{who: after[who] - before[who] for who in before},
            },
        )

    await run(AUDITED, 2.0)  # the tables are no longer empty, the follower has begun
    runs: dict[str, list[Run]] = {AUDITED: [], BARE: [], CHAINED: []}
    for _ in range(ROUNDS):
        for variant, made in runs.items():
            made.append(await run(variant, SECONDS))
    await asyncio.sleep(1)
    said, _ = await follower.communicate(b"")
    published = msgspec.json.decode(said, type=list[tuple[float, int]])

    rates = {variant: [each.rate for each in made] for variant, made in runs.items()}
    works = {variant: _median_work(made) for variant, made in runs.items()}
    for variant, found in rates.items():
        print(f"\n{variant}: " + ", ".join(f"{each:,.0f}/s" for each in found), end="")
        parts = ", ".join(f"{who} {part:.0f}" for who, part in works[variant].items())
        each = sum(works[variant].values())
        busy = each * statistics.median(found) / 1_000_000
        print(f"; {each:.0f} µs of a processor each ({parts})", end="")
        print(f", {busy:.1f} of {os.cpu_count()} cores", end="")
    for peer, asked in ((BARE, 0.85), (CHAINED, 3.0)):
        ratios = sorted(a / b for a, b in zip(rates[AUDITED], rates[peer], strict=True))
        print(f"\nof {peer}: {ratios[len(ratios) // 2]:.2f} (asked: at least {asked})", end="")
    bare, audited = (sum(works[each].values()) for each in (BARE, AUDITED))
    print(f"\nby processor time it is {bare / audited:.2f} of the work {BARE}", end="")
    commits = [commit for each in runs[AUDITED] for commit in each.commits]
    delays = await _delays(owner_dsn, commits, published)
    p50, p99 = (delays[int(len(delays) * share)] * 1000 for share in (0.5, 0.99))
    print(f"\nproof ready after {p50:.0f} ms, p99 {p99:.0f} ms (asked: at most 500 ms)")
    assert len(delays) == len(commits)


async def start(
    module: str, job: access_writers.Job | log_follower.Job
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"tests.bench.{module}",
        msgspec.json.encode(job).decode(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )


async def copies(owner_dsn: str, order: uuid.UUID) -> list[uuid.UUID]:
    """Return copies of a delivered order, each with a grant of its own without a quota."""
    orders = [uuid.uuid4() for _ in range(ORDERS)]
    owning = await asyncpg.connect(owner_dsn)
    try:
        await owning.execute("SELECT set_config('app.remembered', 'yes', false)")
        await owning.execute("SELECT set_config('app.clearance', 'system', false)")
        await owning.execute(_ORDERS, order, orders)
        await owning.execute(_GRANTS, order, orders)
    finally:
        await owning.close()
    return orders


async def make_chain(owner_dsn: str) -> None:
    owning = await asyncpg.connect(owner_dsn)
    try:
        await owning.execute(_CHAIN)
        await owning.execute("ANALYZE")
    finally:
        await owning.close()


async def _others(owner_dsn: str, follower: int) -> dict[str, float]:
    """Return for how many seconds those have worked who are not the writers, nor serve them."""
    owning = await asyncpg.connect(owner_dsn)
    try:
        return {
            "log": worked.seconds_of([follower]),
            "its database": worked.seconds_of(await worked.serving(owning, SEQUENCER_ROLE)),
            "write-ahead log": worked.seconds_of(await worked.writing(owning)),
        }
    finally:
        await owning.close()


def _median_work(runs: list[Run]) -> dict[str, float]:
    each = [run.of_each() for run in runs]
    return {who: statistics.median(part[who] for part in each) for who in each[0]}


async def _delays(
    owner_dsn: str,
    commits: list[tuple[uuid.UUID, float]],
    published: list[tuple[float, int]],
) -> list[float]:
    """Return, sorted, how long after each commit the first checkpoint over it was published."""
    owning = await asyncpg.connect(owner_dsn)
    try:
        rows = await owning.fetch("SELECT entry_id, idx FROM audit_log.leaves")
    finally:
        await owning.close()
    places = {row["entry_id"]: row["idx"] for row in rows}
    sizes = [size for _, size in published]
    return sorted(
        published[bisect.bisect_right(sizes, places[entry])][0] - at for entry, at in commits
    )
