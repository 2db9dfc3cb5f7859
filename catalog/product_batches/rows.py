"""Make a product of a row, or say why there is none in it: in which column, by which rule (行校验)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from catalog.kernel.errors import DomainError, Invalid
from catalog.product_batches import foreign
from catalog.product_batches.cells import read_cells
from catalog.product_batches.columns import BY_PATH, KEY, Column
from catalog.product_batches.kinds import TABLES
from catalog.product_batches.model import Fault, Kind, Line
from catalog.products.model import Description
from catalog.products.reading import ProductFieldMissing, ProductFieldUnknown, read_fields
from catalog.products.references import check_reference

#: Which part of a record a field comes from, where the two are called differently.
_RECORD_FIELDS: Final = {
    "name": "title",
    "update_cycle": "update_frequency",
    "form": "format",
    KEY: "id",
}


class BatchRowTooWide(Invalid):
    """A row has more cells than there are columns: a separator too many, or quotation marks missing."""

    code = "product_batch_row_too_wide"


class BatchRowDoubled(Invalid):
    """Another row of the file has the same reference (编号重复)."""

    code = "product_batch_row_doubled"


class BatchRecordIncomplete(Invalid):
    """A record of another catalogue lacks what no product can do without."""

    code = "product_batch_record_incomplete"


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A row as far as it can be told without the database."""

    line: int
    key: str
    description: Description | None  # None: there are faults
    faults: tuple[Fault, ...]
    cells: dict[str, Any]
    sources: tuple[int, ...] = ()  # the numbers of a table's sources


class RowReader:
    """Read the rows of one file, in their order: it remembers which references it has seen."""

    def __init__(self, kind: Kind, columns: Mapping[str, Column]) -> None:
        self._kind = kind
        self._columns = columns
        self._seen: dict[str, int] = {}

    def read(self, line: Line) -> Ready:
        """Return what a row says, and everything that is wrong with it by itself."""
        key, said, wrong, sources = self._said(line)
        description, faults = read_fields(Description, said)
        refused = {pointer for pointer, _ in faults}
        wrong += [
            (self.column_of(pointer, sources), fault)
            for pointer, fault in faults
            # What could not be read at all is not missing besides.
            if not (isinstance(fault, ProductFieldMissing) and self._is_told(pointer, wrong))
        ]
        wrong += self._of_key(key, line.line)
        is_whole = not wrong and not refused
        return Ready(
            line=line.line,
            key=key,
            description=description if is_whole else None,
            faults=tuple(as_fault(column, refusal) for column, refusal in wrong),
            cells=line.cells,
            sources=sources,
        )

    def faults_of(self, ready: Ready, refusals: Iterable[DomainError]) -> tuple[Fault, ...]:
        """Return refusals of a row, each with the column that it is about."""
        return tuple(
            as_fault(column, refusal)
            for refusal in refusals
            for column in self._columns_of(refusal, ready.sources)
        )

    def column_of(self, pointer: str, sources: tuple[int, ...] = ()) -> str:
        """Return in which column of this file a field stands, or how that would be called."""
        if self._kind not in TABLES:
            path = pointer.removeprefix("/")
            is_foreign = self._kind not in (Kind.JSONL, Kind.JSON)
            return _RECORD_FIELDS.get(path, path) if is_foreign else path
        path = _numbered(pointer.removeprefix("/"), sources)
        while path not in BY_PATH and "/" in path:
            path = path.rpartition("/")[0]
        named = (name for name, column in self._columns.items() if column.path == path)
        label = BY_PATH[path].label.zh if path in BY_PATH else path
        return next(named, label)

    def _said(
        self, line: Line
    ) -> tuple[str, Mapping[str, Any], list[tuple[str, Invalid]], tuple[int, ...]]:
        if line.skipped:
            return (
                foreign.key_of(line.cells["id"]),
                {},
                [("", BatchRecordIncomplete(reason=line.skipped))],
                (),
            )
        if self._kind in TABLES:
            values = read_cells(line.cells, self._columns)
            wide = [("", BatchRowTooWide(cells=line.surplus))] if line.surplus else []
            return values.key, values.said, [*wide, *values.faults], values.sources
        if self._kind in (Kind.JSONL, Kind.JSON):
            said = {name: value for name, value in line.cells.items() if name != KEY}
            key = line.cells.get(KEY, "")
            return (key if isinstance(key, str) else ""), said, [], ()
        key, said = foreign.said_of_record(line.cells)
        return key, said, [], ()

    def _of_key(self, key: str, line: int) -> list[tuple[str, Invalid]]:
        column = self.column_of(f"/{KEY}")
        if not key:
            return [(column, ProductFieldMissing(field=KEY))]
        try:
            check_reference(key)
        except Invalid as refusal:
            return [(column, refusal)]
        first = self._seen.setdefault(key, line)
        return [] if first == line else [(column, BatchRowDoubled(key=key, first=first))]

    def _is_told(self, pointer: str, wrong: list[tuple[str, Invalid]]) -> bool:
        column = self.column_of(pointer)
        return any(column == told or not told for told, _ in wrong)

    def _columns_of(self, refusal: DomainError, sources: tuple[int, ...]) -> list[str]:
        places = [error.pointer.replace("/reference", f"/{KEY}") for error in refusal.errors]
        return list(dict.fromkeys(self.column_of(place, sources) for place in places)) or [""]


def as_fault(column: str, refusal: DomainError) -> Fault:
    """Return a refusal as it is kept with its row."""
    if isinstance(refusal, ProductFieldUnknown):
        column = refusal.facts["field"]
    return Fault(column=column, code=refusal.code, facts=refusal.facts)


def _numbered(path: str, sources: tuple[int, ...]) -> str:
    head, _, rest = path.partition("/")
    index, _, field = rest.partition("/")
    if head != "sources" or not index.isdigit():
        return path
    number = sources[int(index)] if int(index) < len(sources) else int(index)
    return f"sources/{number}/{field}" if field else f"sources/{number}/name"
