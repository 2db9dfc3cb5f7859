"""Kill -9 the log at random moments: sequencer, signer, database; no leaf is lost, doubled, or forked.

A real ``market serve`` on the embedded PostgreSQL (``fsync`` on) meters the accesses of several writers,
each of whom keeps the receipts that came with the answers. The process that sequences and signs, one
backend of the database, its postmaster, or everything is killed by SIGKILL: at random moments, and at
the very moment at which the signer's journal was written and the database does not know it yet. After
each restart what was promised is looked for, and an outside reader and a witness, who see only what the
service publishes, must never see two roots for one size, or a history that does not go on.

``CAMPAIGN_CYCLES`` (200), ``CAMPAIGN_SEED``, ``CAMPAIGN_WRITERS`` (4) choose another run;
``CAMPAIGN_RESTART_SECONDS`` (3) is what the median restart may take, for a machine that others use.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import hashlib
import os
import pathlib
import random
import statistics
import sys
from typing import Any, Final

import asyncpg
import httpx
import msgspec
import pytest

from catalog.audit_log import export_format as form
from catalog.audit_log import handed_out, merkle, proven_log
from catalog.audit_log.checkpoint import open_checkpoint, parse_checkpoint, parse_note, parse_vkey
from catalog.audit_log.disk import CheckpointJournal
from catalog.audit_log.receipts import Receipt, unpacked
from catalog.audit_log.verdict import Findings
from catalog.kernel.clock import SystemClock, monotonic
from catalog.kernel.errors import DomainError
from catalog.witnessing import disk as witnesses
from catalog.witnessing.request import AddCheckpoint
from market.cli.verify import Directory
from tests.campaigns.commands_under_fire import BUYER, Keys, Traffic, deliver_an_order
from tests.campaigns.fire import (
    LOG_NEVER,
    cycles,
    first_answer,
    print_figures,
    story_told,
    under_fire,
    verdict_of,
)
from tests.campaigns.service_under_fire import Kill, NotThere, Service, faults_of

CYCLES: Final = int(os.environ.get("CAMPAIGN_CYCLES", "200"))
SEED: Final = int(os.environ.get("CAMPAIGN_SEED", "20261128"))
WRITERS: Final = int(os.environ.get("CAMPAIGN_WRITERS", "4"))
RESTART_SECONDS: Final = float(os.environ.get("CAMPAIGN_RESTART_SECONDS", "3"))

pytestmark = [
    pytest.mark.campaign,
    pytest.mark.timeout(0),
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found through /proc"),
]

_DOWN: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, NotThere, httpx.HTTPError)
# Nothing of this is ever found.
NEVER: Final = LOG_NEVER | {
    "an order whose entries are not counted from one without a gap": """
        SELECT coalesce(c.order_id, l.order_id) FROM audit_log.order_counts c FULL JOIN (
            SELECT subject ->> 'id' AS order_id, count(*) AS entries,
                   min((leaf ->> 'order_seq')::bigint) AS first,
                   max((leaf ->> 'order_seq')::bigint) AS last
              FROM (SELECT convert_from(leaf, 'UTF8')::jsonb AS leaf FROM audit_log.leaves
                     WHERE position('"order_seq"'::bytea IN leaf) > 0) l
             CROSS JOIN LATERAL jsonb_array_elements(leaf -> 'subjects') AS s (subject)
             WHERE subject ->> 'kind' = 'order' GROUP BY 1) l USING (order_id)
         WHERE (c.entries, 1, c.entries) IS DISTINCT FROM (l.entries, l.first, l.last)""",
    "a checkpoint beyond the log": """
        SELECT c.size::text FROM audit_log.checkpoints c, audit_log.state s WHERE c.size > s.size""",
}


class Promise(msgspec.Struct, frozen=True):
    """A receipt as a writer got it."""

    receipt: Receipt
    document: bytes
    held: handed_out.HandedOut


class Outside:
    """A reader and a witness who see only what the service publishes."""

    def __init__(self, http: httpx.AsyncClient, directory: pathlib.Path) -> None:
        self.http = http
        self.directory = directory
        self.roots: dict[int, bytes] = {}
        self.newest = 0
        self.reads = self.cosigned = 0
        self.problems: list[str] = []
        self._witness: witnesses.Witness | None = None
        self._held = 0

    async def watch(self) -> None:
        """Look again and again, whatever is killed meanwhile."""
        while True:
            with contextlib.suppress(*_DOWN):
                await self.look()
            await asyncio.sleep(0.05)

    async def look(self) -> None:
        """Read the newest checkpoint; it must go on from what was read before."""
        answer = await self.http.get("/log/checkpoint")
        if answer.status_code != 200:
            return
        note = answer.content
        checkpoint = parse_checkpoint(parse_note(note).text)
        self.reads += 1
        if self.roots.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
            self.problems.append(f"two roots for {checkpoint.size}")
        if checkpoint.size < self.newest:
            self.problems.append(f"{self.newest} was published, and then {checkpoint.size}")
        self.newest = max(self.newest, checkpoint.size)
        await self._ask_the_witness(note, checkpoint.size)

    async def _ask_the_witness(self, note: bytes, size: int) -> None:
        if self._witness is None:
            keys = (await self.http.get("/api/v1/keys")).json()
            witnesses.create(self.directory, "witness.example/w1")
            self._witness = witnesses.Witness(self.directory)
            self._witness.add_log(parse_vkey(keys["log"]))
        if size <= self._held:
            return
        proof: tuple[merkle.Hash, ...] = ()
        if self._held:
            asked = {"old": self._held, "new": size}
            answer = await self.http.get("/api/v1/log/proofs/consistency", params=asked)
            if answer.status_code != 200:
                return
            told_of = msgspec.json.decode(answer.content)
            proof = tuple(merkle.Hash(msgspec.convert(each, bytes)) for each in told_of["hashes"])
        body = AddCheckpoint(self._held, proof, note).body()
        try:
            await asyncio.to_thread(self._witness.add_checkpoint, body, SystemClock().now())
        except DomainError as error:
            self.problems.append(f"the witness refused {size} after {self._held}: {error}")
        else:
            self._held = size
            self.cosigned += 1


class Campaign:
    """One campaign and its figures."""

    def __init__(self, service: Service, traffic: Traffic, outside: Outside) -> None:
        self.service = service
        self.traffic = traffic
        self.outside = outside
        self.rng = random.Random(SEED)
        self.journal = CheckpointJournal(service.data_dir / "keys" / "checkpoints.jsonl")
        self.promises: list[Promise] = []
        self.looked_for = 0
        self.kills: collections.Counter[str] = collections.Counter()
        self.restarts: list[float] = []
        self.recoveries: list[float] = []
        self.problems: list[str] = []
        # Nobody writes while all is looked through: what is found each time would take ever longer.
        self.may_write = asyncio.Event()
        self.may_write.set()

    async def write(self, name: str, order: str) -> None:
        """Use an order again and again; each answer has to bring its receipt."""
        number = 0
        while not self.traffic.is_closing:
            await self.may_write.wait()
            number += 1
            key = f"{SEED}/{name}/{number}"
            path = f"/api/v1/orders/{order}/content"
            answer = await self.traffic.look(BUYER, path, **{"idempotency-key": key})
            raw = unpacked(answer.headers["x-usage-receipt"])
            held = handed_out.read(raw)
            document = held.signed_bytes()
            receipt = msgspec.json.decode(document, type=Receipt)
            self.promises.append(Promise(receipt, document, held))

    async def cycle(self) -> None:
        """Kill something at some moment, start again, and look."""
        await asyncio.sleep(self.rng.uniform(0.02, 0.8))
        if self.rng.random() < 0.5:
            await self._until_the_journal_grows()
        kind = self.rng.choice(
            [Kill.SERVICE, Kill.SERVICE, Kill.BACKEND, Kill.POSTMASTER, Kill.EVERYTHING]
        )
        self.kills[kind] += 1
        began = monotonic()
        self.traffic.expect_first_answer()
        await self.service.kill(kind, after=self.rng.uniform(0.0, 0.2))
        if kind is Kill.BACKEND:
            await first_answer(self.service, self.traffic)
            self.recoveries.append(monotonic() - began)
        else:
            self.service.start()
            self.restarts.append(await self.service.ready())
            await first_answer(self.service, self.traffic)
        self.may_write.clear()
        await self.check()
        self.may_write.set()

    async def _until_the_journal_grows(self) -> None:
        """Wait for the moment in which a checkpoint was written down, and is not stored yet."""
        before = self.journal.path.stat().st_size
        end = monotonic() + 2
        while self.journal.path.stat().st_size == before and monotonic() < end:
            await asyncio.sleep(0)

    async def _look_in(self) -> asyncpg.Connection[asyncpg.Record]:
        """Return a connection as the owner; a backend that was killed has the others recover first."""
        end = monotonic() + 30
        while True:
            try:
                return await asyncpg.connect(self.service.dsn(), timeout=30)
            except (OSError, asyncpg.CannotConnectNowError, asyncpg.ConnectionDoesNotExistError):
                assert monotonic() < end, "the database recovers for a long time"
                await asyncio.sleep(0.05)

    async def check(self) -> None:
        """See that every promise has its one entry, and that nothing impossible is there."""
        upto = len(self.promises)
        fresh = self.promises[self.looked_for : upto]
        owner = await self._look_in()
        try:
            rows = await owner.fetch(
                """SELECT entry_id::text AS id, leaf FROM audit_log.leaves
                    WHERE entry_id = ANY($1::uuid[])
                   UNION ALL SELECT entry_id::text, leaf FROM audit_log.waiting
                    WHERE entry_id = ANY($1::uuid[])""",
                [each.receipt.entry_id for each in fresh],
            )
            stored = await owner.fetch("SELECT size, root FROM audit_log.checkpoints")
            for name, sql in NEVER.items():
                found = await owner.fetch(sql)
                self.problems += [f"{name}: {row[0]}" for row in found]
        finally:
            owner.terminate()
        there: dict[str, list[str]] = collections.defaultdict(list)
        for row in rows:
            there[row["id"]].append(merkle.leaf_hash(row["leaf"]).hex())
        for each in fresh:
            if there[each.receipt.entry_id] != [each.receipt.leaf_hash]:
                found = there[each.receipt.entry_id]
                self.problems.append(f"promised {each.receipt.entry_id}, and there is {found}")
        self.looked_for = upto
        self._compare({row["size"]: bytes(row["root"]) for row in stored})
        self.problems += self.outside.problems
        self.outside.problems.clear()

    def _compare(self, stored: dict[int, bytes]) -> None:
        """Compare journal, database and what was seen outside: one root for a size."""
        signed: dict[int, bytes] = {}
        for line in self.journal.read():
            if signed.setdefault(line.size, line.root) != line.root:
                self.problems.append(f"two roots were signed for {line.size}")
        for size, root in stored.items():
            if signed.get(size) != root:
                self.problems.append(f"the journal does not have the stored root of {size}")
        for size, root in self.outside.roots.items():
            if signed.get(size) != root:
                self.problems.append(f"a root of {size} was shown that was not signed")


async def test_no_leaf_is_lost_doubled_or_forked_whatever_was_killed(
    tmp_path: pathlib.Path,
) -> None:
    print(f"\nCAMPAIGN_SEED={SEED} CAMPAIGN_CYCLES={CYCLES} CAMPAIGN_WRITERS={WRITERS}")
    data_dir, export = tmp_path / "data", tmp_path / "export"
    product_id = await story_told(data_dir)
    service = Service(data_dir)
    traffic = Traffic(service.url, data_dir / "demo")
    async with under_fire(service, traffic) as tasks:
        first_start = await service.ready()
        orders = [
            await deliver_an_order(
                traffic, Keys(data_dir / "demo"), product_id, f"{SEED}/writer-{n}"
            )
            for n in range(WRITERS)
        ]
        outside = Outside(traffic.http, tmp_path / "witness")
        campaign = Campaign(service, traffic, outside)
        writers = [
            asyncio.create_task(campaign.write(f"writer-{n}", order))
            for n, order in enumerate(orders)
        ]
        tasks += [*writers, asyncio.create_task(outside.watch())]
        seconds = await cycles(
            CYCLES,
            campaign.cycle,
            tasks=tasks,
            problems=campaign.problems,
            acknowledged=campaign.promises,
        )
        traffic.is_closing = True
        await asyncio.gather(*writers)
        await campaign.check()
        faults = faults_of(service)
        tasks[-1].cancel()
        await service.stop()

        code, verdict = await verdict_of(data_dir, export)
        honoured = _honoured(campaign.promises, export)
        print_figures(_figures(campaign, first_start, seconds, honoured, verdict), faults)
        assert code == 0, verdict[-3000:]
        assert honoured == len(campaign.promises)
        assert not campaign.problems, campaign.problems[:20]
        assert outside.cosigned > 0
        assert statistics.median(campaign.restarts) <= RESTART_SECONDS


def _honoured(promises: list[Promise], export: pathlib.Path) -> int:
    """Return how many receipts are signed by the service and kept by the log, in one reading of it."""
    source = Directory(export)
    keys = msgspec.json.decode((export / form.KEYS).read_bytes(), type=form.Keys)
    key = parse_vkey(keys.log or "")
    assert open_checkpoint((export / form.CHECKPOINT).read_bytes(), key) is not None
    hashes = collections.Counter(
        hashlib.sha256(b"\x00" + leaf).hexdigest() for leaf in proven_log.leaves(source)
    )
    kept = 0
    for each in promises:
        found = Findings()
        handed_out.check_signature(
            found, keys, "receipt", each.receipt.entry_id, each.document, each.held.signature
        )
        kept += not found.problems and hashes[each.receipt.leaf_hash] == 1
    return kept


def _figures(
    campaign: Campaign, first_start: float, seconds: float, honoured: int, verdict: str
) -> list[tuple[str, Any]]:
    restarts, recoveries = campaign.restarts, campaign.recoveries or [0.0]
    outside = campaign.outside
    return [
        ("cycles", f"{sum(campaign.kills.values())} in {seconds:.0f} s, seed {SEED}"),
        *((f"killed: {kind}", count) for kind, count in sorted(campaign.kills.items())),
        ("receipts", len(campaign.promises)),
        ("… honoured", honoured),
        ("attempts of unknown outcome", campaign.traffic.unknown),
        ("checkpoints seen outside / cosigned", f"{len(outside.roots)} / {outside.cosigned}"),
        ("restart, exec to ready: median / max", f"{statistics.median(restarts):.2f} s / {max(restarts):.2f} s"),
        (f"… of them slower than {RESTART_SECONDS:g} s", sum(each > RESTART_SECONDS for each in restarts)),
        ("first start of all", f"{first_start:.2f} s"),
        ("after one backend: median / max", f"{statistics.median(recoveries):.2f} s / {max(recoveries):.2f} s"),
        ("problems", len(campaign.problems)),
        ("verify", verdict.strip().rpartition("\n")[2]),
    ]  # fmt: skip
