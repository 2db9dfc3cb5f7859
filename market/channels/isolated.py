"""Let a process apart examine an uploaded certificate, proof or case file (隔离核验)."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec

from catalog.kernel.errors import Conflict, Invalid
from market.channels.cage import Cage, CageBusy, InputNotProcessed
from market.verification.examining import EXAMINE, Examined, Given


class ExaminersBusy(Conflict):
    """Too many files are being examined just now."""

    code = "examiners_busy"


class UploadNotExamined(Invalid):
    """The file needs more time or memory than any file of the register does (疑似恶意文件)."""

    code = "upload_not_examined"


class Examiners:
    """A cage of their own: who verifies a certificate does not wait for somebody's table."""

    def __init__(self, *, seconds: float = EXAMINE.limits.seconds) -> None:
        self._cage = Cage()
        limits = msgspec.structs.replace(EXAMINE.limits, seconds=seconds)
        self._task = msgspec.structs.replace(EXAMINE, limits=limits)

    async def examine(self, raw: bytes, given: Given) -> Examined:
        """Return what a file is worth.

        :raises ExaminersBusy: if too many wait already.
        :raises UploadNotExamined: if it took too long, or too much.
        :raises DomainError: one of ``REFUSALS``, if it is not what it says.
        """
        try:
            return await self._cage.one(self._task, given, _whole(raw))
        except CageBusy as error:
            raise ExaminersBusy from error
        except InputNotProcessed as error:
            raise UploadNotExamined from error


async def _whole(raw: bytes) -> AsyncIterator[bytes]:
    yield raw
