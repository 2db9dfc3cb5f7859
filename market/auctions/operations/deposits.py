"""Take a bidder's deposit, let it go before the end, give it back or forfeit it after (竞买保证金)."""

from __future__ import annotations

import datetime as dt
import uuid

from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.ids import PartyId
from catalog.notifications.topics import Topic
from catalog.products import queries as products
from market.auctions import bidding, depositing, store
from market.auctions.model import Auction, Award
from market.auctions.operations import casework
from market.identity import queries as identity
from market.identity.model import Capacity
from market.pricing.regimes import is_public
from settlement.deposits import operations as deposits
from settlement.deposits import queries as laid_down
from settlement.deposits.model import Deposit, Ground
from settlement.deposits.queries import DepositMissing
from settlement.deposits.states import State as DepositState
from settlement.ledger.accounts import Account, Book
from settlement.payments.model import Payment


async def start(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    auction_id: uuid.UUID,
    channel: str,
    lifetime: dt.timedelta,
) -> tuple[Deposit, Payment]:
    """Start to pay the deposit that an auction asks for, as a bidder (缴纳保证金).

    :raises NotPermitted: if the actor buys nothing.
    :raises AuctionMissing: if there is none that everybody may know of.
    :raises AuctionEventNotAllowed: if it has ended, or is a draft.
    :raises AuctionOver: if the end has passed.
    :raises NotABidder: if the party has not joined.
    :raises DepositNotAsked: if it asks for none.
    :raises DepositTooLate: if its time is over (and the others of ``deposits.start``).
    """
    actor.require("auction:bid")
    auction = await casework.lock(tx, auction_id)
    bidding.check_joinable(auction, now)
    if await store.find_bidder(tx, auction.id, actor.party) is None:
        raise bidding.NotABidder
    amount_fen, until = depositing.asked(auction.rules)
    return await deposits.start(
        tx,
        actor=actor,
        now=now,
        secures=auction.id,
        amount_fen=amount_fen,
        pay_until=until,
        channel=channel,
        lifetime=lifetime,
        book=Book.PUBLIC_DATA if await _is_of_public_data(tx, auction) else Book.MARKET,
    )


async def withdraw(tx: Tx, *, actor: Actor, now: dt.datetime, auction_id: uuid.UUID) -> Deposit:
    """Take one's deposit back before the end, having no bid that stands (退出竞买、退还保证金).

    :raises NotPermitted: if the actor buys nothing.
    :raises AuctionMissing: if there is none that everybody may know of.
    :raises DepositMissing: if none stands.
    :raises DepositBound: if the bidder has bid, or bids are closed.
    :raises EventNotAllowed: if it is not held (settlement/deposits).
    """
    actor.require("auction:bid")
    auction = await casework.lock(tx, auction_id)
    found = await laid_down.find_standing(tx, secures=auction.id, payer=actor.party)
    if found is None:
        raise DepositMissing
    has_bid = await _has_bid(tx, auction, actor)
    depositing.check_free(ends_at=auction.ends_at, now=now, has_bid=has_bid)
    after = await deposits.give_back(
        tx, actor=actor, now=now, deposit_id=found.id, ground=Ground.WITHDRAWN
    )
    await _tell_returned(tx, auction, after, now=now)
    return after


async def settle(tx: Tx, *, actor: Actor, now: dt.datetime, auction_id: uuid.UUID) -> int:
    """Give back and forfeit what was laid down for an auction, as far as it ends now; return how many.

    :raises NotPermitted: if the actor is not the job for it.
    """
    actor.require("deposit:end")
    auction = await casework.lock(tx, auction_id)
    awards: dict[uuid.UUID, Award] = {
        each.party_id: each for each in await store.list_awards(tx, auction.id)
    }
    ended = 0
    for each in await laid_down.list_of(tx, secures=auction.id, limit=10_000):
        if each.state is not DepositState.HELD:
            continue
        ground = depositing.ending(auction.state, awards.get(each.payer_party_id))
        if ground is Ground.REFUSED_TO_SIGN:
            await _forfeit(tx, auction, each, ground, actor=actor, now=now)
        elif ground is not None:
            after = await deposits.give_back(
                tx, actor=actor, now=now, deposit_id=each.id, ground=ground
            )
            await _tell_returned(tx, auction, after, now=now)
        ended += ground is not None
    return ended


async def _forfeit(
    tx: Tx, auction: Auction, held: Deposit, ground: Ground, *, actor: Actor, now: dt.datetime
) -> None:
    to = await _receiving(tx, auction)
    await deposits.forfeit(tx, actor=actor, now=now, deposit_id=held.id, ground=ground, to=to)
    await casework.tell(
        tx,
        auction,
        Topic.DEPOSIT_FORFEITED,
        to=[PartyId(held.payer_party_id), auction.supplier_party_id],
        now=now,
        amount_fen=str(held.amount_fen),
        receiver=to.purpose.value,
    )


async def _receiving(tx: Tx, auction: Auction) -> Account:
    treasury = await identity.find_institution(tx, Capacity.PROVINCIAL_AUTHORITY)
    return depositing.receiving(
        supplier=auction.supplier_party_id,
        treasury=auction.supplier_party_id if treasury is None else treasury.id,
        is_public_data=treasury is not None and await _is_of_public_data(tx, auction),
    )


async def _is_of_public_data(tx: Tx, auction: Auction) -> bool:
    product = await products.find(tx, product_id=auction.lot.product_id)
    said = None if product is None else product.description
    return said is not None and is_public(said.data_nature)


async def _has_bid(tx: Tx, auction: Auction, actor: Actor) -> bool:
    if auction.rules.kind.is_sealed:
        handed_in = await store.list_sealed(tx, auction.id, actor.party)
        return any(each.replaced_at is None and each.withdrawn_at is None for each in handed_in)
    bidder = await store.find_bidder(tx, auction.id, actor.party)
    made = await store.list_bids(tx, auction.id)
    return bidder is not None and any(each.paddle == bidder.paddle for each in made)


async def _tell_returned(tx: Tx, auction: Auction, after: Deposit, *, now: dt.datetime) -> None:
    assert after.ground is not None, "what was given back says why"
    await casework.tell(
        tx,
        auction,
        Topic.DEPOSIT_RETURNED,
        to=[PartyId(after.payer_party_id)],
        now=now,
        amount_fen=str(after.amount_fen),
        ground=after.ground.value,
    )
