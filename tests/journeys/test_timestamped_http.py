"""A market whose log is stamped, as its readers see it: list, timestamp, what it is over, evidence, health."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

from catalog.audit_log.checkpoint import parse_vkey
from catalog.kernel.clock import ManualClock
from catalog.timestamps import evidence, token
from catalog.timestamps.model import Left
from market.app import create_app
from market.channels.timestamp_authorities import Authorities, HttpAuthority
from market.jobs import loop
from market.settings import Settings
from tests.api import Api, code
from tests.memory_authority import MemoryAuthority

Stamped = tuple[Api, Any, MemoryAuthority]


@pytest.fixture
async def stamped(
    settings: Settings, clock: ManualClock, tmp_path: pathlib.Path
) -> AsyncIterator[Stamped]:
    """A service with one authority, which is there."""
    served = MemoryAuthority(clock, "a.example")
    (tmp_path / "ca.pem").write_bytes(served.pem())
    chosen = msgspec.structs.replace(
        settings, timestamp_urls="http://a.example/tsa", timestamp_ca_file=tmp_path / "ca.pem"
    )
    made = create_app(chosen, clock=clock)

    def handle(request: httpx.Request) -> httpx.Response:
        if served.name != "a.example":
            raise httpx.ConnectError("no route")
        headers = {"content-type": token.REPLY_TYPE}
        return httpx.Response(200, content=served.answer(request.content), headers=headers)

    async with (
        made.wired() as context,
        httpx.AsyncClient(transport=httpx.MockTransport(handle)) as web,
    ):
        read: Authorities = context.timestamping
        authority = HttpAuthority("http://a.example/tsa", web)
        context.timestamping = Authorities((authority,), read.trust, read.algorithm)
        async with Api.on(made, clock) as api:
            yield api, context, served


async def test_a_reader_gets_what_was_stamped_and_evidence_of_any_entry(
    stamped: Stamped, clock: ManualClock
) -> None:
    api, context, served = stamped
    assert (await api.get("/api/v1/log/timestamps")).json()["items"] == []
    for path in ("/log/timestamps/1", "/log/timestamps/1/covers"):
        assert code(await api.get(path)) == "timestamp_missing"

    await loop.run_once(context)  # what is signed in one round is stamped in the next
    done = await loop.run_once(context)

    assert done["stamp_checkpoints"] == 1
    listed = (await api.get("/api/v1/log/timestamps")).json()["items"]
    answer = await api.get("/log/timestamps/1")
    covers = await api.get("/log/timestamps/1/covers")
    proven = await api.get("/api/v1/log/entries/0/evidence-record")
    assert [(each["number"], each["kind"], each["authority"]) for each in listed] == [
        (1, "checkpoint", "a.example")
    ]
    assert answer.headers["content-type"] == "application/timestamp-reply"
    assert token.check(answer.content, covers.content, served.trust()).at == clock.now()
    key = parse_vkey((await api.get("/api/v1/keys")).json()["log"])
    verdict = evidence.check(
        evidence.read(proven.content), key, served.trust(), left=Left(), now=clock.now()
    )
    assert verdict.problems == ()


async def test_what_is_not_there_has_no_evidence(stamped: Stamped) -> None:
    api, context, _ = stamped
    await loop.run_once(context)
    await loop.run_once(context)

    assert code(await api.get("/api/v1/log/entries/999999/evidence-record")) == "timestamp_missing"
    assert code(await api.get("/log/timestamps/2")) == "timestamp_missing"
    assert code(await api.get("/api/v1/log/timestamps?cursor=x")) == "cursor_unreadable"
    assert code(await api.get("/api/v1/log/timestamps?limit=0")) == "limit_out_of_range"


async def test_health_says_that_timestamps_are_missing_and_stays_ready(
    stamped: Stamped, clock: ManualClock
) -> None:
    api, context, served = stamped
    served.name = "gone"
    await loop.run_once(context)
    assert (await api.get("/healthz/ready")).json()["timestamps"] == "ok"
    clock.move_by(dt.timedelta(hours=3))

    answer = await api.get("/healthz/ready")

    assert answer.status_code == 200
    assert answer.json()["timestamps"].startswith("missing since 2026-03-02")
