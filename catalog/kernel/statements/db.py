"""Write statements out: inserts from tables, several writes as one, and what opens a transaction.

SQL as text; nothing here speaks to a database (``kernel/db.py`` does).
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

_DIALECT: Final = postgresql.dialect()  # type: ignore[no-untyped-call]
_PARAMETER: Final = re.compile(r"\$(\d+)")
_TOUCHED: Final = re.compile(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+([\w.]+)")


class Write(msgspec.Struct, frozen=True):
    """A statement that writes and gives nothing back, and its arguments.

    Kept in hand so that several can go to the database together (``Tx.write``).
    """

    sql: str
    args: tuple[Any, ...]
    rows: int = 0  # that it inserts, written out one by one; 0: it does something else

    @property
    def table(self) -> str:
        """Return the table that it writes to."""
        found = _TOUCHED.match(self.sql)
        assert found is not None, "a write begins with what it does and where"
        return found[1]

    def joined(self, other: Write) -> Write | None:
        """Return one that inserts the rows of both in their order, None if they are not alike."""
        if not self.rows or self.sql != other.sql:
            return None
        return Write(self.sql, (*self.args, *other.args), self.rows + other.rows)


class Ahead(msgspec.Struct, frozen=True):
    """A statement that goes to the database with the opening of the transaction, and gives no rows back.

    A row lock, so that who reads afterwards reads what was there when it was had; or a claim, of which
    ``Tx.touched_ahead`` tells whether it was had. ``name`` is the statement's own, by which each
    connection keeps it prepared, and ``types`` are those of its parameters.
    """

    name: str
    sql: str
    types: tuple[str, ...]
    args: tuple[Any, ...]

    @property
    def preparing(self) -> str:
        """Return what has a connection keep it."""
        return f"PREPARE {self.name} ({', '.join(self.types)}) AS {self.sql}"

    @property
    def executing(self) -> str:
        """Return what runs it where it is kept."""
        return f"EXECUTE {self.name} ({', '.join(literal(each) for each in self.args)})"


def literal(value: str | bytes | uuid.UUID | dt.datetime) -> str:
    """Return a value as it stands in the text of a statement, whatever characters it has.

    :raises ValueError: if it has the one character that no text of a database holds.
    """
    text = f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)
    if "\0" in text:
        raise ValueError("a text with the character NUL in it")
    return "E'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def insertion(table: sa.Table, **values: Any) -> Write:
    """Return what inserts one row. Columns not named take their default."""
    return Write(_insert_sql(table, tuple(values)), tuple(values.values()), rows=1)


def together(writes: Sequence[Write]) -> str:
    """Return one statement that does what several do, their parameters counted through."""
    return _together(
        tuple(each.sql for each in writes),
        tuple(len(each.args) for each in writes),
        tuple(each.rows for each in writes),
    )


@functools.lru_cache(maxsize=512)
def _together(texts: tuple[str, ...], arguments: tuple[int, ...], rows: tuple[int, ...]) -> str:
    before = itertools.accumulate(arguments, initial=0)
    *beside, last = (
        _counted_from(n, _of_rows(text, given, count))
        for n, text, given, count in zip(before, texts, arguments, rows, strict=False)
    )
    if not beside:
        return last
    return f"WITH {', '.join(f'w{n} AS ({text})' for n, text in enumerate(beside))} {last}"


def _of_rows(text: str, given: int, count: int) -> str:
    """Return an insert of one row as one of so many."""
    if count < 2:  # noqa: PLR2004 - it is one as it stands
        return text
    width = given // count
    marks = (
        ", ".join(f"${number + 1}" for number in range(width * row, width * (row + 1)))
        for row in range(1, count)
    )
    return f"{text}, {', '.join(f'({each})' for each in marks)}"


def _counted_from(before: int, text: str) -> str:
    return _PARAMETER.sub(lambda found: f"${int(found[1]) + before}", text)


@functools.lru_cache(maxsize=1024)
def _insert_sql(table: sa.Table, columns: tuple[str, ...]) -> str:
    unknown = [c for c in columns if c not in table.columns]
    if unknown:
        raise KeyError(f"{table.fullname} has no column {unknown}")
    names = ", ".join(f'"{c}"' for c in columns)
    marks = ", ".join(f"${i + 1}" for i in range(len(columns)))
    return f"INSERT INTO {table.fullname} ({names}) VALUES ({marks})"  # noqa: S608 - names of our own tables


@functools.lru_cache(maxsize=256)
def insert_rows(table: sa.Table, columns: tuple[str, ...]) -> str:
    """Return what inserts many rows that have the same columns, of an array a column."""
    names = ", ".join(f'"{c}"' for c in columns)
    values, arrays = [], []
    for number, column in enumerate(columns, start=1):
        kind = _sql_type(table, column)
        in_json = _is_in_json(table, column)
        arrays.append(f"${number}::{'text' if in_json else kind}[]")
        value = f'r."{column}"'
        if isinstance(table.columns[column].type, sa.ARRAY):
            # Arrays of arrays would have to be of one length; in JSON each has its own.
            texts = f"ARRAY(SELECT jsonb_array_elements_text({value}::jsonb))::{kind}"
            value = f"CASE WHEN {value} IS NOT NULL THEN {texts} END"
        elif in_json:
            value = f"{value}::{kind}"
        values.append(value)
    return (
        f"INSERT INTO {table.fullname} ({names}) SELECT {', '.join(values)}"  # noqa: S608 - names of our own tables
        f" FROM unnest({', '.join(arrays)}) WITH ORDINALITY AS r ({names}, place_of_row)"
        " ORDER BY r.place_of_row"
    )


def as_array(table: sa.Table, column: str, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Return the values of one column as ``insert_rows`` takes them."""
    values = [row[column] for row in rows]
    if not _is_in_json(table, column):
        return values
    return [None if value is None else to_json(value) for value in values]


def _is_in_json(table: sa.Table, column: str) -> bool:
    return isinstance(table.columns[column].type, sa.JSON | sa.ARRAY)


def _sql_type(table: sa.Table, column: str) -> str:
    return str(table.columns[column].type.compile(dialect=_DIALECT))


def to_json(value: Any) -> str:
    """Return a value as the JSON that PostgreSQL takes."""
    return msgspec.json.encode(value).decode()
