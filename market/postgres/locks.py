"""Name the files of a data directory, and the locks that keep processes apart (目录与锁)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from market.postgres.binaries import LauncherError
from market.postgres.directories import MissingRight

if TYPE_CHECKING:
    from collections.abc import Iterator

# A crash is repaired by fsync of every file and by replaying the log; both can take their time.
PATIENCE_SECONDS: Final = 60.0


class InUseElsewhere(LauncherError):
    """Some process uses the files, and can not be spoken to (数据目录被占用)."""

    code = "data_directory_in_use"
    zh = (
        "数据目录 {data_dir} 正被另一个数据库进程（进程号 {pid}）使用，且无法与其连接"
        "（可能在另一容器中，或正在停止）。请先停止它。"
    )
    en = (
        "Another database process (process {pid}) uses the data directory {data_dir} and does not "
        "answer (perhaps in another container, or while stopping). Stop it first."
    )


@dataclass(frozen=True)
class Place:
    """Name the files of one data directory."""

    data_dir: Path

    @property
    def cluster(self) -> Path:
        """Return where PostgreSQL's own files lie."""
        return self.data_dir / "postgres"

    @property
    def log(self) -> Path:
        """Return where the server writes what it has to say."""
        return self.data_dir / "postgres.log"

    @property
    def run(self) -> Path:
        """Return where the locks lie."""
        return self.data_dir / "run"


def make_run(place: Place) -> None:
    """Make the lock files.

    :raises MissingRight: if they can not be made.
    """
    try:
        place.run.mkdir(exist_ok=True, mode=0o700)
        for name in ("start.lock", "users.lock", "server.lock"):
            os.close(os.open(place.run / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise MissingRight(path=place.run, reason=error.strerror) from error


@contextlib.contextmanager
def locked(place: Place, name: str) -> Iterator[None]:
    """Hold a lock exclusively."""
    descriptor = _flock(place, name, fcntl.LOCK_EX, 2 * PATIENCE_SECONDS)
    try:
        yield
    finally:
        os.close(descriptor)


def share(place: Place) -> int:
    """Return the descriptor that makes us one of the server's users until it is closed."""
    # Not at once to be had only while a guard shuts an abandoned server down.
    return _flock(place, "users.lock", fcntl.LOCK_SH, PATIENCE_SECONDS)


def server_lock_is_free(place: Place) -> bool:
    """Return whether no process of any server of ours is left, in whatever container."""
    descriptor = os.open(place.run / "server.lock", os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def ticks(seconds: float) -> Iterator[None]:
    """Yield at once, and then every 10 ms until about this much time is over."""
    for _ in range(round(seconds * 100)):
        yield
        time.sleep(0.01)


def _flock(place: Place, name: str, kind: int, patience: float) -> int:
    descriptor = os.open(place.run / name, os.O_RDWR | os.O_CLOEXEC)
    for _ in ticks(patience):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
            return descriptor
    os.close(descriptor)
    raise InUseElsewhere(data_dir=place.data_dir, pid="?")
