"""Put back into a restored database what its log had and it has not (回填)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from catalog.audit_log import (
    leaf,
    merkle,
)
from catalog.audit_log.disk import CheckpointJournal
from catalog.audit_log.events import Event
from catalog.audit_log.model import Appended, Subject
from catalog.audit_log.operations import append
from catalog.audit_log.sequencer.operations.publishing import store_behind
from catalog.audit_log.sequencer.operations.sequencing import LogBroken, count_orders
from catalog.audit_log.store import checkpoints, entries, tree
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx


async def refill(tx: Tx, *, leaves: list[bytes], grown: merkle.Edge) -> None:
    """Put leaves of the log back behind those that a restored database has; with the sequencer's role.

    ``grown`` is the edge of the tree with them, which the caller has proven to lie under what was
    signed. What waits in the outbox and has its place among them does not get another. Who acted and
    why is lost with the payloads; what the leaves tell is found again.

    :raises LogBroken: if they do not lead to that edge, one is stored otherwise, or an entry of an
        order is missing.
    """
    state = await tree.lock_state(tx)
    edge, tiles = state.edge().extended([merkle.leaf_hash(each) for each in leaves])
    if (edge.size, edge.root()) != (grown.size, grown.root()):
        raise LogBroken(f"the leaves behind {state.size} are not those that were proven")
    again = [_told(each) for each in leaves]
    places = [entry_id for entry_id, *_ in again]
    await tree.drop_from_outbox(tx, places)
    await entries.add_erased(tx, again)
    await tree.add_places(tx, state.size, places)
    stored = [each async for _, each in tree.read_leaves(tx, state.size, edge.size)]
    if stored != leaves:
        raise LogBroken(f"entries behind {state.size} are stored otherwise than they were proven")
    await tree.add_tiles(tx, tiles)
    await count_orders(tx, leaves)
    await tree.advance_state(tx, old_size=state.size, edge=edge, root=edge.root())


async def refill_checkpoints(tx: Tx, *, journal: CheckpointJournal) -> int:
    """Store again what the signer's journal has of the log; return how many checkpoints were missing."""
    state, stored = await tree.get_state(tx), await checkpoints.last_checkpoint(tx)
    signed = [each for each in journal.read() if each.size <= state.size]
    return await store_behind(tx, signed, 0 if stored is None else stored.size)


async def remember_refilled(
    tx: Tx, *, actor: Actor, now: dt.datetime, start: int, end: int, orders: Iterable[str]
) -> Appended:
    """Remember that entries were put back, and which orders they count.

    :raises NotPermitted: if the actor does not refill the log.
    """
    actor.require("log:refill")
    return await append(
        tx,
        Event.LOG_REFILLED,
        actor=actor,
        now=now,
        subjects=[Subject("log", "1")],
        facts={"start": start, "end": end, "orders": sorted(orders)},
    )


def _told(each: bytes) -> tuple[uuid.UUID, dt.datetime, str, list[str], bytes]:
    told = leaf.read_leaf(each)
    subjects = [subject.key for subject in told.subjects]
    return uuid.UUID(told.id), dt.datetime.fromisoformat(told.at), told.event, subjects, each
