"""The public log is served from its files where it has some, and from the database where they lack."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from catalog.audit_log import tiles
from catalog.audit_log.checkpoint import parse_checkpoint, parse_note
from catalog.kernel.clock import ManualClock
from market.app import create_app
from market.settings import Settings
from tests.api import Api, code


@pytest.fixture
async def app(settings: Settings, clock: ManualClock) -> AsyncIterator[Any]:
    public = settings.data_dir / "public"
    made = create_app(msgspec.structs.replace(settings, log_files_dir=public), clock=clock)
    async with made.wired():
        yield made


async def test_files_are_served_and_what_is_missing_comes_from_the_database(
    api: Api, settings: Settings
) -> None:
    public = settings.data_dir / "public"
    assert code(await api.get("/log/checkpoint")) == "log_empty"
    await api.run_jobs()

    note = (await api.get("/log/checkpoint")).content
    size = parse_checkpoint(parse_note(note).text).size
    bundle = str(tiles.TilePath(None, 0, size))
    served = (await api.get(f"/log/{bundle}")).content
    assert note == (public / "checkpoint").read_bytes()
    assert served == (public / bundle).read_bytes()

    (public / bundle).write_bytes(b"from the file")
    assert (await api.get(f"/log/{bundle}")).content == b"from the file"
    (public / bundle).unlink()
    assert (await api.get(f"/log/{bundle}")).content == served


@pytest.mark.parametrize(
    "path", ["../keys/x", "%2e%2e/keys", "entries/..%2f..%2fcheckpoint", ".lock", "0/0"]
)
async def test_nothing_but_the_log_s_own_files_is_served(api: Api, path: str) -> None:
    await api.run_jobs()

    answer = await api.get(f"/log/tile/{path}")

    assert (answer.status_code, code(answer)) in ((404, "log_tile_missing"), (404, "not_found"))


async def test_a_log_without_files_is_served_from_the_database(
    settings: Settings, clock: ManualClock
) -> None:
    made = create_app(settings, clock=clock)
    async with made.wired(), Api.on(made, clock) as api:
        await api.run_jobs()

        assert (await api.get("/log/checkpoint")).status_code == 200
        assert made.litestar.state.context.log_directory is None
