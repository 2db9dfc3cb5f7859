"""Check every invariant on a live database: books, log, keys, schema."""

from __future__ import annotations

import pathlib
import sys
import tempfile
from typing import TYPE_CHECKING

import msgspec
import rich_click as click

from market.cli import settings_of
from market.settings import Settings

if TYPE_CHECKING:
    import datetime as dt

    from catalog.kernel.db import Database, Tx
    from market.cli.connection import OpenMarket


class Finding(msgspec.Struct, frozen=True):
    """One invariant and what was found wrong with it; nothing, as a rule."""

    invariant: str
    wrong: list[str]


@click.command(
    help="核对全部不变量 · Check all invariants on the live database.\n\n"
    "Exit code 0: all hold; 1: one is broken, the first bad entry is named; 2: could not be checked."
)
@click.option(
    "--data-dir", type=click.Path(path_type=pathlib.Path), help="数据目录 · where data lies"
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 · print JSON")
def check(data_dir: pathlib.Path | None, as_json: bool) -> None:
    """Print every invariant; exit 1 if one is broken."""
    findings = settings_of.run(
        _check(settings_of.environment(data_dir=data_dir)), fault=settings_of.CouldNotBeDone
    )
    if as_json:
        click.echo(msgspec.json.encode(findings).decode())
    else:
        for finding in findings:
            click.echo(f"{'✓' if not finding.wrong else '✗'} {finding.invariant}")
            for line in finding.wrong[:20]:
                click.echo(f"    {line}")
    sys.exit(1 if any(finding.wrong for finding in findings) else 0)


async def _check(settings: Settings) -> list[Finding]:
    from catalog.kernel.clock import SystemClock
    from market.cli.connection import open_market

    async with open_market(settings) as market:
        return await check_all(market, now=SystemClock().now())


async def check_all(market: OpenMarket, *, now: dt.datetime) -> list[Finding]:
    """Return every invariant with what is wrong with it; each that is broken is an incident."""
    findings = await _look(market, now=now)
    broken = [finding for finding in findings if finding.wrong]
    if broken:
        await _raise_incidents(market.db, broken, now=now)
    return findings


async def _look(market: OpenMarket, *, now: dt.datetime) -> list[Finding]:
    from catalog.kernel.actor import system
    from catalog.kernel.db import SEQUENCER_ROLE, begin
    from market.channels.witnesses import read_policy
    from market.cli import beside_the_log
    from market.cli.export import write_export
    from market.cli.verify import check as verify
    from settlement.ledger.queries import balances, checking

    async with begin(market.db, system("check", "ledger:read"), snapshot=True) as tx:
        breaches = await checking.find_breaches(tx)
        trial = await balances.trial_balance(tx)
    with tempfile.TemporaryDirectory() as directory:
        out = pathlib.Path(directory) / "export"
        await write_export(
            market.db,
            out,
            now=now,
            origin=market.settings.log_origin,
            signer_journal=market.settings.journal_path,
        )
        verdict = verify(str(out), vkey=None, keys_file=None)
    place = market.settings.witness_policy
    policy = None if place is None else read_policy(place)
    async with begin(market.db, system("check"), snapshot=True) as tx:
        differing = await beside_the_log.differences(tx, policy)
    async with begin(market.db, system("check"), role=SEQUENCER_ROLE, snapshot=True) as tx:
        differing += await beside_the_log.miscounted_orders(tx)
    first_bad = [] if verdict.first_bad is None else [str(verdict.first_bad)]
    return [
        Finding("复式账：每笔平衡且与记录一致 · every entry balances and equals its record",
                [str(breach) for breach in breaches]),
        Finding("复式账：借贷合计为零 · all legs together are zero", [] if trial.is_balanced else [f"{trial.difference_fen} fen"]),
        Finding("审计日志、凭证、合同、用量、报告：与签名的日志一致 · all records are as the signed log has them",
                first_bad),
        Finding("主体索引、时间戳、见证共签、密钥通告、检索索引与日志一致 · heads, timestamps, cosignatures, notices and index are as the log has them",
                differing),
    ]  # fmt: skip


async def _raise_incidents(db: Database, broken: list[Finding], *, now: dt.datetime) -> None:
    """Make an incident of each broken invariant, once a day (登记监控, HN-22(a))."""
    from catalog.kernel import db as database
    from catalog.kernel.actor import system
    from catalog.kernel.local_time import local_date
    from catalog.timers import queries as timers
    from market.incidents.model import LawField, Source
    from market.incidents.operations import detection

    actor = system("check", "incident:detect")

    async def detect(tx: Tx) -> None:
        for finding in broken:
            await detection.detect_by_itself(
                tx,
                actor=actor,
                now=now,
                calendar=await timers.get_calendar(tx),
                source=Source.INVARIANT_BROKEN,
                key=f"invariant:{finding.invariant}:{local_date(now)}",
                law_field=LawField.DATA_SECURITY,
                description="；".join((finding.invariant, *finding.wrong))[:20_000],
            )

    try:
        await database.run(db, actor, detect, must_remember=False)
    except Exception as error:  # noqa: BLE001 - what is broken may be what would remember it
        click.echo(f"未能记录事件 · the incident could not be recorded: {error}", err=True)
