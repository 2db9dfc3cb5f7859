"""A price without its tax, from the filing to the order: who reads it is told, who pays pays the tax too."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

ON_TOP = {"is_included": False, "rate_bps": 600}
WITHIN = {"is_included": True, "rate_bps": 600}
PER_CALL: dict[str, Any] = {
    "code": "per_call",
    "charge": "per_unit",
    "unit": "api_call",
    "unit_price_fen": 12_345,
}


@staged
async def trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    return await make_trade(api, db, clock, is_listed=False)


async def test_a_price_without_its_tax_is_told_as_such_and_paid_with_it(trade: Trade) -> None:
    await trade.priced(price_items=[PER_CALL | {"tax": ON_TOP}])
    await trade.listed()

    price_list = must(await trade.api.get("/api/v1/price-list"))
    page = await trade.api.http.get(f"/products/{trade.product_id}")
    where = f"/api/v1/products/{trade.product_id}/price?price_item=per_call&quantity=3"
    told = must(await trade.by(trade.buyer).get(where))
    order = must(await trade.place(expected_amount_fen=39_257))

    assert price_list["items"][0]["item"]["tax"] == ON_TOP
    assert "不含税，另加税（税率 6%）" in page.text
    assert (told["uncapped_fen"], told["amount_fen"]) == (37_035, 39_257)
    assert told["taxed"] == {"net_fen": 37_035, "tax_fen": 2_222, "gross_fen": 39_257}
    assert order["amount_fen"] == 39_257


async def test_a_price_with_its_tax_in_it_is_what_is_paid(trade: Trade) -> None:
    await trade.priced(price_items=[PER_CALL | {"tax": WITHIN}])
    await trade.listed()

    where = f"/api/v1/products/{trade.product_id}/price?price_item=per_call&quantity=3"
    told = must(await trade.by(trade.buyer).get(where))
    order = must(await trade.place())

    assert told["taxed"] == {"net_fen": 34_939, "tax_fen": 2_096, "gross_fen": 37_035}
    assert order["amount_fen"] == 37_035


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (PER_CALL | {"tax": {"is_included": True, "rate_bps": 700}}, "tax_rate_unknown"),
        (PER_CALL | {"tax": {"is_included": True, "rate_bps": 1_600}}, "tax_rate_not_in_force"),
        (PER_CALL | {"tax": {"is_included": True, "rate_bps": 0}}, "tax_zero_reason_missing"),
        (PER_CALL | {"tax": ON_TOP | {"zero_reason": "exempt"}}, "tax_zero_reason_unfit"),
        (PER_CALL | {"unit_price_fen": 0, "tax": WITHIN}, "tax_on_free_plan"),
        (
            PER_CALL
            | {
                "charge": "trial",
                "unit_price_fen": 0,
                "quantity_max": 9,
                "trial_days": 9,
                "tax": WITHIN,
            },
            "tax_on_free_plan",
        ),
        (PER_CALL | {"tax": {"is_included": True, "rate_bps": 10_000}}, "body_invalid"),
        (PER_CALL | {"tax": {"rate_bps": 600}}, "body_invalid"),
        (PER_CALL | {"tax": WITHIN | {"zero_reason": "gift"}}, "body_invalid"),
    ],
)
async def test_a_tax_that_can_not_be_named_is_refused_by_name(
    trade: Trade, item: dict[str, Any], code: str
) -> None:
    refused = await trade.file(price_items=[item])

    assert refused.status_code in (400, 422)
    assert refused.json()["code"] == code


async def test_what_was_filed_keeps_its_tax_and_another_is_another_edition(
    trade: Trade, owner_dsn: str
) -> None:
    first = await trade.priced(price_items=[PER_CALL | {"tax": WITHIN}])
    who = trade.by(trade.supplier)

    again = await who.post(f"/api/v1/pricing-filings/{first}/submissions")
    connection = await asyncpg.connect(owner_dsn)
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL app.clearance = 'system'")
            with pytest.raises(asyncpg.PostgresError, match="pricing_filings"):
                await connection.execute(
                    "UPDATE market.pricing_filings"
                    " SET terms = jsonb_set(terms, '{price_items,0,tax,rate_bps}', '900')"
                )
    finally:
        await connection.close()
    second = must(
        await who.post(
            f"/api/v1/pricing-filings/{first}/amendments",
            trade.filing(price_items=[PER_CALL | {"tax": ON_TOP}]),
        )
    )

    assert again.json()["code"] == "pricing_event_not_allowed"
    assert (second["edition"], second["amends"]) == (2, first)
    kept = must(await who.get(f"/api/v1/pricing-filings/{first}"))
    assert kept["terms"]["price_items"][0]["tax"] == WITHIN
