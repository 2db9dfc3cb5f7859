"""Notice an index that can not be read, answer without it, and let it be made anew (索引损坏)."""

from __future__ import annotations

import contextlib
import errno
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import structlog

from catalog.search.disk import layout
from catalog.search.port import IndexAway, SearchPort

T = TypeVar("T")

_log = structlog.get_logger("search")
# Whoever could not read an index leaves its name here, for who follows the catalogue on this host.
_UNREADABLE: Final = "unreadable"
# What reading bytes ends in that nobody wrote so; the last is how tantivy's own faults arrive.
_FAULTS: Final = (
    ValueError,
    LookupError,
    ArithmeticError,
    TypeError,
    OSError,
    EOFError,
    MemoryError,
    struct.error,
    msgspec.MsgspecError,
)
_OF_BYTES: Final = (None, errno.ENOENT, errno.EIO)
_PANIC: Final = "PanicException"


async def answered(port: SearchPort | None, ask: Callable[[SearchPort | None], Awaitable[T]]) -> T:
    """Return what ``ask`` finds with an index, or with the database alone if the index does not answer.

    Nothing is lost by that: the database finds the same, more slowly. What is wrong with an index of this
    host is told to whoever follows the catalogue, and it is made anew.
    """
    try:
        return await ask(port)
    except IndexAway as error:
        _log.warning("search_index_away", why=str(error))
    except BaseException as error:
        if port is None or not is_fault(error):
            raise
        directory: Path | None = getattr(port, "directory", None)  # one elsewhere has none
        is_known = directory is not None and is_reported(directory)
        # Until it is made anew every question meets it; where it came from is told once.
        _log.error("search_index_unreadable", why=repr(error), exc_info=None if is_known else error)
        if directory is not None:
            report(directory)
    return await ask(None)


def is_fault(error: BaseException) -> bool:
    """Tell whether an error is one that an index ends in which can not be read; the database's are not."""
    if type(error).__module__.partition(".")[0] == "asyncpg":
        return False
    return isinstance(error, _FAULTS) or type(error).__name__ == _PANIC


def is_of_bytes(error: BaseException) -> bool:
    """Tell whether another index would help: on a full disk, or where one may not write, none would."""
    return is_fault(error) and getattr(error, "errno", None) in _OF_BYTES


def report(directory: Path) -> None:
    """Tell whoever follows the catalogue that the index that counts can not be read."""
    with contextlib.suppress(OSError, ValueError):  # then the follower can not read it either
        (directory / _UNREADABLE).write_text(layout.current(directory), "ascii")


def is_reported(directory: Path) -> bool:
    """Tell whether somebody could not read the index that counts."""
    try:
        return (directory / _UNREADABLE).read_text("ascii") == layout.current(directory)
    except (OSError, ValueError):
        return False
