"""The faults: each does something bad while money moves, and leaves the machine whole again.

The numbers are those of the list of faults that the campaign goes through; what one machine can not do is
said by ``Impossible`` and counted as not run.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import random
import secrets
import signal
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import asyncpg
import msgspec

from catalog.kernel.clock import monotonic
from catalog.kernel.db import begin
from settlement.lanes.model import LaneFull, Request
from settlement.lanes.operations.writing import Lane
from settlement.ledger.operations import Posted
from settlement.ledger.queries import checking as books
from tests.campaigns.money_load import ACTOR, DOWN, Ack, Load
from tests.campaigns.money_stage import Stage, Wire
from tests.campaigns.money_worker import Job, Told
from tests.lanes_model import pay_in

# 255 is said of a process whose end somebody else has read.
_KILLED: Final = (-signal.SIGKILL, 255)
_MOST_CONNECTIONS: Final = 80  # more than the server lets in
SHORT_LEASE: Final = dt.timedelta(milliseconds=400)


class Impossible(Exception):
    """This machine does not let us do that."""


class Scene:
    """What a fault needs: the stage, the load, chance, and where it writes what it found."""

    def __init__(self, stage: Stage, load: Load, rng: random.Random) -> None:
        self.stage, self.load, self.rng = stage, load, rng
        self.whole_again = 0.0
        self.more_acks: list[Ack] = []
        self.left: dict[uuid.UUID, int] = {}  # orders of a worker that was killed
        self.findings: list[str] = []
        self.laned = False  # a worker was answered by its lane
        self.fenced = 0  # batches of a zombie that were refused

    def must_bite(self, *, did: bool, what: str) -> None:
        """A fault that did nothing shows nothing."""
        if not did:
            self.findings.append(f"it did not bite: {what}")

    async def some_time(self, most: float = 0.5) -> None:
        await asyncio.sleep(self.rng.uniform(0.05, most))

    def mended(self) -> None:
        """Say that from now on all is there again: the recovery is measured from here."""
        self.whole_again = monotonic()
        self.load.expect_answer()


Fault = Callable[[Scene], Awaitable[None]]


# ── the server ──


async def kill_server(scene: Scene) -> None:
    await scene.stage.kill_server()
    await scene.some_time(0.3)
    scene.mended()
    await scene.stage.start_server()


async def kill_server_while_it_recovers(scene: Scene) -> None:
    await scene.stage.kill_server()
    starting = asyncio.create_task(scene.stage.start_server())
    await asyncio.sleep(scene.rng.uniform(0.05, 0.4))
    for pid in scene.stage.processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    with contextlib.suppress(Exception):
        await starting
        await (
            scene.stage._forget()
        )  # it came up just before; what is kept of it would keep the next alive
    scene.mended()
    await scene.stage.start_server()


async def kill_backend(scene: Scene) -> None:
    scene.stage.kill_backend()
    scene.mended()


async def restart_server(scene: Scene) -> None:
    """The server is stopped and started as for a new version of it."""
    await scene.stage.stop_server()
    scene.must_bite(did=not scene.stage.is_up(), what="the server ran on")
    scene.mended()
    await scene.stage.start_server()


async def freeze_server(scene: Scene) -> None:
    with scene.stage.frozen():
        await asyncio.sleep(scene.rng.uniform(0.3, 1.2))
    scene.mended()


async def end_sessions(scene: Scene) -> None:
    await _storm(scene, "pg_terminate_backend")


async def cancel_statements(scene: Scene) -> None:
    await _storm(scene, "pg_cancel_backend")


async def _storm(scene: Scene, function: str) -> None:
    for _ in range(12):
        await scene.stage.execute(
            f"""SELECT {function}(pid) FROM pg_stat_activity
                 WHERE pid <> pg_backend_pid() AND datname = current_database()"""
        )
        await asyncio.sleep(scene.rng.uniform(0.01, 0.08))
    scene.mended()


# ── the wire ──


async def lose_answers(scene: Scene) -> None:
    before = scene.stage.proxy.lost
    scene.stage.proxy.set(Wire.LOSES_ANSWERS)
    await asyncio.sleep(scene.rng.uniform(0.2, 0.6))
    end = monotonic() + 10
    while scene.stage.proxy.lost == before and monotonic() < end:
        await asyncio.sleep(0.02)
    scene.stage.proxy.set(Wire.WHOLE)
    scene.mended()
    scene.must_bite(did=scene.stage.proxy.lost > before, what="no answer was lost")


async def cut_network(scene: Scene) -> None:
    scene.stage.proxy.set(Wire.CUT)
    await asyncio.sleep(scene.rng.uniform(0.2, 1.0))
    scene.mended()
    scene.stage.proxy.set(Wire.WHOLE)


async def cut_connections(scene: Scene) -> None:
    for _ in range(8):
        scene.stage.proxy.cut()
        await asyncio.sleep(scene.rng.uniform(0.0, 0.1))
    scene.mended()


async def silence_network(scene: Scene) -> None:
    """Half open: what was sent arrives later, or after the connection is gone."""
    scene.stage.proxy.set(Wire.SILENT)
    await asyncio.sleep(scene.rng.uniform(0.3, 1.0))
    if scene.rng.random() < 0.5:
        scene.stage.proxy.cut()
    scene.stage.proxy.set(Wire.WHOLE)
    scene.mended()


# ── processes of ours ──


@contextlib.asynccontextmanager
async def worker(
    scene: Scene, *, lane: int, dies_after_batches: int | None = None
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a worker beside the load; what it was told joins what the load was told.

    If it wants the load's lane, that one steps aside until the worker works, and again so that it can end.
    """
    if lane == 0:
        scene.load.desk.step_aside()
    job = Job(
        dsn=scene.stage.dsn("ROLE"),
        seed=f"{scene.rng.random()}",
        walkers=4,
        lane=lane,
        lease_ms=SHORT_LEASE // dt.timedelta(milliseconds=1),
        dies_after_batches=dies_after_batches,
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.campaigns.money_worker", msgspec.json.encode(job).decode(),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, limit=1024**2,
    )  # fmt: skip
    reading = asyncio.create_task(_read(scene, process))
    try:
        end = monotonic() + 40
        while not scene.laned and process.returncode is None and monotonic() < end:
            await asyncio.sleep(0.01)
        scene.load.desk.step_in()
        yield process
    finally:
        if lane == 0 and process.returncode is None:
            scene.load.desk.step_aside()
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
                process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 60)
        except TimeoutError:
            process.kill()
            scene.findings.append("a worker did not end")
        scene.load.desk.step_in()
        await reading
        assert process.stderr is not None
        said = (await process.stderr.read()).decode(errors="replace")
        if process.returncode not in (0, *_KILLED):
            scene.findings.append(f"a worker ended with {process.returncode}: {said[-600:]}")


async def _read(scene: Scene, process: asyncio.subprocess.Process) -> None:
    assert process.stdout is not None
    while line := await process.stdout.readline():
        if not line.endswith(b"\n"):
            return
        told = msgspec.json.decode(line, type=Told)
        if told.ack is not None:
            scene.more_acks.append(told.ack)
            scene.laned |= told.ack.by_lane
        scene.fenced += told.fenced
        if told.begun is not None:
            scene.left[uuid.UUID(told.begun[0])] = told.begun[1]


async def kill_worker(scene: Scene) -> None:
    """A process of the interface is killed anywhere between escrow, entry and answer."""
    async with worker(scene, lane=1) as process:
        await scene.some_time()
        process.kill()
        scene.mended()


async def kill_lane_owner(scene: Scene) -> None:
    """The process that writes the lane is killed; another takes the lane over."""
    async with worker(scene, lane=0) as process:
        await scene.some_time()
        process.kill()
        scene.mended()


async def kill_lane_owner_before_it_answers(scene: Scene) -> None:
    """… after a commit and before its answers: nobody was told, and all of it is there."""
    async with worker(scene, lane=0, dies_after_batches=scene.rng.randint(1, 6)) as process:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), 40)
        scene.mended()
        scene.must_bite(did=process.returncode in _KILLED, what="the writer did not die")


async def freeze_lane_owner(scene: Scene) -> None:
    """The lane's writer is stopped, replaced, and goes on as a zombie: it is fenced."""
    async with worker(scene, lane=0) as process:
        process.send_signal(signal.SIGSTOP)
        scene.mended()
        await asyncio.sleep(SHORT_LEASE.total_seconds() * scene.rng.uniform(1.2, 3))
        process.send_signal(signal.SIGCONT)
        await scene.some_time()


async def freeze_worker(scene: Scene) -> None:
    async with worker(scene, lane=1) as process:
        process.send_signal(signal.SIGSTOP)
        await scene.some_time(1.0)
        process.send_signal(signal.SIGCONT)
        scene.mended()


async def two_lane_owners(scene: Scene) -> None:
    """Two that hold the other for dead after some milliseconds take the lane from each other."""

    async def greedy() -> None:
        for n in range(12):
            request = Request(pay_in(uuid.uuid4(), n + 1))
            with contextlib.suppress(*DOWN):
                async with Lane(
                    scene.stage.db(), 0, actor=ACTOR, now=scene.load.now, lease=dt.timedelta(0)
                ) as lane:
                    posted = await lane.submit(request)
                    order = posted.entry.order_id
                    assert order is not None
                    scene.more_acks.append(Ack("bare", order, n + 1, posted.entry.key))
            await asyncio.sleep(0.01)

    await asyncio.gather(greedy(), greedy())
    scene.mended()


# ── too little of something ──


async def fill_disk(scene: Scene) -> None:
    """No room for tables: what is refused is done when there is room again."""
    disk = scene.stage.disk
    if disk is None:
        raise Impossible("no disk may be mounted")
    with scene.stage.filled(disk):
        await asyncio.sleep(scene.rng.uniform(0.5, 1.2))
        is_full = False
        try:
            await scene.stage.execute(
                "CREATE TABLE public.too_much AS SELECT repeat('x', 1000) FROM generate_series(1, 20000)"
            )
        except asyncpg.DiskFullError:
            is_full = True
    scene.mended()
    scene.must_bite(did=is_full, what="the disk was not full")


async def fill_wal_disk(scene: Scene) -> None:
    """No room for the log of writes: the server stops itself, and recovers when there is room."""
    disk = scene.stage.wal_disk
    if disk is None:
        raise Impossible("no disk may be mounted")
    with scene.stage.filled(disk):
        for _ in range(60):
            with contextlib.suppress(*DOWN):
                if not scene.stage.is_up():
                    break
                await asyncio.wait_for(scene.stage.execute("SELECT pg_switch_wal()"), 3)
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.2)
    scene.mended()
    scene.must_bite(did=not scene.stage.is_up(), what="the server did not mind")
    if not scene.stage.is_up():
        await scene.stage._forget()
        await scene.stage.start_server()


async def exhaust_connections(scene: Scene) -> None:
    """All that the server has are taken; then they are given back."""
    held: list[Any] = []
    scene.stage.proxy.cut()
    with contextlib.suppress(*DOWN):
        while len(held) < _MOST_CONNECTIONS:
            held += [await asyncpg.connect(scene.stage.dsn("market_api"), timeout=5)]
    await scene.some_time(0.8)
    for each in held:
        each.terminate()
    scene.mended()


async def exhaust_pool(scene: Scene) -> None:
    """A pool of two for a hundred that ask."""
    small = scene.stage.another_db(pool_size=2)
    load = Load(small, random.Random(scene.rng.random()))

    async def one(number: int) -> None:
        order = uuid.UUID(int=scene.rng.getrandbits(128), version=4)
        await load.pay(order, number + 1)
        await load.finish(order, number + 1)

    await asyncio.gather(*(one(n) for n in range(100)))
    scene.more_acks += load.acks
    await small.close()
    scene.mended()


async def overload(scene: Scene) -> None:
    """Ten times as many callers as the lane lets wait: who is refused is told so at once."""
    refused = 0
    async with Lane(scene.stage.db(), 1, actor=ACTOR, now=scene.load.now, most_waiting=50) as lane:
        began = monotonic()
        requests = [Request(pay_in(uuid.uuid4(), n + 1)) for n in range(500)]
        answers = await asyncio.gather(
            *(lane.submit(each) for each in requests), return_exceptions=True
        )
        for request, answer in zip(requests, answers, strict=True):
            if isinstance(answer, Posted):
                order = request.entry.order_id
                assert order is not None
                scene.more_acks.append(
                    Ack("pay_in", order, request.entry.amount_fen, request.entry.key)
                )
            elif isinstance(answer, LaneFull):
                refused += 1
            else:
                scene.findings.append(f"overload: {answer!r}")
    if refused != 450 or monotonic() - began > 20:
        scene.findings.append(f"overload: {refused} refused in {monotonic() - began:.1f} s")
    scene.mended()


# ── races that the server itself makes ──


async def inject_deadlocks(scene: Scene) -> None:
    await _injected(scene, "40P01")


async def inject_serialization_failures(scene: Scene) -> None:
    await _injected(scene, "40001")


async def _injected(scene: Scene, state: str) -> None:
    await scene.stage.execute(
        f"""CREATE FUNCTION public.now_and_then() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN
                IF random() < 0.1 THEN RAISE EXCEPTION 'injected' USING ERRCODE = '{state}'; END IF;
                RETURN NULL;
            END $$;
            CREATE TRIGGER injected AFTER INSERT ON audit_log.entries
            FOR EACH STATEMENT EXECUTE FUNCTION public.now_and_then()"""
    )
    await asyncio.sleep(scene.rng.uniform(0.5, 1.2))
    await scene.stage.execute(
        "DROP TRIGGER injected ON audit_log.entries; DROP FUNCTION public.now_and_then()"
    )
    scene.mended()


async def migrate(scene: Scene) -> None:
    """A column comes and goes, and an index is made, while all go on."""
    async with scene.stage.owner() as owner:
        await owner.execute("SET lock_timeout = '5s'")
        for table in ("settlement.journal", "settlement.escrows", "settlement.lanes"):
            await owner.execute(f"ALTER TABLE {table} ADD COLUMN of_the_campaign int")
            await scene.some_time(0.15)
            await owner.execute(f"ALTER TABLE {table} DROP COLUMN of_the_campaign")
        await owner.execute(
            "CREATE INDEX CONCURRENTLY of_the_campaign ON settlement.payments (created_at)"
        )
        await owner.execute("DROP INDEX CONCURRENTLY settlement.of_the_campaign")
    scene.mended()


async def pin_xmin(scene: Scene) -> None:
    """Somebody reads for a long time: what is read now is exact all the same."""
    async with scene.stage.owner() as reader:
        await reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        await reader.fetchval("SELECT count(*) FROM settlement.journal")
        for _ in range(4):
            await scene.some_time(0.3)
            async with begin(scene.stage.db(), ACTOR, snapshot=True) as tx:
                scene.findings += [str(each) for each in await books.find_breaches(tx)]
    scene.mended()


async def vacuum(scene: Scene) -> None:
    for table in ("guard_balances", "order_money", "escrows", "lanes"):
        await scene.stage.execute(f"VACUUM (FREEZE) settlement.{table}")
    await scene.stage.execute("CHECKPOINT")
    scene.mended()


# ── clocks ──


async def jump_clock(scene: Scene) -> None:
    """The service's clock jumps to and fro."""
    for hours in (1, -1, 26, -3, 0):
        scene.load.clock_off = dt.timedelta(hours=hours)
        await scene.some_time(0.2)
    scene.load.clock_off = dt.timedelta(0)
    scene.mended()


async def jump_clock_of_database(scene: Scene) -> None:
    """To the lanes the server's clock is an hour ahead, or behind."""
    for hours in (1, -1):
        with contextlib.suppress(*DOWN):
            await scene.stage.execute(
                f"""UPDATE settlement.lanes SET renewed_at = renewed_at + interval '{hours} hours',
                           claimed_at = claimed_at + interval '{hours} hours'"""
            )
        async with contextlib.AsyncExitStack() as stack:
            with contextlib.suppress(*DOWN):
                await stack.enter_async_context(
                    Lane(scene.stage.db(), 0, actor=ACTOR, now=scene.load.now)
                )
        await scene.some_time(0.3)
    scene.mended()


# ── what is stored ──


async def flip_bit(scene: Scene) -> None:
    """A bit of an amount is flipped in a copy of the books, and the sum kept: whoever checks finds it."""
    name = f"flipped_{secrets.token_hex(4)}"
    scene.load.is_closing = True
    await asyncio.sleep(0.3)
    await scene.stage.close_database()
    await _copy(scene, name)
    async with scene.stage.owner(name) as owner:
        await owner.execute("SET session_replication_role = replica")  # no trigger sees it
        is_wide = await owner.fetchval(
            """SELECT EXISTS (SELECT FROM pg_attribute WHERE attname = 'v2'
                                 AND attrelid = 'settlement.journal'::regclass)"""
        )
        debit, credit = ("v1", "v2") if is_wide else ("amt[1]", "amt[2]")
        credited = "v2" if is_wide else "(amt)[2]"
        flipped = await owner.fetchval(
            f"""UPDATE settlement.journal
                   SET {credit} = {credited} # 64,
                       {debit} = {debit} - (({credited} # 64) - {credited})
                 WHERE key = (SELECT key FROM settlement.journal WHERE {credited} > 200
                               ORDER BY key LIMIT 1) RETURNING key"""
        )
    scene.mended()
    before, scene.stage.database = scene.stage.database, name
    checked = scene.stage.another_db(pool_size=2)
    try:
        async with begin(checked, ACTOR, snapshot=True) as tx:
            found = await books.find_breaches(tx)
    finally:
        await checked.close()
        scene.stage.database = before
    scene.must_bite(did=flipped is not None, what="there was nothing to flip")
    if not found:
        scene.findings.append(f"a flipped bit in {flipped} was not found")
    async with scene.stage.owner("postgres") as owner:
        await owner.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


async def _copy(scene: Scene, name: str) -> None:
    for _ in range(50):
        with contextlib.suppress(asyncpg.ObjectInUseError):
            async with scene.stage.owner("postgres") as owner:
                await owner.execute(
                    f"""SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                         WHERE datname = '{scene.stage.database}'"""
                )
                await owner.execute(f'CREATE DATABASE "{name}" TEMPLATE "{scene.stage.database}"')
            return
        await asyncio.sleep(0.02)
    raise Impossible("the database is never without a session")


FAULTS: Final[dict[str, Fault]] = {
    "kill -9 of the server": kill_server,
    "kill -9 of the server, and again while it recovers": kill_server_while_it_recovers,
    "kill -9 of one backend": kill_backend,
    "kill -9 of the lane's writer": kill_lane_owner,
    "kill -9 of the lane's writer between commit and answer": kill_lane_owner_before_it_answers,
    "kill -9 of a process of the interface": kill_worker,
    "restart of the server": restart_server,
    "SIGSTOP of the server": freeze_server,
    "SIGSTOP of the lane's writer (zombie)": freeze_lane_owner,
    "SIGSTOP of a process of the interface": freeze_worker,
    "two writers of one lane": two_lane_owners,
    "all sessions ended, again and again": end_sessions,
    "all statements cancelled, again and again": cancel_statements,
    "lost answers": lose_answers,
    "network cut": cut_network,
    "connections cut": cut_connections,
    "network silent (half open)": silence_network,
    "disk full": fill_disk,
    "disk of the write-ahead log full": fill_wal_disk,
    "max_connections hit": exhaust_connections,
    "pool exhausted": exhaust_pool,
    "overload, ten times": overload,
    "deadlocks injected": inject_deadlocks,
    "serialization failures injected": inject_serialization_failures,
    "schema migrated under load": migrate,
    "long transaction pins xmin": pin_xmin,
    "vacuum, freeze and checkpoint": vacuum,
    "clock of the service jumps": jump_clock,
    "clock of the database jumps (leases)": jump_clock_of_database,
    "bit flipped in the journal": flip_bit,
}
#: What the load does in every cycle, whatever the fault is.
ALWAYS: Final = (
    "request sent twice",
    "callbacks doubled and reordered",
    "key used again for something else",
    "sixteen refunds at once",
    "dispute during release",
)
