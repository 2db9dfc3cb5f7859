"""Write what was refused as a table that can be mended and handed in again (错误报告)."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from catalog.product_batches.cells import text_of
from catalog.product_batches.columns import KEY
from catalog.product_batches.model import Fault, RowResult

#: These columns are for people: whoever hands the report in again need not take them out.
ADDED: Final = ("#行 line", "#列 column", "#代码 code", "#原因", "#reason")
_MARK: Final = "\ufeff"  # so that spreadsheets read UTF-8
_RUN_BY_SPREADSHEETS: Final = ("=", "+", "-", "@", "\t", "\r")


def report(
    rows: Iterable[RowResult],
    columns: Sequence[str],
    words: Callable[[Fault], tuple[str, str]],
) -> Iterator[str]:
    """Yield the lines of the report: the row as it was, then where and why it was refused.

    ``columns`` are those of the table; none: the rows were no table, and stand there as JSON.
    """
    own = [name for name in columns if not name.startswith("#")]
    yield _MARK + _line([*(own or [KEY, "#JSON"]), *ADDED])
    for row in rows:
        cells = row.cells or {}
        kept = (
            [_kept(cells.get(name)) for name in own]
            if own
            else [guarded(row.key), guarded(json.dumps(cells, ensure_ascii=False))]
        )
        worded = [words(fault) for fault in row.faults]
        yield _line(
            [
                *kept,
                str(row.line),
                guarded("；".join(dict.fromkeys(fault.column for fault in row.faults))),
                "；".join(fault.code for fault in row.faults),
                guarded("\n".join(zh for zh, _ in worded)),
                guarded("\n".join(en for _, en in worded)),
            ]
        )


def guarded(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula; reading takes the mark off again."""
    return f"'{text}" if text.startswith(_RUN_BY_SPREADSHEETS) else text


def _kept(value: Any) -> str:
    return guarded(text_of(value))


def _line(values: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(values)
    return out.getvalue()
