"""Say how the price of a product may come about (价格形式): by whose data they are and what for.

GD-07(b): public data for governance and welfare are free under written conditions (A34: always, by
the nation's notice); for industry and sectors, when charged, at a guided price. Enterprises price
by themselves (BJ-05).
"""

from __future__ import annotations

from typing import Final

from catalog.kernel.errors import Invalid
from catalog.products.model import DataNature
from market.pricing import compute
from market.pricing.model import Charge, Regime, Terms, UseCategory

FREE: Final = frozenset({Regime.FREE_CONDITIONAL, Regime.OPEN_FREE})
_GUIDED_OR_FREE: Final = frozenset({Regime.GOVERNMENT_GUIDED, Regime.FREE_CONDITIONAL})

OF_PUBLIC_DATA: Final[dict[UseCategory, frozenset[Regime]]] = {
    UseCategory.PUBLIC_GOVERNANCE: frozenset({Regime.FREE_CONDITIONAL}),
    UseCategory.PUBLIC_WELFARE: frozenset({Regime.FREE_CONDITIONAL}),
    UseCategory.INDUSTRIAL_DEVELOPMENT: _GUIDED_OR_FREE,
    UseCategory.SECTOR_DEVELOPMENT: _GUIDED_OR_FREE,
}
OF_OTHER_DATA: Final = frozenset(
    {Regime.MARKET_AUTONOMOUS, Regime.NEGOTIATED, Regime.FREE_CONDITIONAL, Regime.OPEN_FREE}
)


class UseCategoryMissing(Invalid):
    """Public data are priced by what they are used for, and nothing says it (GD-07)."""

    code = "use_category_missing"


class RegimeMissing(Invalid):
    """Nothing says how the price came about."""

    code = "pricing_regime_missing"


class RegimeNotAllowed(Invalid):
    """The price of such data for such a use does not come about like that (GD-07)."""

    code = "pricing_regime_not_allowed"


class FreeUseConditionsMissing(Invalid):
    """Free under conditions, and no condition is written (有条件无偿, GD-07)."""

    code = "free_use_conditions_missing"


class QuoteNotNegotiated(Invalid):
    """A price is quoted to each buyer apart, and the regime is not that of negotiated prices."""

    code = "filing_quote_not_negotiated"


class PriceNotZero(Invalid):
    """What is free has a price."""

    code = "free_price_not_zero"


def is_public(nature: DataNature | None) -> bool:
    """Tell whether the rules for public data hold; for mixed data the stricter rules do (BJ-02)."""
    return nature in (DataNature.PUBLIC, DataNature.MIXED)


def allowed(nature: DataNature | None, use_category: UseCategory | None) -> frozenset[Regime]:
    """Return how the price may come about.

    :raises UseCategoryMissing: if the data are public and nothing says what for.
    """
    if not is_public(nature):
        return OF_OTHER_DATA
    if use_category is None:
        raise UseCategoryMissing
    return OF_PUBLIC_DATA[use_category]


def check(terms: Terms, nature: DataNature | None) -> Regime:
    """Return the regime of ``terms`` if it is one that these data may have.

    :raises UseCategoryMissing: if the data are public and nothing says what for.
    :raises RegimeMissing: if none is named.
    :raises RegimeNotAllowed: if another is required.
    :raises FreeUseConditionsMissing: if it is free under conditions that nobody wrote.
    :raises PriceNotZero: if it is free and costs something.
    :raises QuoteNotNegotiated: if a price is left to quotations, and prices are not negotiated.
    """
    may_be = allowed(nature, terms.use_category)
    regime = terms.pricing_regime
    if regime is None:
        raise RegimeMissing(allowed=sorted(may_be))
    if regime not in may_be:
        raise RegimeNotAllowed(pricing_regime=regime.value, allowed=sorted(may_be))
    if regime is Regime.FREE_CONDITIONAL and not terms.free_use_conditions.strip():
        raise FreeUseConditionsMissing
    if regime in FREE:
        priced = [item.code for item in terms.price_items if compute.highest_unit_fen(item) != 0]
        if priced:
            raise PriceNotZero(items=priced)
    quoted = [item.code for item in terms.price_items if item.charge is Charge.QUOTE]
    if quoted and regime is not Regime.NEGOTIATED:
        raise QuoteNotNegotiated(items=quoted)
    return regime
