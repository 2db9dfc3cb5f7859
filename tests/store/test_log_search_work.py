"""Whatever is asked of the log, an index leads to it, and little more is read than what is shown."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from typing import Any, Final

import asyncpg
import pytest

from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.ids import AccountId, PartyId
from catalog.log_search import queries
from catalog.log_search.model import Wanted

MANY: Final = 30_000
PAGE: Final = 20
MOST: Final = 700  # rows that a page of twenty may read, of all tables together
START: Final = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
BIG, RARE = (
    Subject("product", "half of all"),
    777,
)  # an account with six entries, all about another product
TABLES: Final = frozenset({"search_entries", "search_subjects", "places", "entries"})

_FILL: Final = f"""
    WITH mix AS MATERIALIZED (
        SELECT $1 + i AS idx, gen_random_uuid() AS entry_id, $2::timestamptz + i * interval '1 second' AS at,
               CASE WHEN i % 20 = 7 THEN 'order:placed' ELSE 'data:accessed' END AS event,
               CASE WHEN i % 5000 = 1 THEN {RARE} ELSE i % 300 END AS who,
               ARRAY['order:o-' || i % 1500,
                     CASE WHEN i % 2 = 0 THEN '{BIG.key}' ELSE 'product:p-' || i % 100 END] AS subjects
          FROM generate_series(0, {MANY} - 1) i
    ), placed AS (
        INSERT INTO audit_log.places (idx, entry_id) SELECT idx, entry_id FROM mix
    ), kept AS (
        INSERT INTO audit_log.entries (entry_id, at, event, subjects, leaf)
        SELECT entry_id, at, event, subjects, convert_to('{{"v":1,"id":"' || entry_id || '","at":"","event":"' || event
               || '","subjects":[],"payload_sha256":"","digests":[],"rules":[]}}', 'UTF8') FROM mix
    ), found AS (
        INSERT INTO audit_log.search_entries (idx, entry_id, at, event, actor_account_id, actor_party_id)
        SELECT idx, entry_id, at, event, md5('account' || who)::uuid, md5('party' || who % 50)::uuid FROM mix
    )
    INSERT INTO audit_log.search_subjects (subject, at, idx, event)
    SELECT audit_log.subject_key(s), at, idx, event FROM mix, unnest(subjects) s"""


def account(number: int) -> AccountId:
    return AccountId(_named(f"account{number}"))


def _named(text: str) -> uuid.UUID:
    return uuid.UUID(hashlib.md5(text.encode()).hexdigest())


def viewer(clearance: Clearance, *permissions: str) -> Actor:
    return Actor(
        account_id=account(3),
        party_id=PartyId(_named("party3")),
        name=clearance.value,
        roles=frozenset(),
        permissions=frozenset({"log:search", *permissions}),
        clearance=clearance,
    )


AUDITOR: Final = viewer(Clearance.AUDITOR, "audit:read")
PARTY: Final = viewer(Clearance.PARTY)
SECURITY: Final = viewer(Clearance.ADMINISTRATOR)
ORDER: Final = Subject("order", "o-7")
LATE: Final = START + dt.timedelta(seconds=MANY // 2)

QUESTIONS: Final = {
    "subject": (AUDITOR, Wanted(subject=ORDER), 20),
    "a large subject": (AUDITOR, Wanted(subject=BIG), PAGE),
    "subject and action": (AUDITOR, Wanted(subject=BIG, action="data:accessed"), PAGE),
    "subject and another action": (AUDITOR, Wanted(subject=ORDER, action="data:accessed"), 0),
    "subject and time": (AUDITOR, Wanted(subject=BIG, since=START, until=LATE), PAGE),
    "subject and actor": (AUDITOR, Wanted(subject=BIG, actor_account_id=account(4)), PAGE),
    "a large subject and an actor who never did it": (
        AUDITOR,
        Wanted(subject=BIG, actor_account_id=account(RARE)),
        0,
    ),
    "subject, actor, action, time": (
        AUDITOR,
        Wanted(subject=BIG, actor_account_id=account(4), action="data:accessed", until=LATE),
        PAGE,
    ),
    "actor": (AUDITOR, Wanted(actor_account_id=account(4)), PAGE),
    "a rare actor": (AUDITOR, Wanted(actor_account_id=account(RARE)), 6),
    "actor and action": (AUDITOR, Wanted(actor_account_id=account(7), action="order:placed"), PAGE),
    "actor and time": (AUDITOR, Wanted(actor_account_id=account(4), until=LATE), PAGE),
    "action": (AUDITOR, Wanted(action="order:placed"), PAGE),
    "action and time": (AUDITOR, Wanted(action="order:placed", until=LATE), PAGE),
    "time": (AUDITOR, Wanted(since=START, until=LATE), PAGE),
    "all": (AUDITOR, Wanted(), PAGE),
    "a party's own": (PARTY, Wanted(), PAGE),
    "a party's own by actor": (PARTY, Wanted(actor_account_id=account(53)), PAGE),
    "what security sees": (SECURITY, Wanted(until=LATE), 0),
}


@pytest.fixture
async def large(owner_dsn: str) -> None:
    """Many made-up entries, in the log and in its index."""
    owner = await asyncpg.connect(owner_dsn)
    try:
        held = int(await owner.fetchval("SELECT count(*) FROM audit_log.places")) + 100
        await owner.execute("SET session_replication_role = replica")
        await owner.execute(_FILL, held, START)
        await owner.execute("UPDATE audit_log.search_state SET size = $1", held + MANY)
        await owner.execute("SET session_replication_role = origin")
        for table in sorted(TABLES):
            await owner.execute(f"VACUUM (ANALYZE) audit_log.{table}")
    finally:
        await owner.close()


class Explained:
    """A transaction whose statements are run with their plans looked at."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self.read = 0.0  # rows that came out of the log's tables, whether they were kept or not
        self.scanned: list[str] = []

    async def execute(self, sql: str, *args: Any) -> int:
        return await self._tx.execute(sql, *args)

    async def fetch_value(self, sql: str, *args: Any) -> Any:
        return await self._tx.fetch_value(sql, *args)

    async def fetch(self, sql: str, *args: Any) -> Any:
        (plan,) = await self._tx.fetch_value(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *args)
        self._look(plan["Plan"])
        return await self._tx.fetch(sql, *args)

    def _look(self, node: dict[str, Any]) -> None:
        if node.get("Relation Name") in TABLES:
            lost = node.get("Rows Removed by Filter", 0) + node.get(
                "Rows Removed by Index Recheck", 0
            )
            self.read += (node["Actual Rows"] + lost) * node["Actual Loops"]
            if node["Node Type"] == "Seq Scan" and node["Actual Loops"]:
                self.scanned.append(node["Relation Name"])
        for inner in node.get("Plans", []):
            self._look(inner)


@pytest.mark.timeout(300)
async def test_each_question_reads_little_more_than_it_shows(db: Database, large: None) -> None:
    odd = {}
    for name, (who, wanted, found) in QUESTIONS.items():
        async with begin(db, who) as tx:
            asking: Any = Explained(tx)
            page = await queries.search(asking, viewer=who, wanted=wanted, limit=PAGE)
        if len(page.items) != found or asking.read > MOST or asking.scanned:
            odd[name] = (len(page.items), asking.read, asking.scanned)

    assert odd == {}
