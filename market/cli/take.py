"""``market take CASE DUTY``: take a case, so that one may read it (领办)."""

from __future__ import annotations

import pathlib
from typing import Final

import rich_click as click

from market.cli import service

_DUTIES: Final = {
    "acceptance": "受理",
    "technical_review": "技术审查",
    "decision": "审查决定",
    "issuance": "公示、发证",
}
_LIST: Final = "\n\n".join(f"- `{name}`: {chinese}" for name, chinese in _DUTIES.items())


@click.command(
    help="领办案件 · Take a duty in an application, by its number (受理编号) or id; whoever has one "
    "reads the case, and nobody else of the house does. A head of office gives it to a colleague "
    f"(--to, --reason).\n\n{_LIST}\n\n例 · Example: `market take SQ-2026-000001 acceptance`\n\n{service.EXIT_CODES}"
)
@click.argument("case")
@click.argument("duty", type=click.Choice(list(_DUTIES)), default="acceptance")
@click.option("--to", "account", help="改派给（账户 ID）· the colleague's account id")
@click.option("--reason", help="理由 · why it is given to another")
@click.option("--token", envvar="MARKET_TOKEN", hidden=True)
@service.options
def take(
    case: str,
    duty: str,
    *,
    account: str | None,
    reason: str | None,
    url: str,
    token: str | None,
    token_file: pathlib.Path | None,
    lang: str,
    as_json: bool,
) -> None:
    """Give the command and say who has the duty now."""
    asked = service.connected(url, token_file, token)
    body = {"case_kind": "application", "case_id": asked.application_id(case), "duty": duty}
    given = {"account_id": account, "reason": reason}
    taken = asked.post(
        "/api/v1/case-assignments", body | {k: v for k, v in given.items() if v is not None}
    )
    if as_json:
        service.print_json(taken)
        return
    said = _DUTIES[duty] if lang == "zh" else duty
    click.echo(f"{case}  {said} → {taken['account_id']}")
