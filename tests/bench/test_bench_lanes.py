"""How many six-leg settlements a lane posts, durably and each answered, beside TPC-B in the same block.

Every settlement debits the escrow of one of a thousand orders and credits two right holders, a department,
and the same two accounts of all: the platform's fee and the tax. Callers hand in the next one when the last
was answered. TPC-B is pgbench's own, at 16 clients, on the same server, between the runs; what counts is the
ratio. The processor's time a settlement costs is told by who spent it.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import statistics
import time
import uuid
from typing import Any, Final

import asyncpg
import msgspec
import pytest

from catalog.kernel.actor import Actor
from catalog.kernel.db import API_ROLE, Database, begin
from catalog.kernel.ids import new_id
from market.postgres.binaries import find_binaries
from settlement.lanes.model import Request
from settlement.lanes.operations.writing import Lane
from settlement.ledger.accounts import Account, Purpose, escrow_of
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.ledger.queries import checking as books
from tests.bench import worked
from tests.conftest import TestServer
from tests.lanes_model import FEE, NOON, TAX, pay_in

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1800)]

CALLERS: Final = (1, 16, 64, 256, 1024)
# Two lanes would post at once, but the accounts that all are credited on would have one wait for the other.
LANES: Final = 1
ORDERS, OWNERS, DEPARTMENTS = 1000, 500, 50
CLIENTS, SCALE, SECONDS, WARM_UP = 16, 20, 5.0, 1.0
_ENOUGH: Final = 10**12
_OWNERS: Final = [Account(Purpose.PAYABLE, str(uuid.UUID(int=n + 1))) for n in range(OWNERS)]
_DEPARTMENTS: Final = [
    Account(Purpose.DEPARTMENT_PAYABLE, str(uuid.UUID(int=n + 1))) for n in range(DEPARTMENTS)
]


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """What so many callers got in one run."""

    callers: int
    rate: float
    p50_ms: float
    p99_ms: float
    together: float  # settlements in a transaction
    microseconds: dict[str, float]  # of a processor, for one settlement, by who worked


async def test_lanes_beside_tpc_b(
    *, db: Database, almighty: Actor, server: TestServer, owner_dsn: str
) -> None:
    await server.create("tpcb")
    await _pgbench(server.dsn("tpcb"), "--initialize", f"--scale={SCALE}", "--quiet")
    orders = [new_id() for _ in range(ORDERS)]
    async with contextlib.AsyncExitStack() as stack:
        lanes = [
            await stack.enter_async_context(Lane(db, n, actor=almighty, now=lambda: NOON))
            for n in range(LANES)
        ]
        paid = [lanes[n % LANES].submit(Request(pay_in(each, _ENOUGH))) for n, each in enumerate(orders)]  # fmt: skip
        await asyncio.gather(*paid)
        tpcb, runs = [await _tpcb(server)], []
        for callers in CALLERS:
            runs.append(await _run(lanes, orders, callers, owner_dsn))
            tpcb.append(await _tpcb(server))
    async with begin(db, almighty, snapshot=True) as tx:
        assert await books.find_breaches(tx) == []

    median = statistics.median(tpcb)
    print(f"\nTPC-B, {CLIENTS} clients: " + ", ".join(f"{each:,.0f}" for each in tpcb) + " /s")
    for run in runs:
        who = ", ".join(f"{name} {spent:.0f}" for name, spent in run.microseconds.items())
        print(
            f"{run.callers:>5} callers {run.rate:>9,.0f}/s {run.rate / median:>6.2f} × TPC-B"
            f"  p50 {run.p50_ms:>6.1f} ms  p99 {run.p99_ms:>6.1f} ms"
            f"  {run.together:>6.1f} in a transaction; µs of a core: {who}"
        )
    of_256 = next(run for run in runs if run.callers == 256)
    print(f"at 256 callers: {of_256.rate / median:.1f} × (asked: 15), p99 {of_256.p99_ms:.1f} ms (asked: 15)")  # fmt: skip


async def _run(lanes: list[Lane], orders: list[uuid.UUID], callers: int, owner_dsn: str) -> Run:
    taken: list[float] = []
    is_over = False

    async def call(number: int) -> None:
        rng, lane = random.Random(number), lanes[number % LANES]
        mine = orders[number % LANES :: LANES]  # an order is always of one lane
        while not is_over:
            request = Request(_settlement(rng.choice(mine), rng))
            begun = time.perf_counter()
            await lane.submit(request)
            taken.append(time.perf_counter() - begun)

    calling = [asyncio.create_task(call(number)) for number in range(callers)]
    await asyncio.sleep(WARM_UP)
    owner = await asyncpg.connect(owner_dsn)
    before, batches = await _spent(owner), sum(lane.batches for lane in lanes)
    taken.clear()
    begun = time.perf_counter()
    await asyncio.sleep(SECONDS)
    while not taken:
        await asyncio.sleep(1)  # a machine on which much else runs
    seconds, counted = time.perf_counter() - begun, sorted(taken)
    after = await _spent(owner)
    committed = sum(lane.batches for lane in lanes) - batches
    is_over = True
    await asyncio.gather(*calling)
    await owner.close()
    return Run(
        callers=callers,
        rate=len(counted) / seconds,
        p50_ms=counted[len(counted) // 2] * 1000,
        p99_ms=counted[len(counted) * 99 // 100] * 1000,
        together=len(counted) / max(committed, 1),
        microseconds={who: (after[who] - before[who]) / len(counted) * 1_000_000 for who in after},
    )


def _settlement(order: uuid.UUID, rng: random.Random) -> Entry:
    first, second = rng.sample(_OWNERS, 2)
    amount = rng.randint(1_000, 9_000)
    arriving = (
        Leg(first, amount),
        Leg(second, amount // 2),
        Leg(rng.choice(_DEPARTMENTS), amount // 5),
        Leg(FEE, amount // 10),
        Leg(TAX, amount // 20),
    )
    return Entry(
        key=new_id(),
        kind=Kind.RELEASE,
        legs=transfer(escrow_of(order), arriving),
        booked_at=NOON,
        value_on=NOON.date(),
        rule_version="bench/1",
        order_id=order,
    )


async def _spent(owner: Any) -> dict[str, float]:
    return {
        "ours": time.process_time(),
        "the server's": worked.seconds_of(await worked.serving(owner, API_ROLE)),
        "its writers'": worked.seconds_of(await worked.writing(owner)),
    }


async def _tpcb(server: TestServer) -> float:
    out = await _pgbench(
        server.dsn("tpcb"),
        "--protocol=prepared", "--no-vacuum", f"--client={CLIENTS}", "--jobs=2", f"--time={SECONDS:.0f}",
    )  # fmt: skip
    found = re.search(r"tps = ([\d.]+)", out)
    assert found is not None, out
    return float(found[1])


async def _pgbench(dsn: str, *how: str) -> str:
    process = await asyncio.create_subprocess_exec(
        find_binaries().bindir / "pgbench", *how, dsn,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, errors = (each.decode() for each in await process.communicate())
    assert process.returncode == 0, errors
    return out
