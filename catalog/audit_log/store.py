"""Keep the log: outbox, leaves, tiles, state, checkpoints, and the payloads that can be erased."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from catalog.audit_log.merkle import Edge, Hash, Tile, unpacked_edge
from catalog.kernel.db import METADATA, Row, Tx, Write, insertion

OUTBOX: Final = sa.Table(
    "outbox",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("entry_id", pg.UUID(as_uuid=True), nullable=False),
    sa.Column("leaf", pg.BYTEA, nullable=False),
    schema="audit_log",
)
PAYLOADS: Final = sa.Table(
    "payloads",
    METADATA,
    sa.Column("entry_id", pg.UUID(as_uuid=True), primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("subjects", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("actor_account_id", pg.UUID(as_uuid=True)),
    sa.Column("actor_party_id", pg.UUID(as_uuid=True)),
    sa.Column("salt", pg.BYTEA),
    sa.Column("payload", pg.BYTEA),
    schema="audit_log",
)
LEAVES: Final = sa.Table(
    "leaves",
    METADATA,
    sa.Column("idx", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("entry_id", pg.UUID(as_uuid=True), nullable=False),
    sa.Column("leaf", pg.BYTEA, nullable=False),
    schema="audit_log",
)
TILES: Final = sa.Table(
    "tiles",
    METADATA,
    sa.Column("level", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("hashes", pg.BYTEA, nullable=False),
    schema="audit_log",
)
STATE: Final = sa.Table(
    "state",
    METADATA,
    sa.Column("log_id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("root", pg.BYTEA, nullable=False),
    sa.Column("frontier", pg.BYTEA, nullable=False),
    schema="audit_log",
)
CHECKPOINTS: Final = sa.Table(
    "checkpoints",
    METADATA,
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("root", pg.BYTEA, nullable=False),
    sa.Column("note", pg.BYTEA, nullable=False),
    sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
    schema="audit_log",
)


ORDER_COUNTS: Final = sa.Table(
    "order_counts",
    METADATA,
    sa.Column("order_id", sa.Text, primary_key=True),
    sa.Column("entries", sa.BigInteger, nullable=False),
    schema="audit_log",
)


STOPS: Final = sa.Table(
    "stops",
    METADATA,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("resumed_at", sa.DateTime(timezone=True)),
    schema="audit_log",
)
KEY_NOTICES: Final = sa.Table(
    "key_notices",
    METADATA,
    sa.Column("entry_id", pg.UUID(as_uuid=True), primary_key=True),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("note", pg.BYTEA, nullable=False),
    schema="audit_log",
)


class State(msgspec.Struct, frozen=True):
    """How far the log is, as stored."""

    size: int
    root: Hash
    frontier: bytes

    def edge(self) -> Edge:
        """Return the right edge of the tree.

        :raises ValueError: if what is stored does not fit the size.
        """
        return unpacked_edge(self.size, self.frontier)


class Published(msgspec.Struct, frozen=True):
    """A checkpoint as stored."""

    size: int
    root: Hash
    note: bytes


async def append(
    tx: Tx,
    *,
    entry_id: uuid.UUID,
    leaf: bytes,
    at: dt.datetime,
    event: str,
    subjects: list[str],
    actor_account_id: uuid.UUID | None,
    actor_party_id: uuid.UUID | None,
    salt: bytes,
    payload: bytes,
    beside: Sequence[Write],
) -> None:
    """Put an entry into the outbox and its payload beside it, with further writes. Takes no lock."""
    await tx.write(
        *beside,
        insertion(OUTBOX, entry_id=entry_id, leaf=leaf),
        insertion(
            PAYLOADS,
            entry_id=entry_id,
            at=at,
            event=event,
            subjects=subjects,
            actor_account_id=actor_account_id,
            actor_party_id=actor_party_id,
            salt=salt,
            payload=payload,
        ),
    )


async def get_state(tx: Tx) -> State:
    """Return how far the log is."""
    return _state(await tx.fetch_one("SELECT size, root, frontier FROM audit_log.state"))


async def lock_state(tx: Tx) -> State:
    """Return how far the log is, and keep every other sequencer out until this one is done."""
    return _state(await tx.fetch_one("SELECT size, root, frontier FROM audit_log.state FOR UPDATE"))


async def read_tree(tx: Tx) -> tuple[State, int | None]:
    """Return how far the log is, and how far it is signed; None while nothing is."""
    row = await tx.fetch_one(
        """SELECT size, root, frontier, (SELECT max(size) FROM audit_log.checkpoints) AS signed
             FROM audit_log.state"""
    )
    state = _state(row)
    return state, row["signed"] if row else None


def _state(row: Row | None) -> State:
    assert row is not None, "the migration made the one row"
    return State(row["size"], Hash(row["root"]), row["frontier"])


async def has_outbox(tx: Tx) -> bool:
    """Tell whether an entry waits for its place."""
    return bool(await tx.fetch_value("SELECT EXISTS (SELECT FROM audit_log.outbox)"))


async def place_outbox(tx: Tx, start: int, limit: int) -> list[bytes]:
    """Give up to ``limit`` entries of the outbox the places from ``start`` on; return their leaves.

    They come in the order in which they came in. A queue, not a cursor: an entry that commits late
    under a low id is taken later, never missed. The rows move inside the database, which takes half
    the time of sending them back.
    """
    rows = await tx.fetch(
        """WITH taken AS (
               DELETE FROM audit_log.outbox WHERE id = ANY(ARRAY(
                   SELECT id FROM audit_log.outbox ORDER BY id LIMIT $2))
               RETURNING id, entry_id, leaf
           )
           INSERT INTO audit_log.leaves (idx, entry_id, leaf)
           SELECT $1 + row_number() OVER (ORDER BY id) - 1, entry_id, leaf FROM taken
           RETURNING idx, leaf""",
        start,
        limit,
    )
    return [leaf for _, leaf in sorted((row["idx"], row["leaf"]) for row in rows)]


async def drop_from_outbox(tx: Tx, entries: list[uuid.UUID]) -> int:
    """Take entries out of the outbox that have their places elsewhere; return how many there were."""
    return await tx.execute("DELETE FROM audit_log.outbox WHERE entry_id = ANY($1)", entries)


async def add_leaves(tx: Tx, start: int, entries: list[tuple[uuid.UUID, bytes]]) -> None:
    """Give entries that have been in the log the places from ``start`` on."""
    await tx.copy(
        "leaves",
        schema="audit_log",
        columns=("idx", "entry_id", "leaf"),
        rows=[(start + i, entry_id, leaf) for i, (entry_id, leaf) in enumerate(entries)],
    )


async def add_erased_payloads(
    tx: Tx, rows: list[tuple[uuid.UUID, dt.datetime, str, list[str]]]
) -> None:
    """Keep of entries whose payload is lost what their leaves tell, so that they are found."""
    for entry_id, at, event, subjects in rows:
        await tx.execute(
            """INSERT INTO audit_log.payloads (entry_id, at, event, subjects)
               VALUES ($1, $2, $3, $4) ON CONFLICT (entry_id) DO NOTHING""",
            entry_id,
            at,
            event,
            subjects,
        )


async def add_tiles(tx: Tx, tiles: Iterable[Tile]) -> None:
    """Keep the tiles that are full."""
    await tx.copy(
        "tiles",
        schema="audit_log",
        columns=("level", "number", "hashes"),
        rows=[(tile.level, tile.number, tile.hashes) for tile in tiles],
    )


async def advance_state(tx: Tx, *, old_size: int, edge: Edge, root: Hash) -> int:
    """Move the log on, if it still is where it was; return how many rows were moved."""
    return await tx.execute(
        "UPDATE audit_log.state SET size = $2, root = $3, frontier = $4 WHERE size = $1",
        old_size,
        edge.size,
        root,
        edge.packed(),
    )


async def add_key_notice(
    tx: Tx, *, entry_id: uuid.UUID, action: str, key_id: str, note: bytes
) -> None:
    """Keep what is said of a key of the log, beside the entry that binds it."""
    await tx.insert(KEY_NOTICES, entry_id=entry_id, action=action, key_id=key_id, note=note)


async def list_key_notices(tx: Tx) -> list[tuple[int | None, bytes]]:
    """Return what was said of the log's keys, with its places; what has none yet comes last."""
    rows = await tx.fetch(
        """SELECT l.idx, n.note FROM audit_log.key_notices n
           LEFT JOIN audit_log.leaves l USING (entry_id) ORDER BY l.idx NULLS LAST, n.entry_id"""
    )
    return [(row["idx"], row["note"]) for row in rows]


async def read_order_counts(tx: Tx, orders: Iterable[str]) -> dict[str, int]:
    """Return how many numbered entries orders have in the log; who has none is not among them."""
    rows = await tx.fetch(
        "SELECT order_id, entries FROM audit_log.order_counts WHERE order_id = ANY($1)",
        list(orders),
    )
    return {row["order_id"]: row["entries"] for row in rows}


async def put_order_counts(tx: Tx, counts: Mapping[str, int]) -> None:
    """Keep how many numbered entries orders have."""
    await tx.execute(
        """INSERT INTO audit_log.order_counts (order_id, entries)
           SELECT o.id, o.entries FROM unnest($1::text[], $2::bigint[]) AS o (id, entries)
           ON CONFLICT (order_id) DO UPDATE SET entries = excluded.entries""",
        list(counts),
        list(counts.values()),
    )


async def read_tiles(
    tx: Tx, state: State, wanted: Iterable[tuple[int, int]]
) -> dict[tuple[int, int], bytes]:
    """Return the wanted tiles: full ones as stored, unfinished ones from the state's frontier."""
    edge = state.edge()
    found: dict[tuple[int, int], bytes] = {}
    full: list[tuple[int, int]] = []
    for level, number in wanted:
        if number == state.size >> (8 * (level + 1)) and level < len(edge.partials):
            found[level, number] = edge.partials[level]
        else:
            full.append((level, number))
    if full:
        rows = await tx.fetch(
            """SELECT level, number, hashes FROM audit_log.tiles
               WHERE (level, number) IN (
                   SELECT wanted.level, wanted.number
                   FROM unnest($1::smallint[], $2::bigint[]) AS wanted (level, number))""",
            [level for level, _ in full],
            [number for _, number in full],
        )
        found.update({(row["level"], row["number"]): row["hashes"] for row in rows})
    return found


async def read_leaves(tx: Tx, start: int, end: int) -> AsyncIterator[tuple[int, bytes]]:
    """Yield index and bytes of the leaves from ``start`` to before ``end``."""
    async for row in tx.cursor(
        "SELECT idx, leaf FROM audit_log.leaves WHERE idx >= $1 AND idx < $2 ORDER BY idx",
        start,
        end,
    ):
        yield row["idx"], row["leaf"]


async def last_checkpoint(tx: Tx) -> Published | None:
    """Return the newest checkpoint."""
    return _published(
        await tx.fetch_one(
            "SELECT size, root, note FROM audit_log.checkpoints ORDER BY size DESC LIMIT 1"
        )
    )


async def last_published_at(tx: Tx) -> dt.datetime | None:
    """Return when the newest checkpoint was published."""
    at: dt.datetime | None = await tx.fetch_value(
        "SELECT published_at FROM audit_log.checkpoints ORDER BY size DESC LIMIT 1"
    )
    return at


async def find_checkpoint(tx: Tx, size: int) -> Published | None:
    """Return the checkpoint of that size."""
    return _published(
        await tx.fetch_one(
            "SELECT size, root, note FROM audit_log.checkpoints WHERE size = $1", size
        )
    )


async def first_checkpoint_over(tx: Tx, index: int) -> Published | None:
    """Return the smallest checkpoint that covers the entry at ``index``."""
    return _published(
        await tx.fetch_one(
            """
            SELECT size, root, note FROM audit_log.checkpoints
             WHERE size > $1 ORDER BY size LIMIT 1""",
            index,
        )
    )


async def checkpoint_before(tx: Tx, size: int) -> Published | None:
    """Return the checkpoint that was signed before the one of that size."""
    return _published(
        await tx.fetch_one(
            """
            SELECT size, root, note FROM audit_log.checkpoints
             WHERE size < $1 ORDER BY size DESC LIMIT 1""",
            size,
        )
    )


def _published(row: Row | None) -> Published | None:
    return None if row is None else Published(row["size"], Hash(row["root"]), row["note"])


async def add_checkpoint(
    tx: Tx, *, size: int, root: bytes, note: bytes, published_at: dt.datetime
) -> None:
    """Keep a checkpoint; one size has one root for ever."""
    await tx.insert(CHECKPOINTS, size=size, root=root, note=note, published_at=published_at)


_ENTRY_COLUMNS: Final = """
    p.entry_id, p.at, p.event, p.subjects, p.salt, p.payload,
    l.idx, coalesce(l.leaf, o.leaf) AS leaf"""
# The index of the log (``log_search``) has them, and what it does not have yet is looked through.
_NAMES: Final = "p.entry_id = ANY(ARRAY(SELECT audit_log.entries_naming($1)))"
_ENTRY_TABLES: Final = """
    audit_log.payloads p
    LEFT JOIN audit_log.leaves l USING (entry_id)
    LEFT JOIN audit_log.outbox o USING (entry_id)"""


async def oldest_unsigned(tx: Tx) -> bytes | None:
    """Return the leaf that waits longest for a signed place: sequenced already, or in the outbox."""
    leaf: bytes | None = await tx.fetch_value(
        """SELECT coalesce(
               (SELECT leaf FROM audit_log.leaves
                 WHERE idx = (SELECT coalesce(max(size), 0) FROM audit_log.checkpoints)),
               (SELECT leaf FROM audit_log.outbox ORDER BY id LIMIT 1))"""
    )
    return leaf


async def first_in_outbox(tx: Tx) -> bytes | None:
    """Return the leaf that waits longest for a place."""
    leaf: bytes | None = await tx.fetch_value(
        "SELECT leaf FROM audit_log.outbox ORDER BY id LIMIT 1"
    )
    return leaf


async def count_outbox(tx: Tx) -> int:
    """Return how many entries wait for a place."""
    count: int = await tx.fetch_value("SELECT count(*) FROM audit_log.outbox")
    return count


async def first_uncovered(tx: Tx, size: int, besides: uuid.UUID | None) -> bytes | None:
    """Return the first leaf at or behind a place that is not of the entry ``besides``."""
    leaf: bytes | None = await tx.fetch_value(
        """SELECT leaf FROM audit_log.leaves
            WHERE idx >= $1 AND entry_id IS DISTINCT FROM $2 ORDER BY idx LIMIT 1""",
        size,
        besides,
    )
    return leaf


async def stopped_since(tx: Tx) -> dt.datetime | None:
    """Return since when the log is stopped, None if it runs."""
    at: dt.datetime | None = await tx.fetch_value(
        "SELECT stopped_at FROM audit_log.stops WHERE resumed_at IS NULL"
    )
    return at


async def put_stop(tx: Tx, *, at: dt.datetime, reason: str) -> None:
    """Keep that the log is stopped, if it was not before."""
    await tx.execute(
        """INSERT INTO audit_log.stops (stopped_at, reason) VALUES ($1, $2)
           ON CONFLICT ((true)) WHERE resumed_at IS NULL DO NOTHING""",
        at,
        reason,
    )


async def end_stop(tx: Tx, *, at: dt.datetime) -> int:
    """Keep that the log goes on, if it was stopped; return how many stops ended."""
    return await tx.execute(
        "UPDATE audit_log.stops SET resumed_at = $1 WHERE resumed_at IS NULL", at
    )


async def list_placed_about(tx: Tx, subjects: list[str], *, size: int, limit: int) -> list[Row]:
    """Return the entries below a place about any of the subjects, in their places."""
    return await tx.fetch(
        f"""SELECT l.idx, l.leaf, p.actor_party_id, p.salt, p.payload
             FROM audit_log.payloads p JOIN audit_log.leaves l USING (entry_id)
            WHERE {_NAMES} AND l.idx < $2 ORDER BY l.idx LIMIT $3""",  # noqa: S608 - our own text
        subjects,
        size,
        limit,
    )


async def count_events_about(tx: Tx, subject: str, event: str) -> int:
    """Return how many entries of one event are about one subject."""
    count: int = await tx.fetch_value(
        f"SELECT count(*) FROM audit_log.payloads p WHERE {_NAMES} AND p.event = $2",  # noqa: S608 - our own text
        [subject],
        event,
    )
    return count


async def list_leaves_about(tx: Tx, subject: str, events: list[str], limit: int) -> list[bytes]:
    """Return the leaves of the entries of these events about one subject, oldest first."""
    rows = await tx.fetch(
        f"""SELECT {_ENTRY_COLUMNS} FROM {_ENTRY_TABLES}
            WHERE {_NAMES} AND p.event = ANY($2)
            ORDER BY p.at, p.entry_id LIMIT $3""",  # noqa: S608 - our own columns
        [subject],
        events,
        limit,
    )
    return [row["leaf"] for row in rows]


async def find_newest(tx: Tx, event: str) -> Row | None:
    """Return the newest entry of one kind."""
    return await tx.fetch_one(
        f"""SELECT {_ENTRY_COLUMNS} FROM {_ENTRY_TABLES}
            WHERE p.event = $1 ORDER BY p.at DESC, p.entry_id DESC LIMIT 1""",  # noqa: S608 - our own columns
        event,
    )


async def list_frequent_actors(
    tx: Tx, *, event: str, since: dt.datetime, at_least: int
) -> list[tuple[uuid.UUID, list[uuid.UUID], int]]:
    """Return accounts that did one kind of thing so often since then, the entries, and how often.

    An entry that stands for several says so itself: ``facts.times``.
    """
    rows = await tx.fetch(
        """SELECT actor_account_id, array_agg(entry_id ORDER BY entry_id) AS entries,
                  sum(times)::bigint AS times
             FROM audit_log.payloads CROSS JOIN LATERAL (
                  SELECT coalesce((convert_from(payload, 'UTF8')::jsonb
                                   -> 'facts' ->> 'times')::bigint, 1) AS times) counted
            WHERE at >= $2 AND event = $1 AND actor_account_id IS NOT NULL
            GROUP BY actor_account_id HAVING sum(times) >= $3
            ORDER BY actor_account_id LIMIT 100""",
        event,
        since,
        at_least,
    )
    return [(row["actor_account_id"], row["entries"], row["times"]) for row in rows]


async def list_about_any(tx: Tx, subjects: list[str], limit: int) -> list[Row]:
    """Return the entries about any of the subjects, oldest first."""
    return await tx.fetch(
        f"""SELECT {_ENTRY_COLUMNS} FROM {_ENTRY_TABLES}
            WHERE {_NAMES} ORDER BY p.at, p.entry_id LIMIT $2""",  # noqa: S608 - our own columns
        subjects,
        limit,
    )


async def list_covered(
    tx: Tx,
    *,
    size: int,
    since: dt.datetime,
    until: dt.datetime,
    only_since: list[str],
    whenever: list[str],
) -> list[Row]:
    """Return of the first ``size`` entries those older than ``until``, in their places.

    Of the events ``only_since``, those older than ``since`` are left out; those of ``whenever``
    are there however young they are.
    """
    return await tx.fetch(
        """SELECT p.entry_id, p.at, p.event, p.subjects, p.salt, p.payload, l.idx, l.leaf
           FROM audit_log.leaves l JOIN audit_log.payloads p USING (entry_id)
           WHERE l.idx < $1
             AND (p.at < $3 AND (p.at >= $2 OR p.event <> ALL($4)) OR p.event = ANY($5))
           ORDER BY l.idx""",
        size,
        since,
        until,
        only_since,
        whenever,
    )


async def list_not_covered(tx: Tx, *, size: int, until: dt.datetime) -> list[Row]:
    """Return event and subjects of the entries older than ``until`` with no place below ``size``."""
    return await tx.fetch(
        """SELECT p.event, p.subjects FROM audit_log.outbox o JOIN audit_log.payloads p
               USING (entry_id) WHERE p.at < $2
           UNION ALL
           SELECT p.event, p.subjects FROM audit_log.leaves l JOIN audit_log.payloads p
               USING (entry_id) WHERE l.idx >= $1 AND p.at < $2""",
        size,
        until,
    )


async def find_place(tx: Tx, entry_id: uuid.UUID) -> int | None:
    """Return the index of an entry, or None while it waits in the outbox."""
    index: int | None = await tx.fetch_value(
        "SELECT idx FROM audit_log.leaves WHERE entry_id = $1", entry_id
    )
    return index
