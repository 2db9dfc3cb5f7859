"""What is no request, and an address that nobody reads to its end, are refused by name before any route is asked."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import uvicorn

from market.http.hanging_up import LONGEST_ADDRESS, HangingUp
from market.http.problem import PROBLEM


async def nobody(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[int]:
    config = uvicorn.Config(
        nobody, host="127.0.0.1", port=0, http=HangingUp, lifespan="off", log_level="critical"
    )
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running


async def answered(port: int, sent: bytes) -> tuple[int, dict[str, str], bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    return int(first.split()[1]), headers, body


def asking(address: str) -> bytes:
    return f"GET {address} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()


async def test_an_address_that_is_too_long_is_told_how_long_it_may_be() -> None:
    async with serving() as port:
        fits = await answered(port, asking("/?q=" + "a" * (LONGEST_ADDRESS - 4)))
        status, headers, body = await answered(port, asking("/?q=" + "a" * (LONGEST_ADDRESS - 3)))

    problem = json.loads(body)
    assert fits[0] == 204
    assert (status, problem["code"], headers["content-type"]) == (414, "address_too_long", PROBLEM)
    assert str(LONGEST_ADDRESS) in problem["wording"]["zh"]
    assert headers["connection"] == "close"
    assert int(headers["content-length"]) == len(body)


async def test_what_is_no_request_is_refused_in_the_same_form() -> None:
    async with serving() as port:
        status, headers, body = await answered(port, b"\x16\x03\x01 this is no HTTP\r\n\r\n")

    assert (status, headers["content-type"]) == (400, PROBLEM)
    assert json.loads(body)["code"] == "request_malformed"
    assert json.loads(body)["wording"].keys() == {"zh", "en"}
