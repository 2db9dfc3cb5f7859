"""Write down what follows from each new description: sources, items, classification, the log entry."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.products.classification import level_of_sources
from catalog.products.model import Description, Product
from catalog.products.store import provenance, revisions


async def follow_description(
    tx: Tx,
    before: Product | None,
    after: Product,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str | None = None,
) -> None:
    """Keep the new version; let sources and items be what it says; add how it is classified."""
    await revisions.add(tx, after, reason=reason)
    description = _described(after)
    old = None if before is None else before.description
    if old is None or old.sources != description.sources:
        await provenance.put_sources(tx, after.id, description)
    if old is None or old.items != description.items:
        await provenance.put_items(tx, after.id, description)
    if _classified(old) != _classified(description):
        await provenance.add_classification(
            tx, after, of_sources=level_of_sources(description), set_by=actor.name, now=now
        )


async def follow_new(
    tx: Tx, described: Sequence[Product], *, actor: Actor, now: dt.datetime
) -> None:
    """Do for products that are new what ``follow_description`` does for one, in few statements."""
    said = {product.id: _described(product) for product in described}
    await revisions.add_many(tx, described, reason=None)
    await provenance.add_sources(tx, said)
    await provenance.add_items(tx, said)
    classified = {
        product.id: (product, level_of_sources(said[product.id]))
        for product in described
        if _classified(said[product.id]) != _classified(None)
    }
    await provenance.add_first_classifications(tx, classified, set_by=actor.name, now=now)
    for product in described:
        await remember_described(tx, product, actor=actor, now=now)


async def remember_described(tx: Tx, product: Product, *, actor: Actor, now: dt.datetime) -> None:
    """Add the entry of a new product to the log."""
    await audit_log.append(
        tx,
        Event.PRODUCT_DESCRIBED,
        actor=actor,
        now=now,
        subjects=[subject(product)],
        after=stored(product),
        rules=("HN-02", "HN-03"),
    )


async def remember_revised(
    tx: Tx,
    before: Product,
    after: Product,
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str | None = None,
) -> None:
    """Add the entry of a revision to the log."""
    await audit_log.append(
        tx,
        Event.PRODUCT_REVISED,
        actor=actor,
        now=now,
        subjects=[subject(after)],
        before=stored(before),
        after=stored(after),
        reason=reason,
    )


def subject(product: Product) -> Subject:
    """Return how the log names a product."""
    return Subject("product", str(product.id))


def stored(product: Product) -> dict[str, Any]:
    """Return what the log keeps of a product's state."""
    called = {} if product.reference is None else {"reference": product.reference}
    return {
        "state": product.state.value,
        "version": product.version,
        "description": msgspec.to_builtins(product.description),
        **called,
    }


def _described(product: Product) -> Description:
    assert product.description is not None, "who describes has described"
    return product.description


def _classified(description: Description | None) -> tuple[Any, ...]:
    return (
        () if description is None else (description.classification, level_of_sources(description))
    )
