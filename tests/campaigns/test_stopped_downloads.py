"""Stop eight running downloads while 200 calls a second run: no byte goes out one second later (F20).

A server listens on a real socket; a client in another process reads eight large contents slowly and
asks for those of four small orders in turn, as often as it is told. One after the other, in the order
that the seed gives, the downloads are stopped: the order cut off (kill), for the time being and for
good, its grant, its agreement (freeze), a dispute, the end of its term, the withdrawal of a person's
consent. With each of these four a small order is stopped likewise. Printed are, for each stop, the time
from the answer of the command to the last byte that came and to the last call that was granted.

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
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from http import HTTPStatus
from typing import Any, Final

import asyncpg
import msgspec
import pytest
import uvicorn

from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock, monotonic
from catalog.kernel.db import Database, begin
from catalog.signing.purposes import Purpose
from market.access import queries as access
from market.http.hanging_up import HangingUp
from market.identity.permissions import Role
from tests.api import Api
from tests.campaigns.downloader import HUNG_UP
from tests.journeys.test_ends_of_orders import second_supplier
from tests.journeys.test_personal_consents import SHA, enter, given, withdraw
from tests.makers_identity import make_member
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
    """Return a large product with personal information on offer."""
    trade = await make_trade(api, db, clock, is_listed=False, contains_personal_info=True)
    content = random.Random(SEED).randbytes(1024) * (SIZE // 1024)
    uploaded = await trade.by(trade.supplier).upload(content, "a.bin", "application/octet-stream")
    attached = await trade.by(trade.supplier).post(
        f"/api/v1/products/{trade.product_id}/contents", {"file_id": uploaded.json()["id"]}
    )
    assert attached.status_code < 300, attached.text
    await _listed(trade)
    return trade


async def _listed(trade: Trade) -> None:
    await trade.priced()
    until = (trade.clock.now() + dt.timedelta(days=900)).date().isoformat()
    basis = {"kind": "consent", "scenario": SCENARIO, "ends_on": until, "evidence_sha256": SHA}
    await trade.listed(personal_basis=basis)


async def consented(trade: Trade) -> str:
    """Return the secret of a person who consents to the product's use."""
    (entered,) = must(await enter(trade, given(trade)))["entered"]
    return str(entered["secret"])


async def grant_of(trade: Trade, order: str) -> Any:
    async with begin(trade.db, system("test")) as tx:
        return await access.find_for_order(tx, order_id=uuid.UUID(order))


def stops_of(trade: Trade, secrets: dict[str, str]) -> dict[str, Stop]:
    """Return each way in which a download is stopped."""

    async def cut(level: str, subject: object) -> None:
        body = {"level": level, "subject_id": str(subject), "reason": "风险核查"}
        must(await trade.by(trade.regulator).post("/api/v1/cut-offs", body))

    async def cut_order(order: str) -> None:
        must(await trade.step(order, "cut-offs", trade.regulator, reason="风险核查"))

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

    async def withdraw_consent(order: str) -> None:
        must(await withdraw(trade, secrets[order]))

    return {
        "order cut off": cut_order,
        "order ended": end_order,
        "grant cut off": cut_grant,
        "agreement cut off": cut_agreement,
        "dispute": freeze,
        "term over": expire,
        "consent withdrawn": withdraw_consent,
    }


#: By which stop each of the small orders ends that are called.
CALLED: Final = ("order cut off", "agreement cut off", "term over", "consent withdrawn")


class Stopped(msgspec.Struct, frozen=True):
    """What was stopped, and between which instants the command was sent and answered."""

    name: str
    sent: float
    answered: float


async def test_no_byte_goes_out_one_second_after_a_stop(
    api: Api, app: Any, db: Database, clock: ManualClock, owner_dsn: str
) -> None:
    chance = random.Random(SEED)
    trade = await on_offer(api, db, clock)
    secret = await consented(trade)
    called, secrets = await _small_orders(trade)
    names = ["order cut off", "order ended", "grant cut off", "agreement cut off", "dispute"]
    chance.shuffle(names)
    # The clock and the consent stop all that is left: they come last, each with its own.
    names = [*names, "term over", "consent withdrawn", "consent withdrawn"]
    orders = [await trade.delivered(price_item="forever", quantity=1) for _ in names]
    end = clock.now() + TERM
    for ending in (orders[names.index("term over")], called["term over"]):
        await _end_earlier(owner_dsn, ending, end)
    stops = stops_of(trade, secrets | dict.fromkeys(orders, secret))
    stopped: dict[str, Stopped] = {}

    async def stop(name: str, order: str) -> None:
        sent = monotonic()
        await stops[name](order)
        stopped[order] = Stopped(name, sent, monotonic())

    async with (
        listening(app) as port,
        downloading(port, trade.buyer.token, called.values(), orders) as client,
    ):
        keeping = asyncio.create_task(_keep(trade))
        await asyncio.sleep(3)
        for name, order in zip(names[:-1], orders[:-1], strict=True):
            await stop(name, order)
            if name == "term over":  # one clock for both
                stopped[called[name]] = stopped[order]
            elif name in called:
                await stop(name, called[name])
            await asyncio.sleep(chance.uniform(1.2, 2.0))
        stopped[orders[-1]] = stopped[orders[-2]]  # one person's consent for both
        await asyncio.sleep(2)
        keeping.cancel()
        told = await told_by(client)
    _judge(told, stopped, downloaded=orders)


@contextlib.asynccontextmanager
async def downloading(
    port: int, token: str, called: Iterable[str], orders: list[str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Read the orders' contents, and call the others', in a process of its own."""
    client = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.campaigns.downloader"),
        *(str(port), token, ",".join(called), str(CALLS), *orders),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**26,
    )
    assert client.stdout is not None
    try:
        assert await client.stdout.readline() == b"begun\n"
        yield client
    finally:
        if client.returncode is None:
            client.kill()
        await client.wait()


async def told_by(client: asyncio.subprocess.Process) -> dict[str, Any]:
    """Let the client end and return what it tells."""
    assert client.stdin is not None
    assert client.stdout is not None
    client.stdin.close()
    told: dict[str, Any] = json.loads(await asyncio.wait_for(client.stdout.readline(), 60))
    return told


def _judge(told: dict[str, Any], stopped: dict[str, Stopped], *, downloaded: list[str]) -> None:
    assert {each["order"] for each in told["downloads"]} == set(downloaded)
    longest = 0.0
    for each in told["downloads"]:
        of = stopped[each["order"]]
        after = each["last_at"] - of.answered
        longest = max(longest, after)
        print(
            f"{of.name}: last byte {after:+.3f} s after the answer, {each['last_at'] - of.sent:+.3f} s "
            f"after it was sent; {each['bytes']:,} of {SIZE:,} bytes, {each['end']}"
        )
        assert 0 < each["bytes"] < SIZE, of.name
    for order in {each[0] for each in told["calls"]}:
        longest = max(longest, _judge_calls(told["calls"], order, stopped[order]))
    granted = [done for *_, done, status in told["calls"] if status == HTTPStatus.OK]
    first = min(sent for _, sent, *_ in told["calls"])
    last_stop = max(of.sent for of in stopped.values())
    in_time = [done for done in granted if done < last_stop]
    spent = last_stop - first
    print(
        f"{len(told['calls'])} calls, {len(in_time) / spent:.0f} granted a second until the last stop"
    )
    print(f"longest from a stop to the last byte or granted call: {longest:.3f} s (seed {SEED})")
    assert longest < 1


def _judge_calls(calls: list[list[Any]], order: str, of: Stopped) -> float:
    """Return how long after the answer of the stop the last call of an order was granted."""
    own = [(sent, done, status) for called, sent, done, status in calls if called == order]
    granted = [done for _, done, status in own if status == HTTPStatus.OK]
    later = [status for sent, _, status in own if sent > of.answered]
    after = max(granted) - of.answered
    print(
        f"{of.name}: last granted call {after:+.3f} s after the answer; {len(granted)} granted, "
        f"{len(later)} after it, all refused"
    )
    assert any(done < of.sent for done in granted), of.name
    assert HTTPStatus.CONFLICT in later, of.name
    assert set(later) <= {HUNG_UP, HTTPStatus.CONFLICT}, of.name
    return after


async def _small_orders(trade: Trade) -> tuple[dict[str, str], dict[str, str]]:
    """Return an order with calls enough for each stop, by its name, and the secret of who consented.

    They are of small products of other suppliers, one of them with personal information.
    """
    first = trade.supplier, trade.supplier_key, trade.product_id
    called, secrets = {}, {}
    trade.supplier, trade.product_id = await second_supplier(trade)
    await _own_key(trade)
    for name in CALLED[:-1]:
        called[name] = await trade.delivered(quantity=1_000_000)
    trade.supplier = await make_member(trade.db, Role.SUPPLIER, now=trade.clock.now())
    trade.product_id = await trade.describe(name="船员排班摘要", contains_personal_info=True)
    await _own_key(trade)
    await _listed(trade)
    secret = await consented(trade)
    called[CALLED[-1]] = await trade.delivered(quantity=1_000_000)
    secrets[called[CALLED[-1]]] = secret
    trade.supplier, trade.supplier_key, trade.product_id = first
    return called, secrets


async def _own_key(trade: Trade) -> None:
    trade.supplier_key = OwnKey(Purpose.CONTRACT)
    must(await trade.supplier_key.register(trade.by(trade.supplier), trade.supplier.party.id))


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
