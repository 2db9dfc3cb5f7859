"""Who may not buy public data, and which of them nobody buys (BJ-27, A47, A48)."""

from __future__ import annotations

import uuid

import pytest

from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.products.operations import publishing
from market.identity.permissions import Role
from tests.api import Api, code
from tests.journeys.test_allowed_revenue_http import REVIEW, make_public
from tests.journeys.test_filing_life import CEILING, GUIDED
from tests.makers_identity import Member, make_member
from tests.makers_negotiations import BASE, terms
from tests.makers_registration import must
from tests.makers_trade import REGISTRATION, Trade

USE = "industrial_development"


@pytest.fixture
async def trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    """Return a trade in public data that are on offer, raw ones among what is filed."""
    trade = await make_public(api, db, clock)
    await trade.priced(**GUIDED, ceiling=CEILING, delivery_modes=["dataset_product", "raw_share"])
    await trade.listed(
        secrecy_review=REVIEW,
        public_registration=REGISTRATION,
        irreversibility_statement="按小时汇总，无法还原原始数据。",
    )
    return trade


async def put_into_a_zone(trade: Trade, operator: Member) -> None:
    """Let the product stand in a zone that this party operates."""
    async with begin(trade.db, system("test")) as tx:
        await publishing.set_visible(
            tx, now=trade.clock.now(), product_id=uuid.UUID(trade.product_id), is_public=True
        )
        tx.remember()
        await tx.execute("SET LOCAL app.remembered = 'yes'")
    body = {
        "code": "ports",
        "kind": "domain",
        "said": {
            "name": "港航公共数据专区",
            "description": "面向港航安全的公共数据。",
            "domains": ["transport"],
        },
        "operator_party_id": str(operator.party.id),
        "supervisor_party_id": str(trade.regulator.party.id),
    }
    bureau = trade.by(trade.regulator)
    zone = must(await bureau.post("/api/v1/zones", body))["zone"]["id"]
    decision = {"event": "open", "reason": "验收合格"}
    must(await bureau.post(f"/api/v1/zones/{zone}/decisions", decision))
    placed = {"product_id": trade.product_id, "reason": "符合专区领域"}
    must(await trade.by(operator).post(f"/api/v1/zones/{zone}/products", placed))


async def test_raw_public_data_are_sold_to_nobody_filed_or_not(trade: Trade) -> None:
    """BJ-27(a): neither side gets there by an order or by an offer, also where a price is filed."""
    offered = {
        "product_id": trade.product_id,
        "terms": terms(trade, delivery_mode="raw_share", use_category=USE),
    }

    refused = [
        await trade.place(delivery_mode="raw_share", use_category=USE),
        await trade.by(trade.buyer).post(BASE, offered),
        await trade.by(trade.supplier).post(
            BASE, offered | {"consumer_party_id": str(trade.buyer.party.id)}
        ),
    ]

    assert [(each.status_code, code(each)) for each in refused] == [
        (409, "raw_export_forbidden")
    ] * 3
    for path in ("/api/v1/orders", BASE):
        assert must(await trade.by(trade.buyer).get(path))["items"] == []


async def test_who_operates_a_zone_buys_none_of_its_public_data(trade: Trade) -> None:
    """A47: it would develop again what it was entrusted with."""
    operator = await make_member(
        trade.db, Role.SUPPLIER, now=trade.clock.now(), party=trade.stranger.party
    )
    await put_into_a_zone(trade, operator)
    offered = {"product_id": trade.product_id, "terms": terms(trade, use_category=USE)}

    ordered = await trade.place(trade.stranger, use_category=USE)
    asked = await trade.by(trade.stranger).post(BASE, offered)

    for each in (ordered, asked):
        assert (each.status_code, code(each)) == (409, "operator_redevelopment_forbidden")
    assert must(await trade.by(trade.stranger).get("/api/v1/orders"))["items"] == []
    must(await trade.place(use_category=USE))
