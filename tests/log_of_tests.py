"""Keep a log in tests: append entries, sequence them, sign them, export them."""

from __future__ import annotations

import datetime as dt
import hashlib
import pathlib

from catalog.audit_log import operations as audit_log
from catalog.audit_log.disk import CheckpointJournal, LogDirectory
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, EntryId, Subject
from catalog.audit_log.sequencer.operations import publishing
from catalog.kernel.actor import Actor
from catalog.kernel.db import Database, begin
from catalog.signing.algorithms import Algorithm
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from market.jobs import sequence_log

ORIGIN = "shushi.example/log"


def signer_of(purpose: Purpose, name: str = "test") -> Signer:
    """Return a signer whose key anybody can make again."""
    return Signer(purpose, hashlib.sha256(f"{purpose} {name}".encode()).digest())


def further_signer_of(algorithm: Algorithm) -> Signer:
    """Return a signer of checkpoints by another algorithm, whose key anybody can make again."""
    seed = hashlib.sha256(f"checkpoint {algorithm}".encode()).digest()
    return Signer(Purpose.CHECKPOINT, seed, algorithm)


def log_signer_of_all() -> publishing.LogSigner:
    """Return what signs checkpoints by every algorithm."""
    return publishing.LogSigner(
        ORIGIN,
        signer_of(Purpose.CHECKPOINT),
        (further_signer_of(Algorithm.ML_DSA_44), further_signer_of(Algorithm.SM2)),
    )


class TestLog:
    """The log of one test's database, with its signer and journal."""

    __test__ = False

    def __init__(self, db: Database, actor: Actor, data_dir: pathlib.Path) -> None:
        self.db = db
        self.actor = actor
        self.journal = CheckpointJournal(data_dir / "signer.jsonl")
        self.signer = publishing.LogSigner(ORIGIN, signer_of(Purpose.CHECKPOINT))
        self.directory: LogDirectory | None = None

    async def append(
        self,
        now: dt.datetime,
        event: Event = Event.PRODUCT_DESCRIBED,
        *,
        subjects: tuple[Subject, ...] = (Subject("product", "1"),),
        digests: tuple[Digest, ...] = (),
        order_seq: int | None = None,
    ) -> EntryId:
        async with begin(self.db, self.actor) as tx:
            return (
                await audit_log.append(
                    tx,
                    event,
                    actor=self.actor,
                    now=now,
                    subjects=subjects,
                    facts={"名称": "海南省企业信用数据", "amount_fen": 12_00},
                    digests=digests,
                    rules=("HN-08",),
                    order_seq=order_seq,
                )
            ).id

    async def append_many(self, now: dt.datetime, count: int) -> None:
        async with begin(self.db, self.actor) as tx:
            for i in range(count):
                await audit_log.append(
                    tx,
                    Event.PRODUCT_REVISED,
                    actor=self.actor,
                    now=now,
                    subjects=[Subject("product", str(i % 7))],
                    facts={"i": i},
                )

    async def run(self, now: dt.datetime) -> int:
        return await sequence_log.run(
            self.db,
            now=now,
            signer=self.signer,
            journal=self.journal,
            directory=self.directory,
        )
