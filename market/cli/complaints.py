"""``market complaints``: complaints that one handles or made, and each step of them (投诉)."""

from __future__ import annotations

import uuid
from typing import Any

import rich_click as click

from market.cli import service
from market.cli.service import Asking
from market.complaints.model import Kind, Outcome
from market.complaints.operations.triage import Decision
from market.complaints.states import State


@click.group(
    help="投诉 · Complaints that one handles, made, or that are about oneself.\n\n"
    + service.EXIT_CODES
)
def complaints() -> None:
    """List, show and handle complaints."""


@complaints.command("list", help="投诉 · Complaints that the house handles, the newest first.")
@click.option("--status", type=click.Choice([state.value for state in State]))
@click.option("--kind", type=click.Choice([kind.value for kind in Kind]))
@service.asking
def list_(*, status: str | None, kind: str | None, asked: Asking) -> None:
    """Print each with its kind and where it stands."""
    asked.show(asked.service.get_all("/api/v1/complaints", status=status, kind=kind), _line)


@complaints.command(help="本方的投诉 · Complaints of one's own party, or about it (--against).")
@click.option("--against", is_flag=True, help="被投诉的 · about oneself")
@service.asking
def mine(*, against: bool, asked: Asking) -> None:
    """Print each with its kind and where it stands."""
    wanted = "true" if against else None
    asked.show(asked.service.get_all("/api/v1/my/complaints", against=wanted), _line)


@complaints.command(help="一件投诉 · One complaint, as JSON.")
@click.argument("complaint", type=click.UUID)
@service.asking
def show(complaint: uuid.UUID, asked: Asking) -> None:
    """Print all that one may know of it."""
    service.print_json(asked.service.get(f"/api/v1/complaints/{complaint}"))


@complaints.command(help="受理与否 · Take it, redirect it or decline it, with the reason.")
@click.argument("complaint", type=click.UUID)
@click.argument("decision", type=click.Choice([decision.value for decision in Decision]))
@click.option("--reason", default="", help="理由 · why")
@service.asking
def triage(complaint: uuid.UUID, decision: str, *, reason: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    _step(asked, complaint, "triages", {"decision": decision, "reason": reason})


@complaints.command(help="开始调查 · Begin to investigate it: its evidence is locked.")
@click.argument("complaint", type=click.UUID)
@service.asking
def investigate(complaint: uuid.UUID, asked: Asking) -> None:
    """Give the command and print how it stands."""
    _step(asked, complaint, "investigations", {})


@complaints.command(help="处理决定 · Decide it.")
@click.argument("complaint", type=click.UUID)
@click.argument("outcome", type=click.Choice([outcome.value for outcome in Outcome]))
@click.option("--findings", required=True, help="查明的事实 · what was found")
@click.option("--ordered", default="", help="责令 · what is ordered")
@service.asking
def resolve(
    complaint: uuid.UUID, outcome: str, *, findings: str, ordered: str, asked: Asking
) -> None:
    """Give the command and print how it stands."""
    body = {"outcome": outcome, "findings": findings, "ordered": ordered}
    _step(asked, complaint, "resolutions", body)


@complaints.command(help="申请复核 · Appeal against its decision.")
@click.argument("complaint", type=click.UUID)
@click.option("--reason", required=True, help="理由 · why")
@service.asking
def appeal(complaint: uuid.UUID, *, reason: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    _step(asked, complaint, "appeals", {"reason": reason})


@complaints.command(help="陈述意见 · State one's position before it is decided, once.")
@click.argument("complaint", type=click.UUID)
@click.option("--text", required=True, help="意见 · what one says")
@service.asking
def state(complaint: uuid.UUID, *, text: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    _step(asked, complaint, "statements", {"text": text})


@complaints.command(help="办结 · Close it.")
@click.argument("complaint", type=click.UUID)
@click.option("--reason", required=True, help="理由 · why")
@service.asking
def close(complaint: uuid.UUID, *, reason: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    _step(asked, complaint, "closings", {"reason": reason})


def _step(asked: Asking, complaint: uuid.UUID, step: str, body: dict[str, Any]) -> None:
    asked.show(asked.service.post(f"/api/v1/complaints/{complaint}/{step}", body), _line)


def _line(each: dict[str, Any]) -> str:
    return f"{each['id']}  {each['number']}  {each['kind']}  {each['state']}"
