"""A receiver of webhooks: it keeps what came, and answers as it is told."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec


class Came(msgspec.Struct, frozen=True):
    """One request as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> dict[str, Any]:
        """Return the message."""
        return dict(json.loads(self.body))


class Receiver:
    """Keeps what came; ``answers`` are used up one after the other, then everything is taken."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}/in"
        self.came: list[Came] = []
        self.answers: list[str] = []

    @property
    def types(self) -> list[str]:
        """Return what was told, in the order in which it came."""
        return [each.told["type"] for each in self.came]

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request, keep it, answer it."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head.split("\r\n")[1:] if line)
        }
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.came.append(Came(headers, body))
        answer = self.answers.pop(0) if self.answers else "204 No Content"
        writer.write(
            f"HTTP/1.1 {answer}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode()
        )
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Open a receiver on a port of this machine."""
    found: list[Receiver] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await found[0].take(reader, writer)

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    found.append(Receiver(server.sockets[0].getsockname()[1]))
    try:
        yield found[0]
    finally:
        server.close()
        await server.wait_closed()
