"""An order of public data is accounted apart, whoever asks for its money (公共数据收益单独核算, JX-3)."""

from __future__ import annotations

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api
from tests.journeys.test_allowed_revenue_http import REVIEW, make_public, sell
from tests.makers_registration import must
from tests.makers_trade import REGISTRATION, Trade, make_trade

TRIAL = "/api/v1/ledger/trial-balance"


@pytest.fixture
async def trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    trade = await make_public(api, db, clock)
    await trade.listed(
        secrecy_review=REVIEW,
        public_registration=REGISTRATION,
        irreversibility_statement="按小时汇总，无法还原原始数据。",
    )
    return trade


async def test_what_is_paid_for_public_data_stands_in_their_book_and_not_in_the_market_s(
    trade: Trade,
) -> None:
    await sell(trade, 8)

    house = trade.by(trade.issuer)
    (order,) = must(await house.get("/api/v1/orders"))["items"]
    money = must(await house.get(f"/api/v1/orders/{order['id']}/ledger"))
    apart = must(await house.get(TRIAL, book="public_data"))
    market = must(await house.get(TRIAL, book="market"))
    clearing = must(
        await house.get(
            "/api/v1/ledger/entries", account="channel_clearing/sandbox", book="public_data"
        )
    )

    assert order["book"] == "public_data"
    assert {entry["book"] for entry in money["entries"]} == {"public_data"}
    assert [entry["kind"] for entry in money["entries"]] == ["pay_in", "release"]
    assert {line["purpose"] for line in apart["lines"]} >= {"channel_clearing", "treasury_non_tax"}
    assert (apart["is_balanced"], market["lines"]) == (True, [])
    assert must(await house.get(TRIAL))["lines"] == apart["lines"]
    assert [entry["kind"] for entry in clearing["items"]] == ["pay_in"]


async def test_data_of_enterprises_stay_in_the_book_of_the_market(
    api: Api, db: Database, clock: ManualClock
) -> None:
    trade = await make_trade(api, db, clock)
    order = await trade.paid()

    house = trade.by(trade.issuer)
    assert (await trade.order(order))["book"] == "market"
    assert must(await house.get(TRIAL, book="public_data"))["lines"] == []
    assert must(await house.get(TRIAL, book="market"))["entries"] == 1
