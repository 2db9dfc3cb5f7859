"""Read products: the public ones, one's own, and what a registration begins from."""

from __future__ import annotations

import uuid

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing, Refused
from catalog.kernel.paging import Page
from catalog.products import store
from catalog.products.model import Content, Description, Product
from catalog.products.publication import redacted, sees_all
from catalog.products.states import State


class ProductMissing(Missing):
    """There is no such product, or none that this actor may know of."""

    code = "not_found"


class ProductNotDescribed(Refused):
    """The description is a draft, or the product was withdrawn or imported."""

    code = "product_not_described"


async def get(tx: Tx, *, viewer: Actor, product_id: uuid.UUID) -> Product:
    """Return a public product, or one's own; in full only for its supplier and the authorities.

    :raises ProductMissing: if there is none that the viewer may see.
    """
    found = await store.find(tx, product_id)
    if found is None or not (found.is_public or sees_all(viewer, found)):
        raise ProductMissing
    return found if sees_all(viewer, found) else redacted(found)


async def find(tx: Tx, *, product_id: uuid.UUID) -> Product | None:
    """Return a product as the rooms above need it, in full, or None if the actor sees none."""
    return await store.find(tx, product_id)


async def get_for_registration(
    tx: Tx, *, viewer: Actor, product_id: uuid.UUID
) -> tuple[Product, Description]:
    """Return one's own product with its complete description (HN-06).

    :raises ProductMissing: if it is unknown or somebody else's.
    :raises ProductNotDescribed: if its description is not complete.
    """
    found = await store.find(tx, product_id)
    if found is None or found.supplier_party_id != viewer.party:
        raise ProductMissing
    if found.state is not State.DESCRIBED or found.description is None:
        raise ProductNotDescribed(state=found.state.value)
    return found, found.description


async def get_content(tx: Tx, *, product_id: uuid.UUID, version: int) -> Content:
    """Return one version of what is delivered.

    :raises ProductMissing: if there is no such version.
    """
    found = await store.find_content(tx, product_id, version)
    if found is None:
        raise ProductMissing
    return found


async def list_own(
    tx: Tx, *, viewer: Actor, limit: int, cursor: str | None = None
) -> Page[Product]:
    """Return the products of the viewer's party, newest first, without their contents.

    An agent sees those that its letters are for.

    :raises NotPermitted: if the viewer describes no products.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("product:describe")
    paging.check_limit(limit)
    query = paging.fingerprint("my_products", str(viewer.party))
    before = paging.decode_id(query, cursor)
    found = await store.list_of_supplier(
        tx, viewer.party, only=viewer.acting_on, before=before, limit=limit + 1
    )
    following = paging.encode(query, str(found[limit - 1].id)) if len(found) > limit else None
    return Page(found[:limit], following)
