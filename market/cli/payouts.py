"""``market payouts``: accounts that parties are paid to, batches of payouts, the bank's files (付款)."""

from __future__ import annotations

import pathlib
import uuid
from typing import Any

import rich_click as click

from market.cli import service
from market.cli.service import Asking

_BATCHES = "/api/v1/payout-batches"
_ACCOUNTS = "/api/v1/beneficiaries"
_BATCH = click.argument("batch", type=click.UUID)
_ACCOUNT = click.argument("account", type=click.UUID)


@click.group(
    help="付款 · Accounts to be paid to, payout batches, the bank's files.\n\n" + service.EXIT_CODES
)
def payouts() -> None:
    """List, prepare, approve and end payouts."""


@payouts.command("list", help="付款批次 · Batches, the newest first.")
@service.asking
def list_(*, asked: Asking) -> None:
    """Print each with its sum and where its lines stand."""
    asked.show(asked.service.get_all(_BATCHES), _batch)


@payouts.command(help="批次明细 · The payouts of a batch.")
@_BATCH
@service.asking
def lines(batch: uuid.UUID, asked: Asking) -> None:
    """Print each line with its state."""
    asked.show(asked.service.get_all("/api/v1/payouts", batch_id=str(batch)), _payout)


@payouts.command(help="编制批次 · Put what is owed into a batch.")
@click.option("--channel", default="bank_transfer", show_default=True, help="渠道 · the channel")
@click.option("--minimum-fen", type=int, default=10_000, show_default=True, help="起付额（分）")
@click.option("--party", "parties", type=click.UUID, multiple=True, help="主体 · these alone")
@service.asking
def prepare(
    *, channel: str, minimum_fen: int, parties: tuple[uuid.UUID, ...], asked: Asking
) -> None:
    """Give the command and print the batch, and who waits for a verified account."""
    body = {
        "channel": channel,
        "minimum_fen": minimum_fen,
        "party_ids": [str(party) for party in parties],
    }
    asked.show(asked.service.post(_BATCHES, body), _prepared)


@payouts.command(help="批准批次 · Approve a batch that somebody else prepared.")
@_BATCH
@service.asking
def approve(batch: uuid.UUID, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_BATCHES}/{batch}/approvals", {}), _batch)


@payouts.command(help="取消批次 · Cancel what of a batch was not sent.")
@_BATCH
@service.asking
def cancel(batch: uuid.UUID, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_BATCHES}/{batch}/cancellations", {}), _batch)


@payouts.command("bank-file", help="付款文件 · Make the bank's file and write it to OUT.")
@_BATCH
@click.argument("out", type=click.Path(dir_okay=False, path_type=pathlib.Path))
@service.asking
def bank_file(batch: uuid.UUID, out: pathlib.Path, asked: Asking) -> None:
    """Give the command, write the file, and print its digest."""
    made = asked.service.post(f"{_BATCHES}/{batch}/bank-files", {})
    asked.service.save(f"{_BATCHES}/{batch}/bank-file", out)
    asked.show(made, lambda each: f"{out}  sha256 {each['file_sha256']}")


@payouts.command(help="银行回执 · Take in the bank's FILE of outcomes.")
@_BATCH
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))
@service.asking
def outcomes(batch: uuid.UUID, file: pathlib.Path, asked: Asking) -> None:
    """Give the command and print how the batch stands."""
    body = {"content": file.read_text("utf-8")}
    asked.show(asked.service.post(f"{_BATCHES}/{batch}/outcomes", body), _batch)


@payouts.command(help="收款账户 · Accounts to be paid to; numbers hidden.")
@service.asking
def accounts(*, asked: Asking) -> None:
    """Print each with its state."""
    asked.show(asked.service.get_all(_ACCOUNTS), _account)


@payouts.command(help="初核账户 · Check an account against the party's papers.")
@_ACCOUNT
@service.asking
def check(account: uuid.UUID, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_ACCOUNTS}/{account}/checks", {}), _account)


@payouts.command(help="复核账户 · Verify an account that somebody else checked.")
@_ACCOUNT
@service.asking
def verify(account: uuid.UUID, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"{_ACCOUNTS}/{account}/verifications", {}), _account)


def _prepared(each: dict[str, Any]) -> str:
    left = ", ".join(each["left_out"])
    return _batch(each["batch"]) + (
        f"\n  待核验收款账户 · no verified account: {left}" if left else ""
    )


def _batch(each: dict[str, Any]) -> str:
    counts = "  ".join(f"{state} {count}" for state, count in sorted(each["counts"].items()))
    return f"{each['id']}  {each['channel']}  {each['total_fen']} fen  {counts}"


def _payout(each: dict[str, Any]) -> str:
    reason = f"  {each['reason']}" if each["reason"] else ""
    return f"{each['reference']}  {each['party_id']}  {each['amount_fen']} fen  {each['state']}{reason}"


def _account(each: dict[str, Any]) -> str:
    return (
        f"{each['id']}  {each['holder_name']}  {each['bank_name']}  {each['account_masked']}"
        f"  {each['state']}"
    )
