"""Make the parts of the printed page: facts, tables, instants, digests; all text is escaped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from catalog.kernel.local_time import SHANGHAI


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def text(value: Any) -> str:
    """Return a value as it is printed; a dash where there is none."""
    if isinstance(value, Markup):
        return value
    return "—" if value in (None, "") else escape(str(value))


def when(instant: str | None) -> str | None:
    """Return an instant as people here write it: local time, to the second."""
    if instant is None:
        return None
    local = dt.datetime.fromisoformat(instant).astimezone(SHANGHAI)
    return local.strftime("%Y年%m月%d日 %H:%M:%S")


def digest(value: Any) -> str | None:
    """Return a digest in the letters in which one compares digests."""
    return None if value is None else Markup(f'<span class="hash">{escape(str(value))}</span>')


def breakable(code: str) -> str:
    """Return a code that may be broken where its parts meet, not within a word."""
    return Markup(escape(code).replace(":", ":<wbr>").replace("_", "_<wbr>"))


def lines(*parts: Any) -> str:
    """Return the parts that say something, each on a line of its own."""
    return Markup("<br>".join(text(part) for part in parts if part not in (None, "")))


def facts(*pairs: tuple[str, Any]) -> str:
    """Return a table of names and what stands behind them."""
    rows = "".join(f"<tr><th>{name}</th><td>{text(value)}</td></tr>" for name, value in pairs)
    return f'<table class="facts">{rows}</table>'


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a table whose headings are printed again on every sheet; 无 if it has no row."""
    body = "".join(
        "<tr>" + "".join(f"<td>{text(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    if not body:
        return "<p>无。</p>"
    head = "".join(f"<th>{heading}</th>" for heading in headings)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def headed(heading: str, headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table under a heading of its own, nothing if it has no row."""
    return f"<h3>{heading}</h3>{table(headings, rows)}" if rows else ""
