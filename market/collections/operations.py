"""Draft collections, publish them, revise and withdraw them (专题集合)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection as Bunch
from collections.abc import Sequence

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Tx
from catalog.kernel.errors import VersionStale
from catalog.kernel.ids import new_id
from catalog.products import queries as products
from catalog.products.model import Product
from market.collections import queries, store
from market.collections.curating import check_entries
from market.collections.model import Collection, CollectionId, Draft, Entry, Head
from market.collections.queries import CollectionMissing
from market.collections.states import Event, State, advance


async def draft(tx: Tx, *, actor: Actor, now: dt.datetime, draft: Draft) -> Collection:
    """Draft a collection; nobody else sees it before it is published.

    :raises NotPermitted: if the actor curates none.
    :raises CollectionEntryUnfit: if a product may not stand in it.
    """
    actor.require("collection:curate")
    head = Head(
        id=CollectionId(new_id()),
        owner_party_id=actor.party,
        owner_name=actor.name,
        is_of_operator=actor.clearance is Clearance.STAFF,
        state=State.DRAFT,
        title=draft.title,
        text=draft.text,
        audience=draft.audience,
        version=1,
        created_at=now,
        updated_at=now,
    )
    found = await _found(tx, draft.entries)
    _check(head, draft.entries, found)
    await store.insert(tx, head)
    names = {product_id: product.name for product_id, product in found.items()}
    await store.put_entries(tx, head.id, draft.entries, names)
    await _remember(tx, Happened.COLLECTION_DRAFTED, head, draft.entries, actor=actor, now=now)
    return await queries.get(tx, collection_id=head.id)


async def revise(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    collection_id: uuid.UUID,
    expected_version: int,
    draft: Draft,
) -> Collection:
    """Write one's own collection anew, published or not. What is gone by now may stay in it.

    :raises NotPermitted: if the actor curates none.
    :raises CollectionMissing: if it is unknown or somebody else's.
    :raises VersionStale: if it was changed since ``expected_version``.
    :raises CollectionEventNotAllowed: if it was withdrawn.
    :raises CollectionEmpty: if it is published and would have no product.
    :raises CollectionEntryUnfit: if a product may not stand in it.
    """
    actor.require("collection:curate")
    before = await _lock_own(tx, actor, collection_id)
    if before.version != expected_version:
        raise VersionStale(version=before.version)
    after = msgspec.structs.replace(
        before,
        state=advance(before.state, Event.REVISE),
        title=draft.title,
        text=draft.text,
        audience=draft.audience,
        version=before.version + 1,
        updated_at=now,
    )
    found = await _found(tx, draft.entries)
    kept = await store.names_there(tx, before.id)
    _check(after, draft.entries, found, kept=kept)
    await store.update(tx, after)
    names = kept | {product_id: product.name for product_id, product in found.items()}
    await store.put_entries(tx, after.id, draft.entries, names)
    await _remember(tx, Happened.COLLECTION_REVISED, after, draft.entries, actor=actor, now=now)
    return await queries.get(tx, collection_id=after.id)


async def publish(
    tx: Tx, *, actor: Actor, now: dt.datetime, collection_id: uuid.UUID
) -> Collection:
    """Show one's own collection to everybody (发布).

    :raises NotPermitted: if the actor curates none.
    :raises CollectionMissing: if it is unknown or somebody else's.
    :raises CollectionEventNotAllowed: if it is no draft.
    :raises CollectionEmpty: if it has no product.
    :raises CollectionEntryUnfit: if one of its products is not public.
    """
    actor.require("collection:curate")
    before = await _lock_own(tx, actor, collection_id)
    after = msgspec.structs.replace(
        before,
        state=advance(before.state, Event.PUBLISH),
        version=before.version + 1,
        updated_at=now,
        published_at=now,
    )
    entries = [Entry(product_id=each) for each in await store.names_there(tx, before.id)]
    _check(after, entries, await _found(tx, entries))
    await store.update(tx, after)
    await _remember(tx, Happened.COLLECTION_PUBLISHED, after, entries, actor=actor, now=now)
    return await queries.get(tx, collection_id=after.id)


async def withdraw(
    tx: Tx, *, actor: Actor, now: dt.datetime, collection_id: uuid.UUID, reason: str
) -> Collection:
    """Take one's own collection back for good; its address tells why (撤下).

    :raises NotPermitted: if the actor curates none.
    :raises CollectionMissing: if it is unknown or somebody else's.
    :raises CollectionEventNotAllowed: if it was withdrawn before.
    """
    actor.require("collection:curate")
    before = await _lock_own(tx, actor, collection_id)
    after = msgspec.structs.replace(
        before,
        state=advance(before.state, Event.WITHDRAW),
        version=before.version + 1,
        updated_at=now,
        reason=reason,
    )
    await store.update(tx, after)
    await _remember(tx, Happened.COLLECTION_WITHDRAWN, after, (), actor=actor, now=now)
    return await queries.get(tx, collection_id=after.id)


def _check(
    head: Head,
    entries: Sequence[Entry],
    found: dict[uuid.UUID, Product],
    *,
    kept: Bunch[uuid.UUID] = (),
) -> None:
    check_entries(
        entries,
        found,
        owner=None if head.is_of_operator else head.owner_party_id,
        kept=kept,
        must_be_public=head.state is State.PUBLISHED,
    )


async def _found(tx: Tx, entries: Sequence[Entry]) -> dict[uuid.UUID, Product]:
    named = [await products.find(tx, product_id=entry.product_id) for entry in entries]
    return {product.id: product for product in named if product is not None}


async def _lock_own(tx: Tx, actor: Actor, collection_id: uuid.UUID) -> Head:
    head = await store.lock(tx, collection_id)
    if head is None or head.owner_party_id != actor.party:
        raise CollectionMissing
    return head


async def _remember(
    tx: Tx,
    event: Happened,
    head: Head,
    entries: Sequence[Entry],
    *,
    actor: Actor,
    now: dt.datetime,
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[Subject("collection", str(head.id))],
        facts={"version": head.version, "products": [str(each.product_id) for each in entries]},
        after={"state": head.state.value, "title": head.title, "text": head.text},
        reason=head.reason,
        rules=("GX-4",),
    )
