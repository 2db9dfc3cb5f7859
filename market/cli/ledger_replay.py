"""Replay the journal (全账重放): of the service, as a run with its report, or of an export, offline."""

from __future__ import annotations

import pathlib
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Final

import msgspec
import rich_click as click

from catalog.audit_log import export_format as form
from catalog.audit_log import tiles
from catalog.audit_log.leaf import read_leaf
from market.cli import service
from market.cli.service import Asking
from market.cli.verify import Directory
from settlement.ledger_reports.replaying import Disagreement, Replay, Report
from settlement.money import yuan
from settlement.periods import sealing
from settlement.periods.sealing import Told

_REPLAYS: Final = "/api/v1/ledger/replays"
_PAUSE_SECONDS: Final = 1.0
_TOLD_EVERY: Final = 20_000
_BUNDLES: Final = f"{form.TILES}entries/"
_POSTED: Final = b'"journal:posted"'
EXIT_GOOD, EXIT_DIFFERS, EXIT_UNREADABLE = 0, 1, 2


def of_service(asked: Asking, wait: int) -> int:
    """Have the service replay its journal, tell how far it is, and print what it came to."""
    run = asked.service.post(_REPLAYS, {})
    for _ in range(wait):
        if run["step"] == "finished":
            break
        time.sleep(_PAUSE_SECONDS)
        run = asked.service.get(f"{_REPLAYS}/{run['id']}")
        _progress(run["entries_done"], run["entries_total"])
    if asked.as_json:
        service.print_json(run)
    if run["report"] is None:
        raise service.Refused(f"尚未完成 · Not finished yet: {_REPLAYS}/{run['id']}")
    report = msgspec.convert(run["report"], Report)
    if not asked.as_json:
        print_report(report)
    return EXIT_GOOD if report.is_good else EXIT_DIFFERS


def of_export(directory: pathlib.Path, *, as_json: bool) -> int:
    """Replay the journal of an export and print what it came to; no database, no service."""
    if not (directory / form.MANIFEST).is_file():
        click.echo(f"这不是数市的导出 · This is no export of ours: {directory}", err=True)
        return EXIT_UNREADABLE
    try:
        report = replayed(Directory(directory))
    except (OSError, UnicodeDecodeError, msgspec.MsgspecError, ValueError) as error:
        click.echo(f"无法读取 · can not be read: {error}", err=True)
        return EXIT_UNREADABLE
    if as_json:
        service.print_json(msgspec.to_builtins(report))
    else:
        print_report(report)
    return EXIT_GOOD if report.is_good else EXIT_DIFFERS


def replayed(source: form.Source) -> Report:
    """Return what the journal of an export comes to, against its log, balances and closed months."""
    found = Replay(_sealed(source), _logged(source))
    decoder = msgspec.json.Decoder(form.RecordRow)
    for line in source.lines(f"{form.RECORDS}journal.jsonl"):
        row = decoder.decode(line)
        found.take(uuid.UUID(row.id), row.record)
        if found.entries % _TOLD_EVERY == 0:
            _progress(found.entries, None)
    found.hold_log()
    found.hold_exported_balances(_balances(source))
    found.hold_months()
    return found.report()


def print_report(report: Report) -> None:
    """Print what a replay came to: what was counted, then the first thing that disagrees."""
    click.echo(
        f"{report.entries:,} 笔凭证 entries  {report.postings:,} 条分录 postings"
        f"  {report.accounts:,} 个账户 accounts  {report.months} 个月 months"
    )
    click.echo(f"借方 debits {yuan(report.debits_fen)}  贷方 credits {yuan(report.credits_fen)}")
    for each in report.named[:20]:
        click.echo(_told(each))
    if report.first is None:
        click.echo("一致 · All of it agrees.")
        return
    click.echo(
        f"不一致 · {report.disagreements} 处 disagreements; 首条不符 the first: "
        f"{report.first.entry or report.first.subject}"
    )


def _told(each: Disagreement) -> str:
    return f"  ✗ {each.against.value}  {each.subject}  {each.entry or ''}  {each.detail}"


def _progress(done: int, total: int | None) -> None:
    if sys.stderr.isatty():
        of = "" if not total else f" / {total:,}"
        click.echo(f"\r重放 replayed {done:,}{of}", nl=False, err=True)


def _sealed(source: form.Source) -> dict[tuple[str, str], Told]:
    decoder = msgspec.json.Decoder(form.RecordRow)
    records = (
        sealing.read_record(decoder.decode(line).record)
        for line in source.lines(f"{form.RECORDS}period.jsonl")
    )
    return {(record.book, record.month): record for record in records}


def _balances(source: form.Source) -> Iterator[tuple[str, int]]:
    decoder = msgspec.json.Decoder(form.BalanceRow)
    for line in source.lines(form.BALANCES):
        row = decoder.decode(line)
        yield row.account, row.posted_fen


def _logged(source: form.Source) -> dict[str, str]:
    """Return the digests that the log of an export has of entries, by their keys."""
    found: dict[str, str] = {}
    for raw in _leaves(source):
        if _POSTED not in raw:
            continue
        for digest in read_leaf(raw).digests:
            if digest.kind == "journal":
                found[digest.id] = digest.sha256
    return found


def _leaves(source: form.Source) -> Iterator[bytes]:
    for name in source.names(_BUNDLES):
        bundle = source.read(name)
        if bundle is not None:
            yield from tiles.unpack(bundle)
    decoder = msgspec.json.Decoder(form.PayloadRow)
    for line in source.lines(form.UNSEQUENCED):
        yield decoder.decode(line).leaf or b""
