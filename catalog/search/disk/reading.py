"""Ask the index of a directory: every process of a host does."""

from __future__ import annotations

import functools
import mmap
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from tantivy import Index

from catalog.search import facets
from catalog.search.disk.base import BASE, Base, Key, key_of
from catalog.search.disk.layout import CURRENT, LAYOUT, OLD, RECORDS, current, schema, state_of
from catalog.search.disk.tail import Tail
from catalog.search.matching import Rows
from catalog.search.overlay import Overlay
from catalog.search.port import (
    FACET_VALUES,
    Asked,
    Candidates,
    Counts,
    Frequencies,
    Guess,
    Ranking,
    Walk,
)
from catalog.search.ranking import Record
from catalog.search.totals import State

_ATTEMPTS: Final = 5
_KEPT: Final = 512
# A tail this many times shorter than its base does not change what a word weighs.
_SHORTER: Final = 10
# [P] ranked by numbers of an index that was made anew since, so many of its best are looked at.
_RANKED_ANEW: Final = 20_000


class _Generation:
    """One index in its directory, as one process has it open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.schema = schema()
        self.index = Index(self.schema, str(path))
        self.index.config_reader(reload_policy="manual")
        self.base = Base(path / BASE)
        self._committed: int | None = None
        self._mapped: mmap.mmap | bytes = b""
        self._view: DiskView | None = None

    def view(self) -> DiskView | None:
        """Return its newest commit; None if it has none yet."""
        committed = (self.path / "meta.json").stat().st_mtime_ns
        if committed != self._committed:
            self.index.reload()
            searcher = self.index.searcher()
            state = state_of(searcher, self.schema)
            if state is not None:
                changed = state.totals.count - (self.base.size - state.old)
                tail = Tail(searcher, self.schema, self._records(), size=changed)
                self._view = DiskView(self.base, tail, state, self._old(state.old))
            self._committed = committed
        return self._view

    def _old(self, count: int) -> Rows:
        return np.sort(np.fromfile(self.path / OLD, np.int32, count))

    def _records(self) -> mmap.mmap | bytes:
        path = self.path / RECORDS
        size = path.stat().st_size
        if size > len(self._mapped):
            with path.open("rb") as file:
                self._mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
        return self._mapped


class TantivyIndex:
    """The index of a directory: asked by every process of a host, written by one of them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._generation: _Generation | None = None
        self._named: tuple[int, int] | None = None

    def view(self) -> DiskView | None:
        """Return the newest commit; None as long as there is no index."""
        for _ in range(_ATTEMPTS):
            try:
                return self._current_view()
            except FileNotFoundError:
                self._named = None  # swapped just now, and the old one removed
        return None

    def _current_view(self) -> DiskView | None:
        generation = self._open_current()
        view = None if generation is None else generation.view()
        return None if view is None or view.state.layout != LAYOUT else view

    def _open_current(self) -> _Generation | None:
        try:
            found = (self.directory / CURRENT).stat()
        except FileNotFoundError:
            return None
        named = (found.st_ino, found.st_mtime_ns)
        if named != self._named:
            self._generation = self._opened(self.directory / current(self.directory))
            self._named = named
        return self._generation

    def _opened(self, path: Path) -> _Generation:
        """Return the index in a directory.

        :raises FileNotFoundError: if it was removed meanwhile: tantivy says that otherwise.
        """
        try:
            return _Generation(path)
        except ValueError as error:
            if path.exists():
                raise
            raise FileNotFoundError(path) from error


class DiskView:
    """An index as one commit left it: its base without what is old, and its tail."""

    def __init__(self, base: Base, tail: Tail, state: State, old: Rows) -> None:
        self._base = base
        self._tail = tail
        self._dead = old
        self.state = state
        self.overlay = Overlay(state.position)
        self._old = functools.lru_cache(_KEPT)(self._find_old)
        self._counts = functools.lru_cache(_KEPT)(self._count)

    @property
    def position(self) -> str:
        """Return the database's snapshot that it holds."""
        return self.state.position

    async def frequencies(self, words: Sequence[str]) -> Frequencies:
        """Return how often words are.

        As long as the tail is short these are numbers of the base, which do not change with each
        commit: what was ranked by them is kept, and the next page is ranked as the one before.
        """
        base, tail = self._base, self._tail
        averages = base.averages if base.size >= tail.size else self.state.totals.averages
        if _SHORTER * tail.size <= base.size:
            of_words = {word: base.frequency(word) or tail.frequency(word) for word in words}
            return Frequencies(base.size, of_words, averages)
        of_words = {word: base.frequency(word) + tail.frequency(word) for word in words}
        return Frequencies(base.size + tail.size, of_words, averages)

    async def candidates(self, asked: Asked, *, by: Ranking) -> Candidates:
        """Return the best of the base, and all of the tail that is found: it is short."""
        all_of_it = asked.needed == len(asked.concepts)
        found: list[Record] = []
        # Who asks for some asks for any too, among which are the best of all.
        if all_of_it or asked.needed == 1:
            is_ours = by.averages == self._base.averages
            found = self._tail.candidates(asked)
            found += self._base.best(
                key_of(asked),
                by.weights,
                most=by.most if is_ours else _RANKED_ANEW,
                after=by.after if is_ours else None,
                old=self._old(asked.without),
            )
        return Candidates(await self.total(asked) if all_of_it else 0, found)

    async def walk(self, asked: Asked, *, walk: Walk) -> list[Record]:
        """Return products in the order of their places."""
        old = self._old(asked.without)
        there = self._base.walk(key_of(asked), walk, old)
        return there + self._tail.walk(asked, walk=walk)

    async def total(self, asked: Asked) -> int:
        """Return how many there are."""
        old = self._old(asked.without)
        return self._base.total(key_of(asked), old) + self._tail.total(asked)

    async def count(self, asked: Asked) -> Counts:
        """Return how many there are, and of which kinds."""
        if not asked.without:
            return self._counts(key_of(asked))
        return self._counted(asked)

    async def alike(self, guesses: Sequence[Guess], *, limit: int) -> list[uuid.UUID]:
        """Return some products that have a word like one of the guesses."""
        found: dict[uuid.UUID, None] = {}
        for guess in guesses:
            products = self._tail.products_alike(guess, most=limit)
            words = self._tail.words_alike(guess, most=limit)
            for word in words:
                most = max(limit // len(words), 1)
                products += self._base.products_with(word, most=most, old=self._dead)
            found |= dict.fromkeys(products)
        return list(found)

    def _find_old(self, without: frozenset[uuid.UUID]) -> Rows:
        if not without:
            return self._dead
        return np.union1d(self._dead, self._base.rows_of(without))

    def _count(self, key: Key) -> Counts:
        concepts, narrowed, prices, needed = key
        return self._counted(
            Asked(concepts=concepts, narrowed=dict(narrowed), prices=prices, least=needed)
        )

    def _counted(self, asked: Asked) -> Counts:
        many, tally = self._base.tally(key_of(asked), self._old(asked.without))
        changed = self._tail.count(asked)
        # With what is in the tail others may be the commonest.
        most = self._base.size if changed.total else FACET_VALUES
        told = self._base.columns.told(tally, asked.narrowed, most=max(most, 1))
        for name, values in changed.facets.items():
            counted = told[name]
            for value, count in values.items():
                counted[value] = counted.get(value, 0) + count
            if len(counted) > FACET_VALUES:
                told[name] = facets.commonest(counted, FACET_VALUES)
        return Counts(many + changed.total, told)
