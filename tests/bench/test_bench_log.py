"""The log by itself: places given, proofs made, a published log replayed, each beside its limit.

``BENCH_LEAVES=10000000`` fills the log so far (default 300,000); it takes minutes and 12 GB.
"""

from __future__ import annotations

import os
import random
import statistics
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import asyncpg
import pytest

from catalog.audit_log import export_format as form
from catalog.audit_log import leaf, merkle, queries, tiles
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, EntryId, Subject
from catalog.audit_log.sequencer.operations import publishing, sequencing
from catalog.audit_log.store import tree
from catalog.audit_log.verify import verify_tree
from catalog.kernel import db as database
from catalog.kernel.actor import Actor, system
from catalog.kernel.clock import ManualClock, monotonic
from catalog.kernel.db import SEQUENCER_ROLE, Database, begin
from catalog.kernel.ids import new_id
from catalog.signing.purposes import Purpose
from market.cli.cores import replay_on_all_cores
from tests.log_of_tests import ORIGIN, TestLog, signer_of

pytestmark = [pytest.mark.bench, pytest.mark.timeout(3600)]

LEAVES = int(os.environ.get("BENCH_LEAVES", "300000"))
STRETCH = 100_000
ORDERS = 2_000
PROOFS = 1_000

_BARE = """
    WITH taken AS (
        DELETE FROM public.queue WHERE id = ANY(ARRAY(
            SELECT id FROM public.queue ORDER BY id LIMIT 4096)) RETURNING id, entry_id, leaf)
    INSERT INTO public.places (idx, entry_id, leaf) SELECT id, entry_id, leaf FROM taken
    RETURNING idx, leaf"""
_TABLES = """
    CREATE TABLE public.queue (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, entry_id uuid UNIQUE, leaf bytea);
    CREATE TABLE public.places (idx bigint PRIMARY KEY, entry_id uuid UNIQUE, leaf bytea)"""


class Accesses:
    """Leaves as metered access writes them, of many orders in turn."""

    def __init__(self, clock: ManualClock) -> None:
        self.now = clock.now()
        self.counts = dict.fromkeys((str(new_id()) for _ in range(ORDERS)), 0)

    def take(self, count: int) -> Iterator[tuple[uuid.UUID, bytes]]:
        """Yield the next entries: id and leaf."""
        orders = list(self.counts)
        for n in range(count):
            entry, order = EntryId(new_id()), orders[n % ORDERS]
            self.counts[order] += 1
            kinds = ("order", "grant", "product", "buyer", "supplier")
            yield (
                entry,
                leaf.leaf_bytes(
                    entry,
                    self.now,
                    Event.DATA_ACCESSED.value,
                    subjects=[Subject(kind, order) for kind in kinds],
                    payload_sha256="0" * 64,
                    digests=[Digest("usage", str(entry), "0" * 64)],
                    rules=("BJ-27", "BJ-28"),
                    order_seq=self.counts[order],
                ),
            )


async def test_places_and_proofs(
    *, db: Database, clock: ManualClock, owner_dsn: str, almighty: Actor, data_dir: Path
) -> None:
    accesses, log = Accesses(clock), TestLog(db, almighty, data_dir)
    owning = await asyncpg.connect(owner_dsn)
    try:
        await owning.execute(_TABLES)
        stretches = [await _sequence_stretch(db, owning, accesses)]
        bare = [await _bare(owning, list(accesses.take(STRETCH)))]
        accesses.counts = dict.fromkeys(accesses.counts, STRETCH // ORDERS)
        print(f"\nthe first {STRETCH:,} leaves: {stretches[0]}")
        print(
            f"the same rows moved by bare SQL: {bare[0]:,.0f}/s, {stretches[0].rate / bare[0]:.2f} of it"
        )
        stretches += [
            await _sequence_stretch(db, owning, accesses) for _ in range(LEAVES // STRETCH - 1)
        ]
        before = dict(accesses.counts)
        bare.append(await _bare(owning, list(accesses.take(STRETCH))))
        accesses.counts = before
        print(
            f"the last {STRETCH:,} of {LEAVES:,}: {stretches[-1]}; bare SQL then {bare[1]:,.0f}/s"
        )
        # One stretch is two seconds, and a machine is never the same for ten minutes.
        some = max(1, min(5, len(stretches) // 3))
        early, late = (
            statistics.median(each.rate for each in part)
            for part in (stretches[:some], stretches[-some:])
        )
        print(
            f"a leaf costs {early / late:.2f} of what it did (medians of {some} stretches; asked: at"
            f" most 1.1 at 10^7), {early / late * bare[1] / bare[0]:.2f} if the machine were the same"
        )
        await owning.execute("ANALYZE audit_log.tiles")
    finally:
        await owning.close()
    await log.run(clock.now())
    await _prove(db, almighty)


class _Rate:
    """How many a second by the clock, and by the seconds that this process worked."""

    def __init__(self, count: int, seconds: float, worked: float) -> None:
        self.rate = count / seconds
        self.worked = count / worked

    def __str__(self) -> str:
        return f"{self.rate:,.0f}/s by the clock, {self.worked:,.0f}/s of its own core's work"


async def _sequence_stretch(
    db: Database, owning: asyncpg.Connection[asyncpg.Record], accesses: Accesses
) -> _Rate:
    rows = list(accesses.take(STRETCH))
    await owning.copy_records_to_table(
        "entries",
        schema_name="audit_log",
        columns=["entry_id", "at", "event", "subjects", "leaf"],
        records=[(each, accesses.now, Event.DATA_ACCESSED.value, [], leaf) for each, leaf in rows],
    )
    await _copy(owning, "audit_log.outbox", [(each,) for each, _ in rows], ["entry_id"])
    started, worked = monotonic(), time.process_time()
    done = 0
    while done < STRETCH:
        placed = await database.run(
            db, system("bench"), sequencing.sequence, role=SEQUENCER_ROLE, must_remember=False
        )
        done += placed.count
    return _Rate(STRETCH, monotonic() - started, time.process_time() - worked)


async def _bare(
    owning: asyncpg.Connection[asyncpg.Record], rows: list[tuple[uuid.UUID, bytes]]
) -> float:
    await _copy(owning, "public.queue", rows, ["entry_id", "leaf"])
    started = monotonic()
    while await owning.fetch(_BARE):
        pass
    return len(rows) / (monotonic() - started)


async def _copy(
    owning: asyncpg.Connection[asyncpg.Record],
    table: str,
    rows: Sequence[tuple[object, ...]],
    columns: list[str],
) -> None:
    schema, _, name = table.partition(".")
    await owning.copy_records_to_table(name, schema_name=schema, columns=columns, records=rows)
    await owning.execute("CHECKPOINT")


async def _prove(db: Database, actor: Actor) -> None:
    chosen = random.Random(20261128)
    async with begin(db, actor) as tx:
        size = (await queries.get_checkpoint(tx)).size

        async def from_database(index: int) -> None:
            await queries.prove_inclusion(tx, index, size)

        anywhere = [chosen.randrange(size) for _ in range(PROOFS)]
        stored = await _timed(from_database, anywhere)
        bare = await _timed(lambda _: tx.fetch_value("SELECT 1"), anywhere)
        state = await tree.get_state(tx)
        held: dict[tuple[int, int], bytes] = {}
        near = [chosen.randrange(size) for _ in range(64)]
        for index in near:
            spans = merkle.inclusion_spans(index, size)
            held |= await tree.read_tiles(tx, state, merkle.tiles_of(spans))

        async def warm(index: int) -> None:
            merkle.hashes_of(merkle.inclusion_spans(index, size), held)

        again = await _timed(warm, [chosen.choice(near) for _ in range(PROOFS)])
    for name, (p50, p99), asked in (("from the database", stored, 1), ("warm", again, 0.1)):
        print(f"a proof {name}: {p50:.3f} ms, p99 {p99:.3f} ms (asked: at most {asked} ms)")
    print(f"an empty question to the database takes {bare[0]:.3f} ms")


async def _timed(
    ask: Callable[[int], Awaitable[object]], indices: list[int]
) -> tuple[float, float]:
    times = []
    for index in indices:
        started = monotonic()
        await ask(index)
        times.append((monotonic() - started) * 1000)
    return statistics.median(times), sorted(times)[len(times) * 99 // 100]


class _Published(dict[str, bytes]):
    """A published log in memory, so that no disk is measured."""

    def read(self, name: str) -> bytes | None:
        return self.get(name)

    def lines(self, _name: str) -> Iterator[bytes]:
        return iter(())

    def names(self, prefix: str) -> list[str]:
        return [name for name in self if name.startswith(prefix)]


def test_a_published_log_is_replayed(clock: ManualClock) -> None:
    leaves = [raw for _, raw in Accesses(clock).take(min(LEAVES, 1_000_000))]
    started = monotonic()
    edge, filled = merkle.Edge().extended(merkle.split(merkle.leaf_hashes(leaves)))
    hashed = len(leaves) / (monotonic() - started)
    log = publishing.LogSigner(ORIGIN, signer_of(Purpose.CHECKPOINT))
    source = _Published()
    source[form.CHECKPOINT] = log.note(edge.size, edge.root(), previous=0)
    for tile in filled:
        source[str(tiles.TilePath(tile.level, tile.number))] = tile.hashes
    for level, hashes in enumerate(edge.partials):
        if hashes:
            width = len(hashes) // merkle.HASH_LENGTH
            source[str(tiles.TilePath(level, edge.size >> 8 * (level + 1), width))] = hashes
    for number, at in enumerate(range(0, len(leaves), merkle.TILE_WIDTH)):
        part = leaves[at : at + merkle.TILE_WIDTH]
        source[str(tiles.TilePath(None, number, len(part)))] = tiles.pack(part)

    started = monotonic()
    verdict = verify_tree(source, log.key, replayer=replay_on_all_cores)
    rate = len(leaves) / (monotonic() - started)

    assert verdict.problems == ()
    print(
        f"\n{len(leaves):,} leaves checked at {rate:,.0f}/s on {os.cpu_count()} cores (asked: at"
        f" least 300,000/s); hashing alone on one: {hashed:,.0f}/s, {rate / hashed:.2f} of it"
    )
