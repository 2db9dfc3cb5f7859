"""Ask the tail of an index: what came or changed since its base was made, as tantivy has it."""

from __future__ import annotations

import functools
import mmap
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from tantivy import FieldType, Occur, Order, Query, Schema, Searcher, SearchResult

from catalog.search import facets, records
from catalog.search.disk.base import Key, key_of
from catalog.search.disk.layout import PUBLIC, VOCABULARY, read_spot
from catalog.search.facets import ALL
from catalog.search.port import Alike, Asked, Counts, Guess, Walk
from catalog.search.prices import Prices
from catalog.search.question import Concept
from catalog.search.ranking import Record
from catalog.search.totals import counted_field

# Places may lie on more than one product; so many more are looked at than are wanted.
_TIES: Final = 64
# So many answers of each kind a view remembers, those longest unasked forgotten first.
_KEPT: Final = 512
# So many values of a facet are told: a tail is short, so these are all.
_ALL_VALUES: Final = 65_000

NOTHING: Final = Counts(0, {facet.name: {} for facet in ALL})


class Tail:
    """What changed since a base was made, as one commit left it.

    What it finds never changes, so it is kept: questions come again, those that only browse above
    all. What changed since is taken out of an answer afterwards, exactly.
    """

    def __init__(
        self, searcher: Searcher, schema: Schema, mapped: mmap.mmap | bytes, *, size: int
    ) -> None:
        self._searcher = searcher
        self._schema = schema
        self._data = mapped
        self.size = size
        self._found = functools.lru_cache(_KEPT)(self._find)
        self._newest = functools.lru_cache(_KEPT)(self._find_newest)
        self._totals = functools.lru_cache(_KEPT)(self._total)
        self._counts = functools.lru_cache(_KEPT)(self._count)

    def frequency(self, word: str) -> int:
        """Return how many products have a word."""
        return self._searcher.doc_freq("words", word) if self.size else 0

    def candidates(self, asked: Asked) -> list[Record]:
        """Return all that are found: which are the best is said by who ranks them."""
        return self._without(asked, self._found(key_of(asked))) if self.size else []

    def walk(self, asked: Asked, *, walk: Walk) -> list[Record]:
        """Return products in the order of their places."""
        if not self.size:
            return []
        key, most = key_of(asked), walk.limit + _TIES
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

    def total(self, asked: Asked) -> int:
        """Return how many there are."""
        if not self.size:
            return 0
        key = key_of(asked)
        if not asked.without:
            return self._totals(key)
        return self._totals(key) - _count(self._searcher.search(self._changed(asked, key), 1))

    def count(self, asked: Asked) -> Counts:
        """Return how many there are, and of which kinds."""
        if not self.size:
            return NOTHING
        key = key_of(asked)
        counts = self._counts(key)
        if not asked.without:
            return counts
        return counts.minus(self._count_now(self._changed(asked, key), asked.narrowed))

    def products_alike(self, guess: Guess, *, most: int) -> list[uuid.UUID]:
        """Return some products that have a word like a guess."""
        # Who may see a product counts here too: what is hidden lends its words to nobody.
        parts = [
            (Occur.Must, self._unscored("readers", PUBLIC)),
            (Occur.Must, self._like("words", guess)),
        ]
        found = self._searcher.search(Query.boolean_query(parts), most, count=False)
        heads = (records.read_head(each.data, each.start) for each in self._records(found))
        return [uuid.UUID(bytes=product) for product, *_ in heads]

    def words_alike(self, guess: Guess, *, most: int) -> list[str]:
        """Return some words of the base that are like a guess."""
        hits = self._searcher.search(self._like(VOCABULARY, guess), most, count=False).hits
        return [str(self._searcher.doc(address)[VOCABULARY][0]) for _, address in hits]

    def _like(self, field: str, guess: Guess) -> Query:
        word = guess.word
        if guess.alike is Alike.SLIPS:
            return Query.fuzzy_term_query(self._schema, field, word, guess.slips)
        if guess.alike is Alike.BEGINS:
            return Query.regex_query(self._schema, field, f"{word}.+")
        # Characters and digits alone: nothing in them is special to the pattern.
        patterns = [f"{word[:place]}.{word[place + 1 :]}" for place in range(len(word))]
        return Query.regex_query(self._schema, field, f"({'|'.join(patterns)})")

    def _find(self, key: Key) -> tuple[Record, ...]:
        return self._records(self._searcher.search(self._query(key), self.size, count=False))

    def _find_newest(self, key: Key, is_newest_first: bool, most: int) -> tuple[Record, ...]:
        return self._in_order(self._query(key), is_newest_first, most)

    def _in_order(self, query: Query, is_newest_first: bool, most: int) -> tuple[Record, ...]:
        order = Order.Desc if is_newest_first else Order.Asc
        found = self._searcher.search(query, most, count=False, order_by_field="place", order=order)
        return self._records(found)

    def _total(self, key: Key) -> int:
        return _count(self._searcher.search(self._query(key), 1))

    def _count(self, key: Key) -> Counts:
        return self._count_now(self._query(key), dict(key[1]))

    def _count_now(self, query: Query, narrowed: Mapping[str, str]) -> Counts:
        total = _count(self._searcher.search(query, 1))
        asking = {
            facet.name: {"terms": {"field": counted_field(facet, narrowed), "size": _ALL_VALUES}}
            for facet in ALL
            if facets.step(facet, narrowed) < facets.steps(facet)  # below the last is nothing
        }
        told = self._searcher.aggregate(query, asking) if total else {}
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

    def _changed(self, asked: Asked, key: Key) -> Query:
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

    def _query(self, key: Key) -> Query:
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


def _count(found: SearchResult) -> int:
    count: int = found.count  # type: ignore[attr-defined]  # which its stubs forget
    return count
