"""Read the log: checkpoint, tiles, leaves, proofs for everybody; payloads for who may audit.

Nothing beyond the newest checkpoint is shown to the public, so that whatever is shown can be
proven.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import AsyncIterator, Iterable

import msgspec

from catalog.audit_log import merkle
from catalog.audit_log.events import Event
from catalog.audit_log.export_format import NoticeRow
from catalog.audit_log.leaf import read_leaf
from catalog.audit_log.model import (
    ConsistencyProof,
    Digest,
    Entry,
    EntryId,
    InclusionProof,
    Leaf,
    PlacedEntry,
    Subject,
)
from catalog.audit_log.promising import Backlog
from catalog.audit_log.store import checkpoints, entries, owed, tree
from catalog.audit_log.tiles import NoSuchTile, TilePath, pack
from catalog.kernel.actor import Actor
from catalog.kernel.db import Row, Tx
from catalog.kernel.errors import Invalid, Missing


class LogEmpty(Missing):
    """No checkpoint is signed yet."""

    code = "log_empty"


class NoSuchEntry(Missing):
    """There is no entry at that place yet."""

    code = "log_entry_missing"


class ProofOutOfRange(Invalid):
    """The sizes asked for do not lie within the published log, or not in this order."""

    code = "log_proof_out_of_range"


class Progress(msgspec.Struct, frozen=True):
    """How far the log is: what has a place, what is signed and since when, what waits."""

    size: int
    signed_size: int
    signed_at: dt.datetime | None
    outbox_entries: int
    outbox_since: dt.datetime | None  # of the oldest that waits there


async def get_checkpoint(tx: Tx) -> checkpoints.Published:
    """Return the newest signed checkpoint.

    :raises LogEmpty: if there is none yet.
    """
    published = await checkpoints.last_checkpoint(tx)
    if published is None:
        raise LogEmpty
    return published


async def find_checkpoint(tx: Tx) -> checkpoints.Published | None:
    """Return the newest signed checkpoint, or None if there is none yet."""
    return await checkpoints.last_checkpoint(tx)


async def find_checkpoint_of(tx: Tx, size: int) -> checkpoints.Published | None:
    """Return the signed checkpoint of that size, or None if there is none."""
    return await checkpoints.find_checkpoint(tx, size)


async def get_backlog(tx: Tx) -> Backlog:
    """Return what the log owes: how long its oldest entry waits, and whether it is stopped."""
    waiting_since = _made_at(await owed.oldest_unsigned(tx))
    return Backlog(waiting_since, await owed.stopped_since(tx))


async def get_edge(tx: Tx) -> merkle.Edge:
    """Return the edge of the tree of all entries that have a place."""
    return (await tree.get_state(tx)).edge()


async def get_progress(tx: Tx) -> Progress:
    """Return how far the log is."""
    signed = await checkpoints.last_checkpoint(tx)
    return Progress(
        size=(await tree.get_state(tx)).size,
        signed_size=0 if signed is None else signed.size,
        signed_at=await checkpoints.last_published_at(tx),
        outbox_entries=await owed.count_outbox(tx),
        outbox_since=_made_at(await owed.first_in_outbox(tx)),
    )


async def uncovered_since(tx: Tx, size: int, besides: EntryId | None) -> dt.datetime | None:
    """Return when the first entry from a place on was made, ``besides`` left out; None: there is none."""
    return _made_at(await owed.first_uncovered(tx, size, besides))


def _made_at(leaf: bytes | None) -> dt.datetime | None:
    return None if leaf is None else dt.datetime.fromisoformat(read_leaf(leaf).at)


async def get_tile(tx: Tx, path: TilePath) -> bytes:
    """Return a tile, or a bundle of entries, as far as it is published.

    :raises NoSuchTile: if the published tree does not have it.
    """
    state, published = await _get_tree(tx)
    level = path.level or 0
    available = (published >> (8 * level)) - path.number * merkle.TILE_WIDTH
    if path.width > available:
        raise NoSuchTile(path=str(path))
    if path.level is None:
        start = path.number * merkle.TILE_WIDTH
        return pack([leaf async for _, leaf in tree.read_leaves(tx, start, start + path.width)])
    tiles = await tree.read_tiles(tx, state, [(path.level, path.number)])
    return tiles[path.level, path.number][: path.width * merkle.HASH_LENGTH]


async def get_leaf(tx: Tx, index: int) -> bytes:
    """Return the bytes of a published leaf.

    :raises NoSuchEntry: if there is none at that place.
    """
    published = await get_checkpoint(tx)
    if 0 <= index < published.size:
        async for _, leaf in tree.read_leaves(tx, index, index + 1):
            return leaf
    raise NoSuchEntry(index=index)


async def read_leaves(tx: Tx, start: int, end: int) -> AsyncIterator[tuple[int, bytes]]:
    """Yield place and bytes of the leaves from ``start`` to before ``end``, in order."""
    async for place in tree.read_leaves(tx, start, end):
        yield place


async def prove_inclusion(tx: Tx, index: int, size: int | None = None) -> InclusionProof:
    """Return the proof that leaf ``index`` is in the published tree (of ``size``, if given).

    :raises ProofOutOfRange: if the tree of that size is not published or does not have the leaf.
    """
    published, tiles = await tree.read_paths(tx, _counted(index), size and _counted(size))
    if published is None:
        raise LogEmpty
    size = published if size is None else size
    if not 0 <= index < size <= published:
        raise ProofOutOfRange(index=index, size=size, published=published)
    spans = [(index, index + 1), (0, size), *merkle.inclusion_spans(index, size)]
    leaf_hash, root, *hashes = merkle.hashes_of(spans, tiles)
    return InclusionProof(index, size, root, leaf_hash, tuple(hashes))


def _counted(asked: int) -> int:
    """Return a number as the database can count it; one out of reach finds nothing and is refused."""
    return min(max(asked, 0), 2**62)


async def prove_inclusions(tx: Tx, indices: Iterable[int], size: int) -> dict[int, InclusionProof]:
    """Return the proofs for many leaves of the published tree of ``size``, the tiles read once.

    :raises ProofOutOfRange: if the tree of that size is not published or lacks one of the leaves.
    """
    state, published = await _get_tree(tx)
    wanted = sorted(set(indices))
    if not wanted:
        return {}
    if not 0 <= wanted[0] <= wanted[-1] < size <= published:
        raise ProofOutOfRange(index=wanted[-1], size=size, published=published)
    # Of a long order they take seconds; nobody else shall wait for that.
    spans, every = await asyncio.to_thread(_spans_of, wanted, size)
    tiles = await tree.read_tiles(tx, state, every)
    return await asyncio.to_thread(_proofs_of, spans, size, tiles)


_Spans = dict[int, list[merkle.Span]]


def _spans_of(wanted: list[int], size: int) -> tuple[_Spans, set[tuple[int, int]]]:
    spans = {
        index: [(index, index + 1), (0, size), *merkle.inclusion_spans(index, size)]
        for index in wanted
    }
    return spans, merkle.tiles_of(span for each in spans.values() for span in each)


def _proofs_of(
    spans: _Spans, size: int, tiles: dict[tuple[int, int], bytes]
) -> dict[int, InclusionProof]:
    roots = merkle.ManyRoots(tiles)
    proofs = {}
    for index, each in spans.items():
        leaf_hash, root, *hashes = roots.of(each)
        proofs[index] = InclusionProof(index, size, root, leaf_hash, tuple(hashes))
    return proofs


async def prove_consistency(tx: Tx, old: int, new: int | None = None) -> ConsistencyProof:
    """Return the proof that the tree of ``new`` (the published one) continues that of ``old``.

    :raises ProofOutOfRange: if one of them is not published, or they are not in this order.
    """
    state, published = await _get_tree(tx)
    new = published if new is None else new
    if not 0 < old <= new <= published:
        raise ProofOutOfRange(old=old, new=new, published=published)
    spans = [(0, old), (0, new), *merkle.consistency_spans(old, new)]
    old_root, new_root, *hashes = merkle.hashes_of(
        spans, await tree.read_tiles(tx, state, merkle.tiles_of(spans))
    )
    return ConsistencyProof(old, new, old_root, new_root, tuple(hashes))


async def _get_tree(tx: Tx) -> tuple[tree.State, int]:
    """Return how far the log is, and how far it is signed.

    :raises LogEmpty: if nothing is.
    """
    state, signed = await tree.read_tree(tx)
    if signed is None:
        raise LogEmpty
    return state, signed


async def list_key_notices(tx: Tx) -> list[NoticeRow]:
    """Return how the keys of the log changed, in the order of their entries. Public."""
    return [NoticeRow(index, note) for index, note in await checkpoints.list_key_notices(tx)]


async def get_size(tx: Tx) -> int:
    """Return how many entries have their place, signed or not."""
    return (await tree.get_state(tx)).size


async def count_events_about(tx: Tx, subject: Subject, event: Event) -> int:
    """Return how many entries of an event are about one subject, with a place or without."""
    return await entries.count_events_about(tx, subject.key, event.value)


async def find_index(tx: Tx, entry_id: EntryId) -> int | None:
    """Return the place of an entry, or None while it waits for one."""
    return await tree.find_place(tx, entry_id)


async def find_first_checkpoint_over(tx: Tx, entry_id: EntryId) -> checkpoints.Published | None:
    """Return the first signed checkpoint under which an entry lies, None while none is."""
    index = await tree.find_place(tx, entry_id)
    return None if index is None else await checkpoints.first_checkpoint_over(tx, index)


async def find_checkpoint_before(tx: Tx, size: int) -> checkpoints.Published | None:
    """Return the checkpoint that was signed before the one of that size, None if it was the first."""
    return await checkpoints.checkpoint_before(tx, size)


async def list_digests_about(
    tx: Tx, subject: str, *, events: Iterable[Event], limit: int = 1000
) -> list[Digest]:
    """Return what the log holds digests of in its entries of these events about one thing."""
    leaves = await entries.list_leaves_about(tx, subject, [e.value for e in events], limit)
    return [digest for leaf in leaves for digest in msgspec.json.decode(leaf, type=Leaf).digests]


async def find_newest(tx: Tx, event: Event) -> Entry | None:
    """Return the newest entry of one kind with its payload, for a job; None if there is none."""
    row = await entries.find_newest(tx, event.value)
    return None if row is None else _entry(row, with_payload=True)


async def list_frequent_actors(
    tx: Tx, *, event: str, since: dt.datetime, at_least: int
) -> list[tuple[uuid.UUID, list[uuid.UUID], int]]:
    """Return the accounts that did something so often since then, the entries, and how often."""
    return await entries.list_frequent_actors(tx, event=event, since=since, at_least=at_least)


async def list_entries_about_any(
    tx: Tx, viewer: Actor, subjects: Iterable[str], *, limit: int
) -> list[Entry]:
    """Return the entries about any of the subjects (``kind:id``), oldest first.

    Row-level security leaves out what the viewer's party has no part in.
    """
    rows = await entries.list_about_any(tx, sorted(set(subjects)), limit)
    return [_entry(row, with_payload=viewer.may("audit:read")) for row in rows]


async def list_placed_about(
    tx: Tx, subjects: Iterable[str], *, size: int, limit: int
) -> list[PlacedEntry]:
    """Return what the log of ``size`` has about any of the subjects (``kind:id``), in its order.

    As far as row-level security lets the actor see. The leaves are public; a caller that reads beyond
    its actor's own rows decides itself whose payloads are shown.
    """
    rows = await entries.list_placed_about(tx, sorted(set(subjects)), size=size, limit=limit)
    return [PlacedEntry(*row) for row in rows]


async def list_covered(
    tx: Tx,
    *,
    size: int,
    since: dt.datetime,
    until: dt.datetime,
    only_since: Iterable[str],
    whenever: Iterable[str],
) -> list[Entry]:
    """Return of the first ``size`` entries those older than ``until``, with payloads, in order.

    For computations of the market's own, whose caller has asked for the permission. Of the events
    ``only_since``, those older than ``since`` are left out; those of ``whenever`` are there however
    young they are.
    """
    rows = await entries.list_covered(
        tx,
        size=size,
        since=since,
        until=until,
        only_since=list(only_since),
        whenever=list(whenever),
    )
    return [_entry(row, with_payload=True) for row in rows]


async def list_not_covered(
    tx: Tx, *, size: int, until: dt.datetime
) -> list[tuple[str, tuple[Subject, ...]]]:
    """Return event and subjects of the entries older than ``until`` not in the tree of ``size``."""
    rows = await entries.list_not_covered(tx, size=size, until=until)
    return [
        (row["event"], tuple(Subject(*key.split(":", 1)) for key in row["subjects"]))
        for row in rows
    ]


def _entry(row: Row, *, with_payload: bool) -> Entry:
    shown = with_payload and row["payload"] is not None
    return Entry(
        id=EntryId(row["entry_id"]),
        at=row["at"],
        event=row["event"],
        subjects=tuple(Subject(*key.split(":", 1)) for key in row["subjects"]),
        index=row["idx"],
        leaf=row["leaf"],
        payload=msgspec.json.decode(row["payload"]) if shown else None,
        salt=row["salt"] if shown else None,
    )
