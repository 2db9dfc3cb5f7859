"""``market invoices``: ask for invoices, issue them, take them back (发票)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import rich_click as click

from market.cli import service
from market.cli.service import Asking
from settlement.invoices.model import For, InvoiceType
from settlement.money import yuan

_ALL = "/api/v1/invoices"
_ONE = click.argument("invoice", type=click.UUID)
_BECAUSE = click.option("--because", required=True, help="理由 · why")


@click.group(help="发票 · Ask for invoices, issue and redden them.\n\n" + service.EXIT_CODES)
def invoices() -> None:
    """List, ask, issue, refuse, withdraw, void, redden."""


@invoices.command("list", help="发票一览 · Invoices, the newest first.")
@click.option("--order", type=click.UUID, help="订单 · of one order")
@service.asking
def list_(*, order: uuid.UUID | None, asked: Asking) -> None:
    """Print a line for each."""
    found = asked.service.get_all(_ALL, order_id=None if order is None else str(order))
    asked.show(found, _line)


@invoices.command(help="申请开票 · Ask for an invoice of ORDER over AMOUNT fen, made out to NAME.")
@click.argument("order", type=click.UUID)
@click.argument("amount", metavar="AMOUNT", type=click.IntRange(1))
@click.argument("name")
@click.option("--of", type=click.Choice([each.value for each in For]), default="product")
@click.option(
    "--type", "kind", type=click.Choice([t.value for t in InvoiceType]), default="ordinary"
)
@click.option("--tax-number", default="", help="纳税人识别号")
@click.option("--address", default="", help="地址、电话")
@click.option("--bank", default="", help="开户行及账号")
@service.asking
def ask(
    order: uuid.UUID,
    amount: int,
    name: str,
    *,
    of: str,
    kind: str,
    tax_number: str,
    address: str,
    bank: str,
    asked: Asking,
) -> None:
    """Give the command and print the invoice."""
    title = {
        "name": name,
        "tax_number": tax_number,
        "address_and_phone": address,
        "bank_and_account": bank,
    }
    body = {"of": of, "type": kind, "amount_fen": amount, "title": title}
    asked.show(asked.service.post(f"/api/v1/orders/{order}/invoices", body), _line)


@invoices.command(help="登记已开具 · Note the NUMBER under which it was issued.")
@_ONE
@click.argument("number")
@click.option("--on", type=click.DateTime(["%Y-%m-%d"]), help="开票日期 · the day, if not today")
@service.asking
def issue(invoice: uuid.UUID, number: str, *, on: dt.datetime | None, asked: Asking) -> None:
    """Give the command and print how it stands."""
    body = {"number": number, "issued_on": None if on is None else on.date().isoformat()}
    asked.show(asked.service.post(f"{_ALL}/{invoice}/issuances", body), _line)


@invoices.command(help="不予开具 · Refuse it, with the reason.")
@_ONE
@_BECAUSE
@service.asking
def refuse(invoice: uuid.UUID, *, because: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_ALL}/{invoice}/refusals", {"reason": because}), _line)


@invoices.command(help="撤回申请 · Take back what you asked for.")
@_ONE
@service.asking
def withdraw(invoice: uuid.UUID, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_ALL}/{invoice}/withdrawals", {}), _line)


@invoices.command(help="作废 · Void it in the month of its issue.")
@_ONE
@_BECAUSE
@service.asking
def void(invoice: uuid.UUID, *, because: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_ALL}/{invoice}/voidings", {"reason": because}), _line)


@invoices.command(help="红字发票 · Take AMOUNT fen of it back by the red letter NUMBER.")
@_ONE
@click.argument("number")
@click.argument("amount", metavar="AMOUNT", type=click.IntRange(1))
@_BECAUSE
@service.asking
def redden(invoice: uuid.UUID, number: str, amount: int, *, because: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    body = {"number": number, "amount_fen": amount, "reason": because}
    asked.show(asked.service.post(f"{_ALL}/{invoice}/red-letters", body), _line)


def _line(each: dict[str, Any]) -> str:
    wanted = each["wanted"]
    taxed = each.get("tax_fen")
    tax = "" if taxed is None else f"  不含税 {yuan(each['net_fen'])} 税额 {yuan(taxed)}"
    red = "".join(
        f"  红字 {one['number']} -{yuan(one['amount_fen'])}" for one in each["red_letters"]
    )
    return (
        f"{each['id']}  {each['number'] or '—':<20}  {each['state']:<10}"
        f"  {yuan(wanted['amount_fen']):>16}{tax}  {wanted['of']}  {wanted['title']['name']}{red}"
    )
