"""Ask whether a filing names taxes that hold when it begins, and an order when it is placed (适用税率)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from msgspec import UNSET

from catalog.kernel.errors import FieldError
from market.pricing.model import PriceItem, Terms
from settlement.taxes import rates
from settlement.taxes.model import TaxRate


def check_filed(terms: Terms, today: dt.date, table: Sequence[TaxRate]) -> None:
    """Return if every tax that the filing names holds on its first day, or today if that is over.

    The refusal is named for the first fault and lists all.

    :raises ZeroRateUnexplained: if nothing is taken, and nothing says why (and the others of
        ``settlement/taxes/rates.py``).
    """
    on = max(terms.effective_from, today)
    found = []
    for place, item in enumerate(terms.price_items):
        if item.tax is UNSET:
            continue
        fault = rates.fault(item.tax.tax, on, table)
        if fault is not None:
            found.append((fault, FieldError(f"/price_items/{place}/tax", fault.code)))
    if found:
        errors = tuple(error for _, error in found)
        raise found[0][0](errors=errors, on=on.isoformat())


def check_sold(item: PriceItem, today: dt.date, table: Sequence[TaxRate]) -> None:
    """Return if the plan can be sold today: its rate still holds, or it names none.

    A rate that has ended is not replaced by the one that follows it: the supplier amends its prices.

    :raises TaxRateNotInForce: if its rate has ended (and the others of ``settlement/taxes/rates.py``).
    """
    if item.tax is not UNSET:
        rates.check(item.tax.tax, today, table)
