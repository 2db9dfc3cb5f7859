"""Keep the facets of many products as columns of small numbers, and count by them (分面列).

What a product has of one facet, all its values together, is one of few combinations; each has a number,
so a product is one number in a facet's column. Columns of few numbers are joined into one, of their
combinations: a pass over the found products counts for several facets at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from catalog.search import facets
from catalog.search.facets import ALL, Facet

Numbers = npt.NDArray[Any]
Rows = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]
Values = tuple[str, ...]  # what a product has of one facet
# How many there are of each combination, by facet in the order of ``facets.ALL``.
Tally = tuple[npt.NDArray[np.int64], ...]

# [P] so many combinations are counted in a table that stays in the cache of a core.
_MOST_JOINED: Final = 1 << 13


class Group(msgspec.Struct, frozen=True):
    """Which facets share a column, the first the slowest to change, and how many numbers each has."""

    facets: tuple[int, ...]
    sizes: tuple[int, ...]


def grouped(sizes: Sequence[int]) -> list[Group]:
    """Return which columns are joined, so that few are left and none has too many numbers."""
    groups: list[list[int]] = []
    for number in sorted(range(len(sizes)), key=lambda each: sizes[each]):
        if groups and math.prod(sizes[n] for n in (*groups[-1], number)) <= _MOST_JOINED:
            groups[-1].append(number)
        else:
            groups.append([number])
    return [Group(tuple(group), tuple(sizes[n] for n in group)) for group in groups]


def joined(group: Group, columns: Sequence[Numbers]) -> Numbers:
    """Return the column of a group, in numbers no wider than they must be."""
    found = np.zeros(len(columns[0]), np.int64)
    for number, size in zip(group.facets, group.sizes, strict=True):
        found = found * size + columns[number]
    return found.astype(np.min_scalar_type(max(math.prod(group.sizes) - 1, 0)))


class Columns:
    """The facets of all products of a base, one row each."""

    def __init__(
        self,
        groups: Sequence[Group],
        columns: Sequence[Numbers],
        values: Sequence[Sequence[Values]],
    ) -> None:
        self._groups = list(zip(groups, columns, strict=True))
        self._values = values
        self._steps = [
            [_Step(facet, step, values[n]) for step in range(facets.steps(facet))]
            for n, facet in enumerate(ALL)
        ]

    def masks(self, narrowed: Mapping[str, str]) -> list[tuple[Numbers, Mask]]:
        """Return columns, and which of their numbers those products have that are asked for."""
        found = []
        for group, column in self._groups:
            asked = [narrowed.get(ALL[number].name) for number in group.facets]
            if any(value is not None for value in asked):
                mask = np.ones((), np.bool_)
                for number, value in zip(group.facets, asked, strict=True):
                    has = [value is None or value in values for values in self._values[number]]
                    mask = np.logical_and.outer(mask, np.array(has, np.bool_))
                found.append((column, mask.ravel()))
        return found

    def tally(self, rows: Rows | None) -> Tally:
        """Count those rows, or all, by all facets."""
        found: dict[int, npt.NDArray[np.int64]] = {}
        for group, column in self._groups:
            counts = np.bincount(
                column if rows is None else column.take(rows), minlength=math.prod(group.sizes)
            ).reshape(group.sizes)
            for axis, number in enumerate(group.facets):
                others = tuple(n for n in range(len(group.sizes)) if n != axis)
                found[number] = counts.sum(axis=others) if others else counts
        return tuple(found[number] for number in range(len(ALL)))

    def told(
        self, tally: Tally, narrowed: Mapping[str, str], *, most: int
    ) -> dict[str, dict[str, int]]:
        """Return the counts of each facet's commonest values, on the step that is counted."""
        told = {}
        for number, facet in enumerate(ALL):
            step, steps = facets.step(facet, narrowed), self._steps[number]
            told[facet.name] = steps[step].told(tally[number], most) if step < len(steps) else {}
        return told


class _Step:
    """The values of a facet on one step of its tree, and which combinations hold them."""

    def __init__(self, facet: Facet, step: int, combinations: Sequence[Values]) -> None:
        numbers: dict[str, int] = {}
        pairs = [
            (code, numbers.setdefault(value, len(numbers)))
            for code, values in enumerate(combinations)
            for value in values
            if facets.step_of(facet, value) == step
        ]
        self._names = list(numbers)
        self._codes = np.array([code for code, _ in pairs], np.int64)
        self._numbers = np.array([number for _, number in pairs], np.int64)
        # Each value is in one combination alone, as where a product has one at most.
        self._is_single = len(self._names) == len(pairs)

    def told(self, counts: npt.NDArray[np.int64], most: int) -> dict[str, int]:
        found = self._counted(counts)
        there = np.flatnonzero(found)
        if len(there) <= most:
            many = found.take(there).tolist()
            return {self._names[n]: count for n, count in zip(there.tolist(), many, strict=True)}
        least = np.partition(found, -most)[-most]
        there = np.flatnonzero(found >= least)
        told = {self._names[n]: int(found[n]) for n in there.tolist()}
        return facets.commonest(told, most)

    def _counted(self, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Return how many have each value."""
        each = counts.take(self._codes)
        if self._is_single:
            return each
        # Sums of whole numbers far below 2^53 are exact.
        summed = np.bincount(self._numbers, weights=each, minlength=len(self._names))
        return summed.astype(np.int64)
