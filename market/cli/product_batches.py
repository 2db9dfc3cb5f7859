"""``market products upload``: hand a table of products in, watch it, get what was refused (批量著录)."""

from __future__ import annotations

import pathlib
import sys
import time
from typing import Any, Final

import rich_click as click

from catalog.product_batches.model import Kind
from market.cli import service
from market.cli.settings_of import CouldNotBeDone

_PAUSE_SECONDS: Final = 0.3
_OVER: Final = ("finished", "failed", "cancelled")
_SHOWN: Final = 10  # refused rows that a person is shown; the report has all
_PATH: Final = "/api/v1/product-batches"
_EXIT: Final = (
    "The token is one of yours (POST /api/v1/tokens): MARKET_TOKEN, or a file with --token-file.\n\n"
    "Exit code 0: every row is taken; 1: some were refused, or all, each with its reason; "
    "2: could not be asked."
)

_report = click.option(
    "--report",
    type=click.Path(dir_okay=False, path_type=pathlib.Path),
    help="错误报告（CSV）· write the refused rows with their reasons, to be mended and handed in again",
)


@click.command(
    help="批量著录 · Hand in a file of products: CSV, XLSX, JSONL, JSON, DCAT, or what CKAN answers.\n\n"
    "Without --apply it is a trial that keeps nothing but its report.\n\n"
    "例 · Example: `market products upload products.xlsx --report refused.csv`\n\n" + _EXIT
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))
@click.option(
    "--kind",
    type=click.Choice([kind.value for kind in Kind]),
    help="文件类型 · of which kind the file is, if its name does not tell",
)
@click.option("--apply", "applies", is_flag=True, help="正式著录 · keep what is taken")
@click.option(
    "--complete", is_flag=True, help="要求完整 · rows have to be complete, and become no drafts"
)
@_report
@click.option("--token", envvar="MARKET_TOKEN", hidden=True)
@service.options
def upload(
    *,
    file: pathlib.Path,
    kind: str | None,
    applies: bool,
    complete: bool,
    report: pathlib.Path | None,
    url: str,
    token: str | None,
    token_file: pathlib.Path | None,
    lang: str,
    as_json: bool,
) -> None:
    """Upload the file, open a batch and follow it to its end."""
    asked = service.connected(url, token_file, token)
    stored = asked.upload(file)
    opened = asked.post(
        _PATH,
        {
            "file_id": stored["id"],
            "kind": kind,
            "is_dry_run": not applies,
            "is_draft": not complete,
        },
    )
    _follow(asked, opened["id"], lang, as_json=as_json, report=report)


@click.command(
    help="查看批次 · Follow a batch that was handed in, and tell what became of it.\n\n" + _EXIT
)
@click.argument("batch_id", metavar="ID")
@click.option(
    "--cancel",
    "cancels",
    is_flag=True,
    help="取消批次 · stop it first: rows that still wait are not taken, what was taken stays",
)
@_report
@click.option("--token", envvar="MARKET_TOKEN", hidden=True)
@service.options
def batch(
    *,
    batch_id: str,
    cancels: bool,
    report: pathlib.Path | None,
    url: str,
    token: str | None,
    token_file: pathlib.Path | None,
    lang: str,
    as_json: bool,
) -> None:
    """Follow the batch to its end, or to the one that was asked for."""
    asked = service.connected(url, token_file, token)
    if cancels:
        asked.post(f"{_PATH}/{batch_id}/cancellations", {})
    _follow(asked, batch_id, lang, as_json=as_json, report=report)


@click.command(
    help="模板 · Write an empty table: columns, an example, the values of each list (.csv or .xlsx)."
)
@click.argument("out", type=click.Path(dir_okay=False, path_type=pathlib.Path))
def template(out: pathlib.Path) -> None:
    """Write the template; no service is asked."""
    from catalog.product_batches import templates

    made = {".csv": lambda: templates.as_csv().encode(), ".xlsx": templates.as_xlsx}
    make = made.get(out.suffix.lower())
    if make is None:
        raise CouldNotBeDone("文件名应以 .csv 或 .xlsx 结尾 · The name ends with .csv or .xlsx.")
    try:
        out.write_bytes(make())
    except OSError as error:
        raise CouldNotBeDone(f"无法写入 · can not write {out}: {error}") from error
    click.echo(str(out), err=True)


def _follow(
    asked: service.Service,
    batch_id: str,
    lang: str,
    *,
    as_json: bool,
    report: pathlib.Path | None,
) -> None:
    try:
        found = _watched(asked, batch_id, quiet=as_json)
    except KeyboardInterrupt:
        click.echo(
            f"\n服务继续处理 · The service goes on: market products batch {batch_id}", err=True
        )
        raise SystemExit(130) from None
    if report is not None:
        asked.save(f"{_PATH}/{batch_id}/report", report)
    if as_json:
        service.print_json(found)
    else:
        _print(asked, found, lang)
    sys.exit(0 if found["state"] == "finished" and not found["counts"]["refused"] else 1)


def _watched(asked: service.Service, batch_id: str, *, quiet: bool) -> Any:
    """Return the batch once it is over, with a bar on standard error until then."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("著录 · taking"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet) as progress:
        task = progress.add_task("taking", total=None)
        while True:
            found = asked.get(f"{_PATH}/{batch_id}")
            progress.update(task, total=found["total"], completed=found["done"])
            if found["state"] in _OVER:
                return found
            time.sleep(_PAUSE_SECONDS)


def _print(asked: service.Service, found: dict[str, Any], lang: str) -> None:
    counts = found["counts"]
    trial = "试运行，未保存 · a trial, nothing was kept\n" if found["is_dry_run"] else ""
    click.echo(
        f"{trial}新增 created {counts['created']} · 修订 revised {counts['revised']} · "
        f"未变 unchanged {counts['unchanged']} · 拒绝 refused {counts['refused']}"
    )
    if found["failure"] is not None:
        click.echo(
            f"中止 · given up: {found['failure_wording'][lang]} [{found['failure']['code']}]"
        )
    refused = asked.get(f"{_PATH}/{found['id']}/rows", outcome="refused", limit=_SHOWN)
    for row in refused["items"]:
        for fault in row["faults"]:
            where = f"第 {row['line']} 行 line {row['line']}"
            what = " ".join(part for part in (row["key"], fault["column"]) if part)
            click.echo(f"  {where}: {what}: {fault['wording'][lang]} [{fault['code']}]")
    if refused["next_cursor"]:
        click.echo("  … （--report 列出全部 · lists all）")
