"""Examine one uploaded file and end: a process that may do nothing else (隔离进程).

It gets what it needs on its standard input and answers on its standard output. It has little time
and memory, writes no file, starts nothing, and reaches no network: by limits of the system, by a
network of its own where the system allows that, and by a hook that refuses what is left.
"""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from typing import Any, Final

import msgspec

from catalog.kernel.errors import DomainError
from market.verification import sealed_pdf  # noqa: F401 - loaded before the process is confined
from market.verification.examining import (
    REFUSALS,
    Answer,
    Given,
    Refusal,
    UploadUnreadable,
    examine,
)

CPU_SECONDS: Final = 10
MEMORY_BYTES: Final = 1024 * 1024 * 1024
_OPEN_FILES: Final = 64
_NEW_USER: Final = 0x10000000  # CLONE_NEWUSER
_NEW_NETWORK: Final = 0x40000000  # CLONE_NEWNET
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


def confine() -> None:
    """Give up whatever the examination does not need."""
    for limit, value in (
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_NOFILE, _OPEN_FILES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    if sys.platform == "linux":
        # Not every system lets a process have a network of its own; the hook below is always there.
        ctypes.CDLL(None).unshare(_NEW_USER | _NEW_NETWORK)
    sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_ACCMODE
    if writes or event.startswith(_REFUSED):
        raise PermissionError(event)


def answer(raw: bytes, given: Given) -> Answer:
    """Return what came of an examination, whatever it was."""
    try:
        return Answer(examined=examine(raw, given))
    except DomainError as error:
        code = error.code if error.code in REFUSALS else UploadUnreadable.code
        facts = error.facts if error.code in REFUSALS else {"reason": error.code}
        return Answer(refusal=Refusal(code, facts))
    except Exception as error:  # noqa: BLE001 - whatever it is, the file is to blame
        return Answer(refusal=Refusal(UploadUnreadable.code, {"reason": type(error).__name__}))


def main() -> None:
    """Read a line of JSON and the file behind it; write a line of JSON."""
    given = msgspec.json.decode(sys.stdin.buffer.readline(), type=Given)
    confine()
    sys.stdout.buffer.write(msgspec.json.encode(answer(sys.stdin.buffer.read(), given)))


if __name__ == "__main__":
    main()
