"""Write down what follows from new descriptions: sources, items, classification, entries in the log.

Of one product or of many: as many statements, since a row costs less than a statement.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.model import Happened, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.products.classification import level_of_sources
from catalog.products.model import Description, Level, Product, ProductId
from catalog.products.store import provenance, revisions


class Change(msgspec.Struct, frozen=True):
    """A product as it was, None if it is new, and as it is described now."""

    before: Product | None
    after: Product


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
    await follow_descriptions(tx, [Change(before, after)], actor=actor, now=now, reason=reason)


async def follow_descriptions(
    tx: Tx,
    changes: Sequence[Change],
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str | None = None,
) -> None:
    """Do for many products what ``follow_description`` does for one, in as many statements."""
    await revisions.add_many(tx, [each.after for each in changes], reason=reason)
    sources: dict[ProductId, Description] = {}
    items: dict[ProductId, Description] = {}
    classified: list[tuple[Product, Level | None]] = []
    for change in changes:
        description = _described(change.after)
        old = None if change.before is None else change.before.description
        if description.sources != (() if old is None else old.sources):
            sources[change.after.id] = description
        if description.items != (() if old is None else old.items):
            items[change.after.id] = description
        if _classified(old) != _classified(description):
            classified.append((change.after, level_of_sources(description)))
    known = [each.after.id for each in changes if each.before is not None]
    if sources:
        await provenance.put_sources(tx, sources, over=[each for each in known if each in sources])
    if items:
        await provenance.put_items(tx, items, over=[each for each in known if each in items])
    if classified:
        await provenance.add_classifications(tx, classified, set_by=actor.name, now=now)


async def remember_described(
    tx: Tx, described: Sequence[Product], *, actor: Actor, now: dt.datetime
) -> None:
    """Add an entry of each new product to the log."""
    await audit_log.append_many(
        tx,
        Event.PRODUCT_DESCRIBED,
        actor=actor,
        now=now,
        happened=[
            Happened(subjects=(subject(product),), after=stored(product)) for product in described
        ],
        rules=("HN-02", "HN-03"),
    )


async def remember_revised(
    tx: Tx,
    changes: Sequence[tuple[Product, Product]],
    *,
    actor: Actor,
    now: dt.datetime,
    reason: str | None = None,
) -> None:
    """Add an entry of each revision, from which product to which, to the log."""
    await audit_log.append_many(
        tx,
        Event.PRODUCT_REVISED,
        actor=actor,
        now=now,
        happened=[
            Happened(
                subjects=(subject(after),),
                before=stored(before),
                after=stored(after),
                reason=reason,
            )
            for before, after in changes
        ],
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
