"""Which searches an account may keep."""

from __future__ import annotations

import pytest

from catalog.kernel.errors import DomainError
from catalog.search.model import Filters
from market.saved_searches import keeping


@pytest.mark.parametrize(
    ("name", "text", "filters", "refusal"),
    [
        ("港口", "港口", Filters(), None),
        ("海南", "", Filters(region="海南"), None),
        ("低价", "", Filters(price_to_fen=0), None),
        ("全部", " ", Filters(), "saved_search_empty"),
        ("符号", "！？", Filters(), "saved_search_empty"),
        ("符号", "的", Filters(region="海南"), "saved_search_empty"),
        ("　", "港口", Filters(), "saved_search_name_blank"),
    ],
)
def test_a_search_that_is_kept_has_a_name_and_asks_for_something(
    name: str, text: str, filters: Filters, refusal: str | None
) -> None:
    if refusal is None:
        keeping.check(name=name, text=text, filters=filters)
        return
    with pytest.raises(DomainError) as refused:
        keeping.check(name=name, text=text, filters=filters)
    assert refused.value.code == refusal


def test_an_account_keeps_so_many_and_no_more() -> None:
    keeping.check_room(keeping.MOST_PER_ACCOUNT - 1)

    with pytest.raises(keeping.SavedSearchesTooMany):
        keeping.check_room(keeping.MOST_PER_ACCOUNT)
