"""``market ledger``: what the books say, and how it came there (账簿)."""

from __future__ import annotations

import pathlib
import sys
import urllib.parse
import uuid
from typing import Any, Final

import rich_click as click

from market.cli import money, service
from market.cli.service import Asking
from market.cli.terminal import padded
from market.portal.wording import Speaker
from settlement.ledger.accounts import Purpose
from settlement.ledger_reports.explaining import Of
from settlement.money import yuan

_TRIAL: Final = "/api/v1/ledger/trial-balance"
_LEDGERS: Final = "/api/v1/account-ledgers"
_FILE_FORMATS: Final = ("csv", "xlsx")


@click.group(
    help="账簿 · The books: trial balance, accounts, where an amount comes from, replay.\n\n"
    + service.EXIT_CODES
)
def ledger() -> None:
    """Show, explain, replay."""


@ledger.command(
    "trial-balance",
    help="试算平衡表 · What stands on every purpose; with --purpose on each of its accounts.",
)
@money.BOOK
@money.PERIOD
@click.option("--as-of", help="截至 · with what was booked by then: 2026-11-30T15:00:00Z")
@click.option(
    "--purpose",
    type=click.Choice([each.value for each in Purpose]),
    help="科目 · the accounts of one purpose",
)
@service.asking
def trial_balance(
    *, book: str, period: str | None, as_of: str | None, purpose: str | None, asked: Asking
) -> None:
    """Print opening, debits, credits and closing.

    :raises Refused: if it does not come to zero.
    """
    wanted = {"book": book, "period": period, "as_of": as_of}
    if purpose is not None:
        lines = asked.service.get_all(f"{_TRIAL}/{purpose}", **wanted)
        if not asked.as_json:
            click.echo(_HEADS)
        asked.show(lines, _account_line)
        return
    found = asked.service.get(_TRIAL, **wanted)
    if asked.as_json:
        service.print_json(found)
    else:
        _print_trial(found)
    if not found["is_balanced"]:
        raise service.Refused(f"借贷不平衡 · Not in balance: {found['difference_fen']} fen")


@ledger.command(
    help="账户明细 · What moved an ACCOUNT, the earliest first: payable/…, order_escrow/…"
)
@click.argument("account")
@money.BOOK
@money.PERIOD
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=pathlib.Path),
    help="保存为 .csv 或 .xlsx · write a file instead",
)
@service.asking
def account(
    account: str, *, book: str, period: str | None, out: pathlib.Path | None, asked: Asking
) -> None:
    """Print each entry with what stands on the account after it, or write them all into a file."""
    path = f"{_LEDGERS}/{book}/{urllib.parse.quote(account)}"
    if out is not None:
        asked.service.save(_file(path, out, period), out)
        click.echo(str(out), err=asked.as_json)
        return
    pages = _pages(asked, path, period)
    if asked.as_json:
        service.print_json(pages)
        return
    first, last = pages[0], pages[-1]
    click.echo(f"{first['number']} {first['title_zh']} · {first['title_en']}  {first['account']}")
    click.echo(_standing("期初 · opening", first["opening_fen"]))
    for page in pages:
        for line in page["items"]:
            click.echo(_ledger_line(line))
    click.echo(_standing("期末 · closing", last["closing_fen"]))


@ledger.command(help="本方账户 · The accounts of your own party, and what stands on each.")
@service.asking
def accounts(*, asked: Asking) -> None:
    """Print a line for each."""
    asked.show(
        asked.service.get("/api/v1/my/ledger-accounts"),
        lambda each: (
            f"{each['number']:8}{money.amounts(each['balance_fen'])}  {each['account']}"
            f"  {each['title_zh']} · {each['title_en']}  {each['book']}"
        ),
    )


@ledger.command(
    help="这笔钱怎么来的 · Where the money of an entry, order, payout or invoice comes from."
)
@click.argument("of", type=click.Choice([each.value for each in Of]))
@click.argument("identifier", type=click.UUID)
@service.asking_in_a_language
def explain(of: str, identifier: uuid.UUID, *, lang: str, asked: Asking) -> None:
    """Print every leg with why it is exactly that.

    :raises Refused: if the journal says something else than the rules.
    """
    found = asked.service.get(f"/api/v1/explanations/{of}/{identifier}")
    if asked.as_json:
        service.print_json(found)
    else:
        _print_explanation(found, lang)
    if not found["is_as_posted"]:
        raise service.Refused("与账簿不一致 · The books say something else.")


@ledger.command(
    help="全账重放 · Recompute all balances from the first entry: by the service, or offline of an EXPORT.\n\n"
    "Exit code 0: all of it agrees; 1: something does not, the last line names the first entry; 2: unreadable."
)
@click.argument("export", required=False, type=click.Path(path_type=pathlib.Path))
@click.option(
    "--wait",
    type=click.IntRange(0),
    default=600,
    show_default=True,
    help="等待秒数 · seconds to wait for the service",
)
@service.options
@click.option("--token", envvar="MARKET_TOKEN", hidden=True)
def replay(
    export: pathlib.Path | None,
    *,
    wait: int,
    url: str,
    token: str | None,
    token_file: pathlib.Path | None,
    lang: str,  # noqa: ARG001 - what is printed so is in both
    as_json: bool,
) -> None:
    """Print what was counted, then what disagrees."""
    from market.cli import ledger_replay

    if export is not None:
        sys.exit(ledger_replay.of_export(export, as_json=as_json))
    asked = Asking(service.connected(url, token_file, token), as_json)
    sys.exit(ledger_replay.of_service(asked, wait))


def _print_explanation(found: dict[str, Any], lang: str) -> None:
    click.echo(f"{found['of']}  {found['id']}  {yuan(found['amount_fen'])}")
    for source in found["sources"]:
        click.echo(
            f"  {source['value_on']}{money.amounts(source['amount_fen'])}"
            f"  {source[f'kind_{lang}']}  {source['entry']}"
        )
    for entry in found["entries"]:
        told = entry["voucher"] or entry["key"]
        click.echo(
            f"\n{entry['value_on']}  {entry[f'kind_{lang}']}  {yuan(entry['amount_fen'])}  {told}"
        )
        for leg in entry["legs"]:
            click.echo(f"{money.amounts(leg['amount_fen'])}  {leg['account']}")
            click.echo(f"{'':20}{leg[f'reason_{lang}']}")


@ledger.command(help="待办 · What of the money waits for somebody, the most urgent first.")
@service.asking_in_a_language
def waiting(*, lang: str, asked: Asking) -> None:
    """Print so many of each kind, what they come to, and since when the oldest waits."""
    speak = Speaker(lang)

    def told(each: dict[str, Any]) -> str:
        since = each["since_on"] or ""
        fen = "" if each["amount_fen"] is None else yuan(each["amount_fen"])
        name = padded(speak.label("waiting", each["what"]), 24)
        return f"{name}{each['count']:>6}{money.columns((fen,))}  {since}"

    asked.show(asked.service.get("/api/v1/ledger/waiting"), told)


def _pages(asked: Asking, path: str, period: str | None) -> list[dict[str, Any]]:
    pages = [asked.service.get(path, period=period, limit=100)]
    while (cursor := pages[-1]["next_cursor"]) is not None:
        pages.append(asked.service.get(path, period=period, limit=100, cursor=cursor))
    return pages


def _file(path: str, out: pathlib.Path, period: str | None) -> str:
    kind = out.suffix.removeprefix(".").lower()
    if kind not in _FILE_FORMATS:
        raise click.UsageError("文件须为 .csv 或 .xlsx · a file that ends in .csv or .xlsx")
    return money.address(f"{path}/file", {"file_format": kind, "period": period})


_HEADS: Final = money.columns(("期初 opening", "借方 debits", "贷方 credits", "期末 closing"))


def _print_trial(found: dict[str, Any]) -> None:
    click.echo(f"{found['book']}  {found['period'] or '全部 · all'}  {found['entries']} 笔 entries")
    click.echo(f"{'':8}{_HEADS}")
    for line in found["lines"]:
        click.echo(
            f"{line['number']:8}{_four(line)}  {line['title_zh']} · {line['title_en']}"
            f"  ({line['accounts']})"
        )
    verdict = "平衡 · in balance" if found["is_balanced"] else "不平衡 · NOT in balance"
    click.echo(f"{'':8}{_four(found['total'])}  {verdict}")


def _account_line(line: dict[str, Any]) -> str:
    return f"{_four(line)}  {line['account']}"


def _four(line: dict[str, Any]) -> str:
    members = ("opening_fen", "debits_fen", "credits_fen", "closing_fen")
    return money.amounts(*(line[member] for member in members))


def _standing(what: str, fen: int) -> str:
    return f"{'':27}{money.columns((what, yuan(fen)))}"


def _ledger_line(line: dict[str, Any]) -> str:
    told = padded(line["voucher"] or "未结账 open", 15)
    return (
        f"{line['value_on']}  {told}{money.amounts(line['amount_fen'], line['balance_fen'])}"
        f"  {line['kind_zh']} · {line['kind_en']}  {', '.join(line['counterparts'])}"
    )
