"""Hold what changed beyond an index, as far as a process has seen it (叠加层).

An overlay knows the catalogue from its index's position up to another one. Each search reads what came
after that, mostly nothing, and leaves the overlay that knows it too to the next. So a change goes
to each process once and not to each question, and no question is answered without having asked. Pages
that were made are kept in it, until a change comes: as long as there is none they are what they were.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import msgspec

from catalog.search import facets, prices, ranking
from catalog.search.prices import ANY, Prices
from catalog.search.ranking import Record, Wanted

# [P] so many pages are kept, of some 30 kB each; those longest unasked are forgotten first.
_MOST_PAGES: Final = 2048

Kinds = tuple[tuple[str, ...], ...]  # the values of each facet, in the order of ``facets.ALL``


class Bounds(Protocol):
    """Within what something is asked for."""

    @property
    def narrowed(self) -> Mapping[str, str]:
        """Return which facets must have which values."""
        ...

    @property
    def prices(self) -> Prices:
        """Return between which prices."""
        ...


class Changed(msgspec.Struct, frozen=True):
    """A product that changed, as it is now."""

    record: Record | None  # None: it is not public any more
    kinds: Kinds = ()
    price_fen: int | None = None

    def is_within(self, bounds: Bounds) -> bool:
        """Tell whether it is public and one that is asked for."""
        return (
            self.record is not None
            and facets.is_within(self.kinds, bounds.narrowed)
            and prices.is_within(self.price_fen, bounds.prices)
        )


class _Everything(msgspec.Struct, frozen=True):
    narrowed: Mapping[str, str] = {}
    prices: Prices = ANY


EVERYTHING: Final = _Everything()


class Overlay(msgspec.Struct, frozen=True):
    """What changed up to a position."""

    position: str  # the database's snapshot
    changed: Mapping[uuid.UUID, Changed] = {}
    pages: dict[Any, Any] = {}  # by what was asked

    def plus(self, changed: Mapping[uuid.UUID, Changed], position: str) -> Overlay:
        """Return what is known after reading on; ``self`` stays what it was for who still uses it."""
        if not changed:
            return Overlay(position, self.changed, self.pages)
        return Overlay(position, {**self.changed, **changed})

    def kept(self, asked: Any) -> Any:
        """Return a page that was made for who asked the same, or None."""
        page = self.pages.pop(asked, None)
        if page is not None:
            self.pages[asked] = page  # the last one asked is the last one forgotten
        return page

    def keep(self, asked: Any, page: Any) -> None:
        """Keep a page for whoever asks the same."""
        if len(self.pages) >= _MOST_PAGES:
            del self.pages[next(iter(self.pages))]
        self.pages[asked] = page

    def found(self, wanted: Sequence[Wanted], bounds: Bounds, *, least: int) -> list[Changed]:
        """Return what a question finds here: what has so much at least of what is wanted."""
        return [each for each, has in self.within(wanted, bounds) if has >= least]

    def within(self, wanted: Sequence[Wanted], bounds: Bounds) -> list[tuple[Changed, int]]:
        """Return what is within the bounds of a question, each with how much of what is wanted it has."""
        return [
            (each, sum(ranking.covers(*each.record, one) for one in wanted))
            for each in self.changed.values()
            if each.record is not None and each.is_within(bounds)
        ]


def count(found: Iterable[Changed], narrowed: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """Return of which kinds products are, by facet and value."""
    counts: dict[str, dict[str, int]] = {facet.name: {} for facet in facets.ALL}
    for each in found:
        for facet, values in zip(facets.ALL, each.kinds, strict=True):
            counted = counts[facet.name]
            for value in values:
                if facets.is_counted(facet, value, narrowed):
                    counted[value] = counted.get(value, 0) + 1
    return counts
