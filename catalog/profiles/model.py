"""Say what is known of a file that holds a table."""

from __future__ import annotations

import datetime as dt
import enum
from typing import Any, Final

import msgspec

from catalog.products.model import ItemType, Sensitivity

#: Counts up when the profiler finds other things; contents are then profiled anew.
PROFILER: Final = 1

SAMPLE_ROWS: Final = 20  # [P] what fits on a screen


class Suggestion(msgspec.Struct, frozen=True):
    """Which kind of sensitive values a column seems to hold; people decide."""

    sensitivity: Sensitivity
    matched: int  # so many of its values have that form
    by_name: bool  # the column's name says so, too


class Shape(msgspec.Struct, frozen=True):
    """How values look, without what they say: 9 for a digit, A or a for a letter, 字 for a character."""

    shape: str
    count: int


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one column."""

    name: str
    type: ItemType  # the narrowest that all its values have
    types: dict[ItemType, int]  # how many values have which
    first_rows: dict[ItemType, int]  # the first row with a value of this type
    compact_dates: int = 0  # of the whole numbers: such as 20260301
    values: int  # that are there
    nulls: int
    first_null_row: int | None = None
    distinct: int
    is_distinct_exact: bool = True
    longest: int = 0  # characters
    longest_row: int | None = None
    minimum: str | None = None  # of numbers, dates and times; of nothing that seems sensitive
    maximum: str | None = None
    shapes: tuple[Shape, ...] = ()  # the most frequent ones
    suggestion: Suggestion | None = None
    embedded: int = 0  # values that hold a phone number or the like inside a longer text


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the table in a file."""

    format: str
    encoding: str
    delimiter: str = ""
    sheet: str = ""
    other_sheets: int = 0
    notes: tuple[str, ...] = ()
    rows: int  # that were read
    is_whole: bool  # there are no more
    ragged_rows: int = 0  # with more or fewer values than columns
    first_ragged_row: int | None = None
    columns: tuple[Column, ...]
    sample: tuple[tuple[Any, ...], ...] = ()  # the first rows, what seems sensitive masked


class Outcome(enum.StrEnum):
    """What came of profiling."""

    PROFILED = "profiled"
    REFUSED = "refused"  # it is no table, or none that is read: ``refusal`` says why


class RefusedBytes(msgspec.Struct, frozen=True):
    """Why there is no profile."""

    code: str
    facts: dict[str, Any]


class ContentProfile(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in a content, once for its bytes (数据画像)."""

    sha256: str
    profiler: int
    outcome: Outcome
    profile: Profile | None = None
    refusal: RefusedBytes | None = None
    profiled_at: dt.datetime
