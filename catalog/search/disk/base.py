"""Ask the base of an index: all products as they were when it was made, in arrays that are only mapped.

Rows are products in the order of their places, the oldest first. A base never changes, so what it
answers is kept as long as it serves; what became old since is given with each question and taken out.
Records are read and not mapped: a page needs some dozens that lie far apart, and each would map its
neighbours too.
"""

from __future__ import annotations

import functools
import itertools
import mmap
import os
import uuid
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from catalog.search import matching, records
from catalog.search.columns import Columns, Group, Tally, Values
from catalog.search.matching import NOTHING, Flags, List, Marks, Ranking, Rows
from catalog.search.port import Asked, Walk
from catalog.search.prices import ANY, Prices
from catalog.search.question import Concept
from catalog.search.ranking import Averages, Record
from catalog.search.totals import Totals

BASE: Final = "base"
META: Final = "meta.json"
NO_PRICE: Final = -1
# So many answers of each kind a base remembers, those longest unasked forgotten first.
_KEPT: Final = 1024
_KEPT_ROWS: Final = 6  # these are long
_KEPT_MARKS: Final = 2
_KEPT_LISTS: Final = 8  # as are these, of things with synonyms
# So many rows are looked through at a time for the newest that a filter leaves.
_AT_ONCE: Final = 1 << 15
# So many more than asked are kept of the best, for those that become old.
_SPARE: Final = 40

_NONE: Final = np.zeros(0, np.int32)

Narrowed = tuple[tuple[str, str], ...]
Key = tuple[tuple[Concept, ...], Narrowed, Prices, int]
_Array = npt.NDArray[Any]


class Meta(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a base beside its arrays."""

    totals: Totals
    averages: Averages
    groups: list[Group]
    values: list[list[Values]]  # the combinations of each facet, by their numbers
    counted: list[Narrowed] = []  # by what so many are narrowed that their kinds were counted


def key_of(asked: Asked) -> Key:
    """Return by what an answer is known: whatever is asked, not what changed since."""
    return asked.concepts, tuple(sorted(asked.narrowed.items())), asked.prices, asked.needed


class Base:
    """All products of an index as it was made."""

    def __init__(self, path: Path) -> None:
        meta = msgspec.json.decode((path / META).read_bytes(), type=Meta)
        self.totals, self.averages = meta.totals, meta.averages
        self._records = os.open(path / "records", os.O_RDONLY)
        weakref.finalize(self, os.close, self._records)
        self._spots = _array(path, "spots", np.int64)
        self._places = _array(path, "places", np.int64)
        self._prices = _array(path, "prices", np.int64)
        self._ids = _array(path, "ids", np.uint64)  # the first half of each, ascending
        self._rows_of_ids = _array(path, "id-rows", np.int32)
        self._keys = _array(path, "keys", np.uint64)
        self._starts = _array(path, "starts", np.int64)
        self._rows = _array(path, "rows", np.int32)
        self._often = _array(path, "often", np.float32)
        self._common = _array(path, "common-keys", np.uint64)
        self._long = _array(path, "long-keys", np.uint64)
        self._bits = _array(path, "long-bits", np.uint8).reshape(-1, (self.size + 7) // 8 or 1)
        sizes = [len(each) for each in meta.values]
        counted = _array(path, "common-counts", np.int32)
        self._counted = counted.reshape(-1, sum(sizes))
        self._counted_at = {each: len(self._common) + n for n, each in enumerate(meta.counted)}
        self._facets = np.cumsum(sizes)[:-1]
        columns = [
            _array(path, f"column-{n}", np.min_scalar_type(max(int(np.prod(g.sizes)) - 1, 0)))
            for n, g in enumerate(meta.groups)
        ]
        self.columns = Columns(meta.groups, columns, meta.values)
        self._matching = functools.lru_cache(_KEPT_ROWS)(self._match)
        self._marks = functools.lru_cache(_KEPT_MARKS)(self._mark)
        self._list = functools.lru_cache(_KEPT)(self._read_list)
        self._joined = functools.lru_cache(_KEPT_LISTS)(self._join)
        self._masks = functools.lru_cache(_KEPT)(self._mask)
        self._totals = functools.lru_cache(_KEPT)(self._total)
        self._tallies = functools.lru_cache(_KEPT)(self._tally)
        self._firsts = functools.lru_cache(_KEPT)(self._best)

    @property
    def size(self) -> int:
        """Return how many products it has, with those that are old by now."""
        return len(self._places)

    def record(self, row: int) -> Record:
        """Return the record of a product."""
        begin, end = int(self._spots[row]), int(self._spots[row + 1])
        return Record(self._read(begin, end - begin), 0, end - begin)

    def price(self, row: int) -> int | None:
        """Return the lowest price of a product, if it has one."""
        fen = int(self._prices[row])
        return None if fen == NO_PRICE else fen

    def rows_with(self, number: int) -> Rows:
        """Return the rows that have a word, by its place among all words."""
        return self._rows[self._starts[number] : self._starts[number + 1]]

    def rows_narrowed(self, narrowed: Narrowed) -> Rows:
        """Return the rows that have values of facets, one at least."""
        column, mask = self._masks(narrowed)[0]
        return np.flatnonzero(mask.take(column)).astype(np.int32)

    def frequency(self, word: str) -> int:
        """Return how many products have a word."""
        return len(self._list(records.key(word)).rows)

    def rows_of(self, products: Iterable[uuid.UUID]) -> Rows:
        """Return the rows of those products that are in it, ascending."""
        asked = sorted(each.bytes for each in products)
        first = np.array([int.from_bytes(each[:8]) for each in asked], np.uint64)
        found = []
        for at, product in zip(np.searchsorted(self._ids, first).tolist(), asked, strict=True):
            for place in itertools.count(at):
                if place == self.size or int(self._ids[place]) != int.from_bytes(product[:8]):
                    break
                row = int(self._rows_of_ids[place])
                if self._id(row) == product:
                    found.append(row)
        return np.array(sorted(found), np.int32)

    def total(self, key: Key, old: Rows) -> int:
        """Return how many are found, without what is old."""
        return self._totals(key) - len(self._old(key, old))

    def tally(self, key: Key, old: Rows) -> tuple[int, Tally]:
        """Return how many are found, and of which kinds, without what is old."""
        many, tally = self._tallies(key)
        gone = self._old(key, old)
        if len(gone):
            less = self.columns.tally(gone)
            tally = tuple(a - b for a, b in zip(tally, less, strict=True))
        return many - len(gone), tally

    def best(
        self,
        key: Key,
        weights: tuple[float, ...],
        *,
        most: int,
        after: tuple[float, int, bytes] | None,
        old: Rows,
    ) -> list[Record]:
        """Return the best, exactly, without what is old."""
        if after is None:
            kept = self._firsts(key, weights, most + _SPARE)
            left = _without(kept, old)
            if len(left) >= most or len(kept) < most + _SPARE:
                return [self.record(row) for row in left[:most]]
        behind = None if after is None else (after[0], self._row_at(after[1], after[2]))
        ranked = Ranking(weights, most, behind)
        return [self.record(row) for row in self._ranked(key, ranked, old)]

    def walk(self, key: Key, walk: Walk, old: Rows) -> list[Record]:
        """Return products in the order of their places, without what is old."""
        first, last = 0, self.size
        if walk.after is not None:
            at = self._row_at(walk.after[0], walk.after[1].bytes)
            is_there = at < last and self._id(at) == walk.after[1].bytes
            first, last = (0, at) if walk.is_newest_first else (at + is_there, last)
        found: list[int] = []
        while first < last and len(found) < walk.limit:
            if walk.is_newest_first:
                begin, end = max(first, last - _AT_ONCE), last
                last = begin
            else:
                begin, end = first, min(last, first + _AT_ONCE)
                first = end
            rows = _left(self._within(key, begin, end), old).tolist()
            found += reversed(rows) if walk.is_newest_first else rows
        return [self.record(row) for row in found[: walk.limit]]

    def products_with(self, word: str, *, most: int, old: Rows) -> list[uuid.UUID]:
        """Return some products that have a word."""
        rows = _left(self._list(records.key(word)).rows[: most + len(old)], old)
        return [uuid.UUID(bytes=self._id(row)) for row in rows[:most].tolist()]

    def _within(self, key: Key, begin: int, end: int) -> Rows:
        """Return which rows between two are found."""
        if key[0]:
            rows = self._matching(key)
            return rows[np.searchsorted(rows, begin) : np.searchsorted(rows, end)]
        return self._narrowed(np.arange(begin, end, dtype=np.int32), key)

    def _old(self, key: Key, old: Rows) -> Rows:
        """Return what a question finds among what is old."""
        if not len(old):
            return old
        concepts, *_, needed = key
        rows = old
        if concepts:
            lists = self._lists(concepts)
            rows = matching.matching(lists, least=needed, total=self.size, within=rows)
        return self._narrowed(rows, key)

    def _match(self, key: Key) -> Rows:
        concepts, narrowed, _, needed = key
        if concepts:
            rows = self._standing(concepts, needed)
        elif narrowed:
            rows = self.rows_narrowed(narrowed)
        else:
            rows = np.arange(self.size, dtype=np.int32)
        return self._narrowed(rows, key)

    def _standing(self, concepts: tuple[Concept, ...], least: int) -> Rows:
        """Return the rows that have so many of the things at least."""
        lists = self._lists(concepts)
        if least == len(lists) and matching.is_short(lists):
            return matching.matching(lists, least=least, total=self.size)
        return self._marks(concepts).rows_with(least)

    def _mark(self, concepts: tuple[Concept, ...]) -> Marks:
        return Marks(self._lists(concepts), total=self.size)

    def _total(self, key: Key) -> int:
        before = self._counted_before(key)
        return len(self._matching(key)) if before is None else int(before[0].sum())

    def _narrowed(self, rows: Rows, key: Key) -> Rows:
        _, narrowed, prices, _ = key
        for column, mask in self._masks(narrowed):
            rows = rows.compress(mask.take(column.take(rows)))
        if prices != ANY:
            fen = self._prices.take(rows)
            lowest = 0 if prices.from_fen is None else prices.from_fen
            within = fen >= lowest
            if prices.to_fen is not None:
                within &= fen <= prices.to_fen
            rows = rows.compress(within)
        return rows

    def _mask(self, narrowed: tuple[tuple[str, str], ...]) -> list[tuple[_Array, _Array]]:
        return self.columns.masks(dict(narrowed))

    def _tally(self, key: Key) -> tuple[int, Tally]:
        before = self._counted_before(key)
        if before is not None:
            return int(before[0].sum()), before
        rows = self._matching(key)
        return len(rows), self.columns.tally(rows)

    def _counted_before(self, key: Key) -> Tally | None:
        """Return of which kinds those are that have one common word or value, if that is all that is asked."""
        concepts, narrowed, prices, _ = key
        if prices != ANY:
            return None
        if not concepts:
            at = self._counted_at.get(narrowed)
        elif len(concepts) == 1 and _is_one_word(concepts[0]) and not narrowed:
            at = _place(self._common, records.key(concepts[0].ways[0][0]))
        else:
            return None
        if at is None:
            return None
        return tuple(np.split(self._counted[at].astype(np.int64), self._facets))

    def _best(self, key: Key, weights: tuple[float, ...], most: int) -> list[int]:
        return self._ranked(key, Ranking(weights, most), _NONE)

    def _ranked(self, key: Key, ranked: Ranking, old: Rows) -> list[int]:
        concepts, narrowed, prices, needed = key

        def matched(least: int) -> Rows:
            return _left(self._matching((concepts, narrowed, prices, least)), old)

        def marked(marks: Flags) -> Rows:
            return _left(self._narrowed(self._marks(concepts).rows(marks), key), old)

        found = matching.best(
            self._lists(concepts), matched, marked, ranked, least=needed, total=self.size
        )
        return [row for _, row in found]

    def _lists(self, concepts: Sequence[Concept]) -> list[List]:
        return [
            self._list(records.key(concept.ways[0][0]))
            if _is_one_word(concept)
            else self._joined(concept)
            for concept in concepts
        ]

    def _join(self, concept: Concept) -> List:
        ways = [[self._list(records.key(word)) for word in way] for way in concept.ways]
        return matching.any_of(
            [matching.all_of(way, total=self.size) for way in ways], total=self.size
        )

    def _read_list(self, key: bytes) -> List:
        at = _place(self._keys, key)
        if at is None:
            return NOTHING
        begin, end = self._starts[at], self._starts[at + 1]
        long = _place(self._long, key)
        bits = None if long is None else self._bits[long]
        return List(self._rows[begin:end], self._often[begin:end], bits)

    def _id(self, row: int) -> bytes:
        head = self._read(int(self._spots[row]), records.HEAD_LENGTH)
        return records.read_head(head, 0)[0]

    def _read(self, begin: int, length: int) -> bytes:
        return os.pread(self._records, length, begin)

    def _row_at(self, place: int, product: bytes) -> int:
        """Return the first row that is not before a place and an id."""
        at = int(np.searchsorted(self._places, place))
        while at < self.size and int(self._places[at]) == place and self._id(at) < product:
            at += 1
        return at


def _is_one_word(concept: Concept) -> bool:
    return len(concept.ways) == len(concept.ways[0]) == 1


def _place(keys: _Array, key: bytes) -> int | None:
    """Return where a word stands among others."""
    number = np.uint64(int.from_bytes(key))
    at = int(np.searchsorted(keys, number))
    return at if at < len(keys) and keys[at] == number else None


def _left(rows: Rows, old: Rows) -> Rows:
    """Return rows without those that are old; both ascend."""
    if not len(old) or not len(rows):
        return rows
    at = np.minimum(np.searchsorted(rows, old), len(rows) - 1)
    gone = at[rows[at] == old]
    return np.delete(rows, gone) if len(gone) else rows


def _without(kept: Sequence[int], old: Rows) -> list[int]:
    gone = set(old.tolist()) if len(old) else ()
    return [row for row in kept if row not in gone]


def _mapped(path: Path) -> mmap.mmap | bytes:
    size = path.stat().st_size
    if not size:
        return b""
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)


def _array(path: Path, name: str, of: npt.DTypeLike) -> _Array:
    return np.frombuffer(_mapped(path / name), of)
