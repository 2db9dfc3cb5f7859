"""Publish the heads of all subjects: their tree's root becomes an entry of the log itself."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Final

from catalog.audit_log import operations as audit_log
from catalog.audit_log import queries as log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Digest, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.signing.canonical import canonical, sha256_hex
from catalog.subject_heads import heads, store
from catalog.subject_heads.model import HEADS, Head, HeadsRecord

_AT_ONCE: Final = 512  # some milliseconds' work


async def publish(tx: Tx, *, actor: Actor, now: dt.datetime) -> HeadsRecord | None:
    """Publish the heads of the signed log, if it says something new since they were published last.

    1. One worker at a time.
    2. The heads that stand are grown by every signed leaf since.
    3. Root, size and number of subjects are bound in an entry; the next checkpoint covers it.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("heads:publish")
    await store.lock(tx)
    signed = await log.find_checkpoint(tx)
    last = await store.newest(tx)
    start = 0 if last is None else last.log_size
    if signed is None or signed.size <= start:
        return None
    bundles = [] if last is None else await store.read_bundles(tx, start)
    # In a thread: a million heads take seconds, and the service has to answer meanwhile.
    standing = await asyncio.to_thread(heads.standing, bundles)
    if not await _grow(tx, standing, start, signed.size):
        return None
    drawn_up = await asyncio.to_thread(heads.draw_up, signed.size, standing.values())
    record = drawn_up.record
    told = canonical(record)
    entry_id = (
        await audit_log.append(
            tx,
            Event.HEADS_PUBLISHED,
            actor=actor,
            now=now,
            subjects=[Subject(HEADS, str(record.log_size))],
            facts=record,
            digests=[Digest(HEADS, str(record.log_size), sha256_hex(told))],
        )
    ).id
    await store.add(
        tx,
        store.Published(record.log_size, told, entry_id, now),
        bundles=drawn_up.bundles,
        tiles=drawn_up.tiles,
    )
    return record


async def _grow(tx: Tx, standing: dict[bytes, Head], start: int, end: int) -> bool:
    """Grow the heads by the leaves of some places; tell whether one of them grew."""
    grew = False
    batch: list[tuple[int, bytes]] = []
    async for index, leaf in log.read_leaves(tx, start, end):
        batch.append((index, leaf))
        if len(batch) == _AT_ONCE or index == end - 1:
            changed = heads.grown(standing, batch)
            standing |= changed
            grew |= bool(changed)
            batch = []
    return grew
