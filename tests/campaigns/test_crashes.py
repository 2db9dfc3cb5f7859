"""Kill the service and its database at random moments: nothing acknowledged is lost or doubled.

A real ``market serve`` on a data directory of its own, with the embedded PostgreSQL as everybody
gets it (``fsync`` on), is used by several clients at once: they upload files, apply for
registrations, and trade. At random moments the service, the database server, all of its processes,
or everything is killed by SIGKILL, also in the middle of a start, and started again. Every client
repeats its request under the same key until it is answered.

``CAMPAIGN_CYCLES`` (100), ``CAMPAIGN_SEED`` and ``CAMPAIGN_WORKERS`` (1) choose another run. A seed
gives the same kills at the same waits and the same commands; how they meet is the machine's chance.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import json
import os
import pathlib
import random
import statistics
import sys
from collections.abc import AsyncIterator
from typing import Any, Final

import asyncpg
import pytest

from catalog.kernel.actor import system
from catalog.kernel.db import Database, DatabaseUnreachable, begin
from settlement.ledger.queries import balances, checking
from tests.campaigns.commands_under_fire import (
    Acknowledged,
    Keys,
    Traffic,
    apply_for_registration,
    entrust,
    in_groups,
    keep_walking,
    trade,
    upload_files,
)
from tests.campaigns.fire import (
    LOG_NEVER,
    cycles,
    first_answer,
    print_figures,
    story_told,
    under_fire,
    verdict_of,
)
from tests.campaigns.service_under_fire import Kill, NotThere, Service, faults_of, told

CYCLES: Final = int(os.environ.get("CAMPAIGN_CYCLES", "100"))
SEED: Final = int(os.environ.get("CAMPAIGN_SEED", "20260302"))
WORKERS: Final = int(os.environ.get("CAMPAIGN_WORKERS", "1"))

pytestmark = [
    pytest.mark.campaign,
    pytest.mark.timeout(0),
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found through /proc"),
]

# How a database shows that it is down just now.
_DOWN: Final = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    DatabaseUnreachable,
    NotThere,
)
# How a problem begins that is a lost or altered answer.
_LOST: Final = ("lost:", "gone:", "other bytes:", "answered otherwise:")
# What each kind of command leaves behind, exactly once: what is counted before and after.
ROWS: Final = {
    "upload": "SELECT count(*) FROM catalog.files",
    "describe": "SELECT count(*) FROM catalog.products",
    "attach": "SELECT count(*) FROM catalog.product_contents",
    "apply": "SELECT count(*) FROM catalog.applications",
    "material": "SELECT count(*) FROM catalog.application_materials",
    "submit": "SELECT count(*) FROM catalog.application_submissions",
    "take": """
        SELECT count(*) FROM catalog.case_assignments
         WHERE case_kind = 'application' AND duty = 'acceptance'""",
    "hand back": "SELECT count(*) FROM catalog.case_assignments WHERE end_reason = '调岗'",
    "grant letter": "SELECT count(*) FROM catalog.authorisation_letters",
    "revoke letter": """
        SELECT count(*) FROM catalog.authorisation_letters WHERE revoked_at IS NOT NULL""",
    "name registrar": "SELECT count(*) FROM catalog.foreign_registrars",
    "import": "SELECT count(*) FROM catalog.foreign_certificates",
    "reject": "SELECT count(*) FROM catalog.foreign_certificates WHERE state = 'rejected'",
    "place": "SELECT count(*) FROM market.orders",
    "clear": "SELECT count(*) FROM market.contracts",
    "sign": "SELECT count(*) FROM market.contract_signatures",
    "pay": "SELECT count(*) FROM settlement.payments",
    "confirm": "SELECT count(*) FROM settlement.channel_events",
    "deliver": "SELECT count(*) FROM market.grants",
    "use": "SELECT count(*) FROM market.usage_events WHERE price_units > 0",
    "accept": "SELECT count(*) FROM market.orders WHERE accepted_at IS NOT NULL",
    "release": "SELECT count(*) FROM settlement.escrows WHERE state = 'released'",
}
# … and what the log says of it.
EVENTS: Final = {
    "upload": "file:uploaded",
    "describe": "product:described",
    "attach": "product_content:attached",
    "apply": "application:drafted",
    "material": "material:handed_in",
    "submit": "application:submitted",
    "hand back": "case:handed_back",
    "grant letter": "authorisation_letter:granted",
    "revoke letter": "authorisation_letter:revoked",
    "name registrar": "foreign_registrar:named",
    "import": "foreign_certificate:imported",
    "reject": "foreign_certificate:rejected",
    "place": "order:placed",
    "clear": "order:cleared",
    "sign": "contract:signed",
    "pay": "payment:started",
    "confirm": "payment:confirmed",
    "deliver": "order:delivered",
    "accept": "delivery:accepted",
    "release": "escrow:released",
}
# Nothing of this is ever found, at whatever moment one looks.
NEVER: Final = LOG_NEVER | {
    "a file uploaded twice": """
        SELECT file_name FROM catalog.files GROUP BY file_name, sha256 HAVING count(*) > 1""",
    "a product described twice": """
        SELECT name FROM catalog.products GROUP BY name HAVING count(*) > 1""",
    "two applications for one product": """
        SELECT product_id::text FROM catalog.applications GROUP BY 1 HAVING count(*) > 1""",
    "a duty that two have at once": """
        SELECT case_id::text FROM catalog.case_assignments WHERE until IS NULL
         GROUP BY case_id, duty HAVING count(*) > 1""",
    "a certificate imported twice": """
        SELECT number FROM catalog.foreign_certificates GROUP BY number HAVING count(*) > 1""",
    "an order placed twice": """
        SELECT purpose FROM market.orders GROUP BY purpose HAVING count(*) > 1""",
    "an order paid twice": """
        SELECT order_id::text FROM settlement.entries WHERE kind = 'pay_in'
         GROUP BY 1 HAVING count(*) > 1""",
    "an order released twice": """
        SELECT order_id::text FROM settlement.entries WHERE kind = 'release'
         GROUP BY 1 HAVING count(*) > 1""",
    "a use billed twice": """
        SELECT order_id || request_key FROM market.usage_events WHERE price_units > 0
         GROUP BY 1 HAVING count(*) > 1""",
    "a paid order whose money is not in escrow": """
        SELECT o.id::text FROM market.orders o
          LEFT JOIN settlement.escrows e ON e.order_id = o.id
         WHERE o.paid_at IS NOT NULL AND e.funding_key IS NULL""",
    "money in escrow for an order that is not paid": """
        SELECT o.id::text FROM market.orders o JOIN settlement.escrows e ON e.order_id = o.id
         WHERE o.paid_at IS NULL AND e.funding_key IS NOT NULL""",
    "a key without an answer": """
        SELECT idempotency_key FROM market.answered_commands WHERE status IS NULL""",
}


class Campaign:
    """One campaign and its figures."""

    def __init__(self, service: Service, traffic: Traffic) -> None:
        self.service = service
        self.traffic = traffic
        self.rng = random.Random(SEED)
        self.kills: collections.Counter[str] = collections.Counter()
        self.recoveries: list[float] = []
        self.looks = 0
        self.looks_in_vain = 0
        self.problems: list[str] = []
        self.checked = 0
        self.replays_asked = 0
        self.before: dict[str, int] = {}
        self.before_events: dict[str, int] = {}
        self.before_keys = 0

    # ── fire ────────────────────────────────────────────────────────────────────────────────

    async def cycle(self) -> None:
        """Kill something at a random moment, start again, wait for the first answer, look."""
        await asyncio.sleep(self.rng.uniform(0.02, 1.0))
        kind = self.rng.choice([Kill.SERVICE, Kill.POSTMASTER, Kill.DATABASE, Kill.EVERYTHING])
        await self._kill(kind)
        while self.rng.random() < 0.15:
            self._start()
            await asyncio.sleep(self.rng.uniform(0.1, 2.5))
            await self._kill(Kill.STARTING)
        self._start()
        await first_answer(self.service, self.traffic)
        self.recoveries.append(self.traffic.answered_at - self.service.spawned_at)
        await self.check_newest()

    async def _kill(self, kind: Kill) -> None:
        self.kills[kind] += 1
        await self.service.kill(
            kind, gently=self.rng.random() < 0.5, after=self.rng.uniform(0.0, 0.3)
        )

    def _start(self) -> None:
        self.traffic.expect_first_answer()
        self.service.start()

    async def look_at_the_books(self) -> None:
        """Look at the ledger again and again, while everything is killed around us."""
        while True:
            await asyncio.sleep(0.3)
            try:
                await self.look_once()
            except _DOWN:
                self.looks_in_vain += 1

    async def look_once(self) -> None:
        """See that the ledger sums to zero and that nothing impossible is there."""
        async with self.database() as db:
            async with begin(db, system("campaign", "ledger:read"), snapshot=True) as tx:
                breaches = await checking.find_breaches(tx)
                trial = await balances.trial_balance(tx)
            self.looks += 1
            self.problems += [f"the books: {breach}" for breach in breaches]
            if not trial.is_balanced:
                self.problems.append(f"the books are off by {trial.difference_fen} fen")
        self.problems += await self.find_impossible()

    async def find_impossible(self) -> list[str]:
        """Return everything that is never to be found."""
        async with self.owner() as owner:
            await owner.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
            return [
                f"{name}: {row[0]}" for name, sql in NEVER.items() for row in await owner.fetch(sql)
            ]

    # ── checks ──────────────────────────────────────────────────────────────────────────────

    async def check_newest(self) -> None:
        """See that what was acknowledged since the last check is stored as it was answered."""
        upto = len(self.traffic.acknowledged)
        fresh = self.traffic.acknowledged[self.checked : upto]
        async with self.owner() as owner:
            rows = await owner.fetch(
                """SELECT idempotency_key, status, body FROM market.answered_commands
                    WHERE idempotency_key = ANY($1)""",
                [each.key for each in fresh],
            )
        stored: dict[str, list[Any]] = collections.defaultdict(list)
        for row in rows:
            stored[row["idempotency_key"]].append((row["status"], bytes(row["body"] or b"")))
        for each in fresh:
            if stored[each.key] != [(each.status, each.body)]:
                self.problems.append(f"lost: {each.key}: {stored[each.key]!r:.200}")
        self.checked = upto
        for each in self.rng.sample(fresh, min(2, len(fresh))):
            await self.ask_again(each)

    async def ask_again(self, each: Acknowledged) -> None:
        """Send an acknowledged command again: the same answer, marked as a replay."""
        answer, _ = await self.traffic.until_answered(
            each.login, each.method, each.path, each.headers, each.content
        )
        self.replays_asked += 1
        again = (answer.status_code, answer.content, answer.headers.get("idempotency-replayed"))
        if again != (each.status, each.body, "true"):
            self.problems.append(f"answered otherwise: {each.key}: {again!r:.200}")

    async def find_again(self, each: Acknowledged) -> None:
        """See that what was made is there, under the address that was given."""
        if each.status != 201 or each.location is None:
            return
        answer = await self.traffic.look(each.login, each.location)
        made = json.loads(each.body).get("id")  # what has none stands under something else's
        if made is not None and made not in answer.text:
            self.problems.append(f"gone: {each.key}: {each.location}")
        if each.kind == "upload":
            content = await self.traffic.look(each.login, f"{each.location}/content")
            if content.content != each.content:
                self.problems.append(f"other bytes: {each.key}: {each.location}")

    async def count(self) -> tuple[dict[str, int], dict[str, int], int]:
        """Return how many rows, entries and answered keys there are."""
        async with self.owner() as owner:
            rows = {kind: int(await owner.fetchval(sql)) for kind, sql in ROWS.items()}
            entries = await owner.fetch("SELECT event, count(*) FROM audit_log.entries GROUP BY 1")
            keys = await owner.fetchval("SELECT count(*) FROM market.answered_commands")
        return rows, {row[0]: int(row[1]) for row in entries}, int(keys)

    async def check_counts(self) -> dict[str, tuple[int, int, int]]:
        """See that there is one row and one entry for each acknowledged command, and no other."""
        rows, entries, keys = await self.count()
        told = collections.Counter(each.kind for each in self.traffic.acknowledged)
        told["confirm"] = len(self.traffic.confirmed)
        told["use"] = len(self.traffic.used)
        figures = {}
        for kind in ROWS:
            made = rows[kind] - self.before[kind]
            event = EVENTS.get(kind, "")
            logged = entries.get(event, 0) - self.before_events.get(event, 0) if event else made
            figures[kind] = (told[kind], made, logged)
            if made != told[kind]:
                self.problems.append(f"{kind}: {told[kind]} acknowledged, {made} there")
            if logged != told[kind]:
                self.problems.append(f"{kind}: {told[kind]} acknowledged, {logged} in the log")
        if keys - self.before_keys != len(self.traffic.acknowledged):
            self.problems.append(
                f"{len(self.traffic.acknowledged)} acknowledged, {keys - self.before_keys} keys"
            )
        return figures

    async def check_nothing_is_stuck(self) -> None:
        """See that every order of the campaign went its way to the end, and the log is signed."""
        async with self.owner() as owner:
            stuck = await owner.fetch(
                """SELECT o.number, o.state, e.state AS escrow FROM market.orders o
                     LEFT JOIN settlement.escrows e ON e.order_id = o.id
                    WHERE o.state NOT IN ('accepted', 'completed')
                       OR e.state IS DISTINCT FROM 'released'"""
            )
            self.problems += [f"stuck: {dict(row)}" for row in stuck]
            for _ in range(100):
                if not await owner.fetchval("SELECT count(*) FROM audit_log.outbox"):
                    break
                await asyncio.sleep(0.1)
            else:
                self.problems.append("entries wait for a place in the log for ever")

    # ── reach ───────────────────────────────────────────────────────────────────────────────

    @contextlib.asynccontextmanager
    async def database(self) -> AsyncIterator[Database]:
        """Open the database with the rights of the service's roles, for one look."""
        db = Database(self.service.dsn, pool_size=1)
        try:
            yield db
        finally:
            with contextlib.suppress(*_DOWN):
                await asyncio.wait_for(db.close(), 10)

    @contextlib.asynccontextmanager
    async def owner(self) -> AsyncIterator[Any]:
        """Open the database as its owner, who sees everything."""
        connection = await asyncpg.connect(self.service.dsn(), timeout=30)
        try:
            yield connection
        finally:
            connection.terminate()


async def test_what_was_acknowledged_is_there_exactly_once_whatever_was_killed(
    tmp_path: pathlib.Path,
) -> None:
    print(f"\nCAMPAIGN_SEED={SEED} CAMPAIGN_CYCLES={CYCLES} CAMPAIGN_WORKERS={WORKERS}")
    data_dir, export = tmp_path / "data", tmp_path / "export"
    product_id = await story_told(data_dir)
    service = Service(data_dir, workers=WORKERS)
    traffic = Traffic(service.url, data_dir / "demo")
    campaign = Campaign(service, traffic)
    keys = Keys(data_dir / "demo")
    async with under_fire(service, traffic) as tasks:
        await traffic.look("supplier", "/api/v1/me")
        campaign.before, campaign.before_events, campaign.before_keys = await campaign.count()

        walks = {
            "files-1": upload_files,
            "files-2": upload_files,
            "applications-1": apply_for_registration,
            "applications-2": apply_for_registration,
            "letters-1": entrust(product_id),
            "orders-1": trade(keys, product_id),
            "orders-2": trade(keys, product_id),
            "orders-3": trade(keys, product_id),
        }
        clients = [
            asyncio.create_task(keep_walking(traffic, name, walk, SEED))
            for name, walk in walks.items()
        ]
        looking = asyncio.create_task(campaign.look_at_the_books())
        tasks += [*clients, looking]
        seconds = await cycles(
            CYCLES,
            campaign.cycle,
            tasks=tasks,
            problems=campaign.problems,
            acknowledged=traffic.acknowledged,
        )
        traffic.is_closing = True
        await asyncio.gather(*clients)
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking

        await campaign.check_nothing_is_stuck()
        await campaign.look_once()
        await campaign.check_newest()
        figures = await campaign.check_counts()
        await in_groups(traffic.acknowledged, campaign.ask_again)
        await in_groups(traffic.acknowledged, campaign.find_again)
        assert await campaign.check_counts() == figures, "asking again changed something"
        faults = faults_of(service)
        await service.stop()
        assert not list((data_dir / "files").glob("incoming/*")), "a crash left parts of uploads"

        code, out = await told("check", "--json", data_dir=data_dir)
        assert code == 0, out[-3000:]
        code, verdict = await verdict_of(data_dir, export)
        _print(campaign, figures, faults, seconds, verdict)
        assert code == 0, verdict[-3000:]
        assert not campaign.problems, campaign.problems[:50]
        assert sum(campaign.kills.values()) >= CYCLES
        assert traffic.finished["orders"] > 0


def _print(
    campaign: Campaign,
    figures: dict[str, tuple[int, int, int]],
    faults: collections.Counter[str],
    seconds: float,
    verdict: str,
) -> None:
    traffic, recoveries = campaign.traffic, campaign.recoveries
    asked_again = [each for each in traffic.acknowledged if each.attempts > 1]
    lost = sum(problem.startswith(_LOST) for problem in campaign.problems)
    lines = [
        ("cycles", f"{len(recoveries)} in {seconds:.0f} s, seed {SEED}, {WORKERS} worker(s)"),
        *((f"killed: {kind}", str(count)) for kind, count in sorted(campaign.kills.items())),
        ("commands acknowledged", str(len(traffic.acknowledged))),
        ("… of them after more than one attempt", str(len(asked_again))),
        ("… of them already done when asked again", str(sum(a.is_replay for a in asked_again))),
        ("attempts of unknown outcome", str(traffic.unknown)),
        ("answers 5xx meanwhile", str(traffic.unavailable)),
        ("walks ended", ", ".join(f"{k} {n}" for k, n in sorted(traffic.finished.items()))),
        ("answers asked for again afterwards", str(campaign.replays_asked)),
        ("looks at the books, in vain", f"{campaign.looks}, {campaign.looks_in_vain}"),
        ("lost or altered", str(lost)),
        ("doubled, stuck or impossible", str(len(campaign.problems) - lost)),
        ("recovery median / max",
         f"{statistics.median(recoveries):.2f} s / {max(recoveries):.2f} s"),
        ("services that did not end when told", str(campaign.service.slow_ends)),
        ("verify", verdict.strip().rpartition("\n")[2]),
    ]  # fmt: skip
    print_figures(lines, faults, most=12)
    print(f"{'kind':>42}  acknowledged, rows, entries in the log")
    for kind, (told_of, made, logged) in figures.items():
        print(f"{kind:>42}  {told_of:>6} {made:>6} {logged:>6}")
