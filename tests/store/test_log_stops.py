"""What the log owes as the database tells it, and that a stop is kept until the log goes on."""

from __future__ import annotations

import datetime as dt
import pathlib

import asyncpg
import pytest

from catalog.audit_log import queries
from catalog.audit_log.disk import CheckpointJournal, CheckpointRefused
from catalog.audit_log.model import Subject
from catalog.audit_log.promising import Backlog
from catalog.audit_log.sequencer.operations import publishing, sequencing
from catalog.kernel.actor import Actor, system
from catalog.kernel.db import Database, begin
from market.http.backlog import BacklogReader
from tests.log_of_tests import TestLog

SECOND = dt.timedelta(seconds=1)
ABOUT = (Subject("order", "O1"),)


@pytest.fixture
async def log(db: Database, almighty: Actor, data_dir: pathlib.Path, now: dt.datetime) -> TestLog:
    made = TestLog(db, almighty, data_dir)
    await made.run(now)
    return made


async def backlog_of(db: Database) -> Backlog:
    async with begin(db, system("test")) as tx:
        return await queries.get_backlog(tx)


async def take_out(owner_dsn: str, entry_id: object) -> int:
    connection = await asyncpg.connect(owner_dsn)
    try:
        taken: int = await connection.fetchval(
            "DELETE FROM audit_log.outbox WHERE entry_id = $1 RETURNING id", entry_id
        )
    finally:
        await connection.close()
    return taken


async def put_back(owner_dsn: str, entry_id: object, id_: int) -> None:
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute(
            """INSERT INTO audit_log.outbox (id, entry_id) OVERRIDING SYSTEM VALUE VALUES ($1, $2)""",
            id_,
            entry_id,
        )
    finally:
        await connection.close()


async def test_what_waits_longest_is_told_until_it_is_signed(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    assert await backlog_of(db) == Backlog()

    await log.append(now)
    await log.append(now + SECOND)
    assert await backlog_of(db) == Backlog(waiting_since=now)

    # A place alone is not what a receipt promises: nobody sees it before it is signed.
    async with begin(db, log.actor, role="market_sequencer") as tx:
        assert (await sequencing.sequence(tx, limit=1)).count == 1
    assert await backlog_of(db) == Backlog(waiting_since=now)
    async with begin(db, log.actor, role="market_sequencer") as tx:
        await publishing.publish(tx, now=now, signer=log.signer, journal=log.journal)
    assert await backlog_of(db) == Backlog(waiting_since=now + SECOND)

    await log.run(now)
    assert await backlog_of(db) == Backlog()


async def test_a_gap_stops_the_log_until_what_is_missing_is_back(
    log: TestLog, db: Database, now: dt.datetime, owner_dsn: str
) -> None:
    gone = await log.append(now, subjects=ABOUT, order_seq=1)
    await log.append(now, subjects=ABOUT, order_seq=2)
    taken = await take_out(owner_dsn, gone)

    for later in (SECOND, 2 * SECOND):
        with pytest.raises(sequencing.LogBroken, match="but 1 is due"):
            await log.run(now + later)
        stopped = await backlog_of(db)
        assert stopped == Backlog(waiting_since=now, stopped_since=now + SECOND)

    await put_back(owner_dsn, gone, taken)
    assert await log.run(now + 3 * SECOND) == 2
    assert await backlog_of(db) == Backlog()
    connection = await asyncpg.connect(owner_dsn)
    try:
        kept = await connection.fetch("SELECT reason, stopped_at, resumed_at FROM audit_log.stops")
        assert [tuple(row) for row in kept] == [
            (
                "entry 2 of order O1 is next, but 1 is due",
                now + SECOND,
                now + 3 * SECOND,
            )
        ]
        for change in (
            "UPDATE audit_log.stops SET reason = 'maintenance'",
            "UPDATE audit_log.stops SET resumed_at = NULL",
            "DELETE FROM audit_log.stops",
            "TRUNCATE audit_log.stops",
        ):
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(change)
    finally:
        await connection.close()


async def test_a_signer_that_refuses_stops_the_log(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    ahead = log.journal.last()
    assert ahead is not None
    # The journal knows a larger log than this database: an old copy was restored.
    foreign = CheckpointJournal(log.journal.path.with_name("restored.jsonl"))
    foreign.append(
        type(ahead)(size=ahead.size + 1000, root=bytes(32), note=ahead.note, at=ahead.at), ()
    )
    log.journal = foreign
    await log.append(now)

    with pytest.raises((sequencing.LogBroken, CheckpointRefused)):
        await log.run(now)

    assert (await backlog_of(db)).stopped_since == now


async def test_a_process_asks_for_the_backlog_once_a_second(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    reader = BacklogReader()

    before = await reader.read(db, now)
    await log.append(now)
    within = await reader.read(db, now + dt.timedelta(milliseconds=999))
    after = await reader.read(db, now + SECOND)

    assert (before, within, after) == (Backlog(), Backlog(), Backlog(waiting_since=now))


async def test_the_answer_is_old_by_the_machine_s_time_too(
    log: TestLog, db: Database, now: dt.datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncio

    reader = BacklogReader()
    loop = asyncio.get_running_loop()
    await reader.read(db, now)
    await log.append(now)
    later = loop.time() + 1
    monkeypatch.setattr(type(loop), "time", lambda _loop: later, raising=False)

    assert await reader.read(db, now) == Backlog(waiting_since=now)
