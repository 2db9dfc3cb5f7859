"""Tasks that tests let a process apart do: honest ones, slow ones, and such as were taken over."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from typing import BinaryIO, Final

import msgspec

from catalog.kernel.caged import MEBIBYTE, Limits, Task, by_code
from catalog.kernel.errors import FieldError, Invalid
from catalog.tables.model import Row, TableUnreadable
from catalog.tables.reading import REFUSALS, open_table
from catalog.tables.workbook import READER


class Asked(msgspec.Struct, frozen=True):
    """What a task of the tests is told."""

    times: int = 1


class Heard(msgspec.Struct, frozen=True):
    """What a task of the tests says."""

    size: int
    text: str = ""


class WordForbidden(Invalid):
    """There is a word in it that no test likes."""

    code = "tests_word_forbidden"


class TextUnreadable(Invalid):
    """Whatever else went wrong."""

    code = "tests_text_unreadable"


def _count(asked: Asked, source: BinaryIO) -> Iterator[Heard]:
    size = 0
    while part := source.read(65_536):
        size += len(part)
    for _ in range(asked.times):
        yield Heard(size)


def _words(_: Asked, source: BinaryIO) -> Iterator[Heard]:
    for line in source:
        text = line.decode()
        if text == "bad\n":
            raise WordForbidden(word="bad", errors=(FieldError("/words/0", "bad", "bad"),))
        if text == "odd\n":
            raise ZeroDivisionError("secret")
        yield Heard(len(line), text)


def _begin(_: Asked, source: BinaryIO) -> Iterator[Heard]:
    yield Heard(len(source.read(10)))


def _sleep(_: Asked, __: BinaryIO) -> Iterator[Heard]:
    time.sleep(60)
    yield Heard(0)


def _spin(_: Asked, __: BinaryIO) -> Iterator[Heard]:
    while True:
        pass
    yield Heard(0)


def _die(_: Asked, __: BinaryIO) -> Iterator[Heard]:
    yield Heard(1)
    sys.stdout.flush()
    os._exit(1)


def _grow(_: Asked, __: BinaryIO) -> Iterator[Heard]:
    yield Heard(len(bytearray(2 * 1024**3)))


def _long(_: Asked, __: BinaryIO) -> Iterator[Heard]:
    yield Heard(0, "x" * 3 * MEBIBYTE)


def _nonsense(_: Asked, __: BinaryIO) -> Iterator[Heard]:
    os.write(1, b"{nonsense\n")
    yield Heard(0)


def _unknown(_: Asked, __: BinaryIO) -> Iterator[Heard]:
    os.write(1, b'{"refusal":{"code":"no_such_code","facts":{}}}\n')
    yield Heard(0)


_LIMITS: Final = Limits(cpu_seconds=5, memory_bytes=512 * MEBIBYTE, seconds=8.0)
_REFUSALS: Final = by_code(WordForbidden, TextUnreadable)


def _task(name: str, work: object, limits: Limits = _LIMITS) -> Task[Asked, Heard]:
    return Task(
        where=f"tests.caged_tasks:{name}",
        given=Asked,
        line=Heard,
        work=work,  # type: ignore[arg-type]
        refusals=_REFUSALS,
        unreadable=TextUnreadable,
        limits=limits,
    )


COUNT = _task("COUNT", _count)
WORDS = _task("WORDS", _words)
BEGIN = _task("BEGIN", _begin)
SLEEP = _task("SLEEP", _sleep, msgspec.structs.replace(_LIMITS, seconds=1.0))
SPIN = _task("SPIN", _spin, msgspec.structs.replace(_LIMITS, cpu_seconds=1))
DIE = _task("DIE", _die)
GROW = _task("GROW", _grow)
LONG = _task("LONG", _long)
NONSENSE = _task("NONSENSE", _nonsense)
UNKNOWN = _task("UNKNOWN", _unknown)


class Named(msgspec.Struct, frozen=True):
    """Which file a table comes from."""

    file_name: str


def _rows(named: Named, source: BinaryIO) -> Iterator[Row]:
    yield from open_table(source, file_name=named.file_name).rows


ROWS: Final = Task(
    where="tests.caged_tasks:ROWS",
    given=Named,
    line=Row,
    work=_rows,
    refusals=REFUSALS,
    unreadable=TableUnreadable,
    loads=(READER,),
)
