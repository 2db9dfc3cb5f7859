"""Store evidence of every kind as its rooms do: documents, the journal, and what stands beside the log."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import asyncpg
import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.leaf import instant
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import SEQUENCER_ROLE, begin
from catalog.kernel.ids import new_id
from catalog.key_custody import operations as key_custody
from catalog.signing import possession
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.purposes import Purpose
from catalog.timestamps import operations as timestamps
from catalog.timestamps import queries as timestamp_queries
from catalog.timestamps.hashing import HashAlgorithm
from catalog.witnessing import operations as witnessing
from catalog.witnessing.policy import Policy, parse_policy
from market.jobs import index_log, publish_heads
from settlement.ledger import operations as ledger
from settlement.ledger.accounts import Account, escrow_of
from settlement.ledger.accounts import Purpose as Of
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from tests.log_of_tests import ORIGIN, TestLog, signer_of
from tests.memory_authority import MemoryAuthority
from tests.witnessed_log import MemoryWitness

WITNESSES: Final = {name: MemoryWitness(f"{name}.example/w") for name in ("w1", "w2")}


def policy_of(log: TestLog) -> Policy:
    """Return the policy under which both witnesses have to cosign our log."""
    lines = (
        f"log {log.signer.key}",
        *(f"witness {name} {witness.key}" for name, witness in WITNESSES.items()),
        "group both all w1 w2",
        "quorum both",
    )
    return parse_policy("\n".join((*lines, "")).encode())


async def put_evidence(log: TestLog, clock: ManualClock) -> None:
    """Have entries of orders counted, heads published, checkpoints cosigned and stamped, keys told of.

    At last all that has its place is indexed; two entries wait for theirs.
    """
    authority = MemoryAuthority(clock)
    numbers = {"o-1": 0, "o-2": 0}
    for turn in range(3):
        for order in ("o-1", "o-1", "o-2"):
            numbers[order] += 1
            await log.append(
                clock.now(), subjects=(Subject("order", order),), order_seq=numbers[order]
            )
        await log.run(clock.now())
        await publish_heads.run(log.db, now=clock.now(), every=dt.timedelta(0))
        if turn == 0:
            await _announce_a_key(log, clock)
        clock.move_by(dt.timedelta(minutes=1))
        size, note = await _newest(log)
        await _cosign(log, clock, size, note)
        await _stamp(log, clock, authority, size, note)
    await _archive(log, clock, authority)
    await log.run(clock.now())
    await _cosign(log, clock, *await _newest(log))
    await index_log.run(log.db)
    for _ in range(2):
        await log.append(clock.now())


async def _newest(log: TestLog) -> tuple[int, bytes]:
    async with begin(log.db, system("test")) as tx:
        row = await tx.fetch_one(
            "SELECT size, note FROM audit_log.checkpoints ORDER BY size DESC LIMIT 1"
        )
    assert row is not None
    return row["size"], row["note"]


async def _announce_a_key(log: TestLog, clock: ManualClock) -> None:
    by = system("test", "key:rotate")
    async with begin(log.db, by) as tx:
        await key_custody.announce(
            tx,
            actor=by,
            now=clock.now(),
            origin=ORIGIN,
            new=signer_of(Purpose.CHECKPOINT, "new"),
            by=log.signer.signer,
            overlap=dt.timedelta(days=30),
        )


async def _cosign(log: TestLog, clock: ManualClock, size: int, note: bytes) -> None:
    at = clock.now().replace(microsecond=0)
    lines = {
        str(witness.key): (witness.line(note, int(at.timestamp())), at)
        for witness in WITNESSES.values()
    }
    async with begin(log.db, system("test"), role=SEQUENCER_ROLE) as tx:
        kept = await witnessing.keep(
            tx, policy=policy_of(log), now=clock.now(), size=size, lines=lines
        )
    assert kept is not None, "both are enough"


async def _stamp(
    log: TestLog, clock: ManualClock, authority: MemoryAuthority, size: int, note: bytes
) -> None:
    by = system("test", "timestamps:keep")
    async with begin(log.db, by) as tx:
        await timestamps.keep_checkpoint(
            tx,
            actor=by,
            now=clock.now(),
            trust=authority.trust(),
            authority="http://tsa.example",
            size=size,
            note=note,
            response=authority.stamped(note),
        )


async def _archive(log: TestLog, clock: ManualClock, authority: MemoryAuthority) -> None:
    by = system("test", "timestamps:keep")
    for algorithm in (HashAlgorithm.SHA384, HashAlgorithm.SHA512):
        await log.run(clock.now())
        async with begin(log.db, by) as tx:
            everything = await timestamp_queries.read_everything(tx, ORIGIN, algorithm)
            covers = timestamps.text_of(everything).text()
            await timestamps.keep_archive(
                tx,
                actor=by,
                now=clock.now(),
                trust=authority.trust(),
                authority="http://tsa.example",
                everything=everything,
                response=authority.stamped(covers, algorithm),
            )


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
