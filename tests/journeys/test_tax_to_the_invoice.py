"""A price without its tax goes its whole way: filed, ordered, signed, paid, shared, refunded, invoiced.

At each step net and tax are what is paid, and at the end the invoices say what the ledger says.
"""

from __future__ import annotations

import base64
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api
from tests.journeys.test_invoices_and_returns import ask, give_back, released, step
from tests.journeys.test_metered_order import HOUR, METERED, accepted, charges, use
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

ON_TOP = {"is_included": False, "rate_bps": 600}
PER_CALL: dict[str, Any] = {
    "code": "per_call",
    "charge": "per_unit",
    "unit": "api_call",
    "unit_price_fen": 12_345,
    "tax": ON_TOP,
}
NET, TAX, PAID = 37_035, 2_222, 39_257  # 2,222.10 of a fen of tax
KEPT_TAX = 1_656  # of 29,257 that are kept: 1,656.06


@staged
async def trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    trade = await make_trade(api, db, clock, is_listed=False)
    await trade.priced(price_items=[PER_CALL])
    await trade.listed()
    return trade


async def taxes(trade: Trade, order: str) -> int:
    """Return what the journal brought onto the account of the supplier's tax, less what went back."""
    money = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/ledger"))
    code = f"tax_payable/{trade.supplier.party.id}"
    return sum(
        leg["amount_fen"]
        for entry in money["entries"]
        for leg in entry["legs"]
        if leg["account"] == code
    )


async def test_what_is_tax_is_the_same_from_the_order_to_the_invoice(trade: Trade) -> None:
    order = await released(trade)

    told = await trade.order(order)
    contract = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/contract"))
    said = msgspec.json.decode(base64.b64decode(contract["document"]))
    split = must(await trade.by(trade.supplier).get(f"/api/v1/orders/{order}/split"))
    invoice = must(await ask(trade, order, PAID))
    must(await step(trade, invoice["id"], "issuances", number="12345678"))

    assert (told["net_fen"], told["tax_fen"], told["amount_fen"]) == (NET, TAX, PAID)
    assert said["price"]["taxed"] == {"net_fen": NET, "tax_fen": TAX, "gross_fen": PAID}
    assert said["split"]["tax"] == {"party_id": str(trade.supplier.party.id), "rate_bps": 600}
    parts = {(each["rule"], each["role"]): each["amount_fen"] for each in split["parts"]}
    # 5 % of the net amount are the platform's, and nothing of the tax
    assert parts == {
        ("tax", "tax"): TAX,
        ("share", "platform"): 1_852,
        ("share", "right_holder"): NET - 1_852,
    }
    assert (invoice["net_fen"], invoice["tax_fen"], invoice["tax"]) == (
        NET,
        TAX,
        {"rate_bps": 600},
    )
    assert await taxes(trade, order) == TAX


async def test_a_refund_gives_back_net_and_tax_and_the_red_letter_says_the_same(
    trade: Trade,
) -> None:
    order = await released(trade)
    first, second = must(await ask(trade, order, 20_000)), must(await ask(trade, order, 19_257))
    for number, one in enumerate((first, second)):
        must(await step(trade, one["id"], "issuances", number=f"1234567{number}"))

    must(await give_back(trade, order, 10_000))
    part = await taxes(trade, order)
    red = {"number": "87654321", "reason": "部分退款", "amount_fen": 10_000}
    reddened = must(await step(trade, second["id"], "red-letters", **red))
    must(await give_back(trade, order, PAID - 10_000))
    nothing = await taxes(trade, order)

    assert first["tax_fen"] + second["tax_fen"] == TAX
    assert part == KEPT_TAX
    assert reddened["red_letters"][0]["tax_fen"] == TAX - KEPT_TAX
    assert nothing == 0


async def test_everyone_reads_on_pages_and_at_a_terminal_what_is_tax(trade: Trade) -> None:
    order = await released(trade)
    invoice = must(await ask(trade, order, PAID))
    money = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/ledger"))
    release = next(each["key"] for each in money["entries"] if each["kind"] == "release")

    explained = must(await trade.by(trade.supplier).get(f"/api/v1/explanations/entry/{release}"))
    reasons = " ".join(leg["reason_zh"] for each in explained["entries"] for leg in each["legs"])
    assert invoice["tax_fen"] == TAX
    assert explained["is_as_posted"] is True
    assert "价税合计 ¥392.57 内含税率 6% 的税" in reasons
    assert "不参与分配" in reasons


async def test_an_order_that_is_refunded_before_the_release_leaves_no_tax(trade: Trade) -> None:
    order = await trade.paid()

    must(await trade.step(order, "cancellations", trade.supplier, code="agreed", reason="协商一致"))
    refused = await ask(trade, order, 1)

    assert refused.json()["code"] == "invoice_above_what_was_paid"
    assert await taxes(trade, order) == 0


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("net_fen = net_fen + 1", "order_net_and_tax_are_its_amount"),
        ("tax_fen = NULL", "order_net_and_tax_are_its_amount"),
        ("net_fen = net_fen - 1, tax_fen = tax_fen + 1", "order_tax_is_that_of_its_price"),
        ("price_item = price_item - 'tax'", "order_"),
    ],
)
async def test_the_database_keeps_no_order_whose_tax_is_not_that_of_its_price(
    trade: Trade, owner_dsn: str, change: str, constraint: str
) -> None:
    must(await trade.place())
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute("SET app.clearance = 'system'")
        with pytest.raises(asyncpg.CheckViolationError, match=constraint):
            await connection.execute(f"UPDATE market.orders SET {change}")
    finally:
        await connection.close()


async def test_windows_of_use_pay_the_tax_of_what_they_come_to(trade: Trade) -> None:
    await trade.priced(price_items=[METERED | {"tax": ON_TOP}])
    order = await accepted(trade)  # 2,502 net for four calls

    paid = []
    for times in (2, 1, 1):
        await use(trade, order, times)
        await trade.move_by(HOUR)
        told = await charges(trade, order)
        paid.append((told["standing"]["charged_fen"], await taxes(trade, order)))

    # 1,001 and 60.06, 2,002 and 120.12, 2,502 and 150.12
    assert paid == [(1_061, 60), (2_122, 120), (2_652, 150)]
    assert (await trade.order(order))["amount_fen"] == 2_652


async def test_an_order_of_no_tax_says_why_and_has_no_leg_of_it(trade: Trade) -> None:
    exempt = {"is_included": True, "rate_bps": 0, "zero_reason": "exempt"}
    await trade.priced(price_items=[PER_CALL | {"tax": exempt}])
    order = await released(trade)

    told = await trade.order(order)
    invoice = must(await ask(trade, order, 37_035))

    assert (told["net_fen"], told["tax_fen"]) == (37_035, 0)
    assert (invoice["net_fen"], invoice["tax_fen"]) == (37_035, 0)
    assert invoice["tax"] == {"rate_bps": 0, "zero_reason": "exempt"}
    assert await taxes(trade, order) == 0
