"""What an operator of public data may take in a period, from the decision to what comes off the next."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.products.model import DataNature
from tests.api import Api
from tests.journeys.test_filing_life import CEILING, GUIDED
from tests.makers_registration import must
from tests.makers_trade import REGISTRATION, Trade, make_trade
from tests.stages import staged

REVIEW = {
    "reviewed_by": "省保密办",
    "reviewed_on": "2026-01-05",
    "may_be_opened": True,
    "evidence_sha256": "ab" * 32,
}


def code(response: Any) -> str:
    return str(response.json()["code"])


async def make_public(api: Api, db: Database, clock: ManualClock) -> Trade:
    """Return a trade in public data that are priced, and not on offer yet."""
    trade = await make_trade(
        api,
        db,
        clock,
        is_listed=False,
        data_nature=DataNature.PUBLIC,
        processing_statement="按小时汇总为风险指数。",
        catalogue={
            "responsible_department": "海南省气象局",
            "data_source": "自动站",
            "update_mechanism": "每小时",
            "quality_standard": "QX/T 118",
            "usage_method": "下载",
        },
    )
    await trade.priced(**GUIDED, ceiling=CEILING)
    return trade


trade = staged(make_public)


async def lay_down(trade: Trade, who: str = "regulator", **changes: Any) -> Any:
    year = trade.clock.now().year
    body = {
        "operator_party_id": str(trade.supplier.party.id),
        "period_from": f"{year}-01-01",
        "period_to": f"{year}-12-31",
        "cost_fen": 1_000,
        "treasury_rate_bps": 0,
        "premium_bps": 0,
        "tax_fen": 0,
        "expected_volume": 100,
        "document_number": "琼发改价〔2026〕2号",
        "authority": "海南省发展和改革委员会",
    } | changes
    return await trade.by(getattr(trade, who)).post("/api/v1/allowed-revenues", body)


async def do(trade: Trade, allowance: str, step: str, who: str, **body: Any) -> Any:
    return await trade.by(getattr(trade, who)).post(
        f"/api/v1/allowed-revenues/{allowance}/{step}", body
    )


async def burns(trade: Trade, who: str = "supplier") -> list[dict[str, Any]]:
    return list(must(await trade.by(getattr(trade, who)).get("/api/v1/allowed-revenues"))["items"])


async def sell(trade: Trade, quantity: int) -> None:
    """Sell so many calls for a yuan each, and let the money go out."""
    order = await trade.delivered(quantity=quantity, use_category="industrial_development")
    must(await trade.step(order, "acceptances", trade.buyer))
    must(await trade.step(order, "releases", trade.issuer))


async def topics(trade: Trade) -> list[str]:
    inbox = must(await trade.by(trade.supplier).get("/api/v1/my/notifications"))["items"]
    return [each["topic"] for each in inbox]


async def test_an_allowance_has_the_tax_in_it_and_so_has_what_is_held_against_it(
    trade: Trade,
) -> None:
    on_top = GUIDED["price_items"][0] | {
        "unit_price_fen": 90,
        "tax": {"is_included": False, "rate_bps": 600},
    }
    above = await trade.file(
        **GUIDED | {"price_items": [on_top | {"unit_price_fen": 95}]}, ceiling=CEILING
    )
    await trade.priced(**GUIDED | {"price_items": [on_top]}, ceiling=CEILING)
    await trade.listed(
        secrecy_review=REVIEW,
        public_registration=REGISTRATION,
        irreversibility_statement="按小时汇总，无法还原原始数据。",
    )
    must(await lay_down(trade, tax_fen=60))

    await sell(trade, 8)

    (burn,) = await burns(trade)
    assert code(above) == "price_above_ceiling"  # 100.70 is paid for one
    assert burn["allowance"]["allowed_fen"] == 1_060
    assert burn["recovered_fen"] == 763  # 720 and 43.20


async def test_settled_orders_burn_the_allowance_down_and_are_warned_of_once(trade: Trade) -> None:
    await trade.listed(
        secrecy_review=REVIEW,
        public_registration=REGISTRATION,
        irreversibility_statement="按小时汇总，无法还原原始数据。",
    )
    must(await lay_down(trade))
    assert [each["recovered_fen"] for each in await burns(trade)] == [0]

    await sell(trade, 8)
    (burn,) = await burns(trade)
    for _ in range(2):
        await trade.api.run_jobs()
    warned = await topics(trade)
    await sell(trade, 4)
    await trade.api.run_jobs()

    assert (burn["recovered_fen"], burn["remaining_fen"], burn["burnt_bps"]) == (800, 200, 8_000)
    assert warned.count("allowed_revenue_taken") == 1
    assert (await topics(trade)).count("allowed_revenue_taken") == 2
    (over,) = await burns(trade, "regulator")
    assert (over["remaining_fen"], over["allowance"]["warned_bps"]) == (-200, 10_000)


@pytest.mark.parametrize("is_laid_down_before", [False, True])
async def test_what_was_taken_too_much_comes_off_the_next_period(
    trade: Trade, *, is_laid_down_before: bool
) -> None:
    await trade.listed(
        secrecy_review=REVIEW,
        public_registration=REGISTRATION,
        irreversibility_statement="按小时汇总，无法还原原始数据。",
    )
    today = trade.clock.now().date()
    first = must(await lay_down(trade, period_to=today.isoformat(), expected_volume=12))["id"]
    await sell(trade, 12)
    following = {
        "period_from": (today + dt.timedelta(days=1)).isoformat(),
        "period_to": (today + dt.timedelta(days=90)).isoformat(),
    }
    if is_laid_down_before:
        must(await lay_down(trade, **following))
    early = await do(trade, first, "closings", "regulator")
    await trade.move_by(dt.timedelta(days=1))

    closed = must(await do(trade, first, "closings", "regulator"))
    if not is_laid_down_before:
        must(await lay_down(trade, **following))

    assert code(early) == "allowance_period_not_over"
    assert (closed["recovered_fen"], closed["over_fen"]) == (1_200, 200)
    newest = (await burns(trade))[0]["allowance"]
    assert (newest["deducted_fen"], newest["allowed_fen"], newest["carried_fen"]) == (200, 800, 0)
    assert code(await do(trade, first, "closings", "regulator")) == "allowance_event_not_allowed"


async def test_up_to_ten_percent_the_operator_adjusts_its_fees(trade: Trade) -> None:
    allowance = must(await lay_down(trade))["id"]

    compared = must(
        await do(
            trade, allowance, "comparisons", "regulator", actual_cost_fen=1_100, actual_volume=100
        )
    )
    by_the_authority = await do(trade, allowance, "adjustments", "regulator", adjustment="已调整")
    adjusted = must(await do(trade, allowance, "adjustments", "supplier", adjustment="下调 5%"))

    assert (compared["state"], compared["compared"]["task"]) == ("to_adjust", "fees")
    assert compared["compared"]["due_on"] is not None
    assert by_the_authority.status_code == 404
    assert (adjusted["state"], adjusted["compared"]["adjustment"]) == ("laid_down", "下调 5%")
    assert "fees_to_adjust" in await topics(trade)


async def test_above_ten_percent_the_authority_adjusts_the_ceilings(trade: Trade) -> None:
    allowance = must(await lay_down(trade))["id"]
    figures = {"actual_cost_fen": 1_101, "actual_volume": 100}

    compared = must(await do(trade, allowance, "comparisons", "regulator", **figures))
    again = await do(trade, allowance, "comparisons", "regulator", **figures)
    by_the_operator = await do(trade, allowance, "adjustments", "supplier", adjustment="已调整")
    must(await do(trade, allowance, "adjustments", "regulator", adjustment="重新核定上限"))

    assert compared["compared"]["task"] == "ceilings"
    assert code(again) == "allowance_event_not_allowed"
    assert by_the_operator.status_code == 404
    assert (
        code(await do(trade, allowance, "adjustments", "regulator", adjustment="再"))
        == "allowance_event_not_allowed"
    )


@pytest.mark.parametrize(
    ("expected_volume", "deviation_bps", "task"),
    [(12, 0, "none"), (13, 770, "fees"), (14, 1_429, "ceilings")],
)
async def test_a_period_that_is_over_is_compared_by_itself_once(
    trade: Trade, expected_volume: int, deviation_bps: int, task: str
) -> None:
    await trade.listed(
        secrecy_review=REVIEW,
        public_registration=REGISTRATION,
        irreversibility_statement="按小时汇总，无法还原原始数据。",
    )
    last = trade.clock.now().date().isoformat()
    must(await lay_down(trade, period_to=last, expected_volume=expected_volume))
    await sell(trade, 12)
    await trade.api.run_jobs()
    assert (await burns(trade))[0]["allowance"]["compared"] is None

    await trade.move_by(dt.timedelta(days=1))
    (first,) = await burns(trade)
    await trade.api.run_jobs()

    compared = first["allowance"]["compared"]
    assert (compared["actual_volume"], compared["actual_cost_fen"]) == (12, 1_000)
    assert (compared["deviation_bps"], compared["task"]) == (deviation_bps, task)
    assert compared["is_cost_reported"] is False
    assert (await burns(trade))[0]["allowance"] == first["allowance"]
    told = "fees_to_adjust" in await topics(trade)
    assert told is (task == "fees")


async def test_what_is_as_expected_asks_for_nothing(trade: Trade) -> None:
    allowance = must(await lay_down(trade))["id"]

    compared = must(
        await do(
            trade, allowance, "comparisons", "regulator", actual_cost_fen=1_000, actual_volume=100
        )
    )

    assert (compared["state"], compared["compared"]["task"]) == ("laid_down", "none")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"premium_bps": 601}, "allowance_premium_too_high"),
        ({"period_to": "2020-01-01"}, "allowance_period_invalid"),
        ({"cost_fen": 10**15, "tax_fen": 1}, "allowance_too_large"),
    ],
)
async def test_an_allowance_that_can_not_be_is_refused_and_nothing_changes(
    trade: Trade, changes: dict[str, Any], refusal: str
) -> None:
    assert code(await lay_down(trade, **changes)) == refusal
    assert await burns(trade, "regulator") == []


async def test_only_the_authority_decides_and_only_the_operator_and_the_houses_see_it(
    trade: Trade,
) -> None:
    must(await lay_down(trade))

    assert (await lay_down(trade, "supplier")).status_code == 403
    assert code(await lay_down(trade)) == "allowance_periods_overlap"
    assert (await lay_down(trade, operator_party_id=trade.product_id)).status_code == 404
    unknown = trade.product_id
    assert (await do(trade, unknown, "closings", "regulator")).status_code == 404
    refused = await trade.by(trade.buyer).get("/api/v1/allowed-revenues")
    assert refused.status_code == 403
    assert len(await burns(trade, "acceptor")) == 1
