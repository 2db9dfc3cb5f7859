"""What is not public is counted under no facet and found by no filter, whoever asks.

Two products were public and have in every facet a value that no other product has; then they are not
public any more. The counts are again those of before, and to ask for one of those values finds
nothing: for everybody and for each role, whether PostgreSQL answers, an index that follows, or one
that still knows what was public.
"""

from __future__ import annotations

import enum

import asyncpg
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.products.model import DeliveryMode, Form, Level, UpdateCycle
from catalog.search import facets
from catalog.search.facets import Certified, Facet, OpenData
from catalog.search.prices import PriceBand
from market.identity.permissions import Role
from tests.api import Api
from tests.makers_identity import make_member
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade

# What the hidden ones have of each facet; what a facet can have is closed for some.
HIDDEN = {
    "form": Form.DATA_APPLICATION,
    "industry": "T",
    "region": "秘区",
    "region_code": "65",
    "level": Level.BJ_4,
    "supplier_name": "秘主体",
    "theme": "秘题",
    "source": "秘源",
    "update_cycle": UpdateCycle.HALF_YEARLY,
    "delivery": DeliveryMode.SANDBOX,
    "zone": "secret-zone",
    "certified": Certified.YES,
    "open_data": OpenData.YES,
    "price": PriceBand.FROM_10000_YUAN,
}
# What a facet is called in a question where that is not its name.
ASKED_AS = {"supplier_name": "supplier"}
WHATEVER_IS_ASKED: tuple[dict[str, str], ...] = ({}, {"q": "气象"}, {"form": "data_indicator"})


class Answers(enum.StrEnum):
    """Who answers a search."""

    POSTGRESQL = "postgresql"
    FOLLOWING = "an index that follows"
    BEHIND = "an index that knows what was public"


async def mark(owner_dsn: str, product_ids: list[str]) -> None:
    """Give the documents of these products, in every facet, the value that is theirs alone."""

    def value(facet: Facet) -> object:
        return [str(HIDDEN[facet.name])] if facet.is_list else str(HIDDEN[facet.name])

    owning = await asyncpg.connect(owner_dsn)
    try:
        # The band of a price is made of the price.
        given = [facet for facet in facets.ALL if facet.name != "price"]
        columns = ", ".join(f"{f.column} = ${n}" for n, f in enumerate(given, start=2))
        await owning.execute(
            f"UPDATE catalog.product_documents SET {columns}, price_fen = 2000000"
            " WHERE product_id = ANY ($1::uuid[])",
            product_ids,
            *(value(facet) for facet in given),
        )
    finally:
        await owning.close()


@pytest.fixture(params=list(Answers))
async def trade(
    request: pytest.FixtureRequest, api: Api, db: Database, clock: ManualClock, owner_dsn: str
) -> Trade:
    """A market with one public product, and two that were public and are so no more."""
    made = await make_trade(api, db, clock)
    shown = made.product_id
    listings = []
    for _ in range(2):
        made.product_id = await made.describe()
        await made.priced()
        listings.append(await made.listed())
    found = must(await api.get("/api/v1/products"))
    await mark(owner_dsn, [hit["id"] for hit in found["items"] if hit["id"] != shown])
    follower = api.context.search_follower
    if request.param is Answers.BEHIND:
        await follower.follow(now=clock.now())
    for name, value in HIDDEN.items():
        asked = {ASKED_AS.get(name, name): value}
        assert must(await api.get("/api/v1/products", **asked))["total"] == 2, name
    must(await made.listing_step(listings[0], "suspensions", made.issuer, reason="核查"))
    must(await made.listing_step(listings[1], "delistings", made.supplier, reason="停止销售"))
    if request.param is Answers.FOLLOWING:
        await follower.follow(now=clock.now())
    made.product_id = shown
    return made


def test_every_facet_has_a_value_that_only_the_hidden_have() -> None:
    assert set(HIDDEN) == set(facets.FACETS)


async def test_no_role_sees_a_hidden_product_counted_or_found_by_any_facet(
    api: Api, db: Database, clock: ManualClock, trade: Trade
) -> None:
    members = [
        trade.supplier,
        trade.buyer,
        trade.issuer,
        *[await make_member(db, role, now=clock.now()) for role in Role],
    ]
    for asking in (api, *(api.as_(member.token) for member in members)):
        for asked in WHATEVER_IS_ASKED:
            answer = must(await asking.get("/api/v1/products", **asked))

            assert [hit["id"] for hit in answer["items"]] == [trade.product_id]
            for name, counts in answer["facets"].items():
                values = {each["value"] for each in counts}
                assert str(HIDDEN[name]) not in values, (asked, name)
                assert all(each["count"] == 1 for each in counts), (asked, name)
        for name, value in HIDDEN.items():
            by_value = {ASKED_AS.get(name, name): value}
            told = await asking.get("/api/v1/products", **by_value)
            if name == "zone":
                # No zone that anybody may see is called so: as if there never were one.
                assert told.status_code == 422, told.text
                assert told.json()["code"] == "search_filter_unknown"
                continue
            answer = must(told)

            assert (answer["total"], answer["items"]) == (0, []), name
            counted = {n: c for n, c in answer["facets"].items() if c}
            assert counted == {}, (name, counted)
