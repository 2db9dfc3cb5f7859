"""Tamper with the stored log, at random and as the database's own superuser: all of it is found.

The small campaign always runs; ``make campaign`` runs a thousand and more. ``SEED`` and ``ROUNDS``
choose others.
"""

from __future__ import annotations

import datetime as dt
import os
import pathlib
import random
import shutil
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.leaf import instant
from catalog.audit_log.model import Digest, Subject
from catalog.audit_log.verify import verify_export
from catalog.kernel.actor import Actor, Clearance, system
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.ids import new_id
from catalog.signing import possession
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.purposes import Purpose
from market.cli.export import write_snapshot
from market.cli.verify import Directory
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import escrow_of
from tests.log_of_tests import ORIGIN, TestLog, signer_of

SEED = int(os.environ.get("SEED", "20260302"))
ROUNDS = int(os.environ.get("ROUNDS", "1200"))

# What is flipped: every column of every table of the log, of the keys, and of the journal.
COLUMNS: dict[str, tuple[str, ...]] = {
    "audit_log.leaves": ("idx", "entry_id", "leaf"),
    "audit_log.tiles": ("level", "number", "hashes"),
    "audit_log.state": ("size", "root", "frontier"),
    "audit_log.checkpoints": ("size", "root", "note", "published_at"),
    "audit_log.payloads": (
        "entry_id", "at", "event", "subjects", "actor_account_id", "actor_party_id", "salt", "payload",
    ),
    "signing.keys": (
        "key_id", "purpose", "algorithm", "public_key", "valid_from", "valid_to", "revoked_at",
        "registered_by", "holder_party_id",
    ),
    "settlement.journal": (
        "key", "book", "kind", "currency", "acct", "amt", "order_id", "reverses", "rule_version",
        "booked_at", "value_on", "record", "record_sha256",
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


@pytest.fixture
async def market(
    db: Database, almighty: Actor, data_dir: pathlib.Path, now: dt.datetime, owner_dsn: str
) -> TestLog:
    """A log with keys, several checkpoints, full and unfinished tiles, and every kind of record."""
    log = TestLog(db, almighty, data_dir)
    service = (Purpose.CHECKPOINT, Purpose.REPORT, Purpose.CERTIFICATE)
    keys = {purpose: signer_of(purpose).public_key for purpose in service}
    async with begin(db, system("test")) as tx:
        await audit_log.register_service_keys(tx, now=now, keys=keys)
    await log.append_many(now, 150)
    await log.run(now)
    await post_journal(log, now)
    await log.run(now + dt.timedelta(minutes=1))
    await put_documents(log, now, owner_dsn)
    await log.append_many(now, 150)
    await log.run(now + dt.timedelta(minutes=2))
    return log


async def put_documents(log: TestLog, now: dt.datetime, owner_dsn: str) -> None:
    """Store documents of every kind as their rooms do, without the cases that led to them."""
    opinion, authorisation = signer_of(Purpose.OPINION), signer_of(Purpose.AUTHORISATION)
    buying = signer_of(Purpose.CONTRACT)
    party = log.actor.party_id
    assert party is not None
    async with begin(log.db, log.actor) as tx:
        for signer in (opinion, authorisation, buying):
            statement = possession.statement(party, signer.purpose, signer.public_key)
            await audit_log.register_party_key(
                tx,
                actor=log.actor,
                now=now,
                purpose=signer.purpose,
                public_key=signer.public_key,
                possession=signer._private.sign(statement),
            )
    owner = await asyncpg.connect(owner_dsn)
    await owner.execute("SET session_replication_role = replica")  # no case stands behind them

    async def put(table: str, kind: str, identifier: str, bound: str, **values: Any) -> None:
        marks = ", ".join(f"${i + 1}" for i in range(len(values)))
        await owner.execute(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", *values.values()
        )
        await log.append(now, digests=(Digest(kind, identifier, bound),))

    for i in range(3):
        application, product, one, two, three, four = (new_id() for _ in range(6))
        number = f"HN-DP-2026-000000{i}A"
        document = canonical(
            {
                "registration_number": number,
                "product_id": product,
                "product_name": "企业信用数据",
                "certificate_version": 1,
                "i": i,
                "id": four,
                "year": 2026,
                "quarter": i + 1,
                "version": 1,
                "generated_at": "2026-03-02T01:00:00.000000Z",
            }
        )
        sha256, when = sha256_hex(document), {"decided_by": None, "decided_at": now}
        signed = signer_of(Purpose.CERTIFICATE)
        await put(
            "catalog.certificates", "certificate", number, sha256, number=number,
            rulebook="hn-2023-interim",
            application_id=application, product_id=product, product_name="企业信用数据",
            registrant_party_id=party, version=1, document=document, record_sha256=sha256,
            key_id=signed.key_id, signature=signed.sign(document), issued_at=now,
            entry_id=new_id(), state="active", state_since=now, open_objections=0,
        )  # fmt: skip
        await put(
            "catalog.technical_opinions", "technical_opinion", str(one), sha256, id=one,
            application_id=application, round=1, overall="pass", document=document, sha256=sha256,
            recorded_at=now,
        )  # fmt: skip
        await put(
            "catalog.compliance_opinions", "compliance_opinion", str(two), sha256, id=two,
            application_id=application, round=1, agency_party_id=party, contract_id=new_id(),
            overall="pass", document=document, sha256=sha256, key_id=opinion.key_id,
            signature=opinion.sign(document), recorded_at=now,
        )  # fmt: skip
        await put(
            "catalog.issuance_authorisations", "issuance_authorisation", str(three), sha256,
            id=three, application_id=application, submission_no=1, bureau_party_id=party,
            authority="省大数据管理局",
            authorisation_number=str(i), document=document, sha256=sha256,
            key_id=authorisation.key_id, signature=authorisation.sign(document), **when,
        )  # fmt: skip
        signed = signer_of(Purpose.REPORT)
        await put(
            "market.quarterly_reports", "report", str(four), sha256, id=four, year=2026,
            quarter=i + 1, version=1, state="signed", operator_party_id=party, opened_at=now,
            log_size=1, record=document, record_sha256=bytes.fromhex(sha256), generated_at=now,
            key_id=signed.key_id, signature=signed.sign(document), signed_at=now,
        )  # fmt: skip
        shares = [{"party_id": str(party), "share_bps": 10_000 - i}]
        contract = canonical(
            {
                "order_id": application,
                "buyer": {"party_id": party},
                "supplier": {"party_id": product},
                "split": {"version": "1", "shares": shares},
                "drafted_at": instant(now),
            }
        )
        sides = {"buyer_party_id": party, "supplier_party_id": product}
        split = msgspec.json.encode({"version": "1", "shares": shares}).decode()
        drawn_up = Digest("contract", str(application), sha256_hex(contract))
        await put(
            "market.contracts", "contract", str(application), drawn_up.sha256,
            order_id=application, record=contract, record_sha256=drawn_up.sha256, split=split,
            drafted_at=now, **sides,
        )  # fmt: skip
        if i > 0:  # the first one stays a draft that nobody signed
            await owner.execute(
                """INSERT INTO market.contract_signatures (order_id, side, buyer_party_id,
                       supplier_party_id, party_id, key_id, algorithm, value, signed_at)
                   VALUES ($1, 'buyer', $2, $3, $2, $4, 'ed25519', $5, $6)""",
                application, party, product, buying.key_id, buying.sign(contract), now,
            )  # fmt: skip
            await log.append(now, Event.CONTRACT_SIGNED, digests=(drawn_up,))
        event = {
            "id": one, "order_id": application, "order_seq": 1, "grant_id": two,
            "product_id": product, "request_key": "k", "decision": "allow", "price_units": i,
            **sides,
        }  # fmt: skip
        usage = canonical(event)
        await put(
            "market.usage_events", "usage", str(one), sha256_hex(usage), **event, at=now,
            record=usage, record_sha256=sha256_hex(usage), entry_id=new_id(),
        )  # fmt: skip
    await owner.close()


async def post_journal(log: TestLog, now: dt.datetime) -> None:
    from settlement.ledger.accounts import Account
    from settlement.ledger.accounts import Purpose as Of
    from settlement.ledger.journal import Entry, Kind, Leg, transfer

    for i in range(6):
        order = new_id()
        entry = Entry(
            key=new_id(),
            kind=Kind.PAY_IN,
            legs=transfer(
                Account(Of.CHANNEL_CLEARING, "sandbox"), [Leg(escrow_of(order), 1000 + i)]
            ),
            booked_at=now,
            value_on=dt.date(2026, 3, 2),
            rule_version="hainan_2023",
            order_id=order,
        )
        async with begin(log.db, log.actor) as tx:
            await ledger.post(tx, actor=log.actor, now=now, entry=entry)


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
    yield connection
    await connection.close()


async def verdict_of(connection: asyncpg.Connection[Any], log: TestLog, out: pathlib.Path) -> Any:
    shutil.rmtree(out, ignore_errors=True)
    await write_snapshot(
        Tx(connection, system("export")),
        out,
        now=dt.datetime(2026, 3, 3, tzinfo=dt.UTC),
        origin=ORIGIN,
        signer_journal=log.journal.path,
    )
    return verify_export(Directory(out), log.signer.key)


async def campaign(
    connection: asyncpg.Connection[Any], log: TestLog, out: pathlib.Path, rounds: int
) -> dict[str, int]:
    """Tamper ``rounds`` times, each undone afterwards; fail on the first that is not found."""
    genuine = await verdict_of_stored(connection, log, out)
    assert genuine.problems == ()
    assert genuine.counts["records of certificate"] == genuine.counts["files of certificate"] == 3
    assert genuine.counts["records of contract"] == genuine.counts["records of usage"] == 3
    assert genuine.counts["records of report"] == genuine.counts["files of report"] == 3
    kinds: dict[str, int] = {}
    number = 0
    while sum(kinds.values()) < rounds:
        number += 1
        chance = random.Random(SEED * 1_000_003 + number)
        transaction = connection.transaction(isolation="repeatable_read")
        await transaction.start()
        try:
            told = await tamper(connection, chance)
            if told is None:
                continue
            verdict = await verdict_of(connection, log, out)
            assert verdict.first_bad is not None, f"seed {SEED} round {number}: {told}"
            assert verdict.first_bad.id, told
            assert verdict.first_bad.reason, told
            kinds[told.split()[0]] = kinds.get(told.split()[0], 0) + 1
        finally:
            await transaction.rollback()
    return kinds


async def verdict_of_stored(
    connection: asyncpg.Connection[Any], log: TestLog, out: pathlib.Path
) -> Any:
    async with connection.transaction(isolation="repeatable_read"):
        return await verdict_of(connection, log, out)


async def tamper(connection: asyncpg.Connection[Any], chance: random.Random) -> str | None:
    """Change one thing in one table; tell what, or None if that would change nothing."""
    table = chance.choice(sorted(COLUMNS))
    kind = chance.choice(("flip", "flip", "flip", "delete", "insert", "reorder"))
    rows = await connection.fetch(f"SELECT ctid::text AS place, * FROM {table}")
    row = chance.choice(rows)
    if kind == "delete":
        await connection.execute(f"DELETE FROM {table} WHERE ctid = '{row['place']}'::tid")
        return f"delete {table} {row['place']}"
    if kind == "insert":
        return await _insert(connection, chance, table, row)
    if kind == "reorder" and len(rows) > 1:
        return await _reorder(connection, chance, table, rows)
    return await _flip(connection, chance, table, row)


async def _flip(
    connection: asyncpg.Connection[Any], chance: random.Random, table: str, row: Any
) -> str | None:
    column = chance.choice(COLUMNS[table])
    value = _other(row[column], column, chance)
    try:
        await connection.execute(
            f"UPDATE {table} SET {column} = $1 WHERE ctid = '{row['place']}'::tid", value
        )
    except asyncpg.UniqueViolationError:
        return None
    return f"flip {table}.{column} {row[column]!r} → {value!r}"


async def _insert(
    connection: asyncpg.Connection[Any], chance: random.Random, table: str, row: Any
) -> str | None:
    names = [name for name in row.keys() if name not in ("place", "xid")]  # noqa: SIM118
    values = [row[name] for name in names]
    key = next(name for name in COLUMNS[table] if name in names)
    values[names.index(key)] = _other(row[key], key, chance)
    if table == "audit_log.state":
        return None  # there is one row, and reading another one is not told apart from a flip
    if table == "settlement.guard_balances":
        return None
    marks = ", ".join(f"${i + 1}" for i in range(len(names)))
    try:
        async with connection.transaction():
            await connection.execute(
                f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", *values
            )
    except asyncpg.UniqueViolationError:
        return None
    return f"insert {table} {values[names.index(key)]!r}"


async def _reorder(
    connection: asyncpg.Connection[Any], chance: random.Random, table: str, rows: list[Any]
) -> str | None:
    """Let two rows change places: everything but the key of one becomes that of the other."""
    a, b = chance.sample(rows, 2)
    columns = COLUMNS[table][1:] or COLUMNS[table]
    if all(a[column] == b[column] for column in columns):
        return None
    for into, of in ((a, b), (b, a)):
        sets = ", ".join(f"{column} = ${i + 1}" for i, column in enumerate(columns))
        key = COLUMNS[table][0]
        await connection.execute(
            f"UPDATE {table} SET {sets} WHERE {key} = ${len(columns) + 1}"
            if columns != COLUMNS[table]
            else f"UPDATE {table} SET {sets} WHERE account_id = ${len(columns) + 1}",
            *(of[column] for column in columns),
            into[key] if columns != COLUMNS[table] else into["account_id"],
        )
    return f"reorder {table}"


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


async def test_a_few_tamperings_of_the_database_are_all_found(
    owner: asyncpg.Connection[Any], market: TestLog, tmp_path: pathlib.Path
) -> None:
    kinds = await campaign(owner, market, tmp_path / "export", 40)

    assert set(kinds) == {"flip", "delete", "insert", "reorder"}


@pytest.mark.campaign
@pytest.mark.timeout(1800)
async def test_every_tampering_of_a_long_campaign_is_found(
    owner: asyncpg.Connection[Any], market: TestLog, tmp_path: pathlib.Path
) -> None:
    kinds = await campaign(owner, market, tmp_path / "export", ROUNDS)

    print(f"seed {SEED}: {sum(kinds.values())} tamperings, all found and named: {kinds}")
    assert sum(kinds.values()) == ROUNDS


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
