"""Retention money through HTTP: agreed in the terms, kept with the release, drawn first, freed on its day."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.api import Api, code
from tests.makers_registration import must
from tests.makers_trade import TERMS, Trade, make_trade
from tests.portal.test_counter_pages import by, plain
from tests.portal.test_pages_html import check, look
from tests.stages import staged

PAID = 37_035
KEPT = 1_111  # 3 % of it, cut to the fen


trade = staged(make_trade)


def keeping(**terms: Any) -> dict[str, Any]:
    return {"terms": TERMS | {"retention_bps": 300, "retention_days": 30} | terms}


async def released(trade: Trade) -> str:
    order = await trade.delivered(**keeping())
    must(await trade.step(order, "acceptances", trade.buyer))
    must(await trade.step(order, "releases", trade.issuer))
    return order


async def accounts(trade: Trade) -> dict[str, int]:
    told = (await trade.by(trade.supplier).get("/api/v1/my/ledger-accounts")).json()
    items = told["items"] if isinstance(told, dict) else told
    return {each["purpose"]: each["balance_fen"] for each in items}


async def test_what_the_terms_keep_is_kept_for_its_days_and_then_the_supplier_s(
    trade: Trade, api: Api
) -> None:
    order = await released(trade)
    split = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/contract"))
    by(api, trade.supplier)
    kept = await look(api, "/my/sales?lang=zh")
    english = await look(api, "/my/sales?lang=en")
    await trade.move_by(dt.timedelta(days=29))
    by(api, trade.supplier)
    early = await look(api, "/my/sales?lang=zh")
    await trade.move_by(dt.timedelta(days=2))
    by(api, trade.supplier)
    freed = await look(api, "/my/sales?lang=zh")

    assert split["content"]["split"]["retained"]["share_bps"] == 300
    for page in (kept, early):
        assert "¥11.11" in plain(page.text)
        assert "扣留中" in page.text
    assert "已退还" in freed.text
    check(kept, "zh-CN")
    check(english, "en")


async def test_a_refund_after_the_release_draws_on_it_first(trade: Trade) -> None:
    order = await released(trade)

    made = must(await trade.step(order, "returns", trade.adjudicator, amount_fen=10_000))

    (seller,) = (part for part in made["parts"] if part["account"].startswith("payable/"))
    assert (seller["amount_fen"], seller["from_retention_fen"]) == (9_500, KEPT)
    assert seller["from_owed_fen"] == 9_500 - KEPT


async def test_the_job_that_releases_keeps_it_too(trade: Trade, api: Api) -> None:
    order = await trade.delivered(**keeping())
    must(await trade.step(order, "acceptances", trade.buyer))
    await trade.api.run_jobs()
    by(api, trade.supplier)

    page = await look(api, "/my/sales?lang=zh")

    assert "¥11.11" in plain(page.text)


@pytest.mark.parametrize(
    ("terms", "refusal"),
    [
        ({"retention_bps": 301}, "retention_above_maximum"),
        ({"retention_days": 731}, "body_invalid"),
        ({"retention_bps": 0}, "body_invalid"),
    ],
)
async def test_more_than_the_market_allows_is_not_kept(
    trade: Trade, terms: dict[str, Any], refusal: str
) -> None:
    refused = await trade.place(**keeping(**terms))
    alone = await trade.place(terms=TERMS | {"retention_bps": 100})

    assert code(refused) == refusal
    assert code(alone) == "retention_terms_incomplete"
