"""Place an order, clear it, and cancel it."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest
from catalog.certificates import queries as certificates
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Refused
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.products import queries as products
from catalog.products.model import AiShare, Content, DeliveryMode, Description, Product
from catalog.products.queries import ProductMissing
from catalog.recognition import queries as recognition
from catalog.signing.canonical import sha256_hex
from market.access import decision as policy
from market.affiliations.model import Matter
from market.affiliations.operations import dealings
from market.anonymisations import queries as anonymisations
from market.consents import queries as consents
from market.contracts import buying
from market.contracts import queries as contracts
from market.credit import queries as credit
from market.credit import sanctions
from market.cut_offs import queries as cut_offs
from market.identity import queries as identity
from market.identity.model import Capacity, Party
from market.identity.states import State as PartyState
from market.listings import queries as listings
from market.listings.model import Listing
from market.orders import (
    cancelling,
    compliance,
    contract,
    destroying,
    scope,
    store,
    terms,
)
from market.orders.model import CancellationReason, Contract, Order, OrderId, Side
from market.orders.operations import by_agreement, freezing
from market.orders.operations.agreeing import Agreed, agree
from market.orders.operations.casework import lock, move, remember
from market.orders.queries import OrderMissing
from market.orders.shares import Rates
from market.orders.states import Event, State, advance
from market.orders.terms import RequestedTerms
from market.orders.under_agreement import Ordered
from market.pricing import queries as pricing
from market.pricing.model import UseCategory
from market.pricing.regimes import is_public
from settlement.escrow import operations as escrow
from settlement.revenue.agreement import FrozenSplit


class MarketNotFounded(Refused):
    """There is no operator or no authority yet, so nobody knows whose the fee is."""

    code = "market_not_founded"


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
) -> Order:
    """Place an order (下单): the price is the filed one, the purpose is told.

    :raises NotPermitted: if the actor buys nothing.
    :raises ProductNotListed: if the product is not on offer, or unknown.
    :raises RawExportForbidden: if raw public data are asked for.
    :raises AuthorisationCutOff: if the product or one of the two is cut off.
    :raises BuyerNotVerified: if the buyer was not identified (and the others of ``buying.py``).
    :raises ResponsibilityClauseMissing: if a clause is missing (``terms.py``).
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
    """
    actor.require("order:place")
    terms.check(wanted.terms)
    there = await contracts.get_on_offer(
        tx,
        product_id=wanted.product_id,
        buyer=actor.party,
        modes=[wanted.delivery_mode],
        on=local_date(now),
    )
    listing, product, said, content = there.listing, there.product, there.said, there.content
    filing = await pricing.find_effective(
        tx,
        product_id=product.id,
        use_category=wanted.use_category,
        scenario=wanted.scenario,
    )
    if filing is None or filing.filing_number is None:
        raise buying.PricingFilingRequired
    scope.check_filed(
        filing, purpose=wanted.purpose, scenario=wanted.scenario, mode=wanted.delivery_mode
    )
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
    sanctions.check_order(
        await credit.get_standing(tx, party_id=actor.party, on=local_date(now)), agreed.amount_fen
    )
    destroying.check_none_overdue(await store.list_undestroyed(tx, buyer=actor.party, now=now))
    if wanted.agreement_id is not None:
        await by_agreement.check_new(
            tx,
            agreement_id=wanted.agreement_id,
            product_id=product.id,
            ordered=_ordered(wanted, actor.party, agreed),
            filing=filing,
            now=now,
        )
    order = Order(
        id=OrderId(new_id()),
        number=f"DD-{local_date(now).year}-{await store.next_number(tx):08d}",
        state=State.PLACED,
        buyer_party_id=actor.party,
        supplier_party_id=listing.supplier_party_id,
        product_id=product.id,
        product_name=product.name,
        product_version=content.version,
        level=None if said.classification is None else said.classification.level.value,
        listing_id=listing.id,
        filing_id=filing.id,
        filing_number=filing.filing_number,
        price_item=agreed.item,
        quantity=wanted.quantity,
        amount_fen=agreed.amount_fen,
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
    await store.insert(tx, order)
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


async def clear(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    order_id: uuid.UUID,
    platform_bps: int,
    treasury_bps: int,
) -> Order:
    """Check an order for compliance (合规评估): it is cleared, or rejected with every reason.

    A cleared order has its contract drafted, with the split frozen in it.

    :raises NotPermitted: if the actor is not the operator's.
    :raises OrderMissing: if there is none.
    :raises OrderEventNotAllowed: if it was checked before.
    :raises AgreementNotInForce: if its agreement was ended, or is over (``by_agreement.py``).
    """
    actor.require("order:clear")
    order = await lock(tx, order_id)
    advance(order.state, Event.CLEAR)
    await by_agreement.terms_in_force(tx, order, now=now)
    product = await products.find(tx, product_id=order.product_id)
    if product is None:
        raise ProductMissing
    said, _ = _described(product)
    content = await products.get_content(
        tx, product_id=order.product_id, version=order.product_version
    )
    listing = await listings.find_listed(tx, product_id=order.product_id)
    buyer = await identity.get_party(tx, order.buyer_party_id)
    found = await _decide(tx, order, said, listing, buyer, now=now)
    if not found.allowed:
        rejected = await move(
            tx, order, Event.REJECT, now=now, decision=found, reason=found.code, closed_at=now
        )
        await remember(tx, Happened.ORDER_REJECTED, rejected, actor=actor, now=now, facts=found)
        return rejected
    cleared = await move(tx, order, Event.CLEAR, now=now, decision=found)
    split = await _freeze(
        tx,
        cleared,
        said,
        listing,
        platform_bps=platform_bps,
        treasury_bps=treasury_bps,
        now=now,
    )
    drafted = await _draft_contract(
        tx,
        cleared,
        content,
        split=split,
        listing=listing,
        buyer=buyer,
        ai_generated=said.ai_generated,
        now=now,
    )
    await remember(
        tx,
        Happened.ORDER_CLEARED,
        cleared,
        actor=actor,
        now=now,
        facts=found,
        digests=(Digest("contract", str(order.id), drafted.sha256),),
    )
    return cleared


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
        await escrow.expire(tx, actor=actor, now=now, order_id=order.id)
    elif not order.is_free:
        await escrow.refund(tx, actor=actor, now=now, order_id=order.id)
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


class PaidOrderOfSupplier(Refused):
    """A buyer who has paid waits for the delivery, or the supplier gives the order up."""

    code = "paid_order_not_cancellable_by_buyer"


async def _decide(
    tx: Tx,
    order: Order,
    said: Description,
    listing: Listing | None,
    buyer: Party,
    *,
    now: dt.datetime,
) -> policy.Decision:
    filing = await pricing.find_effective(
        tx,
        product_id=order.product_id,
        use_category=order.use_category,
        scenario=order.scenario,
    )
    certificate = await certificates.find_active_for_product(
        tx, order.product_id, today=local_date(now)
    )
    foreign = await recognition.find_counting(tx, order.product_id, today=local_date(now))
    # A certificate that the listing rests on must still count; an uncertified listing has none.
    needs_one = listing is not None and (
        listing.is_certified or listing.foreign_certificate_id is not None
    )
    is_banned = await credit.is_banned(tx, party_id=order.buyer_party_id, on=local_date(now))
    return policy.decide(
        compliance.facts(
            order,
            said,
            listing,
            is_buyer_verified=buyer.state is PartyState.VERIFIED,
            is_buyer_banned=buyer.state is PartyState.SUSPENDED or is_banned,
            is_redevelopment=is_public(said.data_nature)
            and await contracts.operates(tx, buyer, order.product_id, on=local_date(now)),
            is_cut_off=await cut_offs.is_cut_off(
                tx, order.id, order.product_id, order.buyer_party_id, order.supplier_party_id
            ),
            is_certificate_alive=any((certificate, foreign)) or not needs_one,
            is_scenario_filed=filing is not None and order.scenario in filing.terms.scenarios,
            may_pass_on=filing is not None and filing.terms.use_scope.onward_use,
            has_personal_record=await _has_personal_record(tx, order, today=local_date(now)),
            today=local_date(now),
        )
    )


async def _has_personal_record(tx: Tx, order: Order, *, today: dt.date) -> bool:
    """Tell whether persons consented to this use, or an agency accepted that none is shown (BJ-21)."""
    version = order.product_version
    return await consents.allow(
        tx,
        product_id=order.product_id,
        version=version,
        scenario=order.scenario,
        purpose=order.purpose,
        recipient=order.buyer_party_id,
        today=today,
    ) or await anonymisations.is_anonymised(
        tx, product_id=order.product_id, version=version, today=today
    )


async def _freeze(
    tx: Tx,
    order: Order,
    said: Description,
    listing: Listing | None,
    *,
    platform_bps: int,
    treasury_bps: int,
    now: dt.datetime,
) -> FrozenSplit:
    operator = await identity.find_institution(tx, Capacity.SUPERMARKET_OPERATOR)
    authority = await identity.find_institution(tx, Capacity.PROVINCIAL_AUTHORITY)
    if operator is None or authority is None:
        raise MarketNotFounded
    rates = Rates(
        platform_party_id=operator.id,
        platform_bps=platform_bps,
        treasury_party_id=authority.id,
        treasury_bps=treasury_bps,
    )
    return await freezing.freeze_split(
        tx,
        order,
        rates,
        is_public_data=is_public(said.data_nature),
        certificate_number=None if listing is None else listing.certificate_number,
        now=now,
    )


async def _draft_contract(
    tx: Tx,
    order: Order,
    content: Content,
    *,
    split: FrozenSplit,
    listing: Listing | None,
    buyer: Party,
    ai_generated: AiShare,
    now: dt.datetime,
) -> Contract:
    supplier = await identity.get_party(tx, order.supplier_party_id)
    under = await by_agreement.named(tx, order)
    document = contract.document(
        order,
        content,
        split,
        agreement=under,
        parties={Side.BUYER: buyer.name, Side.SUPPLIER: supplier.name},
        certificate_number=None if listing is None else listing.certificate_number,
        ai_generated=ai_generated,
        drafted_at=now,
    )
    drafted = Contract(
        order_id=order.id,
        document=document,
        sha256=sha256_hex(document),
        split=split,
        drafted_at=now,
    )
    await store.insert_contract(tx, drafted, order)
    return drafted


def _described(product: Product) -> tuple[Description, Content]:
    if product.description is None or product.content is None:
        raise buying.ProductNotListed
    return product.description, product.content
