"""``market charges ORDER``: what was charged of an order that pays as it uses, and what is left (按量计费)."""

from __future__ import annotations

import uuid
from typing import Any

import rich_click as click

from market.cli import money, service
from market.cli.service import Asking
from settlement.money import yuan

_SAID = {
    "running": "正常 · running",
    "low": "余额偏低 · low",
    "arrears": "余额用尽 · used up",
    "suspended": "欠费停用 · suspended",
    "owing": "欠费未清 · owing",
    "settled": "已结清 · settled",
}


@click.command(
    help="计费明细 · What was charged of an ORDER, window by window.\n\n" + service.EXIT_CODES
)
@click.argument("order", type=click.UUID)
@service.asking
def charges(order: uuid.UUID, *, asked: Asking) -> None:
    """Print how the account stands, until when it is to be paid, and a line for each window."""
    place = f"/api/v1/orders/{order}/charges"
    found = asked.service.get(place)
    if asked.as_json:
        service.print_json(found)
        return
    account = found["standing"]["account"]
    click.echo(f"{_SAID[account['state']]}  余额 · balance {yuan(found['balance_fen'])}")
    if found["owed_fen"]:
        click.echo(f"欠费 · owed {yuan(found['owed_fen'])}")
    if account["due_on"]:
        click.echo(f"请于 {account['due_on']} 24时前补款 · pay by the end of that day")
    for each in asked.service.get_all(place):
        click.echo(_window(each))


def _window(each: dict[str, Any]) -> str:
    uses = f"{each['after_seq'] + 1}–{each['to_seq']}"
    amount = each["cumulative_fen"] - each["before_fen"]
    return f"{uses:>15}{money.amounts(amount, each['cumulative_fen'])}"
