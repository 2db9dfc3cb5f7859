"""Write down what follows from each new description: sources, items, classification, the log entry."""

from __future__ import annotations

import datetime as dt
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
    description = after.description
    assert description is not None, "who describes has described"
    old = None if before is None else before.description
    if old is None or old.sources != description.sources:
        await provenance.put_sources(tx, after.id, description)
    if old is None or old.items != description.items:
        await provenance.put_items(tx, after.id, description)
    if _classified(old) != _classified(description):
        await provenance.add_classification(
            tx, after, of_sources=level_of_sources(description), set_by=actor.name, now=now
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


def _classified(description: Description | None) -> tuple[Any, ...]:
    return (
        () if description is None else (description.classification, level_of_sources(description))
    )
