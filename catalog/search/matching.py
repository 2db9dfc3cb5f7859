"""Find what a question asks for in lists of products, and the best of it, exactly (匹配).

Products are rows of a base, the older the smaller; a word's list says in which it stands, and how often
by what the fields tell (``ranking.py``). Nothing is guessed: what is left unscored can not be among the
best, whatever it has.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from catalog.search import ranking

Rows = npt.NDArray[np.int32]
Often = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

# [P] below so many, looking up each is quicker than writing the longer list out.
_FEW: Final = 1 << 14
# [P] a list that is longer is not scored if nothing that has it alone can be among the best.
_LONG: Final = 1 << 14


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
    things: Sequence[List], rows: Rows, ranked: Ranking, *, total: int
) -> list[tuple[float, int]]:
    """Return score and row of the best of ``rows``, best first; of equals the newer is before.

    1. Of one thing, who has it more often scores more: the others are left out unscored.
    2. Of several, who has that of the longest list alone scores so much at most. If enough others
       score more, that list is only looked up.
    3. What is left is scored as ``ranking.py`` does.
    """
    if not len(rows):
        return []
    if ranked.after is None and len(rows) > max(ranked.most, _LONG):
        leave_out = _more_often if len(things) == 1 else _with_more_than_the_longest
        rows = leave_out(things, rows, ranked, total=total)
    scores = _scores(things, rows, ranked.weights, total=total)
    if ranked.after is not None:
        score, row = ranked.after
        beyond = (scores < score) | ((scores == score) & (rows < row))
        rows, scores = rows.compress(beyond), scores.compress(beyond)
    if len(rows) > ranked.most:
        kept = scores >= np.partition(scores, -ranked.most)[-ranked.most]
        rows, scores = rows.compress(kept), scores.compress(kept)
    order = np.lexsort((rows, scores))[::-1][: ranked.most]
    return [(float(scores[n]), int(rows[n])) for n in order.tolist()]


def _more_often(things: Sequence[List], rows: Rows, ranked: Ranking, *, total: int) -> Rows:
    often = often_at(things[0], rows, total=total)
    return rows.compress(often >= np.partition(often, -ranked.most)[-ranked.most])


def _with_more_than_the_longest(
    things: Sequence[List], rows: Rows, ranked: Ranking, *, total: int
) -> Rows:
    longest = max(range(len(things)), key=lambda n: len(things[n].rows))
    others = [each for n, each in enumerate(things) if n != longest]
    there = matching(others, least=1, total=total)
    there = there.compress(often_at(_marked(rows), there, total=total) > 0)
    if len(there) < ranked.most:
        return rows
    scores = _scores(things, there, ranked.weights, total=total)
    most = things[longest].often.max()
    alone = [np.full(1, most if n == longest else 0, np.float32) for n in range(len(things))]
    least = np.partition(scores, -ranked.most)[-ranked.most]
    return there if ranking.scored(alone, ranked.weights, count=1)[0] < least else rows


def _marked(rows: Rows) -> List:
    return List(rows, np.ones(len(rows), np.float32))


def _scores(things: Sequence[List], rows: Rows, weights: Sequence[float], *, total: int) -> Floats:
    oftens = [often_at(each, rows, total=total) for each in things]
    return ranking.scored(oftens, weights, count=len(rows))
