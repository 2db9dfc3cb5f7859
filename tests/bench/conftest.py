"""Measure on a PostgreSQL that keeps its word: fsync on, as it is in the service."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop

from market.cli.serve import look_seldom_for_garbage
from market.migrations.upgrade import upgrade
from market.postgres import cluster
from tests.conftest import TestServer, load_reference


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run the loop that the service runs."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(autouse=True)
def _collected_seldom() -> None:
    """Look for garbage as the service does."""
    look_seldom_for_garbage()


@pytest.fixture(scope="session")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TestServer]:
    """A PostgreSQL with the service's own settings and a migrated template database in it."""
    embedded = await cluster.ensure_running(
        tmp_path_factory.mktemp("postgres"), settings={"max_connections": "200"}
    )
    found = TestServer(embedded.dsn("postgres"))
    await found.create(found.template)
    await upgrade(found.dsn(found.template))
    await load_reference(found)
    yield found
    await found.close()
    await cluster.stop(embedded)
