"""Keep what was signed, and what was said of the keys that sign."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.merkle import Hash
from catalog.audit_log.store.tables import CHECKPOINTS, KEY_NOTICES
from catalog.kernel.db import Row, Tx


class Published(msgspec.Struct, frozen=True):
    """A checkpoint as stored."""

    size: int
    root: Hash
    note: bytes


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
