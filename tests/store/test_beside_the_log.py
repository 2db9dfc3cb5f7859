"""What ``market check`` finds that is kept beside the log and differs from it, each by its name."""

from __future__ import annotations

import pathlib
from typing import Any, Final

import asyncpg
import pytest

from catalog.audit_log import operations as audit_log
from catalog.kernel.actor import Actor, system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import SEQUENCER_ROLE, Database, Tx, begin
from catalog.signing.purposes import Purpose
from catalog.witnessing.policy import parse_policy
from market.cli import beside_the_log
from tests.campaigns.stored_evidence import WITNESSES, policy_of, put_evidence
from tests.log_of_tests import TestLog, signer_of

NEWEST: Final = "(SELECT max(size) FROM audit_log.witnessed_checkpoints)"
#: What somebody does past every trigger, and how what is found begins and ends.
DONE: Final = {
    "DELETE FROM audit_log.order_counts WHERE order_id = 'o-1'": (
        "order_counts o-1", "None is told, and the log has 6",
    ),
    "UPDATE audit_log.order_counts SET entries = 2 WHERE order_id = 'o-2'": (
        "order_counts o-2", "2 is told, and the log has 3",
    ),
    "INSERT INTO audit_log.order_counts VALUES ('o-3', 1)": (
        "order_counts o-3", "1 is told, and the log has None",
    ),
    "DELETE FROM audit_log.search_state": ("search_state 0 rows", "how far the log is indexed"),
    "UPDATE audit_log.search_state SET size = size + 100": (
        "search_state 1 rows", "how far the log is indexed",
    ),
    "DELETE FROM audit_log.search_entries WHERE idx = 3": (
        "search_entries 3", "lacks what the log says",
    ),
    "UPDATE audit_log.search_entries SET actor_party_id = gen_random_uuid() WHERE idx = 4": (
        "search_entries 4", "lacks what the log says",
    ),
    "UPDATE audit_log.search_state SET size = size - 1": (
        "search_entries", "says what the log does not",
    ),
    "DELETE FROM audit_log.search_subjects WHERE idx = 2": (
        "search_subjects 2", "lacks what the log says",
    ),
    "INSERT INTO audit_log.search_subjects VALUES (gen_random_uuid(), now(), 1, 'x:y')": (
        "search_subjects 1", "says what the log does not",
    ),
    "UPDATE audit_log.head_snapshots SET published_at = published_at - interval '1 second'": (
        "head_snapshots", "it is not what its entry tells",
    ),
    "UPDATE audit_log.head_snapshots SET entry_id = gen_random_uuid()": (
        "head_snapshots", "it is not what its entry tells",
    ),
    "DELETE FROM audit_log.head_bundles": (
        "heads", "its heads are not those of the record that the log binds",
    ),
    "UPDATE audit_log.head_bundles SET heads = substr(heads, 2)": (
        "heads", "a bundle of heads is none",
    ),
    "UPDATE audit_log.head_bundles SET first_hash = substr(first_hash, 2)": (
        "heads", "its bundles are not in their order",
    ),
    "DELETE FROM audit_log.head_tiles": ("heads", "its tiles are not those over its heads"),
    "INSERT INTO audit_log.head_tiles VALUES (1, 0, 0, 'x')": (
        "heads 1", "nothing was published of this size, or it was let go",
    ),
    "UPDATE audit_log.timestamps SET kept_at = kept_at + interval '1 second' WHERE number = 1": (
        "timestamps 1", "it is not what its entry tells",
    ),
    "UPDATE audit_log.timestamps SET ends_at = ends_at + interval '1 year' WHERE number = 2": (
        "timestamps 2", "authority or instants are not those that the log tells",
    ),
    "UPDATE audit_log.entries SET payload = '{}' WHERE event = 'log:timestamped'": (
        "timestamps 1", "authority or instants are not those that the log tells",
    ),
    "DELETE FROM audit_log.archive_hashes WHERE number = 4": (
        "archive_hashes 4", "the hashes under this archive stamp are gone",
    ),
    "INSERT INTO audit_log.archive_hashes VALUES (9, 1, '', '')": (
        "archive_hashes 9", "there is no such archive stamp",
    ),
    "INSERT INTO audit_log.archive_hashes VALUES (1, 1, '', '')": (
        "archive_hashes 1", "this is no archive stamp",
    ),
    "UPDATE audit_log.archive_hashes SET covers = covers + 1 WHERE number = 5": (
        "archive_hashes 5", "it covers 4 timestamps",
    ),
    "UPDATE audit_log.archive_hashes SET bundles = records WHERE number = 4": (
        "archive_hashes 4", "the hashes are not those that were stamped",
    ),
    "UPDATE audit_log.key_notices SET note = note || '—'": ("key_notices", "key_notice_malformed"),
    "UPDATE audit_log.key_notices SET action = 'end'": (
        "key_notices", "its note is of another action or key",
    ),
    "UPDATE audit_log.key_notices SET entry_id = gen_random_uuid()": (
        "key_notices", "there is no such entry",
    ),
    f"UPDATE audit_log.cosignatures SET size = 1 WHERE size = {NEWEST} AND witness LIKE 'w1%'": (
        "cosignatures 1 w1.example/w", "no checkpoint of this size was signed",
    ),
    "UPDATE audit_log.cosignatures SET witness = witness || 'x' WHERE witness LIKE 'w2%'": (
        "cosignatures", "witness_key_malformed",
    ),
    "UPDATE audit_log.cosignatures SET cosigned_at = cosigned_at + interval '1 second'": (
        "cosignatures", "the line is not of this witness and instant",
    ),
    f"DELETE FROM audit_log.cosignatures WHERE size = {NEWEST} AND witness LIKE 'w1%'": (
        "witnessed_checkpoints", "it is not the signed checkpoint with the lines of its witnesses",
    ),
    f"DELETE FROM audit_log.witnessed_checkpoints WHERE size = {NEWEST}": (
        "witnessed_checkpoints", "enough witnesses cosigned it, and it is not kept",
    ),
    "DELETE FROM audit_log.witnessed_checkpoints": (
        "witnessed_checkpoints", "enough witnesses cosigned it, and it is not kept",
    ),
    f"DELETE FROM audit_log.checkpoints WHERE size = {NEWEST}": (
        "cosignatures", "no checkpoint of this size was signed",
    ),
    f"""UPDATE audit_log.witnessed_checkpoints w SET note = c.note FROM audit_log.checkpoints c
         WHERE c.size = w.size AND w.size = {NEWEST}""": (
        "witnessed_checkpoints", "witness_quorum_missing",
    ),
}  # fmt: skip


@pytest.fixture
async def log(db: Database, almighty: Actor, data_dir: pathlib.Path, clock: ManualClock) -> TestLog:
    made = TestLog(db, almighty, data_dir)
    keys = {Purpose.CHECKPOINT: signer_of(Purpose.CHECKPOINT).public_key}
    async with begin(db, system("test")) as tx:
        await audit_log.register_service_keys(tx, now=clock.now(), keys=keys)
    await put_evidence(made, clock)
    return made


@pytest.fixture
async def owner(log: TestLog, owner_dsn: str) -> Any:
    connection = await asyncpg.connect(owner_dsn)
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("SELECT set_config('app.clearance', 'system', false)")
    for table, name in await connection.fetch(
        """SELECT conrelid::regclass::text, conname FROM pg_constraint
            WHERE contype IN ('c', 'f') AND conrelid::regclass::text LIKE 'audit_log.%'"""
    ):
        await connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    yield connection
    await connection.close()


async def differing(tx: Tx, log: TestLog) -> list[str]:
    orders = await beside_the_log.miscounted_orders(tx)
    return orders + await beside_the_log.differences(tx, policy_of(log))


async def test_whatever_is_changed_beside_the_log_is_named(owner: Any, log: TestLog) -> None:
    tx = Tx(owner, system("check"))
    for sql, (begins, ends) in DONE.items():
        async with owner.transaction():
            genuine = await differing(tx, log)
        transaction = owner.transaction(isolation="repeatable_read")
        await transaction.start()

        await owner.execute(sql)
        found = await differing(tx, log)

        await transaction.rollback()
        assert genuine == [], sql
        assert any(line.startswith(begins) and ends in line for line in found), (sql, found)


async def test_without_a_policy_the_lines_of_witnesses_are_checked_and_no_quorum(
    owner: Any, log: TestLog
) -> None:
    tx = Tx(owner, system("check"))
    async with owner.transaction():
        await owner.execute("DELETE FROM audit_log.witnessed_checkpoints")
        missed = await beside_the_log.differences(tx, None)
        await owner.execute("UPDATE audit_log.cosignatures SET line = substr(line, 2)")
        wrong = await beside_the_log.differences(tx, None)

    assert missed == []
    assert len(wrong) == 8


async def test_a_policy_that_asks_for_fewer_than_before_makes_nothing_wrong_of_what_was_kept(
    owner: Any, log: TestLog
) -> None:
    first = next(iter(WITNESSES.values()))
    fewer = f"log {log.signer.key}\nwitness w1 {first.key}\nquorum w1\n".encode()
    tx = Tx(owner, system("check"))
    async with owner.transaction():
        await owner.execute(
            f"DELETE FROM audit_log.cosignatures WHERE size <> {NEWEST} AND witness LIKE 'w2%'"
        )
        await owner.execute(f"DELETE FROM audit_log.witnessed_checkpoints WHERE size <> {NEWEST}")
        found = await beside_the_log.differences(tx, policy_of(log))
        asked_of_one = await beside_the_log.differences(tx, parse_policy(fewer))

    assert found == []
    assert asked_of_one == []


async def test_an_index_that_is_behind_is_not_wrong_and_the_roles_of_the_service_see_it(
    log: TestLog, clock: ManualClock
) -> None:
    await log.append_many(clock.now(), 5)
    await log.run(clock.now())

    async with begin(log.db, system("check"), snapshot=True) as tx:
        assert await beside_the_log.differences(tx, policy_of(log)) == []
    async with begin(log.db, system("check"), role=SEQUENCER_ROLE, snapshot=True) as tx:
        assert await beside_the_log.miscounted_orders(tx) == []


async def test_a_payload_that_was_erased_tells_nothing_of_a_timestamp(
    owner: Any, log: TestLog
) -> None:
    async with owner.transaction():
        await owner.execute("UPDATE audit_log.entries SET salt = NULL, payload = NULL")

        assert await beside_the_log.differences(Tx(owner, system("check")), policy_of(log)) == []
