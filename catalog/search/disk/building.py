"""Make the base of an index from all documents, in a process of its own if they are many.

Documents come as the database copies them out, the oldest first. Each is packed into its record; then
the entries of all records are sorted by word, part by part, and laid side by side. As a program it
reads what is copied from its standard input: PATH POSITION DATABASE.
"""

from __future__ import annotations

import array
import asyncio
import collections
import itertools
import re
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from catalog.search import columns, ranking, records
from catalog.search.columns import Values
from catalog.search.disk.base import BASE, META, NO_PRICE, Base, Meta, Narrowed
from catalog.search.disk.writing import IndexWriter
from catalog.search.facets import ALL
from catalog.search.matching import Rows
from catalog.search.totals import Totals

# [P] fewer are indexed before another process would have begun.
APART_FROM: Final = 20_000
# [P] of a word that so many products have, their kinds are counted beforehand; of so many words at most.
_COMMON: Final = 1 << 14
_MOST_COMMON: Final = 1024
# So many entries are sorted at a time; their numbers must fit beside a key.
_AT_ONCE: Final = 1 << 21
_NUMBER_BITS: Final = 64 - 8 * records.KEY_LENGTH
_ENTRIES_FROM: Final = records.HEAD_LENGTH // records.ENTRY_LENGTH
_ESCAPED: Final = re.compile(rb"\\(.)", re.DOTALL)
_CONTROLS: Final = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f", b"v": b"\v"}
_REMEMBERED: Final = 1 << 17
_NULL: Final = rb"\N"

_Array = npt.NDArray[Any]


class Builder:
    """The base of one index, on its way."""

    def __init__(self, path: Path) -> None:
        self._path = path / BASE
        self._path.mkdir(parents=True)
        self._packer = records.Packer()
        self._rest = b""
        self._records: IO[bytes] = (self._path / "records").open("wb")
        self._spots, self._places, self._prices = (array.array("q") for _ in range(3))
        self._spots.append(0)
        self._ids = bytearray()
        self._lengths = array.array("H")
        self._codes = [array.array("i") for _ in ALL]
        self._combinations: list[dict[Values, int]] = [{} for _ in ALL]
        self._kinds: dict[bytes, tuple[int, ...]] = {}

    def feed(self, copied: bytes) -> None:
        """Take in the next bytes of what the database copies out."""
        *lines, self._rest = (self._rest + copied).split(b"\n")
        for line in lines:
            self._add(*line.split(b"\t"))

    def close(self) -> None:
        """Let its file go, whatever became of it."""
        self._records.close()

    def finish(self) -> list[str]:
        """Lay it down; return the words that stand in it."""
        self.close()
        totals = self._totals()
        many = len(self._places)
        np.asarray(self._spots).tofile(self._path / "spots")
        np.asarray(self._places).tofile(self._path / "places")
        np.asarray(self._prices).tofile(self._path / "prices")
        first = np.frombuffer(bytes(self._ids), ">u8").reshape(many, 2)[:, 0].astype(np.uint64)
        order = np.argsort(first, kind="stable")
        first[order].tofile(self._path / "ids")
        order.astype(np.int32).tofile(self._path / "id-rows")
        groups = columns.grouped([max(len(each), 1) for each in self._combinations])
        codes = [np.asarray(each) for each in self._codes]
        for number, group in enumerate(groups):
            columns.joined(group, codes).tofile(self._path / f"column-{number}")
        meta = Meta(
            totals=totals,
            averages=totals.averages,
            groups=groups,
            values=[list(each) or [()] for each in self._combinations],
        )
        (self._path / META).write_bytes(msgspec.json.encode(meta))
        _Lists(self._path, np.asarray(self._spots), np.asarray(self._lengths), meta).write()
        _count_common(self._path, meta)
        return list(self._packer.words)

    def _add(self, product: bytes, place: bytes, price: bytes, words: bytes, kinds: bytes) -> None:
        number = uuid.UUID(product.decode()).bytes
        at = int(place)
        record = self._packer.pack(number, at, _unescaped(words).decode())
        self._records.write(record)
        self._spots.append(self._spots[-1] + len(record))
        self._places.append(at)
        self._prices.append(NO_PRICE if price == _NULL else int(price))
        self._ids += number
        self._lengths.extend(records.read_head(record, 0)[2:])
        codes = self._kinds.get(kinds)
        if codes is None:
            codes = self._coded(kinds)
            if len(self._kinds) < _REMEMBERED:
                self._kinds[kinds] = codes
        for column, code in zip(self._codes, codes, strict=True):
            column.append(code)

    def _coded(self, kinds: bytes) -> tuple[int, ...]:
        told: list[str | list[str] | None] = msgspec.json.decode(_unescaped(kinds))
        found = (
            tuple(each) if isinstance(each, list) else (each,) if each else () for each in told
        )
        return tuple(
            known.setdefault(values, len(known))
            for known, values in zip(self._combinations, found, strict=True)
        )

    def _totals(self) -> Totals:
        lengths = np.asarray(self._lengths, np.int64).reshape(-1, 3)
        return Totals(
            count=len(self._places),
            size_bytes=self._spots[-1],
            words=lengths.sum(axis=0).tolist(),
            filled=(lengths > 0).sum(axis=0).tolist(),
        )


class _Lists:
    """The lists of all words, from the entries of all records."""

    def __init__(self, path: Path, spots: _Array, lengths: _Array, meta: Meta) -> None:
        self._path = path
        self._ends = spots // records.ENTRY_LENGTH
        fields = [lengths.reshape(-1, 3)[:, n].astype(np.float64) for n in range(3)]
        self._tells = ranking.factors(fields, meta.averages)

    def write(self) -> None:
        """Write them: sorted part by part, then each part laid behind the one before, word by word."""
        parts = []
        with (
            (self._path / "rows.parts").open("wb") as to_rows,
            (self._path / "often.parts").open("wb") as to_often,
        ):
            for keys, rows, often in self._sorted():
                begins = np.flatnonzero(np.diff(keys, prepend=~keys[:1]))
                parts.append((keys[begins], np.diff(begins, append=len(keys))))
                rows.tofile(to_rows)
                often.tofile(to_often)
        keys = np.unique(np.concatenate([np.zeros(0, np.uint64), *(each for each, _ in parts)]))
        counts = np.zeros(len(keys), np.int64)
        for part, many in parts:
            counts[np.searchsorted(keys, part)] += many
        starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
        keys.tofile(self._path / "keys")
        starts.tofile(self._path / "starts")
        for name, of in (("rows", np.int32), ("often", np.float32)):
            self._lay(name, of, parts, keys, starts)

    def _sorted(self) -> Iterator[tuple[_Array, _Array, _Array]]:
        """Yield the entries of some records: keys, rows, how often; ascending."""
        whole = np.fromfile if not self._ends[-1] else np.memmap
        numbers = whole(self._path / "records", ">u8")
        first = 0
        while first < len(self._ends) - 1:
            most = self._ends[first] + _AT_ONCE
            last = max(int(np.searchsorted(self._ends, most, "right")) - 1, first + 1)
            begin = self._ends[first]
            part = np.asarray(numbers[begin : self._ends[last]]).astype(np.uint64)
            is_entry = np.ones(len(part), np.bool_)
            for place in range(_ENTRIES_FROM):
                is_entry[self._ends[first:last] - begin + place] = False
            many = np.diff(self._ends[first : last + 1]) - _ENTRIES_FROM
            rows = np.repeat(np.arange(first, last, dtype=np.int32), many)
            first = last
            part = part[is_entry]
            if not len(part):
                continue
            shift = np.uint64(_NUMBER_BITS)
            keys = part >> shift
            order = np.sort(keys << shift | np.arange(len(keys), dtype=np.uint64))
            keys, order = (
                order >> shift,
                (order & np.uint64((1 << _NUMBER_BITS) - 1)).astype(np.int64),
            )
            rows = rows[order]
            tells = [each[rows] for each in self._tells]
            yield keys, rows, ranking.weighed(tells, part[order])

    def _lay(
        self,
        name: str,
        of: npt.DTypeLike,
        parts: list[tuple[_Array, _Array]],
        keys: _Array,
        starts: _Array,
    ) -> None:
        before = self._path / f"{name}.parts"
        if not starts[-1]:
            (self._path / name).write_bytes(b"")
            before.unlink()
            return
        whole = np.memmap(self._path / name, of, "w+", shape=(int(starts[-1]),))
        nexts, read = starts[:-1].copy(), 0
        for part, many in parts:
            count = int(many.sum())
            at = np.searchsorted(keys, part)
            begins = np.cumsum(many) - many
            found = np.fromfile(before, of, count, offset=read * whole.itemsize)
            whole[np.arange(count) + np.repeat(nexts[at] - begins, many)] = found
            nexts[at] += many
            read += count
        whole.flush()
        before.unlink()


def _count_common(path: Path, meta: Meta) -> None:
    """Count of which kinds those products are that have a common word or value: nobody waits for it later."""
    keys, starts = (
        np.fromfile(path / name, of) for name, of in (("keys", np.uint64), ("starts", np.int64))
    )
    many = np.diff(starts)
    commonest = np.sort(np.argsort(many, kind="stable")[-_MOST_COMMON:])
    common = commonest[many[commonest] >= _COMMON]
    keys[common].tofile(path / "common-keys")
    for name in ("common-counts", "long-keys", "long-bits"):
        (path / name).write_bytes(b"")
    base = Base(path)
    narrowed = _common_values(base, meta)
    with (path / "common-counts").open("wb") as file:
        rows_of_each = (base.rows_with(number) for number in common.tolist())
        for rows in itertools.chain(rows_of_each, narrowed.values()):
            np.concatenate(base.columns.tally(rows)).astype(np.int32).tofile(file)
    _write_bits(base, keys, many, path)
    meta = msgspec.structs.replace(meta, counted=list(narrowed))
    (path / META).write_bytes(msgspec.json.encode(meta))


def _common_values(base: Base, meta: Meta) -> dict[Narrowed, Rows | None]:
    """Return the values of facets that so many have, and who; and all products, by no value."""
    found: dict[Narrowed, Rows | None] = {(): None}
    for facet, combinations, tally in zip(ALL, meta.values, base.columns.tally(None), strict=True):
        many: collections.Counter[str] = collections.Counter()
        for values, count in zip(combinations, tally.tolist(), strict=True):
            many.update(dict.fromkeys(values, count))
        common = [((facet.name, value),) for value, count in many.items() if count >= _COMMON]
        found |= {narrowed: base.rows_narrowed(narrowed) for narrowed in common}
    return found


def _write_bits(base: Base, keys: _Array, many: _Array, path: Path) -> None:
    """Lay those lists down as a bit for each row, too, that are not shorter."""
    long = np.flatnonzero(many * (8 * np.dtype(np.int32).itemsize) >= max(base.size, _COMMON))
    keys[long].tofile(path / "long-keys")
    with (path / "long-bits").open("wb") as file:
        for number in long.tolist():
            has = np.zeros(base.size, np.uint8)
            has[base.rows_with(number)] = 1
            np.packbits(has, bitorder="little").tofile(file)


class BuilderEnded(RuntimeError):
    """The process that makes an index ended before it was made: ours to mend, or the disk is full."""


class Apart:
    """A builder in a process of its own: serving keeps its core, and memory goes with the process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def begin(cls, path: Path, *, position: str, database: str) -> Apart:
        """Start it."""
        program = (sys.executable, "-m", __name__, str(path), position, database)
        return cls(await asyncio.create_subprocess_exec(*program, stdin=asyncio.subprocess.PIPE))

    async def feed(self, copied: bytes) -> None:
        """Hand over the next bytes; wait while it has enough of them.

        :raises BuilderEnded: if there is nobody to take them.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(copied)
            await self._process.stdin.drain()
        except OSError as error:
            raise BuilderEnded from error

    async def finish(self) -> None:
        """Let it end what it began.

        :raises BuilderEnded: if it could not.
        """
        assert self._process.stdin is not None
        self._process.stdin.close()
        if code := await self._process.wait():
            raise BuilderEnded(code)

    async def stop(self) -> None:
        """End it at once, if it still runs."""
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


def complete(builder: Builder, path: Path, *, position: str, database: str) -> None:
    """Lay down a base, and begin the index of what will change beside it."""
    words = builder.finish()
    writer = IndexWriter(path)
    try:
        writer.add_words(words)
        writer.commit(position=position, database=database)
    finally:
        writer.close(merged=True)


def _unescaped(field: bytes) -> bytes:
    if b"\\" not in field:
        return field
    return _ESCAPED.sub(lambda found: _CONTROLS.get(found[1], found[1]), field)


def main() -> None:
    """Build from standard input."""
    path, position, database = sys.argv[1:]
    builder = Builder(Path(path))
    for copied in itertools.takewhile(bool, iter(lambda: sys.stdin.buffer.read(1 << 20), None)):
        builder.feed(copied)
    complete(builder, Path(path), position=position, database=database)


if __name__ == "__main__":
    main()
