"""``market auctions``: bid at a terminal, seal a bid where nobody else reads it, and open what was sealed (竞价)."""

from __future__ import annotations

import base64
import binascii
import json
import os
import pathlib
import secrets
import uuid
from typing import Any, Final, TypeVar

import msgspec
import rich_click as click

from market.auctions import sealing
from market.auctions.model import PublicAuction
from market.auctions.sealing import SealUnreadable
from market.auctions.states import State
from market.award_objections.model import Finding
from market.cli import service
from market.cli.service import Asking, Refused
from market.cli.settings_of import CouldNotBeDone
from market.portal.show import fen_of
from settlement.money import yuan

S = TypeVar("S")

_BASE: Final = "/api/v1/auctions"
_WAITING: Final = "/api/v1/award-objections"
_KEY_LENGTH: Final = 32
_FILE = click.Path(exists=True, dir_okay=False, path_type=pathlib.Path)
_NEW = click.Path(dir_okay=False, path_type=pathlib.Path)
_AUCTION = click.argument("auction", type=click.UUID)
_OBJECTION = click.argument("objection", type=click.UUID)


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """A bid as it is handed in: it tells nothing of its amount (密封出价)."""

    auction_id: uuid.UUID
    commitment_sha256: str
    sealed: bytes  # base64 in JSON


class _Yuan(click.ParamType[int]):
    """An amount in yuan, to the fen."""

    name = "yuan"

    def __init__(self, least: int = 1) -> None:
        self._least = least

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        """Return the fen of an amount in yuan."""
        found = fen_of(value)
        if found is None or found < self._least:
            self.fail(f"不是金额（元） · no amount in yuan: {value}", param, ctx)
        return found


@click.group(
    help="竞价 · Auctions: join, bid, seal a bid offline, hand it in, open, award, object.\n\n"
    "A sealed bid is made here, by the two keys that were announced, and the service never reads it\n"
    "before all are opened:\n\n"
    "  market auctions show ID > auction.json\n\n"
    "  market auctions seal auction.json 450.00 --paddle 1 --out sealed.json --keep bid.json\n\n"
    "  market auctions submit sealed.json\n\n"
    "`seal`, `new-key` and `unseal` ask no service.\n\n" + service.EXIT_CODES
)
def auctions() -> None:
    """Bid, seal, hand in, open."""


@auctions.command("list", help="竞价列表 · The auctions that were announced, the newest first.")
@click.option("--status", type=click.Choice([state.value for state in State]))
@service.asking
def list_(*, status: str | None, asked: Asking) -> None:
    """Print each with its kind, where it stands and its end."""
    asked.show(asked.service.get_all(_BASE, status=status), _line)


@auctions.command(help="一场竞价 · One auction, as JSON: what `seal` reads.")
@_AUCTION
@service.asking
def show(auction: uuid.UUID, asked: Asking) -> None:
    """Print an auction as everybody reads it."""
    service.print_json(asked.service.get(f"{_BASE}/{auction}"))


@auctions.command(help="我的竞买 · One's number, one's bids and what one has won, as JSON.")
@_AUCTION
@service.asking
def mine(auction: uuid.UUID, asked: Asking) -> None:
    """Print what one has in an auction."""
    service.print_json(asked.service.get(f"{_BASE}/{auction}/mine"))


@auctions.command(help="竞买登记 · Accept the rules, declare to be unrelated, get a number.")
@_AUCTION
@click.option("--accept-rules", is_flag=True, required=True, help="接受竞价规则 · the rules")
@click.option("--unrelated", is_flag=True, required=True, help="声明与供方无关联 · to its supplier")
@click.option("--deposit", type=_Yuan(least=0), default="0", help="保证金（元） · yuan")
@click.option("--limit", type=_Yuan(), help="自定上限（元） · one's own limit, yuan")
@service.asking
def join(
    auction: uuid.UUID,
    *,
    accept_rules: bool,
    unrelated: bool,
    deposit: int,
    limit: int | None,
    asked: Asking,
) -> None:
    """Give the command and print the number."""
    body = {
        "accepts_rules": accept_rules,
        "is_unrelated": unrelated,
        "deposit_fen": deposit,
        "limit_fen": limit,
    }
    asked.show(asked.service.post(f"{_BASE}/{auction}/bidders", body), _bidder)


@auctions.command(
    "pay-deposit",
    help="缴纳保证金 · Start to pay the deposit that AUCTION asks for, and print where.",
)
@_AUCTION
@click.option("--channel", default="sandbox", show_default=True, help="付款渠道 · the channel")
@service.asking
def pay_deposit(auction: uuid.UUID, channel: str, asked: Asking) -> None:
    """Give the command and print where and until when it is paid."""
    asked.show(asked.service.post(f"{_BASE}/{auction}/deposits", {"channel": channel}), _started)


@auctions.command(help="保证金 · What one laid down for AUCTION, and how it stands.")
@_AUCTION
@service.asking
def deposits(auction: uuid.UUID, asked: Asking) -> None:
    """Print each deposit with its state and dates."""
    asked.show(asked.service.get(f"{_BASE}/{auction}/deposits"), _deposit)


@auctions.command(
    "withdraw-deposit",
    help="退出竞买 · Take one's deposit back, before the end and without a bid that stands.",
)
@_AUCTION
@service.asking
def withdraw_deposit(auction: uuid.UUID, asked: Asking) -> None:
    """Give the command and print the deposit."""
    asked.show(asked.service.post(f"{_BASE}/{auction}/deposit-withdrawals", {}), _deposit)


@auctions.command(help="公开出价 · Bid AMOUNT (yuan) in public.")
@_AUCTION
@click.argument("amount", type=_Yuan())
@service.asking
def bid(auction: uuid.UUID, amount: int, asked: Asking) -> None:
    """Give the command and print the bid."""
    asked.show(asked.service.post(f"{_BASE}/{auction}/bids", {"amount_fen": amount}), _bid)


@auctions.command(
    "new-key",
    help="生成密钥 · Make one's half of a key in FILE, and print the half to announce. Offline.\n\n"
    "For who puts up or announces a sealed auction; whoever loses it opens nothing.\n\n"
    "Exit code 0: made; 2: the file could not be written, or is there.",
)
@click.argument("file", type=_NEW)
def new_key(file: pathlib.Path) -> None:
    """Write the private half, print the public one."""
    private = secrets.token_bytes(_KEY_LENGTH)
    _write(file, base64.b64encode(private) + b"\n")
    click.echo(base64.b64encode(sealing.public_half(private)).decode())


@auctions.command(
    help="密封出价 · Seal AMOUNT (yuan) for both keys of AUCTION_JSON (`show`). Offline.\n\n"
    "--out is handed in and tells nothing of the amount; --keep is one's own proof of it.\n\n"
    "Exit code 0: sealed; 1: bids at this auction are not sealed; 2: a file could not be read or written.",
)
@click.argument("auction_json", type=_FILE)
@click.argument("amount", type=_Yuan())
@click.option("--paddle", type=click.IntRange(min=1), required=True, help="竞买号 · one's number")
@click.option("--out", type=_NEW, required=True, help="密封件 · what is handed in")
@click.option("--keep", type=_NEW, required=True, help="出价书 · what one keeps to oneself")
def seal(
    auction_json: pathlib.Path, amount: int, *, paddle: int, out: pathlib.Path, keep: pathlib.Path
) -> None:
    """Write the box and the bid, and print the commitment."""
    told = _read(auction_json, PublicAuction)
    supplier_key, operator_key = told.rules.supplier_key, told.operator_key
    if supplier_key is None or operator_key is None:
        raise Refused("这场竞价不是密封出价，或尚未公告 · Bids here are not sealed, or not yet.")
    made = sealing.put_in_box(
        told.id,
        paddle=paddle,
        amount_fen=amount,
        supplier_key=supplier_key,
        operator_key=operator_key,
        nonce=secrets.token_hex(32),
        ephemeral=secrets.token_bytes(_KEY_LENGTH),
    )
    handed = Sealed(auction_id=told.id, commitment_sha256=made.commitment_sha256, sealed=made.box)
    _write(keep, made.document)
    _write(out, msgspec.json.encode(handed) + b"\n")
    click.echo(made.commitment_sha256)


@auctions.command(help="提交密封出价 · Hand in what `seal` wrote; an earlier bid is replaced.")
@click.argument("sealed_json", type=_FILE)
@service.asking
def submit(sealed_json: pathlib.Path, asked: Asking) -> None:
    """Give the command and print what was handed in."""
    told = _read(sealed_json, Sealed)
    body = {
        "commitment_sha256": told.commitment_sha256,
        "sealed": base64.b64encode(told.sealed).decode(),
    }
    asked.show(asked.service.post(f"{_BASE}/{told.auction_id}/sealed-bids", body), _handed_in)


@auctions.command(help="撤回出价 · Take one's sealed bid back; it is never opened.")
@_AUCTION
@service.asking
def withdraw(auction: uuid.UUID, asked: Asking) -> None:
    """Give the command and print the bid."""
    asked.show(asked.service.post(f"{_BASE}/{auction}/withdrawals", {}), _handed_in)


@auctions.command(
    "open", help="开标 · Hand over one's half of the key (`new-key`), and the reserve."
)
@_AUCTION
@click.option("--key", type=_FILE, help="私钥文件 · the file of `new-key`")
@click.option("--reserve", type=_Yuan(), help="保留价（元） · the reserve, yuan")
@click.option("--salt", help="保留价的盐 · the salt of the reserve")
@service.asking
def open_(
    auction: uuid.UUID,
    *,
    key: pathlib.Path | None,
    reserve: int | None,
    salt: str | None,
    asked: Asking,
) -> None:
    """Give the command and print where the auction stands."""
    body: dict[str, Any] = {}
    if key is not None:
        body["private_key"] = base64.b64encode(_half(key)).decode()
    if reserve is not None:
        body |= {"reserve_fen": reserve, "reserve_salt": salt}
    asked.show(asked.service.post(f"{_BASE}/{auction}/handovers", body), _line)


@auctions.command(help="确认成交 · Award what was won, once its public notice is over.")
@_AUCTION
@service.asking
def award(auction: uuid.UUID, asked: Asking) -> None:
    """Give the command and print where the auction stands."""
    asked.show(asked.service.post(f"{_BASE}/{auction}/awards", {}), _line)


@auctions.command("object", help="提出异议 · Object to the result while it is on public notice.")
@_AUCTION
@click.option("--against", type=click.IntRange(min=1), help="竞买号 · who has won; none: all of it")
@click.option("--reasons", required=True, help="理由 · why")
@service.asking
def object_(auction: uuid.UUID, *, against: int | None, reasons: str, asked: Asking) -> None:
    """Give the command and print the objection."""
    body = {"against_paddle": against, "reasons": reasons}
    asked.show(asked.service.post(f"{_BASE}/{auction}/objections", body), _objection)


@auctions.command(help="异议 · The objections to a result; without AUCTION those that wait.")
@click.argument("auction", type=click.UUID, required=False)
@click.option("--full", is_flag=True, help="含理由 · with reasons, where they concern oneself")
@service.asking
def objections(auction: uuid.UUID | None, *, full: bool, asked: Asking) -> None:
    """Print each with its number, how far it is and why."""
    path = _WAITING if auction is None else f"{_BASE}/{auction}/objections"
    found = asked.service.get(f"{path}/full" if full and auction is not None else path)
    asked.show(found["items"], _objection)


@auctions.command("take-back-objection", help="撤回异议 · Take one's OBJECTION back.")
@_OBJECTION
@service.asking
def take_back_objection(objection: uuid.UUID, asked: Asking) -> None:
    """Give the command and print the objection."""
    asked.show(asked.service.post(f"{_WAITING}/{objection}/withdrawals", {}), _objection)


@auctions.command("decide-objection", help="处理异议 · Decide on OBJECTION, as the authority.")
@_OBJECTION
@click.option(
    "--finding", type=click.Choice([each.value for each in Finding]), required=True, help="结论"
)
@click.option("--reasons", required=True, help="理由 · why, in words that everybody reads")
@service.asking
def decide_objection(objection: uuid.UUID, *, finding: str, reasons: str, asked: Asking) -> None:
    """Give the command and print the objection."""
    body = {"finding": finding, "reasons": reasons}
    asked.show(asked.service.post(f"{_WAITING}/{objection}/decisions", body), _objection)


@auctions.command(
    help="拆封 · Open SEALED_JSON by both halves, and print the bid that lies in it. Offline.\n\n"
    "Exit code 0: it is the bid to which it was bound; 1: these keys do not open it, or it is another;\n"
    "2: a file could not be read.",
)
@click.argument("sealed_json", type=_FILE)
@click.option("--supplier-key", type=_FILE, required=True)
@click.option("--operator-key", type=_FILE, required=True)
def unseal(
    sealed_json: pathlib.Path, *, supplier_key: pathlib.Path, operator_key: pathlib.Path
) -> None:
    """Print the bid, if it is the one that was handed in."""
    told = _read(sealed_json, Sealed)
    try:
        document = sealing.unseal(
            told.sealed,
            supplier_private=_half(supplier_key),
            operator_private=_half(operator_key),
        )
        said = sealing.read(document)
    except SealUnreadable as error:
        raise Refused("这两把私钥打不开 · These two keys do not open it.") from error
    if sealing.commitment(document) != told.commitment_sha256:
        raise Refused("与承诺不符 · It is not the bid to which it was bound.")
    service.print_json(msgspec.to_builtins(said))


def _read(file: pathlib.Path, kind: type[S]) -> S:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CouldNotBeDone(f"无法读取 · can not read {file}: {error}") from error


def _half(file: pathlib.Path) -> bytes:
    try:
        raw = base64.b64decode(file.read_text("utf-8").strip(), validate=True)
    except (OSError, binascii.Error, UnicodeDecodeError) as error:
        raise CouldNotBeDone(f"无法读取 · can not read {file}: {error}") from error
    if len(raw) != _KEY_LENGTH:
        raise CouldNotBeDone(f"不是私钥 · no private key: {file}")
    return raw


def _write(file: pathlib.Path, content: bytes) -> None:
    """Write what nobody else is to read; what is there already is not written over."""
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
    except OSError as error:
        raise CouldNotBeDone(f"无法写入 · can not write {file}: {error}") from error


def _line(each: dict[str, Any]) -> str:
    rules = each["rules"]
    return (
        f"{each['id']}  {rules['kind']}  {each['state']}  {rules['opens_at']} → {each['ends_at']}"
    )


def _objection(each: dict[str, Any]) -> str:
    against = "全部结果" if each["against_paddle"] is None else f"竞买号 {each['against_paddle']}"
    words = each["decision"] or each.get("reasons") or ""
    return f"{each.get('id', '')}  {each['state']}  {each['filed_at']}  {against}  {words}".strip()


def _bidder(each: dict[str, Any]) -> str:
    return f"{each['paddle']}"


def _bid(each: dict[str, Any]) -> str:
    return json.dumps(each, ensure_ascii=False)


def _handed_in(each: dict[str, Any]) -> str:
    return json.dumps(each, ensure_ascii=False)


def _started(each: dict[str, Any]) -> str:
    payment = each["payment"]
    return (
        f"{_deposit(each['deposit'])}\n付款 · pay  {payment['channel']}  {payment['reference']}"
        f"  → {payment['expires_at']}  {each['pay_at']}"
    )


def _deposit(each: dict[str, Any]) -> str:
    said = f"{each['id']}  {yuan(each['amount_fen'])}  {each['state']}  → {each['pay_until']}"
    return f"{said}  {each['ground']}" if each["ground"] else said
