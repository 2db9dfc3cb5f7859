"""``market consents``: what persons allowed with one's product, entered, narrowed, withdrawn (个人授权)."""

from __future__ import annotations

import json
import pathlib
import uuid
from typing import Any

import rich_click as click

from market.cli import service
from market.cli.service import Asking
from market.cli.settings_of import CouldNotBeDone


@click.group(
    help="个人授权 · What persons allowed with the data of one's product.\n\n" + service.EXIT_CODES
)
def consents() -> None:
    """List, enter, narrow and withdraw consents."""


@consents.command("list", help="授权 · The consents for a product, the newest first.")
@click.argument("product", type=click.UUID)
@service.asking
def list_(product: uuid.UUID, asked: Asking) -> None:
    """Print each with its scenario, its end and how it stands."""
    asked.show(asked.service.get_all(f"/api/v1/products/{product}/consents"), _line)


@consents.command(
    help="登记 · Enter the consents of a JSON file (an array), all of it or nothing.\n\n"
    "Each line is the id and the secret for its person, told this once."
)
@click.argument("product", type=click.UUID)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))
@service.asking
def enter(product: uuid.UUID, file: pathlib.Path, asked: Asking) -> None:
    """Give the command and print the secrets."""
    try:
        given = json.loads(file.read_text("utf-8"))
    except ValueError as error:
        raise CouldNotBeDone(f"不是 JSON · It is no JSON: {file} ({error})") from error
    path = f"/api/v1/products/{product}/consents"
    entered = asked.service.post(path, {"consents": given})["entered"]
    asked.show(entered, lambda each: f"{each['id']}  {each['secret']}")


@consents.command(
    help="缩小范围 · Let a person's consent allow less, as it told its holder (HNP-6)."
)
@click.argument("consent", type=click.UUID)
@click.option(
    "--data-category", "categories", multiple=True, help="保留的数据种类 · kinds that stay"
)
@click.option("--purpose", help="唯一目的 · for this purpose alone")
@click.option("--until", metavar="DATE", help="提前到期 · an earlier last day")
@service.asking
def narrow(
    consent: uuid.UUID,
    *,
    categories: tuple[str, ...],
    purpose: str | None,
    until: str | None,
    asked: Asking,
) -> None:
    """Give the command and print what is left."""
    wanted = {"data_categories": list(categories) or None, "purpose": purpose, "term_to": until}
    to = {name: value for name, value in wanted.items() if value is not None}
    asked.show(asked.service.post(f"/api/v1/consents/{consent}/narrowings", to), _line)


@consents.command(help="撤回 · Withdraw a person's consent, as it told its holder.")
@click.argument("consent", type=click.UUID)
@service.asking
def withdraw(consent: uuid.UUID, asked: Asking) -> None:
    """Give the command and print how it stands."""
    asked.show(asked.service.post(f"/api/v1/consents/{consent}/withdrawals", {}), _line)


def _line(each: dict[str, Any]) -> str:
    return (
        f"{each['id']}  {each['scenario']}  {each['recipient']['name']}  {each['term_to']}  "
        f"{each['state']}"
    )
