"""The migration that puts leaf and payload of an entry into one row carries over what there is."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from catalog.audit_log import merkle, queries
from catalog.audit_log.model import EntryId, Subject
from catalog.audit_log.sequencer.operations import refilling, sequencing
from catalog.kernel.actor import Actor, system
from catalog.kernel.db import SEQUENCER_ROLE, Database, begin
from market.migrations.upgrade import downgrade, upgrade
from tests.log_of_tests import TestLog

BEFORE = "0095"
ABOUT = (Subject("order", "O1"), Subject("product", "p:1"))


@pytest.fixture
async def log(db: Database, almighty: Actor, data_dir: pathlib.Path, now: dt.datetime) -> TestLog:
    """A log with full and unfinished tiles, and some entries that wait."""
    made = TestLog(db, almighty, data_dir)
    await made.append_many(now, 300)
    await made.append(now, subjects=ABOUT)
    await made.run(now)
    await made.append_many(now, 3)
    return made


@pytest.fixture
async def owner(owner_dsn: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    connection = await asyncpg.connect(owner_dsn)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("SELECT set_config('app.clearance', 'system', false)")
    yield connection
    await connection.close()


async def leaves_of(owner: Any) -> list[Any]:
    """Return every leaf with its place, in its order, as an outsider has them; then what waits."""
    placed = await owner.fetch("SELECT idx, entry_id, leaf FROM audit_log.leaves ORDER BY idx")
    waiting = await owner.fetch("SELECT id, entry_id, leaf FROM audit_log.waiting ORDER BY id")
    return [tuple(row) for row in (*placed, *waiting)]


_OPEN = """
    SELECT entry_id, at, event, subjects, actor_account_id, actor_party_id, salt, payload
      FROM audit_log.open_payloads ORDER BY entry_id"""


async def test_what_the_log_holds_is_carried_over_and_the_log_goes_on(
    log: TestLog, owner: Any, owner_dsn: str, now: dt.datetime
) -> None:
    before, payloads = await leaves_of(owner), await owner.fetch(_OPEN)
    placed = len(before) - 3
    assert placed > 300

    await log.db.close()
    await downgrade(owner_dsn, BEFORE)
    assert await owner.fetchval("SELECT count(leaf) FROM audit_log.leaves") == placed
    assert await owner.fetchval("SELECT count(leaf) FROM audit_log.outbox") == 3
    await upgrade(owner_dsn)

    assert await leaves_of(owner) == before
    assert await owner.fetch(_OPEN) == payloads
    await log.append(now)
    assert await log.run(now) == 4
    async with begin(log.db, system("test")) as tx:
        assert (await queries.get_checkpoint(tx)).size == placed + 4
        proof = await queries.prove_inclusion(tx, 7)
        assert await queries.get_leaf(tx, 7) == before[7][2]
    assert proof.size == placed + 4


async def test_a_leaf_whose_payload_is_lost_is_found_by_what_it_tells(
    log: TestLog, owner: Any, owner_dsn: str, now: dt.datetime
) -> None:
    before = await leaves_of(owner)
    (lost,) = (each[1] for each in before if b'"p:1"' in each[2])
    await log.db.close()
    await downgrade(owner_dsn, BEFORE)
    await owner.execute("DELETE FROM audit_log.payloads WHERE entry_id = $1", lost)

    await upgrade(owner_dsn)

    assert await leaves_of(owner) == before
    row = await owner.fetchrow(
        """SELECT at, event, subjects, salt, payload, actor_account_id
             FROM audit_log.open_payloads WHERE entry_id = $1""",
        lost,
    )
    assert row["subjects"] == ["order:O1", "product:p:1"]
    assert (row["at"], row["payload"], row["salt"], row["actor_account_id"]) == (now, *[None] * 3)
    assert await log.run(now) == 3


async def test_a_payload_that_no_leaf_commits_to_holds_the_migration_up(
    log: TestLog, owner: Any, owner_dsn: str
) -> None:
    held = len(await leaves_of(owner))
    await log.db.close()
    await downgrade(owner_dsn, BEFORE)
    await owner.execute(
        """INSERT INTO audit_log.payloads (entry_id, at, event, subjects)
           VALUES (gen_random_uuid(), now(), 'x:y', '{}')"""
    )

    with pytest.raises(Exception, match="no leaf commits to"):
        await upgrade(owner_dsn)

    assert await owner.fetchval("SELECT count(*) FROM audit_log.payloads") == held + 1


async def test_a_payload_is_erased_and_its_leaf_stays(
    log: TestLog, owner: Any, owner_dsn: str
) -> None:
    before = await leaves_of(owner)
    await owner.execute("SET session_replication_role = origin")

    await owner.execute("UPDATE audit_log.entries SET salt = NULL, payload = NULL")

    assert await leaves_of(owner) == before
    assert await owner.fetchval("SELECT count(payload) FROM audit_log.open_payloads") == 0


async def test_an_entry_that_waits_and_is_not_there_stops_the_log(
    log: TestLog, owner: Any, now: dt.datetime
) -> None:
    gone = EntryId((await leaves_of(owner))[-1][1])
    await owner.execute("DELETE FROM audit_log.entries WHERE entry_id = $1", gone)

    with pytest.raises(sequencing.LogBroken, match="1 entries wait for a place and are not there"):
        await log.run(now)

    assert await owner.fetchval("SELECT count(*) FROM audit_log.outbox") == 3


async def test_a_refill_does_not_take_an_entry_that_is_stored_otherwise(
    log: TestLog, owner: Any, now: dt.datetime
) -> None:
    rows = await leaves_of(owner)
    placed, leaves = len(rows) - 3, [each[2] for each in rows[-3:]]
    await owner.execute(
        "UPDATE audit_log.entries SET leaf = leaf || ' ' WHERE entry_id = $1", rows[-1][1]
    )
    async with begin(log.db, system("test")) as tx:
        edge = await queries.get_edge(tx)
    grown, _ = edge.extended([merkle.leaf_hash(each) for each in leaves])

    with pytest.raises(sequencing.LogBroken, match=f"behind {placed} are stored otherwise"):
        async with begin(log.db, system("test"), role=SEQUENCER_ROLE) as tx:
            await refilling.refill(tx, leaves=leaves, grown=grown)

    assert await owner.fetchval("SELECT count(*) FROM audit_log.places") == placed
