"""``market affiliations``: who stands above whom, excerpts of registers, related dealings (关联关系)."""

from __future__ import annotations

import datetime as dt
import pathlib
import sys
import uuid
from typing import Any

import msgspec
import rich_click as click

from market.affiliations.model import TieKind
from market.affiliations.register import ExcerptUnreadable
from market.affiliations.states import State
from market.channels.company_register import ExcerptFiles
from market.cli import service
from market.cli.service import Asking


@click.group(
    help="关联关系 · Who holds, controls or represents whom, and what related parties deal in.\n\n"
    + service.EXIT_CODES
)
def affiliations() -> None:
    """List, state and end ties; take excerpts; decide on related dealings."""


@affiliations.command("list", help="已申报的 · Ties that one may know of, the newest first.")
@click.option("--party", type=click.UUID, help="某一主体 · about one party")
@service.asking
def list_(*, party: uuid.UUID | None, asked: Asking) -> None:
    """Print each with its two ends and days."""
    wanted = None if party is None else str(party)
    asked.show(asked.service.get_all("/api/v1/affiliations", party_id=wanted), _line)


@affiliations.command(
    help="申报 · State a tie: HOLDER and HELD are a code (统一社会信用代码) or a person's id number, each with a name."
)
@click.argument("kind", type=click.Choice([kind.value for kind in TieKind]))
@click.option("--holder", required=True, nargs=2, metavar="CODE NAME", help="控制方")
@click.option("--held", required=True, nargs=2, metavar="CODE NAME", help="被控制方")
@click.option("--share-bps", type=int, help="持股（万分比） · share in ten-thousandths")
@click.option("--from", "since", type=click.DateTime(["%Y-%m-%d"]), required=True, help="起始日")
@click.option("--basis", required=True, help="依据 · by what it is known")
@click.option("--state-investor", is_flag=True, help="国家出资人 · the state holds it")
@service.asking
def state(
    kind: str,
    *,
    holder: tuple[str, str],
    held: tuple[str, str],
    share_bps: int | None,
    since: dt.datetime,
    basis: str,
    state_investor: bool,
    asked: Asking,
) -> None:
    """Give the command and print the tie."""
    body = {
        "kind": kind,
        "holder": _named(kind, *holder, is_holder=True),
        "held": _named(kind, *held, is_holder=False),
        "share_bps": share_bps,
        "valid_from": since.date().isoformat(),
        "basis": basis,
        "is_state_investor": state_investor,
    }
    asked.show(asked.service.post("/api/v1/affiliations", body), _line)


@affiliations.command(help="终止 · Say until when a tie stands.")
@click.argument("tie", type=click.UUID)
@click.option("--last-day", type=click.DateTime(["%Y-%m-%d"]), required=True, help="末日")
@click.option("--reason", required=True, help="依据 · by what it is known")
@service.asking
def end(tie: uuid.UUID, *, last_day: dt.datetime, reason: str, asked: Asking) -> None:
    """Give the command and print the tie."""
    body = {"last_day": last_day.date().isoformat(), "reason": reason}
    asked.show(asked.service.post(f"/api/v1/affiliations/{tie}/endings", body), _line)


@affiliations.command(
    "import",
    help="登记摘录 · Take excerpts of a register of companies: a JSON file, or a directory of them.",
)
@click.argument("path", type=click.Path(exists=True, path_type=pathlib.Path))
@service.asking
def import_(path: pathlib.Path, asked: Asking) -> None:
    """Send one after the other and print what was new."""
    new: list[dict[str, Any]] = []
    try:
        for excerpt in ExcerptFiles(path).excerpts():
            body = msgspec.to_builtins(excerpt)
            new += asked.service.post("/api/v1/affiliation-excerpts", body)["new"]
    except ExcerptUnreadable as error:
        click.echo(
            f"无法读取 · can not read {error.facts['file']}: {error.facts['detail']}", err=True
        )
        sys.exit(2)
    asked.show(new, _line)


@affiliations.command(help="关联交易 · What related parties deal in, the newest first.")
@click.option("--status", type=click.Choice([each.value for each in State]), help="状态")
@service.asking
def dealings(*, status: str | None, asked: Asking) -> None:
    """Print each with the way from one party to the other."""
    asked.show(asked.service.get_all("/api/v1/related-dealings", status=status), _dealing)


@affiliations.command(help="复核 · Release or refuse a price between related parties.")
@click.argument("dealing", type=click.UUID)
@click.option("--release/--refuse", "releases", required=True)
@click.option("--reason", required=True, help="理由 · why")
@service.asking
def decide(dealing: uuid.UUID, *, releases: bool, reason: str, asked: Asking) -> None:
    """Give the command and print how it stands."""
    path = f"/api/v1/related-dealings/{dealing}/decisions"
    asked.show(asked.service.post(path, {"releases": releases, "reason": reason}), _dealing)


def _named(kind: str, number: str, name: str, *, is_holder: bool) -> dict[str, str]:
    """Return one end: what a person has instead of an organisation's code depends on the tie."""
    is_kin = kind in (TieKind.SPOUSE.value, TieKind.KIN.value)
    heads = kind == TieKind.LEGAL_REPRESENTATIVE.value and is_holder
    is_person = is_kin or heads or (is_holder and _looks_like_a_person(number))
    return {"name": name, "identity_number" if is_person else "uscc": number}


def _looks_like_a_person(number: str) -> bool:
    """Tell whether it is an id number: seventeen digits, and a digit or X."""
    return number[:17].isdigit() and number[6:8] in ("19", "20")


def _line(each: dict[str, Any]) -> str:
    share = "" if each["share_bps"] is None else f" {each['share_bps'] / 100:.2f}%"
    days = f"{each['valid_from']} – {each['valid_until'] or ''}"
    return (
        f"{each['id']}  {each['holder_name']} —{each['kind']}{share}→ {each['held_name']}  {days}"
    )


def _dealing(each: dict[str, Any]) -> str:
    held = "held" if each["is_held"] else "listed"
    return f"{each['id']}  {each['matter']}:{each['matter_id']}  {each['state']}  {held}  {each['in_words']}"
