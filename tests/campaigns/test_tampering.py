"""Tamper with the stored log, at random and as the database's own superuser: all of it is found.

Values are flipped, cut off and moved in time, rows removed, added and exchanged, the ends of tables cut
off; and a thief of the log's own key forks the history, hides an entry, or ends it early, sometimes with
the signer's journal forged too. What is found is found as an outsider does it, by an export, and as
``market check`` does it for what stands beside the log; and a forged history with a forged journal by a
witness, who kept a checkpoint. Every round is rolled back.

The small campaign always runs; ``make campaign`` runs thousands. ``SEED`` and ``ROUNDS`` choose others.
Out of its reach is what nothing binds: when we wrote a quorum's checkpoint down (``witnessed_at``), that
the log was stopped, and refusals that are counted and not yet entered.
"""

from __future__ import annotations

import collections
import datetime as dt
import os
import pathlib
import random
import shutil
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.audit_log import operations as audit_log
from catalog.audit_log.model import Digest, Subject
from catalog.audit_log.verdict import Findings
from catalog.audit_log.verify import verify_export
from catalog.kernel.actor import Actor, Clearance, system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.ids import new_id
from catalog.signing.purposes import Purpose
from catalog.subject_heads import check as subject_heads
from market.cli import beside_the_log
from market.cli.export import write_snapshot
from market.cli.verify import Directory
from tests.campaigns import forged_history
from tests.campaigns.stored_evidence import policy_of, post_journal, put_documents, put_evidence
from tests.log_of_tests import ORIGIN, TestLog, signer_of

SEED = int(os.environ.get("SEED", "20260302"))
ROUNDS = int(os.environ.get("ROUNDS", "10000"))

# What is flipped: every column of every table of the log, of the keys, and of the journal.
COLUMNS: dict[str, tuple[str, ...]] = {
    "audit_log.places": ("idx", "entry_id"),
    "audit_log.tiles": ("level", "number", "hashes"),
    "audit_log.state": ("size", "root", "frontier"),
    "audit_log.checkpoints": ("size", "root", "note", "published_at"),
    "audit_log.entries": (
        "entry_id", "at", "event", "subjects", "actor_account_id", "actor_party_id", "salt", "payload",
        "leaf",
    ),
    "audit_log.outbox": ("entry_id",),
    "audit_log.order_counts": ("order_id", "entries"),
    "audit_log.key_notices": ("entry_id", "action", "key_id", "note"),
    "audit_log.timestamps": (
        "number", "kind", "size", "algorithm", "record", "authority", "stamped_at", "ends_at",
        "entry_id", "kept_at",
    ),
    "audit_log.archive_hashes": ("number", "covers", "records", "bundles"),
    "audit_log.cosignatures": ("size", "witness", "line", "cosigned_at"),
    "audit_log.witnessed_checkpoints": ("size", "note"),
    "audit_log.head_snapshots": ("log_size", "record", "entry_id", "published_at"),
    "audit_log.head_bundles": ("log_size", "number", "first_hash", "heads"),
    "audit_log.head_tiles": ("log_size", "level", "number", "hashes"),
    "audit_log.search_entries": (
        "idx", "entry_id", "at", "event", "actor_account_id", "actor_party_id",
    ),
    "audit_log.search_subjects": ("subject", "at", "idx", "event"),
    "audit_log.search_state": ("size",),
    "signing.keys": (
        "key_id", "purpose", "algorithm", "public_key", "valid_from", "valid_to", "revoked_at",
        "registered_by", "holder_party_id",
    ),
    "settlement.journal": (
        "key", "book", "kind", "currency", "a1", "v1", "a2", "v2", "order_id", "reverses",
        "rule_id", "booked_at", "value_on",
    ),
    "settlement.guard_balances": ("posted",),
    "catalog.certificates": (
        "number", "product_id", "product_name", "version", "document", "record_sha256", "key_id",
        "signature",
    ),
    "catalog.technical_opinions": ("id", "document", "sha256"),
    "catalog.compliance_opinions": (
        "id", "agency_party_id", "document", "sha256", "key_id", "signature",
    ),
    "catalog.issuance_authorisations": (
        "id", "bureau_party_id", "document", "sha256", "key_id", "signature",
    ),
    "market.contracts": (
        "order_id", "buyer_party_id", "supplier_party_id", "record", "record_sha256", "split",
        "drafted_at",
    ),
    "market.contract_signatures": ("order_id", "party_id", "key_id", "value"),
    "market.usage_events": (
        "id", "order_id", "order_seq", "grant_id", "buyer_party_id", "supplier_party_id",
        "product_id", "request_key", "decision", "price_units", "record", "record_sha256",
    ),
    "market.quarterly_reports": (
        "id", "year", "quarter", "version", "record", "record_sha256", "key_id", "signature",
    ),
}  # fmt: skip


#: How often each kind of change is tried.
KINDS: dict[str, int] = {
    "flip": 8, "truncate": 3, "clock": 3, "delete": 4, "insert": 4, "swap": 4, "cut the end": 2,
    "fork": 1, "hidden entry": 1, "history cut": 1,
}  # fmt: skip
FORGED = {"fork": forged_history.fork, "hidden entry": forged_history.hide, "history cut": forged_history.cut}  # fmt: skip
#: The database gives these values by itself.
GENERATED = {"audit_log.outbox": "id"}

Owner = Any  # asyncpg.Connection, past all constraints


@pytest.fixture
async def market(
    db: Database,
    almighty: Actor,
    data_dir: pathlib.Path,
    clock: ManualClock,
    owner_dsn: str,
) -> TestLog:
    """A log with keys, several checkpoints, full and unfinished tiles, and every kind of record."""
    log, now = TestLog(db, almighty, data_dir), clock.now()
    service = (Purpose.CHECKPOINT, Purpose.REPORT, Purpose.CERTIFICATE)
    keys = {purpose: signer_of(purpose).public_key for purpose in service}
    async with begin(db, system("test")) as tx:
        await audit_log.register_service_keys(tx, now=now, keys=keys)
    await log.append_many(now, 120)
    await log.run(now)
    await post_journal(log, now)
    await log.run(now + dt.timedelta(minutes=1))
    await put_documents(log, now, owner_dsn)
    await log.append_many(now, 100)
    clock.move_by(dt.timedelta(minutes=2))
    await put_evidence(log, clock)
    return log


@pytest.fixture
async def owner(owner_dsn: str, market: TestLog) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A superuser who has put all constraints and triggers out of the way."""
    connection = await asyncpg.connect(owner_dsn)
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: msgspec.json.encode(value).decode(),
        decoder=msgspec.json.decode,
    )
    for table in COLUMNS:
        await connection.execute(f"""
            DO $$ DECLARE c record; BEGIN
                FOR c IN SELECT conname FROM pg_constraint
                         WHERE conrelid = '{table}'::regclass AND contype IN ('c', 'f', 'u') LOOP
                    EXECUTE format('ALTER TABLE {table} DROP CONSTRAINT %I CASCADE', c.conname);
                END LOOP;
                FOR c IN SELECT indexrelid::regclass::text AS name FROM pg_index
                         WHERE indrelid = '{table}'::regclass AND indisunique
                           AND NOT indisprimary LOOP
                    EXECUTE 'DROP INDEX ' || c.name;
                END LOOP;
            END $$""")
    await connection.execute("SET session_replication_role = replica")
    # What is kept of a payload is read as the export reads it.
    await connection.execute("SELECT set_config('app.clearance', 'system', false)")
    yield connection
    await connection.close()


class Outcome(msgspec.Struct, frozen=True):
    """What was found, each named, and what the export counted."""

    named: tuple[str, ...]
    counts: dict[str, int]


class Campaign:
    """Tamper, look, and undo, again and again."""

    def __init__(self, owner: Owner, log: TestLog, place: pathlib.Path, kept: bytes) -> None:
        self.owner = owner
        self.log = log
        self.place = place
        self.kept = kept  # the newest checkpoint that the witnesses cosigned, as they hold it
        self.found: collections.Counter[str] = collections.Counter()
        self.tables: collections.Counter[str] = collections.Counter()

    async def look(
        self, *, journal: pathlib.Path | None = None, is_forged: bool = False
    ) -> Outcome:
        """Return what an outsider finds in an export, the house beside the log, and a witness."""
        out = self.place / "export"
        shutil.rmtree(out, ignore_errors=True)
        tx = Tx(self.owner, system("export"))
        await write_snapshot(
            tx,
            out,
            now=dt.datetime(2026, 3, 3, tzinfo=dt.UTC),
            origin=ORIGIN,
            signer_journal=journal or self.log.journal.path,
        )
        source = Directory(out)
        found = Findings.following(verify_export(source, self.log.signer.key))
        subject_heads.check_records(source, found)
        verdict = found.verdict()
        named = []
        if verdict.first_bad is not None:
            assert verdict.first_bad.kind
            assert verdict.first_bad.reason
            named.append(str(verdict.first_bad))
        if not named:  # what an outsider finds needs no more
            named += await beside_the_log.miscounted_orders(tx)
            named += await beside_the_log.differences(tx, policy_of(self.log))
        if is_forged:
            named += filter(None, [forged_history.seen_by_a_witness(source, self.kept)])
        return Outcome(tuple(named), verdict.counts)

    async def run(self, rounds: int) -> None:
        """Tamper ``rounds`` times, each undone afterwards; fail on the first that is not found."""
        async with self.owner.transaction(isolation="repeatable_read"):
            genuine = await self.look(is_forged=True)
        assert genuine.named == ()
        assert (
            genuine.counts["records of certificate"] == genuine.counts["files of certificate"] == 3
        )
        assert genuine.counts["records of contract"] == genuine.counts["records of usage"] == 3
        assert genuine.counts["records of report"] == genuine.counts["files of report"] == 3
        assert genuine.counts["records of timestamp"] == 5
        assert genuine.counts["heads computed again"] == 3
        number = 0
        while self.found.total() < rounds:
            number += 1
            chance = random.Random(SEED * 1_000_003 + number)
            transaction = self.owner.transaction(isolation="repeatable_read")
            await transaction.start()
            try:
                await self._round(chance, f"seed {SEED} round {number}")
            finally:
                await transaction.rollback()

    async def _round(self, chance: random.Random, which: str) -> None:
        kind = chance.choices(list(KINDS), list(KINDS.values()))[0]
        journal = None
        if kind in FORGED:
            told: str | None = await FORGED[kind](self.owner, self.log, chance)
            if chance.random() < 0.5:
                place = self.place / "forged.jsonl"
                journal = await forged_history.forge_journal(self.owner, self.log, place)
                kind = f"{kind}, journal forged"
            table = "history"
        else:
            table = chance.choice(sorted(COLUMNS))
            told = await change(self.owner, chance, kind, table)
        if told is None:
            return
        outcome = await self.look(journal=journal, is_forged=journal is not None)
        assert outcome.named, f"{which}: {told}"
        self.found[kind] += 1
        self.tables[table] += 1

    def told(self) -> str:
        kinds = ", ".join(f"{kind} {count}" for kind, count in sorted(self.found.items()))
        tables = ", ".join(f"{table} {count}" for table, count in sorted(self.tables.items()))
        return (
            f"seed {SEED}: {self.found.total()} changes, all found and named: {kinds}; in {tables}"
        )


@pytest.fixture
async def tampering(owner: Owner, market: TestLog, tmp_path: pathlib.Path) -> Campaign:
    kept = await owner.fetchval(
        "SELECT note FROM audit_log.witnessed_checkpoints ORDER BY size DESC LIMIT 1"
    )
    return Campaign(owner, market, tmp_path, kept)


async def change(owner: Owner, chance: random.Random, kind: str, table: str) -> str | None:
    """Change one thing in one table; tell what, or None if that would change nothing."""
    rows = await owner.fetch(f"SELECT ctid::text AS place, * FROM {table} ORDER BY ctid")
    row = chance.choice(rows)
    try:
        async with owner.transaction():  # what a primary key forbids even to its owner is no change
            if kind == "delete":
                return await _delete(owner, table, [row])
            if kind == "cut the end":
                return await _cut_the_end(owner, chance, table, rows)
            if kind == "insert":
                return await _insert(owner, chance, table, row)
            if kind == "swap":
                return await _swap(owner, chance, table, rows)
            return await _set(owner, chance, kind, table, row)
    except asyncpg.UniqueViolationError:
        return None


async def _set(owner: Owner, chance: random.Random, kind: str, table: str, row: Any) -> str | None:
    """Flip a bit of a value, cut it off, or move an instant."""
    columns = [
        name
        for name in COLUMNS[table]
        if kind == "flip"
        or (kind == "truncate" and isinstance(row[name], bytes | str | list) and row[name])
        or (kind == "clock" and isinstance(row[name], dt.date))
    ]
    if not columns:
        return None
    column = chance.choice(columns)
    value = {"flip": _other, "truncate": _shorter, "clock": _later}[kind](
        row[column], column, chance
    )
    await owner.execute(
        f"UPDATE {table} SET {column} = $1 WHERE ctid = '{row['place']}'::tid", value
    )
    return f"{kind} {table}.{column} {row[column]!r} → {value!r}"


async def _delete(owner: Owner, table: str, rows: Sequence[Any]) -> str:
    places = [row["place"] for row in rows]
    await owner.execute(f"DELETE FROM {table} WHERE ctid = ANY($1::text[]::tid[])", places)
    return f"delete {table} {places}"


async def _cut_the_end(
    owner: Owner, chance: random.Random, table: str, rows: Sequence[Any]
) -> str | None:
    """Remove the last rows by their key, some or all of them."""
    key = COLUMNS[table][0]
    last = sorted(rows, key=lambda row: row[key])[-chance.randint(1, min(len(rows), 20)) :]
    return f"cut the end: {await _delete(owner, table, last)}"


async def _insert(owner: Owner, chance: random.Random, table: str, row: Any) -> str | None:
    if table in ("audit_log.state", "settlement.guard_balances"):
        return None  # there is one row, and reading another one is not told apart from a flip
    without = ("place", GENERATED.get(table))
    names = [name for name in row.keys() if name not in without]  # noqa: SIM118
    values = [row[name] for name in names]
    key = next(name for name in COLUMNS[table] if name in names)
    values[names.index(key)] = _other(row[key], key, chance)
    marks = ", ".join(f"${i + 1}" for i in range(len(names)))
    await owner.execute(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", *values)
    return f"insert {table} {values[names.index(key)]!r}"


async def _swap(owner: Owner, chance: random.Random, table: str, rows: Sequence[Any]) -> str | None:
    """Let two rows change places: everything but the key of one becomes that of the other."""
    if len(rows) < 2:
        return None
    a, b = chance.sample(list(rows), 2)
    columns = COLUMNS[table][1:] or COLUMNS[table]
    if all(a[column] == b[column] for column in columns):
        return None
    sets = ", ".join(f"{column} = ${i + 1}" for i, column in enumerate(columns))
    for into, of in ((a, b), (b, a)):
        await owner.execute(
            f"UPDATE {table} SET {sets} WHERE ctid = '{into['place']}'::tid",
            *(of[column] for column in columns),
        )
    return f"swap {table} {a['place']} {b['place']}"


def _shorter(value: Any, _column: str, chance: random.Random) -> Any:
    return value[: chance.randrange(len(value))]


def _later(value: Any, _column: str, chance: random.Random) -> Any:
    if not isinstance(value, dt.datetime):
        return value + dt.timedelta(days=chance.choice((-400, -1, 1, 7)))
    seconds = chance.choice((-31_536_000, -3600, -1, 1, 60, 86_400))
    return value + dt.timedelta(seconds=seconds)


def _other(value: Any, column: str, chance: random.Random) -> Any:
    if isinstance(value, bytes):
        if not value:
            return b"\x00"
        raw = bytearray(value)
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        return bytes(raw)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + chance.choice((-1, 1, 7))
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, dt.datetime):
        return value + dt.timedelta(microseconds=chance.choice((-1, 1, 86_400_000_000)))
    if isinstance(value, dt.date):
        return value + dt.timedelta(days=1)
    if isinstance(value, dict):
        name = chance.choice(sorted(value))
        return {**value, name: _other(value[name], column, chance)}
    if isinstance(value, list):
        at = chance.randrange(len(value)) if value else 0
        return [*value[:at], _other(value[at], column, chance) if value else "x", *value[at + 1 :]]
    if column in ("valid_to", "revoked_at"):
        return dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
    return new_id()


async def test_a_few_tamperings_of_the_database_are_all_found(tampering: Campaign) -> None:
    await tampering.run(60)

    assert {"flip", "truncate", "clock", "delete", "insert", "swap", "cut the end"} <= set(
        tampering.found
    )
    assert "history" in tampering.tables


@pytest.mark.parametrize("forge", list(FORGED.values()), ids=list(FORGED))
async def test_a_history_that_the_stolen_key_signed_is_found_even_if_the_journal_agrees(
    tampering: Campaign, forge: Any
) -> None:
    async with tampering.owner.transaction(isolation="repeatable_read"):
        await forge(tampering.owner, tampering.log, random.Random(7))
        place = tampering.place / "forged.jsonl"
        journal = await forged_history.forge_journal(tampering.owner, tampering.log, place)

        with_its_own = await tampering.look()
        with_a_forged_one = await tampering.look(journal=journal, is_forged=True)

    assert with_its_own.named
    assert "cosigned" in with_a_forged_one.named[-1]


@pytest.mark.campaign
@pytest.mark.timeout(0)
async def test_every_tampering_of_a_long_campaign_is_found(tampering: Campaign) -> None:
    await tampering.run(ROUNDS)

    print(tampering.told())
    assert set(tampering.tables) == {*COLUMNS, "history"} or ROUNDS < 1000


async def test_an_export_can_not_be_written_over_another(
    market: TestLog, tmp_path: pathlib.Path, now: dt.datetime
) -> None:
    from market.cli.export import ExportDirectoryNotEmpty, write_export

    await write_export(market.db, tmp_path / "a", now=now, origin=ORIGIN)
    with pytest.raises(ExportDirectoryNotEmpty):
        await write_export(market.db, tmp_path / "a", now=now, origin=ORIGIN)


async def test_what_waits_for_its_place_is_exported_and_told(
    db: Database, almighty: Actor, data_dir: pathlib.Path, tmp_path: pathlib.Path, now: dt.datetime
) -> None:
    from market.cli.export import write_export

    market = TestLog(db, almighty, data_dir)
    await market.append_many(now, 5)
    await market.run(now)
    await market.append(now, subjects=(Subject("order", "9"),), digests=(Digest("x", "1", "0"),))
    counts = await write_export(
        market.db, tmp_path / "a", now=now, origin=ORIGIN, signer_journal=market.journal.path
    )

    verdict = verify_export(Directory(tmp_path / "a"), market.signer.key)

    assert counts["unsequenced"] == 1
    assert verdict.problems == ()
    assert verdict.counts["unsequenced"] == 1


def test_the_exporter_sees_everything() -> None:
    assert system("export").clearance is Clearance.SYSTEM
