"""Place, deliver and end orders by the agreement under which they stand (依协议履行)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.errors import Missing
from catalog.kernel.ids import PartyId
from catalog.products import queries as products
from catalog.products.model import Content
from catalog.profiles import queries as profiles
from market.access.grants import AuthorisationCutOff
from market.access.rates import Limits
from market.contracts import document, price_duty
from market.contracts import operations as contracts
from market.contracts import queries as agreements
from market.contracts.model import Agreement, check_in_force
from market.contracts.policy import PolicyAgreement
from market.contracts.price_duty import PriceDuty
from market.cut_offs import queries as cut_offs
from market.orders import under_agreement
from market.orders.contract import TheAgreement
from market.orders.model import Order
from market.orders.operations import stopping
from market.orders.operations.casework import lock
from market.orders.states import UNDELIVERED
from market.orders.store import orders
from market.orders.under_agreement import AgreementOrderedBefore, Ordered
from market.pricing.model import Filing

#: Why the house ends what was not delivered while its agreement held.
NOT_DELIVERED_IN_TIME: Final = "agreement_over"


async def check_new(
    tx: Tx,
    *,
    agreement_id: uuid.UUID,
    product_id: uuid.UUID,
    ordered: Ordered,
    filing: Filing,
    now: dt.datetime,
) -> None:
    """Return if an order may be placed by this agreement, at this instant.

    :raises Missing: if it is unknown, of another buyer, or about another product.
    :raises AgreementNotInForce: if it was ended or another has taken its place.
    :raises AgreementOver: if its time is over.
    :raises AuthorisationCutOff: if it is frozen.
    :raises AgreementOrderedBefore: if an order was placed by it.
    :raises TermsNotMet: if something else is ordered than was agreed (``under_agreement.py``).
    """
    found = await agreements.find(tx, agreement_id=agreement_id)
    is_theirs = found is not None and found.buyer_party_id == ordered.buyer
    if found is None or not is_theirs or found.product_id != product_id:
        raise Missing
    check_in_force(found, now)
    if await cut_offs.is_cut_off(tx, found.id):
        raise AuthorisationCutOff
    if await orders.find_live_of(tx, found.id) is not None:
        raise AgreementOrderedBefore
    terms = document.read(found.document).terms
    product = await products.find(tx, product_id=product_id)
    rows = await _rows_of(tx, terms, None if product is None else product.content)
    under_agreement.check(terms, ordered, filing, rows=rows, now=now)


async def limits_of(
    tx: Tx, order: Order, agreed: PolicyAgreement | None
) -> Limits | msgspec.UnsetType:
    """Return how often, and how much at once, an order's content is used; unset: without a limit."""
    rows = None
    if agreed is not None:
        content = await products.get_content(
            tx, product_id=order.product_id, version=order.product_version
        )
        rows = await _rows_of(tx, agreed, content)
    return under_agreement.limits_of(agreed, rows)


async def _rows_of(tx: Tx, agreed: PolicyAgreement, content: Content | None) -> int | None:
    """Return how many rows a content has, where an agreement limits them.

    None if it does not, or nobody has looked into the whole of it.
    """
    if not under_agreement.asks_for_rows(agreed):
        return None
    async with beyond_own_rows(tx):  # the supplier's profile, of which this number alone is read
        known = await profiles.find_profile(tx, content)
    profile = None if known is None else known.profile
    return profile.rows if profile is not None and profile.is_whole else None


async def find_price(tx: Tx, *, agreement_id: uuid.UUID | None, buyer: PartyId) -> PriceDuty | None:
    """Return the price that a buyer's agreement names, or None if there is none of it.

    Whether the agreement holds is asked when the order is held against it (``check_new``).
    """
    found = None
    if agreement_id is not None:
        found = await agreements.find(tx, agreement_id=agreement_id)
    if found is None or found.buyer_party_id != buyer:
        return None
    return price_duty.read(document.read(found.document).terms)


async def terms_in_force(tx: Tx, order: Order, *, now: dt.datetime) -> PolicyAgreement | None:
    """Return the terms under which an order stands, if they hold now; None if it has none.

    :raises AgreementNotInForce: if the agreement was ended.
    :raises AgreementOver: if its time is over.
    :raises AuthorisationCutOff: if it is frozen.
    """
    if order.agreement_id is None:
        return None
    if await cut_offs.is_cut_off(tx, order.agreement_id):
        raise AuthorisationCutOff
    found = await agreements.find(tx, agreement_id=order.agreement_id)
    assert found is not None, "an order's agreement can not vanish"
    under_agreement.check_goes_on(found, now)
    return document.read(found.document).terms


async def named(tx: Tx, order: Order) -> TheAgreement | None:
    """Return how the contract of an order names the agreement under which it stands."""
    if order.agreement_id is None:
        return None
    found = await agreements.find(tx, agreement_id=order.agreement_id)
    assert found is not None, "an order's agreement can not vanish"
    return TheAgreement(found.id, found.sha256)


async def end(tx: Tx, *, actor: Actor, now: dt.datetime, agreement_id: uuid.UUID) -> Agreement:
    """Confirm the end of an agreement, and stop what stands under it in the same transaction.

    :raises NotPermitted: if the actor negotiates nothing.
    :raises Missing: if it is unknown, or between others (and the others of
        ``contracts.confirm_end``).
    """
    ended = await contracts.confirm_end(tx, actor=actor, now=now, agreement_id=agreement_id)
    order = await orders.find_live_of(tx, ended.id)
    if order is not None:
        await stopping.end(tx, order, actor=actor, now=now, reason=ended.reason or "")
    return ended


async def end_undelivered(
    tx: Tx, *, actor: Actor, now: dt.datetime, order_id: uuid.UUID
) -> Order | None:
    """End an order that was not delivered before its agreement was over; what was paid goes back.

    None if it was delivered meanwhile, or the agreement holds.

    :raises NotPermitted: if the actor is no job of ours.
    :raises OrderMissing: if there is no such order.
    """
    actor.require("order:turn")
    order = await lock(tx, order_id)
    if order.agreement_id is None or order.state not in UNDELIVERED:
        return None
    found = await agreements.find(tx, agreement_id=order.agreement_id)
    if found is None or now < found.ends_at:
        return None
    return await stopping.end(tx, order, actor=actor, now=now, reason=NOT_DELIVERED_IN_TIME)
