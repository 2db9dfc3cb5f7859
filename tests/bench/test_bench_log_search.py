"""The search of the log at ten million entries, beside its bare SQL, and what its index costs.

Prints the time of a first page for each kind of question, through row-level security and with
payloads, and that of the bare indexed statement of the same run. ``BENCH_LOG_ENTRIES`` makes it
smaller. Needs some 20 GB of disk for as long as it runs.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import random
import uuid
from collections.abc import Awaitable, Callable
from typing import Any, Final

import asyncpg
import msgspec
import pytest

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor, Clearance, system
from catalog.kernel.clock import monotonic
from catalog.kernel.db import SEQUENCER_ROLE, Database, begin, run
from catalog.kernel.ids import AccountId, PartyId
from catalog.log_search import operations as log_search
from catalog.log_search import queries
from catalog.log_search.model import Wanted

pytestmark = [pytest.mark.bench, pytest.mark.timeout(7200)]

ENTRIES: Final = int(os.environ.get("BENCH_LOG_ENTRIES", "10000000"))
ROUNDS: Final = 200
PAGE: Final = 20
WRITERS: Final = 16
APPENDS: Final = 2_000
START: Final = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
# Of a thousand entries: what a market's log mostly holds are metered accesses of the same orders.
ORDERS, PRODUCTS, PARTIES, ACCOUNTS = 100_000, 2_000, 5_000, 8_000

_MIX = f"""
    SELECT i, md5('entry' || i)::uuid AS entry_id,
           $1::timestamptz + i * interval '20 seconds' AS at,
           CASE WHEN i % 1000 < 900 THEN 'data:accessed' WHEN i % 1000 < 950 THEN 'session:opened'
                WHEN i % 1000 < 970 THEN 'access:denied' WHEN i % 1000 < 999 THEN 'order:placed'
                ELSE 'role:granted' END AS event,
           md5('account' || (i * 7919 % {ACCOUNTS}))::uuid AS account,
           md5('party' || (i * 7919 % {ACCOUNTS} % {PARTIES}))::uuid AS party,
           CASE WHEN i % 1000 < 900 THEN ARRAY[
                    'order:' || md5('order' || (i * 104729 % {ORDERS}))::uuid,
                    'grant:' || md5('grant' || (i * 104729 % {ORDERS}))::uuid,
                    'product:' || md5('product' || (i * 104729 % {ORDERS} % {PRODUCTS}))::uuid,
                    'buyer:' || md5('party' || (i * 7919 % {ACCOUNTS} % {PARTIES}))::uuid,
                    'supplier:' || md5('party' || (i * 104729 % {ORDERS} % 50))::uuid]
                WHEN i % 1000 < 950 THEN ARRAY[
                    'account:' || md5('account' || (i * 7919 % {ACCOUNTS}))::uuid]
                WHEN i % 1000 < 970 THEN '{{}}'::text[]
                ELSE ARRAY['order:' || md5('order' || (i * 104729 % {ORDERS}))::uuid] END
           AS subjects
      FROM generate_series($2::bigint, $3::bigint) i"""
_LEAF = """
    convert_to('{"at":"' || to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
        || '","digests":[],"event":"' || event || '","id":"' || entry_id
        || '","payload_sha256":"' || repeat('ab', 32) || '","rules":[],"subjects":'
        || (SELECT coalesce(jsonb_agg(jsonb_build_object(
                'kind', split_part(s, ':', 1), 'id', split_part(s, ':', 2))), '[]')
              FROM unnest(subjects) s) || ',"v":1}', 'UTF8')"""
_PAYLOAD = """
    convert_to('{"acting_for":null,"actor":{"account_id":"' || account || '","name":"n","party_id":"'
        || party || '","roles":["buyer"]},"after":null,"before":null,"facts":{"units":1,"bytes":4096,'
        || '"mode":"api","level":"public"},"reason":null}', 'UTF8')"""
_INDEXES = (
    "search_by_time",
    "search_by_event",
    "search_by_account_and_event",
    "search_by_party_and_event",
)
_STEP = 500_000


def named(kind: str, number: int) -> uuid.UUID:
    import hashlib

    return uuid.UUID(hashlib.md5(f"{kind}{number}".encode()).hexdigest())


AUDITOR: Final = Actor(
    account_id=AccountId(named("account", 1)),
    party_id=PartyId(named("party", 1)),
    name="auditor",
    roles=frozenset({"audit_administrator"}),
    permissions=frozenset({"audit:read", "log:search"}),
    clearance=Clearance.AUDITOR,
)


def buyer(number: int) -> Actor:
    return msgspec.structs.replace(
        AUDITOR,
        account_id=AccountId(named("account", number)),
        party_id=PartyId(named("party", number % PARTIES)),
        permissions=frozenset({"log:search"}),
        clearance=Clearance.PARTY,
    )


SECURITY: Final = msgspec.structs.replace(
    AUDITOR, permissions=frozenset({"log:search"}), clearance=Clearance.ADMINISTRATOR
)


async def load(owner: Any) -> int:
    """Fill log and index with made-up entries, past every trigger; return how many there are."""
    held = int(await owner.fetchval("SELECT count(*) FROM audit_log.places"))
    held += int(await owner.fetchval("SELECT count(*) FROM audit_log.outbox"))
    await owner.execute("SET session_replication_role = replica; SET synchronous_commit = off")
    await owner.execute("SET maintenance_work_mem = '512MB'")
    # Their own indexes are of no use to this search, and would take longer to build than all else.
    for name in ("event", "at"):
        await owner.execute(f"DROP INDEX IF EXISTS audit_log.entries_{name}")
    definitions = {
        name: await owner.fetchval("SELECT pg_get_indexdef($1::regclass)", f"audit_log.{name}")
        for name in _INDEXES
    }
    for name in _INDEXES:
        await owner.execute(f"DROP INDEX audit_log.{name}")
    await owner.execute(
        "ALTER TABLE audit_log.search_subjects DROP CONSTRAINT search_subjects_pkey"
    )
    for start in range(held, held + ENTRIES, _STEP):
        end = min(start + _STEP, held + ENTRIES) - 1
        await owner.execute(
            f"""WITH mix AS MATERIALIZED ({_MIX}), places AS (
                    INSERT INTO audit_log.places (idx, entry_id)
                    SELECT i, entry_id FROM mix
                ), kept AS (
                    INSERT INTO audit_log.entries (entry_id, at, event, subjects,
                           actor_account_id, actor_party_id, salt, payload, leaf)
                    SELECT entry_id, at, event, subjects, account, party,
                           decode(repeat('ab', 16), 'hex'), {_PAYLOAD}, {_LEAF} FROM mix
                ), entries AS (
                    INSERT INTO audit_log.search_entries
                    SELECT i, entry_id, at, event, account, party FROM mix
                )
                INSERT INTO audit_log.search_subjects (subject, at, idx, event)
                SELECT audit_log.subject_key(s), at, i, event FROM mix, unnest(subjects) s""",
            START,
            start,
            end,
            timeout=3600,
        )
    for definition in definitions.values():
        await owner.execute(definition, timeout=3600)
    await owner.execute(
        "ALTER TABLE audit_log.search_subjects ADD PRIMARY KEY (subject, event, at, idx)",
        timeout=3600,
    )
    await owner.execute("UPDATE audit_log.search_state SET size = $1", held + ENTRIES)
    await owner.execute("SET session_replication_role = origin")
    for table in ("search_entries", "search_subjects", "places", "entries"):
        await owner.execute(f"VACUUM (ANALYZE) audit_log.{table}", timeout=3600)
    return held + ENTRIES


_SHOWN = """
    SELECT found.at, found.idx, p.leaf, p.payload FROM found
      JOIN audit_log.places o USING (idx) JOIN audit_log.entries p USING (entry_id)
     ORDER BY found.at DESC, found.idx DESC"""


def bare(table: str, holds: str) -> str:
    return f"""WITH found AS MATERIALIZED (
        SELECT x.at, x.idx FROM audit_log.{table} x WHERE {holds}
         ORDER BY x.at DESC, x.idx DESC LIMIT {PAGE + 1}) {_SHOWN}"""


Question = tuple[str, Callable[[], tuple[Actor, Wanted]], str, Callable[[Wanted], tuple[Any, ...]]]


def questions(rng: random.Random) -> list[Question]:
    def subject(kind: str, many: int) -> Subject:
        return Subject(kind, str(named(kind, rng.randrange(many))))

    def key(wanted: Wanted) -> uuid.UUID:
        assert wanted.subject is not None
        return queries.subject_key(wanted.subject)

    def day() -> dt.datetime:
        return START + dt.timedelta(seconds=20 * rng.randrange(ENTRIES))

    def of_a_buyer() -> tuple[Actor, Wanted]:
        who = buyer(rng.randrange(ACCOUNTS))
        return who, Wanted(subject=Subject("buyer", str(who.party_id)))

    return [
        (
            "subject: an order",
            lambda: (AUDITOR, Wanted(subject=subject("order", ORDERS))),
            bare("search_subjects", "x.subject = $1"),
            lambda w: (key(w),),
        ),
        (
            "subject: a product",
            lambda: (AUDITOR, Wanted(subject=subject("product", PRODUCTS))),
            bare("search_subjects", "x.subject = $1"),
            lambda w: (key(w),),
        ),
        (
            "subject and action",
            lambda: (AUDITOR, Wanted(subject=subject("order", ORDERS), action="order:placed")),
            bare("search_subjects", "x.subject = $1 AND x.event = $2"),
            lambda w: (key(w), w.action),
        ),
        (
            "subject and time",
            lambda: (AUDITOR, Wanted(subject=subject("product", PRODUCTS), until=day())),
            bare("search_subjects", "x.subject = $1 AND x.at < $2"),
            lambda w: (key(w), w.until),
        ),
        (
            "actor",
            lambda: (AUDITOR, Wanted(actor_account_id=named("account", rng.randrange(ACCOUNTS)))),
            bare("search_entries", "x.actor_account_id = $1"),
            lambda w: (w.actor_account_id,),
        ),
        (
            "actor and rare action",
            lambda: (
                AUDITOR,
                Wanted(
                    actor_account_id=named("account", rng.randrange(ACCOUNTS)),
                    action="role:granted",
                ),
            ),
            bare("search_entries", "x.actor_account_id = $1 AND x.event = $2"),
            lambda w: (w.actor_account_id, w.action),
        ),
        (
            "action, and time",
            lambda: (AUDITOR, Wanted(action="access:denied", until=day())),
            bare("search_entries", "x.event = $1 AND x.at < $2"),
            lambda w: (w.action, w.until),
        ),
        (
            "time alone",
            lambda: (AUDITOR, Wanted(since=START, until=day())),
            bare("search_entries", "x.at >= $1 AND x.at < $2"),
            lambda w: (w.since, w.until),
        ),
        (
            "all of security",
            lambda: (SECURITY, Wanted(until=day())),
            bare("search_entries", "x.event = 'session:opened' AND x.at < $1"),
            lambda w: (w.until,),
        ),
        (
            "a party's own acts",
            lambda: (buyer(rng.randrange(ACCOUNTS)), Wanted()),
            bare("search_entries", "x.actor_party_id IS NOT NULL AND x.at < $1"),
            lambda _w: (START + dt.timedelta(days=1),),
        ),
        (
            "a buyer's own subject",
            of_a_buyer,
            bare("search_subjects", "x.subject = $1"),
            lambda w: (key(w),),
        ),
    ]


async def test_a_page_of_ten_million_entries_and_what_the_index_costs(
    db: Database, owner_dsn: str
) -> None:
    owner = await asyncpg.connect(owner_dsn)
    rng = random.Random(20261128)
    try:
        started = monotonic()
        total = await load(owner)
        print(f"\n{total:,} entries, {monotonic() - started:.0f} s to load")
        for table in ("places", "entries", "search_entries", "search_subjects"):
            whole = await owner.fetchval(
                "SELECT pg_total_relation_size($1::regclass)", f"audit_log.{table}"
            )
            print(f"  {table}: {whole / total:.0f} bytes an entry with its indexes")
        print(f"first page of {PAGE}, {ROUNDS} times each, in milliseconds")
        print(f"{'question':<24}{'p50':>8}{'p99':>8}{'bare p50':>10}{'bare p99':>10}{'found':>8}")
        for name, ask, sql, arguments in questions(rng):
            await _print_one(db, owner, name=name, ask=ask, sql=sql, arguments=arguments)
        await _deep(db, rng)
        await _cost(db, total)
    finally:
        await owner.close()


async def _print_one(
    db: Database,
    owner: Any,
    *,
    name: str,
    ask: Callable[[], tuple[Actor, Wanted]],
    sql: str,
    arguments: Callable[[Wanted], tuple[Any, ...]],
) -> None:
    ours, theirs, found = [], [], 0
    for turn in range(ROUNDS):
        who, wanted = ask()

        async def search(who: Actor = who, wanted: Wanted = wanted) -> int:
            async with begin(db, who) as tx:
                page = await queries.search(tx, viewer=who, wanted=wanted, limit=PAGE)
            return len(page.items)

        async def plain(wanted: Wanted = wanted) -> int:
            return len(await owner.fetch(sql, *arguments(wanted)))

        # In turns, since whoever asks first brings the pages into memory.
        for is_ours in (turn % 2 == 0, turn % 2 == 1):
            took, count = await _timed(search if is_ours else plain)
            (ours if is_ours else theirs).append(took)
            found += count if is_ours else 0
    found_each = found / ROUNDS
    print(
        f"{name:<24}{_at(ours, 50):>8.1f}{_at(ours, 99):>8.1f}{_at(theirs, 50):>10.1f}"
        f"{_at(theirs, 99):>10.1f}{found_each:>8.1f}"
    )


async def _deep(db: Database, rng: random.Random) -> None:
    wanted = Wanted(subject=Subject("product", str(named("product", rng.randrange(PRODUCTS)))))
    times, seen, cursor = [], 0, None
    async with begin(db, AUDITOR) as tx:
        for _ in range(100):
            started = monotonic()
            page = await queries.search(
                tx, viewer=AUDITOR, wanted=wanted, cursor=cursor, limit=PAGE
            )
            times.append(monotonic() - started)
            seen, cursor = seen + len(page.items), page.next_cursor
            if cursor is None:
                break
    print(f"page after page, {seen:,} entries: p50 {_at(times, 50):.1f}, p99 {_at(times, 99):.1f}")


async def _cost(db: Database, total: int) -> None:
    """Append, with and without the indexer beside it; index what was appended."""
    jobs = system("bench")

    async def append(count: int) -> float:
        left = iter(range(count))

        async def write() -> None:
            for i in left:
                async with begin(db, AUDITOR) as tx:
                    await audit_log.append(
                        tx,
                        Event.DATA_ACCESSED,
                        actor=AUDITOR,
                        now=START,
                        subjects=[
                            Subject(kind, str(named(kind, i)))
                            for kind in ("order", "grant", "product", "buyer", "supplier")
                        ],
                        facts={"units": 1},
                    )

        started = monotonic()
        await asyncio.gather(*(write() for _ in range(WRITERS)))
        return count / (monotonic() - started)

    # The made-up leaves have no tree, so that the sequencer is not asked: places are given as it does.
    async def give_places() -> int:
        async with begin(db, jobs, role=SEQUENCER_ROLE) as tx:
            waiting = await tx.fetch(
                """DELETE FROM audit_log.outbox WHERE id = ANY(ARRAY(
                       SELECT id FROM audit_log.outbox ORDER BY id LIMIT 4096))
                   RETURNING id, entry_id"""
            )
            first = await tx.fetch_value("SELECT coalesce(max(idx) + 1, 0) FROM audit_log.places")
            await tx.copy(
                "places",
                schema="audit_log",
                columns=("idx", "entry_id"),
                rows=[(first + n, row["entry_id"]) for n, row in enumerate(waiting)],
            )
        return len(waiting)

    async def index() -> int:
        return await run(db, jobs, log_search.index, role=SEQUENCER_ROLE, must_remember=False)

    while await give_places():
        pass
    while await index():
        pass
    alone = [await append(APPENDS) for _ in range(2)]
    while await give_places():
        pass
    started, indexed = monotonic(), 0
    while count := await index():
        indexed += count
    print(f"indexer: {indexed / (monotonic() - started):,.0f} entries/s of 5 subjects at {total:,}")

    stop = asyncio.Event()

    async def beside() -> None:
        while not stop.is_set():
            await give_places()
            await index()
            await asyncio.sleep(0)

    async def places_alone() -> None:
        while not stop.is_set():
            await give_places()
            await asyncio.sleep(0)

    rates = {}
    for name, job in (("sequencer alone", places_alone), ("with the indexer", beside)) * 2:
        stop.clear()
        task = asyncio.create_task(job())
        rates.setdefault(name, []).append(await append(APPENDS))
        stop.set()
        await task
        while await give_places():
            pass
        while await index():
            pass
    without, with_it = (max(rates[name]) for name in ("sequencer alone", "with the indexer"))
    print(
        f"appends/s by {WRITERS} writers: {max(alone):,.0f} alone, {without:,.0f} beside the"
        f" sequencer, {with_it:,.0f} with the indexer too: {with_it / without:.2f} of it"
    )


async def _timed(ask: Callable[[], Awaitable[int]]) -> tuple[float, int]:
    started = monotonic()
    count = await ask()
    return monotonic() - started, count


def _at(times: list[float], percent: int) -> float:
    return sorted(times)[min(len(times) - 1, len(times) * percent // 100)] * 1000
