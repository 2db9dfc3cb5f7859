"""``market periods``: close months of the books (月结)."""

from __future__ import annotations

import time
from typing import Any, Final

import rich_click as click

from market.cli import money, service
from market.cli.service import Asking
from settlement.money import yuan

_PAUSE_SECONDS: Final = 1.0
_WAITED_FOR: Final = ("waiting_for_writers", "numbering", "chaining")


@click.group(
    help="会计期间 · Months of the books: close them, explain what stands open.\n\n"
    + service.EXIT_CODES
)
def periods() -> None:
    """List, show, close, explain."""


@periods.command("list", help="期间一览 · Every month and how far it is closed, the newest first.")
@money.BOOK
@service.asking
def list_(*, book: str, asked: Asking) -> None:
    """Print a line for each month."""
    asked.show(asked.service.get_all("/api/v1/ledger/periods", book=book), _line)


@periods.command(
    help="科目余额表与挂账 · The trial balance of a month and what is to be explained."
)
@click.argument("month")
@money.BOOK
@service.asking
def show(month: str, *, book: str, asked: Asking) -> None:
    """Print the trial balance, then the accounts that are not empty."""
    found = asked.service.get(_path(book, month))
    if asked.as_json:
        service.print_json(found)
        return
    _print(found)


@periods.command(help="月结 · Close a month that is over: begin it, and wait until it is sealed.")
@click.argument("month")
@money.BOOK
@click.option(
    "--wait",
    type=click.IntRange(0),
    default=60,
    show_default=True,
    help="等待秒数 · seconds to wait",
)
@service.asking
def close(month: str, *, book: str, wait: int, asked: Asking) -> None:
    """Begin the closing if nobody has, and print how it stands at the end.

    :raises Refused: if something is still to be explained.
    """
    path = _path(book, month)
    found = asked.service.get(path)
    if found["period"]["state"] == "open":
        asked.service.post(f"{path}/closings", {})
    found = asked.service.get(path)
    for _ in range(wait):
        if found["period"]["step"] not in _WAITED_FOR:
            break
        time.sleep(_PAUSE_SECONDS)
        found = asked.service.get(path)
    if asked.as_json:
        service.print_json(found)
    else:
        _print(found)
    if found["period"]["state"] != "closed":
        raise service.Refused(
            f"尚未封存 · Not sealed yet: {found['period']['step']},"
            f" {len(found['unexplained'])} 个账户待说明 · accounts to explain"
        )


@periods.command(help="挂账说明 · Say why something stands on an account at the end of a month.")
@click.argument("month")
@click.argument("account")
@click.option("--because", required=True, help="原因 · why")
@money.BOOK
@service.asking
def explain(month: str, account: str, *, because: str, book: str, asked: Asking) -> None:
    """Give the command and print how the month stands."""
    body = {"account": account, "explanation": because}
    asked.show(asked.service.post(f"{_path(book, month)}/explanations", body), _line)


@periods.command(help="月结记录 · The record of a closed month exactly as it was sealed.")
@click.argument("month")
@money.BOOK
@service.asking
def record(month: str, *, book: str, asked: Asking) -> None:
    """Print the record."""
    click.echo(asked.service.get(f"{_path(book, month)}/record")["record"])


def _path(book: str, month: str) -> str:
    return f"/api/v1/ledger/periods/{book}/{month}"


def _line(each: dict[str, Any]) -> str:
    entries = "" if each["entries"] is None else f"  {each['entries']} 笔 entries"
    return f"{each['month']}  {each['state']}  {each['step']}{entries}"


def _print(found: dict[str, Any]) -> None:
    click.echo(_line(found["period"]))
    for line in found["lines"]:
        amounts = (
            line["opening_fen"],
            line["debits_fen"],
            line["credits_fen"],
            line["closing_fen"],
        )
        told = "".join(f"{yuan(amount):>20}" for amount in amounts)
        click.echo(f"{line['number']:8}{told}  {line['title_zh']} · {line['title_en']}")
    for each in found["open_sums"]:
        told = f"{each['accounts']:>6}  {yuan(each['balance_fen']):>20}"
        click.echo(f"{each['purpose']:20}{told}  {each['because'] or '待说明 · to explain'}")
    for each in found["unexplained"]:
        click.echo(f"  ✗ {each['account']}  {yuan(each['balance_fen'])}")
