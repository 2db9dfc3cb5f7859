"""``market demands``: what buyers need: the board, posting from a file, what fits (供需对接)."""

from __future__ import annotations

import pathlib
from typing import Any, Final

import rich_click as click

from market.cli import service
from market.cli.settings_of import CouldNotBeDone
from market.portal.wording import Speaker

_LEAST_SHOWN: Final = 20


@click.group(
    help="需求 · What buyers need: the board, posting from a file, what fits.\n\n"
    "例 · Example: `market demands post -f demand.yaml --submit`\n\n" + service.EXIT_CODES
)
def demands() -> None:
    """Hold the commands of demands."""


@demands.command("list", help="列出 · List what is asked for, or with --mine one's own demands.")
@click.option("--mine", is_flag=True, help="自己的 · one's own, of any state")
@click.option("--form", help="产品形式 · only of a form")
@click.option("--region", "region_code", help="地区 · only in the subtree of a region")
@click.option("--industry", help="行业 · only in the subtree of an industry")
@click.option("--limit", type=click.IntRange(1, 200), default=_LEAST_SHOWN, show_default=True)
@click.option("--token", envvar="MARKET_TOKEN", hidden=True)
@service.options
def list_(
    *,
    mine: bool,
    form: str | None,
    region_code: str | None,
    industry: str | None,
    limit: int,
    url: str,
    token: str | None,
    token_file: pathlib.Path | None,
    lang: str,
    as_json: bool,
) -> None:
    """Print demands, the newest first."""
    asked = service.connected(url, token_file, token)
    if mine:
        found = asked.get("/api/v1/demand-post-files", limit=limit)["items"]
    else:
        found = asked.get(
            "/api/v1/demand-posts",
            form=form,
            region_code=region_code,
            industry=industry,
            limit=limit,
        )["items"]
    if as_json:
        service.print_json(found)
        return
    speak = Speaker(lang)
    for each in found:
        said = each.get("asked", each)
        state = speak.label("demand_post", each["state"])
        click.echo(f"{each['id']}  {state}  {said['title']}  → {said['offers_until']}")


@demands.command(
    help="发布 · Draft a demand from a YAML or JSON file; with --submit hand it in too."
)
@click.option(
    "-f",
    "--file",
    "path",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path),
    help="需求文件 · the fields of POST /api/v1/demand-posts",
)
@click.option("--submit", "is_submitted", is_flag=True, help="提交审核 · hand it in")
@click.option("--token", envvar="MARKET_TOKEN", hidden=True)
@service.options
def post(
    *,
    path: pathlib.Path,
    is_submitted: bool,
    url: str,
    token: str | None,
    token_file: pathlib.Path | None,
    lang: str,
    as_json: bool,
) -> None:
    """Give the commands and print the id of the demand."""
    body = _read(path)
    asked = service.connected(url, token_file, token)
    told = asked.post("/api/v1/demand-posts", body)
    if is_submitted:
        told = asked.post(f"/api/v1/demand-posts/{told['id']}/submissions", {})
    if as_json:
        service.print_json(told)
        return
    click.echo(f"{told['id']}  {Speaker(lang).label('demand_post', told['state'])}")


@demands.command(help="匹配 · What fits a demand of one's own, best first, with the reasons.")
@click.argument("post_id")
@click.option("--token", envvar="MARKET_TOKEN", hidden=True)
@service.options
def matches(
    post_id: str,
    *,
    url: str,
    token: str | None,
    token_file: pathlib.Path | None,
    lang: str,
    as_json: bool,
) -> None:
    """Print the products that fit."""
    asked = service.connected(url, token_file, token)
    found = asked.get(f"/api/v1/demand-post-files/{post_id}/matches")
    if as_json:
        service.print_json(found)
        return
    for each in found:
        click.echo(f"{each['score'] // 10:3}%  {each['product_id']}  {each['product_name']}")
        for reason in each["reasons"]:
            click.echo(f"      {'+' if reason['fits'] else '-'} {reason[lang]}")


def _read(path: pathlib.Path) -> Any:
    """Return what a file says.

    :raises CouldNotBeDone: if it is neither YAML nor JSON.
    """
    from market.http.wording import words
    from market.manifests import documents

    try:
        return documents.read(path.read_bytes(), is_json=path.suffix == ".json").value
    except documents.At as error:
        told = words(error.refusal.code, error.refusal.facts)
        raise CouldNotBeDone(f"{path}:{error.line}: {told.zh} · {told.en}") from error
