"""What is not public is in no answer of a search: role by field, and every part of the answer.

Each product and each field has words that stand nowhere else. Whatever is asked, by whomever, none of
them comes back: not in hits, counts of facets, suggestions, highlights, corrections, saved searches;
whether PostgreSQL answers, an index that follows, or one that still knows what was public before.
"""

from __future__ import annotations

import enum
from typing import Any

import msgspec
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.products.model import Scenario
from market.identity.permissions import Role
from market.saved_searches import keeping
from tests.api import Api
from tests.makers_identity import Member, make_member
from tests.makers_products import make_description, make_source
from tests.makers_registration import must, renewed
from tests.makers_trade import Trade, make_trade

FIELDS = ("name", "text", "keyword", "region", "scenario")
# Of a product that is public, what only its supplier and the authorities read.
CLOSED = ("substantive", "labour", "basis", "holder", "ground", "scope")


class Hidden(enum.StrEnum):
    """How a product is not public."""

    DRAFT = "draft"
    UNLISTED = "unlisted"
    WITHDRAWN = "withdrawn"
    SUSPENDED = "suspended"
    DELISTED = "delisted"
    TARGETED = "targeted"


class Answers(enum.StrEnum):
    """Who answers a search."""

    POSTGRESQL = "postgresql"
    FOLLOWING = "an index that follows"
    BEHIND = "an index that knows what was public"


def word(place: str, field: str) -> str:
    """Return a word that stands there and nowhere else."""
    return f"zq{place}{field}"


def marked(place: str) -> dict[str, Any]:
    """Return what a description says with its own words in every public field."""
    return {
        "name": f"{word(place, 'name')} 数据",
        "description": f"说明 {word(place, 'text')}",
        "keywords": (word(place, "keyword"),),
        "region": word(place, "region"),
        "scenarios": (Scenario("port_safety", word(place, "scenario")),),
    }


HIDDEN_WORDS = [word(place, field) for place in Hidden for field in FIELDS]
CLOSED_WORDS = [word("public", field) for field in CLOSED]
NEVER = HIDDEN_WORDS + CLOSED_WORDS


async def publish(trade: Trade, **description: Any) -> tuple[str, str]:
    """Return a product that is public, and its listing."""
    trade.product_id = await trade.describe(**description)
    await trade.priced()
    return trade.product_id, await trade.listed()


@pytest.fixture(params=list(Answers))
async def trade(
    request: pytest.FixtureRequest, api: Api, db: Database, clock: ManualClock
) -> Trade:
    """A market with one public product, and one for each way not to be."""
    made = await make_trade(
        api,
        db,
        clock,
        substantive_processing=word("public", "substantive"),
        innovative_labour=word("public", "labour"),
        important_data_basis=word("public", "basis"),
        sources=(
            make_source(
                holder=word("public", "holder"),
                legal_basis=word("public", "ground"),
                authorisation_scope=word("public", "scope"),
            ),
        ),
    )
    shown = made.product_id
    _, suspended = await publish(made, **marked("suspended"))
    _, delisted = await publish(made, **marked("delisted"))
    made.product_id = await made.describe(**marked("targeted"))
    await made.priced()
    await made.listed(audience={"party_ids": [str(made.buyer.party.id)]})
    withdrawn = await made.describe(**marked("withdrawn"))
    await made.describe(**marked("unlisted"))
    draft = msgspec.to_builtins(make_description(**marked("draft")))
    must(await made.by(made.supplier).post("/api/v1/products?draft=true", draft))
    follower = api.context.search_follower
    if request.param is Answers.BEHIND:
        await follower.follow(now=clock.now())
        assert must(await api.get("/api/v1/products", q=word("suspended", "name")))["total"] == 1
    must(await made.listing_step(suspended, "suspensions", made.issuer, reason="核查"))
    must(await made.listing_step(delisted, "delistings", made.supplier, reason="停止销售"))
    must(
        await made.by(made.supplier).post(
            f"/api/v1/products/{withdrawn}/withdrawals", {"reason": "不再提供"}
        )
    )
    if request.param is Answers.FOLLOWING:
        await follower.follow(now=clock.now())
    made.product_id = shown
    return made


def asked_for(hidden: str) -> list[dict[str, Any]]:
    """Return the questions that come nearest to a hidden word."""
    return [
        {"q": hidden},
        {"q": f"{hidden} 气象"},
        {"q": hidden[:-1] + ("b" if hidden[-1] == "a" else "a")},
        {"q": hidden + "s"},
        {"region": hidden},
    ]


async def test_no_hidden_word_is_found_counted_suggested_or_shown(api: Api, trade: Trade) -> None:
    for hidden in NEVER:
        for asked in asked_for(hidden):
            answer = must(await api.get("/api/v1/products", **asked))
            ids = {hit["id"] for hit in answer["items"]}
            echoed = answer["terms"], [each["replaced"] for each in answer.get("suggestions", [])]
            answer["terms"] = []
            answer["suggestions"] = [
                {**each, "replaced": "", "zh": "", "en": ""} for each in answer["suggestions"]
            ]

            assert ids <= {trade.product_id}, (hidden, asked)
            assert hidden not in str(answer), (hidden, asked, echoed)
            if asked == {"q": hidden}:
                assert answer["total"] == 0, hidden


async def test_no_hidden_word_stands_in_what_is_found_without_asking_for_it(
    api: Api, trade: Trade
) -> None:
    for asked in (
        {},
        {"q": "数据"},
        {"q": "z"},
        {"q": "zq"},
        {"q": "港口 数据"},
        {"sort": "oldest"},
    ):
        answer = must(await api.get("/api/v1/products", **asked))

        assert not [each for each in NEVER if each in str(answer)], asked
        for name, counts in answer["facets"].items():
            assert all(each["count"] == 1 for each in counts), (asked, name)
    assert must(await api.get("/api/v1/products"))["total"] == 1


async def test_every_role_gets_the_answers_that_everybody_gets(
    api: Api, db: Database, clock: ManualClock, trade: Trade
) -> None:
    asked_by_all = [
        {},
        {"q": "港口 气象"},
        *(asked for place in Hidden for asked in asked_for(word(place, "name"))[:3]),
        *({"q": each} for each in CLOSED_WORDS),
    ]
    public = [(await api.get("/api/v1/products", **asked)).content for asked in asked_by_all]
    members = [trade.supplier, *[await make_member(db, role, now=clock.now()) for role in Role]]

    for member in members:
        for asked, answer in zip(asked_by_all, public, strict=True):
            own = await api.as_(member.token).get("/api/v1/products", **asked)
            assert own.content == answer, (member.actor.roles, asked)


async def test_prices_that_are_not_in_effect_find_nothing(api: Api, trade: Trade) -> None:
    item = {"code": "call", "charge": "per_unit", "unit": "api_call", "unit_price_fen": 7}
    later = {"effective_from": "2099-01-01"}
    must(await trade.record(str(must(await trade.file(price_items=[item], **later))["id"])))

    found = must(await api.get("/api/v1/products", price_to_fen=100))
    assert found["total"] == 0
    assert must(await api.get("/api/v1/products", price="under_100_yuan"))["total"] == 0


async def test_a_saved_search_is_told_of_nothing_hidden(
    api: Api, db: Database, clock: ManualClock, trade: Trade
) -> None:
    buyer: Member = trade.buyer
    searches = []
    for number, hidden in enumerate((*HIDDEN_WORDS[::4], *CLOSED_WORDS[::3])):
        body = {"name": f"检索{number}", "text": hidden}
        saved = must(await api.as_(buyer.token).post("/api/v1/my/saved-searches", body))
        searches.append(saved["id"])
    # The hidden ones change while they are looked for.
    draft = msgspec.to_builtins(make_description(**marked("draft")))
    must(await trade.by(trade.supplier).post("/api/v1/products?draft=true", draft))
    clock.move_by(keeping.LOOKED_EVERY)
    buyer = await renewed(db, buyer, clock.now())

    assert (await api.run_jobs())["saved_searches_due"] == 0
    for each in searches:
        path = f"/api/v1/my/saved-searches/{each}/matches"
        assert must(await api.as_(buyer.token).get(path))["items"] == []
