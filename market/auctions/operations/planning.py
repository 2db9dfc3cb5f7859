"""Draft an auction, announce it, take it back before its end (发起、公告、撤销)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Tx
from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.ids import new_id
from catalog.kernel.local_time import local_date
from catalog.kernel.periods import deadline
from catalog.kernel.workdays import Calendar
from catalog.notifications.topics import Topic
from catalog.products import queries as products
from catalog.products.queries import ProductMissing
from catalog.signing.canonical import canonical, sha256_hex
from market.auctions import announcing, store
from market.auctions.model import Auction, AuctionId, Planned
from market.auctions.operations import casework
from market.auctions.queries import AuctionMissing
from market.auctions.states import Event, State
from market.contracts.buying import PricingFilingRequired, ProductNotListed, check_raw
from market.listings import queries as listings
from market.orders import scope
from market.pricing import ceilings, offers
from market.pricing import queries as pricing
from market.pricing.model import Filing
from market.pricing.regimes import is_public


class CancellationReasonMissing(Invalid):
    """Whoever takes an auction back says why."""

    code = "auction_cancellation_reason_missing"


class AuctionRunning(Refused):
    """Only the operator stops an auction for which bids are taken already."""

    code = "auction_running"


async def draft(tx: Tx, *, actor: Actor, now: dt.datetime, planned: Planned) -> Auction:
    """Draft an auction of one's own listed product, within the price that is filed for it.

    :raises NotPermitted: if the actor sells nothing.
    :raises ProductMissing: if the product is unknown or somebody else's.
    :raises ProductNotListed: if it is not on offer.
    :raises PricingFilingRequired: if no price is in effect for the use (and what
        ``scope.check_filed``, ``offers.item_of`` and ``ceilings.check`` raise).
    :raises AuctionPlanUnfit: if the item is not quoted within limits (and the others of
        ``announcing.py``).
    """
    actor.require("auction:draft")
    lot, rules = planned.lot, planned.rules
    product = await products.find(tx, product_id=lot.product_id)
    if product is None or product.supplier_party_id != actor.party:
        raise ProductMissing
    announcing.check_rules(lot, rules)
    filing, least_fen, most_fen = await _within_filed(tx, planned, now=now)
    assert filing.filing_number is not None, "a filing in effect has its number"
    drafted = Auction(
        id=AuctionId(new_id()),
        number=f"JJ-{local_date(now).year}-{await store.next_number(tx):06d}",
        state=State.DRAFT,
        supplier_party_id=actor.party,
        filing_id=filing.id,
        filing_number=filing.filing_number,
        least_fen=least_fen,
        most_fen=most_fen,
        lot=lot,
        rules=rules,
        product_name=product.name,
        ends_at=rules.closes_at,
        version=1,
        created_at=now,
        updated_at=now,
    )
    await store.insert(tx, drafted)
    await casework.remember(
        tx, Happened.AUCTION_DRAFTED, drafted, actor=actor, now=now, facts=planned
    )
    return drafted


async def announce(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    calendar: Calendar,
    auction_id: uuid.UUID,
    operator_key: bytes | None,
) -> Auction:
    """Announce an auction as its supplier drafted it; the operator adds its half of the key.

    :raises NotPermitted: if the actor is not the operator's.
    :raises AuctionMissing: if there is none.
    :raises AuctionEventNotAllowed: if it is no draft.
    :raises AuctionNoticeTooShort: if bids could be made before the days of the notice are over.
    :raises AuctionRulesUnfit: if a key is missing or too much (and what ``draft`` refuses by now).
    :raises AuctionFilingChanged: if another price is in effect than when it was drafted.
    """
    actor.require("auction:announce")
    before = await casework.lock(tx, auction_id)
    announcing.check_operator_key(before.rules, operator_key)
    notice = deadline(announcing.NOTICE, local_date(now), calendar)
    announcing.check_notice(before.rules, notice.ends_at)
    after = await casework.move(
        tx, before, Event.ANNOUNCE, now=now, announced_at=now, operator_key=operator_key
    )
    planned = Planned(lot=before.lot, rules=before.rules)
    filing, least_fen, most_fen = await _within_filed(tx, planned, now=now)
    if (filing.id, least_fen, most_fen) != (before.filing_id, before.least_fen, before.most_fen):
        raise announcing.AuctionFilingChanged(filing_number=before.filing_number)
    told = {"lot": after.lot, "rules": after.rules, "operator_key": operator_key}
    await casework.remember(
        tx,
        Happened.AUCTION_ANNOUNCED,
        after,
        actor=actor,
        now=now,
        facts=told,
        digests=[
            Digest(casework.SUBJECT, str(after.id), sha256_hex(canonical(told))),
            *(
                [Digest(casework.RESERVE, str(after.id), after.rules.reserve_sha256)]
                if after.rules.reserve_sha256 is not None
                else []
            ),
        ],
    )
    await casework.tell(
        tx,
        after,
        Topic.AUCTION_ANNOUNCED,
        to=[after.supplier_party_id],
        now=now,
        opens_at=after.rules.opens_at.isoformat(),
    )
    return after


async def cancel(
    tx: Tx, *, actor: Actor, now: dt.datetime, auction_id: uuid.UUID, reason: str
) -> Auction:
    """Take an auction back with the reason: its supplier until it opens, the operator until it ends.

    :raises NotPermitted: if the actor takes none back.
    :raises AuctionMissing: if there is none, or it is another supplier's.
    :raises CancellationReasonMissing: if nothing says why.
    :raises AuctionRunning: if bids are taken already, and a supplier would stop that.
    :raises AuctionEventNotAllowed: if it has ended.
    """
    actor.require("auction:cancel")
    before = casework.begun(await casework.lock(tx, auction_id), now)
    is_supplier = before.supplier_party_id == actor.party_id
    if not is_supplier and actor.clearance is not Clearance.STAFF:
        raise AuctionMissing
    if not reason.strip():
        raise CancellationReasonMissing
    if before.state is State.OPEN and is_supplier:
        raise AuctionRunning
    after = await casework.move(tx, before, Event.CANCEL, now=now, reason=reason)
    await casework.remember(
        tx, Happened.AUCTION_CANCELLED, after, actor=actor, now=now, reason=reason
    )
    await casework.tell_bidders(tx, after, Topic.AUCTION_ENDED, now=now, reason=reason)
    return after


async def _within_filed(tx: Tx, planned: Planned, *, now: dt.datetime) -> tuple[Filing, int, int]:
    """Return the filing that is in effect for a lot, and what one licence costs at least and at most."""
    lot = planned.lot
    product = await products.find(tx, product_id=lot.product_id)
    listed = await listings.find_listed(tx, product_id=lot.product_id)
    if listed is None or product is None or product.description is None:
        raise ProductNotListed
    check_raw(mode=lot.delivery_mode, is_public_data=is_public(product.description.data_nature))
    filing = await pricing.find_effective(
        tx, product_id=lot.product_id, use_category=lot.use_category, scenario=lot.scenario
    )
    if filing is None:
        raise PricingFilingRequired
    scope.check_filed(filing, purpose=lot.purpose, scenario=lot.scenario, mode=lot.delivery_mode)
    laid_down = await pricing.list_ceilings(tx, product_id=lot.product_id)
    ceilings.check(filing.terms, local_date(now), laid_down)
    item = offers.item_of(filing, lot.price_item)
    least_fen, most_fen = announcing.limits(lot, item, filing.terms.pricing_regime)
    announcing.check_prices(planned.rules, least_fen, most_fen)
    return filing, least_fen, most_fen
