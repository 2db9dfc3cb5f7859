"""Tamper with what was signed or cited in cases, at random and past every trigger: all of it is found.

``market recheck`` finds it from the database alone: each paper by its digest, by the signature of
whoever gave it, and by the log. The small campaign always runs; ``SEED`` and ``CASE_ROUNDS`` choose
others. The log itself is tampered with in ``test_tampering.py``.
"""

from __future__ import annotations

import collections
import datetime as dt
import os
import pathlib
import random
from collections.abc import AsyncIterator
from typing import Any, Final

import asyncpg
import msgspec
import pytest

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor, system
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.ids import new_id
from catalog.signing import possession
from catalog.signing import queries as signing
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.purposes import Purpose
from market.retention import queries
from market.retention.model import Batch, Kind, Wrong
from tests.campaigns.test_tampering import _other
from tests.log_of_tests import TestLog, signer_of

SEED: Final = int(os.environ.get("SEED", "20260302"))
ROUNDS: Final = int(os.environ.get("CASE_ROUNDS", "60"))

#: What is flipped: of every later table of a case what somebody signed, or the log holds a digest of.
COLUMNS: Final = {
    "catalog.certificate_transfers": (
        "id", "from_party_id", "to_party_id", "agreement", "agreement_sha256", "from_key_id",
        "from_signature", "to_key_id", "to_signature", "bureau_party_id", "authorisation",
        "authorisation_sha256", "authorisation_key_id", "authorisation_signature",
    ),
    "catalog.certificate_reissues": (
        "id", "bureau_party_id", "authorisation", "authorisation_sha256", "key_id", "signature",
    ),
    "catalog.agency_evaluations": ("id", "document", "sha256", "key_id", "signature"),
    "catalog.change_papers": (
        "id", "change_id", "document", "sha256", "key_id", "signature", "party_id",
    ),
    "catalog.legal_instruments": ("id", "file_id", "file_sha256"),
    "catalog.authorisation_letters": ("id", "file_id", "sha256"),
    "catalog.application_consents": (
        "id", "application_id", "content_sha256", "file_id", "file_sha256",
    ),
    "catalog.certificate_encumbrances": ("id", "file_id", "file_sha256"),
    "catalog.foreign_certificates": ("id", "file_id", "file_sha256"),
    "catalog.agency_bids": ("id", "sha256"),
    "catalog.agency_bid_contents": ("bid_id", "document"),
    "catalog.files": ("id", "sha256"),
}  # fmt: skip
OURS: Final = tuple(COLUMNS)


class Cases:
    """Rows of every table as their rooms write them, without the cases that led to them."""

    def __init__(self, log: TestLog, owner: asyncpg.Connection[Any], now: dt.datetime) -> None:
        self.log, self.owner, self.now = log, owner, now
        party = log.actor.party_id
        assert party is not None
        self.party = party
        self.document = canonical({"format": "shushi/test/1", "number": "甲"})
        self.sha256 = sha256_hex(self.document)

    async def put(self, table: str, **values: Any) -> None:
        """Insert a row; what the table wants besides is made up."""
        wanted = await self.owner.fetch(
            """SELECT column_name, udt_name FROM information_schema.columns
                WHERE table_schema || '.' || table_name = $1 AND is_nullable = 'NO'""",
            table,
        )
        for column in wanted:
            if column["column_name"] not in values:
                values[column["column_name"]] = self._some(column["udt_name"])
        marks = ", ".join(f"${i + 1}" for i in range(len(values)))
        await self.owner.execute(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})", *values.values()
        )

    def _some(self, kind: str) -> Any:
        return {
            "uuid": new_id(),
            "text": "x",
            "date": self.now.date(),
            "timestamptz": self.now,
            "bytea": b"{}",
            "jsonb": [],
            "bool": False,
            "int4": 1,
            "int8": 1,
        }[kind]

    async def log_it(
        self, event: Event, subject: str, kind: str, identifier: Any, digest: str
    ) -> None:
        await self.log.append(
            self.now,
            event,
            subjects=(Subject(*subject.split(":", 1)),),
            digests=(Digest(kind, str(identifier), digest),),
        )

    async def file(self) -> dict[str, Any]:
        file_id = new_id()
        digest = sha256_hex(str(file_id).encode())
        await self.put("catalog.files", id=file_id, sha256=digest, owner_party_id=self.party)
        return {"file_id": file_id, "sha256": digest}

    async def fill(self) -> None:
        """Put one row of each kind, and what the log holds of it."""
        contract, bureau = signer_of(Purpose.CONTRACT), signer_of(Purpose.AUTHORISATION)
        opinion, report = signer_of(Purpose.OPINION), signer_of(Purpose.REPORT)
        signed = {"document": self.document, "sha256": self.sha256}
        authorised = {
            "bureau_party_id": self.party,
            "authorisation": self.document,
            "authorisation_sha256": self.sha256,
            "authorised_at": self.now,
        }
        one = new_id()
        await self.put(
            "catalog.certificate_transfers", id=one, from_party_id=self.party,
            to_party_id=self.party, agreement=self.document, agreement_sha256=self.sha256,
            from_key_id=contract.key_id, from_signature=contract.sign(self.document),
            to_key_id=contract.key_id, to_signature=contract.sign(self.document),
            accepted_at=self.now, authorisation_key_id=bureau.key_id,
            authorisation_signature=bureau.sign(self.document), **authorised,
        )  # fmt: skip
        await self.log_it(
            Event.TRANSFER_AUTHORISED, f"transfer:{one}", "transfer_authorisation", one, self.sha256
        )
        one = new_id()
        await self.put(
            "catalog.certificate_reissues", id=one, key_id=bureau.key_id,
            signature=bureau.sign(self.document), **authorised,
        )  # fmt: skip
        await self.log_it(
            Event.ISSUANCE_AUTHORISED, f"reissue:{one}", "issuance_authorisation", one, self.sha256
        )
        one = new_id()
        await self.put(
            "catalog.agency_evaluations", id=one, key_id=report.key_id,
            signature=report.sign(self.document), evaluated_at=self.now, **signed,
        )  # fmt: skip
        await self.log_it(
            Event.AGENCY_EVALUATED,
            f"agency_evaluation:{one}",
            "agency_evaluation",
            one,
            self.sha256,
        )
        for kind, noun, event, signer in (
            (
                "compliance_opinion",
                "compliance_opinion",
                Event.COMPLIANCE_OPINION_RECORDED,
                opinion,
            ),
            ("authorisation", "issuance_authorisation", Event.ISSUANCE_AUTHORISED, bureau),
        ):
            one, change = new_id(), new_id()
            await self.put(
                "catalog.change_papers", id=one, change_id=change, kind=kind, party_id=self.party,
                key_id=signer.key_id, signature=signer.sign(self.document), **signed,
            )  # fmt: skip
            await self.log_it(event, f"change:{change}", noun, one, self.sha256)
        await self._cited()

    async def _cited(self) -> None:
        for table, column, noun, event in (
            ("legal_instruments", "file_sha256", "instrument", Event.INSTRUMENT_LODGED),
            (
                "authorisation_letters",
                "sha256",
                "authorisation_letter",
                Event.AUTHORISATION_LETTER_GRANTED,
            ),
            (
                "certificate_encumbrances",
                "file_sha256",
                "encumbrance",
                Event.CERTIFICATE_ENCUMBERED,
            ),
            (
                "foreign_certificates",
                "file_sha256",
                "foreign_certificate",
                Event.FOREIGN_CERTIFICATE_IMPORTED,
            ),
        ):
            one, file = new_id(), await self.file()
            cited = {"file_id": file["file_id"], column: file["sha256"]}
            await self.put(f"catalog.{table}", id=one, **cited)
            await self.log_it(event, f"{noun}:{one}", noun, one, file["sha256"])
        one, application, file = new_id(), new_id(), await self.file()
        await self.put(
            "catalog.application_consents", id=one, application_id=application,
            content_sha256=self.sha256, file_id=file["file_id"], file_sha256=file["sha256"],
        )  # fmt: skip
        await self.log.append(
            self.now,
            Event.OWNER_CONSENTED,
            subjects=(Subject("application", str(application)),),
            digests=(
                Digest("consented_content", str(one), self.sha256),
                Digest("consent_document", str(one), file["sha256"]),
            ),
        )
        one = new_id()
        await self.put(
            "catalog.agency_bids", id=one, sha256=self.sha256, opened_at=self.now,
        )  # fmt: skip
        await self.put("catalog.agency_bid_contents", bid_id=one, document=self.document)
        await self.log_it(
            Event.AGENCY_BID_HANDED_IN, f"agency_bid:{one}", "agency_bid", one, self.sha256
        )


@pytest.fixture
async def owner(
    db: Database, almighty: Actor, data_dir: pathlib.Path, now: dt.datetime, owner_dsn: str
) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A superuser past all constraints and triggers, and three rows of each kind."""
    log = TestLog(db, almighty, data_dir)
    assert almighty.party_id is not None
    async with begin(db, system("test")) as tx:
        await audit_log.register_service_keys(
            tx, now=now, keys={Purpose.REPORT: signer_of(Purpose.REPORT).public_key}
        )
    async with begin(db, almighty) as tx:
        for purpose in (Purpose.CONTRACT, Purpose.AUTHORISATION, Purpose.OPINION):
            signer = signer_of(purpose)
            statement = possession.statement(almighty.party_id, purpose, signer.public_key)
            await audit_log.register_party_key(
                tx,
                actor=almighty,
                now=now,
                purpose=purpose,
                public_key=signer.public_key,
                possession=signer._private.sign(statement),
            )
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
    cases = Cases(log, connection, now)
    for _ in range(3):
        await cases.fill()
    yield connection
    await connection.close()


async def wrongs(connection: asyncpg.Connection[Any]) -> tuple[int, list[Wrong]]:
    """Return how many documents are there, and what is wrong, as ``market recheck`` finds it."""
    tx = Tx(connection, system("recheck"))
    batch = Batch(kind=Kind.DOCUMENTS, round=1, after=None)
    kept = await queries.list_documents(tx, batch=batch, limit=1_000)
    keys = {key.key_id: key for key in await signing.list_public_keys(tx)}
    found = [await queries.find_wrong_document(tx, kept=each, keys=keys) for each in kept]
    return len(kept), [each for each in found if each is not None]


async def test_every_random_change_of_a_paper_is_found(
    owner: asyncpg.Connection[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    there, wrong = await wrongs(owner)
    assert (there, wrong) == (3 * 14, [])
    tampered: collections.Counter[str] = collections.Counter()
    number = 0
    while tampered.total() < ROUNDS:
        number += 1
        chance = random.Random(SEED * 1_000_003 + number)
        table = chance.choice(OURS)
        column = chance.choice(COLUMNS[table])
        row = chance.choice(
            await owner.fetch(f"SELECT ctid::text AS place, * FROM {table} ORDER BY ctid")
        )
        value = _other(row[column], column, chance)
        transaction = owner.transaction()
        await transaction.start()
        try:
            await owner.execute(
                f"UPDATE {table} SET {column} = $1 WHERE ctid = '{row['place']}'::tid", value
            )
            _, wrong = await wrongs(owner)
        finally:
            await transaction.rollback()
        assert wrong, f"seed {SEED} round {number}: {table}.{column} {row[column]!r} → {value!r}"
        assert all(each.reason for each in wrong)
        tampered[table] += 1

    with capsys.disabled():
        print(f"\n{ROUNDS} changes in {len(tampered)} tables, seed {SEED}: all found")
    if ROUNDS >= 60:
        assert set(tampered) == set(OURS)
