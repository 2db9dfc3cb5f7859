"""``market write-offs``: give up what a buyer used and never paid, by two people (坏账核销)."""

from __future__ import annotations

import uuid
from typing import Any

import rich_click as click

from market.cli import service
from market.cli.service import Asking
from settlement.money import yuan
from settlement.write_offs.grounds import Ground
from settlement.write_offs.states import State

_ALL = "/api/v1/ledger/write-offs"
_ONE = click.argument("write_off", metavar="WRITE_OFF", type=click.UUID)


@click.group(
    help="坏账核销 · Write off usage debts: one person proposes, another decides.\n\n"
    + service.EXIT_CODES
)
def write_offs() -> None:
    """List, propose, approve, reject, withdraw."""


@write_offs.command("list", help="核销单一览 · Write-offs, the newest first.")
@click.option("--state", type=click.Choice([state.value for state in State]))
@service.asking
def list_(*, state: str | None, asked: Asking) -> None:
    """Print a line for each."""
    asked.show(asked.service.get_all(_ALL, write_off_state=state), _line)


@write_offs.command(help="提出核销 · Propose to give up what ORDER still owes.")
@click.argument("order", type=click.UUID)
@click.option(
    "--ground",
    required=True,
    type=click.Choice([ground.value for ground in Ground]),
    help="核销原因 · why it will not be paid",
)
@click.option("--evidence", required=True, help="佐证材料 · the document that shows it")
@service.asking
def propose(order: uuid.UUID, *, ground: str, evidence: str, asked: Asking) -> None:
    """Give the command and print the write-off."""
    body = {"order_id": str(order), "ground": ground, "evidence": evidence}
    asked.show(asked.service.post(_ALL, body), _line)


@write_offs.command(help="复核核销 · Approve what somebody else proposed; the order is settled.")
@_ONE
@service.asking
def approve(write_off: uuid.UUID, *, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_ALL}/{write_off}/approvals", {}), _line)


@write_offs.command(help="驳回 · Reject what somebody else proposed.")
@_ONE
@click.option("--because", required=True, help="原因 · why")
@service.asking
def reject(write_off: uuid.UUID, *, because: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_ALL}/{write_off}/rejections", {"reason": because}), _line)


@write_offs.command(help="撤回 · Take back what you proposed yourself.")
@_ONE
@service.asking
def withdraw(write_off: uuid.UUID, *, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_ALL}/{write_off}/withdrawals", {}), _line)


def _line(each: dict[str, Any]) -> str:
    reference = f"HZ-{each['proposed_at'][:4]}-{each['number']:06}"
    return (
        f"{each['id']}  {reference}  {each['state']:<11}  {yuan(each['amount_fen']):>14}"
        f"  {each['ground']}  {each['order_id']}"
    )
