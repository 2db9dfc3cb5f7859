"""Compute what a quantity costs, how often it may be used, and how long: exact, in whole fen."""

from __future__ import annotations

import datetime as dt
from typing import Final

from catalog.kernel.errors import Invalid
from catalog.products.model import MeteringUnit
from market.pricing.model import Charge, PriceItem
from settlement.money import CEILING

# Of a period price; a month and a year are taken in days [P], so that an order has one end.
_DAYS: Final[dict[MeteringUnit, int]] = {
    MeteringUnit.DAY: 1,
    MeteringUnit.MONTH: 30,
    MeteringUnit.YEAR: 365,
}


class QuantityOutOfRange(Invalid):
    """The price item is not sold in that quantity."""

    code = "order_quantity_out_of_range"


class AmountOutOfRange(Invalid):
    """The quantity costs more than this market keeps books about."""

    code = "order_amount_out_of_range"


def price_fen(item: PriceItem, quantity: int) -> int:
    """Return what ``quantity`` units cost.

    :raises QuantityOutOfRange: if the item is not sold in that quantity; a one-off is sold once.
    :raises AmountOutOfRange: if it comes to more than ten trillion yuan.
    """
    most = 1 if item.charge is Charge.ONE_OFF else item.quantity_max
    if quantity < item.quantity_min or (most is not None and quantity > most):
        raise QuantityOutOfRange(quantity=quantity, minimum=item.quantity_min, maximum=most)
    amount = item.unit_price_fen * quantity
    if amount > CEILING:
        raise AmountOutOfRange(amount_fen=amount, maximum_fen=CEILING)
    return amount


def quota(item: PriceItem, quantity: int) -> int | None:
    """Return how many uses ``quantity`` units pay for; None means as many as one likes."""
    if item.charge is Charge.PER_UNIT and item.included_uses is None:
        return quantity
    return None if item.included_uses is None else item.included_uses * quantity


def term(item: PriceItem, quantity: int) -> dt.timedelta | None:
    """Return how long ``quantity`` units of a period last; None if no period was bought."""
    if item.charge is not Charge.PERIOD:
        return None
    if item.unit is MeteringUnit.HOUR:
        return dt.timedelta(hours=quantity)
    days = _DAYS.get(item.unit)
    return None if days is None else dt.timedelta(days=days * quantity)
