"""``market log search``: what happened to a thing, what somebody did, and when (审计检索)."""

from __future__ import annotations

import datetime as dt
import pathlib
from typing import Any

import rich_click as click

from catalog.kernel.local_time import end_of_day, start_of_day
from market.cli import service, words
from market.portal.wording import Speaker

_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command(
    "search",
    help="审计检索 · Search the log by subject, actor, action and days, newest first: everything as "
    "auditor or authority, else your own acts and all about a thing of your own.\n\n"
    "例 · Example: `market log search --about order:0192… --from 2026-03-01 --action data:accessed`\n\n"
    + service.EXIT_CODES,
)
@click.option("--about", metavar="KIND:ID", help="对象 · a subject, for example order:0192…")
@click.option("--actor", metavar="ACCOUNT", help="行为人 · the id of an account")
@click.option("--action", metavar="EVENT", help="行为 · an event, for example role:granted")
@click.option("--from", "first", type=_DAY, help="自（含当日） · from this day on")
@click.option("--to", "last", type=_DAY, help="至（含当日） · up to this day, with it")
@click.option("--limit", type=click.IntRange(1, 200), default=50, show_default=True)
@click.option("--cursor", help="下一页 · where the last page ended")
@click.option("--token", envvar="MARKET_TOKEN", hidden=True)
@service.options
def search_log(
    *,
    about: str | None,
    actor: str | None,
    action: str | None,
    first: dt.datetime | None,
    last: dt.datetime | None,
    limit: int,
    cursor: str | None,
    url: str,
    token: str | None,
    token_file: pathlib.Path | None,
    lang: str,
    as_json: bool,
) -> None:
    """Print a page of what is found."""
    kind, colon, identifier = (about or "").partition(":")
    if about is not None and not (kind and colon and identifier):
        raise click.BadParameter("KIND:ID", param_hint="--about")
    wanted = {
        "subject_kind": kind or None,
        "subject_id": identifier or None,
        "actor": actor,
        "action": action,
        "from": None if first is None else start_of_day(first.date()).isoformat(),
        "to": None if last is None else end_of_day(last.date()).isoformat(),
        "limit": limit,
        "cursor": cursor,
    }
    found = service.connected(url, token_file, token).get("/api/v1/log/entries", **wanted)
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
    if not found["items"]:
        console.print(Text(t("audit.empty")))
        return
    table = Table(box=box.SIMPLE, pad_edge=False)
    table.add_column(t("audit.proof"), justify="right", no_wrap=True)
    for key in ("audit.when", "audit.what", "audit.about", "audit.who"):
        table.add_column(t(key), overflow="fold")
    for entry in found["items"]:
        about = "\n".join(f"{each['kind']}:{each['id']}" for each in entry["subjects"])
        cells = (
            str(entry["index"]),
            words.at(t, entry["at"]),
            entry["event"],
            about or "—",
            _who(t, entry),
        )
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)
    console.print(Text(t("audit.of", size=f"{found['log_size']:,}")))
    if found["next_cursor"]:
        console.print(Text(f"--cursor {found['next_cursor']}"))


def _who(t: Speaker, entry: dict[str, Any]) -> str:
    if entry["payload"] is not None:
        return str(entry["payload"]["actor"]["name"])
    return entry["actor_account_id"] or t("audit.not_told")
