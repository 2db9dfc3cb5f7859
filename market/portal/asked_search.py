"""Say what a search page was asked for, by its address: words, filters, order (检索条件)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from catalog.search.facets import FACETS
from catalog.search.model import Filters, Sort
from market.portal.show import cleaned, linker, one_of

#: What a filter is called in an address, where that is not its own name.
_SHORTER: Final = {"supplier_name": "supplier"}
#: By what name in an address each filter is set.
FILTERS: Final[Mapping[str, str]] = {_SHORTER.get(name, name): name for name in FACETS}


class AskedSearch(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked: what stands in the address and nothing else, so that it can be kept."""

    words: str
    given: Mapping[str, str]  # by the filter's name in the address
    sort: Sort

    @property
    def filters(self) -> Filters:
        """Return the filters as the search takes them."""
        return msgspec.convert(
            {FILTERS[name]: value for name, value in self.given.items()}, Filters
        )

    @property
    def query(self) -> dict[str, str | None]:
        """Return what stands in the address; the usual order is not written down."""
        sort = None if self.sort is Sort.RELEVANCE else self.sort.value
        return {"q": self.words or None, **self.given, "sort": sort}

    @property
    def sorts(self) -> list[Sort]:
        """Return the orders to choose from; without words nothing is more to the point."""
        return [sort for sort in Sort if self.words.strip() or sort is not Sort.RELEVANCE]

    @property
    def shown_sort(self) -> Sort:
        """Return in which order things are shown."""
        return self.sort if self.sort in self.sorts else Sort.NEWEST

    def link(self, **changes: str | None) -> str:
        """Return the address of this search with something changed, from its first page on."""
        if changes.get("sort") == Sort.RELEVANCE:
            changes["sort"] = None
        return linker("/products", self.query)(**changes)

    def without(self, name: str) -> AskedSearch:
        """Return the same search without one of its filters."""
        rest = {each: value for each, value in self.given.items() if each != name}
        return msgspec.structs.replace(self, given=rest)


def read_search(parameters: Mapping[str, str]) -> AskedSearch:
    """Return what an address asks for; what is no filter of ours is passed over."""
    given = {name: cleaned(parameters.get(name)) for name in FILTERS}
    return AskedSearch(
        words=parameters.get("q", ""),
        given={name: value for name, value in given.items() if value},
        sort=one_of(Sort, parameters.get("sort")) or Sort.RELEVANCE,
    )
