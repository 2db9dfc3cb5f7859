"""Download slowly and call fast in a process of its own, and tell when which byte came.

``python -m tests.campaigns.downloader PORT TOKEN CALLED,… CALLS_PER_SECOND ORDER…`` reads the content of
each ORDER part by part, as a slow client does, and asks for each CALLED again and again. It ends when its
standard input does, and prints one line of JSON: of each order how many bytes came, when the last and
how it ended; of the calls, of which order each was, when it was sent and how it was answered.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from typing import Any, Final

from catalog.kernel.clock import monotonic

PART: Final = 16 * 1024
HUNG_UP: Final = 0  # instead of a status
PAUSE: Final = 0.02  # 0.8 MB a second at most: a download lasts as long as the campaign


def request(order: str, token: str, *, close: bool) -> bytes:
    """Return a request for the content of an order."""
    connection = "close" if close else "keep-alive"
    return (
        f"GET /api/v1/orders/{order}/content HTTP/1.1\r\nHost: x\r\n"
        f"Authorization: Bearer {token}\r\nConnection: {connection}\r\n\r\n"
    ).encode()


async def download(port: int, token: str, order: str) -> dict[str, Any]:
    """Read the content of an order slowly until it ends.

    Little is buffered here, so that what comes is what just went out, and not what lay around.
    """
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2 * PART)
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", port))
    reader, writer = await asyncio.open_connection(sock=connection, limit=PART)
    writer.write(request(order, token, close=True))
    told: dict[str, Any] = {"order": order, "bytes": 0, "last_at": 0.0, "end": "closed"}
    try:
        while part := await reader.read(PART):
            told["bytes"] += len(part)
            told["last_at"] = monotonic()
            await asyncio.sleep(PAUSE)
    except ConnectionError:
        told["end"] = "reset"
    writer.close()
    return told


async def call(port: int, token: str, order: str, gone: asyncio.Event, every: float) -> list[Any]:
    """Ask for the content of an order at a steady pace until the end; hung up on, connect anew."""
    answers: list[Any] = []
    due = monotonic()
    while not gone.is_set():
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while not gone.is_set():
                due += every
                sent = monotonic()
                writer.write(request(order, token, close=False))
                status = await answer(reader)
                answers.append((order, sent, monotonic(), status))
                await asyncio.sleep(max(0.0, due - monotonic()))
        except (ConnectionError, asyncio.IncompleteReadError):
            answers.append((order, sent, monotonic(), HUNG_UP))
        writer.close()
    return answers


async def answer(reader: asyncio.StreamReader) -> int:
    """Read one answer whole and return its status."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length")
    )
    await reader.readexactly(length)
    return int(head.split(b" ", 2)[1])


async def main() -> None:
    """Do as told."""
    port, token, called, rate, *orders = sys.argv[1:]
    gone = asyncio.Event()
    callers = 16
    calls = [
        asyncio.create_task(call(int(port), token, order, gone, callers / float(rate)))
        for order in called.split(",") * (callers // len(called.split(",")))
    ]
    downloads = [asyncio.create_task(download(int(port), token, order)) for order in orders]
    print("begun", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    gone.set()
    answers = [each for done in await asyncio.gather(*calls) for each in done]
    for task in downloads:
        task.cancel()
    ended = [task.result() for task in downloads if task.done() and not task.cancelled()]
    await asyncio.gather(*downloads, return_exceptions=True)
    print(
        json.dumps({"downloads": ended, "calls": sorted(answers, key=lambda each: each[1])}),
        flush=True,
    )


if __name__ == "__main__":
    asyncio.run(main())
