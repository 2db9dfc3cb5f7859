"""Say from which price to which products are asked for (价格筛选), in fen.

A product's price is the lowest unit price of its filings in effect, whatever the unit; one that has
none in effect has no price, and no range finds it.
"""

from __future__ import annotations

import enum
from typing import Final

import msgspec

from catalog.kernel.errors import FieldError, Invalid

# Ten trillion yuan, as everywhere where money is counted.
MOST_FEN: Final = 10**15


class SearchPricesUnreadable(Invalid):
    """The lowest price that is asked for is above the highest, or one of them is no price."""

    code = "search_prices_unreadable"


class PriceBand(enum.StrEnum):
    """In which band the lowest price of a product lies (价格区间). [P] steps of ten."""

    FREE = "free"  # 免费
    UNDER_100_YUAN = "under_100_yuan"
    UNDER_1000_YUAN = "under_1000_yuan"
    UNDER_10000_YUAN = "under_10000_yuan"
    FROM_10000_YUAN = "from_10000_yuan"


class Prices(msgspec.Struct, frozen=True):
    """From which price to which, both with it; None: no end."""

    from_fen: int | None = None
    to_fen: int | None = None


ANY: Final = Prices()


def read(from_fen: int | None, to_fen: int | None) -> Prices:
    """Return the range.

    :raises SearchPricesUnreadable: if an end is no price, or the lower one is above the higher.
    """
    for name, fen in (("price_from_fen", from_fen), ("price_to_fen", to_fen)):
        if fen is not None and not 0 <= fen <= MOST_FEN:
            error = FieldError(f"/{name}", SearchPricesUnreadable.code, str(fen))
            raise SearchPricesUnreadable(errors=(error,))
    if from_fen is not None and to_fen is not None and from_fen > to_fen:
        error = FieldError("/price_to_fen", SearchPricesUnreadable.code, str(to_fen))
        raise SearchPricesUnreadable(errors=(error,))
    return Prices(from_fen, to_fen)


def is_within(fen: int | None, prices: Prices) -> bool:
    """Tell whether a product of that lowest price is one that is asked for."""
    if prices == ANY:
        return True
    return (
        fen is not None
        and (prices.from_fen is None or fen >= prices.from_fen)
        and (prices.to_fen is None or fen <= prices.to_fen)
    )
