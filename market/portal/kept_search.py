"""Show a saved search as the catalogue's page would ask it (保存的检索)."""

from __future__ import annotations

from typing import Final

from catalog.search.facets import FACETS
from catalog.search.model import Filters, Sort
from market.portal.asked_search import FILTERS, PRICES, AskedSearch

_SHORT: Final = {name: short for short, name in FILTERS.items()}


def asked_of(text: str, filters: Filters) -> AskedSearch:
    """Return the search by the names that stand in an address of the catalogue's page."""
    given = {
        _SHORT.get(name, name): str(value)
        for name in (*FACETS, *PRICES)
        if (value := getattr(filters, name)) is not None
    }
    return AskedSearch(words=text, given=given, sort=Sort.RELEVANCE)


def address_to_keep(asked: AskedSearch) -> str:
    """Return where the search is given a name and kept."""
    return asked.link(sort=None).replace("/products", "/my/saved-searches", 1)
