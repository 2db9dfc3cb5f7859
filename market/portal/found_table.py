"""Write what a search found as a table that spreadsheets read and none of them runs (CSV)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Final

from catalog.search.model import Hit

#: [P] more than this is a catalogue and no answer; programs walk it by its cursor.
AT_MOST: Final = 500
_COLUMNS: Final = (
    "id", "name", "supplier", "description", "form", "industry", "region", "level", "theme",
    "source", "update_cycle", "format", "certified", "published_at",
)  # fmt: skip
# What a spreadsheet takes for the beginning of a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
# Without it a spreadsheet does not read the Chinese.
_BYTE_ORDER_MARK: Final = "\ufeff"


def csv_of(hits: Iterable[Hit]) -> bytes:
    """Return the table, a product a row, with the names of its columns first."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(_COLUMNS)
    rows.writerows([_cell(getattr(hit, column)) for column in _COLUMNS] for hit in hits)
    return f"{_BYTE_ORDER_MARK}{text.getvalue()}".encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
