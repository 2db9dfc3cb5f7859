"""Run a task in a process apart, stream bytes in and lines out, stop it when it takes too much (隔离).

What anybody may have written is parsed where there is neither a database nor a key: see ``caged.py``
for what such a process may not do. Here nothing is held whole: the bytes pass in parts, the answer is
read line by line, and a reader that is slow makes the other side wait.

A task is added beside the function that does the work, in a room of the business, in a pure file::

    def rows(given: Given, source: BinaryIO) -> Iterator[Row]:
        ...                                 # reads the source as it goes, yields, raises refusals

    ROWS: Final = Task(
        where="catalog.bulk.reading:ROWS",  # where this very value stands
        given=Given, line=Row, work=rows,   # msgspec structs: they travel as JSON
        refusals=by_code(RowTooLong, TableUnreadable),
        unreadable=TableUnreadable,         # anything else that goes wrong: reason = its kind
        loads=("python_calamine",),         # what it imports late
    )

and run by whoever has the wiring, with the chunks of a stored file or of a request::

    async with wiring.cage.run(ROWS, Given(...), disk.chunks_of(stored)) as lines:
        async for row in lines: ...         # a refusal is raised here, after the lines before it

A process costs some 0.2 s to start; so a whole file is one task, never a row. Do not hold a
transaction open around it. A fault of the other side is ``InputNotProcessed``, never a fault of ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from typing import Any, Final, TypeVar

import msgspec

from catalog.kernel.caged import Said, Task, refused
from catalog.kernel.errors import Conflict, Invalid

G = TypeVar("G")
L = TypeVar("L")

AT_ONCE: Final = 2  # [P] each may use a core for as long as its task lets it
WAITING: Final = 8  # [P] who comes after ten would wait longer than a client does
_PART_BYTES: Final = 64 * 1024
_COMMAND: Final = (sys.executable, "-I", "-m", "market.channels.caged")
# Nothing of ours: no address of the database, no secret, no place to look for modules.
ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "OPENSSL_CONF": "/dev/null"}


class CageBusy(Conflict):
    """Too many files are being read just now."""

    code = "cage_busy"


class InputNotProcessed(Invalid):
    """Reading the file needs more time or memory than it may, or makes its reader fail (疑似恶意文件)."""

    code = "input_not_processed"


class Cage:
    """Few processes at a time; who comes when many wait already is sent away."""

    def __init__(self, *, at_once: int = AT_ONCE, waiting: int = WAITING) -> None:
        self._most = at_once + waiting
        self._free = asyncio.Semaphore(at_once)
        self._present = 0

    @contextlib.asynccontextmanager
    async def run(
        self, task: Task[G, L], given: G, source: AsyncIterable[bytes]
    ) -> AsyncIterator[AsyncIterator[L]]:
        """Give the bytes of ``source`` to a task, and what it says of them, line by line.

        A source that fails (an upload too large) fails here with its own error, and the task with it.
        Whoever leaves the block before the last line stops the task.

        :raises CageBusy: if too many wait already.
        :raises InputNotProcessed: while lines are read, if it took too long, or too much, or broke.
        :raises DomainError: while lines are read: one of the task's own refusals.
        """
        if self._present >= self._most:
            raise CageBusy
        self._present += 1
        try:
            async with self._free, _process(task) as process:
                feeding = asyncio.create_task(_feed(process, given, source))
                try:
                    async with contextlib.aclosing(_lines(process, task, feeding)) as lines:
                        yield lines
                finally:
                    feeding.cancel()
                    with contextlib.suppress(asyncio.CancelledError, Exception):
                        await feeding
        finally:
            self._present -= 1

    async def one(self, task: Task[G, L], given: G, source: AsyncIterable[bytes]) -> L:
        """Return the single line of a task that says one.

        :raises DomainError: as ``run``.
        """
        async with self.run(task, given, source) as lines:
            said = [line async for line in lines]
        if len(said) != 1:
            raise InputNotProcessed
        return said[0]


@contextlib.asynccontextmanager
async def _process(task: Task[Any, Any]) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *_COMMAND,
        task.where,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=ENVIRONMENT,
        cwd="/",
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        assert process.stdout is not None, "it was asked for"
        while await process.stdout.read(_PART_BYTES):  # what nobody heard keeps the pipe open
            pass
        await process.wait()


async def _feed(
    process: asyncio.subprocess.Process, given: object, source: AsyncIterable[bytes]
) -> None:
    """Write what is given and the bytes; a source that fails ends the process, half a file is none."""
    assert process.stdin is not None, "it was asked for"
    try:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has read enough
            process.stdin.write(msgspec.json.encode(given) + b"\n")
            async for part in source:
                process.stdin.write(part)
                await process.stdin.drain()
            process.stdin.close()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        raise


async def _lines(
    process: asyncio.subprocess.Process, task: Task[Any, L], feeding: asyncio.Task[None]
) -> AsyncGenerator[L, None]:
    assert process.stdout is not None, "it was asked for"
    said, line = msgspec.json.Decoder(Said), msgspec.json.Decoder(task.line)
    clock, left, rest = asyncio.get_running_loop().time, task.limits.seconds, b""
    try:
        while True:
            began = clock()
            part = await asyncio.wait_for(process.stdout.read(_PART_BYTES), left)
            left -= clock() - began  # what its reader does between the lines is not its time
            if not part:
                break
            *whole, rest = (rest + part).split(b"\n")
            if max(map(len, [rest, *whole])) > task.limits.longest_line:
                break
            for heard in map(said.decode, whole):
                if heard.refusal is not None:
                    raise refused(task, heard.refusal)
                if heard.is_end:
                    return
                yield line.decode(heard.line)
    except (TimeoutError, OSError, ValueError, LookupError, TypeError) as error:
        raise InputNotProcessed from error
    if feeding.done():
        feeding.result()  # raises what the source raised
    raise InputNotProcessed
