"""Play demands through HTTP: a published post, suppliers with a product on offer, quotes by name."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx

from market.identity.permissions import Role
from tests.makers_identity import Member, make_member
from tests.makers_negotiations import PURPOSE, terms
from tests.makers_registration import must
from tests.makers_trade import Trade

POSTS = "/api/v1/demand-posts"
FILES = "/api/v1/demand-post-files"
REQUESTS = "/api/v1/quote-requests"


def asked(trade: Trade, **changes: Any) -> dict[str, Any]:
    """Return a demand that the product of a trade fits."""
    now = trade.clock.now()
    return {
        "title": "港口作业气象风险",
        "description": "需要港区逐小时大风与能见度等级，用于安排吊装作业。",
        "purpose": PURPOSE,
        "use_category": "industrial_development",
        "forms": ["data_indicator"],
        "delivery_modes": ["dataset_product"],
        "budget_fen": 100_000,
        "wanted_from": trade.today(),
        "wanted_to": (now + dt.timedelta(days=400)).date().isoformat(),
        "offers_until": (now + dt.timedelta(days=20)).isoformat(),
    } | changes


async def step(
    trade: Trade, post: str, step: str, who: Member | None = None, **body: Any
) -> httpx.Response:
    """Do one thing to a demand."""
    return await trade.by(who or trade.buyer).post(f"{POSTS}/{post}/{step}", body)


async def drafted(trade: Trade, who: Member | None = None, **changes: Any) -> str:
    """Return a draft."""
    answer = await trade.by(who or trade.buyer).post(POSTS, asked(trade, **changes))
    return str(must(answer)["id"])


async def submitted(trade: Trade, **changes: Any) -> str:
    """Return a demand that waits for its review."""
    post = await drafted(trade, **changes)
    must(await step(trade, post, "submissions"))
    return post


async def published(trade: Trade, **changes: Any) -> str:
    """Return a demand that is on the board, with what fits it found."""
    post = await submitted(trade, **changes)
    must(await step(trade, post, "publications", trade.acceptor))
    await match(trade)
    return post


async def match(trade: Trade) -> int:
    """Let our job end what is over and find what fits."""
    from market.jobs import demand_posts_due

    wiring = trade.api.context
    return await demand_posts_due.run(
        wiring.db, now=wiring.now(), port=wiring.search, synonyms=wiring.synonyms
    )


async def open_due(trade: Trade) -> int:
    """Let our job open what is due, and note how what was chosen ended."""
    from market.jobs import quotes_due

    wiring = trade.api.context
    return await quotes_due.run(wiring.db, now=wiring.now())


async def matches(trade: Trade, post: str) -> list[dict[str, Any]]:
    """Return what fits a demand, as its buyer sees it."""
    found = await trade.by(trade.buyer).get(f"{FILES}/{post}/matches")
    assert found.status_code == 200, found.text
    return list(found.json())


async def state(trade: Trade, post: str) -> str:
    """Return where a demand stands."""
    return str(must(await trade.by(trade.acceptor).get(f"{FILES}/{post}"))["post"]["state"])


async def another_supplier(
    trade: Trade, *, name: str = "沿海气象服务产品", **filing: Any
) -> tuple[Member, str]:
    """Return another supplier and its product on offer."""
    kept = trade.supplier, trade.product_id
    trade.supplier = await make_member(trade.db, Role.SUPPLIER, now=trade.clock.now())
    trade.product_id = await trade.describe(name=name)
    await trade.priced(**filing)
    await trade.listed()
    made = trade.supplier, trade.product_id
    trade.supplier, trade.product_id = kept
    return made


async def invite(
    trade: Trade, post: str, *suppliers: Member, who: Member | None = None, **changes: Any
) -> httpx.Response:
    """Ask suppliers for quotes, within three days."""
    until = trade.clock.now() + dt.timedelta(days=3)
    body = {
        "supplier_party_ids": [str(each.party.id) for each in suppliers or (trade.supplier,)],
        "quotes_until": until.isoformat(),
    } | changes
    return await trade.by(who or trade.buyer).post(f"{POSTS}/{post}/quote-requests", body)


def offered(trade: Trade, product: str | None = None, **changes: Any) -> dict[str, Any]:
    """Return a quote of three calls at the filed price."""
    until = trade.clock.now() + dt.timedelta(days=30)
    return {
        "product_id": product or trade.product_id,
        "terms": terms(trade, **({"valid_until": until.isoformat()} | changes.pop("terms", {}))),
        "amount_fen": 37_035,
    } | changes


async def quote(
    trade: Trade, request: str, who: Member | None = None, **changes: Any
) -> httpx.Response:
    """Quote on a request."""
    return await trade.by(who or trade.supplier).post(
        f"{REQUESTS}/{request}/quotes", offered(trade, **changes)
    )


async def requested(trade: Trade, *suppliers: Member, **changes: Any) -> tuple[str, str]:
    """Return a demand and a request for quotes about it."""
    post = await published(trade)
    return post, str(must(await invite(trade, post, *suppliers, **changes))["id"])


async def opened(trade: Trade, request: str) -> dict[str, Any]:
    """Let the deadline pass and return the request as its buyer sees it."""
    trade.clock.move_by(dt.timedelta(days=3))
    await trade.sign_in_again()
    await open_due(trade)
    return must(await trade.by(trade.buyer).get(f"{REQUESTS}/{request}"))


async def decide(
    trade: Trade, request: str, how: str, who: Member | None = None, **body: Any
) -> httpx.Response:
    """Choose one, or none, or take the request back."""
    return await trade.by(who or trade.buyer).post(f"{REQUESTS}/{request}/{how}", body)
