"""Products are found by their certificates and prices as the register says them, in the next answer."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import asyncpg
import pytest

from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from market.pricing import queries as pricing
from tests.api import Api, code
from tests.makers_owned import make_owned
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade

DAY = dt.timedelta(days=1)


@pytest.fixture(params=["postgresql", "index", "index behind"])
async def follow(request: pytest.FixtureRequest, api: Api, clock: ManualClock) -> Any:
    """Let the index follow, unless nothing is answered from one."""
    follower = api.context.search_follower

    async def follow() -> None:
        if request.param != "postgresql" and (request.param == "index" or not follow.done):  # type: ignore[attr-defined]
            await follower.follow(now=clock.now())
            follow.done = True  # type: ignore[attr-defined]

    follow.done = False  # type: ignore[attr-defined]
    return follow


async def total(api: Api, **asked: Any) -> int:
    return int(must(await api.get("/api/v1/products", **asked))["total"])


def priced(fen: int) -> dict[str, Any]:
    item = {"code": "call", "charge": "per_unit", "unit": "api_call", "unit_price_fen": fen}
    return {"price_items": [item]}


async def test_a_product_is_found_by_its_lowest_price_in_effect_and_by_no_other(
    api: Api, db: Database, clock: ManualClock, follow: Any
) -> None:
    trade = await make_trade(api, db, clock)
    await follow()

    (hit,) = must(await api.get("/api/v1/products"))["items"]
    assert hit["price_from_fen"] == 12_345
    assert await total(api, price_from_fen=12_345, price_to_fen=12_345) == 1
    assert await total(api, price_from_fen=12_346) == 0
    assert await total(api, price_to_fen=12_344) == 0
    assert await total(api, price="under_1000_yuan") == 1
    assert await total(api, q="港口", price_from_fen=1) == 1

    filing = await trade.priced(**priced(50))
    await follow()
    assert await total(api, price_from_fen=50, price_to_fen=50) == 1
    assert await total(api, price="under_1000_yuan") == 0
    facets = must(await api.get("/api/v1/products"))["facets"]
    assert facets["price"] == [{"value": "under_100_yuan", "count": 1}]
    async with begin(db, system("test")) as tx:
        lowest = await pricing.find_lowest_prices(tx, product_ids=[uuid.UUID(hit["id"])])
    assert [item.unit_price_fen for item in lowest.values()] == [50]

    supplier = trade.by(trade.supplier)
    path = f"/api/v1/pricing-filings/{filing}/withdrawals"
    must(await supplier.post(path, {"reason": "停止销售"}))
    await follow()
    assert await total(api, price_from_fen=0) == 0
    assert await total(api, price="under_100_yuan") == 0


async def test_a_price_is_found_from_its_first_day_to_its_last(
    api: Api, db: Database, clock: ManualClock, follow: Any
) -> None:
    trade: Trade = await make_trade(api, db, clock)
    await follow()
    day = clock.now().date()
    days = {"effective_from": str(day + 2 * DAY), "effective_to": str(day + 3 * DAY)}
    must(await trade.record(str(must(await trade.file(**priced(0), **days))["id"])))
    await follow()
    assert await total(api, price="free") == 0

    await trade.move_by(2 * DAY)
    await follow()
    assert await total(api, price="free", price_to_fen=0) == 1

    await trade.move_by(2 * DAY)
    await follow()
    assert await total(api, price="free") == 0


async def test_a_product_is_certified_as_long_as_its_certificate_is_in_force(
    api: Api, db: Database, clock: ManualClock, follow: Any, owner_dsn: str
) -> None:
    trade = await make_owned(api, db, clock)
    _, number = await trade.certified()
    await trade.priced()
    await trade.listed()
    await follow()
    assert await total(api, certified="yes") == 1
    facets = must(await api.get("/api/v1/products"))["facets"]
    assert facets["certified"] == [{"value": "yes", "count": 1}]

    connection = await asyncpg.connect(owner_dsn)
    for state, certified in (("lapsed", "no"), ("active", "yes"), ("revoked", "no")):
        async with connection.transaction():
            await connection.execute("SET LOCAL app.remembered = 'yes'")
            await connection.execute("SET LOCAL app.clearance = 'system'")
            await connection.execute("UPDATE market.listings SET state = 'suspended'")
            await connection.execute(
                "UPDATE catalog.certificates SET state = $2 WHERE number = $1", number, state
            )
        await follow()
        assert await total(api, certified=certified) == 1, state
        assert await total(api, certified="no" if certified == "yes" else "yes") == 0, state
    await connection.close()


async def test_a_change_that_is_rolled_back_changes_no_answer(
    api: Api, db: Database, clock: ManualClock, follow: Any, owner_dsn: str
) -> None:
    await make_trade(api, db, clock)
    await follow()
    connection = await asyncpg.connect(owner_dsn)
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("SET LOCAL app.remembered = 'yes'")
    await connection.execute("SET LOCAL app.clearance = 'system'")
    await connection.execute("UPDATE market.pricing_filings SET state = 'withdrawn'")
    assert await total(api, price="under_1000_yuan") == 1
    await transaction.rollback()
    await connection.close()

    assert await total(api, price="under_1000_yuan") == 1


@pytest.mark.parametrize(
    ("asked", "refusal"),
    [
        ({"price_from_fen": -1}, "search_prices_unreadable"),
        ({"price_from_fen": 2, "price_to_fen": 1}, "search_prices_unreadable"),
        ({"price_to_fen": 10**30}, "search_prices_unreadable"),
        ({"price": "cheap"}, "search_filter_unknown"),
        ({"certified": "perhaps"}, "search_filter_unknown"),
    ],
)
async def test_what_no_product_can_have_is_refused(
    api: Api, asked: dict[str, Any], refusal: str
) -> None:
    refused = await api.get("/api/v1/products", **asked)

    assert (refused.status_code, code(refused)) == (422, refusal)
