"""Read a day as people and spreadsheets write it (日期): 2026-01-31, 2026/1/31, 2026.1.31, 2026年1月31日."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import Final

from catalog.kernel.errors import Invalid

# The year comes first in all of them, so that no month can be taken for a day.
_DAY: Final = re.compile(
    r"(\d{4})(?:-(\d{1,2})-(\d{1,2})|/(\d{1,2})/(\d{1,2})|\.(\d{1,2})\.(\d{1,2})"
    r"|\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日|(\d\d)(\d\d))(?:[ T]0{1,2}:00(?::00)?)?"
)
_SHOWN: Final = 50


class BatchDateUnclear(Invalid):
    """A cell holds no day, or the number by which a spreadsheet counts days: which one, its file alone knows."""

    code = "product_batch_date_unclear"


def read_day(text: str) -> str:
    """Return the day that a cell names, as ISO 8601 writes it.

    :raises BatchDateUnclear: if it names none, or one that is in no calendar.
    """
    found = _DAY.fullmatch(unicodedata.normalize("NFKC", text).strip())
    if found is None:
        raise BatchDateUnclear(given=text[:_SHOWN])
    year, month, day = (int(part) for part in found.groups() if part is not None)
    try:
        return dt.date(year, month, day).isoformat()
    except ValueError as error:
        raise BatchDateUnclear(given=text[:_SHOWN]) from error
