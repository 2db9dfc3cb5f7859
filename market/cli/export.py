"""Write the log, the records it binds and the public keys into a directory anybody can check.

Everything is written as it is stored, right or wrong, in one snapshot of the database. Whether it
is right is for ``market verify`` to say.
"""

from __future__ import annotations

import datetime as dt
import os
import pathlib
import re
from collections.abc import Callable, Sequence
from typing import IO, Any, Final

import msgspec
import rich_click as click

from catalog.audit_log import export_format as form
from catalog.audit_log import merkle, published_keys, tiles
from catalog.audit_log import operations as audit_log
from catalog.audit_log.events import Event
from catalog.audit_log.leaf import instant
from catalog.kernel.actor import system
from catalog.kernel.clock import SystemClock
from catalog.kernel.db import Database, Row, Tx, begin, run
from catalog.kernel.errors import Refused
from catalog.signing.model import ED25519
from market.cli import queries, settings_of
from market.cli.queries import RECORDS, RecordTable
from market.cli.terminal import own_name, print_counts
from market.settings import Settings

_FARTHEST_GAP: Final = 65_536  # a leaf that stands farther out than that is no part of the log
_WIDTH: Final = merkle.TILE_WIDTH
# Payloads hold what is personal: only who exports may read it.
_DIRECTORY_MODE: Final = 0o700
_FILE_MODE: Final = 0o600
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


class ExportDirectoryNotEmpty(Refused):
    """An export is written into a directory of its own."""

    code = "export_directory_not_empty"


@click.command(
    help="导出审计日志与凭证 · Export the log, certificates, reports and public keys.\n\n"
    "Exit code 0: written, as it is stored, right or wrong (ask market verify); 1: could not be "
    "written, and why; 2: wrong options."
)
@click.option(
    "--out", type=click.Path(path_type=pathlib.Path), required=True, help="目录 · where to"
)
@click.option(
    "--data-dir", type=click.Path(path_type=pathlib.Path), help="数据目录 · where data lies"
)
@click.option("--no-payloads", is_flag=True, help="不含个人信息 · leave the personal part out")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 · print JSON")
def export(
    out: pathlib.Path, data_dir: pathlib.Path | None, no_payloads: bool, as_json: bool
) -> None:
    """Sequence and sign what waits, then write everything to ``--out``."""
    settings = settings_of.environment(data_dir=data_dir)
    counts = settings_of.run(_export(settings, out, payloads=not no_payloads))
    if as_json:
        click.echo(msgspec.json.encode({"out": str(out), **counts}).decode())
        return
    print_counts(counts)
    click.echo(f"已导出 · exported to {out}. 核验 · check it with: {own_name()} verify {out}")


async def _export(settings: Settings, out: pathlib.Path, *, payloads: bool) -> dict[str, int]:
    from catalog.audit_log.disk import CheckpointJournal
    from catalog.signing import disk as key_files
    from catalog.signing.purposes import Purpose
    from market.app import log_directory, log_signer
    from market.cli.connection import open_market
    from market.jobs import sequence_log

    async with open_market(settings) as market:
        checkpoint_key = key_files.path_of(market.settings.keys_dir, Purpose.CHECKPOINT)
        is_elsewhere = Purpose.CHECKPOINT in market.settings.pkcs11_keys
        now = SystemClock().now()
        await _remember(market.db, now, payloads=payloads)
        if is_elsewhere or checkpoint_key.exists():
            try:
                await sequence_log.run(
                    market.db,
                    now=now,
                    signer=log_signer(market.settings),
                    journal=CheckpointJournal(market.settings.journal_path),
                    directory=log_directory(market.settings),
                )
            except Exception as error:  # noqa: BLE001 - whatever it is, the export shows it
                click.echo(f"日志未能续签 · the log was not continued: {error}", err=True)
        return await write_export(
            market.db,
            out,
            now=now,
            origin=market.settings.log_origin,
            signer_journal=market.settings.journal_path,
            payloads=payloads,
        )


async def _remember(db: Database, now: dt.datetime, *, payloads: bool) -> None:
    # Before it is read: an export that can not be remembered is not made.
    who = system("export")
    await run(
        db,
        who,
        lambda tx: audit_log.append(
            tx,
            Event.LOG_EXPORTED,
            actor=who,
            now=now,
            subjects=(),
            facts={"payloads": payloads},
        ),
    )


async def write_export(
    db: Database,
    out: pathlib.Path,
    *,
    now: dt.datetime,
    origin: str,
    signer_journal: pathlib.Path | None = None,
    payloads: bool = True,
) -> dict[str, int]:
    """Write what is stored to ``out``; return how many rows of each kind.

    :raises ExportDirectoryNotEmpty: if something lies there already.
    """
    async with begin(db, system("export"), snapshot=True) as tx:
        return await write_snapshot(
            tx, out, now=now, origin=origin, signer_journal=signer_journal, payloads=payloads
        )


async def write_snapshot(
    tx: Tx,
    out: pathlib.Path,
    *,
    now: dt.datetime,
    origin: str,
    signer_journal: pathlib.Path | None = None,
    payloads: bool = True,
) -> dict[str, int]:
    """Write what an open transaction sees to ``out``; return how many rows of each kind.

    :raises ExportDirectoryNotEmpty: if something lies there already.
    """
    _prepare(out)
    writer = _Writer(tx, out)
    await writer.log(with_payloads=payloads)
    await writer.keys(origin)
    writer.put_strays()
    for table in RECORDS:
        await writer.records(table)
    await writer.balances()
    writer.signer_journal(signer_journal)
    manifest = form.Manifest(
        format=form.FORMAT, origin=origin, exported_at=instant(now), payloads=payloads
    )
    writer.put(form.MANIFEST, msgspec.json.encode(manifest))
    return writer.counts


def _prepare(out: pathlib.Path) -> None:
    if out.exists() and any(out.iterdir()):
        raise ExportDirectoryNotEmpty(path=str(out))
    out.mkdir(parents=True, exist_ok=True)
    out.chmod(_DIRECTORY_MODE)


class _Writer:
    """Write one export, file by file."""

    def __init__(self, tx: Tx, out: pathlib.Path) -> None:
        self.tx = tx
        self.out = out
        self.counts: dict[str, int] = {}
        self.strays: list[form.Stray] = []

    def put(self, name: str, content: bytes) -> None:
        with self.open(name) as file:
            file.write(content)

    def open(self, name: str) -> IO[bytes]:
        path = self.out / name
        for directory in reversed(path.relative_to(self.out).parents[:-1]):
            (self.out / directory).mkdir(mode=_DIRECTORY_MODE, exist_ok=True)
        return os.fdopen(os.open(path, _NEW_FILE, _FILE_MODE), "wb")

    def lines(self, name: str, rows: Sequence[Any]) -> None:
        self.put(name, b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
        self.counts[name.removesuffix(".jsonl")] = len(rows)

    async def rows(self, name: str, make: Callable[[Row], Any], sql: str) -> None:
        """Write one line for each row of a statement."""
        encoder = msgspec.json.Encoder()
        count = 0
        with self.open(name) as file:
            async for row in queries.read(self.tx, sql):
                file.write(encoder.encode(make(row)) + b"\n")
                count += 1
        self.counts[name.removesuffix(".jsonl")] = count

    # ── the log ──

    async def log(self, *, with_payloads: bool) -> None:
        state = await self.tx.fetch_one(queries.STATE)
        if state is not None:
            self.put(form.STATE, msgspec.json.encode(form.StateRow(**dict(state))))
        checkpoints = [
            form.CheckpointRow(
                size=row["size"],
                root=row["root"],
                note=row["note"],
                published_at=str(_instant(row["published_at"])),
            )
            async for row in queries.read(self.tx, queries.CHECKPOINTS)
        ]
        self.lines(form.CHECKPOINTS, checkpoints)
        signed = 0
        if checkpoints:
            signed = checkpoints[-1].size
            self.put(form.CHECKPOINT, checkpoints[-1].note)
        witnessed = await self.tx.fetch_one(queries.WITNESSED)
        if witnessed is not None:
            self.put(form.WITNESSED, witnessed["note"])
        await self._tiles(state, signed)
        await self._leaves(0 if state is None else state["size"], signed, with_payloads)
        await self.rows(
            form.UNSEQUENCED, lambda row: _payload_row(row, with_payloads), queries.OUTBOX
        )
        async for row in queries.read(self.tx, queries.LOST_PAYLOADS):
            self.strays.append(form.Stray("payload", str(row["entry_id"])))

    def put_strays(self) -> None:
        """Write down what stands where the log has no place for it."""
        if self.strays:
            self.lines(form.STRAYS, self.strays)

    async def _tiles(self, state: Row | None, signed: int) -> None:
        """Write the full tiles as they are stored, and the unfinished ones of the signed tree."""
        count = 0
        async for row in queries.read(self.tx, queries.TILES):
            count += 1
            level, number = row["level"], row["number"]
            if number < 0 or level < 0:
                self.strays.append(form.Stray("tile", f"{level}/{number}"))
            else:
                self.put(str(tiles.TilePath(level, number)), row["hashes"])
        self.counts["tiles"] = count
        if state is None:
            return
        at, frontier = 0, state["frontier"]
        frontiers: dict[int, bytes] = {}
        for level, width in enumerate(merkle.edge_widths(state["size"])):
            frontiers[level] = frontier[at : at + width * merkle.HASH_LENGTH]
            at += width * merkle.HASH_LENGTH
        for level, width in enumerate(merkle.edge_widths(signed)):
            number = signed >> (8 * (level + 1))
            if not width:
                continue
            full = self.out / str(tiles.TilePath(level, number))
            held = full.read_bytes() if full.exists() else frontiers.get(level, b"")
            path = tiles.TilePath(level, number, width)
            self.put(str(path), held[: width * merkle.HASH_LENGTH])

    async def _leaves(self, size: int, signed: int, with_payloads: bool) -> None:
        """Write the leaves in bundles. A leaf that is gone leaves an entry of no bytes."""
        bundle = _Bundles(self, signed)
        encoder = msgspec.json.Encoder()
        with self.open(form.PAYLOADS) as file:
            async for row in queries.read(self.tx, queries.LEAVES):
                index = row["idx"]
                if index < 0 or index > size + _FARTHEST_GAP:
                    self.strays.append(form.Stray("entry", str(index)))
                    continue
                bundle.add(index, row["leaf"])
                if with_payloads:
                    file.write(encoder.encode(_payload_row(row, with_payloads)) + b"\n")
        bundle.finish()
        self.counts["entries"] = bundle.size

    # ── what the log binds ──

    async def keys(self, origin: str) -> None:
        rows = [row async for row in queries.read(self.tx, queries.KEYS)]
        notices = [
            form.NoticeRow(row["idx"], row["note"])
            async for row in queries.read(self.tx, queries.KEY_NOTICES)
        ]
        own = [
            row["public_key"]
            for row in rows
            if (row["purpose"], row["holder_party_id"], row["algorithm"])
            == ("checkpoint", None, ED25519)
            and row["distrusted_from"] is None
        ]
        log = published_keys.log_key(origin, own, notices)
        for row in rows:
            if not row["is_its_registrars"]:
                self.strays.append(form.Stray("key", row["key_id"]))
        keys = [
            form.KeyRow(
                key_id=row["key_id"],
                purpose=row["purpose"],
                algorithm=row["algorithm"],
                public_key=row["public_key"],
                valid_from=str(_instant(row["valid_from"])),
                valid_to=_instant(row["valid_to"]),
                revoked_at=_instant(row["revoked_at"]),
                holder_party_id=_text(row["holder_party_id"]),
                distrusted_from=msgspec.UNSET
                if row["distrusted_from"] is None
                else row["distrusted_from"],
                certificate=msgspec.UNSET if row["certificate"] is None else row["certificate"],
            )
            for row in rows
        ]
        self.put(form.KEYS, msgspec.json.encode(form.Keys(log, keys, notices)))
        self.counts["keys"] = len(keys)

    async def records(self, table: RecordTable) -> None:
        """Write the records of one kind, and each that is handed out as the file it is then."""

        def make(row: Row) -> form.RecordRow:
            made = _record_row(row)
            if table.document_type and made.signatures:
                self.put(_file_name(table.kind, made.id), _handed_out(table, made))
            return made

        await self.rows(f"{form.RECORDS}{table.kind}.jsonl", make, table.sql)

    def signer_journal(self, path: pathlib.Path | None) -> None:
        if path is not None and path.exists():
            self.put(form.SIGNER_JOURNAL, path.read_bytes())

    async def balances(self) -> None:
        await self.rows(
            form.BALANCES,
            lambda row: form.BalanceRow(row["code"], row["posted"]),
            queries.BALANCES,
        )


class _Bundles:
    """Put leaves into bundles of 256, and the signed part of the last one into one of its own."""

    def __init__(self, writer: _Writer, signed: int) -> None:
        self._writer = writer
        self._signed = signed
        self._entries: list[bytes] = []
        self.size = 0

    def add(self, index: int, leaf: bytes) -> None:
        while self.size < index:
            self._put(b"")
        self._put(leaf)

    def _put(self, leaf: bytes) -> None:
        self._entries.append(leaf)
        self.size += 1
        if self.size == self._signed and self.size % _WIDTH:
            self.finish()
        if len(self._entries) == _WIDTH:
            self.finish()
            self._entries.clear()

    def finish(self) -> None:
        if self._entries:
            number = (self.size - 1) // _WIDTH
            path = tiles.TilePath(None, number, len(self._entries))
            self._writer.put(str(path), tiles.pack(self._entries))


def _payload_row(row: Row, with_payloads: bool) -> form.PayloadRow:
    if not with_payloads:
        return form.PayloadRow(
            idx=row["idx"], entry_id=str(row["entry_id"]), leaf=row["leaf_of_row"]
        )
    return form.PayloadRow(
        idx=row["idx"],
        entry_id=str(row["entry_id"]),
        leaf=row["leaf_of_row"],
        at=_instant(row["at"]),
        event=row["event"],
        subjects=row["subjects"],
        actor_account_id=_text(row["actor_account_id"]),
        actor_party_id=_text(row["actor_party_id"]),
        salt=row["salt"],
        payload=row["payload"],
    )


def _record_row(row: Row) -> form.RecordRow:
    return form.RecordRow(
        id=row["id"],
        record=row["record"],
        columns=row["columns"] or {},
        signatures=[
            form.SignatureRow(
                key_id=str(each.get("key_id")),
                value=_bytes(each.get("value")),
                holder_party_id=each.get("holder_party_id"),
            )
            for each in row["signatures"] or []
        ],
    )


def _file_name(kind: str, identifier: str) -> str:
    # An id that was changed must not lead out of the directory.
    return f"{kind}s/{re.sub(r'[^A-Za-z0-9-]', '_', identifier)}.json"


def _handed_out(table: RecordTable, row: form.RecordRow) -> bytes:
    signature = row.signatures[0]
    return msgspec.json.encode(
        {
            "type": table.document_type,
            "document": row.record,
            "signature": {
                "algorithm": ED25519,
                "key_id": signature.key_id,
                "value": signature.value,
            },
        }
    )


def _instant(at: dt.datetime | None) -> str | None:
    """Return an instant as leaves write it, or whatever it is if it is none."""
    try:
        return None if at is None else instant(at)
    except ValueError:
        return str(at)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _bytes(value: Any) -> bytes:
    """Return base64 or hex text as bytes, and nothing for what is neither."""
    try:
        return msgspec.convert(value, bytes)
    except msgspec.ValidationError:
        return b""
