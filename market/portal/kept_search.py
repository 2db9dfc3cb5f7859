"""Show a saved search as the catalogue's page would ask it (保存的检索)."""

from __future__ import annotations

from typing import Final

import msgspec

from catalog.search.facets import FACETS
from catalog.search.model import Filters, Sort
from market.portal.asked_search import FILTERS, AskedSearch

_SHORT: Final = {name: short for short, name in FILTERS.items()}
#: What the interface for programs can ask beside the page's filters.
_PRICES: Final = ("price_from_fen", "price_to_fen")


def asked_of(text: str, filters: Filters) -> AskedSearch:
    """Return the search by the names that stand in an address of the catalogue's page."""
    given = {
        _SHORT[name]: value for name in FACETS if (value := getattr(filters, name)) is not None
    }
    return AskedSearch(words=text, given=given, sort=Sort.RELEVANCE)


def prices_of(filters: Filters) -> dict[str, int]:
    """Return the range of prices in fen that was asked for beside the page's filters."""
    found = {name: value for name in _PRICES if (value := getattr(filters, name)) is not None}
    return msgspec.convert(found, dict[str, int])


def address_to_keep(asked: AskedSearch) -> str:
    """Return where the search is given a name and kept."""
    return asked.link(sort=None).replace("/products", "/my/saved-searches", 1)
