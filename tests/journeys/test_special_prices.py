"""Plans, trials, free quotas and special prices, from the filing to the signed contract.

A complaint of others that these tests answer: DataspaceConnector #439 (a price to be negotiated was a
word that nobody enforced).
"""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import msgspec
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api
from tests.makers_identity import Member
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

BANDS: dict[str, Any] = {
    "code": "per_call",
    "charge": "per_unit",
    "unit": "api_call",
    "unit_price_fen": 100,
    "bands": [{"above": 10, "unit_price_fen": 80}, {"above": 100, "unit_price_fen": 50}],
    "banding": "per_band",
    "free_quantity": 5,
    "cap_fen": 50_000,
}
TRIAL = {
    "code": "trial",
    "charge": "trial",
    "unit": "api_call",
    "unit_price_fen": 0,
    "quantity_max": 20,
    "trial_days": 14,
}
QUOTE = {
    "code": "tailored",
    "charge": "quote",
    "unit": "project",
    "unit_price_fen": 10_000,
    "highest_unit_price_fen": 90_000,
}


@staged
async def trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    trade = await make_trade(api, db, clock, is_listed=False)
    trade.filing_id = await trade.priced(  # type: ignore[attr-defined]
        price_items=[BANDS, TRIAL, QUOTE], pricing_regime="negotiated"
    )
    await trade.listed()
    return trade


async def offer(trade: Trade, who: Member | None = None, **changes: Any) -> Any:
    body = {
        "filing_id": trade.filing_id,  # type: ignore[attr-defined]
        "price_item": "per_call",
        "quantity": 20,
        "amount_fen": 1_000,
        "buyer_party_id": str(trade.buyer.party.id),
        "valid_until": trade.today(),
        "reason": "首个试点单位，承担测试工作。",
    } | changes
    return await trade.by(who or trade.supplier).post("/api/v1/special-prices", body)


async def costs(trade: Trade, item: str, quantity: int) -> Any:
    return await trade.api.get(
        f"/api/v1/products/{trade.product_id}/price", price_item=item, quantity=quantity
    )


async def test_anybody_is_told_what_a_quantity_costs_line_by_line(trade: Trade) -> None:
    told = must(await costs(trade, "per_call", 20))

    assert told["lines"] == [
        {"quantity": 5, "unit_price_fen": 0, "amount_fen": 0},
        {"quantity": 5, "unit_price_fen": 100, "amount_fen": 500},
        {"quantity": 10, "unit_price_fen": 80, "amount_fen": 800},
    ]
    assert (told["uncapped_fen"], told["amount_fen"]) == (1_300, 1_300)
    assert must(await costs(trade, "per_call", 5_000))["amount_fen"] == 50_000


@pytest.mark.parametrize(
    ("item", "quantity", "status", "code"),
    [
        ("else", 1, 422, "price_item_unknown"),
        ("trial", 21, 422, "order_quantity_out_of_range"),
        ("per_call", 0, 422, "order_quantity_out_of_range"),
        ("tailored", 1, 409, "order_quotation_required"),
    ],
)
async def test_what_is_not_sold_so_has_no_price(
    trade: Trade, item: str, quantity: int, status: int, code: str
) -> None:
    refused = await costs(trade, item, quantity)

    assert (refused.status_code, refused.json()["code"]) == (status, code)


async def test_a_product_without_a_price_in_force_tells_none(api: Api, trade: Trade) -> None:
    unknown = await api.get(f"/api/v1/products/{trade.supplier.party.id}/price", price_item="x")

    assert unknown.status_code == 404


async def test_an_order_costs_what_its_bands_cost_and_the_free_units_are_used_up_by_it(
    trade: Trade,
) -> None:
    first = must(await trade.place(price_item="per_call", quantity=20, expected_amount_fen=1_300))
    second = must(await trade.place(price_item="per_call", quantity=20))

    assert (first["amount_fen"], first["bought_before"]) == (1_300, 0)
    assert (second["amount_fen"], second["bought_before"]) == (1_800, 20)


async def test_two_orders_at_once_do_not_share_the_free_units(trade: Trade) -> None:
    placed = await asyncio.gather(
        *(trade.place(price_item="per_call", quantity=5) for _ in range(4))
    )

    assert sorted(must(each)["amount_fen"] for each in placed) == [0, 500, 500, 500]


async def test_what_was_cancelled_used_up_nothing(trade: Trade) -> None:
    order = await trade.placed(price_item="per_call", quantity=5)
    must(await trade.step(order, "cancellations", trade.buyer, reason="重下"))

    assert must(await trade.place(price_item="per_call", quantity=5))["amount_fen"] == 0


async def test_a_buyer_tries_a_product_once(trade: Trade) -> None:
    must(await trade.place(price_item="trial", quantity=20))

    again = await trade.place(price_item="trial", quantity=1)
    other = await trade.place(trade.stranger, price_item="trial", quantity=1)

    assert (again.status_code, again.json()["code"]) == (409, "trial_used_before")
    assert other.status_code == 201


async def test_a_special_price_is_ordered_once_by_its_buyer_and_stands_in_the_contract(
    trade: Trade,
) -> None:
    special = must(await offer(trade))
    assert (special["filed_fen"], special["state"]) == (1_300, "offered")
    order = await trade.cleared(quantity=20, special_price_id=special["id"])

    agreed = msgspec.json.decode(base64.b64decode((await trade.contract(order))["document"]))
    again = await trade.place(quantity=20, special_price_id=special["id"])

    assert agreed["price"]["amount_fen"] == 1_000
    assert agreed["price"]["special_price"] == {
        "id": special["id"],
        "reason": "首个试点单位，承担测试工作。",
    }
    assert (again.status_code, again.json()["code"]) == (409, "special_price_event_not_allowed")
    listed = must(await trade.by(trade.regulator).get("/api/v1/special-prices"))["items"]
    assert [(each["id"], each["state"]) for each in listed] == [(special["id"], "used")]


async def test_an_order_at_a_special_price_is_paid_delivered_and_proven(trade: Trade) -> None:
    special = must(await offer(trade))
    order = await trade.delivered(quantity=20, special_price_id=special["id"])

    assert (await trade.content(order)).status_code == 200
    must(await trade.step(order, "acceptances", trade.buyer))


async def test_a_quoted_price_lies_within_its_limits(trade: Trade) -> None:
    without = await trade.place(price_item="tailored", quantity=1)
    above = await offer(trade, price_item="tailored", quantity=1, amount_fen=90_001)
    special = must(await offer(trade, price_item="tailored", quantity=1, amount_fen=90_000))

    placed = must(
        await trade.place(price_item="tailored", quantity=1, special_price_id=special["id"])
    )

    assert (without.status_code, without.json()["code"]) == (409, "order_quotation_required")
    assert above.json()["code"] == "special_price_outside_filed"
    assert (placed["amount_fen"], special["filed_fen"]) == (90_000, None)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"reason": " "}, 422, "special_price_reason_missing"),
        ({"reason": ""}, 422, "special_price_reason_missing"),
        ({"amount_fen": 1_300}, 409, "special_price_outside_filed"),
        ({"amount_fen": 9_999}, 409, "special_price_outside_filed"),
        ({"price_item": "else"}, 422, "price_item_unknown"),
        ({"valid_until": "2020-01-01"}, 409, "special_price_over"),
    ],
)
async def test_a_special_price_that_may_not_be_is_refused_and_nothing_changes(
    trade: Trade, changes: dict[str, Any], status: int, code: str
) -> None:
    refused = await offer(trade, **changes)

    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert must(await trade.by(trade.supplier).get("/api/v1/special-prices"))["items"] == []


async def test_a_special_price_is_offered_by_the_supplier_to_another_party_that_was_identified(
    trade: Trade,
) -> None:
    to_itself = await offer(trade, buyer_party_id=str(trade.supplier.party.id))
    by_a_buyer = await offer(trade, trade.buyer)
    unknown = await offer(trade, filing_id=trade.product_id)
    to_nobody = await offer(trade, buyer_party_id=trade.product_id)

    assert (to_itself.status_code, to_itself.json()["code"]) == (409, "special_price_buyer_unfit")
    assert by_a_buyer.status_code == 403
    assert unknown.status_code == 404
    assert to_nobody.status_code == 404


async def test_a_special_price_is_of_one_buyer_one_item_and_one_quantity(trade: Trade) -> None:
    special = must(await offer(trade))["id"]

    strangers = await trade.place(trade.stranger, quantity=20, special_price_id=special)
    another = await trade.place(quantity=21, special_price_id=special)
    dearer = await trade.place(quantity=20, special_price_id=special, expected_amount_fen=999)

    assert strangers.status_code == 404
    assert (another.status_code, another.json()["code"]) == (409, "special_price_for_another")
    assert (dearer.status_code, dearer.json()["code"]) == (409, "order_price_differs")
    seen = must(await trade.by(trade.stranger).get("/api/v1/special-prices"))
    assert seen["items"] == []
    (still,) = must(await trade.by(trade.buyer).get("/api/v1/special-prices"))["items"]
    assert still["state"] == "offered"


async def test_a_special_price_is_taken_back_by_its_supplier_alone(trade: Trade) -> None:
    special = must(await offer(trade))["id"]
    path = f"/api/v1/special-prices/{special}/withdrawals"

    by_its_buyer = await trade.by(trade.buyer).post(path)
    must(await trade.by(trade.supplier).post(path))
    again = await trade.by(trade.supplier).post(path)
    used = await trade.place(quantity=20, special_price_id=special)

    assert by_its_buyer.status_code == 403
    for refused in (again, used):
        assert refused.json()["code"] == "special_price_event_not_allowed"


async def test_a_special_price_ends_with_its_day_and_with_its_filing(trade: Trade) -> None:
    special = must(await offer(trade, valid_until="2099-01-01"))["id"]
    await trade.priced(price_items=[BANDS])

    used = await trade.place(quantity=20, special_price_id=special)
    offered = await offer(trade)

    assert (used.status_code, used.json()["code"]) == (409, "special_price_over")
    assert offered.json()["code"] == "pricing_filing_not_in_effect"
