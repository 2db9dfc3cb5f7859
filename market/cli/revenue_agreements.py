"""``market revenue-agreements``: how a product's revenue is shared, and who agreed (收益分配协议)."""

from __future__ import annotations

import json
import pathlib
import uuid
from typing import Any

import rich_click as click

from market.cli import service
from market.cli.service import Asking

_ALL = "/api/v1/revenue-agreements"
_ONE = click.argument("agreement", type=click.UUID)
_BECAUSE = click.option("--because", required=True, help="理由 · why")


@click.group(
    help="收益分配协议 · How a product's revenue is shared, and who agreed.\n\n"
    + service.EXIT_CODES
)
def revenue_agreements() -> None:
    """List, propose, agree, decline, withdraw, end."""


@revenue_agreements.command(
    "list", help="协议一览 · Agreements that name your party, newest first."
)
@click.option("--product", type=click.UUID, help="产品 · of one product")
@service.asking
def list_(*, product: uuid.UUID | None, asked: Asking) -> None:
    """Print a line for each."""
    found = asked.service.get_all(_ALL, product_id=None if product is None else str(product))
    asked.show(found, _line)


@revenue_agreements.command(help="提出 · Propose what FILE says (JSON) for PRODUCT.")
@click.argument("product", type=click.UUID)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))
@service.asking
def propose(product: uuid.UUID, file: pathlib.Path, *, asked: Asking) -> None:
    """Give the command and print the agreement."""
    try:
        agreed = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise service.Refused(f"不是 JSON · {file} is no JSON: {error}") from error
    body = {"product_id": str(product), "agreed": agreed}
    asked.show(asked.service.post(_ALL, body), _line)


@revenue_agreements.command(help="同意 · Agree for your party.")
@_ONE
@service.asking
def agree(agreement: uuid.UUID, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_ALL}/{agreement}/consents", {}), _line)


@revenue_agreements.command(help="不同意 · Decline for your party.")
@_ONE
@_BECAUSE
@service.asking
def decline(agreement: uuid.UUID, *, because: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_ALL}/{agreement}/declinations", {"reason": because}), _line)


@revenue_agreements.command(help="撤回 · Take back what you proposed.")
@_ONE
@service.asking
def withdraw(agreement: uuid.UUID, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_ALL}/{agreement}/withdrawals", {}), _line)


@revenue_agreements.command(help="终止 · End it for orders to come.")
@_ONE
@_BECAUSE
@service.asking
def end(agreement: uuid.UUID, *, because: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_ALL}/{agreement}/endings", {"reason": because}), _line)


def _line(each: dict[str, Any]) -> str:
    waits = [party for party in each["asked"] if party not in each["given"]]
    waiting = "" if not waits else "  待 · waits for " + ", ".join(waits)
    method = each["agreed"]["terms"]["method"]
    return f"{each['id']}  {each['number']}  {each['state']:<9}  {method}{waiting}"
