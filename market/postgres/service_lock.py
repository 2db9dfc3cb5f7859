"""Keep a second service away from a data directory that is in use (独占锁)."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING, Self

from market.postgres.binaries import LauncherError
from market.postgres.directories import MissingRight, made

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType


class ServiceAlreadyRunning(LauncherError):
    """Another service works on this data directory (已有服务在运行)."""

    code = "service_already_running"
    zh = (
        "数据目录 {data_dir} 已被另一个服务进程（进程号 {pid}）使用。"
        "请先停止它，或用 --data-dir / MARKET_DATA_DIR 指定另一个目录。"
    )
    en = (
        "Another service (process {pid}) is running on the data directory {data_dir}. Stop it "
        "first, or choose another directory by --data-dir or MARKET_DATA_DIR."
    )


class ServiceLock:
    """Hold ``<data_dir>/service.lock`` exclusively, as long as the context is open.

    ``market serve`` and ``market demo`` take it. Commands that only use a running database do not.
    The kernel gives the lock back when the process ends, however it ends.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir.expanduser().absolute()
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        """Take the lock.

        :raises ServiceAlreadyRunning: if another process has it.
        :raises MissingRight: if the directory can not be written.
        """
        path = made(self._data_dir) / "service.lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise MissingRight(path=path, reason=error.strerror) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise ServiceAlreadyRunning(data_dir=self._data_dir, pid=holder or "?") from error
        with contextlib.suppress(OSError):  # a full disk hides the number, not the lock
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        self._descriptor = descriptor
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the lock back. The file stays: removing it would let two processes hold two locks."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
