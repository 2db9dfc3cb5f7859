"""``market fee-schedules``: versions of what sales pay before anyone shares (费率表)."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
import uuid
from typing import Any

import rich_click as click

from market.cli import service
from market.cli.service import Asking
from settlement.money import Bps, percent, yuan

_ALL = "/api/v1/fee-schedules"
_ONE = click.argument("schedule", type=click.UUID)
_BECAUSE = click.option("--because", required=True, help="理由 · why")


@click.group(
    help="费率表 · Versions of the fee schedule, with their tiers.\n\n" + service.EXIT_CODES
)
def fee_schedules() -> None:
    """List, propose, decide, withdraw, end."""


@fee_schedules.command("list", help="历次版本 · Versions that were decided, the newest first.")
@click.option("--proposed", is_flag=True, help="待核定 · what was proposed and not decided")
@service.asking
def list_(*, proposed: bool, asked: Asking) -> None:
    """Print each with its fees."""
    path = "/api/v1/fee-schedule-proposals" if proposed else _ALL
    asked.show(asked.service.get_all(path), _sheet)


@fee_schedules.command(help="提出 · Propose the version in FILE, JSON as the interface takes it.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))
@service.asking
def propose(file: pathlib.Path, *, asked: Asking) -> None:
    """Give the command and print the version."""
    try:
        body = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise service.Refused(f"不是 JSON · {file} is no JSON: {error}") from error
    asked.show(asked.service.post(_ALL, body), _sheet)


@fee_schedules.command(help="核定 · Decide that a proposed version comes into force, or not.")
@_ONE
@click.option("--reject", is_flag=True, help="不予核定 · it does not")
@_BECAUSE
@service.asking
def decide(schedule: uuid.UUID, *, reject: bool, because: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    body = {"is_approved": not reject, "reason": because}
    asked.show(asked.service.post(f"{_ALL}/{schedule}/decisions", body), _sheet)


@fee_schedules.command(help="撤回 · Take back what was proposed.")
@_ONE
@service.asking
def withdraw(schedule: uuid.UUID, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_ALL}/{schedule}/withdrawals", {}), _sheet)


@fee_schedules.command(help="提前终止 · End a version after the day ON.")
@_ONE
@click.argument("on", type=click.DateTime(["%Y-%m-%d"]))
@_BECAUSE
@service.asking
def end(schedule: uuid.UUID, on: dt.datetime, *, because: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    body = {"last_day": on.date().isoformat(), "reason": because}
    asked.show(asked.service.post(f"{_ALL}/{schedule}/endings", body), _sheet)


def _sheet(each: dict[str, Any]) -> str:
    span = f"{each['effective_from']} – {each['effective_to'] or '…'}"
    lines = [f"{each['id']}  v{each['number']}  {each['state']:<9}  {span}  {each['name']}"]
    for fee in each["fees"]:
        tiers = ", ".join(
            f"{yuan(tier['above_fen'])}+ {percent(Bps(tier['rate_bps']))}" for tier in fee["tiers"]
        )
        inside = "  价内" if fee["is_inside"] else ""
        least = f"  ≥ {yuan(fee['minimum_fen'])}" if fee["minimum_fen"] else ""
        most = f"  ≤ {yuan(fee['maximum_fen'])}" if fee["maximum_fen"] is not None else ""
        lines.append(f"    {fee['payee']:<9} {fee['base']:<6} {tiers}{inside}{least}{most}")
    return "\n".join(lines)
