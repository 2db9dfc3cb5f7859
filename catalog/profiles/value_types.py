"""Say of which type a value is (数据类型识别), and how it compares with others of its kind."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection
from typing import Any, Final

from catalog.products.model import ItemType

_NOTHING: Final = frozenset({"", "NULL", "null", "N/A", "n/a", "\\N"})
_BOOLEANS: Final = frozenset({"true", "false", "是", "否"})
# A leading zero is part of a code; what has more digits is a number of something, not a quantity.
_INTEGER: Final = re.compile(r"[+-]?(?:0|[1-9]\d{0,14})")
_DECIMAL: Final = re.compile(r"[+-]?(?:\d{1,15}\.\d{1,20}|\d{1,15}(?:\.\d{1,20})?[eE][+-]?\d{1,3})")
_DATE: Final = re.compile(r"(\d{4})(?:-|/|年)(\d{1,2})(?:-|/|月)(\d{1,2})日?")
_TIME: Final = re.compile(
    r"[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?"
)
_COMPACT: Final = re.compile(r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_DATE_LENGTH: Final = 34  # characters, of date and time with zone


def is_nothing(value: Any) -> bool:
    """Tell whether there is no value: nothing, blanks, or a word that databases write for it."""
    return value is None or (isinstance(value, str) and value.strip() in _NOTHING)


def type_of(value: Any, *, is_typed: bool) -> ItemType:
    """Return the type of a value; in a form that has types of its own, a text is no number."""
    if isinstance(value, bool):
        return ItemType.BOOLEAN
    if isinstance(value, int):
        return ItemType.INTEGER
    if isinstance(value, float):
        return ItemType.DECIMAL
    if not isinstance(value, str):
        return ItemType.STRUCTURE
    text = value.strip()
    if not is_typed:
        if _INTEGER.fullmatch(text):
            return ItemType.INTEGER
        if _DECIMAL.fullmatch(text):
            return ItemType.DECIMAL
        if text.lower() in _BOOLEANS:
            return ItemType.BOOLEAN
    return _of_time(text) or ItemType.TEXT


def narrowest(types: Collection[ItemType]) -> ItemType:
    """Return the type that all values of a column have."""
    found = set(types)
    for type_, covers in (
        (ItemType.INTEGER, {ItemType.INTEGER}),
        (ItemType.DECIMAL, {ItemType.INTEGER, ItemType.DECIMAL}),
        (ItemType.BOOLEAN, {ItemType.BOOLEAN}),
        (ItemType.DATE, {ItemType.DATE}),
        (ItemType.DATETIME, {ItemType.DATE, ItemType.DATETIME}),
        (ItemType.STRUCTURE, {ItemType.STRUCTURE}),
    ):
        if found and found <= covers:
            return type_
    return ItemType.TEXT


def order_key(value: Any, type_: ItemType) -> tuple[Any, str] | None:
    """Return by what a number or a date is compared, and how it is written; None for what has no order."""
    if type_ in (ItemType.INTEGER, ItemType.DECIMAL):
        text = str(value).strip()
        return float(text), text
    if type_ in (ItemType.DATE, ItemType.DATETIME):
        written = _written(str(value).strip())
        return written, written
    return None


def is_compact_date(value: Any) -> bool:
    """Tell whether a whole number is a date such as 20260301."""
    return _COMPACT.fullmatch(str(value).strip()) is not None


def _of_time(text: str) -> ItemType | None:
    if len(text) > _DATE_LENGTH or not (found := _DATE.match(text)):
        return None
    year, month, day = map(int, found.groups())
    try:
        dt.date(year, month, day)
    except ValueError:
        return None
    rest = text[found.end() :]
    if not rest:
        return ItemType.DATE
    time = _TIME.fullmatch(rest)
    return ItemType.DATETIME if time and int(time[1]) < 24 and int(time[2]) < 60 else None  # noqa: PLR2004


def _written(text: str) -> str:
    found = _DATE.match(text)
    assert found is not None, "it was found to be one"
    year, month, day = map(int, found.groups())
    return f"{year:04}-{month:02}-{day:02}{text[found.end() :].replace('T', ' ')}"
