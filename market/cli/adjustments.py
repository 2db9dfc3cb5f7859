"""``market adjustments``: correct the books by two people (调账)."""

from __future__ import annotations

import datetime as dt
import pathlib
import uuid
from typing import Any

import rich_click as click

from market.cli import service
from market.cli.service import Asking
from settlement.adjustments.states import State
from settlement.money import yuan

_ALL = "/api/v1/ledger/adjustments"
_ONE = click.argument("adjustment", type=click.UUID)
_DAY = click.DateTime(["%Y-%m-%d"])


@click.group(
    help="调账 · Correct the books: one person proposes, another decides.\n\n" + service.EXIT_CODES
)
def adjustments() -> None:
    """List, propose, approve, reject, withdraw."""


@adjustments.command("list", help="调账单一览 · Adjustments, the newest first.")
@click.option("--state", type=click.Choice([state.value for state in State]))
@service.asking
def list_(*, state: str | None, asked: Asking) -> None:
    """Print a line for each."""
    asked.show(asked.service.get_all(_ALL, adjustment_state=state), _line)


@adjustments.command(help="调账单 · One adjustment, with its reason and evidence.")
@_ONE
@service.asking
def show(adjustment: uuid.UUID, asked: Asking) -> None:
    """Print it whole."""
    asked.show(asked.service.get(f"{_ALL}/{adjustment}"), _whole)


@adjustments.command(
    help="提出调账 · Propose to move AMOUNT fen from SOURCE to TARGET, as platform_loss/platform."
)
@click.argument("source")
@click.argument("target")
@click.argument("amount", metavar="AMOUNT", type=click.IntRange(1))
@click.option("--because", required=True, help="原因 · why")
@click.option("--evidence", required=True, help="佐证材料 · the document that shows it")
@click.option(
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path),
    help="佐证文件 · the file itself",
)
@click.option("--on", type=_DAY, help="记账日期 · the day; today if not given")
@click.option("--adjusts", type=_DAY, help="所属月份首日 · the closed month that it belongs to")
@click.option("--book", default="market", show_default=True, help="账簿 · market or public_data")
@service.asking
def propose(
    source: str,
    target: str,
    amount: int,
    *,
    because: str,
    evidence: str,
    file: pathlib.Path | None,
    on: dt.datetime | None,
    adjusts: dt.datetime | None,
    book: str,
    asked: Asking,
) -> None:
    """Upload the file if there is one, give the command, and print the adjustment."""
    stored = None if file is None else asked.service.upload(file)["id"]
    body = {
        "source": source,
        "target": target,
        "amount_fen": amount,
        "value_on": None if on is None else on.date().isoformat(),
        "reason": because,
        "evidence": evidence,
        "evidence_file_id": stored,
        "adjusts": None if adjusts is None else adjusts.date().isoformat(),
        "book": book,
    }
    asked.show(asked.service.post(_ALL, body), _whole)


@adjustments.command(help="复核入账 · Approve what somebody else proposed; its entry is posted.")
@_ONE
@service.asking
def approve(adjustment: uuid.UUID, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_ALL}/{adjustment}/approvals", {}), _line)


@adjustments.command(help="驳回 · Reject what somebody else proposed.")
@_ONE
@click.option("--because", required=True, help="原因 · why")
@service.asking
def reject(adjustment: uuid.UUID, *, because: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_ALL}/{adjustment}/rejections", {"reason": because}), _line)


@adjustments.command(help="撤回 · Take back what you proposed yourself.")
@_ONE
@service.asking
def withdraw(adjustment: uuid.UUID, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_ALL}/{adjustment}/withdrawals", {}), _line)


def _line(each: dict[str, Any]) -> str:
    wanted = each["wanted"]
    return (
        f"{each['id']}  {_reference(each)}  {each['state']:<9}  {yuan(wanted['amount_fen']):>16}"
        f"  {wanted['source']} → {wanted['target']}"
    )


def _whole(each: dict[str, Any]) -> str:
    wanted = each["wanted"]
    lines = [
        _line(each),
        f"  原因 · why       {wanted['reason']}",
        f"  佐证 · evidence  {wanted['evidence']}  {wanted['evidence_sha256'] or ''}".rstrip(),
        f"  提出 · proposed  {each['proposed_by_name']}  {each['proposed_at']}",
    ]
    if each["decided_by_name"] is not None:
        because = each["decision_reason"] or ""
        lines.append(f"  复核 · decided   {each['decided_by_name']}  {because}".rstrip())
    if each["entry_key"] is not None:
        lines.append(f"  凭证 · entry     {each['entry_key']}")
    return "\n".join(lines)


def _reference(each: dict[str, Any]) -> str:
    return f"TZ-{each['proposed_at'][:4]}-{each['number']:06}"
