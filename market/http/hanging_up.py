"""Let a handler hang up on its client at once: what waits in buffers is thrown away.

The server's own way to close a connection sends first what was written; that may take a slow client
minutes. Offered to handlers as an extension of the scope, under ``HANG_UP``.
"""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Final, cast

from litestar.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HANG_UP: Final = "shushi.hang_up"
_NOW: Final = "now"
# Linger for no time: the system drops what it has not sent yet (socket(7)).
_AT_ONCE: Final = struct.pack("ii", 1, 0)


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
