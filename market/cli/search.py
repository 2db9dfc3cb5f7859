"""``market search WORDS…``: find products from the command line."""

from __future__ import annotations

import pathlib
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import msgspec
import rich_click as click

from market.cli import settings_of
from market.cli.search_synonyms import synonyms
from market.settings import Settings

if TYPE_CHECKING:
    from catalog.search.model import Found


_REWORDED_AT_ONCE: Final = 500
# The option, the filter, and what it says.
_FILTERS: Final = (
    ("form", "form", "数据产品形式 · form, as dataset"),
    ("industry", "industry", "行业代码及其下级 · a code of GB/T 4754 and all in it, as C or 132"),
    ("region", "region", "地域 · region, as people call it"),
    (
        "region-code",
        "region_code",
        "行政区划代码及其下级 · a code of GB/T 2260 and all in it, as 46",
    ),
    ("level", "level", "数据级别 · level"),
    ("supplier", "supplier_name", "提供方 · supplier"),
    ("theme", "theme", "主题 · theme"),
    ("source", "source", "来源目录 · source catalogue"),
    ("update-cycle", "update_cycle", "更新周期 · how often it changes, as daily"),
    ("delivery", "delivery", "交付方式 · how it is had, as api_call"),
    ("zone", "zone", "公共数据专区 · the code of a zone of public data"),
    ("certified", "certified", "有无有效凭证 · has it a certificate in force: yes, no"),
    ("open-data", "open_data", "是否开放数据 · is it open data: yes, no"),
    ("price", "price", "价格区间 · a band of its lowest price, as free, under_100_yuan"),
)


class _WordsOrCommand(click.RichGroup):
    """A group whose arguments are words to be found, unless the first is one of its commands."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is asked for; ``find`` if none is named."""
        return super().resolve_command(ctx, args if args[0] in self.commands else ["find", *args])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Let options without a command be those of ``find``."""
        if not args or (args[0].startswith("-") and args[0] != "--help"):
            args = ["find", *args]
        return super().parse_args(ctx, args)


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each filter."""
    for option, name, said in reversed(_FILTERS):
        command = click.option(f"--{option}", name, help=said)(command)
    for end, said in (
        ("to", "价格止（分）· up to this price in fen"),
        ("from", "价格起（分）· from"),
    ):
        name = f"price_{end}_fen"
        command = click.option(f"--price-{end}-fen", name, type=int, help=said)(command)
    return command


@click.group(
    cls=_WordsOrCommand,
    help="搜索公开目录 · Search the public catalogue: market search WORDS…\n\n"
    "Exit code 0: something was found; 1: nothing was; 2: could not be searched.",
)
def search() -> None:
    """Find products, make the index anew that they are found by, keep the table of synonyms."""


search.add_command(synonyms)


@search.command(help="检索 · Find products by words; without words the newest first.")
@click.argument("words", nargs=-1)
@_filters
@click.option(
    "--sort",
    type=click.Choice(("relevance", "newest", "oldest")),
    default="relevance",
    show_default=True,
    help="排序 · in which order",
)
@click.option("--limit", type=click.IntRange(1, 100), default=20, show_default=True)
@click.option("--cursor", help="续上页 · go on where the last page ended")
@click.option(
    "--data-dir", type=click.Path(path_type=pathlib.Path), help="数据目录 · where data lies"
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 · print JSON")
def find(
    words: tuple[str, ...],
    *,
    sort: str,
    limit: int,
    cursor: str | None,
    data_dir: pathlib.Path | None,
    as_json: bool,
    **narrowed: str | None,
) -> None:
    """Print what is found, best first; without words the newest first."""
    page = {"sort": sort, "limit": limit, "cursor": cursor}
    found = settings_of.run(
        _search(settings_of.environment(data_dir=data_dir), " ".join(words), narrowed, page),
        fault=settings_of.CouldNotBeDone,
    )
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        _print(found)
    raise SystemExit(0 if found.items else 1)


@search.command(
    help="重建检索索引 · Make the search index of this host anew, beside the one that serves, and "
    "swap them at once. A running service goes on meanwhile and takes it over by itself. With "
    "--words the documents in the database are cut anew before, batch by batch: after an upgrade "
    "that cuts otherwise. Stopped on the way, it tells after which product to go on.\n\n"
    "Exit code 0: it was made; 2: it could not be."
)
@click.option(
    "--data-dir", type=click.Path(path_type=pathlib.Path), help="数据目录 · where data lies"
)
@click.option("--words", is_flag=True, help="先重新分词 · cut the words anew before")
@click.option("--after", type=click.UUID, help="从此产品之后继续 · go on after this product")
def rebuild(data_dir: pathlib.Path | None, *, words: bool, after: uuid.UUID | None) -> None:
    """Build, swap, and say how many products it holds."""
    if words:
        settings_of.run(
            _reword(settings_of.environment(data_dir=data_dir), after),
            fault=settings_of.CouldNotBeDone,
        )
    count = settings_of.run(
        _rebuild(settings_of.environment(data_dir=data_dir)), fault=settings_of.CouldNotBeDone
    )
    click.echo(f"已编入 {count} 个产品 · {count} products indexed")


async def _reword(settings: Settings, after: uuid.UUID | None) -> None:
    from catalog.kernel.actor import system
    from catalog.kernel.db import begin
    from catalog.products.operations import rewording
    from market.cli.connection import open_market

    actor = system("search", "document:reword")
    looked_at = changed = 0
    async with open_market(settings) as market:
        while True:
            async with begin(market.db, actor) as tx:
                done = await rewording.reword(tx, actor=actor, after=after, limit=_REWORDED_AT_ONCE)
            looked_at, changed = looked_at + done.looked_at, changed + done.changed
            after = done.last
            if after is None:
                break
            click.echo(f"… {looked_at} --after {after}", err=True)
    click.echo(
        f"重新分词 {looked_at} 个文档，更改 {changed} 个 · {looked_at} cut anew, {changed} changed"
    )


async def _rebuild(settings: Settings) -> int:
    import httpx

    from market.app import search_index
    from market.cli.connection import open_market

    async with open_market(settings) as market, httpx.AsyncClient() as web:
        _, follower = search_index(market.settings, market.db, web)
        return await follower.rebuild()


async def _search(
    settings: Settings, text: str, narrowed: Mapping[str, str | None], page: Mapping[str, Any]
) -> Found:
    from catalog.kernel.actor import PUBLIC
    from catalog.kernel.db import begin
    from catalog.search.disk import faults
    from catalog.search.disk.reading import TantivyIndex
    from catalog.search.model import Filters, Sort
    from catalog.suggestions import queries
    from catalog.thesaurus.queries import Book
    from market.cli.connection import open_market
    from market.zones import queries as zones

    async with open_market(settings) as market, begin(market.db, PUBLIC) as tx:
        index = TantivyIndex(market.settings.search_path)
        filters = msgspec.convert(dict(narrowed), Filters)
        book = Book()
        found = await faults.answered(
            index,
            lambda port: book.answered(
                tx,
                lambda synonyms: queries.search_with_help(
                    tx,
                    port=port,
                    text=text,
                    synonyms=synonyms,
                    filters=filters,
                    **{**page, "sort": Sort(page["sort"])},
                ),
            ),
        )
        if not found.total:
            await zones.require_asked(tx, filters)
        return found


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
    for each in found.suggestions:
        click.echo(f"{each.text}    {each.zh} · {each.en}")
    if found.next_cursor:
        click.echo(f"下一页 · next page: --cursor {found.next_cursor}")
