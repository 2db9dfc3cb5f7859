"""Run the database server for as long as somebody uses it (守护进程). Started by ``cluster.py``.

This file is run by its path with ``python -I -S``: it imports the standard library and nothing of
ours. Between the service and the server stands this small process, for four reasons.

1. Every process that uses the server holds a shared lock on ``run/users.lock``. The guard waits for
   the exclusive one. The kernel gives it when the last user is gone, were it by SIGKILL; then the
   server is shut down cleanly.
2. The server is the guard's child with a death signal, so killing the guard stops the server too.
   (A death signal tied to the service would fire when the *thread* that started the server ends.)
3. ``run/server.lock`` is inherited by every server process. While one of them lives, in whatever
   container, no second server can be started on the same files.
4. As root, the files are opened before the rights are given up: the directory may lie where the
   server's user could not walk to.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

PR_SET_PDEATHSIG = 1
STOP_FAST = signal.SIGINT  # the postmaster's "fast shutdown": roll back, disconnect, checkpoint


def main() -> int:
    """Start the server as ordered in the first argument, tell its pid, and wait for its end."""
    order: dict[str, Any] = json.loads(sys.argv[1])
    # A Ctrl-C or a SIGTERM to the whole group is for the service, which still needs its database.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)

    users = os.open(order["users_lock"], os.O_RDWR | os.O_CLOEXEC) if order["users_lock"] else None
    server_lock = os.open(order["server_lock"], os.O_RDWR | os.O_CLOEXEC)
    fcntl.flock(server_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.set_inheritable(server_lock, True)
    command = order["command"]
    if order["by_descriptor"]:
        directory = os.open(order["cluster"], os.O_RDONLY | os.O_DIRECTORY)
        os.set_inheritable(directory, True)
        command += ["-D", f"/proc/self/fd/{directory}"]
    else:
        command += ["-D", order["cluster"]]

    process = ctypes.CDLL(None)
    if order["uid"] is not None:
        os.setgroups([])
        os.setgid(order["gid"])
        os.setuid(order["uid"])
    os.set_inheritable(order["tell"], False)
    guard = os.getpid()
    child = os.fork()
    if child == 0:
        _become_the_server(process, guard, command, order["environment"])
    os.write(order["tell"], b"%d\n" % child)
    os.close(order["tell"])
    if users is not None:
        threading.Thread(target=_stop_after_the_last, args=(users, child), daemon=True).start()
    _, status = os.waitpid(child, 0)
    if order["socket_dir"]:
        with contextlib.suppress(OSError):
            Path(order["socket_dir"]).rmdir()
    return os.waitstatus_to_exitcode(status) & 0xFF


def _become_the_server(
    process: ctypes.CDLL, guard: int, command: list[str], environment: dict[str, str]
) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if sys.platform == "linux":
        process.prctl(PR_SET_PDEATHSIG, STOP_FAST)
    if os.getppid() == guard:  # else the guard died before the death signal was set
        os.umask(0o077)
        try:
            os.execve(command[0], command, environment)  # noqa: S606 - no shell is wanted
        except OSError as error:
            os.write(2, f"guard: {command[0]}: {error.strerror}\n".encode())
    os._exit(127)


def _stop_after_the_last(users: int, child: int) -> None:
    fcntl.flock(users, fcntl.LOCK_EX)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, STOP_FAST)


if __name__ == "__main__":
    sys.exit(main())
