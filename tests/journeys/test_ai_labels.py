"""What a machine made says so wherever it goes: product, preview, contract, delivery, download."""

from __future__ import annotations

import base64
import json

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api, code
from tests.makers_trade import make_trade, must


@pytest.mark.parametrize("share", ["none", "partly"])
async def test_the_label_goes_with_the_content_and_can_not_be_taken_back(
    api: Api, db: Database, clock: ManualClock, share: str
) -> None:
    trade = await make_trade(api, db, clock, is_listed=False, ai_generated=share)
    await trade.priced()
    if share != "none":
        gate = must(await trade.draft_listing())["gate"]
        assert [each["passed"] for each in gate if each["code"] == "ai_label_missing"] == [False]
    await trade.listed(ai_label="部分文字由人工智能生成")
    product = f"/api/v1/products/{trade.product_id}"

    order = await trade.paid()
    delivered = must(await trade.step(order, "deliveries", trade.supplier))
    await api.keep_the_log()
    downloaded = await trade.content(order)

    contract = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/contract"))
    said = json.loads(base64.b64decode(contract["document"]))["object"]
    assert said.get("ai_generated", "none") == share
    assert delivered["manifest"][0]["ai_generated"] == share
    assert downloaded.headers["x-ai-generated"] == share
    shown = (await api.get(product)).json()
    assert (shown["ai_label"] or {"share": "none"})["share"] == share


async def test_a_label_that_others_saw_is_not_taken_back(
    api: Api, db: Database, clock: ManualClock
) -> None:
    trade = await make_trade(api, db, clock, is_listed=False, ai_generated="full")
    await trade.priced()
    listing = await trade.listed(ai_label="由人工智能生成")
    mine = trade.by(trade.supplier)
    must(await mine.post(f"/api/v1/listings/{listing}/delistings", {"reason": "修订"}))
    path = f"/api/v1/products/{trade.product_id}"
    product = (await mine.get(path)).json()
    weaker = product["description"] | {"ai_generated": "none"}

    refused = await mine.put(path, weaker, if_match=f'"{product["version"]}"')

    assert code(refused) == "ai_label_tampered"
    assert (await mine.get(path)).json()["description"]["ai_generated"] == "full"
