"""An offer for some buyers alone: they find and buy it, and for everybody else it is not there."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.products.model import CatalogueAttributes, DataNature
from market.http.policies.rule import Relation
from market.http.policy import POLICY
from tests.api import Api, code
from tests.makers_identity import Member
from tests.makers_negotiations import BASE, requested, terms
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

OFFERS = "/api/v1/targeted-offers"
NAME = "zqtargetedname 数据"


@staged
async def trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    made = await make_trade(api, db, clock, is_listed=False, name=NAME)
    await made.priced()
    await made.listed(audience={"party_ids": [str(made.buyer.party.id)]})
    return made


async def offered(trade: Trade, who: Member) -> list[str]:
    listed = must(await trade.by(who).get(OFFERS))
    return [each["product_id"] for each in listed["items"]]


async def asked(trade: Trade, who: Member, product_id: str | None = None) -> Any:
    body = {"product_id": product_id or trade.product_id, "terms": terms(trade)}
    return await trade.by(who).post(BASE, body)


async def test_whom_it_is_for_finds_reads_negotiates_and_orders_it(trade: Trade) -> None:
    shown = must(await trade.by(trade.buyer).get(f"/api/v1/products/{trade.product_id}"))
    price = must(
        await trade.by(trade.buyer).get(
            f"/api/v1/products/{trade.product_id}/price", price_item="per_call", quantity=3
        )
    )

    assert await offered(trade, trade.buyer) == [trade.product_id]
    assert (shown["name"], shown["is_public"]) == (NAME, False)
    assert price["amount_fen"] == 37_035  # the filed price, for whomever it is
    talk = await requested(trade)
    agreement = await talk.conclude()
    order = await trade.delivered(agreement_id=agreement["id"])
    assert (await trade.content(order)).status_code == 200


async def test_for_others_it_is_not_there_and_answered_like_what_is_unknown(trade: Trade) -> None:
    unknown = str(uuid.uuid4())
    for who in (trade.stranger, trade.acceptor):
        if who is trade.stranger:
            assert await offered(trade, who) == []
            for product_id in (trade.product_id, unknown):
                refused = await asked(trade, who, product_id)
                placed = await trade.place(who, product_id=product_id)
                assert (refused.status_code, code(refused)) == (409, "product_not_listed")
                assert (placed.status_code, code(placed)) == (409, "product_not_listed")
    stranger = trade.by(trade.stranger)
    for client in (stranger, trade.api):
        for product_id in (trade.product_id, unknown):
            read = await client.get(f"/api/v1/products/{product_id}")
            price = await client.get(
                f"/api/v1/products/{product_id}/price", price_item="per_call", quantity=3
            )
            assert (read.status_code, code(read)) == (404, "not_found")
            assert price.status_code == 404


async def test_no_public_address_shows_it(trade: Trade) -> None:
    await trade.api.context.search_follower.follow(now=trade.clock.now())
    shown, asked_at = [], 0
    for (method, path), rule in POLICY.items():
        address = path.replace("{product_id}", trade.product_id)
        if method != "GET" or rule.relation is not Relation.PUBLISHED or "{" in address:
            continue
        for client in (trade.api, trade.by(trade.stranger)):
            answer = await client.get(address)
            is_named = trade.product_id in answer.text and path == address
            asked_at += 1
            if "zqtargeted" in answer.text or is_named:
                shown.append(path)

    assert shown == []
    assert asked_at > 100
    for client in (trade.api, trade.by(trade.stranger)):
        assert must(await client.get("/api/v1/products", q="zqtargetedname"))["total"] == 0


async def test_a_supplier_offers_it_to_nobody_else_either(trade: Trade) -> None:
    body = {"product_id": trade.product_id, "terms": terms(trade)}
    supplier = trade.by(trade.supplier)

    to_another = await supplier.post(
        BASE, body | {"consumer_party_id": str(trade.stranger.party.id)}
    )
    to_the_named = await supplier.post(
        BASE, body | {"consumer_party_id": str(trade.buyer.party.id)}
    )

    assert (to_another.status_code, code(to_another)) == (409, "product_not_listed")
    assert to_the_named.status_code == 201


async def test_suspended_it_is_hidden_from_those_too_and_resumed_not_shown_to_all(
    trade: Trade,
) -> None:
    listing = must(await trade.by(trade.supplier).get("/api/v1/listings"))["items"][0]["id"]
    must(await trade.listing_step(listing, "suspensions", trade.issuer, reason="核查"))
    path = f"/api/v1/products/{trade.product_id}"

    hidden = await trade.by(trade.buyer).get(path)
    off = await offered(trade, trade.buyer)
    must(await trade.listing_step(listing, "resumptions", trade.issuer))

    assert (hidden.status_code, off) == (404, [])
    assert (await trade.by(trade.buyer).get(path)).status_code == 200
    assert (await trade.api.get(path)).status_code == 404
    assert must(await trade.api.get("/api/v1/products", q=NAME))["total"] == 0


async def test_whom_else_it_is_for_only_its_supplier_and_the_house_read(trade: Trade) -> None:
    told = must(await trade.by(trade.buyer).get(OFFERS))["items"][0]
    listed = must(await trade.by(trade.supplier).get("/api/v1/listings"))["items"][0]

    assert set(told) == {
        "id",
        "product_id",
        "product_name",
        "supplier_party_id",
        "listed_at",
    }
    assert listed["audience"]["party_ids"] == [str(trade.buyer.party.id)]


async def test_a_class_reaches_who_is_of_it(trade: Trade) -> None:
    trade.product_id = await trade.describe(name="另一种数据")
    await trade.priced()
    region = {"classes": [{"region_codes": ["46"]}]}
    await trade.listed(audience=region)

    assert trade.product_id in await offered(trade, trade.stranger)  # registered in 460000
    must(await asked(trade, trade.stranger))
    trade.product_id = await trade.describe(name="又一种数据")
    await trade.priced()
    await trade.listed(audience={"classes": [{"is_certified": True}]})
    assert trade.product_id not in await offered(trade, trade.stranger)


@pytest.mark.parametrize(
    "audience", [{}, {"party_ids": []}, {"classes": [{}]}], ids=["empty", "nobody", "no mark"]
)
async def test_an_offer_for_nobody_is_refused_and_nothing_changes(
    trade: Trade, audience: dict[str, Any]
) -> None:
    trade.product_id = await trade.describe(name="另一种数据")

    refused = await trade.draft_listing(audience=audience)

    assert (refused.status_code, code(refused)) == (422, "listing_audience_unfit")
    listed = must(await trade.by(trade.supplier).get("/api/v1/listings"))["items"]
    assert len(listed) == 1


async def test_public_data_are_offered_to_everybody(trade: Trade) -> None:
    attributes = CatalogueAttributes.__struct_fields__
    trade.product_id = await trade.describe(
        name="公共数据",
        data_nature=DataNature.PUBLIC,
        catalogue=dict.fromkeys(attributes, "如目录"),
    )

    drafted = must(await trade.draft_listing(audience={"party_ids": [str(trade.buyer.party.id)]}))

    (item,) = (i for i in drafted["gate"] if i["code"] == "public_data_not_for_everybody")
    assert (item["passed"], item["where"]) == (False, "POST /api/v1/listings")
