"""Say what a process apart is asked to do with bytes that anybody may have written (隔离任务).

A task is a value beside the function that does the work; ``market/channels/cage.py`` runs it and
says how one is added. The function gets what it was given and the bytes, yields lines, and raises
one of the task's refusals when the bytes are not what they should be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO, Final, Generic, TypeVar

import msgspec

from catalog.kernel.errors import DomainError, FieldError

G = TypeVar("G")
L = TypeVar("L")

MEBIBYTE: Final = 1024 * 1024


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a process apart may use before the system ends it."""

    cpu_seconds: int
    memory_bytes: int  # of address space, the interpreter's own 60 MB and its libraries among them
    seconds: float  # that its caller waits for it, all waits together
    longest_line: int = MEBIBYTE  # of what it answers; one line is held whole by its caller


# [P] 30 s and 512 MB are what reading the largest honest workbook needs three times over; who reads
# more is given more by its task, and says why.
READING: Final = Limits(cpu_seconds=30, memory_bytes=512 * MEBIBYTE, seconds=60.0)


class Task(msgspec.Struct, Generic[G, L], frozen=True, kw_only=True):
    """One thing that a process apart can be asked to do.

    ``refusals`` are all that may come out of it by name; whatever else goes wrong in there is told
    as ``unreadable`` with its kind as the ``reason``, and never with its words.
    """

    where: str  # "package.module:NAME", by which the process finds this very value
    given: type[G]
    line: type[L]
    work: Callable[[G, BinaryIO], Iterator[L]]
    refusals: Mapping[str, type[DomainError]]
    unreadable: type[DomainError]
    limits: Limits = READING
    loads: tuple[str, ...] = ()  # modules that it loads late, loaded before it is confined


class Refusal(msgspec.Struct, frozen=True):
    """Why the bytes were refused, as it travels between two processes."""

    code: str
    facts: dict[str, Any]
    errors: tuple[FieldError, ...] = ()


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of what a process apart says: a line of the task's, a refusal, or that this is all."""

    line: msgspec.Raw = msgspec.Raw()
    refusal: Refusal | None = None
    is_end: bool = False


def by_code(*refusals: type[DomainError]) -> Mapping[str, type[DomainError]]:
    """Return refusals by their codes, as a task lists them."""
    return {each.code: each for each in refusals}


def refused(task: Task[Any, Any], refusal: Refusal) -> DomainError:
    """Return a refusal as it was raised over there."""
    return task.refusals[refusal.code](errors=refusal.errors, **refusal.facts)


def told(task: Task[G, L], given: G, source: BinaryIO) -> Iterator[Said]:
    """Yield all that a task says of the bytes, whatever happens to it."""
    encode = msgspec.json.Encoder().encode
    try:
        for line in task.work(given, source):
            yield Said(line=msgspec.Raw(encode(line)))
    except DomainError as error:
        if error.code in task.refusals:
            yield Said(refusal=Refusal(error.code, error.facts, error.errors))
        else:
            yield Said(refusal=Refusal(task.unreadable.code, {"reason": error.code}))
    except Exception as error:  # noqa: BLE001 - whatever it is, the bytes are to blame
        yield Said(refusal=Refusal(task.unreadable.code, {"reason": type(error).__name__}))
    else:
        yield Said(is_end=True)
