"""Say what may be put up for bids, and how an auction may be announced (竞价公告).

An auction finds a price within what was filed: so only an item that is filed with a least and a highest
price, and quoted to each buyer, is sold by bids. Whoever wins is offered that price (一户一价).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from catalog.kernel.errors import Invalid, Refused
from catalog.kernel.periods import CHOSEN, Period, Unit
from market.auctions import sealing
from market.auctions.model import Kind, Lot, Rules
from market.pricing.model import Charge, PriceItem, Regime
from market.special_prices import equal_terms

#: From the announcement to the first bid; auctions of goods are announced as long before.
NOTICE: Final = Period(7, Unit.DAYS, CHOSEN)
#: From the end of the bids: keys and reserve are handed over, and whoever keeps them back is told.
HANDED_OVER_WITHIN: Final = Period(3, Unit.WORKING_DAYS, CHOSEN)
#: From the result: it is on public notice, and bidders object to it; nothing is awarded before.
ON_NOTICE: Final = Period(3, Unit.DAYS, "招标投标法实施条例 54")
#: From the end of the notice: the supplier offers the winners their price.
AWARDED_WITHIN: Final = Period(3, Unit.WORKING_DAYS, CHOSEN)
#: From the award: the winner orders. Afterwards it has defaulted.
ORDERED_WITHIN: Final = Period(10, Unit.WORKING_DAYS, CHOSEN)

_FREE: Final = frozenset({Regime.FREE_CONDITIONAL, Regime.OPEN_FREE})


class AuctionPlanUnfit(Refused):
    """The price item is not quoted to each buyer within limits, or is free: nothing is to be bid for."""

    code = "auction_plan_unfit"


class AuctionPriceOutsideFiled(Refused):
    """Starting price or reserve lie outside the limits that were filed (BJ-17)."""

    code = "auction_price_outside_filed"


class AuctionFilingChanged(Refused):
    """Another filing is in effect than the one for which the auction was drafted."""

    code = "auction_filing_changed"


class AuctionRulesUnfit(Invalid):
    """The rules say what this kind of auction does not have, or lack what it needs; it names them."""

    code = "auction_rules_unfit"


class AuctionTimesInvalid(Invalid):
    """The auction ends before it begins, or may be prolonged to before its end."""

    code = "auction_times_invalid"


class AuctionNoticeTooShort(Refused):
    """The first bid could be made before the days of the announcement are over (公告期)."""

    code = "auction_notice_too_short"


def limits(lot: Lot, item: PriceItem, regime: Regime | None) -> tuple[int, int]:
    """Return what one licence of the lot costs at least and at most, by the filing.

    :raises AuctionPlanUnfit: if the item is not quoted to each buyer, or free.
    :raises QuantityOutOfRange: if it is not sold in that quantity.
    """
    if item.charge is not Charge.QUOTE or regime in _FREE:
        raise AuctionPlanUnfit(price_item=item.code)
    return equal_terms.limits(item, lot.quantity)


def check_prices(rules: Rules, least_fen: int, most_fen: int) -> None:
    """Return if the first bid can be made within what was filed.

    :raises AuctionPriceOutsideFiled: if it can not.
    """
    check_within(rules.starting_price_fen, least_fen, most_fen)


def check_within(amount_fen: int, least_fen: int, most_fen: int) -> None:
    """Return if an amount lies within what was filed.

    :raises AuctionPriceOutsideFiled: if it does not.
    """
    if not least_fen <= amount_fen <= most_fen:
        raise AuctionPriceOutsideFiled(
            amount_fen=amount_fen, least_fen=least_fen, most_fen=most_fen
        )


def check_rules(lot: Lot, rules: Rules) -> None:
    """Return if the rules are those of one kind of auction, whole.

    :raises AuctionRulesUnfit: if they are not, with what is missing or too much.
    :raises AuctionTimesInvalid: if its times do not follow each other.
    """
    unfit = sorted(_unfit(lot, rules))
    if bool(rules.deposit_fen) is not (rules.deposit_until is not None):
        unfit.append("deposit_until")
    if unfit:
        raise AuctionRulesUnfit(fields=unfit)
    hard_end = None if rules.last_minutes is None else rules.last_minutes.hard_end_at
    until = rules.deposit_until
    if rules.opens_at >= rules.closes_at or (hard_end is not None and hard_end < rules.closes_at):
        raise AuctionTimesInvalid
    if until is not None and until > rules.closes_at:  # money of which no bid could come
        raise AuctionTimesInvalid


def _unfit(lot: Lot, rules: Rules) -> Iterator[str]:
    if rules.kind is Kind.ENGLISH:
        if rules.increment_fen is None:
            yield "increment_fen"
        if lot.licences != 1:  # several bids that stand at once have no one price to raise
            yield "licences"
        if rules.supplier_key is not None:
            yield "supplier_key"
        return
    if rules.increment_fen is not None:
        yield "increment_fen"
    if rules.last_minutes is not None:
        yield "last_minutes"
    if rules.may_outbid_self:
        yield "may_outbid_self"
    if rules.supplier_key is None or not sealing.is_usable(rules.supplier_key):
        yield "supplier_key"


def check_operator_key(rules: Rules, operator_key: bytes | None) -> None:
    """Return if the operator gives its half of the key just where bids are sealed.

    :raises AuctionRulesUnfit: if it does not, or gives the supplier's.
    """
    if operator_key is None:
        is_fit = not rules.kind.is_sealed
    else:
        is_fit = (
            rules.kind.is_sealed
            and operator_key != rules.supplier_key
            and sealing.is_usable(operator_key)
        )
    if not is_fit:
        raise AuctionRulesUnfit(fields=["operator_key"])


def check_notice(rules: Rules, notice_ends_at: dt.datetime) -> None:
    """Return if nobody can bid before the days of the announcement are over.

    :raises AuctionNoticeTooShort: if somebody could.
    """
    if rules.opens_at < notice_ends_at:
        raise AuctionNoticeTooShort(not_before=notice_ends_at.isoformat())
