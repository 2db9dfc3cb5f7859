"""``market negotiations``: what one's party negotiates, and each thing that can be said (磋商)."""

from __future__ import annotations

import json
import pathlib
import uuid
from typing import Any

import rich_click as click

from market.cli import service
from market.cli.service import Asking
from market.cli.settings_of import CouldNotBeDone
from market.negotiations.states import State

_BASE = "/api/v1/negotiations"
_TERMS = click.argument(
    "terms", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path)
)


@click.group(
    help="磋商 · Negotiations of one's own party: ask, offer, accept, agree, end.\n\n"
    "Signing (verifications, finalizations) needs the party's own key and is done over HTTP.\n\n"
    + service.EXIT_CODES
)
def negotiations() -> None:
    """List, show and conduct negotiations."""


@negotiations.command("list", help="磋商列表 · One's own copies, the newest first.")
@click.option("--state", type=click.Choice([state.value for state in State]))
@service.asking
def list_(*, state: str | None, asked: Asking) -> None:
    """Print each with its side and where it stands."""
    asked.show(asked.service.get_all(_BASE, negotiation_state=state), _line)


@negotiations.command(help="一项磋商 · One negotiation, as JSON.")
@click.argument("negotiation", type=click.UUID)
@service.asking
def show(negotiation: uuid.UUID, asked: Asking) -> None:
    """Print one's own copy."""
    service.print_json(asked.service.get(f"{_BASE}/{negotiation}"))


@negotiations.command(help="消息记录 · What was said, and what became of each message.")
@click.argument("negotiation", type=click.UUID)
@service.asking
def messages(negotiation: uuid.UUID, asked: Asking) -> None:
    """Print each message in its order."""
    asked.show(asked.service.get(f"{_BASE}/{negotiation}/messages"), _message)


@negotiations.command(help="发起 · Ask a supplier for TERMS (a JSON file), or --to offer them.")
@click.argument("product", type=click.UUID)
@_TERMS
@click.option("--to", "buyer", type=click.UUID, help="需方 · the buyer to whom it is offered")
@service.asking
def begin(
    product: uuid.UUID, terms: pathlib.Path, *, buyer: uuid.UUID | None, asked: Asking
) -> None:
    """Give the command and print how it stands."""
    body = {"product_id": str(product), "terms": _read(terms)}
    if buyer is not None:
        body["consumer_party_id"] = str(buyer)
    asked.show(asked.service.post(_BASE, body), _line)


@negotiations.command(help="还价 · Ask for other TERMS, as the buyer.")
@click.argument("negotiation", type=click.UUID)
@_TERMS
@service.asking
def ask(negotiation: uuid.UUID, terms: pathlib.Path, asked: Asking) -> None:
    """Give the command and print how it stands."""
    _say(asked, negotiation, "requests", {"terms": _read(terms)})


@negotiations.command(help="要约 · Offer TERMS, as the supplier.")
@click.argument("negotiation", type=click.UUID)
@_TERMS
@service.asking
def offer(negotiation: uuid.UUID, terms: pathlib.Path, asked: Asking) -> None:
    """Give the command and print how it stands."""
    _say(asked, negotiation, "offers", {"terms": _read(terms)})


@negotiations.command(help="承诺 · Accept the supplier's last offer.")
@click.argument("negotiation", type=click.UUID)
@service.asking
def accept(negotiation: uuid.UUID, asked: Asking) -> None:
    """Give the command and print how it stands."""
    _say(asked, negotiation, "acceptances", {})


@negotiations.command(help="发出协议 · Agree, as the supplier.")
@click.argument("negotiation", type=click.UUID)
@service.asking
def agree(negotiation: uuid.UUID, asked: Asking) -> None:
    """Give the command and print how it stands."""
    _say(asked, negotiation, "agreements", {})


@negotiations.command(help="终止 · End it, and tell the other side why.")
@click.argument("negotiation", type=click.UUID)
@click.option("--reason", required=True, help="理由 · why")
@service.asking
def end(negotiation: uuid.UUID, *, reason: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    _say(asked, negotiation, "terminations", {"reason": reason})


@negotiations.command(help="协议列表 · The agreements of one's own party, the newest first.")
@service.asking
def agreements(asked: Asking) -> None:
    """Print each with its product, its state and its end."""
    asked.show(asked.service.get_all("/api/v1/agreements"), _agreement)


def _say(asked: Asking, negotiation: uuid.UUID, what: str, body: dict[str, Any]) -> None:
    asked.show(asked.service.post(f"{_BASE}/{negotiation}/{what}", body), _line)


def _read(terms: pathlib.Path) -> Any:
    try:
        return json.loads(terms.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise CouldNotBeDone(f"无法读取条款 · The terms can not be read: {error}") from error


def _line(each: dict[str, Any]) -> str:
    copy = each["copy"]
    waiting = ", ".join(message["event"] for message in copy["pending"])
    pending = f"  (待回执 no answer yet: {waiting})" if waiting else ""
    return f"{each['id']}  {each['product_id']}  {copy['role']}  {copy['state']}{pending}"


def _message(each: dict[str, Any]) -> str:
    way = "→" if each["is_sent"] else "←"
    return f"{each['at']}  {way} {each['message']['event']}  {each['outcome']}"


def _agreement(each: dict[str, Any]) -> str:
    return f"{each['id']}  {each['product_id']}  {each['state']}  {each['ends_at']}"
