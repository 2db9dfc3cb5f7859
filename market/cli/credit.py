"""``market credit``: what was found of parties' honesty, objected to, punished, repaired (信用)."""

from __future__ import annotations

import uuid
from typing import Any

import rich_click as click

from market.cli import service
from market.cli.service import Asking
from market.credit.model import Act


@click.group(
    help="信用 · Dishonest acts, objections, sanctions, repair and rewards.\n\n"
    + service.EXIT_CODES
)
def credit() -> None:
    """List findings, object, decide."""


@credit.command("list", help="信用记录 · Findings that one may know of, the newest first.")
@click.option("--party", type=click.UUID, help="某一主体 · about one party")
@service.asking
def list_(*, party: uuid.UUID | None, asked: Asking) -> None:
    """Print each with its act and where it stands."""
    wanted = None if party is None else str(party)
    asked.show(asked.service.get_all("/api/v1/credit-records", party_id=wanted), _line)


@credit.command(help="本方的信用 · What one's own record means today, as JSON.")
@service.asking
def mine(asked: Asking) -> None:
    """Print standing and rewards."""
    service.print_json(asked.service.get("/api/v1/my/credit"))


@credit.command(help="认定 · Find a dishonest act of a party.")
@click.argument("party", type=click.UUID)
@click.argument("act", type=click.Choice([act.value for act in Act]))
@click.option("--facts", required=True, help="事实 · what was done")
@click.option("--basis", required=True, help="依据 · a decision or judgment")
@service.asking
def find(party: uuid.UUID, act: str, *, facts: str, basis: str, asked: Asking) -> None:
    """Give the command and print the finding."""
    body = {"party_id": str(party), "act": act, "facts": facts, "basis": basis}
    asked.show(asked.service.post("/api/v1/credit-records", body), _line)


@credit.command("object", help="提出异议 · Object to a finding about oneself.")
@click.argument("record", type=click.UUID)
@click.option("--statement", required=True, help="理由 · why")
@service.asking
def object_(record: uuid.UUID, *, statement: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    _step(asked, record, "objections", {"statement": statement})


@credit.command(help="答复异议 · Answer an objection: --uphold overturns the finding.")
@click.argument("record", type=click.UUID)
@click.option("--uphold/--reject", "upholds", required=True)
@click.option("--answer", "words", required=True, help="答复 · the answer")
@service.asking
def answer(record: uuid.UUID, *, upholds: bool, words: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    _step(asked, record, "answers", {"upholds": upholds, "answer": words})


@credit.command(help="失信惩戒 · Punish: a ban, a limit of each order, a lower rank.")
@click.argument("record", type=click.UUID)
@click.option("--ban", is_flag=True, help="禁止交易 · no orders (GZF-29)")
@click.option("--limit-fen", type=int, help="每单限额（分） · the most of each order")
@click.option("--lower", is_flag=True, help="检索靠后 · last in searches")
@service.asking
def punish(
    record: uuid.UUID, *, ban: bool, limit_fen: int | None, lower: bool, asked: Asking
) -> None:
    """Give the command and print how it stands."""
    body: dict[str, Any] = {"is_banned": ban, "is_ranked_lower": lower}
    _step(asked, record, "sanctions", body | {"order_limit_fen": limit_fen})


@credit.command(help="信用修复 · End a sanction early, because the party made it good.")
@click.argument("record", type=click.UUID)
@click.option("--reason", required=True, help="理由 · why")
@service.asking
def repair(record: uuid.UUID, *, reason: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    _step(asked, record, "repairs", {"reason": reason})


def _step(asked: Asking, record: uuid.UUID, step: str, body: dict[str, Any]) -> None:
    asked.show(asked.service.post(f"/api/v1/credit-records/{record}/{step}", body), _line)


def _line(each: dict[str, Any]) -> str:
    until = each["effective_until"]
    return (
        f"{each['id']}  {each['party_name']}  {each['act']}  {each['state']}"
        f"{f'  {until}' if until else ''}"
    )
