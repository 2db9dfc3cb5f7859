"""Recognise a server that runs already, and the traces of one that was killed (已运行的数据库)."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from market.postgres.directories import PORT, SOCKET_PREFIX
from market.postgres.locks import (
    PATIENCE_SECONDS,
    InUseElsewhere,
    Place,
    server_lock_is_free,
    ticks,
)


@dataclass(frozen=True)
class Running:
    """Hold what ``postmaster.pid`` says: lines 1, 4, 5 and 8."""

    pid: int
    port: int
    host: str
    status: str


def look(place: Place) -> Running | None:
    """Return the server that runs on this directory, or None if no process is left of any.

    :raises InUseElsewhere: if there is one that does not become ready.
    """
    for _ in ticks(PATIENCE_SECONDS):
        running = read_pid(place.cluster)
        lives = running is not None and _is_postmaster_of(running.pid, place.cluster)
        if running and lives and running.status == "ready":
            return running
        if not lives and server_lock_is_free(place):
            return None
    raise InUseElsewhere(data_dir=place.data_dir, pid=pid_text(place))


def read_pid(cluster: Path) -> Running | None:
    """Return what ``postmaster.pid`` says, true or stale, or None if it says nothing."""
    try:
        lines = (cluster / "postmaster.pid").read_text(errors="surrogateescape").splitlines()
        return Running(int(lines[0]), int(lines[3]), lines[4].strip(), lines[7].strip())
    except (OSError, ValueError, IndexError):  # absent, or being written
        return None


def lives(cluster: Path) -> bool:
    """Return whether a server runs on these files just now, ready or not."""
    running = read_pid(cluster)
    return running is not None and _is_postmaster_of(running.pid, cluster)


def pid_text(place: Place) -> str:
    """Return the number of the process that a message should name."""
    running = read_pid(place.cluster)
    return str(running.pid) if running else "?"


def remove_traces(cluster: Path) -> None:
    """Remove what a killed server left: the number it had may be some other process's by now.

    PostgreSQL would take that process for a living server and refuse to start. No server of ours
    is left here, for ``server.lock`` was free; and one that somebody started by hand works in this
    directory, and is let alone.
    """
    left = read_pid(cluster)
    if left is not None and _is_postmaster_of(left.pid, cluster):
        return
    socket = f".s.PGSQL.{PORT}"
    for name in ("postmaster.pid", socket, f"{socket}.lock"):
        (cluster / name).unlink(missing_ok=True)
    if left is None:
        return
    host = Path(left.host)
    if host != cluster and host.name.startswith(SOCKET_PREFIX) and host.is_dir():
        shutil.rmtree(host, ignore_errors=True)


def _is_postmaster_of(pid: int, cluster: Path) -> bool:
    """Return whether this process works in this cluster; a number can be somebody else's by now."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # another user's process; the server's own user is root's or ours
    if sys.platform != "linux":
        return True
    try:
        return os.path.samestat(Path(f"/proc/{pid}/cwd").stat(), cluster.stat())
    except OSError:
        return False
