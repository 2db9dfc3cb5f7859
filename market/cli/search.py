"""``market search WORDS…``: find products from the command line."""

from __future__ import annotations

import pathlib
from typing import TYPE_CHECKING

import msgspec
import rich_click as click

from market.cli import settings_of
from market.settings import Settings

if TYPE_CHECKING:
    from catalog.search.model import Found


@click.command(
    help="搜索公开目录 · Search the public catalogue.\n\n"
    "Exit code 0: something was found; 1: nothing was; 2: could not be searched."
)
@click.argument("words", nargs=-1)
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
@click.option(
    "--data-dir", type=click.Path(path_type=pathlib.Path), help="数据目录 · where data lies"
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 · print JSON")
def search(
    words: tuple[str, ...], limit: int, data_dir: pathlib.Path | None, as_json: bool
) -> None:
    """Print what is found, best first; without words the newest first."""
    found = settings_of.run(
        _search(settings_of.environment(data_dir=data_dir), " ".join(words), limit),
        fault=settings_of.CouldNotBeDone,
    )
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        _print(found)
    raise SystemExit(0 if found.items else 1)


async def _search(settings: Settings, text: str, limit: int) -> Found:
    from catalog.kernel.actor import PUBLIC
    from catalog.kernel.db import begin
    from catalog.search import queries
    from market.cli.connection import open_market

    async with open_market(settings) as market, begin(market.db, PUBLIC) as tx:
        return await queries.search(tx, text=text, limit=limit)


def _print(found: Found) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"共 {found.total} 条 · {found.total} found", title_justify="left")
    for heading in ("产品 product", "供方 supplier", "形式 form", "地区 region", "编号 id"):
        table.add_column(heading, overflow="fold")
    for hit in found.items:
        table.add_row(
            hit.name, hit.supplier, hit.form or "", hit.region or "", hit.source_id or str(hit.id)
        )
    Console().print(table)
