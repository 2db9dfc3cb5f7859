"""The log in PostgreSQL: appended in the command, sequenced and signed beside it."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import pathlib

import asyncpg
import pytest

from catalog.audit_log import further_lines, merkle, queries
from catalog.audit_log import operations as audit_log
from catalog.audit_log.checkpoint import open_checkpoint
from catalog.audit_log.disk import CheckpointJournal, CheckpointRefused
from catalog.audit_log.events import Event
from catalog.audit_log.further_lines import FurtherKey
from catalog.audit_log.leaf import commitment, read_leaf
from catalog.audit_log.model import EntryId, Subject
from catalog.audit_log.sequencer.operations import publishing, sequencing
from catalog.audit_log.tiles import NoSuchTile, TilePath, parse_path, unpack
from catalog.audit_log.verdict import Findings
from catalog.kernel.actor import PUBLIC, Actor, system
from catalog.kernel.db import SEQUENCER_ROLE, Database, NothingRemembered, Tx, begin, run
from catalog.signing import queries as signing_queries
from catalog.signing.algorithms import OF_PARTIES, Algorithm
from catalog.signing.keyring import KeyNotValid
from catalog.signing.model import key_id_of
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from market.jobs import index_log
from tests.log_of_tests import ORIGIN, TestLog, further_signer_of, log_signer_of_all, signer_of

JOB = system("test")


@pytest.fixture
async def log(db: Database, almighty: Actor, data_dir: pathlib.Path, now: dt.datetime) -> TestLog:
    """A log that waits for entries: whatever the template brought along has its place."""
    made = TestLog(db, almighty, data_dir)
    await made.run(now)
    return made


async def size_of(db: Database) -> int:
    async with begin(db, JOB) as tx:
        size: int = await tx.fetch_value("SELECT size FROM audit_log.state")
    return size


async def test_an_entry_is_appended_sequenced_signed_and_proven(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    before = await size_of(db)
    entry_id = await log.append(now)

    assert await log.run(now) == 1

    async with begin(db, PUBLIC) as tx:
        index = await queries.find_index(tx, entry_id)
        assert index == before
        published = await queries.get_checkpoint(tx)
        leaf = await queries.get_leaf(tx, index)
        proof = await queries.prove_inclusion(tx, index)
    checkpoint = open_checkpoint(published.note, log.signer.key)
    assert checkpoint is not None
    assert (checkpoint.origin, checkpoint.size) == (ORIGIN, before + 1)
    assert read_leaf(leaf).event == "product:described"
    assert merkle.verify_inclusion(
        merkle.leaf_hash(leaf), index, proof.size, proof.hashes, checkpoint.root
    )


async def test_an_entry_says_that_something_was_remembered_for_its_own_transaction_alone(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    said = "SELECT coalesce(current_setting('app.remembered', true), '')"

    async def append(tx: Tx) -> None:
        await audit_log.append(
            tx, Event.PRODUCT_DESCRIBED, actor=log.actor, now=now, subjects=[Subject("log", "1")]
        )

    async with begin(db, log.actor) as tx:
        before = await tx.fetch_value(said)
        with contextlib.suppress(ZeroDivisionError):
            async with tx.savepoint():
                await append(tx)
                undone = await tx.fetch_value(said)
                raise ZeroDivisionError
        without = await tx.fetch_value(said)
        await append(tx)
        within = await tx.fetch_value(said)
    async with begin(db, log.actor) as tx:
        after = await tx.fetch_value(said)

    assert (before, undone, without, within, after) == ("", "yes", "", "yes", "")


async def test_the_leaf_tells_nothing_personal_and_commits_to_the_payload(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    entry_id = await log.append(now)

    async with begin(db, log.actor) as tx:
        row = await tx.fetch_one(
            """SELECT o.leaf, p.salt, p.payload FROM audit_log.waiting o
               JOIN audit_log.open_payloads p USING (entry_id) WHERE o.entry_id = $1""",
            entry_id,
        )

    assert row is not None
    leaf = read_leaf(row["leaf"])
    assert leaf.payload_sha256 == commitment(row["salt"], row["payload"])
    assert "海南省企业信用数据".encode() in row["payload"]
    assert str(log.actor.account_id).encode() not in row["leaf"]
    assert (leaf.v, leaf.rules, leaf.at) == (1, ("HN-08",), "2026-03-02T01:00:00.000000Z")


async def test_a_command_that_is_rolled_back_leaves_no_entry(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    class Stop(Exception):
        pass

    with pytest.raises(Stop):  # noqa: PT012
        async with begin(db, log.actor) as tx:
            await audit_log.append(
                tx, Event.PRODUCT_DESCRIBED, actor=log.actor, now=now, subjects=()
            )
            raise Stop

    assert await log.run(now) == 0


async def test_a_command_that_remembers_nothing_fails(log: TestLog, db: Database) -> None:
    async def forgetful(_tx: object) -> None:
        return None

    with pytest.raises(NothingRemembered):
        await run(db, log.actor, forgetful)


async def test_a_sequencer_that_dies_in_the_middle_has_moved_nothing(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    await log.append_many(now, 300)
    before = await size_of(db)

    class Killed(Exception):
        pass

    with pytest.raises(Killed):  # noqa: PT012
        async with begin(db, JOB, role=SEQUENCER_ROLE) as tx:
            assert (await sequencing.sequence(tx)).count == 300
            raise Killed

    assert await size_of(db) == before
    assert await log.run(now) == 300
    assert await size_of(db) == before + 300


async def test_two_sequencers_give_every_entry_one_place(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    before = await size_of(db)
    for _ in range(5):
        await log.append_many(now, 60)

    done = await asyncio.gather(*(log.run(now) for _ in range(6)))

    assert sum(done) == 300
    async with begin(db, JOB) as tx:
        places = [
            row["idx"]
            for row in await tx.fetch(
                "SELECT idx FROM audit_log.leaves WHERE idx >= $1 ORDER BY idx", before
            )
        ]
        leaves = [
            row["leaf"] for row in await tx.fetch("SELECT leaf FROM audit_log.leaves ORDER BY idx")
        ]
        state = await tx.fetch_one("SELECT size, root FROM audit_log.state")
        waiting = await tx.fetch_value("SELECT count(*) FROM audit_log.outbox")
    assert state is not None
    assert places == list(range(before, before + 300))
    assert (state["size"], state["root"]) == (before + 300, merkle.root_of(leaves))
    assert waiting == 0


async def test_a_command_that_ended_before_another_began_has_the_earlier_place(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    first = [await log.append(now) for _ in range(20)]
    await log.run(now)
    second = [await log.append(now) for _ in range(20)]
    await asyncio.gather(log.run(now), log.run(now))

    async with begin(db, PUBLIC) as tx:
        places = [await queries.find_index(tx, each) for each in [*first, *second]]
    assert None not in places
    assert places == sorted(p for p in places if p is not None)


async def test_an_entry_that_commits_late_is_sequenced_late_and_not_lost(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    async with begin(db, log.actor) as slow:
        late = (
            await audit_log.append(
                slow, Event.PRODUCT_DESCRIBED, actor=log.actor, now=now, subjects=()
            )
        ).id
        early = await log.append(now)
        assert await log.run(now) == 1

    assert await log.run(now) == 1
    async with begin(db, PUBLIC) as tx:
        first, last = await queries.find_index(tx, early), await queries.find_index(tx, late)
    assert first is not None
    assert last == first + 1


async def test_an_entry_that_was_taken_out_of_its_order_stops_the_log(
    log: TestLog, db: Database, now: dt.datetime, owner_dsn: str
) -> None:
    about = (Subject("order", "O1"),)
    for number in (1, 2, 3):
        await log.append(now, subjects=about, order_seq=number)
    await log.run(now)
    gone = await log.append(now, subjects=about, order_seq=4)
    await log.append(now, subjects=about, order_seq=5)
    size = await size_of(db)
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute("DELETE FROM audit_log.outbox WHERE entry_id = $1", gone)
        with pytest.raises(sequencing.LogBroken, match="entry 5 of order O1 is next, but 4 is due"):
            await log.run(now)
        with pytest.raises(asyncpg.PostgresError, match="do not become fewer"):
            await connection.execute("UPDATE audit_log.order_counts SET entries = 1")
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute("DELETE FROM audit_log.order_counts")
    finally:
        await connection.close()
    assert await size_of(db) == size


async def test_tiles_and_bundles_are_served_as_far_as_they_are_signed(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    size = await size_of(db)
    await log.append_many(now, 600 - size)
    await log.run(now)
    await log.append(now)
    async with begin(db, JOB, role=SEQUENCER_ROLE) as tx:
        await sequencing.sequence(tx)  # has its place, but is not signed

    async with begin(db, PUBLIC) as tx:
        bundles = [
            await queries.get_tile(tx, parse_path(path))
            for path in ("entries/000", "entries/001", "entries/002.p/88")
        ]
        leaves = [leaf for bundle in bundles for leaf in unpack(bundle)]
        full = await queries.get_tile(tx, TilePath(0, 1))
        partial = await queries.get_tile(tx, TilePath(0, 2, 88))
        above = await queries.get_tile(tx, TilePath(1, 0, 2))
        for path in (
            TilePath(0, 2, 89),
            TilePath(None, 2, 89),
            TilePath(1, 0, 3),
            TilePath(2, 0, 1),
        ):
            with pytest.raises(NoSuchTile):
                await queries.get_tile(tx, path)
        published = await queries.get_checkpoint(tx)
        with pytest.raises(queries.NoSuchEntry):
            await queries.get_leaf(tx, 600)
        with pytest.raises(queries.ProofOutOfRange):
            await queries.prove_inclusion(tx, 0, 601)

    hashes = [merkle.leaf_hash(leaf) for leaf in leaves]
    assert b"".join(hashes[256:512]) == full
    assert b"".join(hashes[512:600]) == partial
    assert above[32:] == merkle.perfect_root(full)
    assert merkle.root_of(leaves) == published.root


async def test_what_proofs_are_made_of_is_asked_by_a_plan_that_is_made_once(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    await log.append_many(now, 300)
    await log.run(now)

    async with begin(db, system("test")) as tx:
        for index in range(10):
            await queries.prove_inclusion(tx, index)
        plans = await tx.fetch_one(
            """SELECT generic_plans, custom_plans FROM pg_prepared_statements
                WHERE statement LIKE 'WITH tree AS%'"""
        )

    assert plans is not None
    assert plans["generic_plans"] >= 5, "PostgreSQL tries five times before it keeps a plan"


async def test_every_earlier_checkpoint_is_proven_to_be_continued(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    for count in (3, 250, 30):
        await log.append_many(now, count)
        await log.run(now)

    signed = list(log.journal.read())
    async with begin(db, PUBLIC) as tx:
        for old in signed:
            proof = await queries.prove_consistency(tx, old.size)
            assert (proof.old_root, proof.new_root) == (old.root, signed[-1].root)
            assert merkle.verify_consistency(
                old.size, proof.new, old.root, signed[-1].root, proof.hashes
            )
        with pytest.raises(queries.ProofOutOfRange):
            await queries.prove_consistency(tx, signed[-1].size + 1)


async def test_the_log_of_a_market_that_did_nothing_is_empty(db: Database, owner_dsn: str) -> None:
    async with begin(db, PUBLIC) as tx:
        with pytest.raises(queries.LogEmpty):
            await queries.get_checkpoint(tx)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log.entries SET leaf = 'x'",
        "UPDATE audit_log.entries SET entry_id = gen_random_uuid()",
        "DELETE FROM audit_log.entries",
        "UPDATE audit_log.places SET idx = idx + 1",
        "DELETE FROM audit_log.places WHERE idx = 0",
        "TRUNCATE audit_log.places",
        "UPDATE audit_log.checkpoints SET note = 'x'",
        "DELETE FROM audit_log.checkpoints",
        "TRUNCATE audit_log.checkpoints CASCADE",  # a cosignature names its checkpoint
        "TRUNCATE audit_log.tiles",
        "TRUNCATE audit_log.outbox",
        "TRUNCATE audit_log.entries",
        "UPDATE audit_log.state SET size = size - 1",
        "DELETE FROM audit_log.state",
        "TRUNCATE audit_log.state",
    ],
)
async def test_not_even_the_owner_changes_or_empties_the_log(
    log: TestLog, owner_dsn: str, now: dt.datetime, statement: str
) -> None:
    await log.append(now)
    await log.run(now)

    owner = await asyncpg.connect(owner_dsn)
    try:
        with pytest.raises(asyncpg.RestrictViolationError):
            await owner.execute(statement)
    finally:
        await owner.close()


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("market_api", "DELETE FROM audit_log.outbox"),
        ("market_api", "UPDATE audit_log.outbox SET entry_id = gen_random_uuid()"),
        ("market_api", "UPDATE audit_log.entries SET payload = 'x'"),
        ("market_api", "DELETE FROM audit_log.entries"),
        ("market_api", "INSERT INTO audit_log.places VALUES (9999, gen_random_uuid())"),
        ("market_api", "UPDATE audit_log.state SET size = size + 1"),
        ("market_api", "INSERT INTO audit_log.checkpoints VALUES (9, sha256(''), 'x', now())"),
        ("market_api", "DELETE FROM signing.keys"),
        ("market_api", "UPDATE signing.keys SET public_key = sha256('x')"),
        ("market_sequencer", "UPDATE audit_log.entries SET leaf = 'x'"),
        ("market_sequencer", "INSERT INTO audit_log.entries (payload) VALUES ('x')"),
        ("market_sequencer", "INSERT INTO audit_log.outbox (entry_id) VALUES (gen_random_uuid())"),
        ("market_sequencer", "SELECT payload FROM audit_log.entries"),
    ],
)  # fmt: skip
async def test_a_role_has_no_more_rights_than_its_work_needs(
    log: TestLog, db: Database, role: str, statement: str
) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with begin(db, JOB, role=role) as tx:
            await tx.execute(statement)


async def test_a_payload_is_read_by_its_own_party_only(
    log: TestLog, db: Database, now: dt.datetime, almighty: Actor
) -> None:
    import msgspec

    from catalog.kernel.actor import Clearance
    from catalog.kernel.ids import PartyId, new_id

    await log.append(now)
    stranger = msgspec.structs.replace(
        almighty, clearance=Clearance.PARTY, party_id=PartyId(new_id())
    )
    owner = msgspec.structs.replace(almighty, clearance=Clearance.PARTY)

    async with begin(db, stranger) as tx:
        assert await queries.list_entries_about_any(tx, stranger, ["product:1"], limit=1000) == []
    async with begin(db, owner) as tx:
        (entry,) = await queries.list_entries_about_any(tx, owner, ["product:1"], limit=1000)
    assert entry.payload is not None
    assert entry.index is None


# ── signing ──


async def tampered(owner_dsn: str, *statements: str) -> None:
    owner = await asyncpg.connect(owner_dsn)
    try:
        await owner.execute("SET session_replication_role = replica")
        for statement in statements:
            await owner.execute(statement)
    finally:
        await owner.close()


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE audit_log.entries SET leaf = leaf || ' ' WHERE entry_id = (SELECT entry_id FROM audit_log.places ORDER BY idx DESC LIMIT 1)",
         "do not have the stored root"),
        ("DELETE FROM audit_log.places WHERE idx = (SELECT max(idx) - 3 FROM audit_log.places)", "is missing"),
        ("DELETE FROM audit_log.entries USING audit_log.places p WHERE p.entry_id = entries.entry_id AND p.idx = 30",
         "leaf 30 is missing"),
        ("DELETE FROM audit_log.places WHERE idx = (SELECT max(idx) FROM audit_log.places)",
         "do not have the stored root"),
        ("UPDATE audit_log.state SET root = sha256('x')", "do not have the stored root"),
        ("UPDATE audit_log.state SET size = 1, frontier = sha256('x')", "were signed, but the log has 1"),
        ("DELETE FROM audit_log.checkpoints", ""),
    ],
)  # fmt: skip
async def test_nothing_is_signed_over_what_was_changed(
    log: TestLog, owner_dsn: str, now: dt.datetime, statement: str, reason: str
) -> None:
    await log.append_many(now, 20)
    await log.run(now)
    signed = list(log.journal.read())
    await log.append_many(now, 10)
    async with begin(log.db, JOB, role=SEQUENCER_ROLE) as tx:
        await sequencing.sequence(tx)
    await tampered(owner_dsn, statement)

    if not reason:  # a checkpoint that is gone is put back from the journal
        await log.run(now)
        assert len(list(log.journal.read())) == len(signed) + 1
        return
    with pytest.raises(sequencing.LogBroken, match=reason):
        await log.run(now)
    assert list(log.journal.read()) == signed


async def test_a_log_that_was_rewritten_from_its_beginning_is_not_signed(
    log: TestLog, owner_dsn: str, now: dt.datetime
) -> None:
    await log.append_many(now, 5)
    await log.run(now)
    await log.append_many(now, 5)
    async with begin(log.db, JOB, role=SEQUENCER_ROLE) as tx:
        await sequencing.sequence(tx)
    async with begin(log.db, JOB) as tx:
        leaves = [
            r["leaf"] for r in await tx.fetch("SELECT leaf FROM audit_log.leaves ORDER BY idx")
        ]
    forged = [b"forged" + leaves[0], *leaves[1:]]
    edge, _ = merkle.Edge().extended([merkle.leaf_hash(leaf) for leaf in forged])
    await tampered(
        owner_dsn,
        f"UPDATE audit_log.entries SET leaf = '\\x{forged[0].hex()}'"
        " WHERE entry_id = (SELECT entry_id FROM audit_log.places WHERE idx = 0)",
        f"UPDATE audit_log.state SET root = '\\x{edge.root().hex()}',"
        f" frontier = '\\x{edge.packed().hex()}'",
    )

    with pytest.raises(sequencing.LogBroken, match="do not have the root that was signed"):
        await log.run(now)


async def test_a_checkpoint_that_was_written_down_but_not_stored_is_stored_by_the_next_run(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    await log.append(now)

    class Killed(Exception):
        pass

    with pytest.raises(Killed):  # noqa: PT012
        async with begin(db, JOB, role=SEQUENCER_ROLE) as tx:
            await sequencing.sequence(tx)
        async with begin(db, JOB, role=SEQUENCER_ROLE) as tx:
            await publishing.publish(tx, now=now, signer=log.signer, journal=log.journal)
            raise Killed
    await log.append(now)
    await log.run(now)

    async with begin(db, JOB) as tx:
        stored = [
            r["size"] for r in await tx.fetch("SELECT size FROM audit_log.checkpoints ORDER BY 1")
        ]
    assert stored == [signed.size for signed in log.journal.read()]


async def test_an_empty_journal_beside_a_signed_log_is_refused(
    log: TestLog, now: dt.datetime, data_dir: pathlib.Path
) -> None:
    await log.append(now)
    await log.run(now)
    log.journal = CheckpointJournal(data_dir / "another.jsonl")
    await log.append(now)

    with pytest.raises(sequencing.LogBroken, match="the journal is empty"):
        await log.run(now)


async def test_the_journal_refuses_what_does_not_continue_it(
    log: TestLog, now: dt.datetime, data_dir: pathlib.Path
) -> None:
    import msgspec

    await log.append_many(now, 4)
    await log.run(now)
    last = log.journal.last()
    assert last is not None

    for forged in (
        msgspec.structs.replace(last, root=bytes(32)),
        msgspec.structs.replace(last, size=last.size - 1),
        msgspec.structs.replace(last, size=last.size + 1, root=bytes(32)),
    ):
        with pytest.raises(CheckpointRefused):
            log.journal.append(forged, [])
    log.journal.append(last, [])

    assert log.journal.last() == last


async def test_a_line_of_the_journal_that_a_crash_cut_off_is_dropped(
    log: TestLog, now: dt.datetime, data_dir: pathlib.Path
) -> None:
    await log.append(now)
    await log.run(now)
    signed = list(log.journal.read())
    with (data_dir / "signer.jsonl").open("ab") as file:
        file.write(b'{"size": 12, "ro')

    assert list(log.journal.read()) == signed
    await log.append(now)
    await log.run(now)

    assert len(list(log.journal.read())) == len(signed) + 1


async def test_what_several_crashes_kept_from_being_stored_is_stored(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    async def killed_before_its_commit() -> None:
        await log.append(now)
        async with begin(db, log.actor, role=SEQUENCER_ROLE) as tx:
            await sequencing.sequence(tx)
        async with begin(db, log.actor, role=SEQUENCER_ROLE) as tx:
            await publishing.publish(tx, now=now, signer=log.signer, journal=log.journal)
            raise ConnectionError

    await log.append(now)
    await log.run(now)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await killed_before_its_commit()
    await log.append(now)
    await log.run(now)

    signed = list(log.journal.read())
    async with begin(db, log.actor) as tx:
        stored = [await queries.find_checkpoint_of(tx, each.size) for each in signed]
    assert len(signed) >= 4  # before, twice killed, after
    assert [each and each.note.decode() for each in stored] == [each.note for each in signed]


# ── reading ──


async def test_what_is_about_a_thing_is_found_wherever_it_is_on_its_way(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    async def found() -> list[EntryId]:
        async with begin(db, log.actor) as tx:
            about = await queries.list_entries_about_any(
                tx, log.actor, ["order:7", "order:8"], limit=10
            )
            one = await queries.list_entries_about_any(tx, log.actor, ["order:7"], limit=10)
            count = await queries.count_events_about(
                tx, Subject("order", "7"), Event.PRODUCT_DESCRIBED
            )
        assert [entry.id for entry in one] == [entry.id for entry in about][:3]
        assert count == 3
        return [entry.id for entry in about]

    made = [
        await log.append(now + dt.timedelta(seconds=n), subjects=(Subject("order", order),))
        for n, order in enumerate("7778")
    ]
    await log.append(now, subjects=(Subject("order", "9"),))
    assert await found() == made  # in the outbox
    await log.run(now)
    assert await found() == made  # in its place
    await index_log.run(db)
    assert await found() == made  # in the index


# ── keys ──


async def test_service_keys_are_registered_once_and_a_new_one_ends_the_old(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    old = {Purpose.REPORT: signer_of(Purpose.REPORT, "old").public_key}
    new = {Purpose.REPORT: signer_of(Purpose.REPORT, "new").public_key}

    async with begin(db, JOB) as tx:
        first = await audit_log.register_service_keys(tx, now=now, keys=old)
        again = await audit_log.register_service_keys(tx, now=now, keys=old)
        later = await audit_log.register_service_keys(tx, now=now + dt.timedelta(days=1), keys=new)

    assert [key.valid_to for key in first] == [None]
    assert again == []
    assert [key.valid_to for key in later] == [now + dt.timedelta(days=1), None]


async def test_a_key_that_was_ended_or_revoked_signs_for_the_service_no_more(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    old = {Purpose.REPORT: signer_of(Purpose.REPORT, "old").public_key}
    new = {Purpose.REPORT: signer_of(Purpose.REPORT, "new").public_key}
    later = now + dt.timedelta(days=1)
    async with begin(db, log.actor) as tx:
        await audit_log.register_service_keys(tx, now=now, keys=old)
        await audit_log.register_service_keys(tx, now=later, keys=new)
        with pytest.raises(KeyNotValid):
            await audit_log.register_service_keys(tx, now=later, keys=old)
        revoked = key_id_of(new[Purpose.REPORT])
        await audit_log.revoke_key(tx, actor=log.actor, now=later, key_id=revoked, reason="lost")

        with pytest.raises(KeyNotValid):
            await audit_log.register_service_keys(tx, now=later, keys=new)


async def test_a_key_of_p256_with_its_certificate_ends_what_sealed_papers_by_ed25519(
    db: Database, owner_dsn: str, now: dt.datetime
) -> None:
    old = Signer(Purpose.PAPER, b"\x03" * 32, Algorithm.ED25519)
    new = {Purpose.PAPER: Signer(Purpose.PAPER, b"\x03" * 32).public_key}
    owner = await asyncpg.connect(owner_dsn)
    await owner.execute("SET app.remembered = 'yes'")
    await owner.execute(
        "INSERT INTO signing.keys (key_id, purpose, algorithm, public_key, valid_from)"
        " VALUES ($1, 'paper', 'ed25519', $2, $3)",
        old.key_id,
        old.public_key,
        now,
    )
    await owner.close()
    later = now + dt.timedelta(days=1)

    async with begin(db, JOB) as tx:
        changed = await audit_log.register_service_keys(
            tx, now=later, keys=new, certify=lambda key: b"of " + key.key_id.encode()
        )
        again = await audit_log.register_service_keys(tx, now=later, keys=new)
        kept = await signing_queries.list_public_keys(tx)
    async with begin(db, JOB) as tx:
        bare = {Purpose.PAPER: Signer(Purpose.PAPER, b"\x04" * 32).public_key}
        with pytest.raises(asyncpg.CheckViolationError, match="who_seals_by_p256_has_a_certif"):
            await audit_log.register_service_keys(tx, now=later, keys=bare)

    assert [(key.algorithm, key.valid_to) for key in changed] == [
        (Algorithm.ED25519, later),
        (Algorithm.P256, None),
    ]
    assert again == []
    assert kept[-1].certificate == b"of " + kept[-1].key_id.encode()
    assert kept == changed


async def test_the_logs_keys_of_other_algorithms_stand_beside_the_first_and_end_for_themselves(
    db: Database, now: dt.datetime
) -> None:
    first = {Purpose.CHECKPOINT: signer_of(Purpose.CHECKPOINT).public_key}
    beside = {
        each: further_signer_of(each).public_key for each in (Algorithm.ML_DSA_44, Algorithm.SM2)
    }
    new = {Algorithm.SM2: Signer(Purpose.CHECKPOINT, b"\x02" * 32, Algorithm.SM2).public_key}

    async with begin(db, JOB) as tx:
        made = await audit_log.register_service_keys(tx, now=now, keys=first, of_the_log=beside)
        again = await audit_log.register_service_keys(tx, now=now, keys=first, of_the_log=beside)
        later = await audit_log.register_service_keys(
            tx, now=now + dt.timedelta(days=1), keys=first, of_the_log=new
        )

    assert {key.algorithm for key in made} == set(OF_PARTIES)
    assert all(key.valid_to is None for key in made)
    assert again == []
    assert [(key.algorithm, key.valid_to is None) for key in later] == [
        (Algorithm.SM2, False),
        (Algorithm.SM2, True),
    ]


async def test_a_checkpoint_is_signed_by_every_key_and_the_journal_holds_the_whole_note(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    log.signer = log_signer_of_all()
    await log.append(now)

    await log.run(now)

    last = log.journal.last()
    async with begin(db, JOB) as tx:
        stored = await queries.get_checkpoint(tx)
    assert last is not None
    assert stored.note == last.note.encode()
    found = Findings()
    keys = [FurtherKey(ORIGIN, each.algorithm, each.public_key) for each in log.signer.further]
    further_lines.check(found, stored.note, tuple(keys), "newest")
    assert found.counts == {"checkpoint lines of ml-dsa-44": 1, "checkpoint lines of sm2": 1}


async def test_a_stored_note_that_the_journal_does_not_have_stops_the_log(
    log: TestLog, db: Database, now: dt.datetime, owner_dsn: str
) -> None:
    log.signer = log_signer_of_all()
    await log.append(now)
    await log.run(now)
    owner = await asyncpg.connect(owner_dsn)
    try:
        await owner.execute("ALTER TABLE audit_log.checkpoints DISABLE TRIGGER USER")
        await owner.execute(
            "UPDATE audit_log.checkpoints SET note = note || '\\x41'::bytea"
            " WHERE size = (SELECT max(size) FROM audit_log.checkpoints)"
        )
    finally:
        await owner.close()
    await log.append(now)

    with pytest.raises(sequencing.LogBroken, match="does not have"):
        await log.run(now)


async def test_workers_that_start_at_once_register_the_keys_once(
    db: Database, now: dt.datetime
) -> None:
    keys = {Purpose.REPORT: signer_of(Purpose.REPORT).public_key}

    async def start() -> int:
        async with begin(db, JOB) as tx:
            return len(await audit_log.register_service_keys(tx, now=now, keys=keys))

    assert sorted(await asyncio.gather(*(start() for _ in range(5)))) == [0, 0, 0, 0, 1]


async def test_a_party_registers_a_key_it_has_and_it_is_revoked(
    log: TestLog, db: Database, now: dt.datetime
) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from catalog.signing import operations as signing
    from catalog.signing import possession
    from catalog.signing import queries as keys

    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    party = log.actor.party_id
    assert party is not None
    proof = private.sign(possession.statement(party, Purpose.OPINION, public))

    async with begin(db, log.actor) as tx:
        with pytest.raises(possession.PossessionNotProven):
            await audit_log.register_party_key(
                tx, actor=log.actor, now=now, purpose=Purpose.CONTRACT, public_key=public,
                possession=proof,
            )  # fmt: skip
        key = await audit_log.register_party_key(
            tx, actor=log.actor, now=now, purpose=Purpose.OPINION, public_key=public,
            possession=proof,
        )  # fmt: skip
        with pytest.raises(signing.KeyTaken):
            await audit_log.register_party_key(
                tx, actor=log.actor, now=now, purpose=Purpose.OPINION, public_key=public,
                possession=proof,
            )  # fmt: skip
    async with begin(db, log.actor) as tx:
        assert await keys.find_key(tx, key.key_id) == key
        assert await keys.list_keys_of(tx, party, Purpose.OPINION) == [key]
        revoked = await audit_log.revoke_key(
            tx, actor=log.actor, now=now, key_id=key.key_id, reason="lost"
        )
        assert revoked in await keys.list_public_keys(tx)
        with pytest.raises(signing.KeyAlreadyRevoked):
            await audit_log.revoke_key(
                tx, actor=log.actor, now=now, key_id=key.key_id, reason="lost"
            )
        with pytest.raises(signing.NoSuchKey):
            await audit_log.revoke_key(tx, actor=log.actor, now=now, key_id="0", reason="lost")

    assert revoked.revoked_at == now
