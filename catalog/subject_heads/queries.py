"""Prove what the signed log has about a subject."""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec

from catalog.audit_log import merkle
from catalog.audit_log import queries as log
from catalog.audit_log.model import EntryId
from catalog.draws import queries as proofs
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.subject_heads import heads, store
from catalog.subject_heads.model import ENTRIES, HeadsRecord, SubjectEntries

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
    record = msgspec.json.decode(published.record, type=HeadsRecord)
    key = heads.subject_hash(subject)
    around = await store.bundles_around(tx, record.log_size, key)
    first = around[0][0] * heads.BUNDLE if around else 0
    held = [head for _, bundle in around for head in heads.unbundled(bundle)]
    wanted = {first + place: held[place] for place in heads.neighbours(held, key)}
    spans = [span for index in wanted for span in heads.spans_of(index, record)]
    tiles = await store.read_tiles(tx, record.log_size, merkle.tiles_of(spans))
    bound = await proofs.find_proven(tx, published.entry_id)
    assert bound is not None, "its entry is signed"
    async with beyond_own_rows(tx):  # which leaves name a subject is public, as the leaves are
        leaves = await store.leaves_about(tx, subject, record.log_size, MOST_LEAVES + 1)
    return SubjectEntries(
        format=ENTRIES,
        proof=heads.proof_of(subject, record, wanted, tiles),
        bound=bound,
        leaves=tuple(leaves) if len(leaves) <= MOST_LEAVES else None,
    )
