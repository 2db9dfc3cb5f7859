"""Hold a price for one buyer within what was filed, and ask why (同等条件, GD-05).

Everybody may buy at the filed price. Who pays another one pays less, for a reason in writing; of an
item that is quoted to each buyer, what lies between its limits.
"""

from __future__ import annotations

import datetime as dt

from msgspec import UNSET

from catalog.kernel.errors import Invalid, Refused
from market.pricing import compute
from market.pricing.model import Charge, FilingId, PriceItem
from market.special_prices.model import SpecialPrice


class SpecialPriceReasonMissing(Invalid):
    """One buyer pays another price than all others, and nothing says why."""

    code = "special_price_reason_missing"


class SpecialPriceOutsideFiled(Refused):
    """The price is not below the filed one, or beyond the limits of a quoted one."""

    code = "special_price_outside_filed"


class SpecialPriceOver(Refused):
    """Its last day is over, or another filing is in effect by now."""

    code = "special_price_over"


class SpecialPriceForAnother(Refused):
    """It was offered for another quantity or another item of the price list."""

    code = "special_price_for_another"


def filed_fen(item: PriceItem, quantity: int) -> int | None:
    """Return what everybody pays for the quantity; None if each buyer is quoted a price.

    :raises QuantityOutOfRange: if the item is not sold in that quantity.
    """
    if item.charge is not Charge.QUOTE:
        return compute.price_fen(item, quantity)
    compute.check_quantity(item, quantity)
    return None


def limits(item: PriceItem, quantity: int) -> tuple[int, int]:
    """Return the least and the most that one buyer may be asked for the quantity, the tax with it.

    :raises QuantityOutOfRange: if the item is not sold in that quantity.
    """
    filed = filed_fen(item, quantity)
    if filed is not None:
        return 0, filed - 1
    assert item.highest_unit_price_fen is not UNSET, "a filed quote has limits"
    most = compute.gross_fen(item, item.highest_unit_price_fen * quantity)
    return compute.gross_fen(item, item.unit_price_fen * quantity), compute.checked(most)


def check(item: PriceItem, *, quantity: int, amount_fen: int, reason: str) -> None:
    """Return if this price may be that of one buyer.

    :raises SpecialPriceReasonMissing: if nothing says why.
    :raises QuantityOutOfRange: if the item is not sold in that quantity.
    :raises SpecialPriceOutsideFiled: if it lies outside what was filed, with the limits.
    """
    if not reason.strip():
        raise SpecialPriceReasonMissing
    least, most = limits(item, quantity)
    if not least <= amount_fen <= most:
        raise SpecialPriceOutsideFiled(
            amount_fen=amount_fen, least_fen=least, most_fen=most, price_item=item.code
        )


def check_use(
    price: SpecialPrice, *, filing_id: FilingId, item: PriceItem, quantity: int, today: dt.date
) -> None:
    """Return if the special price is for this quantity of this item, of this filing, and today.

    :raises SpecialPriceForAnother: if it is for another item or quantity.
    :raises SpecialPriceOver: if its last day is over, or another filing is in effect.
    """
    if (price.price_item, price.quantity) != (item.code, quantity):
        raise SpecialPriceForAnother(price_item=price.price_item, quantity=price.quantity)
    check_day(price.valid_until, today)
    if price.filing_id != filing_id:
        raise SpecialPriceOver(valid_until=price.valid_until.isoformat())


def check_day(valid_until: dt.date, today: dt.date) -> None:
    """Return if a special price can still be used; its last day counts.

    :raises SpecialPriceOver: if its last day is over.
    """
    if valid_until < today:
        raise SpecialPriceOver(valid_until=valid_until.isoformat())
