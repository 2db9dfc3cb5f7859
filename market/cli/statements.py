"""``market statements``: statements of accounts of closed months: which there are, get one, check one (对账单)."""

from __future__ import annotations

import pathlib
import uuid
from typing import Any, Final

import rich_click as click

from market.cli import money, service
from market.cli.service import Asking
from market.cli.verify import verify
from settlement.money import yuan
from settlement.statements.model import Side

_STATEMENTS: Final = "/api/v1/account-statements"
_FORMATS: Final = ("json", "xlsx", "pdf")


@click.group(
    help="对账单 · Statements of accounts: list, get (JSON, XLSX, PDF), verify.\n\n"
    + service.EXIT_CODES
)
def statements() -> None:
    """List, get, verify."""


@statements.command("list", help="可查的期间 · The closed months of which there are statements.")
@money.BOOK
@service.asking
def list_(*, book: str, asked: Asking) -> None:
    """Print a line for each closed month, the newest first."""
    found = asked.service.get(_STATEMENTS, book=book)
    asked.show(found, lambda each: f"{each['period']}  {each['book']}")


@statements.command(help="取对账单 · Print or keep the statement of a SIDE for a PERIOD.")
@click.argument("side", type=click.Choice([side.value for side in Side]))
@click.argument("period")
@money.BOOK
@click.option("--party", type=click.UUID, help="主体 · of a party; your own if none is named")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=pathlib.Path),
    help="保存为 .json（已签名）、.xlsx 或 .pdf · write a file instead",
)
@service.asking
def get(
    side: str,
    period: str,
    *,
    book: str,
    party: uuid.UUID | None,
    out: pathlib.Path | None,
    asked: Asking,
) -> None:
    """Print what it comes to and its lines, or write it as it was signed, as a workbook, or to print."""
    wanted = {"book": book, "party_id": None if party is None else str(party)}
    path = f"{_STATEMENTS}/{side}/{period}"
    if out is None:
        asked.show(asked.service.get(path, **wanted)["statement"], _statement)
        return
    kind = out.suffix.removeprefix(".").lower()
    if kind not in _FORMATS:
        raise click.UsageError("文件须为 .json、.xlsx 或 .pdf · a file that ends in one of these")
    paper = f"/statements/{side}/{period}/paper"
    place = {"json": path, "xlsx": f"{path}/workbook", "pdf": paper}[kind]
    asked.service.save(money.address(place, wanted), out)
    click.echo(str(out), err=asked.as_json)


statements.add_command(verify, "verify")


def _statement(told: dict[str, Any]) -> str:
    four = ("opening_fen", "debits_fen", "credits_fen", "closing_fen")
    lines = [
        f"{told['period']}  {told['book']}  {told['party_name']}".rstrip(),
        money.columns(("期初 opening", "转出 out", "转入 in", "期末 closing")),
        money.amounts(*(told[member] for member in four)),
    ]
    for account in told["accounts"]:
        lines.append(f"{account['account']}  {yuan(account['closing_fen'])}")
        lines += [
            f"  {line['voucher']}  {line['value_on']}"
            f"{money.amounts(line['amount_fen'], line['balance_fen'])}  {line['kind']}"
            for line in account["lines"]
        ]
    lines += [
        f"  {money.amounts(*(each[member] for member in four))}  {each['purpose']}"
        for each in told["purposes"]
    ]
    lines.append(f"链尾 chain head  {told['chain_head']}")
    return "\n".join(lines)
