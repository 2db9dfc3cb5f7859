"""``market harvest``: take catalogues of others in on a schedule (收割)."""

from __future__ import annotations

import pathlib
import uuid
from typing import Any

import msgspec
import rich_click as click

from market.cli import settings_of
from market.settings import Settings


@click.group(
    help="收割外部目录（CKAN、DCAT） · Take catalogues of others in, on a schedule.\n\n"
    "Exit code 0: done; 1: a run failed or waits for a person; 2: could not be done."
)
def harvest() -> None:
    """Name sources, read them, and see what came of it."""


_DATA_DIR = click.option(
    "--data-dir", type=click.Path(path_type=pathlib.Path), help="数据目录 · where data lies"
)


@harvest.command(help="登记来源 · Name a source.\n\nExit code 0: it is named; 2: it is refused.")
@click.argument("code")
@click.argument("kind", type=click.Choice(["ckan", "dcat"]))
@click.argument("url")
@click.option("--licence", default="", help="记录未说明时的许可 · of records that name none")
@click.option(
    "--every-hours", default=24, type=click.IntRange(1, 8760), help="多久一次 · how often"
)
@_DATA_DIR
def add(data_dir: pathlib.Path | None, **said: Any) -> None:
    """Name a source under ``code``; its records will have that source."""
    from catalog.harvesting import operations
    from catalog.harvesting.model import NewSource

    try:
        new = msgspec.convert(said, NewSource)
    except msgspec.ValidationError as error:
        raise settings_of.CouldNotBeDone(str(error)) from error

    async def act(market: Any) -> None:
        await _command(
            market, lambda tx, actor, now: operations.add_source(tx, actor=actor, now=now, new=new)
        )

    _run(act, data_dir)
    click.echo(f"已登记 · named {new.code}")


@harvest.command(
    name="run",
    help="立即收割 · Read a source now, to its end.\n\n"
    "Exit code 0: it was read whole; 1: it was not, or is held until somebody confirms; "
    "2: there is no such source, or it is paused or retired.",
)
@click.argument("code")
@_DATA_DIR
def run_(code: str, data_dir: pathlib.Path | None) -> None:
    """Read a source; who was killed goes on where it stood."""
    from catalog.harvesting.states import State
    from market.channels.cage import Cage
    from market.channels.harvest_web import Fetcher
    from market.jobs import harvest_sources

    async def act(market: Any) -> Any:
        import httpx

        from catalog.kernel.clock import SystemClock

        clock, cage = SystemClock().now, Cage()
        run = await harvest_sources.start(market.db, now=clock(), code=code)
        async with httpx.AsyncClient(trust_env=False) as web:
            fetcher = Fetcher(web, private=market.settings.harvest_private_addresses)
            while True:
                found = await harvest_sources.read_one(
                    market.db, clock=clock, cage=cage, fetcher=fetcher
                )
                if found is None or (
                    (run is None or found.id == run.id) and found.state is not State.RUNNING
                ):
                    return found

    run = _run(act, data_dir)
    if run is None:
        raise click.ClickException(
            "另一进程正在收割，或来源刚被暂停 · another process reads it, or it was paused just now"
        )
    _print(run)
    if run.state is not State.FINISHED:
        raise SystemExit(1)


@harvest.command(help="确认来源确已删去这些记录 · Let what a held run did not find be taken back.")
@click.argument("run_id", type=click.UUID)
@_DATA_DIR
def confirm(run_id: uuid.UUID, data_dir: pathlib.Path | None) -> None:
    """Take back what a held run did not find."""
    from catalog.harvesting import operations

    async def act(market: Any) -> Any:
        return await _command(
            market,
            lambda tx, actor, now: operations.confirm(tx, actor=actor, now=now, run_id=run_id),
        )

    _print(_run(act, data_dir))


@harvest.command(
    help="暂停来源 · Pause a source: nothing is fetched until it is resumed.\n\n"
    "Exit code 0: it is paused; 2: it was already, is retired, or there is none."
)
@click.argument("code")
@_DATA_DIR
def pause(code: str, data_dir: pathlib.Path | None) -> None:
    """Pause a source; a run that goes on waits at its page."""
    from catalog.harvesting import operations

    _move(operations.pause, code, data_dir)


@harvest.command(
    help="恢复来源 · Resume a paused source.\n\n"
    "Exit code 0: it is read again; 2: it was not paused, is retired, or there is none."
)
@click.argument("code")
@_DATA_DIR
def resume(code: str, data_dir: pathlib.Path | None) -> None:
    """Resume a source; its run goes on where it stood."""
    from catalog.harvesting import operations

    _move(operations.resume, code, data_dir)


@harvest.command(
    help="停用来源，不可恢复，已收录的记录保留 · Retire a source for good; its records stay.\n\n"
    "Exit code 0: it is retired; 2: it was already, or there is none."
)
@click.argument("code")
@_DATA_DIR
def retire(code: str, data_dir: pathlib.Path | None) -> None:
    """Retire a source; a run that goes on is broken off, nothing is taken back."""
    from catalog.harvesting import operations

    _move(operations.retire, code, data_dir)


def _move(operation: Any, code: str, data_dir: pathlib.Path | None) -> None:
    async def act(market: Any) -> Any:
        return await _command(
            market, lambda tx, actor, now: operation(tx, actor=actor, now=now, code=code)
        )

    source = _run(act, data_dir)
    click.echo(f"{source.code} {_state(source)}")


def _state(source: Any) -> str:
    """Return the state of a source in both languages."""
    from market.portal.wording import Speaker

    told = [Speaker(tongue).label("harvest_source", source.state.value) for tongue in ("zh", "en")]
    return " · ".join(told)


@harvest.command(name="list", help="来源与收割记录 · Sources, and what came of them.")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 · print JSON")
@_DATA_DIR
def list_(as_json: bool, data_dir: pathlib.Path | None) -> None:
    """Show sources with their newest runs, and why records were skipped."""
    from catalog.harvesting import queries
    from catalog.kernel.db import begin
    from market.jobs.harvest_sources import ACTOR

    async def act(market: Any) -> Any:
        async with begin(market.db, ACTOR) as tx:
            return await queries.list_sources(tx, viewer=ACTOR)

    found = _run(act, data_dir)
    if as_json:
        click.echo(msgspec.json.encode(found).decode())
        return
    for each in found:
        source = each.source
        click.echo(
            f"{source.code} {source.kind.value} {source.url} / {source.every_hours} h · {_state(source)}"
        )
        for run in each.runs:
            _print(run, indent="  ")


def _print(run: Any, indent: str = "") -> None:
    click.echo(
        f"{indent}{run.id} {run.state.value} · 新增 imported {run.imported} · 更新 updated {run.updated}"
        f" · 未变 unchanged {run.unchanged} · 重复 duplicates {run.duplicates}"
        f" · 跳过 skipped {run.skipped} · 消失 vanished {run.vanished}"
    )
    from market.portal import harvest_reasons
    from market.portal.wording import Speaker

    tongues = [Speaker(language) for language in ("zh", "en")]
    if run.reason:
        told = [harvest_reasons.why_ended(run.reason, speak).text for speak in tongues]
        click.echo(f"{indent}  {' · '.join(dict.fromkeys(told))}")
    for each in run.errors:
        told = [harvest_reasons.why_skipped(each.reason, speak).text for speak in tongues]
        click.echo(f"{indent}  {each.name}: {' · '.join(dict.fromkeys(told))}")


async def _command(market: Any, act: Any) -> Any:
    from catalog.kernel.clock import SystemClock
    from catalog.kernel.db import run
    from market.jobs.harvest_sources import ACTOR

    now = SystemClock().now()
    return await run(market.db, ACTOR, lambda tx: act(tx, ACTOR, now))


def _run(act: Any, data_dir: pathlib.Path | None) -> Any:
    async def opened(settings: Settings) -> Any:
        from market.cli.connection import open_market

        async with open_market(settings) as market:
            return await act(market)

    return settings_of.run(
        opened(settings_of.environment(data_dir=data_dir)), fault=settings_of.CouldNotBeDone
    )
