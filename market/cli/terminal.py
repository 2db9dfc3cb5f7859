"""Write for people: columns that fit Chinese, lines that fit the terminal, colours only where wanted.

What is data goes to standard output; with ``--json`` everything else goes to standard error.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from typing import Final

import rich_click as click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

_WIDE: Final = 120  # columns in which a table of addresses fits


def print_counts(counts: Mapping[str, int]) -> None:
    """Print how many there are of each kind, the names in one column."""
    width = max((cell_len(name) for name in counts), default=0)
    for name, count in counts.items():
        click.echo(f"{' ' * (width - cell_len(name))}{name}  {count:,}")


def padded(text: str, width: int) -> str:
    """Return ``text`` filled up to a width of terminal columns; a Chinese character takes two."""
    return text + " " * (width - cell_len(text))


def own_name() -> str:
    """Return how this program is called here: its name, or its path where no name leads to it."""
    return "market" if shutil.which("market") else sys.argv[0]


class Steps:
    """Print what happens, a numbered line each, wrapped under itself in a narrow terminal."""

    def __init__(self, *, err: bool) -> None:
        self._console = Console(stderr=err, highlight=False)
        self._err = err
        self._count = 0

    def say(self, day: str, what: str, came_of_it: str) -> None:
        """Print the next step and what came of it."""
        self._count += 1
        text = f"{what}  → {came_of_it}" if came_of_it else what
        if not self._console.is_terminal:
            click.echo(f"{self._count:>3}  {day}  {text}", err=self._err)
            return
        line = Table.grid(padding=(0, 2, 0, 0))
        line.add_column(justify="right", width=3, style="dim")
        line.add_column(width=len(day), style="dim")
        line.add_column(overflow="fold")
        line.add_row(str(self._count), day, _plain(text))
        self._console.print(line)


def _plain(text: str) -> str:
    """Return text in which rich finds no markup."""
    return text.replace("[", r"\[")


def print_places(title: str, rows: Sequence[tuple[str, str]]) -> None:
    """Print what happened and where to look: as a table, or one under the other if it is narrow."""
    console = Console(highlight=False, soft_wrap=True)
    if console.width < _WIDE:
        console.print(f"\n[bold]{_plain(title)}[/bold]")
        for what, where in rows:
            console.print(_plain(what))
            console.print(f"    {_plain(where)}")
        return
    table = Table(title=title)
    table.add_column("发生了什么 · what happened", no_wrap=True)
    table.add_column("在哪里看 · where to look", overflow="fold")
    for what, where in rows:
        table.add_row(_plain(what), _plain(where))
    console.print(table)
