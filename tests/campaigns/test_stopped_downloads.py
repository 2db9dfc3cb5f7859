"""Stop eight running downloads while 200 calls a second run: no byte goes out one second later (F20).

A server listens on a real socket; a client in another process reads eight large contents slowly and
asks for a ninth order's as fast as it is told. One after the other, in the order that the seed gives,
the downloads are stopped: the order cut off, for the time being and for good, its grant, its
agreement, the end of its term, a dispute, the withdrawal of a person's consent, and last what is
called. Printed is the longest time from the answer of the command to the last byte that came.

``CAMPAIGN_SEED`` (1) and ``CAMPAIGN_CALLS`` (200 a second) choose another run.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import os
import random
import sys
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

import asyncpg
import pytest
import uvicorn

from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock, monotonic
from catalog.kernel.db import Database, begin
from catalog.signing.purposes import Purpose
from market.access import queries as access
from market.http.hanging_up import HangingUp
from tests.api import Api
from tests.campaigns.downloader import HUNG_UP
from tests.journeys.test_ends_of_orders import second_supplier
from tests.journeys.test_personal_consents import SHA, enter, given, withdraw
from tests.makers_registration import OwnKey, must
from tests.makers_trade import SCENARIO, Trade, make_trade

SEED: Final = int(os.environ.get("CAMPAIGN_SEED", "1"))
CALLS: Final = int(os.environ.get("CAMPAIGN_CALLS", "200"))
SIZE: Final = 96 * 1024 * 1024
TERM: Final = dt.timedelta(minutes=1)

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(1200)]

Stop = Callable[[str], Awaitable[Any]]


@contextlib.asynccontextmanager
async def listening(app: Any) -> AsyncIterator[int]:
    """Serve on a real socket, as ``market serve`` does."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, http=HangingUp, lifespan="off", log_level="critical"
    )
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.02)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = server.force_exit = True
        await serving


async def on_offer(api: Api, db: Database, clock: ManualClock) -> Trade:
    """Return a large product with personal information on offer, and one person's consent."""
    trade = await make_trade(api, db, clock, is_listed=False, contains_personal_info=True)
    content = random.Random(SEED).randbytes(1024) * (SIZE // 1024)
    uploaded = await trade.by(trade.supplier).upload(content, "a.bin", "application/octet-stream")
    attached = await trade.by(trade.supplier).post(
        f"/api/v1/products/{trade.product_id}/contents", {"file_id": uploaded.json()["id"]}
    )
    assert attached.status_code < 300, attached.text
    await trade.priced()
    until = (clock.now() + dt.timedelta(days=900)).date().isoformat()
    basis = {"kind": "consent", "scenario": SCENARIO, "ends_on": until, "evidence_sha256": SHA}
    await trade.listed(personal_basis=basis)
    return trade


async def grant_of(trade: Trade, order: str) -> Any:
    async with begin(trade.db, system("test")) as tx:
        return await access.find_for_order(tx, order_id=uuid.UUID(order))


def stops_of(trade: Trade, secret: str) -> dict[str, Stop]:
    """Return each way in which a download is stopped."""

    async def cut(level: str, subject: object) -> None:
        body = {"level": level, "subject_id": str(subject), "reason": "风险核查"}
        must(await trade.by(trade.regulator).post("/api/v1/cut-offs", body))

    async def cut_order(order: str) -> None:
        must(await trade.step(order, "cut-offs", trade.supplier, reason="风险核查"))

    async def end_order(order: str) -> None:
        must(await trade.step(order, "cut-offs", trade.supplier, reason="违约", for_good=True))

    async def cut_grant(order: str) -> None:
        await cut("grant", (await grant_of(trade, order)).id)

    async def cut_agreement(order: str) -> None:
        await cut("agreement", order)

    async def expire(_order: str) -> None:
        trade.clock.move_by(TERM)

    async def freeze(order: str) -> None:
        must(await trade.step(order, "issues", trade.buyer, reason="缺少三月数据"))

    async def withdraw_consent(_order: str) -> None:
        must(await withdraw(trade, secret))

    return {
        "order cut off": cut_order,
        "order ended": end_order,
        "grant cut off": cut_grant,
        "agreement cut off": cut_agreement,
        "dispute": freeze,
        "term over": expire,
        "consent withdrawn": withdraw_consent,
    }


async def test_no_byte_goes_out_one_second_after_a_stop(
    api: Api, app: Any, db: Database, clock: ManualClock, owner_dsn: str
) -> None:
    chance = random.Random(SEED)
    trade = await on_offer(api, db, clock)
    (entered,) = must(await enter(trade, given(trade)))["entered"]
    called, other = await _small_order(trade)
    names = ["order cut off", "order ended", "grant cut off", "agreement cut off", "dispute"]
    chance.shuffle(names)
    # The clock and the consent stop all that is left: they come last, each with its own.
    names = [*names, "term over", "consent withdrawn", "consent withdrawn"]
    orders = [await trade.delivered(price_item="forever", quantity=1) for _ in names]
    await _end_earlier(owner_dsn, orders[names.index("term over")], clock.now() + TERM)
    stops = stops_of(trade, entered["secret"])
    token = trade.buyer.token
    stopped: dict[str, tuple[str, float, float]] = {}
    async with listening(app) as port:
        client = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.campaigns.downloader"),
            *(str(port), token, called, str(CALLS), *orders),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**26,
        )
        assert client.stdin is not None
        assert client.stdout is not None
        try:
            assert await client.stdout.readline() == b"begun\n"
            keeping = asyncio.create_task(_keep(trade))
            await asyncio.sleep(3)
            for name, order in zip(names, orders, strict=True):
                if (name, order) != ("consent withdrawn", orders[-1]):
                    sent = monotonic()
                    await stops[name](order)
                    answered = monotonic()
                stopped[order] = (name, sent, answered)
                await asyncio.sleep(chance.uniform(1.2, 2.0))
            body = {"level": "product", "subject_id": other, "reason": "风险核查"}
            must(await trade.by(trade.regulator).post("/api/v1/cut-offs", body))
            cut_at = monotonic()
            await asyncio.sleep(2)
            keeping.cancel()
            client.stdin.close()
            told = json.loads(await asyncio.wait_for(client.stdout.readline(), 60))
        finally:
            if client.returncode is None:
                client.kill()
            await client.wait()
    _judge(told, stopped, cut_at)


def _judge(
    told: dict[str, Any], stopped: dict[str, tuple[str, float, float]], cut_at: float
) -> None:
    assert {each["order"] for each in told["downloads"]} == set(stopped)
    longest = 0.0
    for each in told["downloads"]:
        name, sent, answered = stopped[each["order"]]
        after = each["last_at"] - answered
        longest = max(longest, after)
        print(
            f"{name}: last byte {after:+.3f} s after the answer, {each['last_at'] - sent:+.3f} s "
            f"after it was sent; {each['bytes']:,} of {SIZE:,} bytes, {each['end']}"
        )
        assert 0 < each["bytes"] < SIZE, name
    before = [
        done for sent, done, status in told["calls"] if sent < cut_at and status == HTTPStatus.OK
    ]
    later = [status for sent, _, status in told["calls"] if sent > cut_at]
    served = [
        done - cut_at
        for sent, done, status in told["calls"]
        if done > cut_at and status == HTTPStatus.OK
    ]
    spent = max(before) - min(sent for sent, *_ in told["calls"])
    print(f"{len(before) / spent:.0f} calls a second; {len(later)} after the cut-off, all refused")
    print(
        f"longest from a stop to the last byte: {max([longest, *served, 0.0]):.3f} s (seed {SEED})"
    )
    assert longest < 1
    assert all(after < 1 for after in served)
    assert later
    assert set(later) <= {HUNG_UP, HTTPStatus.CONFLICT}
    assert HTTPStatus.CONFLICT in later


async def _small_order(trade: Trade) -> tuple[str, str]:
    """Return an order of another, small product with calls enough, and that product."""
    first = trade.supplier, trade.supplier_key, trade.product_id
    trade.supplier, trade.product_id = await second_supplier(trade)
    trade.supplier_key = OwnKey(Purpose.CONTRACT)
    must(await trade.supplier_key.register(trade.by(trade.supplier), trade.supplier.party.id))
    order, product = await trade.delivered(quantity=1_000_000), trade.product_id
    trade.supplier, trade.supplier_key, trade.product_id = first
    return order, product


async def _end_earlier(owner_dsn: str, order: str, end: dt.datetime) -> None:
    owner = await asyncpg.connect(owner_dsn)
    await owner.execute(
        """
        UPDATE market.grants
           SET valid_to = $2, scope = jsonb_set(scope, '{valid_to}', to_jsonb($3::text))
         WHERE order_id = $1""",
        uuid.UUID(order),
        end,
        end.isoformat(),
    )
    await owner.close()


async def _keep(trade: Trade) -> None:
    """Give what waits its place in the log, as the service's own round does."""
    while True:
        await trade.api.keep_the_log()
        await asyncio.sleep(0.25)
