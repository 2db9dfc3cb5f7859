"""Compute what a quantity costs, how often it may be used, and how long: exact, in whole fen.

The lines of a price are the price: what is shown to a buyer, ordered, signed and computed again
from a bundle is the sum of the same lines. No fraction enters, so nothing of them is ever rounded.
Where the tax comes on top (价外税) lines and cap are net, and what is paid is their sum with the tax,
which is rounded once (``settlement/taxes/taxing.py``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import UNSET

from catalog.kernel.errors import Invalid, Refused
from catalog.products.model import MeteringUnit
from market.pricing.model import Band, Banding, Billing, Charge, PriceItem
from settlement.money import CEILING, WHOLE
from settlement.taxes import taxing
from settlement.taxes.model import Taxed

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


class QuotationRequired(Refused):
    """The item has limits and no price: its supplier offers one to each buyer (一户一价)."""

    code = "order_quotation_required"


class PriceLine(msgspec.Struct, frozen=True):
    """So many units at one price: a part of what a quantity costs (计价明细)."""

    quantity: int
    unit_price_fen: int
    amount_fen: int


class Priced(msgspec.Struct, frozen=True, kw_only=True):
    """What a quantity costs, and how it comes to that (计价结果)."""

    lines: tuple[PriceLine, ...]
    uncapped_fen: int
    amount_fen: int  # what is paid, with the tax
    taxed: Taxed | None  # what of it is tax; None: the plan does not say


def price_fen(item: PriceItem, quantity: int, *, bought_before: int = 0) -> int:
    """Return what ``quantity`` units cost whoever bought so many of them under the filing before.

    :raises QuantityOutOfRange: if the item is not sold in that quantity; a one-off is sold once.
    :raises QuotationRequired: if the item has no price but that of a quotation.
    :raises AmountOutOfRange: if it comes to more than ten trillion yuan.
    """
    check_quantity(item, quantity)
    if item.charge is Charge.QUOTE:
        raise QuotationRequired(price_item=item.code)
    return checked(priced(item, quantity, bought_before=bought_before).amount_fen)


def check_quantity(item: PriceItem, quantity: int) -> None:
    """Return if the item is sold in that quantity.

    :raises QuantityOutOfRange: if not; a one-off is sold once.
    """
    most = 1 if item.charge is Charge.ONE_OFF else item.quantity_max
    if quantity < item.quantity_min or (most is not None and quantity > most):
        raise QuantityOutOfRange(quantity=quantity, minimum=item.quantity_min, maximum=most)


def checked(amount_fen: int) -> int:
    """Return the amount if books are kept about so much.

    :raises AmountOutOfRange: if it is more than ten trillion yuan.
    """
    if amount_fen > CEILING:
        raise AmountOutOfRange(amount_fen=amount_fen, maximum_fen=CEILING)
    return amount_fen


def priced(item: PriceItem, quantity: int, *, bought_before: int = 0) -> Priced:
    """Return what ``quantity`` units come to, line by line, whether or not they are sold so."""
    lines = tuple(_lines(item, quantity, _free(item, quantity, bought_before)))
    total = sum(line.amount_fen for line in lines)
    capped = total if item.cap_fen is UNSET else min(total, item.cap_fen)
    amount = gross_fen(item, capped)
    return Priced(lines=lines, uncapped_fen=total, amount_fen=amount, taxed=taxed(item, amount))


def gross_fen(item: PriceItem, told_fen: int) -> int:
    """Return what is paid where the plan tells ``told_fen``: that, or that with the tax on top."""
    if item.tax is UNSET or item.tax.is_included:
        return told_fen
    return taxing.outside(told_fen, item.tax.rate_bps).gross_fen


def taxed(item: PriceItem, paid_fen: int) -> Taxed | None:
    """Return what of ``paid_fen`` is tax by the plan (价税分离), or None if the plan does not say."""
    return None if item.tax is UNSET else taxing.inside(paid_fen, item.tax.rate_bps)


def steps(item: PriceItem) -> tuple[Band, ...]:
    """Return every price of a unit, each from where it holds; the first holds from the first unit."""
    later = () if item.bands is UNSET else item.bands
    return (Band(above=0, unit_price_fen=item.unit_price_fen), *later)


def highest_unit_fen(item: PriceItem) -> int:
    """Return the most that one unit of the item may cost, the tax with it; a begun fen counts.

    Not rounded to the nearest, or a price a hair above its ceiling would be at it.
    """
    quoted = 0 if item.highest_unit_price_fen is UNSET else item.highest_unit_price_fen
    told = max(quoted, *(step.unit_price_fen for step in steps(item)))
    on_top = 0 if item.tax is UNSET or item.tax.is_included else item.tax.rate_bps
    return -(-told * (WHOLE + on_top) // WHOLE)


def quota(item: PriceItem, quantity: int) -> int | None:
    """Return how many uses ``quantity`` units pay for; None means as many as one likes.

    What is charged as it is used is not limited by what was paid first, but by what is sold at all.
    """
    if item.included_uses is not None:
        return item.included_uses * quantity
    if item.billing is Billing.AS_USED:
        return None if item.unit is MeteringUnit.GIGABYTE else item.quantity_max
    return quantity if item.charge in _BY_USE else None


def lasts(unit: MeteringUnit) -> bool:
    """Tell whether a unit is a time, after which it is over (计时单位)."""
    return unit is MeteringUnit.HOUR or unit in _DAYS


def term(item: PriceItem, quantity: int) -> dt.timedelta | None:
    """Return how long what was bought lasts; None if neither a period nor a trial was."""
    if item.trial_days is not UNSET:
        return dt.timedelta(days=item.trial_days)
    if item.charge is not Charge.PERIOD:
        return None
    if item.unit is MeteringUnit.HOUR:
        return dt.timedelta(hours=quantity)
    days = _DAYS.get(item.unit)
    return None if days is None else dt.timedelta(days=days * quantity)


_BY_USE: Final = frozenset({Charge.PER_UNIT, Charge.TRIAL, Charge.QUOTE})


def _free(item: PriceItem, quantity: int, bought_before: int) -> int:
    """Return how many of the first units cost nothing; what was bought before used them up."""
    if item.free_quantity is UNSET:
        return 0
    return min(quantity, max(0, item.free_quantity - bought_before))


def _lines(item: PriceItem, quantity: int, free: int) -> Iterator[PriceLine]:
    if free:
        yield PriceLine(free, 0, 0)
    ladder = steps(item)
    if item.banding is Banding.CUMULATIVE:
        if free < quantity:
            reached = [step for step in ladder if step.above < quantity][-1]
            yield _line(quantity - free, reached.unit_price_fen)
        return
    ends = (*(step.above for step in ladder[1:]), quantity)
    for step, end in zip(ladder, ends, strict=True):
        units = min(end, quantity) - max(step.above, free)
        if units > 0:
            yield _line(units, step.unit_price_fen)


def _line(units: int, unit_price_fen: int) -> PriceLine:
    return PriceLine(units, unit_price_fen, units * unit_price_fen)
