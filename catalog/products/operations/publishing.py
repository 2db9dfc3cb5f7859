"""Show a product to the public, hide it, let it say what its certificate says (公开)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable

import msgspec

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.products.classification import require_classified
from catalog.products.documents import document
from catalog.products.items import DuplicateAuthoritativeSource, claimed
from catalog.products.model import Classification, Description, Product
from catalog.products.operations.remembering import follow_description, remember_revised
from catalog.products.queries import ProductMissing, ProductNotDescribed
from catalog.products.states import State
from catalog.products.store import products, provenance, revisions


async def set_visible(
    tx: Tx, *, now: dt.datetime, product_id: uuid.UUID, is_public: bool
) -> Product:
    """Let the public find a product, or find it no more.

    Part of the command that lists or delists: that one asked for the permission and remembers.

    :raises ProductMissing: if there is none that the actor may see.
    :raises ProductNotDescribed: if its description is not complete.
    :raises ClassificationMissing: if it would become public without a level (GD-02).
    :raises DuplicateAuthoritativeSource: if another product has an item that it claims (GD-01(b)).
    """
    found = await products.lock(tx, product_id)
    if found is None:
        raise ProductMissing
    if found.state is not State.DESCRIBED or found.description is None:
        raise ProductNotDescribed(state=found.state.value)
    # Whoever follows the catalogue by what changed must meet it: what is new to everybody is a change.
    shown = msgspec.structs.replace(found, is_public=is_public, updated_at=now)
    if is_public:
        require_classified(found.description)
        await _take_items(tx, shown, found.description)
        await products.put_document(tx, document(shown, found.description), published_at=now)
        await revisions.note_shown(tx, shown.id, shown.version, now=now)
    else:
        await provenance.release_items(tx, shown.id)
        await products.remove_document(tx, shown.id)
    await products.update(tx, shown)
    return shown


async def follow_certificate(
    tx: Tx, *, actor: Actor, now: dt.datetime, product_id: uuid.UUID, description: Description
) -> Product:
    """Let a product, listed or not, say what its new certificate says of it (HN-18).

    Part of the command that issues the certificate, which asked for the permission.

    :raises ProductMissing: if there is none that the actor may see.
    """
    return await _say_anew(
        tx, product_id, description, actor=actor, now=now, reason="certificate changed"
    )


async def reclassify(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    product_id: uuid.UUID,
    decide: Callable[[Description], Classification],
) -> Product:
    """Let a product, listed or not, have the level that two people decided on (重新定级).

    Part of the command that confirms it, which asked for the permission. ``decide`` says how what
    stands there, locked, is classified.

    :raises ProductMissing: if there is none that the actor may see.
    """
    found = await products.lock(tx, product_id)
    if found is None or found.description is None:
        raise ProductMissing
    description = msgspec.structs.replace(
        found.description, classification=decide(found.description)
    )
    return await _say_anew(tx, product_id, description, actor=actor, now=now, reason="reclassified")


async def _say_anew(
    tx: Tx,
    product_id: uuid.UUID,
    description: Description,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str,
) -> Product:
    before = await products.lock(tx, product_id)
    if before is None:
        raise ProductMissing
    after = msgspec.structs.replace(
        before,
        name=description.name,
        form=description.form,
        description=description,
        version=before.version + 1,
        updated_at=now,
    )
    await products.update(tx, after)
    if after.is_public:
        await products.put_document(tx, document(after, description), published_at=now)
    await follow_description(tx, before, after, actor=actor, now=now, reason=reason)
    if after.is_public:
        await revisions.note_shown(tx, after.id, after.version, now=now)
    await remember_revised(tx, [(before, after)], actor=actor, now=now, reason=reason)
    return after


async def _take_items(tx: Tx, product: Product, description: Description) -> None:
    """Become the authoritative source of what the product claims, and of nothing else (一数一源)."""
    mine = claimed(description)
    held = await provenance.take_items(tx, product.id, mine)
    for key, holder in held.items():
        if holder != product.id:
            raise DuplicateAuthoritativeSource(item=mine[key], holder=str(holder))
