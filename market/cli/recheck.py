"""``market recheck``: look again that what is kept is as it was kept (留存复核)."""

from __future__ import annotations

import datetime as dt
import pathlib
import sys
from typing import Any

import msgspec
import rich_click as click

from market.cli import settings_of
from market.settings import Settings

_REASON = "字节缺失或者与摘要不符 · its bytes are gone or are not those of its digest"


class Rechecked(msgspec.Struct, frozen=True):
    """What came of one batch."""

    kind: str
    round: int
    checked: int
    round_is_over: bool
    wrong: list[str]


@click.command(
    help="留存复核 · Check a batch of what is kept again: the bytes of files by their digests, the "
    "certificates by signature and inclusion proof, opinions, authorisations, agreements and evaluations by "
    "the signatures of those who signed them, instruments by their files. The next call goes on where this one ended; what is "
    "wrong becomes an incident.\n\n"
    "Exit code 0: all as it was kept; 1: something is not; 2: could not be checked."
)
@click.option("--batch", type=click.IntRange(1, 100_000), default=1_000, show_default=True)
@click.option("--all", "whole", is_flag=True, help="整轮复核 · on to the end of the round")
@click.option(
    "--data-dir", type=click.Path(path_type=pathlib.Path), help="数据目录 · where data lies"
)
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 · print JSON")
def recheck(batch: int, *, whole: bool, data_dir: pathlib.Path | None, as_json: bool) -> None:
    """Print what was checked; exit 1 if something is not as it was kept."""
    done = settings_of.run(
        _recheck(settings_of.environment(data_dir=data_dir), batch, whole=whole),
        fault=settings_of.CouldNotBeDone,
    )
    if as_json:
        click.echo(msgspec.json.encode(done).decode())
    else:
        for each in done:
            mark = "✗" if each.wrong else "✓"
            over = "，本轮完毕 · the round is over" if each.round_is_over else ""
            click.echo(f"{mark} {each.kind}  {each.checked}  (第 {each.round} 轮{over})")
            for line in each.wrong[:20]:
                click.echo(f"    {line}")
    sys.exit(1 if any(each.wrong for each in done) else 0)


async def _recheck(settings: Settings, size: int, *, whole: bool) -> list[Rechecked]:
    from catalog.kernel.clock import SystemClock
    from market.cli.connection import open_market
    from market.retention.model import Kind

    done = []
    async with open_market(settings) as market:
        for kind in Kind:
            while True:
                each = await recheck_batch(
                    market.db, market.settings, kind=kind, size=size, now=SystemClock().now()
                )
                done.append(each)
                if each.round_is_over or not whole:
                    break
    return done


async def recheck_batch(
    db: Any, settings: Settings, *, kind: Any, size: int, now: dt.datetime
) -> Rechecked:
    """Check one batch, the bytes outside any transaction, and record what came of it.

    :raises RecheckOvertaken: if somebody else checked the same batch meanwhile.
    """
    from catalog.kernel import db as database
    from catalog.kernel.actor import system
    from catalog.kernel.db import Tx, begin
    from catalog.timers import queries as timers
    from market.retention import operations as retention
    from market.retention import queries
    from market.retention.model import Kind

    actor = system("recheck", "retention:recheck", "incident:detect")
    async with begin(db, actor) as tx:
        batch = await queries.next_batch(tx, viewer=actor, kind=kind)
    look = {Kind.FILES: _files, Kind.CERTIFICATES: _certificates, Kind.DOCUMENTS: _documents}[kind]
    ids, wrong = await look(db, actor, settings, batch, size)
    is_last = len(ids) < size

    async def record(tx: Tx) -> None:
        await retention.record(
            tx,
            actor=actor,
            now=now,
            calendar=await timers.get_calendar(tx),
            batch=batch,
            position=ids[-1] if ids else batch.after,
            is_last=is_last,
            checked_count=len(ids),
            wrong=wrong,
        )

    await database.run(db, actor, record)
    return Rechecked(
        kind.value,
        batch.round,
        len(ids),
        is_last,
        [f"{w.name} ({w.id}): {w.reason}" for w in wrong],
    )


async def _files(
    db: Any, actor: Any, settings: Settings, batch: Any, size: int
) -> tuple[list[str], list[Any]]:
    from catalog.files import disk
    from catalog.kernel.db import begin
    from market.retention import queries
    from market.retention.model import Wrong

    async with begin(db, actor) as tx:
        files = await queries.list_files(tx, batch=batch, limit=size)
    wrong = []
    for file_id, sha256, size_bytes, name in files:
        try:
            (await disk.open_verified(settings.files_dir, sha256, size_bytes)).close()
        except disk.FileContentAltered:
            wrong.append(Wrong(file_id, sha256, name, _REASON))
    return [each[0] for each in files], wrong


async def _certificates(
    db: Any, actor: Any, settings: Settings, batch: Any, size: int
) -> tuple[list[str], list[Any]]:
    from catalog.audit_log import key_chain, published_keys
    from catalog.audit_log import queries as audit_log
    from catalog.audit_log.checkpoint import parse_vkey
    from catalog.kernel.db import begin
    from catalog.signing import queries as signing
    from market.retention import queries

    async with begin(db, actor, snapshot=True) as tx:
        numbers = await queries.list_certificates(tx, batch=batch, limit=size)
        keys = published_keys.published(
            settings.log_origin,
            await signing.list_public_keys(tx),
            await audit_log.list_key_notices(tx),
        )
        if not numbers or keys.log is None:
            return numbers, []
        log_key = key_chain.followed(parse_vkey(keys.log), keys)
        found = [
            await queries.find_wrong_certificate(tx, number=number, keys=keys, log_key=log_key)
            for number in numbers
        ]
    return numbers, [each for each in found if each is not None]


async def _documents(
    db: Any, actor: Any, _settings: Settings, batch: Any, size: int
) -> tuple[list[str], list[Any]]:
    from catalog.kernel.db import begin
    from catalog.signing import queries as signing
    from market.retention import queries

    async with begin(db, actor, snapshot=True) as tx:
        documents = await queries.list_documents(tx, batch=batch, limit=size)
        keys = {key.key_id: key for key in await signing.list_public_keys(tx)}
        found = [await queries.find_wrong_document(tx, kept=each, keys=keys) for each in documents]
    return [each.position for each in documents], [each for each in found if each is not None]
