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

# [P] below so many, looking up each is quicker than writing the longer list out.
_FEW: Final = 1 << 14
# [P] a list that is longer is not scored as a whole.
_LONG: Final = 1 << 14
# Whoever has so many things of a question may have enough of it to leave those out that have one.
_SOME: Final = 2


class List(NamedTuple):
    """In which rows one thing stands, ascending, and how often."""

    rows: Rows
    often: Often


NOTHING: Final = List(np.zeros(0, np.int32), np.zeros(0, np.float32))


class Ranking(NamedTuple):
    """By what rows are ranked: what each thing weighs, how many are wanted, and behind what."""

    weights: Sequence[float]
    most: int
    after: tuple[float, int] | None = None  # a score, and the row before which the next one is


def often_at(found: List, rows: Rows, *, total: int) -> Often:
    """Return how often a thing stands in each of ``rows``; 0: nowhere."""
    if rows is found.rows:
        return found.often
    if not len(found.rows) or not len(rows):
        return np.zeros(len(rows), np.float32)
    if len(rows) > _FEW:
        whole = np.zeros(total, np.float32)
        whole[found.rows] = found.often
        return whole.take(rows)
    at = np.minimum(np.searchsorted(found.rows, rows), len(found.rows) - 1)
    return np.where(found.rows.take(at) == rows, found.often.take(at), np.float32(0))


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


def matching(things: Sequence[List], *, least: int, total: int, within: Rows | None = None) -> Rows:
    """Return which rows have so many of the things at least, of ``within`` if it is given."""
    if within is not None:
        counts = np.zeros(len(within), np.int64)
        for each in things:
            counts += often_at(each, within, total=total) > 0
        return within.compress(counts >= least)
    if least == len(things):
        first, *others = sorted(things, key=lambda each: len(each.rows))
        rows = first.rows
        for each in others:
            rows = rows.compress(often_at(each, rows, total=total) > 0)
        return rows
    if sum(len(each.rows) for each in things) > _FEW:
        there = np.zeros(total, np.uint8)
        for each in things:
            there[each.rows] += 1
        return np.flatnonzero(there >= least).astype(np.int32)
    every = np.sort(np.concatenate([each.rows for each in things]))
    begins = np.flatnonzero(np.diff(every, prepend=-1))
    counts = np.diff(begins, append=len(every))
    return every.take(begins.compress(counts >= least))


def best(
    things: Sequence[List],
    matched: Callable[[int], Rows],
    ranked: Ranking,
    *,
    least: int,
    total: int,
) -> list[tuple[float, int]]:
    """Return score and row of the best that have ``least`` of the things, best first; of equals the newer.

    ``matched`` tells which rows have so many. Few have nearly all of what is asked, and if enough of
    these score more than anything can that has less, the many others are not looked at.
    """
    if ranked.after is None:
        for many in dict.fromkeys((len(things), len(things) - 1, _SOME)):
            if many > least:
                found = _best(things, matched(many), ranked, total=total)
                if len(found) == ranked.most and found[-1][0] > _at_most(things, ranked, many - 1):
                    return found
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
    least = np.partition(values, -most)[-most]
    above = np.flatnonzero(values > least)
    return np.concatenate([above, np.flatnonzero(values == least)[len(above) - most :]])


def _at_most(things: Sequence[List], ranked: Ranking, many: int) -> float:
    """Return what no row scores more than that has so many of the things."""
    oftens = [each.often.max(initial=0) for each in things]
    return ranking.at_most(oftens, ranked.weights, many=many)


def _scores(things: Sequence[List], rows: Rows, weights: Sequence[float], *, total: int) -> Floats:
    oftens = [often_at(each, rows, total=total) for each in things]
    return ranking.scored(oftens, weights, count=len(rows))
