"""Find the row that names the columns: people write a title above it, or what a sheet is for (表头)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from catalog.tables.model import Row, TableEmpty

#: [P] a title, a date, a note of who filled it in: nobody writes more above a table.
MOST_ROWS_ABOVE: Final = 20

#: Tells whether a row's cells name columns.
IsHeader = Callable[[Sequence[str]], bool]


def find_header(rows: Iterator[Row], is_header: IsHeader | None) -> tuple[Row, Iterator[Row]]:
    """Return the row that names the columns, and the rows below it.

    Without ``is_header``, or if no row among the first is one, that is the first that is not blank.

    :raises TableEmpty: if there are no rows.
    """
    looked_at = list(itertools.islice(rows, MOST_ROWS_ABOVE)) if is_header else []
    for place, row in enumerate(looked_at):
        if is_header is not None and is_header([cell_text(value) for value in row.values]):
            return row, itertools.chain(looked_at[place + 1 :], rows)
    every = itertools.chain(looked_at, rows)
    first = next((row for row in every if not is_blank(row.values)), None)
    if first is None:
        raise TableEmpty
    return first, every


def is_blank(values: Sequence[Any]) -> bool:
    """Tell whether nobody wrote anything into a row, or blanks alone."""
    return not any(cell_text(value).strip() for value in values)


def cell_text(value: Any) -> str:
    """Return what stands in a cell as text, nothing as an empty one."""
    return "" if value is None else str(value)
