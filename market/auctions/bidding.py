"""Say who may bid, and which bid is taken (竞买资格、出价)."""

from __future__ import annotations

import datetime as dt

from catalog.kernel.errors import Conflict, Invalid, Refused
from market.affiliations import relating
from market.affiliations.model import Relation, RelationKind
from market.auctions.model import Auction, Bid, Bidder, Joining, Rules
from market.auctions.states import Event, State, advance


class AuctionNotOpen(Refused):
    """Bids are not taken yet."""

    code = "auction_not_open"


class AuctionOver(Refused):
    """The end has passed, by the clock of the service."""

    code = "auction_over"


class AuctionIsSealed(Refused):
    """Bids of this auction are sealed, or just not: this is the other way to bid."""

    code = "auction_of_another_kind"


class BidderDeclarationMissing(Invalid):
    """Whoever bids accepts the rules and the deposit, and is not bound to supplier or operator."""

    code = "auction_declaration_missing"


class BidderRelated(Refused):
    """The bidder is tied to the supplier, or to another bidder, by control (招标投标法实施条例 34)."""

    code = "bidder_related"


class BidderJoinedBefore(Conflict):
    """The party has its number already."""

    code = "auction_joined_before"


class NotABidder(Refused):
    """The party has no number in this auction."""

    code = "auction_not_joined"


class BidTooLow(Refused):
    """The bid is below the starting price, or not above the highest by the increment."""

    code = "auction_bid_too_low"


class BidOutsideFiled(Refused):
    """The bid is above the highest price that was filed (BJ-17)."""

    code = "auction_bid_outside_filed"


class BidAboveOwnLimit(Refused):
    """The bid is above what the bidder itself laid down as its limit."""

    code = "auction_bid_above_own_limit"


class BidByLeader(Refused):
    """The highest bid is the bidder's own."""

    code = "auction_bid_by_leader"


class NoSealedBid(Refused):
    """The bidder has no sealed bid to take back."""

    code = "auction_no_sealed_bid"


def check_joining(rules: Rules, said: Joining) -> None:
    """Return if a bidder declares all that the announcement asks for.

    :raises BidderDeclarationMissing: if not, with what is missing.
    """
    missing = []
    if not said.accepts_rules:
        missing.append("accepts_rules")
    if not said.is_unrelated:
        missing.append("is_unrelated")
    if said.deposit_fen < rules.deposit_fen:
        missing.append("deposit_fen")
    if missing:
        raise BidderDeclarationMissing(missing=missing)


def check_relation(found: Relation, *, is_to_supplier: bool) -> None:
    """Return if such a relation keeps nobody from bidding; kin are not told by whose ties.

    :raises BidderRelated: if one decides for the other, or one for both.
    """
    if not found.is_of_control:
        return
    is_told = is_to_supplier and found.kind is not RelationKind.KIN
    raise BidderRelated(
        tied_to="supplier" if is_to_supplier else "bidder",
        relation=found.kind.value,
        path=relating.in_words(found) if is_told else "",
    )


def check_joinable(auction: Auction, now: dt.datetime) -> None:
    """Return if a bidder may still join.

    :raises AuctionEventNotAllowed: if it was not announced, or is over.
    :raises AuctionOver: if the end has passed.
    """
    if auction.state is not State.ANNOUNCED:
        advance(auction.state, Event.BID)
    if now >= auction.ends_at:
        raise AuctionOver(ended_at=auction.ends_at.isoformat())


def check_open(auction: Auction, at: dt.datetime, *, sealed: bool) -> None:
    """Return if a bid of this kind may be made at an instant.

    :raises AuctionIsSealed: if bids are made in the other way.
    :raises AuctionNotOpen: if it is too early.
    :raises AuctionOver: if it is too late.
    """
    if auction.rules.kind.is_sealed is not sealed:
        raise AuctionIsSealed(kind=auction.rules.kind.value)
    if at < auction.rules.opens_at:
        raise AuctionNotOpen(opens_at=auction.rules.opens_at.isoformat())
    if at >= auction.ends_at:
        raise AuctionOver(ended_at=auction.ends_at.isoformat())


def lowest_next(rules: Rules, standing_fen: int | None) -> int:
    """Return what the next public bid is at least."""
    if standing_fen is None:
        return rules.starting_price_fen
    return standing_fen + (rules.increment_fen or 1)


def check_bid(auction: Auction, bidder: Bidder, amount_fen: int, standing: Bid | None) -> None:
    """Return if a public bid is taken, as far as its amount goes.

    :raises BidByLeader: if the highest bid is the bidder's own.
    :raises BidAboveOwnLimit: if it is above the bidder's own limit.
    :raises BidOutsideFiled: if it is above the highest price that was filed.
    :raises BidTooLow: if it is not high enough, with what is.
    """
    rules = auction.rules
    is_leader = standing is not None and standing.paddle == bidder.paddle
    if is_leader and not rules.may_outbid_self:
        raise BidByLeader
    if bidder.limit_fen is not None and amount_fen > bidder.limit_fen:
        raise BidAboveOwnLimit(limit_fen=bidder.limit_fen)
    if amount_fen > auction.most_fen:
        raise BidOutsideFiled(amount_fen=amount_fen, most_fen=auction.most_fen)
    lowest = lowest_next(rules, None if standing is None else standing.amount_fen)
    if amount_fen < lowest:
        raise BidTooLow(amount_fen=amount_fen, lowest_fen=lowest)
