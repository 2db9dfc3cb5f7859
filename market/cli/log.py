"""Keep the log's timestamps good for decades: say which end, and stamp everything anew."""

from __future__ import annotations

import datetime as dt
import pathlib
from typing import Any

import msgspec
import rich_click as click

from catalog.kernel.errors import Refused
from catalog.timestamps.hashing import HashAlgorithm
from market.cli import settings_of
from market.cli.log_search import search_log
from market.settings import Settings

_EXIT_CODES = "Exit code 0: done; 1: could not be done, and why; 2: wrong options."
_ALGORITHMS = click.Choice([each.value for each in HashAlgorithm])
#: How long before its certificates end a timestamp is due [P]: a quarter of a year.
_WITHIN_DAYS = 90


class TimestampsNotSet(Refused):
    """No authority is set that could stamp anything."""

    code = "timestamps_not_set"


class Restamped(msgspec.Struct, frozen=True, kw_only=True):
    """What ``restamp`` did: which timestamps were due, and which archive stamps there are now."""

    due: list[int]
    numbers: list[int]
    failed: list[str]


@click.group(
    "log", help=f"审计日志 · The audit log: its search, its long keeping.\n\n{_EXIT_CODES}"
)
def log() -> None:
    """Group the commands."""


log.add_command(search_log)


@log.command(
    "restamp",
    help="续期时间戳 · Stamp all timestamps and all entries of the log once more, hashed anew (RFC 4998), if a "
    "timestamp ends soon and nothing carries it on, or if a hash algorithm is being left.\n\n"
    "Exit code 0: done, or nothing was due; 1: could not be done, and why; 2: wrong options.",
)
@click.option(
    "--algorithm",
    type=_ALGORITHMS,
    help="新摘要算法 · hash by this one (default: MARKET_TIMESTAMP_ALGORITHM)",
)
@click.option(
    "--leaving",
    type=_ALGORITHMS,
    multiple=True,
    help="弃用的摘要算法 · what rests on this one is due as well",
)
@click.option(
    "--within",
    type=click.IntRange(min=0),
    default=_WITHIN_DAYS,
    show_default=True,
    help="天数 · what ends within so many days is due",
)
@click.option("--anyway", is_flag=True, help="无到期亦执行 · stamp although nothing is due")
@click.option(
    "--export",
    "exported",
    type=click.Path(exists=True, file_okay=False, path_type=pathlib.Path),
    help="已归档的导出目录 · stamp this export instead, as an archive holds it: without database and service. Who stamps "
    "it is set as for a service (MARKET_TIMESTAMP_URLS, MARKET_TIMESTAMP_CA_FILE)",
)
@click.option("--vkey", help="日志公钥 · the log's verifier key, to check the export by")
@click.option(
    "--data-dir", type=click.Path(path_type=pathlib.Path), help="数据目录 · where data lies"
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 · print JSON")
def restamp(
    *,
    algorithm: str | None,
    leaving: tuple[str, ...],
    within: int,
    anyway: bool,
    exported: pathlib.Path | None,
    vkey: str | None,
    data_dir: pathlib.Path | None,
    as_json: bool,
) -> None:
    """Print what was due and what was stamped; fail if an authority was asked and nobody did it."""
    settings = settings_of.environment(data_dir=data_dir)
    chosen = HashAlgorithm(algorithm) if algorithm else settings.timestamp_algorithm
    left = {HashAlgorithm(each) for each in leaving}
    if chosen in left:
        raise click.UsageError("--algorithm: 不得为弃用的算法 · it is the one that is being left")
    days = dt.timedelta(days=within)
    work = (
        _restamp(settings, chosen, left, days, anyway=anyway)
        if exported is None
        else _restamp_export(settings, exported, vkey, chosen, left, days, anyway=anyway)
    )
    done = settings_of.run(work)
    _print(done, as_json=as_json)
    if done.failed and not done.numbers:
        raise SystemExit(1)


def _print(done: Restamped, *, as_json: bool) -> None:
    if as_json:
        click.echo(msgspec.json.encode(done).decode())
        return
    click.echo(f"到期 · due: {len(done.due)}" + (f" ({done.due[0]} …)" if done.due else ""))
    for reason in done.failed:
        click.echo(f"未成 · failed: {reason}", err=True)
    made = ", ".join(str(number) for number in done.numbers)
    click.echo(f"归档时间戳 · archive stamps: {made or '—'}")


async def _restamp(
    settings: Settings,
    algorithm: HashAlgorithm,
    leaving: set[HashAlgorithm],
    within: dt.timedelta,
    *,
    anyway: bool,
) -> Restamped:
    import httpx

    from catalog.kernel.clock import SystemClock
    from market.app import timestamping
    from market.cli.connection import open_market

    async with httpx.AsyncClient(trust_env=False) as web:
        authorities = timestamping(settings, web)
        if authorities is None:
            raise TimestampsNotSet
        async with open_market(settings) as market:
            return await restamp_now(
                market.db,
                authorities,
                clock=SystemClock().now,
                origin=market.settings.log_origin,
                algorithm=algorithm,
                leaving=leaving,
                within=within,
                anyway=anyway,
            )


async def _restamp_export(  # noqa: PLR0917
    settings: Settings,
    exported: pathlib.Path,
    vkey: str | None,
    algorithm: HashAlgorithm,
    leaving: set[HashAlgorithm],
    within: dt.timedelta,
    *,
    anyway: bool,
) -> Restamped:
    import httpx

    from catalog.audit_log.checkpoint import parse_vkey
    from catalog.audit_log.verdict import Unreadable
    from catalog.kernel.clock import SystemClock
    from market.app import timestamping
    from market.cli import restamp_export
    from market.cli.verify import Directory

    async with httpx.AsyncClient(trust_env=False) as web:
        authorities = timestamping(settings, web)
        if authorities is None:
            raise TimestampsNotSet
        try:
            return await restamp_export.restamp(
                exported,
                Directory(exported),
                authorities,
                key=None if vkey is None else parse_vkey(vkey),
                clock=SystemClock().now,
                algorithm=algorithm,
                leaving=leaving,
                within=within,
                anyway=anyway,
            )
        except Unreadable as error:
            raise click.ClickException(str(error)) from error


async def restamp_now(
    db: Any,
    authorities: Any,
    *,
    clock: Any,
    origin: str,
    algorithm: HashAlgorithm,
    leaving: set[HashAlgorithm],
    within: dt.timedelta,
    anyway: bool = False,
) -> Restamped:
    """Stamp everything anew if something is due; every authority is asked, no transaction is open.

    1. What is due: what ends within the time, or rests on what is left, and is not carried on.
    2. Everything is read and hashed in one snapshot.
    3. Each authority stamps the text; what it answers is checked and kept.
    """
    from catalog.kernel import db as database
    from catalog.kernel.actor import system
    from catalog.kernel.db import begin
    from catalog.kernel.errors import DomainError
    from catalog.timestamps import hashing, operations, queries
    from catalog.timestamps.model import AuthorityUnreachable, Kept, Left

    actor = system("restamp", "timestamps:keep")
    until = clock() + within
    async with begin(db, actor, snapshot=True) as tx:
        left = Left(dict.fromkeys(leaving, until))
        due = await queries.list_ending(tx, left=left, until=until)
        if not due and not anyway:
            return Restamped(due=[], numbers=[], failed=[])
        everything = await queries.read_everything(tx, origin, algorithm)
    text = operations.text_of(everything).text()
    imprint = hashing.digest(algorithm, text)
    numbers: list[int] = []
    failed: list[str] = []
    for authority in authorities.authorities:
        try:
            response = await authority.stamp(imprint, algorithm)
            said = await authorities.collect(response, text)

            async def keep(
                tx: database.Tx,
                name: str = authority.name,
                response: bytes = response,
                said: tuple[bytes, ...] = said,
            ) -> Kept:
                return await operations.keep_archive(
                    tx,
                    actor=actor,
                    now=clock(),
                    trust=authorities.trust,
                    authority=name,
                    everything=everything,
                    response=response,
                    said=said,
                )

            numbers.append((await database.run(db, actor, keep)).number)
        except (AuthorityUnreachable, DomainError) as error:
            failed.append(f"{authority.name}: {error}")
    return Restamped(due=due, numbers=numbers, failed=failed)


@log.command(
    "refill",
    help="补回日志 · After an older copy of the database was restored: put back the entries that were signed since, from "
    "the log's public files (a directory, or an address as https://market.example/log).\n\n"
    + _EXIT_CODES,
)
@click.option("--from", "place", required=True, help="公开文件 · the public files")
@click.option(
    "--data-dir", type=click.Path(path_type=pathlib.Path), help="数据目录 · where data lies"
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 · print JSON")
def refill(place: str, data_dir: pathlib.Path | None, as_json: bool) -> None:
    """Print what was put back."""
    done = settings_of.run(_refill(settings_of.environment(data_dir=data_dir), place))
    if as_json:
        click.echo(msgspec.json.encode(done).decode())
        return
    click.echo(f"已补回 · put back: {done.start} … {done.end - 1}")
    for order in done.orders:
        click.echo(f"使用记录缺失 · uses are not on record: order {order}")


async def _refill(settings: Settings, place: str) -> Any:
    from catalog.audit_log.disk import CheckpointJournal
    from catalog.kernel.clock import SystemClock
    from market.cli import refill as refilling
    from market.cli.connection import open_market

    async with open_market(settings) as market:
        return await refilling.refill(
            market.db,
            refilling.source(place),
            journal=CheckpointJournal(market.settings.journal_path),
            now=SystemClock().now(),
        )
