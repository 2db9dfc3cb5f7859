"""``market refunds``: what goes back to buyers, and the bank's files of what goes by transfer (退款)."""

from __future__ import annotations

import pathlib
import uuid
from typing import Any

import rich_click as click

from market.cli import service
from market.cli.service import Asking
from settlement.money import yuan

_BATCHES = "/api/v1/refund-batches"
_BATCH = click.argument("batch", type=click.UUID)


@click.group(
    help="退款 · Refunds, and the bank's files of those by transfer.\n\n" + service.EXIT_CODES
)
def refunds() -> None:
    """List, make the bank's file, take in its answer."""


@refunds.command("list", help="退款一览 · Refunds, the newest first.")
@click.option("--order", type=click.UUID, help="订单 · of one order")
@service.asking
def list_(*, order: uuid.UUID | None, asked: Asking) -> None:
    """Print a line for each."""
    found = asked.service.get_all("/api/v1/refunds", order_id=None if order is None else str(order))
    asked.show(found, _line)


@refunds.command(help="退款批次 · Batches that went to the bank, the newest first.")
@service.asking
def batches(*, asked: Asking) -> None:
    """Print a line for each."""
    asked.show(asked.service.get_all(_BATCHES), _batch)


@refunds.command("bank-file", help="退款文件 · Batch what waits and write the bank's file to OUT.")
@click.argument("out", type=click.Path(dir_okay=False, path_type=pathlib.Path))
@click.option("--channel", default="bank_transfer", show_default=True, help="渠道 · the channel")
@service.asking
def bank_file(out: pathlib.Path, *, channel: str, asked: Asking) -> None:
    """Give the command, write the file, and print the batch."""
    made = asked.service.post(_BATCHES, {"channel": channel})
    asked.service.save(f"{_BATCHES}/{made['id']}/bank-file", out)
    asked.show(made, _batch)


@refunds.command(help="银行回执 · Take in the bank's FILE of outcomes.")
@_BATCH
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))
@service.asking
def outcomes(batch: uuid.UUID, file: pathlib.Path, asked: Asking) -> None:
    """Give the command and print how the batch stands."""
    body = {"content": file.read_text("utf-8")}
    asked.show(asked.service.post(f"{_BATCHES}/{batch}/outcomes", body), _batch)


def _line(each: dict[str, Any]) -> str:
    return (
        f"{each['reference']}  {each['channel']}  {yuan(each['amount_fen']):>16}  {each['state']}"
        f"  {each['transaction_id'] or ''}".rstrip()
    )


def _batch(each: dict[str, Any]) -> str:
    return (
        f"{each['id']}  {each['channel']}  {each['line_count']} 笔 refunds  {yuan(each['total_fen'])}"
        f"  待回执 · open {each['open_count']}"
    )
