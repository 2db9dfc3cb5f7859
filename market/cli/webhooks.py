"""``market webhooks``: one's own endpoints, what they did not take, and telling it once more (网络回调)."""

from __future__ import annotations

import uuid
from typing import Any, Final

import rich_click as click

from market.cli import service
from market.cli.service import Asking

_ENDPOINTS: Final = "/api/v1/my/webhook-endpoints"


@click.group(
    help="网络回调 · Endpoints of one's party, and the messages to them.\n\n" + service.EXIT_CODES
)
def webhooks() -> None:
    """List endpoints and dead letters, replay, rotate."""


@webhooks.command("list", help="回调地址 · One's endpoints, and how they do.")
@service.asking
def list_(asked: Asking) -> None:
    """Print each endpoint with its state."""
    asked.show(asked.service.get(_ENDPOINTS)["items"], _endpoint)


@webhooks.command(help="放弃的消息 · Messages that were given up; of one endpoint, or of all.")
@click.argument("endpoint", type=click.UUID, required=False)
@service.asking
def dead(endpoint: uuid.UUID | None, asked: Asking) -> None:
    """Print what waits to be replayed."""
    asked.show(_dead(asked, endpoint), _message)


@webhooks.command(
    help="重放 · Tell messages once more, by their ids, or all that were given up (--dead)."
)
@click.argument("messages", type=click.UUID, nargs=-1)
@click.option("--dead", "all_dead", is_flag=True, help="全部放弃的 · all that were given up")
@service.asking
def replay(messages: tuple[uuid.UUID, ...], *, all_dead: bool, asked: Asking) -> None:
    """Give a command for each, and print how it stands."""
    if bool(messages) == all_dead:
        raise click.UsageError("给出消息编号，或 --dead · name messages, or --dead")
    wanted = [each["id"] for each in _dead(asked, None)] if all_dead else messages
    told = [
        asked.service.post(f"/api/v1/my/webhook-deliveries/{each}/replays", {}) for each in wanted
    ]
    asked.show(told, _message)


@webhooks.command(
    help="轮换密钥 · Give an endpoint new keys; the old ones sign beside them for a day."
)
@click.argument("endpoint", type=click.UUID)
@service.asking
def rotate(endpoint: uuid.UUID, asked: Asking) -> None:
    """Print the new secret, once."""
    made = asked.service.post(f"{_ENDPOINTS}/{endpoint}/secret-rotations", {})
    asked.show(made, lambda each: f"{each['secret']}\n{each['endpoint']['public_key']}")


def _dead(asked: Asking, endpoint: uuid.UUID | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    ids = [str(endpoint)] if endpoint else [e["id"] for e in asked.service.get(_ENDPOINTS)["items"]]
    for each in ids:
        found += asked.service.get_all(f"{_ENDPOINTS}/{each}/deliveries", status="dead")
    return found


def _endpoint(each: dict[str, Any]) -> str:
    off = each["disabled_because"]
    state = (
        f"停用 off: {off}" if off else "失败中 failing" if each["failing_since"] else "正常 good"
    )
    return f"{each['id']}  {each['url']}  {state}  {', '.join(each['event_types'])}"


def _message(each: dict[str, Any]) -> str:
    why = each["last_error"] or each["last_status"] or ""
    return (
        f"{each['id']}  {each['event_type']}  {each['aggregate']}  {each['state']}  "
        f"{each['attempts']}  {why}"
    )
