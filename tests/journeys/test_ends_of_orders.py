"""Accepted by use or by silence, given up with a reason, destroyed at the end, ordered together (BJ-27)."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

from catalog.kernel.ids import new_id
from market.identity.permissions import Role
from market.orders.inspection import INSPECTION_USES
from tests.api import code
from tests.makers_identity import make_member
from tests.makers_registration import must
from tests.makers_trade import TERMS, Trade, make_trade
from tests.stages import staged

DAY = dt.timedelta(days=1)


trade = staged(make_trade)


async def test_more_uses_than_an_inspection_takes_accept_a_delivery(trade: Trade) -> None:
    order = await trade.delivered(quantity=100)
    for _ in range(INSPECTION_USES):
        assert (await trade.content(order)).status_code == 200
    await trade.api.run_jobs()
    assert (await trade.order(order))["state"] == "delivering"

    assert (await trade.content(order)).status_code == 200
    late = await trade.step(order, "issues", trade.buyer, reason="缺少三月数据")
    await trade.api.run_jobs()

    assert code(late) == "delivery_accepted_by_use"
    shown = await trade.order(order)
    assert (shown["state"], shown["accepted_by"]) == ("accepted", "use")
    assert (await trade.content(order)).status_code == 200


async def test_after_the_period_nobody_accepts_or_objects_because_silence_has_accepted(
    trade: Trade,
) -> None:
    order = await trade.delivered()
    trade.clock.move_by(9 * DAY)
    await trade.sign_in_again()

    assert code(await trade.step(order, "acceptances", trade.buyer)) == "inspection_over"
    assert code(await trade.step(order, "issues", trade.buyer, reason="晚了")) == "inspection_over"
    assert (await trade.order(order))["state"] == "delivering"
    await trade.api.run_jobs()

    shown = await trade.order(order)
    assert (shown["state"], shown["accepted_by"]) == ("accepted", "silence")


async def test_an_order_is_given_up_for_a_reason_of_ones_own_side(trade: Trade) -> None:
    order = await trade.placed()

    async def cancel(who: Any, reason: str) -> Any:
        return await trade.step(order, "cancellations", who, code=reason, reason="说明")

    assert code(await cancel(trade.buyer, "cannot_deliver")) == "cancellation_reason_of_other_side"
    assert code(await cancel(trade.supplier, "no_longer_needed")) == (
        "cancellation_reason_of_other_side"
    )
    assert (await trade.order(order))["state"] == "placed"
    shown = must(await cancel(trade.supplier, "product_withdrawn"))
    assert (shown["state"], shown["cancellation_reason"]) == ("cancelled", "product_withdrawn")


async def test_a_buyer_states_the_destruction_when_its_use_is_over(trade: Trade) -> None:
    order = await trade.delivered(price_item="forever", quantity=1, terms=TERMS | {"term_days": 10})
    must(await trade.step(order, "acceptances", trade.buyer))
    told = {
        "method": "覆写三次并删除备份",
        "destroyed_on": trade.today(),
        "destroyed_by": "张三",
    }

    async def state(who: Any, **changes: Any) -> Any:
        return await trade.step(order, "destruction-statements", who, **(told | changes))

    path = f"/api/v1/orders/{order}/destruction-statement"
    assert code(await state(trade.buyer)) == "use_not_over"
    assert code(await trade.by(trade.supplier).get(path)) == "destruction_not_stated"
    await trade.move_by(11 * DAY)
    inbox = must(await trade.by(trade.buyer).get("/api/v1/my/notifications"))["items"]
    assert [each["topic"] for each in inbox].count("destruction_due") == 1
    assert code(await state(trade.stranger)) == "not_found"
    assert code(await state(trade.buyer, destroyed_on="2020-01-01")) == (
        "destruction_date_impossible"
    )

    made = await state(trade.buyer)
    again = await state(trade.buyer)

    assert made.status_code == 201, made.text
    assert code(again) == "destruction_stated"
    shown = must(await trade.by(trade.supplier).get(path))
    assert shown == made.json()
    manifest = (await trade.order(order))["manifest"]
    assert shown["content_sha256"] == [file["sha256"] for file in manifest]
    assert code(await trade.by(trade.stranger).get(path)) == "not_found"


async def test_who_owes_a_statement_of_destruction_is_reminded_and_then_orders_nothing_more(
    trade: Trade,
) -> None:
    order = await trade.delivered(price_item="forever", quantity=1, terms=TERMS | {"term_days": 10})
    must(await trade.step(order, "acceptances", trade.buyer))
    await trade.move_by(10 * DAY)

    async def topics(who: Any) -> list[str]:
        await trade.api.run_jobs()
        inbox = must(await trade.by(who).get("/api/v1/my/notifications"))["items"]
        return [item["topic"] for item in inbox if item["topic"].startswith("destruction")]

    assert await topics(trade.buyer) == ["destruction_due"]
    await trade.move_by(26 * DAY)  # a week before it ends, on a working day after the festival
    assert await topics(trade.buyer) == ["destruction_reminded", "destruction_due"]
    must(await trade.place())
    await trade.move_by(8 * DAY)
    assert await topics(trade.buyer) == [
        "destruction_overdue",
        "destruction_reminded",
        "destruction_due",
    ]
    assert await topics(trade.supplier) == ["destruction_overdue"]

    refused = await trade.place()

    assert (refused.status_code, code(refused)) == (409, "destruction_record_missing")
    number = (await trade.order(order))["number"]
    assert refused.json()["facts"] == {"order_numbers": [number]}
    must(await trade.place(trade.stranger))
    waits = must(await trade.by(trade.acceptor).get("/api/v1/work-queue", against="buyer"))
    assert [item["timer"]["kind"] for item in waits["items"]] == ["destruction_statement"]
    said = {"method": "覆写", "destroyed_on": trade.today(), "destroyed_by": "张三"}
    must(await trade.step(order, "destruction-statements", trade.buyer, **said))
    must(await trade.place())


async def test_what_was_ended_after_its_delivery_is_destroyed_too(trade: Trade) -> None:
    order = await trade.delivered()

    must(await trade.step(order, "cut-offs", trade.supplier, reason="违约", for_good=True))

    inbox = must(await trade.by(trade.buyer).get("/api/v1/my/notifications"))["items"]
    assert "destruction_due" in [item["topic"] for item in inbox]


async def test_a_contract_without_destruction_asks_for_none(trade: Trade) -> None:
    order = await trade.delivered(
        price_item="forever",
        quantity=1,
        terms=TERMS | {"term_days": 10, "destroys_at_end": False},
    )
    must(await trade.step(order, "acceptances", trade.buyer))
    await trade.move_by(11 * DAY)

    stated = await trade.step(
        order,
        "destruction-statements",
        trade.buyer,
        method="删除",
        destroyed_on=trade.today(),
        destroyed_by="张三",
    )

    assert code(stated) == "destruction_not_agreed"
    inbox = must(await trade.by(trade.buyer).get("/api/v1/my/notifications"))["items"]
    assert "destruction_due" not in [each["topic"] for each in inbox]


# ── bundles ─────────────────────────────────────────────────────────────────────────────────────


async def second_supplier(trade: Trade) -> tuple[Any, str]:
    """Return another supplier and its product on offer, at the same filed prices."""
    first, product = trade.supplier, trade.product_id
    trade.supplier = await make_member(trade.db, Role.SUPPLIER, now=trade.clock.now())
    trade.product_id = await trade.describe(name="琼州海峡能见度指数")
    await trade.priced()
    await trade.listed()
    second, other = trade.supplier, trade.product_id
    trade.supplier, trade.product_id = first, product
    return second, other


async def test_a_bundle_is_an_order_with_each_supplier_and_costs_their_sum(trade: Trade) -> None:
    supplier, other = await second_supplier(trade)
    items = [trade.wanted(), trade.wanted(product_id=other, price_item="forever", quantity=1)]
    body = {"items": items, "expected_total_fen": 3 * 12_345 + 1_000_000}

    made = await trade.by(trade.buyer).post("/api/v1/bundles", body)

    assert made.status_code == 201, made.text
    bundle, orders = made.json()["bundle"], made.json()["orders"]
    assert bundle["total_fen"] == sum(order["amount_fen"] for order in orders)
    assert {order["supplier_party_id"] for order in orders} == {
        str(trade.supplier.party.id),
        str(supplier.party.id),
    }
    assert {order["bundle_id"] for order in orders} == {bundle["id"]}
    mine, theirs = (order["id"] for order in orders)
    must(await trade.step(theirs, "cancellations", supplier, code="cannot_deliver", reason="x"))
    must(await trade.step(mine, "clearances", trade.acceptor))
    must(await trade.sign(mine, trade.buyer, trade.buyer_key))
    must(await trade.sign(mine, trade.supplier, trade.supplier_key))
    await trade.pay(mine)
    must(await trade.step(mine, "deliveries", trade.supplier))
    path = f"/api/v1/bundles/{bundle['id']}"
    shown = must(await trade.by(trade.buyer).get(path))
    assert [order["state"] for order in shown["orders"]] == ["delivering", "cancelled"]
    assert shown["bundle"] == bundle
    for stranger in (trade.stranger, trade.supplier, supplier):
        assert code(await trade.by(stranger).get(path)) == "not_found"
    assert len(must(await trade.by(trade.acceptor).get(path))["orders"]) == 2
    assert code(await trade.by(trade.buyer).get(f"/api/v1/bundles/{new_id()}")) == "not_found"


async def test_a_bundle_is_placed_whole_or_not_at_all(trade: Trade) -> None:
    _, other = await second_supplier(trade)
    buyer = trade.by(trade.buyer)

    async def place(*items: dict[str, Any], **more: Any) -> Any:
        return await buyer.post("/api/v1/bundles", {"items": list(items)} | more)

    refused = await place(trade.wanted(), trade.wanted(product_id=other, scenario="marketing"))
    doubled = await place(trade.wanted(), trade.wanted())
    dearer = await place(
        trade.wanted(), trade.wanted(product_id=other), expected_total_fen=6 * 12_345 + 1
    )
    one = await place(trade.wanted())

    assert (code(refused), refused.json()["facts"]["item"]) == ("order_outside_filed_scope", 1)
    assert code(doubled) == "bundle_product_doubled"
    assert (code(dearer), dearer.json()["facts"]["total_fen"]) == (
        "bundle_total_differs",
        6 * 12_345,
    )
    assert one.status_code in (400, 422)
    assert must(await buyer.get("/api/v1/orders"))["items"] == []


async def test_one_bundle_asked_for_many_times_at_once_is_placed_once(trade: Trade) -> None:
    _, other = await second_supplier(trade)
    body = {"items": [trade.wanted(), trade.wanted(product_id=other)]}

    answers = await asyncio.gather(
        *(trade.by(trade.buyer).post("/api/v1/bundles", body, key="once") for _ in range(5))
    )

    made = {answer.json()["bundle"]["id"] for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    assert len(must(await trade.by(trade.buyer).get("/api/v1/orders"))["items"]) == 2
