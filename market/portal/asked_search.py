"""Say what a search page was asked for, by its address: words, filters, order (检索条件)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from catalog.kernel.errors import FieldError
from catalog.search.facets import FACETS
from catalog.search.model import Filters, Sort
from catalog.search.prices import SearchPricesUnreadable
from market.portal.show import cleaned, fen_of, linker, one_of

#: What a filter is called in an address, where that is not its own name.
_SHORTER: Final = {"supplier_name": "supplier"}
#: By what name in an address each filter is set.
FILTERS: Final[Mapping[str, str]] = {_SHORTER.get(name, name): name for name in FACETS}
#: The ends of a range of prices, in fen, and by what name each is typed in yuan.
PRICES: Final[Mapping[str, str]] = {"price_from_fen": "price_from", "price_to_fen": "price_to"}
#: Whatever else a page of the search knows in its address.
_BESIDE: Final = ("q", "sort", "cursor", "lang", "view")
_KNOWN: Final = frozenset((*FILTERS, *PRICES, *PRICES.values(), *_BESIDE))
# Marks of letters and other sites, of which everybody knows that they are no question.
_MARKS: Final = "utm_"


class AskedSearch(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked: what stands in the address and nothing else, so that it can be kept."""

    words: str
    given: Mapping[str, str]  # by the filter's name in the address
    sort: Sort

    @property
    def filters(self) -> Filters:
        """Return the filters as the search takes them.

        :raises SearchPricesUnreadable: if an end of the range of prices is no amount.
        """
        named: dict[str, str | int] = {
            FILTERS[name]: value for name, value in self.given.items() if name in FILTERS
        }
        for name in PRICES:
            if name in self.given:
                named[name] = _fen(name, self.given[name])
        return msgspec.convert(named, Filters)

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
    """Return what an address asks for; what is no filter of ours is passed over (see ``passed_over``)."""
    given = {name: cleaned(parameters.get(name)) for name in FILTERS}
    given |= {name: _priced(parameters, name, typed) for name, typed in PRICES.items()}
    return AskedSearch(
        words=parameters.get("q", ""),
        given={name: value for name, value in given.items() if value},
        sort=one_of(Sort, parameters.get("sort")) or Sort.RELEVANCE,
    )


def passed_over(parameters: Mapping[str, str]) -> list[str]:
    """Return what an address asks by that is no condition here, so that a slip is seen (未采用的条件)."""
    unknown = [n for n in parameters if n not in _KNOWN and not n.startswith(_MARKS)]
    sort = parameters.get("sort")
    is_no_order = bool(sort) and one_of(Sort, sort) is None
    return [f"sort={sort}", *unknown] if is_no_order else unknown


def _priced(parameters: Mapping[str, str], name: str, typed: str) -> str | None:
    """Return an end of the range in fen as it is in a link; what can not be read stays as it came."""
    given, yuan = cleaned(parameters.get(name)), cleaned(parameters.get(typed))
    if given or yuan is None:
        return given
    fen = fen_of(yuan)
    return yuan if fen is None else str(fen)


def _fen(name: str, value: str) -> int:
    if not (value.isascii() and value.isdecimal()):
        error = FieldError(f"/{name}", SearchPricesUnreadable.code, value)
        raise SearchPricesUnreadable(errors=(error,))
    return int(value)
