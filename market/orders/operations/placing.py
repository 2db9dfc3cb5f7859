"""Place an order (下单), and give it up before it is delivered (取消)."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event as Happened
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Refused
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.products.model import DeliveryMode
from market.affiliations.model import Matter
from market.affiliations.operations import dealings
from market.contracts import buying
from market.contracts import queries as contracts
from market.contracts.queries import OnOffer
from market.credit import queries as credit
from market.credit import sanctions
from market.orders import cancelling, destroying, metered, scope, terms
from market.orders.model import CancellationReason, Order, OrderId, Side
from market.orders.operations import by_agreement
from market.orders.operations.agreeing import Agreed, agree
from market.orders.operations.casework import lock, move, remember
from market.orders.queries import OrderMissing
from market.orders.states import Event, State
from market.orders.store import destructions, orders
from market.orders.terms import RequestedTerms
from market.orders.under_agreement import Ordered
from market.pricing import compute
from market.pricing import queries as pricing
from market.pricing.model import Filing, UseCategory
from settlement.escrow.operations import funding, refunding
from settlement.revenue import retaining


class PaidOrderOfSupplier(Refused):
    """A buyer who has paid waits for the delivery, or the supplier gives the order up."""

    code = "paid_order_not_cancellable_by_buyer"


class PlacedOrder(msgspec.Struct, frozen=True, kw_only=True):
    """What the buyer asks for."""

    product_id: uuid.UUID
    price_item: str
    quantity: int
    purpose: str
    scenario: str
    delivery_mode: DeliveryMode
    use_category: UseCategory | None = None
    expected_amount_fen: int | None = None
    special_price_id: uuid.UUID | None = None
    agreement_id: uuid.UUID | None = None
    terms: RequestedTerms


async def place(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    wanted: PlacedOrder,
    bundle_id: uuid.UUID | None = None,
    retention_most_bps: int = retaining.MOST_BPS,
) -> Order:
    """Place an order (下单): the price is the filed one, the purpose is told.

    :raises NotPermitted: if the actor buys nothing.
    :raises ProductNotListed: if the product is not on offer, or unknown.
    :raises RawExportForbidden: if raw public data are asked for.
    :raises AuthorisationCutOff: if the product or one of the two is cut off.
    :raises BuyerNotVerified: if the buyer was not identified (and the others of ``buying.py``).
    :raises ResponsibilityClauseMissing: if a clause is missing (``terms.py``).
    :raises RetentionAboveMaximum: if more is kept than the market allows (``retention_most_bps``).
    :raises PricingFilingRequired: if no price is in effect for the use.
    :raises PartyBanned: if the buyer is banned by its record (``credit/sanctions.py``).
    :raises OrderLimitExceeded: if the order is above the limit of its record.
    :raises DestructionRecordMissing: if the buyer owes a statement of destruction that is overdue.
    :raises PriceAboveCeiling: if the price is above the ceiling of today (and the others of
        ``ceilings.py``).
    :raises TermsNotMet: if something else is ordered than was agreed (and the others of
        ``by_agreement.py``).
    :raises QuotationRequired: if the item has no price but a special one.
    :raises SpecialPriceMissing: if the special price was offered to nobody, or somebody else (and
        the others of ``special_prices``).
    :raises PrepaymentMissing: if it pays as it uses, and pays nothing first (and the others of
        ``metered.py``).
    """
    actor.require("order:place")
    terms.check(wanted.terms)
    terms.check_retention(wanted.terms, most_bps=retention_most_bps)
    there, filing = await _offered(tx, wanted, buyer=actor.party, today=local_date(now))
    agreed = await _agree_price(tx, wanted, filing, actor=actor, now=now)
    await _check_record(tx, actor.party, agreed.amount_fen, now=now)
    if wanted.agreement_id is not None:
        await by_agreement.check_new(
            tx,
            agreement_id=wanted.agreement_id,
            product_id=wanted.product_id,
            ordered=_ordered(wanted, actor.party, agreed),
            filing=filing,
            now=now,
        )
    number = f"DD-{local_date(now).year}-{await orders.next_number(tx):08d}"
    order = _order(wanted, there, filing, agreed, number=number, bundle_id=bundle_id, now=now)
    await orders.insert(tx, order)
    await remember(
        tx, Happened.ORDER_PLACED, order, actor=actor, now=now, rules=("BJ-17", "BJ-27", "GD-05")
    )
    await dealings.look_at(
        tx,
        actor=actor,
        now=now,
        matter=Matter.ORDER,
        matter_id=order.id,
        product_id=order.product_id,
        supplier=order.supplier_party_id,
        buyer=order.buyer_party_id,
    )
    return order


async def cancel(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    code: CancellationReason,
    reason: str,
) -> Order:
    """Give an order up before it is delivered (取消); what was paid goes back.

    :raises NotPermitted: if the actor cancels nothing.
    :raises OrderMissing: if it is unknown or between others; a paid one only its supplier gives up.
    :raises PaidOrderOfSupplier: if the buyer has paid and would give it up.
    :raises CancellationReasonOfOtherSide: if it is a reason that only the other side has.
    :raises OrderEventNotAllowed: if it was delivered, or is over.
    """
    actor.require("order:cancel")
    order = await lock(tx, order_id)
    parties = {order.supplier_party_id}
    if order.state is not State.PAID:
        parties.add(order.buyer_party_id)
    if actor.party not in {order.supplier_party_id, order.buyer_party_id}:
        raise OrderMissing
    if actor.party not in parties:
        raise PaidOrderOfSupplier
    is_supplier = actor.party == order.supplier_party_id
    cancelling.check(code, Side.SUPPLIER if is_supplier else Side.BUYER)
    cancelled = await move(
        tx,
        order,
        Event.CANCEL,
        now=now,
        reason=reason,
        cancellation_reason=code,
        closed_at=now,
    )
    if order.paid_at is None:
        await funding.expire(tx, actor=actor, now=now, order_id=order.id)
    elif not order.is_free:
        await refunding.refund(tx, actor=actor, now=now, order_id=order.id)
    await remember(
        tx,
        Happened.ORDER_CANCELLED,
        cancelled,
        actor=actor,
        now=now,
        facts={"code": code.value},
        reason=reason,
    )
    return cancelled


async def _offered(
    tx: Tx, wanted: PlacedOrder, *, buyer: PartyId, today: dt.date
) -> tuple[OnOffer, Filing]:
    """Return what the buyer is offered today, and the filing whose price is in effect for the use."""
    there = await contracts.get_on_offer(
        tx,
        product_id=wanted.product_id,
        buyer=buyer,
        modes=[wanted.delivery_mode],
        on=today,
    )
    filing = await pricing.find_effective(
        tx,
        product_id=wanted.product_id,
        use_category=wanted.use_category,
        scenario=wanted.scenario,
    )
    if filing is None:
        raise buying.PricingFilingRequired
    scope.check_filed(
        filing, purpose=wanted.purpose, scenario=wanted.scenario, mode=wanted.delivery_mode
    )
    return there, filing


async def _agree_price(
    tx: Tx, wanted: PlacedOrder, filing: Filing, *, actor: Actor, now: dt.datetime
) -> Agreed:
    """Return the price of the order, if what its terms say of paying goes with it."""
    agreed = await agree(
        tx,
        filing,
        actor=actor,
        now=now,
        price_item=wanted.price_item,
        quantity=wanted.quantity,
        expected_fen=wanted.expected_amount_fen,
        special_price_id=wanted.special_price_id,
        agreed_price=await by_agreement.find_price(
            tx, agreement_id=wanted.agreement_id, buyer=actor.party
        ),
    )
    metered.check(
        agreed.item,
        wanted.terms,
        amount_fen=agreed.amount_fen,
        is_special=agreed.special_price is not None,
    )
    return agreed


async def _check_record(tx: Tx, buyer: PartyId, amount_fen: int, *, now: dt.datetime) -> None:
    """Return if nothing that the buyer did before stands against this order."""
    standing = await credit.get_standing(tx, party_id=buyer, on=local_date(now))
    sanctions.check_order(standing, amount_fen)
    destroying.check_none_overdue(await destructions.list_undestroyed(tx, buyer=buyer, now=now))


def _order(
    wanted: PlacedOrder,
    there: OnOffer,
    filing: Filing,
    agreed: Agreed,
    *,
    number: str,
    bundle_id: uuid.UUID | None,
    now: dt.datetime,
) -> Order:
    assert filing.filing_number is not None, "a filing in effect has its number"
    taxed = compute.taxed(agreed.item, agreed.amount_fen)
    return Order(
        id=OrderId(new_id()),
        number=number,
        state=State.PLACED,
        buyer_party_id=there.buyer.id,
        supplier_party_id=there.listing.supplier_party_id,
        product_id=there.product.id,
        product_name=there.product.name,
        product_version=there.content.version,
        level=None if there.said.classification is None else there.said.classification.level.value,
        listing_id=there.listing.id,
        filing_id=filing.id,
        filing_number=filing.filing_number,
        price_item=agreed.item,
        quantity=wanted.quantity,
        amount_fen=agreed.amount_fen,
        net_fen=None if taxed is None else taxed.net_fen,
        tax_fen=None if taxed is None else taxed.tax_fen,
        bought_before=agreed.bought_before,
        special_price=agreed.special_price,
        agreement_id=wanted.agreement_id,
        purpose=wanted.purpose,
        scenario=wanted.scenario,
        use_category=wanted.use_category,
        delivery_mode=wanted.delivery_mode,
        terms=wanted.terms,
        version=1,
        placed_at=now,
        updated_at=now,
        bundle_id=bundle_id,
    )


def _ordered(wanted: PlacedOrder, buyer: PartyId, agreed: Agreed) -> Ordered:
    return Ordered(
        buyer=buyer,
        purpose=wanted.purpose,
        scenario=wanted.scenario,
        use_category=wanted.use_category,
        mode=wanted.delivery_mode,
        item=agreed.item,
        quantity=wanted.quantity,
        amount_fen=agreed.amount_fen,
        terms=wanted.terms,
    )
