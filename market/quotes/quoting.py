"""Decide whether a quote may be taken: in time, for this demand, at a price that is filed (报价规则)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

from catalog.kernel.errors import Conflict, Invalid, Refused
from catalog.kernel.ids import PartyId
from market.affiliations.model import Relation
from market.contracts.terms import OfferOutsideFiledScope, TermsWanted
from market.demand_posts.model import DemandAsked
from market.pricing.model import Filing, PriceItem
from market.quotes.model import Quote, QuoteOffered
from market.special_prices import equal_terms
from settlement.money import CURRENCY

# [P] whoever asked needs a day at least to compare what was opened.
COMPARED_WITHIN: Final = dt.timedelta(days=1)


class QuoteLate(Refused):
    """The deadline for quotes is over."""

    code = "quote_late"


class QuoteCurrencyUnknown(Invalid):
    """Prices are filed, paid and booked in renminbi alone."""

    code = "quote_currency_unknown"


class QuoteRelatedParty(Refused):
    """Who quotes is the buyer's own house, or tied to it by holding or management (关联主体)."""

    code = "quote_related_party"


class QuoteOutsideDemand(Refused):
    """The quote is for another purpose, use or manner of use than is asked for."""

    code = "quote_outside_demand"


class QuoteValidityTooShort(Refused):
    """The quote would be over before it can be compared."""

    code = "quote_validity_too_short"


class QuoteAlreadySubmitted(Conflict):
    """The supplier has a standing quote; another one says which it replaces."""

    code = "quote_already_submitted"


def check_in_time(quotes_until: dt.datetime, *, now: dt.datetime) -> None:
    """Return if quotes are still taken; the deadline itself is too late.

    :raises QuoteLate: if not.
    """
    if now >= quotes_until:
        raise QuoteLate(quotes_until=quotes_until.isoformat())


def check_party(
    supplier: PartyId,
    buyer: PartyId,
    related: tuple[uuid.UUID, ...],
    found: Relation | None = None,
) -> None:
    """Return if who quotes is not tied to who asks; ``found`` is what the stated ties say.

    Whoever quotes need not know who asks, so it is not told how.

    :raises QuoteRelatedParty: if it is, or names the buyer among those it is tied to.
    """
    is_tied = found is not None and found.is_of_control
    if is_tied or buyer in (supplier, *related):
        raise QuoteRelatedParty


def check_demand(offered: QuoteOffered, asked: DemandAsked, *, quotes_until: dt.datetime) -> None:
    """Return if what is offered is what is asked for, in the currency of the market, for long enough.

    :raises QuoteCurrencyUnknown: if it is in another currency.
    :raises QuoteOutsideDemand: if purpose, use or manner of use differ.
    :raises QuoteValidityTooShort: if it is over before it can be compared.
    """
    if offered.currency != CURRENCY:
        raise QuoteCurrencyUnknown(given=offered.currency, currency=CURRENCY)
    terms = offered.terms
    outside = []
    if terms.purpose != asked.purpose:
        outside.append("purpose")
    if terms.use_category not in (None, asked.use_category):
        outside.append("use_category")
    if terms.delivery_mode not in asked.delivery_modes:
        outside.append("delivery_mode")
    if outside:
        raise QuoteOutsideDemand(outside=outside)
    earliest = quotes_until + COMPARED_WITHIN
    if terms.valid_until < earliest:
        raise QuoteValidityTooShort(earliest=earliest.isoformat())


def check_price(item: PriceItem, offered: QuoteOffered) -> int | None:
    """Return the filed price, if the quote is at it, or below it for a reason; None if none is fixed.

    :raises SpecialPriceReasonMissing: if it is another price, and nothing says why.
    :raises SpecialPriceOutsideFiled: if it lies outside what was filed.
    :raises QuantityOutOfRange: if the item is not sold in that quantity.
    """
    quantity = offered.terms.quantity
    filed = equal_terms.filed_fen(item, quantity)
    if filed != offered.amount_fen:
        equal_terms.check(
            item,
            quantity=quantity,
            amount_fen=offered.amount_fen,
            reason=offered.special_price_reason,
        )
    return filed


def check_scope(terms: TermsWanted, filing: Filing) -> None:
    """Return if a quotation to one buyer keeps to what was filed besides its price (一户一价).

    :raises OfferOutsideFiledScope: if scenario, manner of use or passing on were not filed.
    """
    filed = filing.terms
    allowed = {
        "scenario": terms.scenario in filed.scenarios,
        "delivery_mode": terms.delivery_mode in filed.delivery_modes,
        "onward_use": filed.use_scope.onward_use or not terms.onward_use,
    }
    outside = [name for name, is_filed in allowed.items() if not is_filed]
    if outside:
        raise OfferOutsideFiledScope(outside=outside)


def check_second(standing: Quote | None, replaces: uuid.UUID | None) -> None:
    """Return if this is the supplier's one quote, or says which of its own it replaces.

    :raises QuoteAlreadySubmitted: if another one stands.
    """
    known = None if standing is None else standing.id
    if known != replaces:
        raise QuoteAlreadySubmitted(standing=None if known is None else str(known))
