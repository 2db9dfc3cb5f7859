"""Carry messages by SMS (短信): to a gateway by HTTP, or into a file that a person empties.

No gateway of an operator of telecommunications was at hand: neither adapter is certified by one,
nor is its signature and template filing (签名、模板报备) done here. The HTTP adapter speaks the
plain form that is described at ``GatewaySms``; a gateway with another form needs one of its own.
"""

from __future__ import annotations

import asyncio
import pathlib
from typing import Any, Final

import httpx
import msgspec

from catalog.notifications.delivering import Answer, Message, Outcome
from catalog.notifications.model import Channel

TIMEOUT_SECONDS: Final = 10.0
_OK: Final = range(200, 300)
# The gateway says that it is about this message: number unknown, content not allowed.
_ABOUT_THE_MESSAGE: Final = frozenset({400, 404, 410, 422})


class GatewaySms:
    """Hand messages to an HTTP gateway.

    ``POST url`` with ``{"to", "text", "reference"}`` and a bearer token; any 2xx takes it, and
    ``{"message_id"}`` of the answer is kept.
    """

    channel: Final = Channel.SMS

    def __init__(self, url: str, token: str | None, *, client: httpx.AsyncClient) -> None:
        self._url = url
        self._headers = {} if token is None else {"authorization": f"Bearer {token}"}
        self._client = client

    async def carry(self, message: Message) -> Answer:
        """Hand ``message`` over and return what the gateway answered."""
        body = {"to": message.address, "text": message.text, "reference": message.delivery_id}
        try:
            response = await self._client.post(
                self._url, json=body, headers=self._headers, timeout=TIMEOUT_SECONDS
            )
        except httpx.HTTPError as error:
            return Answer(
                outcome=Outcome.DEFERRED, code="", text=f"{type(error).__name__}: {error}"
            )
        code = response.status_code
        if code in _OK:
            outcome = Outcome.TAKEN
        elif code in _ABOUT_THE_MESSAGE:
            outcome = Outcome.REJECTED
        else:
            outcome = Outcome.DEFERRED
        return Answer(
            outcome=outcome,
            code=str(code),
            text=response.text,
            message_id=_message_id(response.content),
        )


class FileSms:
    """Write messages into a file, one JSON object a line. For trials, and for a person's hand."""

    channel: Final = Channel.SMS

    def __init__(self, path: pathlib.Path) -> None:
        self._path = path

    async def carry(self, message: Message) -> Answer:
        """Append ``message`` and return that it was written."""
        await asyncio.to_thread(self._append, msgspec.json.encode(message) + b"\n")
        return Answer(outcome=Outcome.TAKEN, code="file", text="written to the file")

    def _append(self, line: bytes) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path.touch(mode=0o600)
        with self._path.open("ab") as file:
            file.write(line)


def _message_id(body: bytes) -> str:
    try:
        found: Any = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""
    return str(found.get("message_id", "")) if isinstance(found, dict) else ""
