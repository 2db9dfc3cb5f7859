"""Hold a guided price under its ceiling (政府指导价上限, GD-07(b), A32): the one hard limit."""

from __future__ import annotations

import datetime as dt

from catalog.kernel.errors import Refused
from market.pricing import compute
from market.pricing.model import CeilingReference, Regime, Terms


class PriceAboveCeiling(Refused):
    """A guided price is higher than its ceiling."""

    code = "price_above_ceiling"


class GuidedPriceReferenceMissing(Refused):
    """No ceiling is in force for a guided price: no document, another unit, or another time."""

    code = "guided_price_reference_missing"


def is_in_force(ceiling: CeilingReference, on: dt.date) -> bool:
    """Tell whether the ceiling holds on that day; its last day counts."""
    return ceiling.valid_from <= on and (ceiling.valid_to is None or on <= ceiling.valid_to)


def check(terms: Terms, on: dt.date) -> None:
    """Return if every price of a guided filing keeps to a ceiling that is in force on that day.

    :raises GuidedPriceReferenceMissing: if none is in force for the unit of some price.
    :raises PriceAboveCeiling: if a price is higher.
    """
    if terms.pricing_regime is not Regime.GOVERNMENT_GUIDED:
        return
    ceiling = terms.ceiling
    if ceiling is None or not ceiling.document_number.strip() or not is_in_force(ceiling, on):
        raise GuidedPriceReferenceMissing(on=on.isoformat())
    others = sorted(
        {item.unit.value for item in terms.price_items if item.unit is not ceiling.unit}
    )
    if others:
        raise GuidedPriceReferenceMissing(on=on.isoformat(), units=others)
    above = [
        item.code
        for item in terms.price_items
        if compute.highest_unit_fen(item) > ceiling.amount_fen
    ]
    if above:
        raise PriceAboveCeiling(items=above, ceiling_fen=ceiling.amount_fen)
