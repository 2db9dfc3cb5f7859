"""Profile a table, row by row, in a process apart (数据画像)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import msgspec

from catalog.kernel.caged import Limits, Task
from catalog.products.model import ItemType, Sensitivity
from catalog.profiles.distinct import Distinct
from catalog.profiles.masking import holds_personal, mask
from catalog.profiles.model import SAMPLE_ROWS, Column, Profile, Shape, Suggestion
from catalog.profiles.recognising import SHARES, hinted, sensitivity_of
from catalog.profiles.value_types import (
    is_compact_date,
    is_nothing,
    narrowest,
    order_key,
    type_of,
)
from catalog.tables.model import Format, Row, Table, TableUnreadable
from catalog.tables.reading import REFUSALS, open_table
from catalog.tables.workbook import READER

MAX_ROWS: Final = 100_000  # [P] more change little of what a profile says
MAX_CELLS: Final = 1_000_000  # [P] some 20 s of one core
_SHAPES_KNOWN: Final = 200
_SHAPES_TOLD: Final = 5
_SHAPE_LENGTH: Final = 40
_LONGEST_RECOGNISED: Final = 400
_SAMPLE_LENGTH: Final = 200  # characters of a value that a sample shows
_NUMBERS: Final = (ItemType.INTEGER, ItemType.DECIMAL, ItemType.TEXT)


class Asked(msgspec.Struct, frozen=True):
    """What the profiler is told of a file: nothing. What it finds is of the bytes, whoever has them."""


class _Seen:
    """What was seen of one column so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.types: Counter[ItemType] = Counter()
        self.first_rows: dict[ItemType, int] = {}
        self.kinds: Counter[Sensitivity] = Counter()
        self.shapes: Counter[str] = Counter()
        self.distinct = Distinct()
        self.nulls = self.compact_dates = self.longest = self.embedded = 0
        self.first_null_row: int | None = None
        self.longest_row: int | None = None
        self.least: dict[ItemType, tuple[Any, str]] = {}
        self.most: dict[ItemType, tuple[Any, str]] = {}

    def see(self, row: int, value: Any, *, is_typed: bool) -> None:
        if is_nothing(value):
            self.nulls += 1
            self.first_null_row = self.first_null_row or row
            return
        type_ = type_of(value, is_typed=is_typed)
        self.types[type_] += 1
        self.first_rows.setdefault(type_, row)
        text = _text(value)
        self.distinct.see(text)
        if len(text) > self.longest:
            self.longest, self.longest_row = len(text), row
        if type_ is ItemType.INTEGER and is_compact_date(value):
            self.compact_dates += 1
        if (key := order_key(value, type_)) is not None:
            self.least[type_] = min(self.least.get(type_, key), key)
            self.most[type_] = max(self.most.get(type_, key), key)
        if type_ in _NUMBERS:
            self._recognise(text.strip())
        shape = shape_of(text)
        if shape in self.shapes or len(self.shapes) < _SHAPES_KNOWN:
            self.shapes[shape] += 1

    def _recognise(self, text: str) -> None:
        kind = Sensitivity.NONE
        if len(text) <= _LONGEST_RECOGNISED:
            kind = sensitivity_of(text)
        if kind is not Sensitivity.NONE:
            self.kinds[kind] += 1
        elif holds_personal(text):
            self.embedded += 1

    def column(self) -> Column:
        values, suggestion = sum(self.types.values()), self._suggestion()
        ends = (
            (None, None) if suggestion else (self._end(self.least, min), self._end(self.most, max))
        )
        return Column(
            name=self.name,
            type=narrowest(self.types),
            types=dict(self.types),
            first_rows=self.first_rows,
            compact_dates=self.compact_dates,
            values=values,
            nulls=self.nulls,
            first_null_row=self.first_null_row,
            distinct=min(self.distinct.count(), values),
            is_distinct_exact=self.distinct.is_exact,
            longest=self.longest,
            longest_row=self.longest_row,
            minimum=ends[0],
            maximum=ends[1],
            shapes=tuple(Shape(s, n) for s, n in self.shapes.most_common(_SHAPES_TOLD)),
            suggestion=suggestion,
            embedded=self.embedded,
        )

    def _suggestion(self) -> Suggestion | None:
        values, named = sum(self.types.values()), hinted(self.name)
        if named is not Sensitivity.NONE and self.kinds[named]:
            return Suggestion(named, self.kinds[named], by_name=True)
        for sensitivity, share in SHARES.items():
            matched = self.kinds[sensitivity]
            if matched and matched * 100 >= share * values:
                return Suggestion(sensitivity, matched, by_name=False)
        # Names of other peoples have no form; what a column of texts is called has to do.
        if named is Sensitivity.PERSON_NAME and self.types[ItemType.TEXT]:
            return Suggestion(named, 0, by_name=True)
        return None

    def _end(self, ends: dict[ItemType, tuple[Any, str]], choose: Any) -> str | None:
        type_ = narrowest(self.types)
        if type_ in (ItemType.INTEGER, ItemType.DECIMAL, ItemType.DATE, ItemType.DATETIME):
            return str(choose(ends.values())[1])
        return None


def profile_of(table: Table) -> Profile:
    """Return what is known of a table, of its first rows if it is long.

    :raises DomainError: one of those of ``catalog/tables``.
    """
    is_typed = table.format is not Format.CSV
    seen: list[_Seen] = []
    sample: list[Row] = []
    count = ragged = cells = 0
    first_ragged: int | None = None
    is_whole = True
    for row in table.rows:
        if count >= MAX_ROWS or cells >= MAX_CELLS:
            is_whole = False
            break
        while len(seen) < len(table.columns):
            seen.append(_late(table.columns[len(seen)], count, sample))
        count += 1
        cells += len(row.values)
        if len(row.values) != len(table.columns):
            ragged += 1
            first_ragged = first_ragged or row.number
        if len(sample) < SAMPLE_ROWS:
            sample.append(row)
        given = iter(row.values)
        for column in seen:
            column.see(row.number, next(given, None), is_typed=is_typed)
    seen += [_Seen(name) for name in table.columns[len(seen) :]]
    columns = tuple(each.column() for each in seen)
    return Profile(
        format=table.format.value,
        encoding=table.encoding,
        delimiter=table.delimiter,
        sheet=table.sheet,
        other_sheets=table.other_sheets,
        notes=table.notes,
        rows=count,
        is_whole=is_whole,
        ragged_rows=ragged,
        first_ragged_row=first_ragged,
        columns=columns,
        sample=tuple(_masked(row, columns) for row in sample),
    )


def shape_of(text: str) -> str:
    """Return how a text looks, without what it says."""
    shape = []
    for character in text[:_SHAPE_LENGTH]:
        if character.isdecimal():
            shape.append("9")
        elif character.isascii():
            shape.append("A" if character.isupper() else "a" if character.isalpha() else character)
        else:
            shape.append("字" if character.isalpha() else "?")
    return "".join(shape) + ("…" if len(text) > _SHAPE_LENGTH else "")


def _late(name: str, rows_before: int, sample: list[Row]) -> _Seen:
    """Return a column that begins after some rows; in those it had no value."""
    column = _Seen(name)
    column.nulls = rows_before
    column.first_null_row = sample[0].number if sample else None
    return column


def _masked(row: Row, columns: tuple[Column, ...]) -> tuple[Any, ...]:
    given = iter(row.values)
    return tuple(_shown(mask(next(given, None), suggested(column))) for column in columns)


def suggested(column: Column) -> Sensitivity:
    """Return the kind that a column seems to be of."""
    return Sensitivity.NONE if column.suggestion is None else column.suggestion.sensitivity


def _shown(value: Any) -> Any:
    text = _text(value) if isinstance(value, dict | list) else value
    if isinstance(text, str) and len(text) > _SAMPLE_LENGTH:
        return text[:_SAMPLE_LENGTH] + "…"
    return text


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value)


def _profile(_: Asked, source: BinaryIO) -> Iterator[Profile]:
    yield profile_of(open_table(source))


#: 60 s of one core and twice the memory of other readers: a workbook is held whole.
PROFILE: Final = Task(
    where="catalog.profiles.profiling:PROFILE",
    given=Asked,
    line=Profile,
    work=_profile,
    refusals=REFUSALS,
    unreadable=TableUnreadable,
    limits=Limits(
        cpu_seconds=60, memory_bytes=768 * 1024 * 1024, seconds=120.0, longest_line=8 * 1024 * 1024
    ),
    loads=(READER,),
)
