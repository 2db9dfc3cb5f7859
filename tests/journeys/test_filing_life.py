"""The life of filed prices: editions, inquiries, ceilings that fall, receipts, and their clocks."""

from __future__ import annotations

import base64
import datetime as dt
from typing import Any

import msgspec
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.products.model import DataNature
from market.pricing.deadlines import FILING, RECORDING, REPLY
from tests.api import Api
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

OTHER = "harbour_insurance"
GUIDED: dict[str, Any] = {
    "pricing_regime": "government_guided",
    "use_category": "industrial_development",
    "price_items": [
        {"code": "per_call", "charge": "per_unit", "unit": "api_call", "unit_price_fen": 100}
    ],
}
CEILING = {
    "document_number": "琼发改价〔2026〕1号",
    "authority": "海南省发展和改革委员会",
    "unit": "api_call",
    "amount_fen": 100,
    "valid_from": "2026-01-01",
}


def code(response: Any) -> str:
    return str(response.json()["code"])


@staged
async def trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    return await make_trade(api, db, clock, is_listed=False)


async def do(trade: Trade, filing: str, step: str, who: str, body: Any = None) -> Any:
    return await trade.by(getattr(trade, who)).post(
        f"/api/v1/pricing-filings/{filing}/{step}", body
    )


async def state(trade: Trade, filing: str) -> str:
    found = must(await trade.by(trade.supplier).get(f"/api/v1/pricing-filings/{filing}"))
    return str(found["state"])


async def clocks(trade: Trade, filing: str) -> dict[str, str]:
    """Return how each clock over a filing stands, the newest of a kind."""
    from catalog.kernel.db import begin

    async with begin(trade.db, trade.regulator.actor) as tx:
        rows = await tx.fetch(
            "SELECT kind, state FROM catalog.timers WHERE subject_id = $1 ORDER BY id", filing
        )
    return {row["kind"]: row["state"] for row in rows}


async def topics(trade: Trade) -> list[str]:
    inbox = must(await trade.by(trade.supplier).get("/api/v1/my/notifications"))["items"]
    return [each["topic"] for each in inbox]


async def test_prices_are_filed_and_recorded_against_clocks(trade: Trade) -> None:
    drafted = must(await trade.by(trade.supplier).post("/api/v1/pricing-filings", trade.filing()))
    filing = drafted["id"]
    assert await clocks(trade, filing) == {FILING: "open"}

    must(await do(trade, filing, "submissions", "supplier"))
    assert await clocks(trade, filing) == {FILING: "met", RECORDING: "open"}

    must(await do(trade, filing, "returns", "regulator", {"missing": ["成本"]}))
    assert await clocks(trade, filing) == {FILING: "open", RECORDING: "cancelled"}

    must(await do(trade, filing, "submissions", "supplier"))
    must(await trade.record(filing))
    assert await clocks(trade, filing) == {FILING: "met", RECORDING: "met"}


async def test_a_draft_that_is_taken_back_owes_nothing(trade: Trade) -> None:
    drafted = must(await trade.by(trade.supplier).post("/api/v1/pricing-filings", trade.filing()))

    must(await do(trade, drafted["id"], "withdrawals", "supplier", {"reason": "不再出售"}))

    assert await clocks(trade, drafted["id"]) == {FILING: "cancelled"}


async def test_a_recorded_filing_has_a_receipt_that_anybody_reads(trade: Trade) -> None:
    filing = must(await trade.file())["id"]
    early = await trade.by(trade.supplier).get(f"/api/v1/pricing-filings/{filing}/receipt")
    unseen = await trade.api.get(f"/api/v1/pricing-filings/{filing}/receipt")
    recorded = must(await trade.record(filing))

    receipt = must(await trade.api.get(f"/api/v1/pricing-filings/{filing}/receipt"))

    assert (code(early), code(unseen)) == ("pricing_receipt_not_found", "not_found")
    told = msgspec.json.decode(base64.b64decode(receipt["document"]))
    assert told["filing_number"] == recorded["filing_number"]
    assert told["record_sha256"] == recorded["record_sha256"]


async def test_an_amended_price_holds_until_the_next_edition_takes_effect(trade: Trade) -> None:
    first = await trade.priced()
    tomorrow = (trade.clock.now().date() + dt.timedelta(days=1)).isoformat()

    second = must(
        await do(trade, first, "amendments", "supplier", trade.filing(effective_from=tomorrow))
    )
    must(await do(trade, second["id"], "submissions", "supplier"))
    must(await trade.record(second["id"]))

    assert (second["edition"], second["amends"]) == (2, first)
    assert (await state(trade, first), await state(trade, second["id"])) == (
        "effective",
        "recorded",
    )
    await trade.move_by(dt.timedelta(days=1))
    assert (await state(trade, first), await state(trade, second["id"])) == (
        "superseded",
        "effective",
    )
    over = await do(trade, first, "amendments", "supplier", trade.filing())
    assert code(over) == "pricing_event_not_allowed"


async def test_only_its_supplier_amends_a_filing_and_only_for_its_product(trade: Trade) -> None:
    first = await trade.priced()
    other = await trade.describe(name="另一产品")

    by_a_buyer = await do(trade, first, "amendments", "buyer", trade.filing())
    of_another = await do(
        trade, first, "amendments", "supplier", trade.filing() | {"product_id": str(other)}
    )

    assert by_a_buyer.status_code == 403
    assert of_another.status_code == 404


async def test_scenarios_have_prices_side_by_side_and_never_two_for_one(trade: Trade) -> None:
    both = await trade.priced(scenarios=["port_safety", "crane_stop"])
    other = await trade.priced(scenarios=[OTHER])

    split = await trade.file(scenarios=["port_safety"])
    wider = await trade.priced(scenarios=["port_safety", "crane_stop", OTHER])

    assert code(split) == "filing_scenarios_split"
    assert [await state(trade, each) for each in (both, other, wider)] == [
        "superseded",
        "superseded",
        "effective",
    ]


async def test_a_price_that_would_run_into_one_on_record_is_not_filed(trade: Trade) -> None:
    day = trade.clock.now().date()
    later = must(await trade.file(effective_from=(day + dt.timedelta(days=9)).isoformat()))["id"]
    must(await trade.record(later))

    open_ended = await trade.file()
    short = await trade.file(effective_to=(day + dt.timedelta(days=8)).isoformat())

    assert code(open_ended) == "filing_periods_overlap"
    must(short)


async def test_two_filings_that_were_filed_for_one_day_are_not_both_recorded(trade: Trade) -> None:
    tomorrow = (trade.clock.now().date() + dt.timedelta(days=1)).isoformat()
    one = must(await trade.file(effective_from=tomorrow))["id"]
    two = must(await trade.file(effective_from=tomorrow))["id"]

    must(await trade.record(one))

    assert code(await trade.record(two)) == "filing_periods_overlap"
    assert await state(trade, two) == "filed"


async def test_an_order_takes_the_price_of_its_scenario(trade: Trade) -> None:
    await trade.priced()
    cheap = dict(trade.filing()["price_items"][0]) | {"unit_price_fen": 1}
    await trade.priced(scenarios=[OTHER], price_items=[cheap])
    await trade.listed()

    usual = must(await trade.place())
    other = must(await trade.place(scenario=OTHER))

    assert (usual["amount_fen"], other["amount_fen"]) == (3 * 12_345, 3)


async def test_prices_in_doubt_go_on_until_they_are_cleared(trade: Trade) -> None:
    filing = await trade.priced()
    await trade.listed()

    asked = must(await do(trade, filing, "inquiries", "regulator", {"question": "成本依据？"}))
    order = must(await trade.place())
    answered = must(await do(trade, filing, "replies", "supplier", {"reply": "见成本表。"}))
    again = await do(trade, filing, "replies", "supplier", {"reply": "再答"})
    cleared = must(await do(trade, filing, "clearances", "regulator", {"reason": "依据充分"}))

    assert (asked["state"], order["state"], cleared["state"]) == (
        "under_inquiry",
        "placed",
        "effective",
    )
    assert answered["inquiry"]["reply"] == "见成本表。"
    assert code(again) == "pricing_inquiry_answered"
    assert (await clocks(trade, filing))[REPLY] == "met"
    assert "price_inquired" in await topics(trade)


async def test_an_ordered_correction_stops_new_orders_until_other_prices_are_in_effect(
    trade: Trade,
) -> None:
    filing = await trade.priced()
    await trade.listed()
    must(await do(trade, filing, "inquiries", "regulator", {"question": "成本依据？"}))

    ordered = must(await do(trade, filing, "corrections", "regulator", {"reason": "依据不足"}))
    refused = await trade.place()
    better = must(await do(trade, filing, "amendments", "supplier", trade.filing()))["id"]
    must(await do(trade, better, "submissions", "supplier"))
    must(await trade.record(better))

    assert ordered["state"] == "suspended"
    assert code(refused) == "pricing_filing_required"
    assert (await clocks(trade, filing)) | {RECORDING: "met"} == {
        FILING: "cancelled",
        RECORDING: "met",
        REPLY: "cancelled",
    }
    assert await state(trade, filing) == "superseded"
    must(await trade.place())
    assert "price_correction_ordered" in await topics(trade)


@pytest.mark.parametrize(
    ("step", "who", "body"),
    [
        ("inquiries", "supplier", {"question": "?"}),
        ("clearances", "supplier", {"reason": "?"}),
        ("corrections", "supplier", {"reason": "?"}),
        ("replies", "regulator", {"reply": "?"}),
    ],
)
async def test_nobody_decides_about_prices_of_its_own(
    trade: Trade, step: str, who: str, body: Any
) -> None:
    filing = await trade.priced()

    assert (await do(trade, filing, step, who, body)).status_code == 403


@pytest.mark.parametrize("step", ["replies", "clearances", "corrections"])
async def test_what_was_not_asked_is_not_decided(trade: Trade, step: str) -> None:
    filing = await trade.priced()
    who = "supplier" if step == "replies" else "regulator"
    body = {"reply": "?"} if step == "replies" else {"reason": "?"}

    assert code(await do(trade, filing, step, who, body)) == "pricing_event_not_allowed"


# ── ceilings ────────────────────────────────────────────────────────────────────────────────────


@staged
async def public_trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    return await make_trade(
        api,
        db,
        clock,
        is_listed=False,
        data_nature=DataNature.PUBLIC,
        catalogue={
            "responsible_department": "海南省气象局",
            "data_source": "自动站",
            "update_mechanism": "每小时",
            "quality_standard": "QX/T 118",
            "usage_method": "下载",
        },
    )


async def lay_down(trade: Trade, who: str = "regulator", **changes: Any) -> Any:
    return await trade.by(getattr(trade, who)).post(
        "/api/v1/price-ceilings", {"product_id": trade.product_id, "ceiling": CEILING | changes}
    )


async def test_a_ceiling_that_falls_stops_the_price_for_new_orders(public_trade: Trade) -> None:
    trade = public_trade
    filing = await trade.priced(**GUIDED, ceiling=CEILING)

    must(await lay_down(trade, amount_fen=99))

    assert await state(trade, filing) == "non_compliant"
    assert "price_above_new_ceiling" in await topics(trade)
    assert code(await trade.file(**GUIDED, ceiling=CEILING)) == "price_above_ceiling"
    told = (await trade.api.get("/api/v1/price-ceilings", product_id=trade.product_id)).json()
    assert [each["amount_fen"] for each in told] == [99]


async def test_a_ceiling_that_falls_later_stops_the_price_on_its_day(public_trade: Trade) -> None:
    trade = public_trade
    filing = await trade.priced(**GUIDED, ceiling=CEILING)
    today = trade.clock.now().date()
    must(await lay_down(trade))
    must(
        await lay_down(trade, amount_fen=99, valid_from=(today + dt.timedelta(days=1)).isoformat())
    )
    assert await state(trade, filing) == "effective"

    await trade.move_by(dt.timedelta(days=1))

    assert await state(trade, filing) == "non_compliant"


async def test_what_was_filed_above_a_ceiling_that_fell_is_a_draft_again(
    public_trade: Trade,
) -> None:
    trade = public_trade
    tomorrow = (trade.clock.now().date() + dt.timedelta(days=1)).isoformat()
    filed = must(await trade.file(**GUIDED, ceiling=CEILING, effective_from=tomorrow))["id"]

    must(await lay_down(trade, amount_fen=99))

    found = must(await trade.by(trade.supplier).get(f"/api/v1/pricing-filings/{filed}"))
    assert (found["state"], found["returned_for"]) == ("draft", ["price_above_ceiling"])
    assert (await clocks(trade, filed))[FILING] == "open"


async def test_only_the_authority_lays_down_ceilings_and_only_ones_that_can_be(
    public_trade: Trade,
) -> None:
    trade = public_trade

    assert (await lay_down(trade, "supplier")).status_code == 403
    assert code(await lay_down(trade, document_number=" ")) == "guided_price_reference_missing"
    assert code(await lay_down(trade, valid_to="2025-01-01")) == "ceiling_period_invalid"
    unknown = await trade.by(trade.regulator).post(
        "/api/v1/price-ceilings", {"product_id": str(trade.buyer.party.id), "ceiling": CEILING}
    )
    assert unknown.status_code == 404


async def test_where_filing_suffices_prices_begin_before_they_are_recorded(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = msgspec.structs.replace(trade.api.context.settings, prices_need_recording=False)
    monkeypatch.setattr(trade.api.context, "settings", settings, raising=True)
    tomorrow = (trade.clock.now().date() + dt.timedelta(days=1)).isoformat()

    filed = must(await trade.file())
    await trade.listed()
    placed = must(await trade.place())
    later = must(await trade.file(scenarios=[OTHER], effective_from=tomorrow))
    await trade.move_by(dt.timedelta(days=1))

    assert (filed["state"], filed["recorded_at"]) == ("effective", None)
    assert placed["filing_number"] == filed["filing_number"]
    assert (later["state"], await state(trade, later["id"])) == ("filed", "effective")
    recorded = must(await trade.record(filed["id"]))
    assert (recorded["state"], recorded["filing_number"]) == ("effective", filed["filing_number"])
    assert code(await trade.record(filed["id"])) == "pricing_event_not_allowed"
