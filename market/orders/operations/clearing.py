"""Check an order for compliance (合规评估): clear it with its contract, or reject it with every reason."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec

from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest
from catalog.certificates import queries as certificates
from catalog.code_trees.lineage import canonical
from catalog.code_trees.model import Tree
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.errors import Refused
from catalog.kernel.local_time import local_date
from catalog.products import queries as products
from catalog.products.model import Content, Description
from catalog.products.queries import ProductMissing
from catalog.recognition import queries as recognition
from catalog.signing.canonical import sha256_hex
from market.access import decision as policy
from market.anonymisations import queries as anonymisations
from market.consents import queries as consents
from market.contracts import buying
from market.contracts import queries as contracts
from market.credit import queries as credit
from market.cut_offs import queries as cut_offs
from market.identity import queries as identity
from market.identity.model import Capacity, Party
from market.identity.states import State as PartyState
from market.listings import queries as listings
from market.listings.model import Listing
from market.orders import compliance, contract
from market.orders.model import Contract, Order, Side
from market.orders.operations import by_agreement, freezing
from market.orders.operations.casework import lock, move, remember
from market.orders.shares import Rates
from market.orders.states import Event, advance
from market.orders.store import contracts as kept
from market.pricing import queries as pricing
from market.pricing.regimes import is_public


class MarketNotFounded(Refused):
    """There is no operator or no authority yet, so nobody knows whose the fee is."""

    code = "market_not_founded"


class Grounds(msgspec.Struct, frozen=True, kw_only=True):
    """What an order is checked against: what the product is now, and what was ordered of it (评估依据)."""

    said: Description
    content: Content  # the version that was ordered
    listing: Listing | None  # None: it is not on offer any more
    buyer: Party
    supplier: Party


#: Whose the fees of the market are, and what goes to the treasury.
_HOUSES: Final = (Capacity.SUPERMARKET_OPERATOR, Capacity.PROVINCIAL_AUTHORITY)


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
    grounds = await _grounds(tx, order)
    found = await _decide(tx, order, grounds, now=now)
    if not found.allowed:
        rejected = await move(
            tx, order, Event.REJECT, now=now, decision=found, reason=found.code, closed_at=now
        )
        await remember(tx, Happened.ORDER_REJECTED, rejected, actor=actor, now=now, facts=found)
        return rejected
    said = grounds.said
    cleared = await move(
        tx,
        order,
        Event.CLEAR,
        now=now,
        decision=found,
        book=freezing.book_of(said.data_nature),
        industry_section=said.industry_section,
        industry_division=said.industry_division,
        region_code=canonical(Tree.REGION, said.region_code),
    )
    rates = await _rates(tx, platform_bps=platform_bps, treasury_bps=treasury_bps)
    drafted = await _draft_contract(tx, cleared, grounds, rates, now=now)
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


async def _grounds(tx: Tx, order: Order) -> Grounds:
    product = await products.find(tx, product_id=order.product_id)
    if product is None:
        raise ProductMissing
    if product.description is None:
        raise buying.ProductNotListed
    parties = await identity.get_parties(tx, (order.buyer_party_id, order.supplier_party_id))
    return Grounds(
        said=product.description,
        content=next(each for each in product.contents if each.version == order.product_version),
        listing=await listings.find_listed(tx, product_id=order.product_id),
        buyer=parties[order.buyer_party_id],
        supplier=parties[order.supplier_party_id],
    )


async def _decide(tx: Tx, order: Order, grounds: Grounds, *, now: dt.datetime) -> policy.Decision:
    said, listing, buyer = grounds.said, grounds.listing, grounds.buyer
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


async def _rates(tx: Tx, *, platform_bps: int, treasury_bps: int) -> Rates:
    found = await identity.list_institutions(tx, _HOUSES)
    operator, authority = (
        min((each.id for each in found if capacity in each.capacities), default=None)
        for capacity in _HOUSES
    )
    if operator is None or authority is None:
        raise MarketNotFounded
    return Rates(
        platform_party_id=operator,
        platform_bps=platform_bps,
        treasury_party_id=authority,
        treasury_bps=treasury_bps,
    )


async def _draft_contract(
    tx: Tx, order: Order, grounds: Grounds, rates: Rates, *, now: dt.datetime
) -> Contract:
    """Draft the contract of a cleared order, with the split frozen in it."""
    number = None if grounds.listing is None else grounds.listing.certificate_number
    split = await freezing.freeze_split(
        tx,
        order,
        rates,
        is_public_data=is_public(grounds.said.data_nature),
        certificate_number=number,
        now=now,
    )
    document = contract.document(
        order,
        grounds.content,
        split,
        agreement=await by_agreement.named(tx, order),
        parties={Side.BUYER: grounds.buyer.name, Side.SUPPLIER: grounds.supplier.name},
        certificate_number=number,
        ai_generated=grounds.said.ai_generated,
        drafted_at=now,
    )
    drafted = Contract(
        order_id=order.id,
        document=document,
        sha256=sha256_hex(document),
        split=split,
        drafted_at=now,
    )
    await kept.insert(tx, drafted, order)
    return drafted
