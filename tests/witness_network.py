"""Witnesses for tests: reached by their host names without a network, or served as processes."""

from __future__ import annotations

import contextlib
import pathlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any

import httpx
import pytest
from litestar import Litestar

from catalog.kernel.clock import ManualClock
from catalog.witnessing.disk import Witness
from market.witness.server import create_witness


class Network(httpx.AsyncBaseTransport):
    """Several witnesses by their host names; who is not there does not answer."""

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.there: dict[str, httpx.AsyncBaseTransport] = {}

    def serve(self, host: str, witness: Witness) -> None:
        app: Litestar = create_witness(witness, self.clock)
        self.there[host] = httpx.ASGITransport(app=app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        transport = self.there.get(request.url.host)
        if transport is None:
            raise httpx.ConnectError("no route")
        return await transport.handle_async_request(request)


class Served:
    """``market witness serve`` as a process of its own."""

    def __init__(self, place: pathlib.Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.command = [sys.executable, "-m", "market", "witness", "serve"]
        self.command += ["--dir", str(place), "--port", str(self.port)]
        self.log = place.parent / "serve.log"

    @contextlib.contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        with running(self.command, self.url, self.log) as process:
            yield process


@contextlib.contextmanager
def running(
    command: Sequence[str], url: str, log: pathlib.Path, **more: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that answers at ``url``, until it is killed."""
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, **more)
    try:
        for _ in range(600):
            if process.poll() is not None:
                pytest.fail(log.read_text())
            with contextlib.suppress(httpx.TransportError):
                httpx.get(url, trust_env=False)
                break
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
