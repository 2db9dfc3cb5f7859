"""A fee schedule is proposed, decided by another, in force on its days, and frozen into orders."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import asyncpg
import pytest

from catalog.kernel.local_time import local_date
from tests.api import code
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

FEES = [
    {
        "code": "vat",
        "payee": "tax",
        "tiers": [{"above_fen": 0, "rate_bps": 600}],
        "is_inside": True,
    },
    {
        "code": "service",
        "payee": "platform",
        "tiers": [{"above_fen": 0, "rate_bps": 500}, {"above_fen": 10_000, "rate_bps": 300}],
        "minimum_fen": 100,
        "maximum_fen": 1_000_000,
    },
    {
        "code": "non_tax",
        "payee": "treasury",
        "base": "left",
        "tiers": [{"above_fen": 0, "rate_bps": 1_000}],
        "is_of_public_data": True,
    },
]


trade = staged(make_trade)


def day(trade: Trade, number: int = 0) -> str:
    return (local_date(trade.clock.now()) + dt.timedelta(days=number)).isoformat()


async def propose(trade: Trade, who: str = "issuer", **changes: Any) -> Any:
    body = {
        "name": "平台收费标准",
        "document_number": "琼数超〔2026〕3号",
        "effective_from": day(trade),
        "fees": FEES,
    } | changes
    return await trade.by(getattr(trade, who)).post("/api/v1/fee-schedules", body)


async def step(trade: Trade, schedule: str, name: str, who: str = "regulator", **body: Any) -> Any:
    return await trade.by(getattr(trade, who)).post(
        f"/api/v1/fee-schedules/{schedule}/{name}", body or None
    )


async def decided(trade: Trade, **changes: Any) -> dict[str, Any]:
    schedule = must(await propose(trade, **changes))["id"]
    return must(await step(trade, schedule, "decisions", is_approved=True, reason="合规"))


async def test_the_schedule_in_force_is_public_and_goes_into_the_contract(trade: Trade) -> None:
    before = await trade.cleared()
    nobody = await trade.api.get("/api/v1/fee-schedules/in-force")
    schedule = await decided(trade)

    order = await trade.delivered()
    shown = must(await trade.api.get("/api/v1/fee-schedules/in-force"))
    listed = must(await trade.api.get("/api/v1/fee-schedules"))["items"]

    assert (nobody.status_code, code(nobody)) == (404, "not_found")
    assert (shown["id"], [each["id"] for each in listed]) == (schedule["id"], [schedule["id"]])
    assert (await trade.contract(before))["content"]["split"]["version"] == "order-split/1"
    split = (await trade.contract(order))["content"]["split"]
    assert (split["version"], [each["fee"]["code"] for each in split["deductions"]]) == (
        "fee-schedule/1",
        ["vat", "service"],
    )
    told = must(await trade.by(trade.supplier).get(f"/api/v1/orders/{order}/split"))
    # 37,035 fen: 2,096.32 of tax in the price; 5 % of 10,000 and 3 % of the rest; what is left
    assert [(part["role"], part["amount_fen"]) for part in told["parts"]] == [
        ("tax", 2_096),
        ("platform", 1_311),
        ("right_holder", 33_628),
    ]
    must(await trade.step(order, "acceptances", trade.buyer))
    released = must(await trade.step(order, "releases", trade.issuer))
    assert [leg["amount_fen"] for leg in released["credits"]] == [2_096, 1_311, 33_628]


async def test_an_order_keeps_the_fees_that_were_frozen_with_it(trade: Trade) -> None:
    schedule = await decided(trade)
    order = await trade.cleared()
    must(await step(trade, schedule["id"], "endings", last_day=day(trade), reason="费率调整"))
    cheap = FEES[1] | {"tiers": [{"above_fen": 0, "rate_bps": 1}], "minimum_fen": 0}
    await decided(trade, effective_from=day(trade, 1), fees=[cheap])
    await trade.move_by(dt.timedelta(days=1))

    later = await trade.cleared()

    versions = [
        (await trade.contract(each))["content"]["split"]["version"] for each in (order, later)
    ]
    assert versions == ["fee-schedule/1", "fee-schedule/2"]
    told = must(await trade.by(trade.buyer).get(f"/api/v1/orders/{order}/split"))
    assert told["parts"][1]["amount_fen"] == 1_311
    past = must(await trade.api.get("/api/v1/fee-schedules/in-force", on=day(trade, -1)))
    assert past["number"] == 1


async def test_two_people_decide_and_one_schedule_holds_on_a_day(trade: Trade) -> None:
    first = await decided(trade, effective_to=day(trade, 30))
    second = must(await propose(trade, effective_from=day(trade, 30)))["id"]
    third = must(await propose(trade, effective_from=day(trade, 31)))["id"]

    overlapping = await step(trade, second, "decisions", is_approved=True, reason="x")
    fitting = await step(trade, third, "decisions", is_approved=True, reason="x")
    rejected = await step(trade, second, "decisions", is_approved=False, reason="与现行重叠")
    again = await step(trade, third, "decisions", is_approved=True, reason="x")

    assert code(overlapping) == "fee_schedule_overlaps"
    assert overlapping.json()["facts"] == {"number": 1, "effective_from": day(trade)}
    assert fitting.json()["state"] == "decided"
    assert rejected.json()["state"] == "rejected"
    assert code(again) == "fee_schedule_event_not_allowed"
    assert first["decided_by"] != first["proposed_by"]
    proposals = must(await trade.by(trade.issuer).get("/api/v1/fee-schedule-proposals"))["items"]
    assert [each["state"] for each in proposals] == ["rejected"]


async def test_two_overlapping_schedules_decided_at_once_leave_one_in_force(trade: Trade) -> None:
    schedules = [must(await propose(trade))["id"] for _ in range(4)]

    answers = await asyncio.gather(
        *(step(trade, each, "decisions", is_approved=True, reason="x") for each in schedules)
    )

    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409]
    assert {code(each) for each in answers if each.status_code == 409} == {"fee_schedule_overlaps"}


async def test_what_can_not_be_a_schedule_is_refused(trade: Trade) -> None:
    wrong = {
        "fee_schedule_unfit": {"fees": [FEES[0], FEES[0]]},
        "fee_schedule_period_invalid": {"effective_to": day(trade, -1)},
    }
    found = {name: code(await propose(trade, **changes)) for name, changes in wrong.items()}
    past = await propose(trade, effective_from=day(trade, -1))
    none = await propose(trade, fees=[])
    strangers = [await propose(trade, who=who) for who in ("supplier", "buyer", "regulator")]
    schedule = must(await propose(trade))["id"]
    undecided = [
        await step(trade, schedule, "decisions", who=who, is_approved=True, reason="x")
        for who in ("issuer", "supplier", "buyer")
    ]
    withdrawn = await step(trade, schedule, "withdrawals", who="issuer")
    after = [
        await step(trade, schedule, "withdrawals", who="issuer"),
        await step(trade, schedule, "endings", last_day=day(trade), reason="x"),
    ]

    assert found == {name: name for name in wrong}
    assert code(past) == "fee_schedule_period_invalid"
    assert none.status_code == 422
    assert {code(each) for each in (*strangers, *undecided)} == {"permission_missing"}
    assert withdrawn.json()["state"] == "withdrawn"
    assert {code(each) for each in after} == {"fee_schedule_event_not_allowed"}


async def test_the_database_itself_keeps_one_schedule_at_a_time_and_two_people(
    trade: Trade, server: Any, database_name: str
) -> None:
    schedule = await decided(trade)
    other = must(await propose(trade))
    owner = await asyncpg.connect(server.dsn(database_name))
    try:
        await owner.execute("SET app.remembered = 'yes'")
        with pytest.raises(asyncpg.ExclusionViolationError):
            await owner.execute(
                """UPDATE settlement.fee_schedules
                      SET state = 'decided', decided_by = gen_random_uuid(), decided_at = now()
                    WHERE id = $1""",
                other["id"],
            )
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(
                "UPDATE settlement.fee_schedules SET decided_by = proposed_by WHERE id = $1",
                schedule["id"],
            )
    finally:
        await owner.close()
