"""How many searches a second a service answers over HTTP, two workers on one PostgreSQL; prints.

``BENCH_SIZE`` (documents), ``BENCH_PAGES`` (different pages), ``BENCH_SECONDS`` (of asking),
``BENCH_CONNECTIONS``. Who asks runs on the same machine and takes its share of it.

    BENCH_SIZE=100000 BENCH_SECONDS=20 pytest -s -m bench tests/bench/test_bench_search_http.py
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pathlib
import urllib.parse

import asyncpg
import httpx
import msgspec
import pytest

from catalog.kernel.clock import monotonic
from catalog.kernel.db import Database
from catalog.search.disk.reading import TantivyIndex
from catalog.search.operations import Follower
from tests import terminal
from tests.bench import pages, perturbed
from tests.bench.test_bench_search_scale import told
from tests.conftest import TestServer

SIZE = int(os.environ.get("BENCH_SIZE", "20000"))
PAGES = int(os.environ.get("BENCH_PAGES", "200"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "5"))
PATIENCE = 300
CONNECTIONS = int(os.environ.get("BENCH_CONNECTIONS", "8"))

pytestmark = [
    pytest.mark.bench,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(not perturbed.FILE.exists(), reason=f"{perturbed.FILE} is not here"),
]


class Answer(msgspec.Struct):
    """As much of an answer as says that it is one."""

    total: int
    facets: dict[str, list[msgspec.Raw]]


class Asker:
    """One connection that is kept open, as a proxy keeps its own."""

    def __init__(self, url: str) -> None:
        self.host, _, port = url.removeprefix("http://").partition(":")
        self.port = int(port)
        self.times: list[float] = []

    async def ask(self, paths: list[str], first: int, until: float) -> None:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        number = first
        while monotonic() < until:
            started = monotonic()
            path = paths[number % len(paths)]
            writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            assert head.startswith("http/1.1 200"), head
            length = int(head.partition("content-length:")[2].partition("\r")[0])
            answer = msgspec.json.decode(await reader.readexactly(length), type=Answer)
            assert answer.total >= 0
            self.times.append(1000 * (monotonic() - started))
            number += CONNECTIONS
        writer.close()


async def test_searches_through_http(
    server: TestServer, db: Database, database_name: str, tmp_path: pathlib.Path
) -> None:
    await perturbed.load(server.dsn(database_name), tmp_path, count=SIZE)
    data_dir = tmp_path / "data"
    await Follower(db, TantivyIndex(data_dir / "search")).rebuild()
    owner = await asyncpg.connect(server.dsn(database_name))
    asked = await pages.make(owner, PAGES, seed=21)
    await owner.close()
    paths = [
        "/api/v1/products?" + urllib.parse.urlencode({"q": page.text, **page.filters})
        for page in asked
    ]

    more = {"DATABASE_URL": server.dsn(database_name), "MARKET_LOG_LEVEL": "error"}
    port = terminal.free_port()
    service = terminal.start(
        "serve", "--data-dir", data_dir, "--port", port, "--workers", 2, stderr=None, env=more
    )
    url = f"http://127.0.0.1:{port}"
    try:
        await answering(url, paths[0])
        for kind, seconds in (("at first", SECONDS / 4), ("then", SECONDS)):
            askers = [Asker(url) for _ in range(CONNECTIONS)]
            until = monotonic() + seconds
            await asyncio.gather(
                *(asker.ask(paths, first, until) for first, asker in enumerate(askers))
            )
            times = [each for asker in askers for each in asker.times]
            print(f"\n{SIZE} documents: {len(times) / seconds:.0f} requests a second {kind}")
            print(told(f"HTTP, {CONNECTIONS} connections", times))
    finally:
        service.terminate()
        service.communicate(timeout=PATIENCE)


async def answering(url: str, path: str) -> None:
    """Return when both workers had time to begin: the first answer, and some seconds more."""
    begun = monotonic()
    async with httpx.AsyncClient(trust_env=False) as web:
        while monotonic() - begun < PATIENCE:
            with contextlib.suppress(httpx.HTTPError):
                if (await web.get(url + path)).status_code == httpx.codes.OK:
                    await asyncio.sleep(monotonic() - begun)
                    return
            await asyncio.sleep(0.1)
    pytest.fail("the service does not answer")
