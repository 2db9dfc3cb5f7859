"""Do one task on bytes that anybody may have written, and end: a process that may do nothing else.

It gets what it needs on its standard input and answers on its standard output. It has little time
and memory, reads no file but the program's own, writes none, starts nothing, and reaches no
network: by limits of the system, by Landlock and a network of its own where the system has them,
and by a hook that refuses what is left. ``cage.py`` starts it.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import sys
from typing import Any, Final

import msgspec

from catalog.kernel.caged import Limits, Task, told
from market.channels import landlock

_OPEN_FILES: Final = 64  # [P] the three pipes, and what libraries hold open
# A socket as such is what an event loop wakes itself by; one that leads anywhere is refused.
_REFUSED: Final = (
    "socket.connect",
    "socket.bind",
    "socket.send",
    "socket.get",
    "subprocess.",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.system",
    "os.kill",
)


def confine(limits: Limits) -> None:
    """Give up whatever the task does not need."""
    landlock.leave_the_network()
    landlock.read_only_the_program()
    for limit, value in (
        (resource.RLIMIT_CPU, limits.cpu_seconds),
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_ACCMODE
    if writes or event.startswith(_REFUSED):
        raise PermissionError(event)


def task_at(where: str) -> Task[Any, Any]:
    """Return the task that stands at ``package.module:NAME``, with all that it loads."""
    module, name = where.split(":")
    task: Task[Any, Any] = getattr(importlib.import_module(module), name)
    for late in task.loads:
        importlib.import_module(late)
    return task


def main() -> None:
    """Read a line of JSON and the bytes behind it; write lines of JSON."""
    task = task_at(sys.argv[1])
    source, out = sys.stdin.buffer, sys.stdout.buffer
    given = msgspec.json.decode(source.readline(), type=task.given)
    confine(task.limits)
    encode = msgspec.json.Encoder().encode
    with contextlib.suppress(BrokenPipeError):  # whoever asked has heard enough
        for said in told(task, given, source):
            out.write(encode(said) + b"\n")
        out.flush()
    os._exit(0)  # nothing is left to tidy up, and nothing of the task runs at its end


if __name__ == "__main__":
    main()
