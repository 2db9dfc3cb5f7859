"""Keep outside PostgreSQL what the signer signed, and the public files of the log (签名日志、公开文件).

The journal is the log's first witness. Whatever happens to the database (restored, rolled back, rewritten),
nothing is signed that does not continue what was signed before: no other root for a size, no
smaller size, and no larger one without a proof of consistency.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Final

import msgspec

from catalog.audit_log.checkpoint import Checkpoint, parse_checkpoint, parse_note
from catalog.audit_log.export_format import CHECKPOINT, WITNESSED
from catalog.audit_log.growing import outlived
from catalog.audit_log.merkle import TILE_WIDTH, Edge, edge_at, verify_consistency
from catalog.audit_log.tiles import TilePath
from catalog.kernel.errors import Refused

_LONGER_THAN_A_LINE: Final = 65_536


class CheckpointRefused(Refused):
    """The journal holds a checkpoint that the new one does not continue."""

    code = "checkpoint_refused"


class Signed(msgspec.Struct, frozen=True):
    """One line of the journal."""

    size: int
    root: bytes
    note: str
    at: dt.datetime


class CheckpointJournal:
    """Append checkpoints to a file, each line on disk before the call returns."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def last(self) -> Signed | None:
        """Return the newest checkpoint that was signed. A line cut off by a crash never was."""
        try:
            with self.path.open("rb") as file:
                whole, _ = _tail(file)
        except FileNotFoundError:
            return None
        lines = whole.splitlines()
        return msgspec.json.decode(lines[-1], type=Signed) if lines else None

    def read(self) -> Iterator[Signed]:
        """Yield all checkpoints that were signed. A line cut off by a crash was never used."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            return
        with file:
            for line in file:
                if line.endswith(b"\n"):
                    yield msgspec.json.decode(line, type=Signed)

    def append(self, new: Signed, proof: Iterable[bytes]) -> None:
        """Write ``new`` down, for good, before anybody sees it.

        The same size with the same root may be signed again; it is not written twice.

        :raises CheckpointRefused: if it does not continue the last one.
        """
        with self._locked() as file:
            last = self.last()
            if last is not None:
                _check(last, new, proof)
                if last.size == new.size:
                    return
            _cut_torn_line(file)
            file.write(msgspec.json.encode(new) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    @contextlib.contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_new = not self.path.exists()
        with self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if is_new:
                _sync_directory(self.path.parent)
            yield file


class FilesDiffer(Exception):
    """A file lies there already with other bytes: two logs, or two histories, under one address."""


class LogDirectory:
    """The log's public files, as any server of files hands them out: tiles, bundles, checkpoint last.

    What has its place never changes; so the same file may be written again, and no other in its place.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._edge = Edge()  # of what lies there, as far as this process wrote or looked

    def read(self, name: str) -> bytes | None:
        """Return a file, None if there is none of that name."""
        try:
            return (self.path / name).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def edge(self) -> Edge:
        """Return the edge of the tree whose checkpoint lies there.

        :raises FilesDiffer: if what lies there does not fit itself.
        """
        checkpoint = self._checkpoint()
        if checkpoint is None:
            return Edge()
        if (self._edge.size, self._edge.root()) != (checkpoint.size, checkpoint.root):
            self._edge = self._edge_of(checkpoint)
        return self._edge

    def write(self, files: Mapping[str, bytes]) -> None:
        """Put tiles and bundles in their places, all of them on disk before this returns.

        :raises FilesDiffer: if one lies there with other bytes.
        """
        folders = set()
        for name, content in files.items():
            target = self.path / name
            held = self.read(name)
            if held is not None and held != content:
                raise FilesDiffer(f"{name} is not what was written there before")
            if held is None:
                folders |= _above_missing(target.parent)
                _write_synced(target, content)
                folders.add(target.parent)
        for folder in folders:
            _sync_directory(folder)

    def show(self, note: bytes, edge: Edge) -> bool:
        """Put the checkpoint there, if it is larger than the one that lies there; tell whether it was.

        All files of its tree lie there already.
        """
        self.path.mkdir(mode=0o755, parents=True, exist_ok=True)
        with (self.path / ".lock").open("a") as lock:
            fcntl.flock(
                lock, fcntl.LOCK_EX
            )  # of several processes the slower does not take it back
            shown = self._checkpoint()
            if shown is not None and shown.size >= edge.size:
                return False
            self._put(CHECKPOINT, note)
        self._edge = edge
        for name in outlived(edge):
            shutil.rmtree(self.path / name, ignore_errors=True)
        return True

    def show_witnessed(self, note: bytes) -> None:
        """Put the checkpoint there that a quorum cosigned, if its tree is shown."""
        shown, told = self._checkpoint(), parse_checkpoint(parse_note(note).text)
        if shown is not None and told.size <= shown.size and self.read(WITNESSED) != note:
            self._put(WITNESSED, note)

    def _put(self, name: str, content: bytes) -> None:
        _write_synced(self.path / name, content)
        _sync_directory(self.path)

    def _checkpoint(self) -> Checkpoint | None:
        raw = self.read(CHECKPOINT)
        return None if raw is None else parse_checkpoint(parse_note(raw).text)

    def _edge_of(self, checkpoint: Checkpoint) -> Edge:
        def tile(level: int, number: int) -> bytes:
            width = (checkpoint.size >> (8 * level)) % TILE_WIDTH
            raw = self.read(str(TilePath(level, number, width)))
            return raw or self.read(str(TilePath(level, number))) or b""

        try:
            edge = edge_at(checkpoint.size, tile)
        except ValueError as error:
            raise FilesDiffer(str(error)) from error
        if edge.root() != checkpoint.root:
            raise FilesDiffer(f"the files do not have the root that was signed for {edge.size}")
        return edge


def _above_missing(folder: Path) -> set[Path]:
    """Return the folders in which one is made, so that it lasts when they are synced."""
    found = set()
    while not folder.exists():
        folder = folder.parent
        found.add(folder)
    return found


def _write_synced(target: Path, content: bytes) -> None:
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = target.with_name(f".{target.name}.{os.getpid()}.new")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.chmod(0o644)
    draft.rename(target)


def _check(last: Signed, new: Signed, proof: Iterable[bytes]) -> None:
    if new.size < last.size:
        raise CheckpointRefused(reason="smaller", size=new.size, signed_size=last.size)
    if not verify_consistency(last.size, new.size, last.root, new.root, proof):
        reason = "another_root" if new.size == last.size else "inconsistent"
        raise CheckpointRefused(reason=reason, size=new.size, signed_size=last.size)


def _tail(file: IO[bytes]) -> tuple[bytes, bytes]:
    """Return the last whole lines, and what a crash may have left behind them."""
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - _LONGER_THAN_A_LINE))
    tail = file.read()
    whole = tail.rfind(b"\n") + 1
    return tail[:whole], tail[whole:]


def _cut_torn_line(file: IO[bytes]) -> None:
    _, torn = _tail(file)
    if torn:
        file.truncate(file.seek(0, os.SEEK_END) - len(torn))
    file.seek(0, os.SEEK_END)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
