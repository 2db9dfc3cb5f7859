"""``market load-calendar FILE``: take a yearly notice (节假日安排) into the calendar."""

from __future__ import annotations

import pathlib

import msgspec
import rich_click as click

from market.cli import service
from market.cli.settings_of import CouldNotBeDone
from market.portal.wording import Speaker


@click.command(
    "load-calendar",
    help="导入年度工作日历 · Load the State Council's notice for a year, and compute every open "
    "deadline that it settles again.\n\nThe file is TOML, as in seeds/reference/workdays: year, "
    "notice_number, issued_on, [[holidays]] with name, first and last, and workdays (调休上班).\n\n"
    "例 · Example: `market load-calendar seeds/reference/workdays/2026.toml`\n\n"
    + service.EXIT_CODES,
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))
@click.option("--token", envvar="MARKET_TOKEN", hidden=True)
@service.options
def load_calendar(
    file: pathlib.Path,
    *,
    url: str,
    token: str | None,
    token_file: pathlib.Path | None,
    lang: str,
    as_json: bool,
) -> None:
    """Load it, and print how many last days it moved."""
    from catalog.kernel.errors import DomainError
    from market.http.wording import words
    from seeds.workdays import read_notice

    asked = service.connected(url, token_file, token)
    try:
        table = read_notice(file.read_bytes())
    except msgspec.DecodeError as error:
        raise CouldNotBeDone(f"不是节假日通知文件 · Not a notice's file: {error}") from error
    except DomainError as error:
        wording = words(error.code, error.facts)
        raise service.Refused(f"{wording.zh} · {wording.en} [{error.code}]") from error
    loaded = asked.post("/api/v1/calendar-years", msgspec.to_builtins(table))
    if as_json:
        service.print_json(loaded)
        return
    facts = {
        "year": loaded["year"],
        "number": loaded["notice_number"],
        "n": loaded["moved_timer_count"],
    }
    click.echo(Speaker(lang)("calendar.loaded", **facts))
