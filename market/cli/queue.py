"""``market queue``: what waits, under the heads 严重超期, 已超期, 即将到期, 未到期."""

from __future__ import annotations

import datetime as dt
import pathlib
from typing import Any, Final

import rich_click as click

from catalog.timers.urgency import Urgency
from market.cli import service, words
from market.portal import dates
from market.portal.wording import LANGUAGES, Speaker, all_words

_STYLES: Final = {
    Urgency.BADLY_OVERDUE.value: "bold red",
    Urgency.OVERDUE.value: "red",
    Urgency.DUE_SOON.value: "yellow",
    Urgency.NOT_YET_DUE.value: "green",
}
_WORDS: Final = all_words(LANGUAGES[0])


def _codes(group: str) -> list[str]:
    return [key.rpartition(".")[2] for key in _WORDS if key.startswith(f"label.{group}.")]


@click.command(
    help="待办清单 · What waits for whom, the most pressing first.\n\n"
    "例 · Example: `market queue --against supermarket_operator --head overdue`\n\n"
    + service.EXIT_CODES
)
@click.option("--head", type=click.Choice(list(_STYLES)), help="只看一组 · one head only")
@click.option(
    "--against",
    metavar="ROLE",
    type=click.Choice(_codes("role")),
    help="义务人 · who owes it, for example supermarket_operator",
)
@click.option(
    "--kind",
    metavar="KIND",
    type=click.Choice(_codes("clock")),
    help="事项 · what is owed, for example acceptance",
)
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--token", envvar="MARKET_TOKEN", hidden=True)
@service.options
def queue(
    *,
    head: str | None,
    against: str | None,
    kind: str | None,
    limit: int,
    url: str,
    token: str | None,
    token_file: pathlib.Path | None,
    lang: str,
    as_json: bool,
) -> None:
    """Print the heads with their counts and the first lines."""
    found = service.connected(url, token_file, token).get(
        "/api/v1/work-queue", head=head, against=against, kind=kind, limit=limit
    )
    if as_json:
        service.print_json(found)
        return
    _print(Speaker(lang), found)


def _print(t: Speaker, found: dict[str, Any]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    today = dates.day(dt.date.fromisoformat(found["today"]), t.language)
    console.print(Text("   ".join([today, *(_count(t, head) for head in found["heads"])])))
    if not found["items"]:
        console.print(Text(t("work.empty")))
        return
    table = Table(box=box.SIMPLE, pad_edge=False, title_justify="left")
    for key in ("work.due", "work.left_head"):
        table.add_column(t(key), no_wrap=True)
    for key in ("work.case", "work.what"):
        table.add_column(t(key), overflow="fold")
    table.add_column(t("work.who"), no_wrap=True)
    head = None
    for item in found["items"]:
        if item["pressing"]["urgency"] != head:
            head = item["pressing"]["urgency"]
            table.add_section()
            table.add_row(Text(t.label("urgency", head), style=_STYLES[head]))
        table.add_row(*(Text(cell) for cell in _line(t, item, found["today"])))
    console.print(table)
    if found["next_cursor"]:
        console.print(Text(t("work.more")))


def _count(t: Speaker, head: dict[str, Any]) -> str:
    count = f"{t.label('urgency', head['urgency'])} {head['count']}"
    if not head["provisional_count"]:
        return count
    return f"{count} ({t('work.provisional', n=head['provisional_count'])})"


def _line(t: Speaker, item: dict[str, Any], today: str) -> tuple[str, ...]:
    timer = item["timer"]
    number = item["case_number"] or t("work.unnamed")
    return (
        words.due(t, timer),
        words.left(t, item, today),
        f"{number}\n{item['title']}" if item["title"] else number,
        t.label("clock", timer["kind"]),
        t.label("role", timer["against"]),
    )
