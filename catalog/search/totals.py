"""Count what is in an index, as it grows and shrinks (索引总数), and name the fields that others count by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from catalog.search import facets
from catalog.search.facets import ALL, Facet
from catalog.search.ranking import Averages

_FIELDS: Final = 3


class Totals(msgspec.Struct):
    """How much is in an index."""

    count: int = 0
    size_bytes: int = 0  # of the records
    words: list[int] = msgspec.field(default_factory=lambda: [0] * _FIELDS)
    filled: list[int] = msgspec.field(default_factory=lambda: [0] * _FIELDS)  # who has any there

    def add(self, lengths: Sequence[int], size_bytes: int, sign: int = 1) -> None:
        """Count one product more, or less; ``lengths`` are of title, labels and text, in words."""
        self.count += sign
        self.size_bytes += sign * size_bytes
        for field, length in enumerate(lengths):
            self.words[field] += sign * length
            self.filled[field] += sign * bool(length)

    @property
    def averages(self) -> Averages:
        """Return how many words the fields have where they have any."""
        # An empty text is no short one: most of a young catalogue are titles alone.
        title, labels, text = (
            max(words / filled, 1.0) if filled else 1.0
            for words, filled in zip(self.words, self.filled, strict=True)
        )
        return Averages(title, labels, text)


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What an index holds, as it says in the same commit."""

    position: str  # the database's snapshot
    database: str  # which one, on which timeline
    layout: str
    totals: Totals
    old: int = 0  # so many products of its base changed since, or are gone


def field_of(facet: Facet, step: int) -> str:
    """Return which field of an index counts the values of a facet on one step of its tree."""
    return f"{facet.name}_{step}"


def counted_field(facet: Facet, narrowed: Mapping[str, str]) -> str:
    """Return which field is counted when a search is narrowed so."""
    return field_of(facet, facets.step(facet, narrowed))


def values_by_field(kinds: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    """Return of a product's values which each field has."""
    fields: dict[str, list[str]] = {}
    for facet, values in zip(ALL, kinds, strict=True):
        for value in values:
            fields.setdefault(field_of(facet, facets.step_of(facet, value)), []).append(value)
    return fields
