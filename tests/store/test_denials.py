"""Refusals in PostgreSQL: remembered before they are answered, folded, counted to the last one."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.audit_log.events import Event
from catalog.denials import operations as denials
from catalog.denials.model import Denial
from catalog.kernel.actor import PUBLIC, system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, DatabaseUnreachable, begin
from market.http import denials as door
from market.http.denials import DenialRecorder
from market.jobs import close_denials
from market.migrations.upgrade import downgrade, upgrade

READER = system("test")


def denial(clock: ManualClock, **said: Any) -> Denial:
    standard: dict[str, Any] = {
        "event": Event.CREDENTIAL_REFUSED,
        "actor": PUBLIC,
        "facts": {"why": "unknown", "network": "192.0.2.1"},
        "at": clock.now(),
        "request_id": "r-1",
    }
    return Denial(**standard | said)


async def entries(db: Database) -> list[dict[str, Any]]:
    """Return the facts of all entries about refusals, the oldest first."""
    async with begin(db, READER) as tx:
        rows = await tx.fetch(
            """SELECT payload FROM audit_log.open_payloads WHERE event = 'credential:refused'
                ORDER BY entry_id"""
        )
    return [msgspec.json.decode(row["payload"])["facts"] for row in rows]


async def waiting(db: Database) -> int:
    async with begin(db, READER) as tx:
        rows = await tx.fetch("SELECT waiting FROM audit_log.denial_counts")
    return sum(msgspec.json.decode(row["waiting"])["times"] for row in rows)


async def test_the_first_has_an_entry_at_once_and_the_others_one_when_the_minute_is_over(
    db: Database, clock: ManualClock
) -> None:
    recorder = DenialRecorder(db, clock)
    for i in range(7):
        await recorder.remember(denial(clock, request_id=f"r-{i}", asked={"route": "/a"}))

    before = await entries(db)
    early = await close_denials.run(db, now=clock.now())
    clock.move_by(dt.timedelta(minutes=1))
    closed = await close_denials.run(db, now=clock.now())
    again = await close_denials.run(db, now=clock.now())

    first, rest = await entries(db)
    assert before == [first]
    assert (early, closed, again) == (0, 1, 0)
    assert (first["times"], first["is_first"], first["first_request_id"]) == (1, True, "r-0")
    assert (rest["times"], rest["is_first"]) == (6, False)
    assert (rest["first_request_id"], rest["last_request_id"]) == ("r-1", "r-6")
    assert rest["asked"] == [{"what": {"route": "/a"}, "times": 6}]


async def test_one_alone_in_its_minute_gets_no_second_entry(
    db: Database, clock: ManualClock
) -> None:
    await DenialRecorder(db, clock).remember(denial(clock))
    clock.move_by(dt.timedelta(minutes=1))

    assert await close_denials.run(db, now=clock.now()) == 1
    assert [each["times"] for each in await entries(db)] == [1]


async def test_two_processes_at_once_fold_into_one_and_lose_none(
    db: Database, clock: ManualClock
) -> None:
    processes = [DenialRecorder(db, clock) for _ in range(2)]

    await asyncio.gather(
        *(
            processes[i % 2].remember(
                denial(clock, facts={"why": "unknown", "network": f"192.0.2.{i % 3}"})
            )
            for i in range(300)
        )
    )

    told = await entries(db)
    assert len(told) == 3
    assert sum(each["times"] for each in told) + await waiting(db) == 300
    clock.move_by(dt.timedelta(minutes=2))
    await asyncio.gather(*(close_denials.run(db, now=clock.now()) for _ in range(3)))
    assert sum(each["times"] for each in await entries(db)) == 300
    assert len(await entries(db)) <= 6


async def test_a_flood_costs_few_transactions(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    remember = denials.remember

    async def counted(tx: Any, *, now: dt.datetime, denials: list[Denial]) -> None:
        batches.append(len(denials))
        await remember(tx, now=now, denials=denials)

    monkeypatch.setattr(door.denials, "remember", counted)
    recorder = DenialRecorder(db, clock)

    await asyncio.gather(*(recorder.remember(denial(clock)) for _ in range(2_500)))

    assert sum(batches) == 2_500
    assert max(batches) <= door.WAITING_MAX  # no more may wait
    assert len(batches) <= 10
    assert sum(each["times"] for each in await entries(db)) + await waiting(db) == 2_500


async def test_what_can_not_be_remembered_is_not_answered(
    db: Database, clock: ManualClock, owner_dsn: str
) -> None:
    recorder = DenialRecorder(db, clock)
    owner = await asyncpg.connect(owner_dsn)
    try:
        await owner.execute("REVOKE INSERT ON audit_log.denial_counts FROM market_api")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await recorder.remember(denial(clock))
        await owner.execute("GRANT INSERT ON audit_log.denial_counts TO market_api")
    finally:
        await owner.close()

    await recorder.remember(denial(clock))

    assert len(await entries(db)) == 1


async def test_without_a_database_nobody_is_told_that_he_was_refused(clock: ManualClock) -> None:
    nowhere = Database(lambda _role: "postgresql://market_api@127.0.0.1:1/none")

    with pytest.raises(DatabaseUnreachable):
        await DenialRecorder(nowhere, clock).remember(denial(clock))


async def test_whoever_goes_away_while_it_waits_stops_nobody_else(
    db: Database, clock: ManualClock
) -> None:
    recorder = DenialRecorder(db, clock)
    gone = asyncio.create_task(recorder.remember(denial(clock)))
    stays = asyncio.create_task(recorder.remember(denial(clock)))
    await asyncio.sleep(0)
    gone.cancel()

    await stays

    assert sum(each["times"] for each in await entries(db)) + await waiting(db) == 2


async def test_the_counts_are_nobodys_but_the_jobs(db: Database, clock: ManualClock) -> None:
    await DenialRecorder(db, clock).remember(denial(clock))

    async with begin(db, PUBLIC) as tx:
        assert await tx.fetch("SELECT key FROM audit_log.denial_counts") == []
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await denials.remember(tx, now=clock.now(), denials=[denial(clock)])


async def test_the_migrations_of_refusals_search_and_keys_go_both_ways(
    db: Database, clock: ManualClock, owner_dsn: str
) -> None:
    await DenialRecorder(db, clock).remember(denial(clock))
    await db.close()

    await downgrade(owner_dsn, "0060")
    owner = await asyncpg.connect(owner_dsn)
    try:
        gone = await owner.fetch(
            """SELECT to_regclass('audit_log.denial_counts'), to_regclass('signing.key_runs'),
                      to_regclass('audit_log.search_entries'), to_regclass('audit_log.open_payloads')"""
        )
        kept = await owner.fetchval(
            "SELECT count(*) FROM audit_log.payloads WHERE event = 'credential:refused'"
        )
    finally:
        await owner.close()
    await upgrade(owner_dsn)

    assert [*gone[0].values()] == [None] * 4
    assert kept == 1
    assert len(await entries(db)) == 1
    await DenialRecorder(db, clock).remember(denial(clock))
    assert len(await entries(db)) == 2
