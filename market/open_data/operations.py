"""Ask that a product be open, confirm or refuse it, close it; hand it out and count it (开放)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from typing import Final

import msgspec

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Subject
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Tx
from catalog.kernel.errors import Conflict, Refused
from catalog.kernel.ids import new_id
from catalog.products import queries as product_queries
from catalog.products.model import Product
from catalog.products.operations import publishing as products
from catalog.products.queries import ProductMissing
from market.open_data import store
from market.open_data.model import OpenContent, Opening, OpeningId, Request
from market.open_data.opening import check_licence, check_may_be_open
from market.open_data.queries import OpeningMissing
from market.open_data.states import Event, State, advance

BATCH: Final = 200


class OpeningUnderWay(Conflict):
    """The product is open, or was asked for already."""

    code = "opening_under_way"


class ProductIsSold(Refused):
    """The product is offered for money; what is open is not sold. Delist it first."""

    code = "product_is_sold"


async def request(
    tx: Tx, *, actor: Actor, now: dt.datetime, asked: Request, licences: Collection[str]
) -> Opening:
    """Ask that one's own product be open data (申请开放).

    :raises NotPermitted: if the actor opens nothing.
    :raises OpenLicenceUnknown: if the licence is none that is listed.
    :raises ProductMissing: if the product is unknown or somebody else's.
    :raises ProductIsSold: if it is listed.
    :raises OpenDataNotAllowed: if something forbids it, with all of it.
    :raises OpeningUnderWay: if it is open or asked for already.
    """
    actor.require("opening:request")
    check_licence(asked.licence, licences)
    product = await _product(tx, asked.product_id)
    if product.supplier_party_id != actor.party:
        raise ProductMissing
    opening = Opening(
        id=OpeningId(new_id()),
        product_id=product.id,
        product_name=product.name,
        supplier_party_id=actor.party,
        supplier_name=product.supplier_name,
        state=State.REQUESTED,
        licence=asked.licence,
        secrecy_review=asked.secrecy_review,
        requested_at=now,
    )
    check_may_be_open(product, secrecy_review=asked.secrecy_review)
    if not await store.insert(tx, opening):
        raise OpeningUnderWay
    if product.is_public:
        raise ProductIsSold
    await _remember(tx, Happened.OPENING_REQUESTED, opening, actor=actor, now=now)
    return opening


async def decide(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    opening_id: uuid.UUID,
    is_confirmed: bool,
    reason: str,
) -> Opening:
    """Confirm that a product is open, so that everybody finds and fetches it, or refuse it.

    :raises NotPermitted: if the actor decides none.
    :raises OpeningMissing: if there is none.
    :raises OpeningEventNotAllowed: if it was decided or taken back.
    :raises ProductIsSold: if it was listed meanwhile.
    :raises OpenDataNotAllowed: if something forbids it by now, with all of it.
    """
    actor.require("opening:decide")
    before = await _lock(tx, opening_id)
    after = msgspec.structs.replace(
        before,
        state=advance(before.state, Event.CONFIRM if is_confirmed else Event.REFUSE),
        decided_at=now,
        reason=reason,
    )
    if is_confirmed:
        product = await _product(tx, before.product_id)
        if product.is_public:
            raise ProductIsSold
        check_may_be_open(product, secrecy_review=before.secrecy_review)
        await products.set_visible(tx, now=now, product_id=product.id, is_public=True)
    await store.update(tx, after)
    event = Happened.OPENING_CONFIRMED if is_confirmed else Happened.OPENING_REFUSED
    await _remember(tx, event, after, actor=actor, now=now)
    return after


async def close(
    tx: Tx, *, actor: Actor, now: dt.datetime, opening_id: uuid.UUID, reason: str
) -> Opening:
    """Stop that a product is open, or take the request back; its supplier, or the operator.

    :raises NotPermitted: if the actor closes none.
    :raises OpeningMissing: if it is unknown or somebody else's.
    :raises OpeningEventNotAllowed: if it is over.
    """
    actor.require("opening:close")
    before = await _lock(tx, opening_id)
    if actor.clearance is not Clearance.STAFF and before.supplier_party_id != actor.party:
        raise OpeningMissing
    after = msgspec.structs.replace(
        before, state=advance(before.state, Event.CLOSE), closed_at=now, reason=reason
    )
    if before.state is State.OPEN:
        await products.set_visible(tx, now=now, product_id=before.product_id, is_public=False)
    await store.update(tx, after)
    await _remember(tx, Happened.OPENING_CLOSED, after, actor=actor, now=now)
    return after


async def fetch(tx: Tx, *, now: dt.datetime, product_id: uuid.UUID) -> OpenContent:
    """Return what anybody is about to get, counted.

    :raises OpeningMissing: if the product is not open.
    """
    content = await store.find_content(tx, product_id)
    if content is None:
        raise OpeningMissing
    await store.count_download(tx, content, now=now)
    return content


async def tell_downloads(tx: Tx, *, actor: Actor, now: dt.datetime) -> int:
    """Give the counts of minutes that are over their entries; return how many were told.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("open_data:tell")
    minute = now.replace(second=0, microsecond=0)
    counts = await store.take_untold(tx, before=minute, limit=BATCH)
    for each in counts:
        await audit_log.append(
            tx,
            Happened.OPEN_DATA_FETCHED,
            actor=actor,
            now=now,
            subjects=[Subject("product", str(each.product_id))],
            facts={
                "version": each.version,
                "minute": each.minute.isoformat(),
                "times": each.count,
            },
            rules=("GD-08",),
        )
    return len(counts)


async def _product(tx: Tx, product_id: uuid.UUID) -> Product:
    product = await product_queries.find(tx, product_id=product_id)
    if product is None:
        raise ProductMissing
    return product


async def _lock(tx: Tx, opening_id: uuid.UUID) -> Opening:
    found = await store.lock(tx, opening_id)
    if found is None:
        raise OpeningMissing
    return found


async def _remember(
    tx: Tx, event: Happened, opening: Opening, *, actor: Actor, now: dt.datetime
) -> None:
    await audit_log.append(
        tx,
        event,
        actor=actor,
        now=now,
        subjects=[
            Subject("opening", str(opening.id)),
            Subject("product", str(opening.product_id)),
        ],
        facts={"licence": opening.licence, "secrecy_review": opening.secrecy_review},
        after={"state": opening.state.value},
        reason=opening.reason,
        rules=("GD-08", "GD-17"),
    )
