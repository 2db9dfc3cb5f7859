"""Read products: the public ones, one's own, and what a registration begins from."""

from __future__ import annotations

import uuid

import msgspec

from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing, Refused
from catalog.kernel.paging import Page
from catalog.products.completeness import completeness
from catalog.products.differing import differences
from catalog.products.model import Content, Description, Product
from catalog.products.provenance import MAX_LINKS, Classified, Conflict, Provenance, arranged
from catalog.products.publication import public_description, redacted, sees_all
from catalog.products.revisions import Compared, RevisionLine, check_not_buried
from catalog.products.states import State
from catalog.products.store import products, provenance, revisions


class ProductMissing(Missing):
    """There is no such product, or none that this actor may know of."""

    code = "not_found"


class ProductNotDescribed(Refused):
    """The description is a draft, or the product was withdrawn or imported."""

    code = "product_not_described"


async def get(tx: Tx, *, viewer: Actor, product_id: uuid.UUID, is_offered: bool = False) -> Product:
    """Return a public product, or one's own; in full only for its supplier and the authorities.

    With ``is_offered`` also one that is not public, because it is offered to the viewer and to few
    others; the caller has asked.

    :raises ProductMissing: if there is none that the viewer may see.
    :raises ProductWithdrawn: if it was public and was taken back; its own people see it still.
    """
    found = await products.find(tx, product_id)
    if found is None or not (found.is_public or is_offered or sees_all(viewer, found)):
        check_not_buried(await revisions.find_tombstone(tx, product_id))
        raise ProductMissing
    return _scored(found) if sees_all(viewer, found) else redacted(found)


async def find(tx: Tx, *, product_id: uuid.UUID) -> Product | None:
    """Return a product as the rooms above need it, in full, or None if the actor sees none."""
    return await products.find(tx, product_id)


async def get_for_registration(
    tx: Tx, *, viewer: Actor, product_id: uuid.UUID
) -> tuple[Product, Description]:
    """Return one's own product with its complete description (HN-06).

    :raises ProductMissing: if it is unknown or somebody else's.
    :raises ProductNotDescribed: if its description is not complete.
    """
    found = await products.find(tx, product_id)
    if found is None or found.supplier_party_id != viewer.party:
        raise ProductMissing
    if found.state is not State.DESCRIBED or found.description is None:
        raise ProductNotDescribed(state=found.state.value)
    return found, found.description


async def get_content(tx: Tx, *, product_id: uuid.UUID, version: int) -> Content:
    """Return one version of what is delivered.

    :raises ProductMissing: if there is no such version.
    """
    found = await products.find_content(tx, product_id, version)
    if found is None:
        raise ProductMissing
    return found


async def list_own(
    tx: Tx,
    *,
    viewer: Actor,
    reference: str | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[Product]:
    """Return the products of the viewer's party, newest first, without their contents.

    An agent sees those that its letters are for. With ``reference``, those that it calls so; at
    most one of them was not withdrawn.

    :raises NotPermitted: if the viewer describes no products.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("product:describe")
    paging.check_limit(limit)
    query = paging.fingerprint("my_products", str(viewer.party), reference or "")
    before = paging.decode_id(query, cursor)
    found = await products.list_of_supplier(
        tx,
        viewer.party,
        only=viewer.acting_on,
        reference=reference,
        before=before,
        limit=limit + 1,
    )
    return Page([_scored(each) for each in found[:limit]], paging.next_by_id(query, found, limit))


async def get_provenance(tx: Tx, *, viewer: Actor, product_id: uuid.UUID) -> Provenance:
    """Return what a product was made from and what was made from it (来源可溯、去向可查).

    :raises ProductMissing: if there is none that the viewer may see.
    """
    found = await get(tx, viewer=viewer, product_id=product_id)
    links = await provenance.list_links(tx, product_id, limit=MAX_LINKS + 1)
    return arranged(found.id, found.name, links)


async def list_classifications(tx: Tx, *, viewer: Actor, product_id: uuid.UUID) -> list[Classified]:
    """Return how a product was classified, the newest first; by whom, its own people may read.

    :raises ProductMissing: if there is none that the viewer may see.
    """
    found = await get(tx, viewer=viewer, product_id=product_id)
    history = await provenance.list_classifications(tx, product_id)
    if sees_all(viewer, found):
        return history
    return [msgspec.structs.replace(entry, set_by="") for entry in history]


async def list_item_conflicts(
    tx: Tx, *, viewer: Actor, limit: int, cursor: str | None = None
) -> Page[Conflict]:
    """Return the items that several products claim, as far as the viewer sees these products.

    :raises NotPermitted: if the viewer may not read conflicts.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("item_conflict:read")
    paging.check_limit(limit)
    query = paging.fingerprint("item_conflicts")
    position = paging.decode(query, cursor, 1)
    after = "" if position is None else str(position[0])
    found = await provenance.list_conflicts(tx, after=after, limit=limit + 1)
    following = paging.encode(query, found[limit - 1].item_key) if len(found) > limit else None
    return Page(found[:limit], following)


async def list_revisions(
    tx: Tx, *, viewer: Actor, product_id: uuid.UUID, limit: int, cursor: str | None = None
) -> Page[RevisionLine]:
    """Return the versions of a product, newest first; of others' those that were public (版本历史).

    :raises ProductMissing: if there is none that the viewer may see.
    :raises ProductWithdrawn: if it was public and was taken back.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    paging.check_limit(limit)
    product = await get(tx, viewer=viewer, product_id=product_id)
    query = paging.fingerprint("product_revisions", str(product_id))
    position = paging.decode(query, cursor, 1)
    if position is not None and not isinstance(position[0], int):
        raise paging.CursorUnreadable
    before = None if position is None else position[0]
    found = await revisions.list_lines(
        tx,
        product_id,
        public_only=not sees_all(viewer, product),
        before=before,
        limit=limit + 1,
    )
    following = paging.encode(query, found[limit - 1].version) if len(found) > limit else None
    if not sees_all(viewer, product):
        found = [msgspec.structs.replace(line, reason=None) for line in found]
    return Page(found[:limit], following)


async def compare_revisions(
    tx: Tx, *, viewer: Actor, product_id: uuid.UUID, version: int, against: int | None = None
) -> Compared:
    """Return a version and what is otherwise in it than in another one, the one before if not named.

    Others than its own people are shown, and compared with, versions that were public alone.

    :raises ProductMissing: if there is no such product or version that the viewer may see.
    :raises ProductWithdrawn: if it was public and was taken back.
    """
    product = await get(tx, viewer=viewer, product_id=product_id)
    is_inside = sees_all(viewer, product)
    wanted = await revisions.find(tx, product_id, version)
    if against is None:
        earlier = await revisions.list_lines(
            tx, product_id, public_only=not is_inside, before=version, limit=1
        )
        against = earlier[0].version if earlier else None
    other = None if against is None else await revisions.find(tx, product_id, against)
    if wanted is None or (against is not None and other is None):
        raise ProductMissing
    if not is_inside and not (wanted.was_public and (other is None or other.was_public)):
        raise ProductMissing
    shown = wanted.description if is_inside else public_description(wanted.description)
    base = None if other is None else other.description
    if base is not None and not is_inside:
        base = public_description(base)
    return Compared(
        version=version,
        against=against,
        name=wanted.name,
        state=wanted.state,
        reason=wanted.reason if is_inside else None,
        revised_at=wanted.revised_at,
        description=shown,
        changes=differences(base, shown),
    )


def _scored(product: Product) -> Product:
    if product.description is None:
        return product
    return msgspec.structs.replace(product, completeness=completeness(product.description))
