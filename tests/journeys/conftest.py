"""The demo is told once for all tests that look at what it leaves."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from tests.makers_identity import Member
from tests.terminal import Run, demo, free_port, market


@pytest.fixture(scope="session")
def story(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What ``market demo`` said. Its data directory is only looked at; who changes it takes a copy."""
    return demo(tmp_path_factory.mktemp("demo") / "data")


@pytest.fixture
async def url(app: Any) -> AsyncIterator[str]:
    """The service at a port of its own, for whoever speaks real HTTP."""
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, lifespan="off", log_level="error")
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


@pytest.fixture
def run(url: str) -> Run:
    """``market …`` at that service, as a member or as nobody."""

    async def run_as(
        who: Member | None, *words: Any, columns: int = 160
    ) -> subprocess.CompletedProcess[str]:
        told = {"MARKET_URL": url, "COLUMNS": str(columns)} | (
            {} if who is None else {"MARKET_TOKEN": who.token}
        )
        return await asyncio.to_thread(market, *words, env=told)

    return run_as
