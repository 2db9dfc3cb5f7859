"""Give entries their places in the tree; stop when what is stored is not what was signed (排序)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

import msgspec

from catalog.audit_log import (
    leaf,
    merkle,
    order_counting,
)
from catalog.audit_log.store import owed, tree
from catalog.kernel.db import Tx

BATCH: Final = 16_384


class LogBroken(RuntimeError):
    """What is stored is not what was signed or sequenced. Nothing more is signed until mended."""


class Placed(msgspec.Struct, frozen=True):
    """A batch that got its places: how many entries, and when they were made."""

    count: int
    made_at: list[dt.datetime]


async def sequence(tx: Tx, *, limit: int = BATCH, signed_size: int = 0) -> Placed:
    """Give the entries that wait their places in the tree; return which these were.

    ``signed_size`` is what the signer's journal has: a database that has fewer entries is an older
    copy, and gives no places that belong to others.

    The state's row is the fence: a second sequencer waits for it and then sees the new size.
    Leaves, tiles and state move together or not at all, so no place is ever burned.

    :raises LogBroken: if the stored state does not fit itself, or an entry of an order is missing.
    """
    if not await tree.has_outbox(tx):
        return Placed(
            0, []
        )  # without the lock, which would be written to disk several times a second
    state = await tree.lock_state(tx)
    if state.size < signed_size:
        raise LogBroken(f"{signed_size} entries were signed, and this database has {state.size}")
    leaves = await tree.place_outbox(tx, state.size, limit)
    if not leaves:
        return Placed(0, [])
    found = [leaf for leaf in leaves if leaf is not None]
    if len(found) != len(leaves):
        raise LogBroken(f"{len(leaves) - len(found)} entries wait for a place and are not there")
    edge = state.edge()
    if edge.root() != state.root:
        raise LogBroken(f"the frontier of {state.size} leaves does not have the stored root")
    grown, tiles = edge.extended([merkle.leaf_hash(each) for each in found])
    await tree.add_tiles(tx, tiles)
    await count_orders(tx, found)
    moved = await tree.advance_state(tx, old_size=state.size, edge=grown, root=grown.root())
    if moved != 1:
        raise LogBroken(f"the log moved on from {state.size} under the lock")
    return Placed(len(found), times_of(found))


def times_of(leaves: Iterable[bytes]) -> list[dt.datetime]:
    """Return when entries were made, as their leaves tell it."""
    times = (leaf.made_at(each) for each in leaves)
    return [at for at in times if at is not None]


async def count_orders(tx: Tx, leaves: list[bytes]) -> None:
    """Count the numbered entries of each order on.

    :raises LogBroken: if one is missing, or stands there twice.
    """
    numbered = order_counting.numbered(leaves)
    if not numbered:
        return
    before = await tree.read_order_counts(tx, {order for order, _ in numbered})
    try:
        after = order_counting.counted(before, numbered)
    except order_counting.OrderGap as error:
        raise LogBroken(str(error)) from error
    await tree.put_order_counts(tx, after)


async def stop(tx: Tx, *, now: dt.datetime, reason: str) -> None:
    """Keep that the log is stopped, and why; nothing is metered until it goes on (``promising``)."""
    await owed.put_stop(tx, at=now, reason=reason)


async def resume(tx: Tx, *, now: dt.datetime) -> bool:
    """Keep that the log goes on; tell whether it was stopped."""
    return await owed.end_stop(tx, at=now) > 0
