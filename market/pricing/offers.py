"""Ask whether a filing is one from which an order takes its price (BJ-17): what is filed, in force, and free of doubt."""

from __future__ import annotations

from catalog.kernel.errors import Invalid, Refused
from market.pricing.model import Filing, PriceItem
from market.pricing.states import IN_FORCE


class PriceItemUnknown(Invalid):
    """The filing has no price of that code."""

    code = "price_item_unknown"


class FilingNotInEffect(Refused):
    """No order takes its price from this filing now."""

    code = "pricing_filing_not_in_effect"


def item_of(filing: Filing, code: str) -> PriceItem:
    """Return the price item that is filed under the code.

    :raises PriceItemUnknown: if there is none.
    """
    item = filing.item(code)
    if item is None:
        raise PriceItemUnknown(price_item=code)
    return item


def check_in_effect(filing: Filing) -> None:
    """Return if orders take their price from the filing.

    :raises FilingNotInEffect: if it is not in force, or was stopped.
    """
    if filing.state not in IN_FORCE:
        raise FilingNotInEffect(state=filing.state.value)
