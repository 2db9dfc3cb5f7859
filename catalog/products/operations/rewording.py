"""Cut the words of public documents anew, by the rules of today (重新分词)."""

from __future__ import annotations

import uuid

import msgspec

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.products import imports
from catalog.products.documents import document
from catalog.products.model import Product
from catalog.products.store import products


class Reworded(msgspec.Struct, frozen=True):
    """What became of a batch: how many were looked at and changed, and after which to go on."""

    looked_at: int
    changed: int
    last: uuid.UUID | None  # None: there are no more


async def reword(tx: Tx, *, actor: Actor, after: uuid.UUID | None, limit: int) -> Reworded:
    """Cut so many documents anew, in the order of their ids; those whose words stay are not written.

    A document is what a product's description says already, so nothing is remembered of it.

    :raises NotPermitted: if the actor may not.
    """
    actor.require("document:reword")
    found = await products.lock_public(tx, after=after, limit=limit)
    changed = await products.put_words(tx, {each.id: _words(each) for each in found})
    return Reworded(len(found), changed, found[-1].id if len(found) == limit else None)


def _words(product: Product) -> str:
    if product.description is not None:
        return document(product, product.description).terms
    return imports.words_of(product)
