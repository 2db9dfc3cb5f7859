"""How many whole orders a second a service takes over HTTP, from placing to the split; prints.

Placed, cleared, signed twice, paid through the sandbox, delivered, accepted, released among five: eleven
requests an order to ``market serve`` with two workers, on the same machine as those who ask. Told are
the processor time of the service, of the database and of those who ask, and how often each step asks
the database. Beside it TPC-B of pgbench on the same database server. ``BENCH_SECONDS`` (of each stage).

What an order costs, on two cores that others kept busy as well (load 15): 191 round trips before, 136 after
what is only written went together, keys were claimed as the transaction opens and nothing was read
twice. The three greatest costs were the round trips themselves (each a turn of the event loop and a statement
to set up), planning anew what a connection had forgotten (asyncpg keeps a hundred statements, the jobs ask more),
and eight commits that wait for the disk, which stay: each is an answer that is kept. With sixteen
buyers: 12.8 orders a second before (42 ms of the service, 44 ms of the database an order; TPC-B 3,170), 13.7
after (33 and 37 ms; TPC-B 3,298). Where the load left room, 18 before and TPC-B 3,341.

    BENCH_SECONDS=10 pytest -s -m bench tests/bench/test_bench_whole_orders.py
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import datetime as dt
import os
import pathlib
import re
import statistics
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import httpx
import pytest

from catalog.kernel.actor import PUBLIC
from catalog.kernel.clock import ManualClock, SystemClock, monotonic
from catalog.kernel.db import API_ROLE, Database, begin
from market.postgres.binaries import find_binaries
from market.settings import Settings
from tests import terminal
from tests.api import Api
from tests.conftest import TestServer
from tests.makers_owned import Owned, make_owned
from tests.makers_registration import must

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

SECONDS: Final = float(os.environ.get("BENCH_SECONDS", "5"))
BUYERS: Final = (1, 4, 16)
OWNERS: Final = ((1, 2), (1, 4), (1, 8), (1, 8))
_TPS: Final = re.compile(r"tps = ([0-9.]+)")

Timed = dict[str, list[float]]  # the milliseconds of each step


@pytest.fixture
def clock() -> ManualClock:
    """A clock that begins so long ago that a certificate is issued by now."""
    return ManualClock(SystemClock().now() - dt.timedelta(days=90))


async def test_whole_orders_over_http(
    *,
    api: Api,
    db: Database,
    clock: ManualClock,
    settings: Settings,
    server: TestServer,
    database_name: str,
) -> None:
    owned = await make_owned(api, db, clock, *OWNERS)
    await owned.certified()
    clock.move_to(SystemClock().now())
    await owned.sign_in_again()
    await owned.priced()
    await owned.listed()
    await api.keep_the_log()
    await tell_round_trips(owned)
    async with (
        serving(settings, server.dsn(database_name)) as (url, pids),
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as web,
    ):
        trade = Owned(Api(web, None, clock), db, clock)
        vars(trade).update({name: each for name, each in vars(owned).items() if name != "api"})
        await run_through(trade, collections.defaultdict(list))
        for buyers in BUYERS:
            await stage(trade, buyers, pids, await postmaster(db))
    print(f"TPC-B, 16 clients: {await tpc_b(server.dsn(database_name)):.0f} transactions a second")


async def tell_round_trips(trade: Owned) -> None:
    """Tell how often each step of an order asks the database, what it kept from before being warm."""
    asked: list[str] = []
    pool = await trade.api.context.db.pool(API_ROLE)
    held = [await pool.acquire() for _ in range(4)]
    for connection in held:
        connection.add_query_logger(lambda told: asked.append(told.query))
    for connection in held:
        await pool.release(connection)
    steps: Timed = collections.defaultdict(list)
    await run_through(trade, steps)
    asked.clear()
    steps.clear()
    await run_through(trade, steps, count=lambda: len(asked))
    each = ", ".join(f"{step} {sum(counts):.0f}" for step, counts in steps.items())
    print(f"\n{len(asked)} round trips an order: {each}")


async def stage(trade: Owned, buyers: int, pids: list[int], database: int) -> None:
    """Let so many buyers order one after the other until the time is over, and tell."""
    steps: Timed = collections.defaultdict(list)
    begun, used = monotonic(), cpu_seconds(pids)
    in_database, asking = cpu_seconds(family(database)), time.process_time()

    async def order_on() -> int:
        done = 0
        while monotonic() < begun + SECONDS:
            await run_through(trade, steps)
            done += 1
        return done

    done = sum(await asyncio.gather(*(order_on() for _ in range(buyers))))
    took = monotonic() - begun
    service = (cpu_seconds(pids) - used) / done * 1000
    in_database = (cpu_seconds(family(database)) - in_database) / done * 1000
    asking = (time.process_time() - asking) / done * 1000
    print(
        f"\n{buyers} buyers: {done / took:.1f} orders a second; of the processor an order takes"
        f" {service:.0f} ms in the service, {in_database:.0f} ms in the database,"
        f" {asking:.0f} ms to ask"
    )
    for step, times in steps.items():
        middle, most = statistics.median(times), statistics.quantiles(times, n=100)[98]
        print(f"  {step:10} p50 {middle:6.1f} ms  p99 {most:6.1f} ms")


async def run_through(
    trade: Owned, steps: Timed, *, count: Callable[[], float] = lambda: monotonic() * 1000
) -> None:
    """Take one order from its placing to the split; ``count`` is what each step is measured by."""

    async def timed(step: str, act: Awaitable[Any]) -> Any:
        begun = count()
        answer = await act
        steps[step].append(count() - begun)
        return answer

    order = await timed("place", trade.placed(price_item="forever", quantity=1))

    async def step(name: str, who: Any) -> None:
        must(await trade.step(order, name, who))

    await timed("clear", step("clearances", trade.acceptor))
    for who, key in ((trade.buyer, trade.buyer_key), (trade.supplier, trade.supplier_key)):
        must(await timed("sign", trade.sign(order, who, key)))
    await timed("pay", trade.pay(order))
    await timed("deliver", step("deliveries", trade.supplier))
    await timed("accept", step("acceptances", trade.buyer))
    released = await timed("release", trade.step(order, "releases", trade.issuer))
    assert released.status_code < 300, released.text


@contextlib.asynccontextmanager
async def serving(settings: Settings, dsn: str) -> AsyncIterator[tuple[str, list[int]]]:
    """Run the service with two workers; yield its address and its processes."""
    port = terminal.free_port()
    url = f"http://127.0.0.1:{port}"
    more = {
        "DATABASE_URL": dsn,
        "MARKET_LOG_LEVEL": "error",
        "MARKET_SANDBOX_CHANNEL": "1",
        "MARKET_PUBLIC_URL": url,
    }
    service = terminal.start(
        *("serve", "--data-dir", settings.data_dir, "--port", port, "--workers", 2),
        stderr=None,
        env=more,
    )
    try:
        async with httpx.AsyncClient(trust_env=False) as web:
            while True:
                assert service.poll() is None
                with contextlib.suppress(httpx.HTTPError):
                    if (await web.get(f"{url}/api/v1/products")).status_code == httpx.codes.OK:
                        break
                await asyncio.sleep(0.2)
        await asyncio.sleep(3)  # the other worker comes up as well
        yield url, family(service.pid)
    finally:
        service.terminate()
        service.communicate(timeout=60)


async def postmaster(db: Database) -> int:
    """Return the process from which those of the database server come."""
    async with begin(db, PUBLIC) as tx:
        backend = await tx.fetch_value("SELECT pg_backend_pid()")
    return int(_stat(backend)[1])


def family(pid: int) -> list[int]:
    """Return a process and all that came from it."""
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in family(int(child)))]


def cpu_seconds(pids: list[int]) -> float:
    """Return what processes have used of the processor."""
    used = 0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError):
            used += int(_stat(pid)[11]) + int(_stat(pid)[12])
    return used / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


async def tpc_b(dsn: str) -> float:
    """Return how many transactions a second pgbench makes, on tables of its own."""
    pgbench = str(find_binaries().bindir / "pgbench")

    def run(*words: str) -> str:
        return subprocess.run(
            [pgbench, *words, dsn], capture_output=True, text=True, check=True
        ).stdout

    await asyncio.to_thread(run, "-i", "-q", "-s", "20")
    said = await asyncio.to_thread(run, "-n", "-c", "16", "-j", "2", "-M", "prepared", "-T", "5")
    found = _TPS.search(said)
    assert found is not None, said
    return float(found[1])
