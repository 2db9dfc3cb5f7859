"""Keep the tree: what waits for a place, leaves, tiles, and how far it is."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

import msgspec

from catalog.audit_log.merkle import Edge, Hash, Tile, unpacked_edge
from catalog.kernel.db import Row, Tx


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


async def get_state(tx: Tx) -> State:
    """Return how far the log is."""
    return _state(await tx.fetch_one("SELECT size, root, frontier FROM audit_log.state"))


async def lock_state(tx: Tx) -> State:
    """Return how far the log is, and keep every other sequencer out until this one is done."""
    return _state(await tx.fetch_one("SELECT size, root, frontier FROM audit_log.state FOR UPDATE"))


async def read_paths(
    tx: Tx, index: int, size: int | None
) -> tuple[int | None, dict[tuple[int, int], bytes]]:
    """Return how far the log is signed, and the tiles on the way to two leaves.

    The two are ``index`` and the one behind ``size`` (behind what is signed, if None): all that a
    proof of the first in a tree of that size is made of. One question instead of two, because the
    way to the database takes as long as the work there. Of tiles there are eight levels at most: 256 to
    the eighth is what a bigint counts. That stands in the statement, for with the number of levels as a
    parameter PostgreSQL planned it anew each time, which took longer than to run it.
    """
    rows = await tx.fetch(
        """WITH tree AS MATERIALIZED (
               SELECT size, root, frontier, (SELECT max(size) FROM audit_log.checkpoints) AS signed
                 FROM audit_log.state),
                way AS (
               SELECT DISTINCT at.level, leaf.idx >> 8 * (at.level + 1) AS number
                 FROM tree, generate_series(0, 7) AS at (level),
                      unnest(ARRAY[$1::bigint, coalesce($2::bigint, tree.signed)]) AS leaf (idx)
                WHERE tree.size >> 8 * (at.level + 1) > 0)
           SELECT tree.*, NULL AS level, NULL AS number, NULL AS hashes FROM tree
           UNION ALL
           SELECT NULL, NULL, NULL, NULL, way.level, way.number,
                  (SELECT hashes FROM audit_log.tiles tile
                    WHERE tile.level = way.level AND tile.number = way.number)
             FROM way""",
        index,
        size,
    )
    # The edge is as large as all of the tiles: it comes once.
    (first,) = (row for row in rows if row["level"] is None)
    stored = {(row["level"], row["number"]): row["hashes"] for row in rows if row["hashes"]}
    return first["signed"], _unfinished(_state(first)) | stored


def _unfinished(state: State) -> dict[tuple[int, int], bytes]:
    edge = state.edge()
    return {
        (level, state.size >> (8 * (level + 1))): hashes
        for level, hashes in enumerate(edge.partials)
    }


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


async def place_outbox(tx: Tx, start: int, limit: int) -> list[bytes | None]:
    """Give up to ``limit`` entries of the outbox the places from ``start`` on; return their leaves.

    They come in the order in which they came in. A queue, not a cursor: an entry that commits late
    under a low id is taken later, never missed. Only ids move, inside the database: the leaves stay
    where they were written. None stands for the leaf of an entry that is not there any more.
    """
    rows = await tx.fetch(
        """WITH taken AS (
               DELETE FROM audit_log.outbox WHERE id = ANY(ARRAY(
                   SELECT id FROM audit_log.outbox ORDER BY id LIMIT $2))
               RETURNING id, entry_id
           ), placed AS (
               INSERT INTO audit_log.places (idx, entry_id)
               SELECT $1 + row_number() OVER (ORDER BY id) - 1, entry_id FROM taken
               RETURNING idx, entry_id
           )
           SELECT idx, (SELECT leaf FROM audit_log.entries e WHERE e.entry_id = placed.entry_id)
                  AS leaf
             FROM placed ORDER BY idx""",
        start,
        limit,
    )
    return [row["leaf"] for row in rows]


async def drop_from_outbox(tx: Tx, entries: list[uuid.UUID]) -> int:
    """Take entries out of the outbox that have their places elsewhere; return how many there were."""
    return await tx.execute("DELETE FROM audit_log.outbox WHERE entry_id = ANY($1)", entries)


async def add_places(tx: Tx, start: int, entries: list[uuid.UUID]) -> None:
    """Give entries that have been in the log the places from ``start`` on."""
    await tx.copy(
        "places",
        schema="audit_log",
        columns=("idx", "entry_id"),
        rows=list(enumerate(entries, start)),
    )


async def add_tiles(tx: Tx, tiles: Sequence[Tile]) -> None:
    """Keep the tiles that are full, if a batch filled any."""
    if not tiles:
        return
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


async def find_place(tx: Tx, entry_id: uuid.UUID) -> int | None:
    """Return the index of an entry, or None while it waits in the outbox."""
    index: int | None = await tx.fetch_value(
        "SELECT idx FROM audit_log.places WHERE entry_id = $1", entry_id
    )
    return index
