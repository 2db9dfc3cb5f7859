"""Ask whether a price item is a plan that can be sold as it is written (计价方案).

A plan that can never be reached, or names what its charge does not have, is refused when it is
filed: whoever buys by it would find out too late.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from msgspec import UNSET, UnsetType

from catalog.kernel.errors import Invalid
from market.pricing import compute, metered
from market.pricing.model import Charge, PriceItem


class QuantityRangeInvalid(Invalid):
    """A price item allows no quantity, or sells a one-off more than once."""

    code = "filing_quantity_range_invalid"


class BandsInvalid(Invalid):
    """Bands do not rise, are never reached, or nothing says how they are applied (阶梯)."""

    code = "filing_bands_invalid"


class PlanPartUnfit(Invalid):
    """A price item says something that its charge does not have."""

    code = "filing_plan_part_unfit"


class PeriodUnitInvalid(Invalid):
    """A period is sold in a unit that does not last (包期): nobody knows when it ends."""

    code = "filing_period_unit_invalid"


class OneOffUnitLasts(Invalid):
    """What is paid once and for all is priced by the month, or another time: nobody knows how often it is due."""

    code = "filing_one_off_unit_lasts"


class TrialUnlimited(Invalid):
    """A trial has no end or no greatest quantity (试用)."""

    code = "filing_trial_unlimited"


class QuoteUnlimited(Invalid):
    """A quoted price has no limits, or the highest is below the least (一户一价)."""

    code = "filing_quote_unlimited"


class TaxOnFreePlan(Invalid):
    """A trial, or a plan of which every unit is free, names a tax: there is nothing to take it of."""

    code = "tax_on_free_plan"


class MeteredPriceUnfit(Invalid):
    """What is charged as it is used would cost less when more of it is used, or is not counted by use."""

    code = "filing_metered_price_unfit"


#: Which parts only some charges have.
_PARTS: Final[dict[Charge, frozenset[str]]] = {
    Charge.ONE_OFF: frozenset(),
    Charge.PER_UNIT: frozenset({"bands", "free_quantity", "cap_fen", "billing"}),
    Charge.PERIOD: frozenset({"bands", "cap_fen"}),
    Charge.TRIAL: frozenset({"trial_days"}),
    Charge.QUOTE: frozenset({"highest_unit_price_fen"}),
}
_ALL_PARTS: Final = tuple(sorted(frozenset().union(*_PARTS.values())))


def faults(item: PriceItem) -> Iterator[type[Invalid]]:
    """Yield every fault of a price item."""
    most = 1 if item.charge is Charge.ONE_OFF else item.quantity_max
    if most is not None and item.quantity_min > most:
        yield QuantityRangeInvalid
    said = {part for part in _ALL_PARTS if not isinstance(getattr(item, part), UnsetType)}
    if said - _PARTS[item.charge]:
        yield PlanPartUnfit
    if not _bands_fit(item):
        yield BandsInvalid
    if not metered.fits(item):
        yield MeteredPriceUnfit
    if item.tax is not UNSET and (
        item.charge is Charge.TRIAL or compute.highest_unit_fen(item) == 0
    ):
        yield TaxOnFreePlan
    if item.charge is Charge.PERIOD and compute.term(item, 1) is None:
        yield PeriodUnitInvalid
    if item.charge is Charge.ONE_OFF and compute.lasts(item.unit):
        yield OneOffUnitLasts
    if item.charge is Charge.TRIAL and (item.trial_days is UNSET or item.quantity_max is None):
        yield TrialUnlimited
    if item.charge is Charge.QUOTE and (
        item.highest_unit_price_fen is UNSET or item.highest_unit_price_fen < item.unit_price_fen
    ):
        yield QuoteUnlimited


def _bands_fit(item: PriceItem) -> bool:
    if item.bands is UNSET or item.banding is UNSET:
        return item.bands is item.banding  # both are left out
    rises = all(lower.above < upper.above for lower, upper in pairwise(item.bands))
    most = item.quantity_max
    return rises and (most is None or item.bands[-1].above < most)
