"""Hold a guided price under its ceiling (政府指导价上限, GD-07(b), A32): the one hard limit.

Where the price authority laid ceilings down for a product, those are the limit, whatever the filing
names; else the document that the filing names is, and the supervisor reads it (65号).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from catalog.kernel.errors import Invalid, Refused
from catalog.products.model import MeteringUnit
from market.pricing import compute
from market.pricing.model import Ceiling, CeilingReference, PriceItem, Regime, Terms


class PriceAboveCeiling(Refused):
    """A guided price is higher than its ceiling."""

    code = "price_above_ceiling"


class GuidedPriceReferenceMissing(Refused):
    """No ceiling is in force for a guided price: no document, another unit, or another time."""

    code = "guided_price_reference_missing"


class CeilingPeriodInvalid(Invalid):
    """A ceiling ends before it begins."""

    code = "ceiling_period_invalid"


def is_in_force(ceiling: CeilingReference | Ceiling, on: dt.date) -> bool:
    """Tell whether the ceiling holds on that day; its last day counts."""
    return ceiling.valid_from <= on and (ceiling.valid_to is None or on <= ceiling.valid_to)


def check_decided(decided: CeilingReference) -> None:
    """Return if a ceiling can be laid down.

    :raises GuidedPriceReferenceMissing: if its document has no number.
    :raises CeilingPeriodInvalid: if it ends before it begins.
    """
    if not decided.document_number.strip():
        raise GuidedPriceReferenceMissing(on=decided.valid_from.isoformat())
    if decided.valid_to is not None and decided.valid_to < decided.valid_from:
        raise CeilingPeriodInvalid(valid_from=decided.valid_from.isoformat())


def fault(terms: Terms, on: dt.date, laid_down: Sequence[Ceiling]) -> str | None:
    """Return by which refusal ``check`` would stop these prices, or None."""
    try:
        check(terms, on, laid_down)
    except (PriceAboveCeiling, GuidedPriceReferenceMissing) as refused:
        return refused.code
    return None


def check(terms: Terms, on: dt.date, laid_down: Sequence[Ceiling] = ()) -> None:
    """Return if every price of a guided filing keeps to a ceiling that is in force on that day.

    ``laid_down`` are the ceilings of the product in the order in which they were laid down; of two
    in force for one unit the one that began last is the limit.

    :raises GuidedPriceReferenceMissing: if none is in force for the unit of some price.
    :raises PriceAboveCeiling: if a price is higher.
    """
    if terms.pricing_regime is not Regime.GOVERNMENT_GUIDED:
        return
    named = terms.ceiling
    if named is None or not named.document_number.strip():
        raise GuidedPriceReferenceMissing(on=on.isoformat())
    known = [each for each in laid_down or (named,) if is_in_force(each, on)]
    limits = {each.unit: each for each in sorted(known, key=lambda each: each.valid_from)}
    others = sorted({item.unit.value for item in terms.price_items if item.unit not in limits})
    if others:
        raise GuidedPriceReferenceMissing(on=on.isoformat(), units=others)
    _check_amounts(terms.price_items, limits)


def _check_amounts(
    items: Sequence[PriceItem], limits: Mapping[MeteringUnit, CeilingReference | Ceiling]
) -> None:
    above = [i for i in items if compute.highest_unit_fen(i) > limits[i.unit].amount_fen]
    if above:
        raise PriceAboveCeiling(
            items=[item.code for item in above], ceiling_fen=limits[above[0].unit].amount_fen
        )
