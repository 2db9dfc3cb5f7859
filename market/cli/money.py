"""Say once what the commands about money have in common: book and period, and amounts in columns.

``market ledger``, ``periods``, ``reconcile``, ``payouts`` and ``statements`` use the same words and
flags, so that whoever knows one knows the others.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterable, Mapping
from typing import Final

import rich_click as click
from rich.cells import cell_len

from settlement.money import yuan

BOOKS: Final = ("market", "public_data")
BOOK: Final = click.option(
    "--book",
    type=click.Choice(BOOKS),
    default=BOOKS[0],
    show_default=True,
    help="账簿 · the book",
)
PERIOD: Final = click.option(
    "--period", help="期间 · a month, quarter or year: 2026-11, 2026-Q4, 2026"
)
_WIDTH: Final = 18


def address(path: str, wanted: Mapping[str, str | None]) -> str:
    """Return a path with those of the parameters that are named."""
    named = {name: value for name, value in wanted.items() if value is not None}
    return f"{path}?{urllib.parse.urlencode(named)}" if named else path


def amounts(*fen: int) -> str:
    """Return amounts in yuan, each in a column of its own, one under the other."""
    return columns(yuan(each) for each in fen)


def columns(texts: Iterable[str]) -> str:
    """Return texts in the columns in which amounts stand; a Chinese character takes two."""
    return "".join(" " * max(_WIDTH - cell_len(text), 1) + text for text in texts)
