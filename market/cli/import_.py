"""``market import FILE``: load the catalogue of somebody else, and say what became of each line."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import io
import pathlib
import sys
import zlib
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, cast

import msgspec
import rich_click as click

from catalog.products import imports
from market.cli import settings_of
from market.settings import Settings

BATCH_SIZE: Final = 2000
# While one batch is written by the database, the words of the next are cut.
_BATCHES_AT_ONCE: Final = 2
_SHOWN: Final = 50  # rejected lines that a person is shown; --json lists all
_PART_BYTES: Final = 1024 * 1024
_GZIP_MAGIC: Final = b"\x1f\x8b"


class Report(msgspec.Struct):
    """What became of a file: every line is counted once."""

    read: int = 0
    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[imports.Rejected] = []
    seconds: float = 0.0


@click.command(
    name="import",
    help="导入外部目录（JSONL 或 JSONL.gz） · Import a foreign catalogue.\n\n"
    "Exit code 0: every line was taken; 1: some were rejected, each with its reason; "
    "2: the file can not be read.",
)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path))
@click.option(
    "--data-dir", type=click.Path(path_type=pathlib.Path), help="数据目录 · where data lies"
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 · print JSON")
def import_(file: pathlib.Path, data_dir: pathlib.Path | None, as_json: bool) -> None:
    """Import ``file`` and print the report."""
    try:
        report = settings_of.run(
            _import(settings_of.environment(data_dir=data_dir), file, quiet=as_json),
            fault=settings_of.CouldNotBeDone,
        )
    except (OSError, EOFError, zlib.error) as error:  # not gzip after all, cut off, or damaged
        click.echo(f"无法读取 · can not read {file}: {error}", err=True)
        sys.exit(2)
    if as_json:
        click.echo(msgspec.json.encode(report).decode())
    else:
        _print(report)
    sys.exit(1 if report.rejected else 0)


async def _import(settings: Settings, file: pathlib.Path, *, quiet: bool) -> Report:
    from market.cli.connection import open_market

    async with open_market(settings) as market:
        return await import_file(market.db, file, quiet=quiet)


async def import_file(db: Any, file: pathlib.Path, *, quiet: bool) -> Report:
    """Import ``file`` into an open database and return the report.

    An archive that is damaged or cut off is refused before its first line is taken.

    :raises OSError: and its like, ``EOFError`` and ``zlib.error``, if the file can not be read.
    """
    from catalog.kernel.actor import system
    from catalog.kernel.clock import SystemClock, monotonic
    from catalog.kernel.db import Tx, run
    from catalog.products.operations import importing as products

    await asyncio.to_thread(_read_through, file)
    report, clock, started = Report(), SystemClock(), monotonic()
    actor = system("import", "product:import")

    async def take(batch: list[imports.Prepared]) -> None:
        async def command(tx: Tx) -> imports.Result:
            return await products.import_batch(tx, actor=actor, now=clock.now(), batch=batch)

        result = await run(db, actor, command)
        report.imported += result.imported
        report.updated += result.updated
        report.unchanged += result.unchanged

    with _progress(file, quiet=quiet) as (raw, update), _unpacked(raw) as lines:
        running: set[asyncio.Task[None]] = set()
        for batch in batches(lines, report):
            if len(running) == _BATCHES_AT_ONCE:
                done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                _raise_first(done)
            running.add(asyncio.create_task(take(batch)))
            await asyncio.sleep(0)
            update(report)
        if running:
            done, _ = await asyncio.wait(running)
            _raise_first(done)
        update(report)
    report.seconds = round(monotonic() - started, 3)
    return report


def batches(lines: BinaryIO, report: Report) -> Iterator[list[imports.Prepared]]:
    """Yield the records of ``lines`` in batches; write what is none into ``report``."""
    seen: dict[int, int] = {}
    batch: list[imports.Prepared] = []
    for number, line in enumerate(_lines(lines), start=1):
        if not line.strip():
            continue
        report.read += 1
        found = imports.read_line(number, line)
        if isinstance(found, imports.Rejected):
            report.rejected.append(found)
            continue
        # Sixteen bytes a record rather than its whole key: files can be longer than memory.
        before = seen.setdefault(hash(found.key), number)
        if before != number:
            report.rejected.append(
                imports.Rejected(number, "record_doubled", f"line {before} has the same id")
            )
            continue
        batch.append(found)
        if len(batch) == BATCH_SIZE:
            yield batch
            batch = []
    if batch:
        yield batch


def _lines(lines: BinaryIO) -> Iterator[bytes]:
    # A line longer than any record is read no further than to know that; its rest is skipped.
    limit = imports.MAX_LINE_BYTES + 1
    while line := lines.readline(limit):
        yield line
        while len(line) == limit and not line.endswith(b"\n"):
            line = lines.readline(limit)


@contextlib.contextmanager
def _progress(file: pathlib.Path, *, quiet: bool) -> Iterator[tuple[BinaryIO, Any]]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    with file.open("rb") as raw:
        if quiet:
            yield raw, lambda _report: None
            return
        total = file.stat().st_size
        columns = (
            TextColumn("导入 · importing"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f} % · {task.fields[read]} 条"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task("import", total=total, read=0)
            yield (
                raw,
                lambda report: progress.update(task, completed=raw.tell(), read=report.read),
            )


def _read_through(file: pathlib.Path) -> None:
    """Return if an archive can be unpacked to its end; what is no archive is read as it is."""
    with file.open("rb") as raw, _unpacked(raw) as lines:
        if lines is not raw:
            while lines.read(_PART_BYTES):
                pass


@contextlib.contextmanager
def _unpacked(raw: BinaryIO) -> Iterator[BinaryIO]:
    magic = raw.read(2)
    raw.seek(0)
    if magic == _GZIP_MAGIC:
        with gzip.GzipFile(fileobj=raw) as unpacked:
            yield cast("BinaryIO", io.BufferedReader(cast("Any", unpacked)))
    else:
        yield raw


def _raise_first(done: set[asyncio.Task[None]]) -> None:
    for task in done:
        task.result()


def _print(report: Report) -> None:
    rate = report.read / report.seconds if report.seconds else 0
    click.echo(
        f"读取 read {report.read} · 新增 imported {report.imported} · 更新 updated {report.updated}"
        f" · 未变 unchanged {report.unchanged} · 拒绝 rejected {len(report.rejected)}"
        f" · {report.seconds:.1f} s ({rate:,.0f}/s)"
    )
    for rejected in report.rejected[:_SHOWN]:
        click.echo(
            f"  第 {rejected.line} 行 line {rejected.line}: {rejected.reason} {rejected.detail}"
        )
    if len(report.rejected) > _SHOWN:
        click.echo(f"  … {len(report.rejected) - _SHOWN} more (--json lists all)")
