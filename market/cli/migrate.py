"""Bring the database to the newest schema."""

from __future__ import annotations

import pathlib

import rich_click as click

from market.cli import settings_of
from market.settings import Settings


@click.command(
    help="升级数据库结构 · Bring the database to the newest schema; safe to repeat.\n\n"
    "Exit code 0: it is at the newest; 1: it could not be brought there, and why; 2: wrong options."
)
@click.option(
    "--data-dir", type=click.Path(path_type=pathlib.Path), help="数据目录 · where data lies"
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 · print JSON")
def migrate(data_dir: pathlib.Path | None, as_json: bool) -> None:
    """Start or adopt the database, migrate it, say where it stands."""
    settings = settings_of.environment(data_dir=data_dir)
    revision = settings_of.run(_migrate(settings))
    click.echo(
        f'{{"revision": "{revision}"}}' if as_json else f"数据库结构版本 · schema {revision}"
    )


async def _migrate(settings: Settings) -> str:
    from market.cli.connection import open_market
    from market.migrations.upgrade import current

    async with open_market(settings) as market:
        return await current(market.db)
