"""An order that pays as it uses, through HTTP: charged by windows, in arrears, suspended, paid, settled."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import msgspec
import pytest

from catalog.audit_log.export_format import Keys
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.supervision.check import check_document
from settlement.ledger.journal import Kind, read_record
from tests.api import Api, code
from tests.makers_registration import must
from tests.makers_trade import TERMS, Trade, make_trade
from tests.stages import staged
from tests.terminal import Run

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
METERED = {
    "code": "as_used",
    "charge": "per_unit",
    "unit": "api_call",
    "unit_price_fen": 1_001,
    "free_quantity": 1,
    "bands": [{"above": 3, "unit_price_fen": 500}],
    "banding": "per_band",
    "billing": "as_used",
}


@staged
async def trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    trade = await make_trade(api, db, clock, is_listed=False)
    await trade.priced(price_items=[METERED])
    await trade.listed()
    return trade


async def accepted(trade: Trade, **changes: Any) -> str:
    """Return an order of as much as four calls cost, delivered and accepted: 2,502 fen."""
    order = await trade.delivered(price_item="as_used", quantity=4, **changes)
    must(await trade.step(order, "acceptances", trade.buyer))
    return order


async def use(trade: Trade, order: str, times: int) -> None:
    for _ in range(times):
        assert (await trade.content(order)).status_code == 200
    await trade.api.keep_the_log()


async def charges(trade: Trade, order: str, who: Any = None) -> dict[str, Any]:
    return must(await trade.by(who or trade.buyer).get(f"/api/v1/orders/{order}/charges"))


async def top_up(trade: Trade, order: str, amount_fen: int) -> None:
    started = must(await trade.step(order, "top-ups", trade.buyer, amount_fen=amount_fen))
    must(await trade.by(trade.buyer).post(started["pay_at"]))


async def topics(trade: Trade, who: Any) -> list[str]:
    inbox = must(await trade.by(who).get("/api/v1/my/notifications"))["items"]
    return [each["topic"] for each in inbox if each["topic"].startswith("usage_")]


async def test_what_is_used_is_charged_by_windows_and_shared_and_the_rest_goes_back(
    trade: Trade,
) -> None:
    order = await accepted(trade)
    assert (await charges(trade, order))["balance_fen"] == 2_502

    await use(trade, order, 2)
    await trade.api.run_jobs()
    assert (await charges(trade, order))["items"] == []  # the window is open for an hour
    await trade.move_by(HOUR)
    await use(trade, order, 1)
    await trade.move_by(HOUR)

    told = await charges(trade, order, trade.supplier)
    assert [(each["after_seq"], each["to_seq"]) for each in told["items"]] == [(0, 2), (2, 3)]
    assert [each["cumulative_fen"] for each in told["items"]] == [1_001, 2_002]
    assert (told["balance_fen"], told["owed_fen"]) == (500, 0)
    ledger = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/ledger"))
    assert (ledger["released_fen"], ledger["refunded_fen"]) == (2_002, 0)

    await trade.move_by(366 * DAY)
    await trade.api.run_jobs()
    ended = await charges(trade, order)
    assert ended["standing"]["account"]["state"] == "settled"
    ledger = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/ledger"))
    assert (ledger["released_fen"], ledger["refunded_fen"]) == (2_002, 500)
    assert code(await trade.step(order, "top-ups", trade.buyer, amount_fen=5)) == (
        "usage_account_closed"
    )


async def test_a_rest_of_several_payments_goes_back_by_each_of_them(trade: Trade) -> None:
    order = await accepted(trade)
    await use(trade, order, 2)
    await top_up(trade, order, 3_000)
    await top_up(trade, order, 700)

    await trade.move_by(366 * DAY)
    for _ in range(3):
        await trade.api.run_jobs()

    ledger = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/ledger"))
    entries = [read_record(each["record"].encode()) for each in ledger["entries"]]
    back = [entry.amount_fen for entry in entries if entry.kind is Kind.REFUND_SETTLED]
    assert ledger["refunded_fen"] == 5_201
    assert sorted(back) == [2_502, 2_699]  # the first payment whole, then the second


async def test_charges_are_read_at_a_terminal(trade: Trade, run: Run) -> None:
    order = await accepted(trade)
    await use(trade, order, 8)
    await trade.move_by(HOUR)

    shown = await run(trade.buyer, "charges", order)
    told = await run(trade.buyer, "charges", order, "--json")
    strange = await run(trade.stranger, "charges", order)

    assert shown.returncode == 0, shown.stderr
    assert "余额用尽 · used up  余额 · balance -¥20.00" in shown.stdout
    assert "24时前补款" in shown.stdout
    assert "1–8" in shown.stdout
    assert json.loads(told.stdout)["owed_fen"] == 2_000
    assert strange.returncode == 1


async def test_who_runs_out_is_told_until_when_then_suspended_and_goes_on_when_it_paid(
    trade: Trade,
) -> None:
    order = await accepted(trade)
    await use(trade, order, 3)
    await trade.move_by(HOUR)
    assert await topics(trade, trade.buyer) == ["usage_balance_low"]
    await use(trade, order, 4)
    await trade.move_by(HOUR)

    told = await charges(trade, order)
    assert (told["balance_fen"], told["owed_fen"]) == (-1_500, 1_500)
    account = told["standing"]["account"]
    assert account["state"] == "arrears"
    assert await topics(trade, trade.buyer) == ["usage_in_arrears", "usage_balance_low"]
    await use(trade, order, 1)  # there are days left

    await trade.move_by(10 * DAY)
    refused = await trade.content(order)
    assert (refused.status_code, code(refused)) == (409, "usage_in_arrears")
    owed = must(await trade.by(trade.buyer).get("/api/v1/work-queue"))["items"]
    (clock,) = [each["timer"] for each in owed if each["timer"]["kind"] == "usage_arrears"]
    assert (clock["due_on"], clock["state"]) == (account["due_on"], "overdue")
    assert (await topics(trade, trade.supplier)) == ["usage_suspended"]
    assert code(await trade.step(order, "top-ups", trade.stranger, amount_fen=5)) == ("not_found")

    await top_up(trade, order, 1_999)
    assert (await trade.content(order)).status_code == 409  # not enough
    await top_up(trade, order, 3_000)
    await use(trade, order, 1)
    after = await charges(trade, order)
    assert after["standing"]["account"]["state"] == "running"
    assert (after["balance_fen"], after["owed_fen"]) == (2_999, 0)
    owed = must(await trade.by(trade.buyer).get("/api/v1/work-queue"))["items"]
    assert "usage_arrears" not in [each["timer"]["kind"] for each in owed]
    assert (await topics(trade, trade.buyer))[0] == "usage_resumed"


async def test_the_bill_computed_from_public_bytes_is_what_the_ledger_has(trade: Trade) -> None:
    order = await accepted(trade)
    await use(trade, order, 2)
    await trade.move_by(HOUR)
    await use(trade, order, 3)
    await trade.move_by(HOUR)
    answer = await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/usage")
    keys = msgspec.json.decode((await trade.api.get("/api/v1/keys")).content, type=Keys)
    ledger = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/ledger"))
    charged = (await charges(trade, order))["items"]

    verdict = check_document(answer.content, keys=keys)
    told = answer.json()
    dearer = msgspec.json.decode(answer.content)
    dearer["events"][1]["price_units"] = 2
    left_out = msgspec.json.decode(answer.content)
    del left_out["events"][1]

    assert (verdict.problems, verdict.counts["windows charged"]) == ((), 2)
    bill = told["statement"]["bill"]
    sums = [each["cumulative_fen"] for each in bill["windows"]]
    assert sums == [each["cumulative_fen"] for each in charged] == [1_001, 3_002]
    assert bill["charged_fen"] == 3_002
    assert ledger["released_fen"] == 2_502  # all that was paid; the rest is owed
    await top_up(trade, order, 1_000)
    ledger = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/ledger"))
    assert ledger["released_fen"] == bill["charged_fen"]
    for tampered in (dearer, left_out):
        found = check_document(msgspec.json.encode(tampered), keys=keys)
        assert found.problems != ()


async def test_a_credit_limit_that_both_signed_lets_the_balance_run_negative(trade: Trade) -> None:
    order = await accepted(trade, terms=TERMS | {"credit_limit_fen": 3_000})
    await use(trade, order, 7)
    await trade.move_by(HOUR)

    told = await charges(trade, order)

    assert (told["balance_fen"], told["owed_fen"]) == (-1_500, 1_500)
    assert told["standing"]["account"]["state"] == "running"
    assert told["standing"]["account"]["credit_limit_fen"] == 3_000


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"quantity": 1}, "order_prepayment_missing"),
        ({"price_item": "other", "terms": TERMS | {"credit_limit_fen": 5}}, "price_item_unknown"),
    ],
)
async def test_an_order_that_can_not_be_metered_is_not_placed(
    trade: Trade, changes: dict[str, Any], refusal: str
) -> None:
    wanted = {"price_item": "as_used", "quantity": 4} | changes

    assert code(await trade.place(**wanted)) == refusal


async def test_an_order_that_was_bought_by_quantity_has_no_charges(
    api: Api, db: Database, clock: ManualClock
) -> None:
    trade = await make_trade(api, db, clock)
    order = await trade.delivered()

    found = await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/charges")

    assert (found.status_code, code(found)) == (404, "usage_account_not_found")
    assert code(await trade.step(order, "top-ups", trade.buyer, amount_fen=5)) == (
        "usage_account_not_found"
    )
