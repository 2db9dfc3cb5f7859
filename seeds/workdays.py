"""Read the State Council's yearly notices (节假日安排) from ``reference/workdays/*.toml``.

A new year is a new file, made from the notice's text and named with its number and date.
"""

from __future__ import annotations

import datetime as dt
import pathlib
from typing import Final

import msgspec

from catalog.kernel.workdays import Calendar, YearTable, check_table

DIRECTORY: Final = pathlib.Path(__file__).parent / "reference" / "workdays"


class _Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    first: dt.date
    last: dt.date

    def days(self) -> frozenset[dt.date]:
        length = (self.last - self.first).days + 1
        return frozenset(self.first + dt.timedelta(days=i) for i in range(length))


class _Notice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    year: int
    notice_number: str
    issued_on: dt.date
    holidays: tuple[_Span, ...]
    workdays: tuple[dt.date, ...]


def load_tables() -> list[YearTable]:
    """Return the notices that we have, oldest first."""
    return [read_notice(path.read_bytes()) for path in sorted(DIRECTORY.glob("*.toml"))]


def load_calendar() -> Calendar:
    """Return the calendar of all the notices that we have."""
    return Calendar({table.year: table for table in load_tables()})


def read_notice(text: bytes) -> YearTable:
    """Return the year that a notice's file (TOML, as in ``reference/workdays``) tells of.

    :raises msgspec.DecodeError: if it is not such a file.
    :raises Invalid: if it can not be a notice.
    """
    notice = msgspec.toml.decode(text, type=_Notice)
    table = YearTable(
        year=notice.year,
        notice_number=notice.notice_number,
        issued_on=notice.issued_on,
        holidays=frozenset().union(*(span.days() for span in notice.holidays)),
        workdays=frozenset(notice.workdays),
    )
    check_table(table)
    return table
