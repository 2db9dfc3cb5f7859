"""From which price to which is asked."""

from __future__ import annotations

import pytest

from catalog.search import prices
from catalog.search.prices import MOST_FEN, Prices, SearchPricesUnreadable


def test_either_end_may_be_open_and_one_price_is_a_range() -> None:
    assert prices.read(None, None) == prices.ANY
    assert prices.read(0, None) == Prices(0, None)
    assert prices.read(None, 5) == Prices(None, 5)
    assert prices.read(5, 5) == Prices(5, 5)
    assert prices.read(0, MOST_FEN) == Prices(0, MOST_FEN)


@pytest.mark.parametrize(
    ("low", "high", "field"),
    [
        (-1, None, "/price_from_fen"),
        (None, MOST_FEN + 1, "/price_to_fen"),
        (6, 5, "/price_to_fen"),
        (2**80, None, "/price_from_fen"),
    ],
)
def test_what_is_no_range_is_refused_by_its_field(
    low: int | None, high: int | None, field: str
) -> None:
    with pytest.raises(SearchPricesUnreadable) as refused:
        prices.read(low, high)

    assert [each.pointer for each in refused.value.errors] == [field]
