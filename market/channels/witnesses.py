"""Ask the witnesses of our log for their cosignatures over HTTP (C2SP tlog-witness)."""

from __future__ import annotations

import datetime as dt
import pathlib
from typing import Final

import httpx

from catalog.witnessing.policy import Policy, parse_policy
from catalog.witnessing.request import AddCheckpoint

TIMEOUT_SECONDS: Final = 10.0
_LONGEST_ANSWER: Final = 64 * 1024
_CONFLICT: Final = 409


class WitnessUnreachable(Exception):
    """The witness did not answer, or with a fault of its own."""


class WitnessRefused(Exception):
    """The witness will not cosign this: what it says is for a person to read."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status}: {reason}")
        self.status = status
        self.reason = reason


class WitnessHolds(Exception):
    """The witness has cosigned another size than it was thought to have."""

    def __init__(self, size: int) -> None:
        super().__init__(str(size))
        self.size = size


class Witnesses:
    """Who witnesses our log, by the policy; and when they were asked, and missed, last."""

    def __init__(self, policy: Policy, client: httpx.AsyncClient) -> None:
        self.policy = policy
        self.asked_at: dt.datetime | None = None
        self.alarmed_at: dt.datetime | None = None
        self._client = client

    async def ask(self, url: str, request: AddCheckpoint) -> bytes:
        """Return the signature lines with which a witness cosigned.

        :raises WitnessHolds: if it holds another size than the request continues.
        :raises WitnessRefused: if it does not cosign this.
        :raises WitnessUnreachable: if there is no answer.
        """
        try:
            answer = await self._client.post(
                f"{url.rstrip('/')}/add-checkpoint", content=request.body(), timeout=TIMEOUT_SECONDS
            )
        except httpx.HTTPError as error:
            raise WitnessUnreachable(str(error) or type(error).__name__) from error
        if answer.is_server_error or len(answer.content) > _LONGEST_ANSWER:
            raise WitnessUnreachable(f"status {answer.status_code}")
        if answer.status_code == _CONFLICT:
            raise WitnessHolds(_size(answer.text))
        if not answer.is_success:
            raise WitnessRefused(answer.status_code, answer.text[:500])
        return answer.content


def _size(text: str) -> int:
    size = text.removesuffix("\n")
    if not (size.isascii() and size.isdigit()):
        raise WitnessUnreachable("it says 409 and no size")
    return int(size)


def read_policy(path: pathlib.Path) -> Policy:
    """Return the policy of a file.

    :raises PolicyMalformed: if it is none.
    :raises OSError: if it can not be read.
    """
    return parse_policy(path.read_bytes())
