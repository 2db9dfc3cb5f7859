"""``market cut-offs``: stop every use of something at once, see what is stopped, lift it (切断)."""

from __future__ import annotations

import uuid
from typing import Any

import rich_click as click

from market.cli import service
from market.cli.service import Asking
from market.cut_offs.model import Level


@click.group(
    "cut-offs",
    help="切断 · What stops every use of a product, zone, agreement, grant or by a party at once.\n\n"
    + service.EXIT_CODES,
)
def cut_offs() -> None:
    """List, order and lift cut-offs."""


@cut_offs.command("list", help="已切断的 · Cut-offs, the newest first.")
@service.asking
def list_(asked: Asking) -> None:
    """Print each with what it stops and why."""
    asked.show(asked.service.get_all("/api/v1/cut-offs"), _line)


@cut_offs.command(help="切断 · Stop every use at once: the next request is refused.")
@click.argument("level", type=click.Choice([level.value for level in Level]))
@click.argument("subject", type=click.UUID)
@click.option("--reason", required=True, help="理由 · why")
@service.asking
def order(level: str, subject: uuid.UUID, *, reason: str, asked: Asking) -> None:
    """Give the command and print what was cut off."""
    body = {"level": level, "subject_id": str(subject), "reason": reason}
    asked.show(asked.service.post("/api/v1/cut-offs", body)["cut_offs"], _line)


@cut_offs.command(help="解除 · Lift a cut-off, by its id.")
@click.argument("cut_off", type=click.UUID)
@click.option("--reason", required=True, help="理由 · why")
@service.asking
def lift(cut_off: uuid.UUID, *, reason: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    path = f"/api/v1/cut-offs/{cut_off}/liftings"
    asked.show(asked.service.post(path, {"reason": reason}), _line)


def _line(each: dict[str, Any]) -> str:
    return f"{each['id']}  {each['level']}:{each['subject_id']}  {each['state']}  {each['reason']}"
