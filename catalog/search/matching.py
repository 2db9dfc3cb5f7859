"""Find what a question asks for in lists of products, and the best of it, exactly (匹配).

Products are rows of a base, the older the smaller; a word's list says in which it stands, and how often
by what the fields tell (``ranking.py``). Nothing is guessed: what is left unscored can not be among the
best, whatever it has.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from catalog.search import ranking

Rows = npt.NDArray[np.int32]
Often = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Bits = npt.NDArray[np.uint8]

# [P] below so many, looking up each is quicker than writing the longer list out.
_FEW: Final = 1 << 14
# [P] a list that is longer is not scored as a whole.
_LONG: Final = 1 << 14
# Whoever has so many things of a question may have enough of it to leave those out that have one.
_SOME: Final = 2
# A list so many times longer than another is looked up in, and not written out.
_TIMES_LONGER: Final = 8
# The highest of so many values are the first to be compared: few can be among the highest of all.
_BLOCK: Final = 256
# Of so many things a mark says which stand in a row; of more it only counts them.
_BITS: Final = 8
_MARKS: Final = 1 << _BITS


class List(NamedTuple):
    """In which rows one thing stands, ascending, and how often."""

    rows: Rows
    often: Often
    bits: Bits | None = None  # of all rows, a bit for each that it has; where that is no longer


NOTHING: Final = List(np.zeros(0, np.int32), np.zeros(0, np.float32))


class Ranking(NamedTuple):
    """By what rows are ranked: what each thing weighs, how many are wanted, and behind what."""

    weights: Sequence[float]
    most: int
    after: tuple[float, int] | None = None  # a score, and the row before which the next one is


def often_at(found: List, rows: Rows, *, total: int) -> Often:
    """Return how often a thing stands in each of ``rows``; 0: nowhere."""
    if rows is found.rows or np.array_equal(rows, found.rows):
        return found.often
    if not len(found.rows) or not len(rows):
        return np.zeros(len(rows), np.float32)
    if len(rows) * _TIMES_LONGER < len(found.rows) or len(rows) <= _FEW:
        at, is_there = _looked_up(rows, found.rows)
        return np.where(is_there, found.often.take(at), np.float32(0))
    if len(found.rows) * _TIMES_LONGER < len(rows) or len(found.rows) <= _FEW:
        at, is_there = _looked_up(found.rows, rows)
        often = np.zeros(len(rows), np.float32)
        often[at.compress(is_there)] = found.often.compress(is_there)
        return often
    whole = np.zeros(total, np.float32)
    whole[found.rows] = found.often
    return whole.take(rows)


def _looked_up(rows: Rows, among: Rows) -> tuple[npt.NDArray[np.int64], Flags]:
    """Return where rows stand among others, and whether they do."""
    at = np.minimum(np.searchsorted(among, rows), len(among) - 1)
    return at, among.take(at) == rows


class Marks:
    """Which things of a question stand in which rows (命中标记).

    A row's mark is a sum. Of up to eight things each adds a bit of its own, so that it says which stand
    there; of more each adds one, and it says how many.
    """

    def __init__(self, things: Sequence[List], *, total: int) -> None:
        self._things = len(things)
        adding = [1 << n if len(things) <= _BITS else 1 for n in range(len(things))]
        if sum(len(each.rows) for each in things) > _FEW:
            marks = np.zeros(total, np.uint8)
            for each, number in zip(things, adding, strict=True):
                if each.bits is None:
                    marks[each.rows] += number
                else:
                    bits = np.unpackbits(each.bits, count=total, bitorder="little")
                    marks += np.multiply(bits, number, out=bits)
            self._rows = np.flatnonzero(marks != 0).astype(np.int32)
            self._marks = marks.take(self._rows)
        else:
            every = np.concatenate([each.rows for each in things])
            numbers = np.repeat(np.array(adding, np.uint8), [len(each.rows) for each in things])
            order = np.argsort(every, kind="stable")
            every = every.take(order)
            begins = np.flatnonzero(np.diff(every, prepend=-1))
            self._rows = every.take(begins)
            self._marks = numbers
            if len(every):
                self._marks = np.add.reduceat(numbers.take(order), begins, dtype=np.uint8)

    def rows(self, marks: Flags) -> Rows:
        """Return the rows that have one of these marks, ascending."""
        # Of bytes this is the quickest way to look each up in a table.
        is_meant = np.frombuffer(self._marks.tobytes().translate(marks.tobytes()), np.bool_)
        return self._rows.compress(is_meant)

    def rows_with(self, least: int) -> Rows:
        """Return the rows that have so many of the things at least, one or more."""
        return self.rows(_many(self._things) >= least)


@functools.cache
def _many(things: int) -> npt.NDArray[np.int64]:
    """Return for each mark how many of so many things it stands for; of a mark that none has, 0."""
    if things > _BITS:
        return np.arange(_MARKS)
    return np.array([mark.bit_count() * (not mark >> things) for mark in range(_MARKS)], np.int64)


def all_of(lists: Sequence[List], *, total: int) -> List:
    """Return where words stand that tell a thing together: as often as the one that is there least."""
    if len(lists) == 1:
        return lists[0]
    rows = matching(lists, least=len(lists), total=total)
    often = functools.reduce(np.minimum, (often_at(each, rows, total=total) for each in lists))
    return List(rows, often)


def any_of(ways: Sequence[List], *, total: int) -> List:
    """Return where a thing stands by its own words, which come first, or by those of a synonym."""
    if len(ways) == 1:
        return ways[0]
    rows = matching(ways, least=1, total=total)
    often = often_at(ways[0], rows, total=total)
    for way in ways[1:]:
        told = often_at(way, rows, total=total) * np.float32(ranking.SYNONYM)
        often = np.maximum(often, told)
    return List(rows, often)


def is_short(things: Sequence[List]) -> bool:
    """Tell whether those that have all of it are soon found among those that have the rarest thing."""
    return len(things) == 1 or min(len(each.rows) for each in things) <= _FEW


def matching(things: Sequence[List], *, least: int, total: int, within: Rows | None = None) -> Rows:
    """Return which rows have so many of the things at least, of ``within`` if it is given."""
    if within is not None:
        counts = np.zeros(len(within), np.int64)
        for each in things:
            counts += often_at(each, within, total=total) > 0
        return within.compress(counts >= least)
    if least == len(things) and is_short(things):
        first, *others = sorted(things, key=lambda each: len(each.rows))
        rows = first.rows
        for each in others:
            rows = rows.compress(often_at(each, rows, total=total) > 0)
        return rows
    return Marks(things, total=total).rows_with(least)


def best(
    things: Sequence[List],
    matched: Callable[[int], Rows],
    marked: Callable[[Flags], Rows],
    ranked: Ranking,
    *,
    least: int,
    total: int,
) -> list[tuple[float, int]]:
    """Return score and row of the best that have ``least`` of the things, best first; of equals the newer.

    ``matched`` tells which rows have so many, ``marked`` which have those that marks stand for. Few
    have nearly all of what is asked, or half of it, and if they are enough, only those others are looked
    at that have what may score as much as the last of them.
    """
    if ranked.after is None:
        for many in dict.fromkeys((len(things), len(things) - 1, len(things) // 2, _SOME)):
            if many > least:
                found = _best(things, matched(many), ranked, total=total)
                if len(found) == ranked.most:
                    have = _many(len(things))
                    less = (have >= least) & (have < many)
                    less &= _limits(things, ranked.weights) >= found[-1][0]
                    if less.any():
                        found += _best(things, marked(less), ranked, total=total)
                    return sorted(found, reverse=True)[: ranked.most]
    return _best(things, matched(least), ranked, total=total)


def _best(
    things: Sequence[List], rows: Rows, ranked: Ranking, *, total: int
) -> list[tuple[float, int]]:
    if not len(rows):
        return []
    if ranked.after is None and len(things) == 1 and len(rows) > max(ranked.most, _LONG):
        # Who has one thing more often scores more: the others need not be scored.
        rows = rows.take(_highest(often_at(things[0], rows, total=total), ranked.most))
    scores = _scores(things, rows, ranked.weights, total=total)
    if ranked.after is not None:
        score, row = ranked.after
        beyond = (scores < score) | ((scores == score) & (rows < row))
        rows, scores = rows.compress(beyond), scores.compress(beyond)
    kept = _highest(scores, ranked.most)
    rows, scores = rows.take(kept), scores.take(kept)
    order = np.lexsort((rows, scores))[::-1][: ranked.most]
    return [(float(scores[n]), int(rows[n])) for n in order.tolist()]


def _highest(values: npt.NDArray[Any], most: int) -> npt.NDArray[np.int64]:
    """Return where so many of the highest stand; of equals the last ones."""
    if len(values) <= most:
        return np.arange(len(values))
    if len(values) > max(most * _BLOCK, _LONG):
        # No value can be among the highest that is less than the highest of so many blocks.
        blocks = values[: len(values) // _BLOCK * _BLOCK].reshape(-1, _BLOCK).max(axis=1)
        there = np.flatnonzero(values >= np.partition(blocks, -most)[-most])
        return there.take(_highest_of(values.take(there), most))
    return _highest_of(values, most)


def _highest_of(values: npt.NDArray[Any], most: int) -> npt.NDArray[np.int64]:
    least = np.partition(values, -most)[-most]
    above = np.flatnonzero(values > least)
    return np.concatenate([above, np.flatnonzero(values == least)[len(above) - most :]])


def _limits(things: Sequence[List], weights: Sequence[float]) -> Floats:
    """Return for each mark what no row scores more than that has it."""
    told = ranking.told_at_most([each.often.max(initial=0) for each in things], weights)
    covers = np.array(weights)
    if len(things) <= _BITS:
        has = (np.arange(_MARKS)[:, None] >> np.arange(len(things)) & 1) > 0
    else:
        has = np.arange(_MARKS)[:, None] > np.arange(len(things))
        told, covers = np.sort(told)[::-1], np.sort(covers)[::-1]
    return ranking.limits(has @ told, has @ covers, whole=sum(weights))


def _scores(things: Sequence[List], rows: Rows, weights: Sequence[float], *, total: int) -> Floats:
    oftens = [often_at(each, rows, total=total) for each in things]
    return ranking.scored(oftens, weights, count=len(rows))
