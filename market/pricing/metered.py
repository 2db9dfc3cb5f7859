"""Say what is charged as it is used (按实际用量计费): how much was used, and what all of it costs.

Calls are counted as they are; of a price by volume every gigabyte that was begun counts, over all uses
together and not for each. The price is that of the plan: bands, free quota and cap hold over the life of
an order, so what it costs never falls when more is used.
"""

from __future__ import annotations

from typing import Final

from catalog.products.model import MeteringUnit
from market.pricing.compute import checked, priced
from market.pricing.model import Banding, Billing, PriceItem
from settlement.charging.model import Tally

#: Decimal, as storage and traffic are sold (GB, IEC 80000-13).
GIGABYTE_BYTES: Final = 10**9


def is_metered(item: PriceItem) -> bool:
    """Tell whether the item is charged as it is used."""
    return item.billing is Billing.AS_USED


def fits(item: PriceItem) -> bool:
    """Tell whether the item can be charged so, if it is to be: with more use it never costs less."""
    if not is_metered(item):
        return True
    return item.included_uses is None and item.banding is not Banding.CUMULATIVE


def quantity(item: PriceItem, used: Tally) -> int:
    """Return how much was used in the unit of the item; begun gigabytes count."""
    if item.unit is MeteringUnit.GIGABYTE:
        return -(-used.bytes // GIGABYTE_BYTES)
    return used.calls


def cumulative_fen(item: PriceItem, used: int, *, bought_before: int) -> int:
    """Return what so much costs from the first use on, in fen.

    :raises AmountOutOfRange: if it comes to more than ten trillion yuan.
    """
    if not used:
        return 0
    return checked(priced(item, used, bought_before=bought_before).amount_fen)
