"""Tell how long processes have worked: what others on the machine do does not change it much."""

from __future__ import annotations

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
