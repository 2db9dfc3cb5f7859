"""``market yearly-reports``: cost and revenue of public data, year by year (公共数据年度报告)."""

from __future__ import annotations

import pathlib
from typing import Any, Final

import rich_click as click

from market.cli import service
from market.cli.service import Asking
from settlement.money import yuan

_PATH: Final = "/api/v1/public-data-reports"


@click.group(
    name="yearly-reports",
    help="公共数据年度报告 · Yearly reports of cost and revenue of public data.\n\n"
    + service.EXIT_CODES,
)
def yearly_reports() -> None:
    """List, draw up, fetch."""


@yearly_reports.command("list", help="报告一览 · What everybody may read, the newest first.")
@click.option("--year", type=int, help="年度 · of one year")
@service.asking
def list_(*, year: int | None, asked: Asking) -> None:
    """Print a line for each version."""
    asked.show(asked.service.get_all(_PATH, year=year), _line)


@yearly_reports.command(
    "draw-up",
    help="出具 · Draw up the report of a year whose months are all closed, or correct it.",
)
@click.argument("operator")
@click.argument("year", type=int)
@click.option("--correction", default="", help="更正原因 · why another version")
@service.asking
def draw_up(operator: str, year: int, *, correction: str, asked: Asking) -> None:
    """Draw it up, and print what it comes to."""
    body = {"operator_party_id": operator, "year": year, "correction": correction}
    made = asked.service.post(_PATH, body)
    if asked.as_json:
        service.print_json(made)
        return
    report = made["report"]
    click.echo(_line({"id": report["id"], "is_newest": True, "public": report["public"]}))


@yearly_reports.command(
    help="签名文件 · Save the whole signed report; `market verify` checks it offline."
)
@click.argument("report")
@click.argument("out", type=click.Path(dir_okay=False, path_type=pathlib.Path))
@click.option("--xlsx", is_flag=True, help="以 XLSX · as a workbook")
@service.asking
def fetch(report: str, out: pathlib.Path, *, xlsx: bool, asked: Asking) -> None:
    """Write the answer's exact bytes into ``out``.

    :raises CouldNotBeDone: if it can not be written.
    """
    asked.service.save(f"{_PATH}/{report}" + ("/workbook" if xlsx else ""), out)
    click.echo(str(out))


def _line(each: dict[str, Any]) -> str:
    told = each["public"]
    mark = "" if each["is_newest"] else "  已更正 corrected"
    return (
        f"{told['year']}  v{told['version']}  {yuan(told['net_fen']):>16}  "
        f"{told['operator_name']}  {each['id']}{mark}"
    )
