"""A download that runs when it may run no more is broken off, and that is remembered (BJ-28).

What others ask for: streams end when the policy ends (eclipse-edc/Connector #3422), to the second
(eclipse-tractusx/tractusx-edc #2259), and whatever was paid for is asked at consumption too
(oceanprotocol/provider #442).
"""

from __future__ import annotations

import asyncio
import datetime as dt
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from catalog.kernel.actor import system
from catalog.kernel.db import begin
from catalog.kernel.ids import new_id
from market.access import queries as access
from market.access.model import Grant
from market.http import running
from market.http.running import ContentStopped, RunningDownloads
from market.identity.permissions import Role
from tests.makers_identity import make_member
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

PART = b"x" * 1000


class Download:
    """One download, part by part."""

    def __init__(self, downloads: RunningDownloads, grant: Grant, *, can_hang_up: bool) -> None:
        self.hung_up = asyncio.Event()
        self.usage_id = new_id()
        self._parts = downloads.let_through(
            self._endless(),
            grant=grant,
            usage_id=self.usage_id,
            actor=system("test"),
            abort=self.hung_up.set if can_hang_up else None,
            allowed_at=asyncio.get_running_loop().time(),
        )

    @staticmethod
    async def _endless() -> AsyncIterator[bytes]:
        while True:
            yield PART

    async def part(self) -> bytes:
        return await asyncio.wait_for(anext(self._parts), 10)

    async def close(self) -> None:
        await self._parts.aclose()  # type: ignore[attr-defined]


trade = staged(make_trade)


async def grant_of(trade: Trade, order: str) -> Grant:
    async with begin(trade.db, system("test")) as tx:
        found = await access.find_for_order(tx, order_id=uuid.UUID(order))
    assert found is not None
    return found


async def until_hung_up(download: Download) -> float:
    began = asyncio.get_running_loop().time()
    await asyncio.wait_for(download.hung_up.wait(), 10)
    return asyncio.get_running_loop().time() - began


async def stopped_entries(trade: Trade) -> list[dict[str, Any]]:
    auditor = await make_member(trade.db, Role.AUDIT_ADMINISTRATOR, now=trade.clock.now())
    for _ in range(20):  # it is remembered beside the hanging up
        found = await trade.by(auditor).find_in_log(action="data:stopped")
        if found:
            return found
        await asyncio.sleep(0.1)
    return []


@pytest.mark.parametrize("stop", ["cut_off", "product", "suspended_buyer"])
async def test_a_running_download_is_broken_off_when_its_order_is_stopped(
    trade: Trade, stop: str
) -> None:
    order = await trade.delivered()
    download = Download(trade.api.context.downloads, await grant_of(trade, order), can_hang_up=True)
    assert await download.part() == PART
    await asyncio.sleep(2 * running.FRESH_SECONDS)
    assert await download.part() == PART

    if stop == "cut_off":
        must(await trade.step(order, "cut-offs", trade.supplier, reason="风险核查"))
    elif stop == "product":
        must(
            await trade.by(trade.regulator).post(
                "/api/v1/cut-offs",
                {"level": "product", "subject_id": trade.product_id, "reason": "风险核查"},
            )
        )
    else:
        must(
            await trade.by(
                await make_member(trade.db, Role.SECURITY_ADMINISTRATOR, now=trade.clock.now())
            ).post(f"/api/v1/parties/{trade.buyer.party.id}/suspensions", {"reason": "核查"})
        )

    assert await until_hung_up(download) < 1
    with pytest.raises(StopAsyncIteration):
        await download.part()
    (entry,) = await stopped_entries(trade)
    assert entry["payload"]["facts"]["bytes_sent"] == 2 * len(PART)
    assert entry["payload"]["facts"]["reasons"] != []


async def test_a_running_download_ends_with_the_second_in_which_its_grant_ends(
    trade: Trade,
) -> None:
    order = await trade.delivered()
    grant = await grant_of(trade, order)
    download = Download(trade.api.context.downloads, grant, can_hang_up=True)
    trade.clock.move_by(grant.scope.valid_to - trade.clock.now() - dt.timedelta(seconds=1))
    assert await download.part() == PART

    trade.clock.move_by(dt.timedelta(seconds=1))

    with pytest.raises(StopAsyncIteration):
        await download.part()
    assert download.hung_up.is_set()


async def test_where_nobody_can_hang_up_the_answer_ends_in_a_fault(trade: Trade) -> None:
    order = await trade.delivered()
    grant = await grant_of(trade, order)
    download = Download(trade.api.context.downloads, grant, can_hang_up=False)
    assert await download.part() == PART

    trade.clock.move_by(grant.scope.valid_to - trade.clock.now())

    with pytest.raises(ContentStopped) as stopped:
        await download.part()
    assert stopped.value.args == ("grant_expired",)


async def test_nothing_goes_out_while_nobody_answers_whether_it_may(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = await trade.delivered()
    downloads = RunningDownloads(trade.db, trade.clock)
    answers = asyncio.Event()
    asked = downloads._look

    async def look(running_now: Any) -> Any:
        if not answers.is_set():
            raise ConnectionError("no database")
        return await asked(running_now)

    monkeypatch.setattr(downloads, "_look", look)
    download = Download(downloads, await grant_of(trade, order), can_hang_up=True)
    assert await download.part() == PART
    await asyncio.sleep(1.5 * running.FRESH_SECONDS)

    waiting = asyncio.create_task(download.part())
    await asyncio.sleep(3 * running.LOOK_SECONDS)
    assert not waiting.done()
    answers.set()

    assert await waiting == PART
    await download.close()
