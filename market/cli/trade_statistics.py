"""``market statistics``: what the trade comes to by industry, scenario, region and month (交易统计)."""

from __future__ import annotations

import pathlib
from typing import Any, Final

import rich_click as click

from market.cli import service
from market.cli.service import Asking
from market.trade_statistics.model import Dimension
from settlement.money import yuan

_BOOK: Final = click.option(
    "--book", default="market", show_default=True, help="账簿 · market or public_data"
)
_SUPPLIER: Final = click.option(
    "--supplier", help="供方 · of one supplier's orders, by its party id"
)


@click.group(
    help="交易统计 · Statistics of closed months, each table coming to the ledger.\n\n"
    + service.EXIT_CODES
)
def statistics() -> None:
    """Show, fetch."""


@statistics.command(
    help="统计表 · A table of a month (2026-11), a quarter (2026-Q4) or a year (2026)."
)
@click.argument("period")
@click.option(
    "--by",
    type=click.Choice([each.value for each in Dimension]),
    default=Dimension.INDUSTRY.value,
    show_default=True,
    help="维度 · by what",
)
@_BOOK
@_SUPPLIER
@service.asking
def show(period: str, *, by: str, book: str, supplier: str | None, asked: Asking) -> None:
    """Print a line for each code, the rests among them, and the total, which is the ledger's."""
    found = asked.service.get(_path(period), book=book, supplier_party_id=supplier)["statistics"]
    if asked.as_json:
        service.print_json(found)
        return
    (table,) = (each for each in found["tables"] if each["dimension"] == by)
    click.echo(f"{'':24}{'成交 paid':>18}{'退款 refunded':>18}{'发生额 moved':>18}{'笔数':>8}")
    for line in table["lines"]:
        click.echo(_line(line["code"], line["sums"]))
    click.echo(_line("合计 total", found["totals"]))


@statistics.command(
    help="签名文件 · Save the signed statistics; `market verify` checks them offline."
)
@click.argument("period")
@click.argument("out", type=click.Path(dir_okay=False, path_type=pathlib.Path))
@click.option("--xlsx", is_flag=True, help="以 XLSX · as a workbook")
@_BOOK
@_SUPPLIER
@service.asking
def fetch(
    period: str, out: pathlib.Path, *, xlsx: bool, book: str, supplier: str | None, asked: Asking
) -> None:
    """Write the answer's exact bytes into ``out``.

    :raises CouldNotBeDone: if it can not be written.
    """
    place = f"{_path(period)}/workbook" if xlsx else _path(period)
    of = "" if supplier is None else f"&supplier_party_id={supplier}"
    asked.service.save(f"{place}?book={book}{of}", out)
    click.echo(str(out))


def _path(period: str) -> str:
    return f"/api/v1/trade-statistics/{period}"


def _line(name: str, sums: dict[str, Any]) -> str:
    amounts = "".join(
        f"{yuan(sums[member]):>18}" for member in ("paid_fen", "refunded_fen", "moved_fen")
    )
    return f"{name:24}{amounts}{sums['entries']:>8}"
