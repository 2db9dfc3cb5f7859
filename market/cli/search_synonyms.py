"""``market search synonyms``: the table of words for one thing, at a running service (同义词维护)."""

from __future__ import annotations

import pathlib
import tomllib
from typing import Any, Final

import rich_click as click

from market.cli import service
from market.cli.settings_of import CouldNotBeDone

_STATES: Final = ("in_force", "proposed", "declined", "removed")
_AT_ONCE: Final = 200


@click.group(
    "synonyms",
    help="同义词 · Words for one thing: what is put into the table counts for the next question.\n\n"
    + service.EXIT_CODES,
)
def synonyms() -> None:
    """List, add, remove, import and export groups of words."""


@synonyms.command("list", help="列出 · List groups with their ids, newest first.")
@click.option("--status", type=click.Choice(_STATES), default="in_force", show_default=True)
@click.option("--word", help="含此词的组 · only groups with this word")
@click.option("--token", envvar="MARKET_TOKEN", hidden=True)
@service.options
def list_(
    *,
    status: str,
    word: str | None,
    url: str,
    token: str | None,
    token_file: pathlib.Path | None,
    lang: str,  # noqa: ARG001 - words are as they were written
    as_json: bool,
) -> None:
    """Print every group of the state."""
    asked = service.connected(url, token_file, token)
    wanted = {"status": status, "word": word, "limit": _AT_ONCE}
    page = asked.get("/api/v1/synonyms", **wanted)
    groups: list[dict[str, Any]] = page["items"]
    while page["next_cursor"] is not None:
        page = asked.get("/api/v1/synonyms", **wanted, cursor=page["next_cursor"])
        groups += page["items"]
    if as_json:
        service.print_json(groups)
        return
    for group in groups:
        click.echo(f"{group['id']}  {'、'.join(group['words'])}")


@synonyms.command(help="增加 · Put words for one thing into force, or propose them.")
@click.argument("words", nargs=-1, required=True)
@click.option("--reason", required=True, help="理由 · why")
@click.option("--propose", "is_proposal", is_flag=True, help="仅提出 · only propose them")
@click.option("--token", envvar="MARKET_TOKEN", hidden=True)
@service.options
def add(
    words: tuple[str, ...],
    *,
    reason: str,
    is_proposal: bool,
    url: str,
    token: str | None,
    token_file: pathlib.Path | None,
    lang: str,  # noqa: ARG001 - as above
    as_json: bool,
) -> None:
    """Give the command and print the group's id."""
    path = "/api/v1/synonym-proposals" if is_proposal else "/api/v1/synonyms"
    asked = service.connected(url, token_file, token)
    _tell(asked.post(path, {"words": list(words), "reason": reason}), as_json=as_json)


@synonyms.command(help="移除 · Take a group out of force, by its id.")
@click.argument("group", type=click.UUID)
@click.option("--reason", required=True, help="理由 · why")
@click.option("--token", envvar="MARKET_TOKEN", hidden=True)
@service.options
def remove(
    group: Any,
    *,
    reason: str,
    url: str,
    token: str | None,
    token_file: pathlib.Path | None,
    lang: str,  # noqa: ARG001 - as above
    as_json: bool,
) -> None:
    """Give the command and print what became of it."""
    asked = service.connected(url, token_file, token)
    _tell(asked.post(f"/api/v1/synonyms/{group}/removals", {"reason": reason}), as_json=as_json)


@synonyms.command(
    "import",
    help="导入 · Put the groups of a TOML file into force, all or none: "
    '`groups = [["公交", "巴士"], …]`, as `export` writes it and as comes with the service.',
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))
@click.option("--reason", required=True, help="理由 · why")
@click.option("--token", envvar="MARKET_TOKEN", hidden=True)
@service.options
def import_(
    file: pathlib.Path,
    *,
    reason: str,
    url: str,
    token: str | None,
    token_file: pathlib.Path | None,
    lang: str,  # noqa: ARG001 - as above
    as_json: bool,
) -> None:
    """Give the command and print how many came."""
    body = {"groups": _read(file), "reason": reason}
    came = service.connected(url, token_file, token).post("/api/v1/synonym-imports", body)
    if as_json:
        service.print_json(came)
        return
    click.echo(
        f"新增 {came['added']} 组，已有 {came['known']} 组 · "
        f"{came['added']} groups added, {came['known']} were there"
    )


@synonyms.command(
    help="导出 · Print the groups in force as TOML, to be kept or imported elsewhere."
)
@click.option("--token", envvar="MARKET_TOKEN", hidden=True)
@service.options
def export(
    *,
    url: str,
    token: str | None,
    token_file: pathlib.Path | None,
    lang: str,  # noqa: ARG001 - as above
    as_json: bool,
) -> None:
    """Print the whole table."""
    table = service.connected(url, token_file, token).get("/api/v1/synonym-table")
    if as_json:
        service.print_json(table)
        return
    lines = (f"  [{', '.join(map(_quoted, group))}]," for group in table["groups"])
    click.echo("\n".join((f"# version {table['version']}", "groups = [", *lines, "]")))


def _read(file: pathlib.Path) -> list[list[str]]:
    try:
        groups: list[list[str]] = tomllib.loads(file.read_text("utf-8"))["groups"]
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError) as error:
        raise CouldNotBeDone(
            f"不是同义词表（groups = [[…], …]） · Not a table of synonyms: {file} ({error})"
        ) from error
    return groups


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _tell(group: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        service.print_json(group)
    else:
        click.echo(f"{group['id']}  {group['state']}  {'、'.join(group['words'])}")
