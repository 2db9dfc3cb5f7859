"""Keep an index of the catalogue in files (检索索引): tantivy's, and beside it the records that are ranked.

A directory holds one index at a time, and the next one while it is built; a file names which counts.
Whoever holds the lock writes, everybody reads: each commit says in itself which of the database's
commits it holds, so a reader knows at every moment what it does not know yet. Nothing here is worth
a backup: all of it can be made again.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import secrets
import shutil
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any, Final

import msgspec
from tantivy import (
    Document,
    FieldType,
    Index,
    Occur,
    Order,
    Query,
    Schema,
    SchemaBuilder,
    Searcher,
    SearchResult,
)

from catalog.search import records
from catalog.search.facets import ALL, Facet, counted
from catalog.search.port import (
    CANDIDATES,
    FACET_VALUES,
    FEW,
    Alike,
    Asked,
    Candidates,
    Counts,
    Frequencies,
    Guess,
    Record,
    Walk,
)
from catalog.search.question import Concept
from catalog.search.ranking import Averages

# What is made by other rules than these is made anew.
LAYOUT: Final = "4"
_STATE: Final = "state"
_PUBLIC: Final = "public"
_CURRENT: Final = "current"
_RECORDS: Final = "records"
_LENGTH_BITS: Final = 24
_MERGED_EVERY: Final = 50_000_000  # bytes that tantivy collects before it writes them out
# Old versions of records stay in their file; when they outgrow the living, all is made anew.
_WASTE_BYTES: Final = 64 * 1024 * 1024
_ATTEMPTS: Final = 5
# Places may lie on more than one product; so many more are looked at than are wanted.
_TIES: Final = 64


class IndexedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A product as it comes from the database to be indexed."""

    product_id: uuid.UUID
    place: int
    terms: str  # the literal of a tsvector
    facets: tuple[tuple[str, ...], ...]  # the values of each, in the order of ``facets.ALL``
    price_fen: int | None = None


class Totals(msgspec.Struct, frozen=True):
    """How much is in an index: for averages, and to know when there is more waste than use."""

    count: int = 0
    size_bytes: int = 0
    words: tuple[int, int, int] = (0, 0, 0)  # in titles, labels, texts
    filled: tuple[int, int, int] = (0, 0, 0)  # how many products have any there

    def plus(self, lengths: tuple[int, int, int], size_bytes: int, sign: int = 1) -> Totals:
        """Return them with one product more, or less."""
        title, labels, text = lengths
        words, filled = self.words, self.filled
        return Totals(
            self.count + sign,
            self.size_bytes + sign * size_bytes,
            (words[0] + sign * title, words[1] + sign * labels, words[2] + sign * text),
            (
                filled[0] + sign * bool(title),
                filled[1] + sign * bool(labels),
                filled[2] + sign * bool(text),
            ),
        )

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
    totals: Totals = Totals()


def _schema() -> Schema:
    builder = SchemaBuilder()
    builder.add_text_field("id", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("words", tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("readers", tokenizer_name="raw", index_option="basic")
    for facet in ALL:
        builder.add_text_field(facet.name, tokenizer_name="raw", fast=True, index_option="basic")
    builder.add_integer_field("place", fast=True, indexed=True)
    builder.add_integer_field("price_fen", fast=True, indexed=True)
    builder.add_unsigned_field("record", fast=True)
    builder.add_text_field(_STATE, stored=True, tokenizer_name="raw", index_option="basic")
    return builder.build()


class _Generation:
    """One index in its directory, as one process has it open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.schema = _schema()
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
            state = _state_of(searcher, self.schema)
            if state is not None:
                self._view = TantivyView(searcher, self.schema, state, self._records())
            self._committed = committed
        return self._view

    def _records(self) -> mmap.mmap | bytes:
        path = self.path / _RECORDS
        size = path.stat().st_size
        if size > len(self._mapped):
            with path.open("rb") as file:
                self._mapped = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
        return self._mapped


def _state_of(searcher: Searcher, schema: Schema) -> State | None:
    hits = searcher.search(Query.term_query(schema, "id", _STATE, "basic"), 1).hits
    if not hits:
        return None
    return msgspec.json.decode(searcher.doc(hits[0][1])[_STATE][0], type=State)


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
            found = (self.directory / _CURRENT).stat()
        except FileNotFoundError:
            return None
        named = (found.st_ino, found.st_mtime_ns)
        if named != self._named:
            self._generation = _Generation(self.directory / current(self.directory))
            self._named = named
        return self._generation


def current(directory: Path) -> str:
    """Return the name of the index that counts.

    :raises FileNotFoundError: if there is none.
    """
    return (directory / _CURRENT).read_text("ascii").strip()


class TantivyView:
    """An index as one commit left it."""

    def __init__(
        self, searcher: Searcher, schema: Schema, state: State, mapped: mmap.mmap | bytes
    ) -> None:
        self._searcher = searcher
        self._schema = schema
        self._data = mapped
        self.state = state

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
        """Return the best that have everything, and if they are few the best that have a part."""
        found = self._searcher.search(self._query(asked, every=True), CANDIDATES)
        every = _count(found)
        addresses = [address for _, address in found.hits]
        if every < FEW and len(asked.concepts) > 1:
            part = self._searcher.search(self._query(asked, every=False), CANDIDATES, count=False)
            addresses += [address for _, address in part.hits]
        places = dict.fromkeys(self._searcher.fast_field_values("record", addresses))
        return Candidates(every, [self._record(place) for place in places])

    async def walk(self, asked: Asked, *, every: bool, walk: Walk) -> list[Record]:
        """Return products in the order of their places."""
        parts = [(Occur.Must, self._query(asked, every=every))]
        if walk.after is not None:
            bound = {"upper_bound" if walk.is_newest_first else "lower_bound": walk.after[0]}
            within = Query.range_query(self._schema, "place", FieldType.Integer, **bound)  # type: ignore[arg-type]
            parts.append((Occur.Must, within))
        found = self._searcher.search(
            Query.boolean_query(parts),
            walk.limit + _TIES,
            count=False,
            order_by_field="place",
            order=Order.Desc if walk.is_newest_first else Order.Asc,
        )
        addresses = [address for _, address in found.hits]
        return [
            self._record(place) for place in self._searcher.fast_field_values("record", addresses)
        ]

    async def count(self, asked: Asked, *, every: bool) -> Counts:
        """Return how many there are, and of which kinds."""
        query = self._query(asked, every=every)
        total = _count(self._searcher.search(query, 1))
        asking = {facet.name: {"terms": _asking(facet, asked)} for facet in ALL}
        told = self._searcher.aggregate(query, asking)
        return Counts(
            total,
            {
                name: {str(b["key"]): int(b["doc_count"]) for b in told[name]["buckets"]}
                for name in asking
            },
        )

    async def alike(self, guesses: Sequence[Guess], *, limit: int) -> list[uuid.UUID]:
        """Return some products that have a word like one of the guesses."""
        found: dict[uuid.UUID, None] = {}
        for guess in guesses:
            # Who may see a product counts here too: what is hidden lends its words to nobody.
            parts = [
                (Occur.Must, self._unscored("readers", _PUBLIC)),
                (Occur.Must, self._like(guess)),
            ]
            hits = self._searcher.search(Query.boolean_query(parts), limit, count=False).hits
            addresses = [address for _, address in hits]
            for place in self._searcher.fast_field_values("record", addresses):
                found[records.read_head(self._data, _at(place)[0]).product_id] = None
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

    def _record(self, place: Any) -> Record:
        start, length = _at(place)
        return Record(self._data, start, start + length)

    def _query(self, asked: Asked, *, every: bool) -> Query:
        # Who may see a product is a condition like any other: nothing is taken out afterwards.
        parts = [(Occur.Must, self._unscored("readers", _PUBLIC))]
        parts += [
            (Occur.Must, self._unscored(facet, value)) for facet, value in asked.narrowed.items()
        ]
        parts += [(Occur.Must, query) for query in self._priced(asked)]
        concepts = [self._concept(each) for each in asked.concepts]
        if every:
            parts += [(Occur.Must, concept) for concept in concepts]
        elif concepts:
            parts.append(
                (Occur.Must, Query.boolean_query([(Occur.Should, each) for each in concepts]))
            )
        if asked.without:
            ids = [str(each) for each in asked.without]
            parts.append((Occur.MustNot, Query.term_set_query(self._schema, "id", ids)))
        return Query.boolean_query(parts)

    def _priced(self, asked: Asked) -> list[Query]:
        bounds = {"lower_bound": asked.prices.from_fen, "upper_bound": asked.prices.to_fen}
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


def _at(place: Any) -> tuple[int, int]:
    return place >> _LENGTH_BITS, place & ((1 << _LENGTH_BITS) - 1)


def _asking(facet: Facet, asked: Asked) -> dict[str, Any]:
    pattern = counted(facet, asked.narrowed)
    return {"field": facet.name, "size": FACET_VALUES} | ({"include": pattern} if pattern else {})


def _count(found: SearchResult) -> int:
    count: int = found.count  # type: ignore[attr-defined]  # which its stubs forget
    return count


class IndexWriter:
    """Write one generation: the rows of a batch, then one commit that says up to where."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._schema = _schema()
        self._index = Index(self._schema, str(path))
        self._index.config_reader(reload_policy="manual")
        self._writer = self._index.writer(_MERGED_EVERY, 1)
        self._file: IO[bytes] = (path / _RECORDS).open("ab")
        self._index.reload()
        self._searcher = self._index.searcher()
        self.state = _state_of(self._searcher, self._schema)
        self._totals = self.state.totals if self.state else Totals()

    @property
    def is_wasteful(self) -> bool:
        """Tell whether old versions take much more room than what is in use."""
        return self._file.tell() > 2 * self._totals.size_bytes + _WASTE_BYTES

    def put(self, rows: Iterable[IndexedRow], gone: Sequence[uuid.UUID]) -> None:
        """Index rows in place of what was there, and take out what is gone."""
        rows = list(rows)
        self._take_out([*(row.product_id for row in rows), *gone])
        for row in rows:
            self._add(row)

    def add_new(self, rows: Iterable[IndexedRow]) -> None:
        """Index rows of products that are not in it."""
        for row in rows:
            self._add(row)

    def commit(self, *, position: str, database: str) -> None:
        """Make what was put visible at once, with the position it comes to."""
        state = State(position=position, database=database, layout=LAYOUT, totals=self._totals)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._writer.delete_documents_by_term("id", _STATE)
        told = msgspec.json.encode(state).decode()
        self._writer.add_document(
            Document.from_dict({"id": [_STATE], _STATE: [told]}, self._schema)
        )
        self._writer.commit()
        self._index.reload()
        self._searcher = self._index.searcher()
        self.state = state

    def close(self, *, merged: bool = False) -> None:
        """Let it go; with ``merged`` after what tantivy does in the background."""
        self._file.close()
        if merged:
            self._writer.wait_merging_threads()
        del self._writer

    def _take_out(self, product_ids: Sequence[uuid.UUID]) -> None:
        if not product_ids:
            return
        names = [str(each) for each in product_ids]
        query = Query.term_set_query(self._schema, "id", names)
        addresses = [a for _, a in self._searcher.search(query, len(names), count=False).hits]
        if addresses:
            with (self.path / _RECORDS).open("rb") as file:
                for place in self._searcher.fast_field_values("record", addresses):
                    start, length = (
                        int(place or 0) >> _LENGTH_BITS,
                        int(place or 0) & ((1 << _LENGTH_BITS) - 1),
                    )
                    file.seek(start)
                    lengths = records.read_lengths(file.read(records.HEAD_LENGTH), 0)
                    self._totals = self._totals.plus(lengths, length, -1)
        for name in names:
            self._writer.delete_documents_by_term("id", name)

    def _add(self, row: IndexedRow) -> None:
        vector = records.read_vector(row.terms)
        record = records.pack(row.product_id, row.place, vector)
        start = self._file.tell()
        self._file.write(record)
        self._totals = self._totals.plus(records.read_lengths(record, 0), len(record))
        values: dict[str, Any] = {
            "id": [str(row.product_id)],
            "words": [records.first_words(vector)],
            "readers": [_PUBLIC],
            "place": [row.place],
            "record": [start << _LENGTH_BITS | len(record)],
        }
        values |= {
            facet.name: list(found) for facet, found in zip(ALL, row.facets, strict=True) if found
        }
        if row.price_fen is not None:
            values["price_fen"] = [row.price_fen]
        self._writer.add_document(Document.from_dict(values, self._schema))


class Lock:
    """A lock on a directory that its holder's end lets go, however it ends."""

    def __init__(self, directory: Path, name: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._path = directory / name
        self._file: IO[str] | None = None

    @property
    def is_held(self) -> bool:
        """Tell whether we hold it."""
        return self._file is not None

    def acquire(self) -> bool:
        """Take it if nobody else has it; tell whether we have it now."""
        if self._file is not None:
            return True
        file = self._path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            return False
        self._file = file
        return True

    def release(self) -> None:
        """Let it go."""
        if self._file is not None:
            self._file.close()
            self._file = None


def new_generation(directory: Path) -> Path:
    """Return where the next index is built."""
    return directory / f"index-{secrets.token_hex(6)}"


def make_current(generation: Path) -> None:
    """Let an index that is whole take the place of the old one, at once, and remove what was left."""
    directory = generation.parent
    named = directory / f"{_CURRENT}.new"
    with named.open("w", encoding="ascii") as file:
        file.write(generation.name)
        file.flush()
        os.fsync(file.fileno())
    named.replace(directory / _CURRENT)
    # Readers that still ask an old one hold its files open; who opens it just now looks again.
    for old in directory.glob("index-*"):
        if old != generation:
            shutil.rmtree(old, ignore_errors=True)
