"""Tell how long processes have worked: what others on the machine do does not change it much."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

#: The processes of a server that write down what all others changed.
WRITERS: Final = ("walwriter", "checkpointer", "background writer")


def seconds_of(processes: Iterable[int]) -> float:
    """Return for how many seconds these processes have had a core; who is gone counts nothing."""
    return sum(_nanoseconds(each) for each in processes) / 1e9


def _nanoseconds(process: int) -> int:
    try:
        return sum(
            int(task.read_text("ascii").split()[0])
            for task in Path(f"/proc/{process}/task").glob("*/schedstat")
        )
    except FileNotFoundError:
        return 0


async def of_the_server(connection: Any) -> float:
    """Return for how many seconds all of a server has had a core, with those processes that are gone."""
    served_by = await connection.fetchval("SELECT pg_backend_pid()")
    main = int(_times(served_by)[1])
    ticks = sum(map(int, _times(main)[11:15]))  # its own, and its children's that it has buried
    for process in Path("/proc").glob("[0-9]*"):
        try:
            times = _times(int(process.name))
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
        if int(times[1]) == main:
            ticks += sum(map(int, times[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _times(process: int) -> list[str]:
    """Return what the system tells of a process, from its state on (proc(5), ``stat``)."""
    return Path(f"/proc/{process}/stat").read_text("ascii", "replace").rpartition(")")[2].split()


async def serving(connection: Any, user: str) -> list[int]:
    """Return the server's processes that serve a user."""
    rows = await connection.fetch("SELECT pid FROM pg_stat_activity WHERE usename = $1", user)
    return [row["pid"] for row in rows]


async def writing(connection: Any) -> list[int]:
    """Return the server's processes that write down what others changed."""
    rows = await connection.fetch(
        "SELECT pid FROM pg_stat_activity WHERE backend_type = ANY ($1)", list(WRITERS)
    )
    return [row["pid"] for row in rows]
