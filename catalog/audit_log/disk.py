"""Keep the signer's own journal of checkpoints, in a file outside PostgreSQL (签名日志).

It is the log's first witness. Whatever happens to the database (restored, rolled back, rewritten),
nothing is signed that does not continue what was signed before: no other root for a size, no
smaller size, and no larger one without a proof of consistency.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final

import msgspec

from catalog.audit_log.merkle import verify_consistency
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
