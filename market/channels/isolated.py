"""Let a process of its own examine an uploaded file, and stop it when it takes too long (隔离核验)."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Final

import msgspec

from catalog.kernel.errors import Conflict, Invalid
from market.verification.examining import REFUSALS, Answer, Examined, Given

SECONDS: Final = 20.0
_LONGEST_ANSWER: Final = 1024 * 1024
_AT_ONCE: Final = 2
_WAITING: Final = 8
_COMMAND: Final = (sys.executable, "-I", "-m", "market.channels.examiner")
# Nothing of ours: no address of the database, no secret, no place to look for modules.
_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "OPENSSL_CONF": "/dev/null"}


class ExaminersBusy(Conflict):
    """Too many files are being examined just now."""

    code = "examiners_busy"


class UploadNotExamined(Invalid):
    """The file needs more time or memory than any file of the register does (疑似恶意文件)."""

    code = "upload_not_examined"


class Examiners:
    """Few at a time; who comes when many wait already is sent away."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._free = asyncio.Semaphore(_AT_ONCE)
        self._present = 0

    async def examine(self, raw: bytes, given: Given) -> Examined:
        """Return what a file is worth.

        :raises ExaminersBusy: if too many wait already.
        :raises UploadNotExamined: if it took too long, or too much.
        :raises DomainError: one of ``REFUSALS``, if it is not what it says.
        """
        if self._present >= _AT_ONCE + _WAITING:
            raise ExaminersBusy
        self._present += 1
        try:
            async with self._free:
                answer = await self._ask(raw, given)
        finally:
            self._present -= 1
        if answer.refusal is not None:
            raise REFUSALS[answer.refusal.code](**answer.refusal.facts)
        if answer.examined is None:
            raise UploadNotExamined
        return answer.examined

    async def _ask(self, raw: bytes, given: Given) -> Answer:
        process = await asyncio.create_subprocess_exec(
            *_COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=_ENVIRONMENT,
            cwd="/",
        )
        try:
            said = await asyncio.wait_for(_talk(process, raw, given), self._seconds)
            return msgspec.json.decode(said, type=Answer)
        except (TimeoutError, OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UploadNotExamined from error
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _talk(process: asyncio.subprocess.Process, raw: bytes, given: Given) -> bytes:
    assert process.stdin is not None, "it was asked for"
    assert process.stdout is not None, "likewise"
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # its answer says why
        process.stdin.write(msgspec.json.encode(given) + b"\n" + raw)
        await process.stdin.drain()
    process.stdin.close()
    said = b""
    while len(said) <= _LONGEST_ANSWER and (part := await process.stdout.read(65_536)):
        said += part
    return said
