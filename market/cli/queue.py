"""``market queue``: what waits, under the heads 严重超期, 已超期, 即将到期, 未到期."""

from __future__ import annotations

import pathlib
from typing import Any, Final

import rich_click as click

from catalog.timers.urgency import Urgency
from market.cli import service

_HEADS: Final = {
    Urgency.BADLY_OVERDUE.value: ("严重超期", "badly overdue", "bold red"),
    Urgency.OVERDUE.value: ("已超期", "overdue", "red"),
    Urgency.DUE_SOON.value: ("即将到期", "due soon", "yellow"),
    Urgency.NOT_YET_DUE.value: ("未到期", "not yet due", "green"),
}


@click.command(
    help="待办清单 · What waits for whom, the most pressing first.\n\n" + service.EXIT_CODES
)
@click.option("--head", type=click.Choice(list(_HEADS)), help="只看一组 · one head only")
@click.option("--against", help="义务人 · who owes it, for example supermarket_operator")
@click.option("--kind", help="事项 · what is owed, for example acceptance")
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
    as_json: bool,
) -> None:
    """Print the heads with their counts and the first lines."""
    found = service.connected(url, token_file, token).get(
        "/api/v1/work-queue", head=head, against=against, kind=kind, limit=limit
    )
    if as_json:
        service.print_json(found)
        return
    _print(found)


def _print(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    counts = [
        f"{_HEADS[head['urgency']][0]} {head['count']}"
        + (f"（暂定 {head['provisional_count']}）" if head["provisional_count"] else "")
        for head in found["heads"]
    ]
    console.print(Text(f"{found['today']}  " + "   ".join(counts)))
    if not found["items"]:
        console.print(Text("没有待办 · Nothing waits."))
        return
    table = Table()
    for heading in ("期限 due", "分组 head", "剩余/超期 days", "编号 number", "事项 kind"):
        table.add_column(heading, no_wrap=True)
    table.add_column("名称 title", overflow="fold")
    for item in found["items"]:
        table.add_row(*_line(item))
    console.print(table)
    if found["next_cursor"]:
        console.print(Text("还有更多：用 --limit 或 --head · There is more."))


def _line(item: dict[str, Any]) -> tuple[Any, ...]:
    from rich.text import Text

    timer, pressing = item["timer"], item["pressing"]
    chinese, _, style = _HEADS[pressing["urgency"]]
    late = pressing["working_days_late"]
    days = f"超 {late} 工作日" if late else f"剩 {pressing['working_days_left']} 工作日"
    due = timer["due_on"] + (" 暂定" if timer["provisional"] else "")
    return (
        due,
        Text(chinese, style=style),
        days,
        item["case_number"] or timer["subject_id"],
        timer["kind"],
        item["title"] or "",
    )
