"""Put back into a restored database what was signed and it does not have, from the log's public files.

1. The signer's journal says how large the log is, and its root; the database has fewer entries.
2. All missing bundles are read once: with them the tree must have exactly that root. Else nothing is done.
3. They are read again, and each batch must come to the same tree; it moves into the log in one transaction.
4. What the journal has of checkpoints is stored again. Orders count on from where the log is.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import pathlib
import uuid
from collections.abc import Iterator
from typing import Final, Protocol

import msgspec

from catalog.audit_log import order_counting, queries, tiles
from catalog.audit_log.disk import CheckpointJournal, LogDirectory, Signed
from catalog.audit_log.merkle import TILE_WIDTH, Edge, leaf_hash
from catalog.audit_log.sequencer.operations import refilling
from catalog.kernel import db as database
from catalog.kernel.actor import system
from catalog.kernel.db import SEQUENCER_ROLE, Database, Tx, begin
from catalog.kernel.errors import Refused
from market.access import operations as access

_ACTOR: Final = system("refill", "log:refill")
#: So many bundles move in one transaction.
_BUNDLES: Final = 64


class RefillRefused(Refused):
    """The log can not be refilled; ``reason`` says why. Nothing was changed."""

    code = "log_refill_refused"


class Files(Protocol):
    """Where the log's public files are read."""

    def read(self, name: str) -> bytes | None:
        """Return a file, None if there is none of that name."""
        ...


class WebFiles:
    """Public files at an address."""

    def __init__(self, url: str) -> None:
        import httpx

        self._url = url.rstrip("/")
        self._client = httpx.Client(trust_env=False, timeout=30)

    def read(self, name: str) -> bytes | None:
        """Return a file, None if it can not be had."""
        import httpx

        try:
            answer = self._client.get(f"{self._url}/{name}")
        except httpx.HTTPError:
            return None
        return answer.content if answer.is_success else None


class Refilled(msgspec.Struct, frozen=True, kw_only=True):
    """What was put back: entries, checkpoints, and the orders whose uses the database lost."""

    start: int
    end: int
    checkpoints: int
    orders: list[str]


def source(place: str) -> Files:
    """Return the public files at an address or in a directory."""
    is_address = place.startswith(("http://", "https://"))
    return WebFiles(place) if is_address else LogDirectory(pathlib.Path(place))


async def refill(
    db: Database, files: Files, *, journal: CheckpointJournal, now: dt.datetime
) -> Refilled:
    """Put back what is missing; return what that was.

    :raises RefillRefused: if nothing is missing, or the files are not those that were signed.
    """
    last = await asyncio.to_thread(journal.last)
    async with begin(db, _ACTOR) as tx:
        edge = await queries.get_edge(tx)
    if last is None or edge.size >= last.size:
        raise RefillRefused(reason="nothing is missing", size=edge.size)
    edges = await asyncio.to_thread(_proven, files, edge, last)
    orders: dict[str, int] = {}
    batches = _batches(files, edge.size, last.size)
    for grown in edges:
        leaves = await asyncio.to_thread(next, batches)
        await _move(db, leaves, grown)
        orders |= dict(order_counting.numbered(leaves))

    async def restore_checkpoints(tx: Tx) -> int:
        return await refilling.refill_checkpoints(tx, journal=journal)

    checkpoints = await database.run(
        db, _ACTOR, restore_checkpoints, role=SEQUENCER_ROLE, must_remember=False
    )
    lost = await _count_on(db, now, edge.size, last.size, orders)
    return Refilled(start=edge.size, end=last.size, checkpoints=checkpoints, orders=lost)


def _proven(files: Files, edge: Edge, last: Signed) -> list[Edge]:
    """Return the edge after each batch, the last of them with the root that was signed."""
    start, edges = edge.size, []
    for leaves in _batches(files, edge.size, last.size):
        edge, _ = edge.extended([leaf_hash(each) for each in leaves])
        edges.append(edge)
    if edge.root() != last.root:
        reason = f"the entries from {start} to {last.size} do not have the root that was signed"
        raise RefillRefused(reason=reason, size=start)
    return edges


def _batches(files: Files, start: int, end: int) -> Iterator[list[bytes]]:
    """Yield the leaves from one place to before another, some bundles at a time."""
    batch: list[bytes] = []
    for number in range(start // TILE_WIDTH, (end + TILE_WIDTH - 1) // TILE_WIDTH):
        first = number * TILE_WIDTH
        some = _bundle(files, number, min(TILE_WIDTH, end - first))
        batch += some[max(0, start - first) :]
        if (number + 1) % _BUNDLES == 0:
            yield batch
            batch = []
    if batch:
        yield batch


def _bundle(files: Files, number: int, width: int) -> list[bytes]:
    raw = files.read(str(tiles.TilePath(None, number, width)))
    if raw is None:  # filled since
        raw = files.read(str(tiles.TilePath(None, number)))
    try:
        leaves = [] if raw is None else list(tiles.unpack(raw))[:width]
    except ValueError:
        leaves = []
    if len(leaves) < width:
        reason = f"the files lack entries from {number * TILE_WIDTH + len(leaves)} on"
        raise RefillRefused(reason=reason, size=number * TILE_WIDTH)
    return leaves


async def _move(db: Database, leaves: list[bytes], grown: Edge) -> None:
    async def move(tx: Tx) -> None:
        await refilling.refill(tx, leaves=leaves, grown=grown)

    await database.run(db, _ACTOR, move, role=SEQUENCER_ROLE, must_remember=False)


async def _count_on(
    db: Database, now: dt.datetime, start: int, end: int, orders: dict[str, int]
) -> list[str]:
    async def count_on(tx: Tx) -> list[str]:
        lost = [
            order
            for order, entries in sorted(orders.items())
            if await access.count_on(tx, order_id=uuid.UUID(order), entries=entries)
        ]
        await refilling.remember_refilled(
            tx, actor=_ACTOR, now=now, start=start, end=end, orders=lost
        )
        return lost

    return await database.run(db, _ACTOR, count_on)
