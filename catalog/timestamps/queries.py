"""Read timestamps, the evidence for one entry, and what is to be stamped next."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import msgspec

from catalog.audit_log import merkle
from catalog.audit_log import queries as log
from catalog.audit_log.model import EntryId
from catalog.kernel import paging
from catalog.kernel.db import Row, Tx
from catalog.kernel.paging import Page
from catalog.timestamps import archive, chain, hashing, store
from catalog.timestamps.evidence import EvidenceRecord, InTheArchive, InTheLog, Step
from catalog.timestamps.hashing import HashAlgorithm
from catalog.timestamps.model import Kept, Kind, Left, NoTimestamp, Record, read_record

_NOTHING_LEFT = Left()


class Waiting(msgspec.Struct, frozen=True):
    """A checkpoint that an authority has not stamped yet."""

    size: int
    note: bytes


class Everything(msgspec.Struct, frozen=True, kw_only=True):
    """The leaf hashes of an archive stamp: of every timestamp, and of every bundle of entries."""

    origin: str
    algorithm: HashAlgorithm
    size: int
    records: tuple[bytes, ...]
    bundles: tuple[bytes, ...]


async def get(tx: Tx, number: int) -> Record:
    """Return a timestamp. Public.

    :raises NoTimestamp: if there is none of that number.
    """
    kept = await store.find(tx, number)
    if kept is None:
        raise NoTimestamp(number=number)
    return read_record(kept.record)


async def list_timestamps(
    tx: Tx, *, cursor: str | None = None, limit: int = paging.DEFAULT_LIMIT
) -> Page[Kept]:
    """Return a page of the timestamps, the newest first. Public."""
    paging.check_limit(limit)
    query = paging.fingerprint("timestamps", None)
    before = _number(paging.decode(query, cursor, 1))
    found = await store.list_page(tx, before=before, limit=limit + 1)
    shown, more = found[:limit], len(found) > limit
    return Page(shown, paging.encode(query, shown[-1].number) if more else None)


def _number(found: list[Any] | None) -> int | None:
    if found is None:
        return None
    if not isinstance(found[0], int):
        raise paging.CursorUnreadable
    return found[0]


async def find_waiting(
    tx: Tx, authority: str, *, now: dt.datetime, every: dt.timedelta
) -> Waiting | None:
    """Return the newest checkpoint if it is time for this authority to stamp it, else None.

    Nothing is stamped only to prove when the last timestamp was kept.
    """
    newest = await log.find_checkpoint(tx)
    last = await store.newest_by(tx, authority)
    if newest is None or (last is not None and now < last[1] + every):
        return None
    start = 0 if last is None else last[0]
    if newest.size <= start or not await store.is_worth_stamping(tx, start, newest.size):
        return None
    return Waiting(newest.size, newest.note)


async def waits_since(tx: Tx) -> dt.datetime | None:
    """Return since when something that was signed waits for its timestamp, None if nothing does."""
    return await store.first_waiting_at(tx)


async def list_ending(tx: Tx, *, left: Left, until: dt.datetime) -> list[int]:
    """Return the numbers of the timestamps that will have ended by then if nothing is done."""
    links = [_link(row) for row in await store.list_links(tx, 1)]
    return [each.link.number for each in chain.broken(links, left, until)]


async def read_everything(tx: Tx, origin: str, algorithm: HashAlgorithm) -> Everything:
    """Return the hashes of everything that is signed and stamped so far. Reads all of it.

    :raises LogEmpty: if nothing is signed yet.
    """
    newest = await log.get_checkpoint(tx)
    count = await store.count(tx)
    records = [
        hashing.leaf_hash(algorithm, record) async for record in store.read_records(tx, count)
    ]
    bundles: list[bytes] = []
    held: list[bytes] = []
    async for index, leaf in log.read_leaves(tx, 0, newest.size):
        held.append(leaf)
        if len(held) == merkle.TILE_WIDTH or index == newest.size - 1:
            bundles += archive.hashes_of(algorithm, archive.bundles(held))
            held = []
    return Everything(
        origin=origin,
        algorithm=algorithm,
        size=newest.size,
        records=tuple(records),
        bundles=tuple(bundles),
    )


async def get_evidence(tx: Tx, index: int, *, now: dt.datetime) -> EvidenceRecord:
    """Return the evidence record of an entry: when it was in the log, good for as long as can be.

    :raises NoTimestamp: if no timestamp covers the entry yet.
    """
    first = await store.first_over(tx, index)
    if first is None:
        raise NoTimestamp(index=index)
    leaf = await log.get_leaf(tx, index)
    links = [_link(row) for row in await store.list_links(tx, first.number)]
    path = chain.path(links, links[0], _NOTHING_LEFT, now)
    steps = [await _first_step(tx, leaf, index, first)]
    for before, link in itertools.pairwise(path):
        steps.append(await _step(tx, index, before, link))
    return EvidenceRecord(leaf=leaf, index=index, steps=tuple(steps))


async def get_evidence_of(tx: Tx, entry_id: EntryId, *, now: dt.datetime) -> EvidenceRecord:
    """Return the evidence record of an entry by its id.

    :raises NoTimestamp: if no timestamp covers the entry yet.
    """
    index = await log.find_index(tx, entry_id)
    if index is None:
        raise NoTimestamp
    return await get_evidence(tx, index, now=now)


async def _first_step(tx: Tx, leaf: bytes, index: int, first: Kept) -> Step:
    proof = await log.prove_inclusion(tx, index, first.size)
    held = InTheLog(leaf=leaf, index=index, hashes=proof.hashes)
    return Step(record=first.record, in_the_log=held)


async def _step(tx: Tx, index: int, before: chain.Link, link: chain.Link) -> Step:
    kept = await store.find(tx, link.number)
    assert kept is not None, "its link was read"
    if link.kind is Kind.CHECKPOINT:
        assert before.index is not None, "it is carried by a checkpoint"
        return await _first_step(tx, await log.get_leaf(tx, before.index), before.index, kept)
    records, bundles = (
        archive.split(link.algorithm, raw) for raw in await store.get_archive(tx, link.number)
    )
    place = index // merkle.TILE_WIDTH
    start = place * merkle.TILE_WIDTH
    end = min(start + merkle.TILE_WIDTH, link.size)
    leaves = [leaf async for _, leaf in log.read_leaves(tx, start, end)]
    return Step(
        record=kept.record,
        in_the_archive=InTheArchive(
            record_path=hashing.path_of(link.algorithm, records, before.number - 1),
            bundle=next(archive.bundles(leaves)),
            bundle_path=hashing.path_of(link.algorithm, bundles, place),
        ),
    )


def _link(row: Row) -> chain.Link:
    return chain.Link(
        number=row["number"],
        kind=Kind(row["kind"]),
        size=row["size"],
        algorithm=HashAlgorithm(row["algorithm"]),
        stamped_at=row["stamped_at"],
        ends_at=row["ends_at"],
        index=row["idx"],
        covers=row["covers"] or 0,
    )
