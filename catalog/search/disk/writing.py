"""Write the index of a directory: one process of a host does, as long as it holds the lock."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import struct
import uuid
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any, Final

import msgspec
from tantivy import Document, Index, Query

from catalog.search import records
from catalog.search.disk.base import BASE, Base
from catalog.search.disk.layout import (
    CURRENT,
    LAYOUT,
    OLD,
    PUBLIC,
    RECORDS,
    STATE,
    VOCABULARY,
    read_spot,
    schema,
    spot,
    state_of,
)
from catalog.search.facets import ALL
from catalog.search.totals import State, values_by_field

_MERGED_EVERY: Final = 50_000_000  # bytes that tantivy collects before it writes them out
# [P] a tail that is longer than this and a share of its base is made into a new base, and so is one
# in whose file old versions of records lie without end.
_LONG_TAIL: Final = 20_000
_SHARE: Final = 20
_WASTE_BYTES: Final = 256 * 1024 * 1024
# A row of the base, as the file of those that count no more has it.
_ROW: Final = struct.Struct("=i")


class IndexedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A product as it comes from the database to be indexed."""

    product_id: uuid.UUID
    place: int
    terms: str  # the literal of a tsvector
    facets: tuple[tuple[str, ...], ...]  # the values of each, in the order of ``facets.ALL``
    price_fen: int | None = None


class IndexWriter:
    """Write one generation: the rows of a batch, then one commit that says up to where."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        self.path = path
        self._schema = schema()
        self._index = Index(self._schema, str(path))
        self._index.config_reader(reload_policy="manual")
        self._writer = self._index.writer(_MERGED_EVERY, 1)
        self._file: IO[bytes] = (path / RECORDS).open("ab")
        self._index.reload()
        self._searcher = self._index.searcher()
        self._base = Base(path / BASE)
        self.state = state_of(self._searcher, self._schema)
        self._totals = self.state.totals if self.state else self._base.totals
        self._old, self._gone = self._open_old(self.state.old if self.state else 0)

    @property
    def is_wasteful(self) -> bool:
        """Tell whether so much changed that it is better made anew."""
        gone, size = len(self._gone), self._base.size
        changed = self._totals.count - (size - gone) + gone
        return changed > _LONG_TAIL + size // _SHARE or self._file.tell() > _WASTE_BYTES

    def put(self, rows: Iterable[IndexedRow], gone: Sequence[uuid.UUID]) -> None:
        """Index rows in place of what was there, and take out what is gone."""
        rows = list(rows)
        self._take_out([*(row.product_id for row in rows), *gone])
        for row in rows:
            self._add(row)

    def add_words(self, words: Iterable[str]) -> None:
        """Note the words of the base, so that those are found that are like another."""
        for word in words:
            self._writer.add_document(Document.from_dict({VOCABULARY: [word]}, self._schema))

    def commit(self, *, position: str, database: str) -> None:
        """Make what was put visible at once, with the position it comes to."""
        state = State(
            position=position,
            database=database,
            layout=LAYOUT,
            totals=self._totals,
            old=len(self._gone),
        )
        for file in (self._file, self._old):
            file.flush()
            os.fsync(file.fileno())
        self._writer.delete_documents_by_term("id", STATE)
        told = msgspec.json.encode(state).decode()
        self._writer.add_document(Document.from_dict({"id": [STATE], STATE: [told]}, self._schema))
        self._writer.commit()
        self._index.reload()
        self._searcher = self._index.searcher()
        self.state = state

    def close(self, *, merged: bool = False) -> None:
        """Let it go; with ``merged`` after what tantivy does in the background."""
        self._file.close()
        self._old.close()
        if merged:
            self._writer.wait_merging_threads()
        del self._writer

    def _open_old(self, count: int) -> tuple[IO[bytes], set[int]]:
        """Open the file of those rows that count no more, without what was never committed."""
        file = (self.path / OLD).open("a+b")
        file.truncate(count * _ROW.size)
        file.seek(0)
        return file, {row for (row,) in _ROW.iter_unpack(file.read())}

    def _take_out_of_base(self, product_ids: Sequence[uuid.UUID]) -> None:
        for row in self._base.rows_of(product_ids).tolist():
            if row in self._gone:
                continue
            data, start, end = self._base.record(row)
            _, _, *lengths = records.read_head(data, start)
            self._totals.add(lengths, end - start, -1)
            self._gone.add(row)
            self._old.write(_ROW.pack(row))

    def _take_out(self, product_ids: Sequence[uuid.UUID]) -> None:
        if not product_ids:
            return
        self._take_out_of_base(product_ids)
        names = [str(each) for each in product_ids]
        query = Query.term_set_query(self._schema, "id", names)
        addresses = [a for _, a in self._searcher.search(query, len(names), count=False).hits]
        if addresses:
            with (self.path / RECORDS).open("rb") as file:
                for number in self._searcher.fast_field_values("record", addresses):
                    start, length = read_spot(number)
                    file.seek(start)
                    _, _, *lengths = records.read_head(file.read(records.HEAD_LENGTH), 0)
                    self._totals.add(lengths, length, -1)
        for name in names:
            self._writer.delete_documents_by_term("id", name)

    def _add(self, row: IndexedRow) -> None:
        vector = records.read_vector(row.terms)
        record = records.pack(row.product_id, row.place, vector)
        start = self._file.tell()
        self._file.write(record)
        _, _, *lengths = records.read_head(record, 0)
        self._totals.add(lengths, len(record))
        values: dict[str, Any] = {
            "id": [str(row.product_id)],
            "words": [records.first_words(vector)],
            "readers": [PUBLIC],
            "place": [row.place],
            "record": [spot(start, len(record))],
        }
        values |= {
            facet.name: list(found) for facet, found in zip(ALL, row.facets, strict=True) if found
        }
        values |= values_by_field(row.facets)
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


def remove(generation: Path) -> None:
    """Remove an index that was not made whole."""
    shutil.rmtree(generation, ignore_errors=True)


def make_current(generation: Path) -> None:
    """Let an index that is whole take the place of the old one, at once, and remove what was left."""
    directory = generation.parent
    named = directory / f"{CURRENT}.new"
    with named.open("w", encoding="ascii") as file:
        file.write(generation.name)
        file.flush()
        os.fsync(file.fileno())
    named.replace(directory / CURRENT)
    # Readers that still ask an old one hold its files open; who opens it just now looks again.
    for old in directory.glob("index-*"):
        if old != generation:
            shutil.rmtree(old, ignore_errors=True)
