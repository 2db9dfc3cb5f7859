"""Join an auction, bid in public, hand a sealed bid in, take it back (竞买登记、出价、递交、撤回)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event as Happened
from catalog.audit_log.model import Digest, EntryId, Subject
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx, beyond_own_rows
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import local_date
from catalog.notifications.topics import Topic
from catalog.signing.canonical import sha256_hex
from market.affiliations import queries as affiliations
from market.auctions import bidding, closing, depositing, record, sealing, store
from market.auctions.closing import Ending
from market.auctions.model import Auction, Bid, Bidder, BidderId, BidId, Joining, SealedBid
from market.auctions.operations import casework
from market.auctions.states import Event
from market.contracts import queries as contracts
from market.credit import queries as credit
from market.credit import sanctions
from settlement.deposits import queries as deposits


async def join(
    tx: Tx, *, actor: Actor, now: dt.datetime, auction_id: uuid.UUID, said: Joining
) -> Bidder:
    """Join an auction as a bidder; everybody sees it by its number, and by no name.

    :raises NotPermitted: if the actor buys nothing.
    :raises AuctionMissing: if there is none that everybody may know of.
    :raises AuctionEventNotAllowed: if it has ended, or is a draft.
    :raises AuctionOver: if the end has passed.
    :raises BidderDeclarationMissing: if rules, deposit or independence are not declared.
    :raises BidderJoinedBefore: if it has a number.
    :raises BidderRelated: if it is tied to the supplier, or to another bidder, by control.
    :raises BuyerNotVerified: if it was not identified (and the others of ``buying.py``).
    :raises PartyBanned: if it is banned by its record (``credit/sanctions.py``).
    """
    actor.require("auction:bid")
    auction = await casework.lock(tx, auction_id)
    bidding.check_joinable(auction, now)
    bidding.check_joining(auction.rules, said)
    if await store.find_bidder(tx, auction.id, actor.party) is not None:
        raise bidding.BidderJoinedBefore
    await _check_fit(tx, auction, actor.party, auction.rules.starting_price_fen, now=now)
    async with beyond_own_rows(tx):  # which numbers are given, not whose they are
        paddle = await store.next_paddle(tx, auction.id)
        others = [each.party_id for each in await store.list_bidders(tx, auction.id)]
    await _check_unrelated(tx, auction, actor.party, others, now=now)
    bidder = Bidder(
        id=BidderId(new_id()),
        auction_id=auction.id,
        party_id=actor.party,
        paddle=paddle,
        limit_fen=said.limit_fen,
        joined_at=now,
    )
    await store.insert_bidder(tx, bidder)
    await casework.remember(
        tx,
        Happened.AUCTION_JOINED,
        auction,
        actor=actor,
        now=now,
        facts={"paddle": paddle, "deposit_fen": said.deposit_fen},
    )
    return bidder


async def bid(
    tx: Tx, *, actor: Actor, now: dt.datetime, auction_id: uuid.UUID, amount_fen: int
) -> Bid:
    """Bid in public: taken or refused by the clock of the service, one bid after the other.

    The auction's row is the turn: whoever holds it is alone with the highest bid and the end. ``now`` is
    when the bid was heard, before it waited for its turn.

    :raises NotPermitted: if the actor buys nothing.
    :raises AuctionMissing: if there is none that everybody may know of.
    :raises AuctionEventNotAllowed: if bids are not taken in its state.
    :raises NotABidder: if the party has not joined.
    :raises AuctionOver: if the end has passed (and the others of ``bidding.check_open``).
    :raises BidTooLow: if it is not high enough (and the others of ``bidding.check_bid``).
    :raises DepositUnpaid: if the auction asks for a deposit and the bidder's is not held.
    :raises BuyerNotVerified: if the buyer may not have the product any more (``buying.py``).
    :raises OrderLimitExceeded: if it is above the limit of its record (``credit/sanctions.py``).
    """
    actor.require("auction:bid")
    before = casework.begun(await casework.lock(tx, auction_id), now)
    bidder = await _bidder_of(tx, before, actor)
    standing = await store.find_standing(tx, before.id)
    at = closing.instant_of(now, None if standing is None else standing.at)
    bidding.check_open(before, at, sealed=False)
    await _check_deposit(tx, before, actor)
    bidding.check_bid(before, bidder, amount_fen, standing)
    await _check_fit(tx, before, actor.party, amount_fen, now=now)
    ending = closing.moved(before.rules, Ending(before.ends_at, before.extension_count), at)
    after = await casework.move(
        tx,
        before,
        Event.BID,
        now=now,
        ends_at=ending.at,
        extension_count=ending.extension_count,
    )
    made = Bid(
        id=BidId(new_id()),
        auction_id=after.id,
        paddle=bidder.paddle,
        place=1 if standing is None else standing.place + 1,
        amount_fen=amount_fen,
        at=at,
        ends_at=ending.at,
        entry_id=audit_log.new_entry_id(),
    )
    await store.insert_bid(tx, made)
    await casework.remember(
        tx,
        Happened.AUCTION_BID_MADE,
        after,
        actor=actor,
        now=at,
        facts={"bid": made},
        also=[Subject(casework.SEALED_BID, str(made.id))],
        digests=[
            Digest(
                casework.SEALED_BID,
                str(made.id),
                record.public_bid_sha256(str(after.id), record.as_shown(made)),
            )
        ],
        entry_id=EntryId(made.entry_id),
    )
    if standing is not None and standing.paddle != bidder.paddle:
        await _tell_outbid(tx, after, standing, made, now=now)
    return made


async def hand_in(
    tx: Tx,
    *,
    actor: Actor,
    now: dt.datetime,
    auction_id: uuid.UUID,
    commitment_sha256: str,
    sealed: bytes,
) -> SealedBid:
    """Hand a sealed bid in; one that was handed in before is replaced and never opened.

    The commitment is in the log from this moment on, so that nobody exchanges the bid; its place
    there says which of two bids alike was first.

    :raises NotPermitted: if the actor buys nothing.
    :raises AuctionMissing: if there is none that everybody may know of.
    :raises AuctionEventNotAllowed: if bids are not taken in its state.
    :raises NotABidder: if the party has not joined.
    :raises AuctionOver: if the end has passed (and the others of ``bidding.check_open``).
    :raises DepositUnpaid: if the auction asks for a deposit and the bidder's is not held.
    :raises SealMalformed: if it is no box.
    """
    actor.require("auction:bid")
    before = casework.begun(await casework.lock(tx, auction_id), now)
    bidder = await _bidder_of(tx, before, actor)
    bidding.check_open(before, now, sealed=True)
    await _check_deposit(tx, before, actor)
    sealing.check_box(sealed)
    after = await casework.move(tx, before, Event.BID, now=now)
    earlier = await _standing_of(tx, after, actor.party)
    if earlier is not None:
        await store.end_sealed(tx, earlier.id, replaced_at=now, withdrawn_at=None)
    made = SealedBid(
        id=BidId(new_id()),
        auction_id=after.id,
        party_id=actor.party,
        paddle=bidder.paddle,
        commitment_sha256=commitment_sha256,
        sealed_sha256=sha256_hex(sealed),
        handed_in_at=now,
        entry_id=audit_log.new_entry_id(),
    )
    await store.insert_sealed(tx, made, sealed)
    await casework.remember(
        tx,
        Happened.AUCTION_BID_HANDED_IN,
        after,
        actor=actor,
        now=now,
        facts={"paddle": made.paddle, "replaces": None if earlier is None else earlier.id},
        also=[Subject(casework.SEALED_BID, str(made.id))],
        digests=[
            Digest(casework.SEALED_BID, str(made.id), made.commitment_sha256),
            Digest(casework.BOX, str(made.id), made.sealed_sha256),
        ],
        entry_id=EntryId(made.entry_id),
    )
    return made


async def withdraw(tx: Tx, *, actor: Actor, now: dt.datetime, auction_id: uuid.UUID) -> SealedBid:
    """Take one's sealed bid back before the end; it is never opened.

    :raises NotPermitted: if the actor buys nothing.
    :raises AuctionMissing: if there is none that everybody may know of.
    :raises AuctionEventNotAllowed: if bids are not taken in its state.
    :raises NotABidder: if the party has not joined.
    :raises AuctionOver: if the end has passed (and the others of ``bidding.check_open``).
    :raises NoSealedBid: if there is none to take back.
    """
    actor.require("auction:bid")
    before = casework.begun(await casework.lock(tx, auction_id), now)
    await _bidder_of(tx, before, actor)
    bidding.check_open(before, now, sealed=True)
    standing = await _standing_of(tx, before, actor.party)
    if standing is None:
        raise bidding.NoSealedBid
    after = await casework.move(tx, before, Event.BID, now=now)
    await store.end_sealed(tx, standing.id, replaced_at=None, withdrawn_at=now)
    await casework.remember(
        tx,
        Happened.AUCTION_BID_WITHDRAWN,
        after,
        actor=actor,
        now=now,
        facts={"paddle": standing.paddle},
        also=[Subject(casework.SEALED_BID, str(standing.id))],
    )
    (gone,) = (
        each
        for each in await store.list_sealed(tx, after.id, actor.party)
        if each.id == standing.id
    )
    return gone


async def _bidder_of(tx: Tx, auction: Auction, actor: Actor) -> Bidder:
    found = await store.find_bidder(tx, auction.id, actor.party)
    if found is None:
        raise bidding.NotABidder
    return found


async def _check_deposit(tx: Tx, auction: Auction, actor: Actor) -> None:
    laid_down = await deposits.find_standing(tx, secures=auction.id, payer=actor.party)
    depositing.check_paid(auction.rules, laid_down)


async def _standing_of(tx: Tx, auction: Auction, party: PartyId) -> SealedBid | None:
    known = await store.list_sealed(tx, auction.id, party)
    standing = [each for each in known if each.replaced_at is None and each.withdrawn_at is None]
    return standing[0] if standing else None


async def _check_fit(
    tx: Tx, auction: Auction, party: PartyId, amount_fen: int, *, now: dt.datetime
) -> None:
    """Ask what an order at this price would be asked for (DSL 33)."""
    await contracts.get_on_offer(
        tx,
        product_id=auction.lot.product_id,
        buyer=party,
        modes=[auction.lot.delivery_mode],
        on=local_date(now),
    )
    held = await credit.get_standing(tx, party_id=party, on=local_date(now))
    sanctions.check_order(held, amount_fen)


async def _check_unrelated(
    tx: Tx, auction: Auction, party: PartyId, others: Sequence[PartyId], *, now: dt.datetime
) -> None:
    """Ask whether a bidder is the supplier's own side, or that of another bidder (招标投标法实施条例 34)."""
    among = [auction.supplier_party_id, *others]
    found = await affiliations.find_related(tx, of=party, among=among, on=local_date(now))
    if found is not None:
        bidding.check_relation(found[1], is_to_supplier=found[0] == auction.supplier_party_id)


async def _tell_outbid(
    tx: Tx, auction: Auction, before: Bid, made: Bid, *, now: dt.datetime
) -> None:
    async with beyond_own_rows(tx):  # whose number it is, told to nobody else
        bidders = await store.list_bidders(tx, auction.id)
        await casework.tell(
            tx,
            auction,
            Topic.AUCTION_OUTBID,
            to=[each.party_id for each in bidders if each.paddle == before.paddle],
            now=now,
            amount_fen=str(made.amount_fen),
            ends_at=made.ends_at.isoformat(),
        )
