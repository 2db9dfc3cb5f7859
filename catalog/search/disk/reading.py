"""Ask the index of a directory: every process of a host does."""

from __future__ import annotations

import functools
import mmap
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

from tantivy import FieldType, Index, Occur, Order, Query, Schema, Searcher, SearchResult

from catalog.search import records
from catalog.search.disk.layout import (
    CURRENT,
    LAYOUT,
    PUBLIC,
    RECORDS,
    current,
    read_spot,
    schema,
    state_of,
)
from catalog.search.facets import ALL
from catalog.search.overlay import Overlay
from catalog.search.port import (
    CANDIDATES,
    FACET_VALUES,
    Alike,
    Asked,
    Candidates,
    Counts,
    Frequencies,
    Guess,
    Walk,
)
from catalog.search.prices import ANY, Prices
from catalog.search.question import Concept
from catalog.search.ranking import Record
from catalog.search.totals import State, counted_field

_ATTEMPTS: Final = 5
# Places may lie on more than one product; so many more are looked at than are wanted.
_TIES: Final = 64
# So many answers of each kind a view remembers, those longest unasked forgotten first.
_KEPT: Final = 512


class _Generation:
    """One index in its directory, as one process has it open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.schema = schema()
        self.index = Index(self.schema, str(path))
        self.index.config_reader(reload_policy="manual")
        self._committed: int | None = None
        self._mapped: mmap.mmap | bytes = b""
        self._view: TantivyView | None = None

    def view(self) -> TantivyView | None:
        """Return its newest commit; None if it has none yet."""
        committed = (self.path / "meta.json").stat().st_mtime_ns
        if committed != self._committed:
            self.index.reload()
            searcher = self.index.searcher()
            state = state_of(searcher, self.schema)
            if state is not None:
                self._view = TantivyView(searcher, self.schema, state, self._records())
            self._committed = committed
        return self._view

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

    def view(self) -> TantivyView | None:
        """Return the newest commit; None as long as there is no index."""
        for _ in range(_ATTEMPTS):
            try:
                return self._current_view()
            except FileNotFoundError:
                self._named = None  # swapped just now, and the old one removed
        return None

    def _current_view(self) -> TantivyView | None:
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
            self._generation = _Generation(self.directory / current(self.directory))
            self._named = named
        return self._generation


_Key = tuple[tuple[Concept, ...], tuple[tuple[str, str], ...], Prices, int]


class TantivyView:
    """An index as one commit left it.

    What it finds never changes, so it is kept: questions come again, those that only browse above
    all. What changed since is taken out of an answer afterwards, exactly.
    """

    def __init__(
        self, searcher: Searcher, schema: Schema, state: State, mapped: mmap.mmap | bytes
    ) -> None:
        self._searcher = searcher
        self._schema = schema
        self._data = mapped
        self.state = state
        self.overlay = Overlay(state.position)
        self._first = functools.lru_cache(_KEPT)(self._find_first)
        self._newest = functools.lru_cache(_KEPT)(self._find_newest)
        self._counts = functools.lru_cache(_KEPT)(self._count)

    @property
    def position(self) -> str:
        """Return the database's snapshot that it holds."""
        return self.state.position

    async def frequencies(self, words: Sequence[str]) -> Frequencies:
        """Return how often words are."""
        return Frequencies(
            self.state.totals.count,
            {word: self._searcher.doc_freq("words", word) for word in words},
            self.state.totals.averages,
        )

    async def candidates(self, asked: Asked) -> Candidates:
        """Return the best by what tantivy knows."""
        count, found = self._first(_key(asked))
        if asked.without and count:
            count -= _count(self._searcher.search(self._changed(asked, _key(asked)), 1))
        return Candidates(count, self._without(asked, found))

    async def walk(self, asked: Asked, *, walk: Walk) -> list[Record]:
        """Return products in the order of their places."""
        key, most = _key(asked), walk.limit + _TIES
        if walk.after is None:
            found = self._newest(key, walk.is_newest_first, most)
            left = self._without(asked, found)
            if len(left) >= walk.limit or len(found) < most:
                return left
        parts = [(Occur.Must, self._query(key)), *self._left_out(asked)]
        if walk.after is not None:
            bound = {"upper_bound" if walk.is_newest_first else "lower_bound": walk.after[0]}
            within = Query.range_query(self._schema, "place", FieldType.Integer, **bound)  # type: ignore[arg-type]
            parts.append((Occur.Must, within))
        return list(self._in_order(Query.boolean_query(parts), walk.is_newest_first, most))

    async def count(self, asked: Asked) -> Counts:
        """Return how many there are, and of which kinds."""
        key = _key(asked)
        counts = self._counts(key)
        if not asked.without:
            return counts
        old = self._count_now(self._changed(asked, key), asked.narrowed)
        left = counts.minus(old)
        if left.is_certain_of(counts):
            return left
        parts = [(Occur.Must, self._query(key)), *self._left_out(asked)]
        return self._count_now(Query.boolean_query(parts), asked.narrowed)

    async def alike(self, guesses: Sequence[Guess], *, limit: int) -> list[uuid.UUID]:
        """Return some products that have a word like one of the guesses."""
        found: dict[uuid.UUID, None] = {}
        for guess in guesses:
            # Who may see a product counts here too: what is hidden lends its words to nobody.
            parts = [
                (Occur.Must, self._unscored("readers", PUBLIC)),
                (Occur.Must, self._like(guess)),
            ]
            hits = self._searcher.search(Query.boolean_query(parts), limit, count=False)
            for record in self._records(hits):
                product, *_ = records.read_head(record.data, record.start)
                found[uuid.UUID(bytes=product)] = None
        return list(found)

    def _like(self, guess: Guess) -> Query:
        word = guess.word
        if guess.alike is Alike.SLIPS:
            return Query.fuzzy_term_query(self._schema, "words", word, guess.slips)
        if guess.alike is Alike.BEGINS:
            return Query.regex_query(self._schema, "words", f"{word}.+")
        # Characters and digits alone: nothing in them is special to the pattern.
        patterns = [f"{word[:place]}.{word[place + 1 :]}" for place in range(len(word))]
        return Query.regex_query(self._schema, "words", f"({'|'.join(patterns)})")

    def _find_first(self, key: _Key) -> tuple[int, tuple[Record, ...]]:
        concepts, *_, needed = key
        all_of_it = needed == len(concepts)
        found = self._searcher.search(self._query(key), CANDIDATES, count=all_of_it)
        return _count(found) if all_of_it else 0, self._records(found)

    def _find_newest(self, key: _Key, is_newest_first: bool, most: int) -> tuple[Record, ...]:
        return self._in_order(self._query(key), is_newest_first, most)

    def _in_order(self, query: Query, is_newest_first: bool, most: int) -> tuple[Record, ...]:
        order = Order.Desc if is_newest_first else Order.Asc
        found = self._searcher.search(query, most, count=False, order_by_field="place", order=order)
        return self._records(found)

    def _count(self, key: _Key) -> Counts:
        concepts, narrowed, prices, needed = key
        if not concepts and not narrowed and prices == ANY:
            return self.state.totals.counts
        total = self._first(key)[0] if concepts and needed == len(concepts) else None
        return self._count_now(self._query(key), dict(narrowed), total)

    def _count_now(
        self, query: Query, narrowed: Mapping[str, str], total: int | None = None
    ) -> Counts:
        if total is None:
            total = _count(self._searcher.search(query, 1))
        fields = {
            facet.name: field
            for facet in ALL
            if (field := counted_field(facet, narrowed)) in self.state.totals.kinds
        }
        asking = {
            name: {"terms": {"field": field, "size": FACET_VALUES}}
            for name, field in fields.items()
        }
        told = self._searcher.aggregate(query, asking) if total and asking else {}
        return Counts(
            total,
            {
                facet.name: {
                    str(bucket["key"]): int(bucket["doc_count"])
                    for bucket in told.get(facet.name, {}).get("buckets", ())
                }
                for facet in ALL
            },
        )

    def _changed(self, asked: Asked, key: _Key) -> Query:
        """Return the query for those old versions that a question finds."""
        return Query.boolean_query(
            [(Occur.Must, self._ids(asked.without)), (Occur.Must, self._query(key))]
        )

    def _left_out(self, asked: Asked) -> list[tuple[Occur, Query]]:
        return [(Occur.MustNot, self._ids(asked.without))] if asked.without else []

    def _ids(self, products: Iterable[uuid.UUID]) -> Query:
        return Query.term_set_query(self._schema, "id", [str(each) for each in products])

    def _without(self, asked: Asked, found: Sequence[Record]) -> list[Record]:
        if not asked.without:
            return list(found)
        old = {each.bytes for each in asked.without}
        return [each for each in found if records.read_head(each.data, each.start)[0] not in old]

    def _records(self, found: SearchResult) -> tuple[Record, ...]:
        addresses = [address for _, address in found.hits]
        places = self._searcher.fast_field_values("record", addresses) if addresses else []
        at = (read_spot(place) for place in places)
        return tuple([Record(self._data, start, start + length) for start, length in at])

    def _query(self, key: _Key) -> Query:
        concepts, narrowed, prices, needed = key
        # Who may see a product is a condition like any other: nothing is taken out afterwards.
        parts = [(Occur.Must, self._unscored("readers", PUBLIC))]
        parts += [(Occur.Must, self._unscored(facet, value)) for facet, value in narrowed]
        parts += [(Occur.Must, query) for query in self._priced(prices)]
        wanted = [self._concept(each) for each in concepts]
        if needed == len(wanted):
            parts += [(Occur.Must, each) for each in wanted]
        else:
            some = [(Occur.Should, each) for each in wanted]
            parts.append((Occur.Must, Query.boolean_query(some, needed)))
        return Query.boolean_query(parts)

    def _priced(self, prices: Prices) -> list[Query]:
        bounds = {"lower_bound": prices.from_fen, "upper_bound": prices.to_fen}
        ends = {name: fen for name, fen in bounds.items() if fen is not None}
        if not ends:
            return []
        within = Query.range_query(self._schema, "price_fen", FieldType.Integer, **ends)  # type: ignore[arg-type]
        return [Query.const_score_query(within, 0.0)]

    def _unscored(self, field: str, value: str) -> Query:
        return Query.const_score_query(Query.term_query(self._schema, field, value, "basic"), 0.0)

    def _concept(self, concept: Concept) -> Query:
        ways = [self._way(way) for way in concept.ways]
        return ways[0] if len(ways) == 1 else Query.disjunction_max_query(ways)

    def _way(self, way: tuple[str, ...]) -> Query:
        words = [Query.term_query(self._schema, "words", word, "freq") for word in way]
        if len(words) == 1:
            return words[0]
        return Query.boolean_query([(Occur.Must, word) for word in words])


def _key(asked: Asked) -> _Key:
    return asked.concepts, tuple(sorted(asked.narrowed.items())), asked.prices, asked.needed


def _count(found: SearchResult) -> int:
    count: int = found.count  # type: ignore[attr-defined]  # which its stubs forget
    return count
