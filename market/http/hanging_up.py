"""Speak HTTP as uvicorn does, hang up on a client at once, and refuse in our words what is no request.

The server's own way to close a connection sends first what was written; that may take a slow client
minutes. Offered to handlers as an extension of the scope, under ``HANG_UP``. What its parser can not read
never reaches the application; it is a problem document all the same.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable
from http import HTTPStatus
from typing import Final, cast

import msgspec
from litestar.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from catalog.kernel.errors import DomainError, Invalid
from market.http.problem import PROBLEM, document, status_of
from market.metrics import counted

HANG_UP: Final = "shushi.hang_up"
_NOW: Final = "now"
# Linger for no time: the system drops what it has not sent yet (socket(7)).
_AT_ONCE: Final = struct.pack("ii", 1, 0)
# What the parser of addresses takes (http-parser counts in 16 bits).
LONGEST_ADDRESS: Final = 65_535


class AddressTooLong(Invalid):
    """The address is longer than any is read."""

    code = "address_too_long"


class RequestMalformed(Invalid):
    """What came is no request of HTTP."""

    code = "request_malformed"


def offered(scope: Scope) -> Callable[[], None] | None:
    """Return what hangs up on the client of a request, None if the server offers nothing."""
    extension = (scope.get("extensions") or {}).get(HANG_UP)
    return None if extension is None else cast("Callable[[], None]", extension[_NOW])


class HangingUp(HttpToolsProtocol):
    """uvicorn's protocol with that extension."""

    def on_message_begin(self) -> None:
        """Begin a request."""
        super().on_message_begin()
        self.scope["extensions"] = {HANG_UP: {_NOW: self.hang_up}}

    def hang_up(self) -> None:
        """Close the connection and send nothing more."""
        with contextlib.suppress(OSError):
            found = self.transport.get_extra_info("socket")
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self.transport.abort()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's words for all of it
        """Refuse what could not be read, and close the connection."""
        length = len(getattr(self, "url", b""))
        error: DomainError = RequestMalformed()
        if length > LONGEST_ADDRESS:
            error = AddressTooLong(maximum_bytes=LONGEST_ADDRESS)
        counted.refusal(error.code)
        status = HTTPStatus(status_of(error))
        body = msgspec.json.encode(
            document(
                error.code,
                status,
                facts=error.facts,
                errors=(),
                accept_language=None,
                request_id="",
            )
        )
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: {PROBLEM}\r\n"
            f"content-length: {len(body)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()
