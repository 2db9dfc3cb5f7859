"""``market reconcile``: load a channel's statement, see what differs, settle it (对账)."""

from __future__ import annotations

import pathlib
import uuid
from typing import Any

import rich_click as click

from market.cli import service
from market.cli.service import Asking
from settlement.money import yuan
from settlement.reconciliation.differences import Way
from settlement.reconciliation.states import State

_BREAKS = "/api/v1/channel-breaks"
_BREAK = click.argument("number", metavar="BREAK", type=click.UUID)
_CHANNEL = click.argument("channel")


@click.group(
    help="对账 · Statements of channels, breaks, and whether all of it is explained.\n\n"
    + service.EXIT_CODES
)
def reconcile() -> None:
    """Load statements and settle breaks."""


@reconcile.command(help="导入对账单 · Load the statement of a day from FILE.")
@_CHANNEL
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))
@click.option("--fee-bps", type=int, default=0, show_default=True, help="约定费率（万分比）")
@service.asking
def load(channel: str, file: pathlib.Path, *, fee_bps: int, asked: Asking) -> None:
    """Upload the file, give the command, and print what was loaded."""
    stored = asked.service.upload(file)
    body = {"file_id": stored["id"], "fee_bps": fee_bps}
    asked.show(asked.service.post(f"/api/v1/channels/{channel}/statements", body), _file)


@reconcile.command(help="对账单列表 · Statements of a channel, the newest first.")
@_CHANNEL
@service.asking
def statements(channel: str, asked: Asking) -> None:
    """Print each with what comparing it came to."""
    asked.show(asked.service.get_all(f"/api/v1/channels/{channel}/statements"), _file)


@reconcile.command(help="对账闸门 · Whether a channel's account is explained to the fen.")
@_CHANNEL
@service.asking
def gate(channel: str, asked: Asking) -> None:
    """Print clearing account, statements, open breaks, and what nobody can explain."""
    asked.show(asked.service.get(f"/api/v1/channels/{channel}/clearing-gate"), _gate)


@reconcile.command(help="资金存管 · Who keeps the money, and what was confirmed lately.")
@service.asking
def custody(asked: Asking) -> None:
    """Print institution, agreement, what the ledger says, and the last confirmations."""
    asked.show(asked.service.get("/api/v1/custody"), _custody)


@reconcile.command("custody-load", help="存管余额确认 · Take the custodian's FILE of a day.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))
@service.asking
def custody_load(file: pathlib.Path, *, asked: Asking) -> None:
    """Upload the file, give the command, and print what comparing it came to."""
    stored = asked.service.upload(file)
    body = {"file_id": stored["id"]}
    asked.show(asked.service.post("/api/v1/custody/confirmations", body), _file)


@reconcile.command(help="差错 · How statements and books differ, the oldest first.")
@click.option("--channel", help="渠道 · of one channel")
@click.option("--state", type=click.Choice([state.value for state in State]))
@service.asking
def breaks(*, channel: str | None, state: str | None, asked: Asking) -> None:
    """Print each with its kind, difference, desk and age."""
    found = asked.service.get_all(_BREAKS, channel=channel, break_state=state)
    asked.show(found, _break)


@reconcile.command(help="挂账 · Book a difference into suspense.")
@_BREAK
@service.asking
def book(number: uuid.UUID, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_BREAKS}/{number}/bookings", {}), _break)


@reconcile.command(help="确认手续费 · Take a fee as the channel charged it.")
@_BREAK
@service.asking
def charge(number: uuid.UUID, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_BREAKS}/{number}/charges", {}), _break)


@reconcile.command(help="提出核销 · Propose how to settle what was booked away.")
@_BREAK
@click.argument("way", type=click.Choice([way.value for way in Way]))
@click.option("--reason", required=True, help="理由 · why")
@service.asking
def propose(number: uuid.UUID, way: str, *, reason: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    body = {"way": way, "reason": reason}
    asked.show(asked.service.post(f"{_BREAKS}/{number}/proposals", body), _break)


@reconcile.command(help="复核 · Decide on what somebody else proposed.")
@_BREAK
@click.option("--approve/--send-back", "approves", required=True)
@service.asking
def decide(number: uuid.UUID, *, approves: bool, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_BREAKS}/{number}/decisions", {"approves": approves}), _break)


def _file(each: dict[str, Any]) -> str:
    came_to = (
        "waiting"
        if each["reconciled_at"] is None
        else f"matched {each['matched_count']}  breaks {each['break_count']}"
    )
    return f"{each['id']}  {each['stated_on']}  {each['line_count']} lines  {came_to}"


def _custody(each: dict[str, Any]) -> str:
    lines = [each["sentence_zh"], each["sentence_en"]]
    if each["account"]:
        lines.append(f"{each['account']}  {yuan(each['total_fen'])}  {each['as_of']}")
    lines += [f"  {name}  {yuan(fen)}" for name, fen in each["balances"].items()]
    return "\n".join([*lines, *(_file(one) for one in each["confirmations"])])


def _gate(each: dict[str, Any]) -> str:
    gate = each["gate"]
    return (
        f"clearing {gate['clearing_fen']}  stated {gate['stated_fen']}"
        f"  breaks {gate['differences_fen']}  not stated {gate['not_stated_fen']}"
        f"  unexplained {each['unexplained_fen']}"
    )


def _break(each: dict[str, Any]) -> str:
    return (
        f"{each['id']}  {each['kind']}  {each['difference_fen']} fen  {each['state']}"
        f"  {each['desk']}  {each['age_days']} working days  {each['reference']}"
    )
