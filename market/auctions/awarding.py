"""Say who is awarded next, and what becomes of an award (成交、签约、违约)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final

from catalog.kernel.errors import Refused
from market.auctions import deciding
from market.auctions.model import Auction, Award, Lot, Won
from market.orders.model import Order
from market.orders.states import State as OrderState

_GIVEN_UP: Final = frozenset({OrderState.REJECTED, OrderState.CANCELLED, OrderState.TERMINATED})


class AwardRunning(Refused):
    """The winner's days are not over, or it has ordered what it won, or that is settled already."""

    code = "auction_award_running"


class AuctionNoticeRunning(Refused):
    """The result is on public notice still; bidders may object to it (公示期)."""

    code = "auction_notice_running"


class AuctionNoticeOver(Refused):
    """The public notice of the result is over, and with it the time to object."""

    code = "auction_notice_over"


def check_noticed(auction: Auction, now: dt.datetime) -> None:
    """Return if the public notice of a result is over, or there was none when it was decided.

    :raises AuctionNoticeRunning: if it runs.
    """
    ends_at = auction.notice_ends_at
    if ends_at is not None and now < ends_at:
        raise AuctionNoticeRunning(until=ends_at.isoformat())


def check_on_notice(auction: Auction, now: dt.datetime) -> None:
    """Return if a result is on public notice.

    :raises AuctionNoticeOver: if it is not, or not any more.
    """
    ends_at = auction.notice_ends_at
    if ends_at is None or now >= ends_at:
        raise AuctionNoticeOver


def next_winners(auction: Auction, awards: Sequence[Award]) -> tuple[Won, ...]:
    """Return who is to be awarded what is free: the first choice, or who comes after one that is out.

    What the next one pays is computed without those that are out.
    """
    assert auction.outcome is not None, "nothing is awarded that was not decided"
    taken = sum(each.defaulted_at is None for each in awards)
    return deciding.winners(
        auction.rules.kind,
        auction.lot.licences - taken,
        auction.outcome.bids,
        floor_fen=auction.outcome.floor_fen,
        left_out={*auction.excluded, *(each.paddle for each in awards)},
    )


def reason(auction: Auction, won: Won) -> str:
    """Return why one buyer has a price of its own (同等条件): it has won it."""
    return f"竞价成交：{auction.number}，竞买号 {won.paddle}"


def keeps_to(lot: Lot, order: Order) -> bool:
    """Tell whether an order is for what was put up for bids, and not for another use of it."""
    wanted = (lot.scenario, lot.use_category, lot.delivery_mode, lot.term_days)
    ordered = (order.scenario, order.use_category, order.delivery_mode, order.terms.term_days)
    return ordered == wanted


def is_contract(auction: Auction, order: Order) -> bool:
    """Tell whether an order is the signed contract over the lot."""
    return order.contracted_at is not None and keeps_to(auction.lot, order)


def check_default(lot: Lot, award: Award, order: Order | None, *, today: dt.date) -> None:
    """Return if a winner has let its days pass.

    :raises AwardRunning: if it has not, has ordered, or that is settled.
    """
    is_over = today > award.order_until and award.contracted_at is None
    has_ordered = order is not None and keeps_to(lot, order) and order.state not in _GIVEN_UP
    if not is_over or award.defaulted_at is not None or has_ordered:
        raise AwardRunning(order_until=award.order_until.isoformat())


def default_facts(auction: Auction, award: Award) -> str:
    """Return what is found of a winner that defaulted."""
    return (
        f"竞得 {auction.product_name}（竞价 {auction.number}，竞买号 {award.paddle}），"
        f"至 {award.order_until.isoformat()} 未按成交确认下单。"
    )


def is_settled(awards: Sequence[Award]) -> bool:
    """Tell whether every award has ended, in a contract or not."""
    return all(each.contracted_at is not None or each.defaulted_at is not None for each in awards)
