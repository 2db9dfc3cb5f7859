"""``market profile``: what the service would find in a file, and a data dictionary to go on with."""

from __future__ import annotations

import asyncio
import pathlib
import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import msgspec
import rich_click as click

if TYPE_CHECKING:
    from catalog.kernel.errors import DomainError
    from catalog.profiles.model import Profile

_PART_BYTES = 256 * 1024


@click.command(
    help="数据画像 · What is in a file, before it is uploaded: columns, types, gaps, what seems personal.\n\n"
    "It is read as the service reads it, in a process of its own, and sent nowhere. With --dictionary "
    "the draft of a data dictionary (`items`), ready for a manifest of `market products`.\n\n"
    "Exit code 0: it was read; 1: it is refused, and why; 2: it could not be opened."
)
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))
@click.option("--dictionary", "is_draft", is_flag=True, help="数据字典草案 · the draft as YAML")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", help="语言 · language")
@click.option("--json", "as_json", is_flag=True, help="JSON 输出 · as JSON")
def profile(*, path: pathlib.Path, is_draft: bool, lang: str, as_json: bool) -> None:
    """Profile a file of one's own."""
    from catalog.kernel.errors import DomainError

    try:
        found = asyncio.run(_profiled(path))
    except DomainError as error:
        _refuse(error, lang, as_json=as_json)
        sys.exit(1)
    if is_draft:
        click.echo(_dictionary(found), nl=False)
    elif as_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        _print(found)


async def _profiled(path: pathlib.Path) -> Profile:
    from catalog.profiles.profiling import PROFILE, Asked
    from catalog.tables.kinds import check_named
    from catalog.tables.model import Format
    from market.channels.cage import Cage

    found = await Cage().one(PROFILE, Asked(), _chunks(path))
    check_named(Format(found.format), path.name)
    return found


async def _chunks(path: pathlib.Path) -> AsyncIterator[bytes]:
    with path.open("rb") as opened:
        while part := await asyncio.to_thread(opened.read, _PART_BYTES):
            yield part


def _dictionary(found: Profile) -> str:
    from catalog.profiles.drafting import drafted
    from market.manifests.writing import as_yaml

    items: list[dict[str, Any]] = []
    for item in drafted(found):
        fields = {each.name: each for each in msgspec.structs.fields(item)}
        said = msgspec.to_builtins(item)
        items.append({name: value for name, value in said.items() if value != fields[name].default})
    return as_yaml({"items": items})


def _print(found: Profile) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in (
        "列 column",
        "类型 type",
        "缺 nulls",
        "不同 distinct",
        "最长 longest",
        "疑似 seems",
    ):
        table.add_column(heading)
    for column in found.columns:
        seems = "" if column.suggestion is None else column.suggestion.sensitivity.value
        about = "" if column.is_distinct_exact else "≈"
        table.add_row(
            column.name,
            column.type.value,
            str(column.nulls),
            f"{about}{column.distinct}",
            str(column.longest),
            seems,
        )
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 200).print(table)
    more = "" if found.is_whole else " （仅前若干行 · the first rows only）"
    click.echo(f"{found.rows} 行 rows · {found.format} · {found.encoding}{more}", err=True)


def _refuse(error: DomainError, lang: str, *, as_json: bool) -> None:
    from market.http.wording import words

    said = words(error.code, error.facts)
    if as_json:
        refusal = {"code": error.code, "facts": error.facts, "wording": msgspec.to_builtins(said)}
        click.echo(msgspec.json.encode(refusal).decode())
    else:
        click.echo(said.zh if lang == "zh" else said.en, err=True)
