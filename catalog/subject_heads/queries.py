"""Prove what the signed log has about a subject."""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from catalog.audit_log import merkle
from catalog.audit_log import queries as log
from catalog.audit_log.model import EntryId
from catalog.draws import queries as proofs
from catalog.draws.model import ProvenEntry
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.subject_heads import heads, store
from catalog.subject_heads.model import ENTRIES, HeadProof, HeadsRecord, SubjectEntries

#: Of a subject with more entries the leaves are read from the log's bundles.
MOST_LEAVES: Final = 10_000


class HeadsNotPublished(Missing):
    """No heads lie under a signed checkpoint yet."""

    code = "heads_not_published"


async def last_published_at(tx: Tx) -> dt.datetime | None:
    """Return when heads were published last, None if never."""
    published = await store.newest(tx)
    return None if published is None else published.published_at


class Freshness(msgspec.Struct, frozen=True):
    """Up to which size of the log heads are published, and since when something waits for new ones."""

    size: int
    published_at: dt.datetime | None
    uncovered_since: dt.datetime | None


async def get_freshness(tx: Tx) -> Freshness:
    """Return how fresh the published heads are. Their own entry is nothing that waits for new ones."""
    published = await store.newest(tx)
    size = 0 if published is None else published.log_size
    own = None if published is None else EntryId(published.entry_id)
    return Freshness(
        size=size,
        published_at=None if published is None else published.published_at,
        uncovered_since=await log.uncovered_since(tx, size, own),
    )


async def prove(tx: Tx, *, subject: str) -> SubjectEntries:
    """Return all entries of the newest published heads' log about a subject, and the proof. Public.

    :raises HeadsNotPublished: if there are none yet.
    """
    published = await store.newest_in_the_log(tx)
    if published is None:
        raise HeadsNotPublished
    proof = await _prove(tx, published, subject)
    bound = await proofs.find_proven(tx, published.entry_id)
    assert bound is not None, "its entry is signed"
    async with beyond_own_rows(tx):  # which leaves name a subject is public, as the leaves are
        leaves = await store.leaves_about(tx, subject, published.log_size, MOST_LEAVES + 1)
    return SubjectEntries(
        format=ENTRIES,
        proof=proof,
        bound=bound,
        leaves=tuple(leaves) if len(leaves) <= MOST_LEAVES else None,
    )


async def prove_under(tx: Tx, *, subject: str, size: int, note: bytes) -> SubjectEntries | None:
    """Return the proof of the newest heads that lie under a checkpoint, without the entries.

    ``note`` is that checkpoint, of ``size``. None if no heads that are still kept lie under it.
    """
    published = await store.newest_under(tx, size)
    index = None if published is None else await log.find_index(tx, EntryId(published.entry_id))
    if published is None or index is None:
        return None
    return SubjectEntries(
        format=ENTRIES,
        proof=await _prove(tx, published, subject),
        bound=ProvenEntry(
            leaf=await log.get_leaf(tx, index),
            index=index,
            proof=(await log.prove_inclusion(tx, index, size)).hashes,
            checkpoint=note.decode(),
        ),
        leaves=None,
    )


async def _prove(tx: Tx, published: store.Published, subject: str) -> HeadProof:
    record = msgspec.json.decode(published.record, type=HeadsRecord)
    key = heads.subject_hash(subject)
    around = await store.bundles_around(tx, record.log_size, key)
    first = around[0][0] * heads.BUNDLE if around else 0
    held = [head for _, bundle in around for head in heads.unbundled(bundle)]
    wanted = {first + place: held[place] for place in heads.neighbours(held, key)}
    spans = [span for index in wanted for span in heads.spans_of(index, record)]
    tiles = await store.read_tiles(tx, record.log_size, merkle.tiles_of(spans))
    return heads.proof_of(subject, record, wanted, tiles)
