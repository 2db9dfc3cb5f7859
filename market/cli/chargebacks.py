"""``market chargebacks``: see what banks take back, contest, accept, record what came of it (拒付)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import rich_click as click

from market.cli import service
from market.cli.service import Asking
from market.portal.dates import instant
from settlement.chargebacks.states import State
from settlement.money import yuan

_ALL = "/api/v1/chargebacks"
_ONE = click.argument("chargeback", type=click.UUID)
_SAID = {
    "opened": "可申诉 · can be contested",
    "contested": "申诉中 · contested",
    "won": "申诉成功 · won",
    "lost": "拒付成立 · lost",
}


@click.group(
    help="拒付 · Charge-backs: what a buyer's bank takes back, and what is done about it.\n\n"
    + service.EXIT_CODES
)
def chargebacks() -> None:
    """List, show, contest, accept, record the outcome."""


@chargebacks.command("list", help="拒付一览 · Charge-backs, the oldest first.")
@click.option("--state", type=click.Choice([state.value for state in State]))
@service.asking
def list_(*, state: str | None, asked: Asking) -> None:
    """Print each with until when it is contested."""
    asked.show(asked.service.get_all(_ALL, chargeback_state=state), _line)


@chargebacks.command(help="拒付案件 · One charge-back, with its evidence and outcome.")
@_ONE
@service.asking
def show(chargeback: uuid.UUID, *, asked: Asking) -> None:
    """Print it whole."""
    asked.show(asked.service.get(f"{_ALL}/{chargeback}"), _whole)


@chargebacks.command(
    help="申诉 · Note with what evidence the channel is told that the money is ours."
)
@_ONE
@click.option("--evidence", required=True, help="申诉证据 · contract, delivery, acceptance")
@service.asking
def contest(chargeback: uuid.UUID, *, evidence: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_ALL}/{chargeback}/contests", {"evidence": evidence}), _line)


@chargebacks.command(help="接受拒付 · Let the money go to the channel instead of contesting.")
@_ONE
@click.option("--because", required=True, help="理由 · why")
@service.asking
def accept(chargeback: uuid.UUID, *, because: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_ALL}/{chargeback}/acceptances", {"reason": because}), _line)


@chargebacks.command(
    help="登记裁定结果 · Record how the channel decided, by its notice; not by whoever contested."
)
@_ONE
@click.argument("outcome", type=click.Choice(["won", "lost"]))
@click.option("--notice", required=True, help="渠道通知 · number and date of its notice")
@service.asking
def outcome(chargeback: uuid.UUID, outcome: str, *, notice: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    body = {"outcome": outcome, "notice": notice}
    asked.show(asked.service.post(f"{_ALL}/{chargeback}/outcomes", body), _line)


def _line(each: dict[str, Any]) -> str:
    until = ""
    if each["state"] == "opened":
        until = f"  请于 {_at(each['contest_until'])} 前申诉 · contest before"
    return (
        f"{each['id']}  {each['case_number']}  {yuan(each['amount_fen'])}"
        f"  {_SAID[each['state']]}{until}"
    )


def _whole(each: dict[str, Any]) -> str:
    shares = each["amount_fen"] - each["escrow_fen"]
    lines = [
        _line(each),
        f"  订单 · order               {each['order_id']}",
        f"  取自托管 · from escrow     {yuan(each['escrow_fen'])}",
        f"  自分账方追回 · from shares {yuan(shares)}",
        f"  拒付 · charged back        {_at(each['opened_at'])}",
    ]
    if each["contested_at"] is not None:
        lines.append(
            f"  申诉 · contested           {_at(each['contested_at'])}  {each['evidence']}"
        )
    if each["ended_at"] is not None:
        note = each["ending_note"] or ""
        lines.append(f"  了结 · ended               {_at(each['ended_at'])}  {note}".rstrip())
    return "\n".join(lines)


def _at(text: str) -> str:
    return instant(dt.datetime.fromisoformat(text), "zh")
