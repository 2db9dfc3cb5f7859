"""Rank what was found (排序): BM25F over title, text and labels, times how much of the question is covered.

One formula for every index and for what no index has yet. A rare word weighs more than a common one
(idf); a word in the title counts three times one in the text, one in a label a seventh, in a short field
more than in a long one; and all of it counts by the share of the question's weight that a product has at
all, so that one word too many costs a product its place among those that have it, and no more. How often
a field repeats a word does not count: descriptions of data list their columns and say the same again.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from catalog.search import records
from catalog.search.records import Bytes

# Chosen on known items of the real catalogue and confirmed on others (tests/bench).
_K1: Final = 0.05
_B: Final = 0.8
_TITLE, _LABELS, _TEXT = 3.0, 0.15, 1.0
SYNONYM: Final = 0.35  # a synonym tells less than the word itself
FIELDS: Final = ("title", "labels", "text")

# Sums in another order differ by less.
_ROUNDED_UP: Final = 1 + 1e-9

# How a record is read as numbers: what is right of a word's key, what no key is, where lengths stand.
_BITS_OF_TIMES: Final = np.uint64(8 * (records.ENTRY_LENGTH - records.KEY_LENGTH))
_NO_KEY: Final = np.uint64(1 << 8 * records.KEY_LENGTH)
_LENGTHS: Final = 3

Words = tuple[bytes, ...]  # the keys of words that must all be there
Standing = tuple[float, int, bytes]  # by what a product has its place: score, then place, then id
Numbers = npt.NDArray[np.uint64]
Floats = npt.NDArray[np.float64]
Often = npt.NDArray[np.float32]


class Wanted(msgspec.Struct, frozen=True):
    """One thing that is asked for: its own words, then those of its synonyms; and what it weighs."""

    ways: tuple[Words, ...]
    weight: float


class Record(NamedTuple):
    """Where the record of a product lies (``records.py``)."""

    data: Bytes
    start: int
    end: int


class Averages(msgspec.Struct, frozen=True):
    """How many words the fields have on average, where they have any."""

    title: float = 10.0
    labels: float = 7.0
    text: float = 50.0


class Reason(msgspec.Struct, frozen=True, gc=False):
    """Why something was found: one thing that was asked, and where it stands."""

    wanted: int  # its place in the question
    way: int  # 0: by its own words; else by which synonym
    fields: tuple[str, ...]
    share: float  # of the score


def weight(frequency: int, total: int) -> float:
    """Return how much a word tells that ``frequency`` of ``total`` products have (idf)."""
    known = min(frequency, total)
    return math.log(1 + (total - known + 0.5) / (known + 0.5))


class Ranked(NamedTuple):
    """A product with all that gives it its place; of two that score the same, the newer is before."""

    score: float
    place: int
    product: bytes
    record: Record


standing: Final = operator.itemgetter(0, 1, 2)


def rank(found: Sequence[Record], asked: Sequence[Wanted], averages: Averages) -> list[Ranked]:
    """Return records with their scores, in their order; 0 for what has nothing that is asked."""
    table = _Table(found)
    scores = table.scores(asked, averages)
    return [table.ranked(row, scores[row]) for row in range(len(found))]


def best(
    found: Sequence[Record],
    asked: Sequence[Wanted],
    averages: Averages,
    *,
    most: int,
    after: Standing | None = None,
) -> list[Ranked]:
    """Return the records that score highest, best first; those behind ``after``, if it is given."""
    table = _Table(found)
    scores = table.scores(asked, averages)
    rows: Sequence[int] = range(len(found))
    if after is None and len(found) > most:
        least = np.partition(scores, -most)[-most]
        rows = np.flatnonzero(scores >= least).tolist()
    ranked = [table.ranked(row, scores[row]) for row in rows]
    ranked.sort(key=standing, reverse=True)
    if after is not None:
        ranked = [each for each in ranked if standing(each) < after]
    return ranked[:most]


def factors(lengths: Sequence[Floats], averages: Averages) -> list[Floats]:
    """Return how much a word tells that stands once in title, labels or text of so many words."""
    each = zip((_TITLE, _LABELS, _TEXT), msgspec.structs.astuple(averages), lengths, strict=True)
    return [tells / (1 - _B + _B / average * length) for tells, average, length in each]


def weighed(tells: Sequence[Floats], counts: Numbers) -> Often:
    """Return how much words tell by the fields in which they stand; ``counts`` as entries have them.

    In single precision, so that it is the same wherever it is kept.
    """
    told = tells[0] * _stands(counts, 2)
    told = told + tells[1] * _stands(counts, 1) + tells[2] * _stands(counts, 0)
    return told.astype(np.float32)


def scored(oftens: Sequence[Often], weights: Sequence[float], *, count: int) -> Floats:
    """Return the scores of so many products that have each thing so often."""
    covered, total = np.zeros(count), np.zeros(count)
    for each, weight in zip(oftens, weights, strict=True):
        times = each.astype(np.float64)
        covered += weight * (times > 0)
        total += weight * (_K1 + 1) * times / (times + _K1)
    whole = sum(weights)
    return total * (covered / whole) if whole else total


def told_at_most(oftens: Sequence[float], weights: Sequence[float]) -> Floats:
    """Return how much each thing tells of a product that has none of them more often."""
    times = np.array(oftens, np.float64)
    return np.array(weights) * (_K1 + 1) * times / (times + _K1)


def limits(told: Floats, covered: Floats, *, whole: float) -> Floats:
    """Return what no products score more than of which things tell so much and weigh so much."""
    return told * (covered / whole) * _ROUNDED_UP if whole else told


class _Table:
    """Many records as one array of numbers: head and entries of the first, of the second, and on.

    All records are compared with a word at once. Each number is computed as if its record were alone,
    so that a product has the same score on every page.
    """

    def __init__(self, found: Sequence[Record]) -> None:
        self._found = found
        parts = [data[start:end] for data, start, end in found]
        lengths = np.array([len(part) for part in parts], np.int64) // records.ENTRY_LENGTH
        self._ends = np.cumsum(lengths)
        self._begins = self._ends - lengths
        self._packed = b"".join(parts)
        self._numbers = np.frombuffer(self._packed, ">u8").astype(np.uint64)
        self._keys = self._numbers >> _BITS_OF_TIMES
        for place in range(records.HEAD_LENGTH // records.ENTRY_LENGTH):
            self._keys[self._begins + place] = _NO_KEY

    def scores(self, asked: Sequence[Wanted], averages: Averages) -> Floats:
        """Return the score of each record."""
        tells, oftens = self.tells(averages), []
        for wanted in asked:
            often = np.zeros(len(self._found), np.float32)
            for place, way in enumerate(wanted.ways):
                there = functools.reduce(np.minimum, (self._times(word, tells) for word in way))
                np.maximum(often, there * np.float32(SYNONYM) if place else there, out=often)
            oftens.append(often)
        return scored(oftens, [wanted.weight for wanted in asked], count=len(self._found))

    def tells(self, averages: Averages) -> list[Floats]:
        """Return how much a word tells that stands once in title, labels or text of each record."""
        lengths = self._numbers[self._begins + _LENGTHS]
        return factors([_two_bytes(lengths, 3 - at) for at in range(3)], averages)

    def counts(self, word: bytes) -> dict[int, int]:
        """Return in which records a word stands, and how often, as entries have it."""
        rows, counts = self._entries(word)
        return dict(zip(rows.tolist(), counts.tolist(), strict=True))

    def ranked(self, row: int, score: float) -> Ranked:
        """Return one of them with its score."""
        product, place, *_ = records.read_head(self._packed, int(self._begins[row]) * 8)
        return Ranked(float(score), place, product, self._found[row])

    def _times(self, word: bytes, tells: Sequence[Floats]) -> Often:
        """Return how often a word stands in each record, by what its fields tell; 0: nowhere."""
        times = np.zeros(len(self._found), np.float32)
        rows, counts = self._entries(word)
        times[rows] = weighed([each[rows] for each in tells], counts)
        return times

    def _entries(self, word: bytes) -> tuple[npt.NDArray[np.int64], Numbers]:
        entries = np.flatnonzero(self._keys == np.uint64(int.from_bytes(word)))
        return np.searchsorted(self._ends, entries, "right"), self._numbers[entries]


def _stands(numbers: Numbers, at: int) -> npt.NDArray[np.bool_]:
    return (numbers >> np.uint64(8 * at) & np.uint64(0xFF)) > 0


def _two_bytes(numbers: Numbers, at: int) -> Floats:
    return (numbers >> np.uint64(16 * at) & np.uint64(0xFFFF)).astype(np.float64)


def covers(data: Bytes, start: int, end: int, wanted: Wanted) -> bool:
    """Tell whether a record has what is wanted, by its own words or a synonym's."""
    return any(
        all(records.times(data, start, end, word) is not None for word in way)
        for way in wanted.ways
    )


def reasons(
    found: Sequence[Record], asked: Sequence[Wanted], averages: Averages
) -> list[list[Reason]]:
    """Return for each record why it was found, what told most first (为何在此)."""
    if not found or not asked:
        return [[] for _ in found]
    table = _Table(found)
    tells = zip(*(each.tolist() for each in table.tells(averages)), strict=True)
    counts = {word: table.counts(word) for each in asked for way in each.ways for word in way}
    return [_reasons(row, tell, asked, counts) for row, tell in enumerate(tells)]


_Tells = tuple[float, ...]  # of title, labels and text of one record
_Counts = dict[bytes, dict[int, int]]  # of each word in which records, as entries have it


def _reasons(row: int, tells: _Tells, asked: Sequence[Wanted], counts: _Counts) -> list[Reason]:
    found = []
    for number, wanted in enumerate(asked):
        most, best = 0.0, 0
        for place, way in enumerate(wanted.ways):
            often = _often(row, tells, way, counts) * (SYNONYM if place else 1)
            if often > most:
                most, best = often, place
        if most:
            told = wanted.weight * most * (_K1 + 1) / (most + _K1)
            found.append((told, number, best, _fields(row, wanted.ways[best], counts)))
    total = sum(told for told, *_ in found)
    found.sort(key=lambda each: -each[0])
    return [
        Reason(number, way, fields, round(told / total, 4)) for told, number, way, fields in found
    ]


def _often(row: int, tells: _Tells, way: Words, counts: _Counts) -> float:
    # Several words stand for one thing: it is there as often as the one that is there least.
    least = math.inf
    for word in way:
        times = counts[word].get(row)
        if times is None:
            return 0.0
        title, labels, text = bool(times & 0xFF0000), bool(times & 0xFF00), bool(times & 0xFF)
        least = min(least, tells[0] * title + tells[1] * labels + tells[2] * text)
    return least


def _fields(row: int, way: Words, counts: _Counts) -> tuple[str, ...]:
    times = functools.reduce(operator.or_, (counts[word][row] for word in way))
    return _STANDING[bool(times & 0xFF0000), bool(times & 0xFF00), bool(times & 0xFF)]


_STANDING: Final = {
    there: tuple(itertools.compress(FIELDS, there))
    for there in itertools.product((False, True), repeat=len(FIELDS))
}
