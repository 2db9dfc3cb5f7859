"""What a complaint freezes, holds and decides in the trade: listings, keys, money, evidence (§6.3, §6.8)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import asyncpg
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.complaints import filing
from market.complaints.model import Kind
from market.identity.model import Capacity
from tests.api import Api, code
from tests.makers_identity import Member, make_party
from tests.makers_portal import put_on_offer
from tests.makers_registration import Scene, make_scene, must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

PATH = "/api/v1/complaints"
UPHELD = {"outcome": "upheld", "findings": "查证属实"}


trade = staged(make_trade)


async def step(
    scene: Scene, who: Member, complaint: str, name: str, body: dict[str, Any] | None = None
) -> Any:
    return await scene.by(who).post(f"{PATH}/{complaint}/{name}", body)


async def investigated(scene: Scene, who: Member, **said: Any) -> str:
    """Return a complaint that the adjudicator investigates, and both sides of which were heard."""
    body = {"kind": "misuse_or_leak", "about": "product", "facts": "数据被转卖", **said}
    made = must(await scene.by(who).post(PATH, body))
    must(await step(scene, scene.adjudicator, made["id"], "triages", {"decision": "accept"}))
    must(await step(scene, scene.adjudicator, made["id"], "investigations"))
    must(await step(scene, scene.supplier, made["id"], "statements", {"text": "并无此事。"}))
    return str(made["id"])


async def test_each_of_the_nine_kinds_is_taken_by_the_house_whose_it_is_and_followed_by_its_code(
    trade: Trade,
) -> None:
    agency = await make_party(trade.db, Capacity.COMPLIANCE_AGENCY, now=trade.clock.now())
    things: dict[Kind, tuple[str, str | None]] = {
        Kind.PRODUCT_QUALITY: ("product", trade.product_id),
        Kind.PERSONAL_INFORMATION: ("product", trade.product_id),
        Kind.MISUSE_OR_LEAK: ("order", await trade.placed()),
        Kind.PRICE: ("product", trade.product_id),
        Kind.OPERATOR_CONDUCT: ("operator", None),
        Kind.AGENCY_CONDUCT: ("agency", str(agency.id)),
        Kind.DISCRIMINATION: ("party", str(trade.supplier.party.id)),
        Kind.OWNERSHIP: ("product", trade.product_id),
        Kind.DATA_CONTENT_ERROR: ("product", trade.product_id),
    }
    assert set(things) == set(Kind)

    for kind, (about, thing) in things.items():
        said = {"kind": kind.value, "about": about, "about_id": thing, "facts": "情况属实"}
        made = must(await trade.by(trade.buyer).post(PATH, said))
        found = must(
            await trade.api.post(
                "/api/v1/complaint-lookups", {"number": made["number"], "secret": made["secret"]}
            )
        )
        of_authority = kind is Kind.OPERATOR_CONDUCT
        handler = trade.regulator if of_authority else trade.adjudicator
        seen = must(await trade.by(handler).get(f"{PATH}/{made['id']}"))

        assert (found["kind"], found["state"]) == (kind.value, "received")
        assert seen["house"] == ("authority" if of_authority else "supermarket_operator")


async def freeze(trade: Trade, complaint: str, kind: str, target: str) -> Any:
    body = {"kind": kind, "target_id": target, "risk": "仍在继续"}
    return await step(trade, trade.adjudicator, complaint, "measures", body)


async def lift(trade: Trade, complaint: str, kind: str, target: str, **more: Any) -> Any:
    body = {"kind": kind, "target_id": target, "reason": "风险消除"} | more
    return await step(trade, trade.adjudicator, complaint, "liftings", body)


async def escrow_state(trade: Trade, order: str, owner_dsn: str) -> str:
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute("SELECT set_config('app.clearance', 'system', false)")
        return str(
            await connection.fetchval(
                "SELECT state FROM settlement.escrows WHERE order_id = $1::uuid", order
            )
        )
    finally:
        await connection.close()


async def test_a_disputed_delivery_is_a_complaint_and_its_money_waits_for_the_decision(
    trade: Trade, owner_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filing, "MOST_OF_ONE_A_DAY", 0)  # no limit keeps a buyer from objecting
    order = await trade.delivered()
    must(await trade.step(order, "issues", trade.buyer, reason="缺三月数据"))
    (made,) = must(await trade.by(trade.adjudicator).get(PATH))["items"]
    assert (made["about_id"], made["kind"], made["facts"]) == (
        order,
        "product_quality",
        "缺三月数据",
    )
    assert made["complainant_party_id"] == str(trade.buyer.party.id)

    must(await step(trade, trade.adjudicator, made["id"], "triages", {"decision": "accept"}))
    must(await step(trade, trade.adjudicator, made["id"], "investigations"))
    await trade.move_by(dt.timedelta(days=20))
    assert await escrow_state(trade, order, owner_dsn) == "disputed"
    unruled = await step(trade, trade.adjudicator, made["id"], "resolutions", UPHELD)
    ruled = UPHELD | {"ruling": "for_buyer"}
    must(await step(trade, trade.adjudicator, made["id"], "resolutions", ruled))

    assert code(unruled) == "complaint_ruling_unclear"
    assert (await trade.order(order))["state"] == "terminated"
    assert await escrow_state(trade, order, owner_dsn) == "refunded"


async def test_a_dispute_that_is_resolved_at_the_order_decides_its_complaint_too(
    trade: Trade,
) -> None:
    order = await trade.delivered()
    must(await trade.step(order, "issues", trade.buyer, reason="缺数据"))
    told = {"ruling": "for_supplier", "reason": "数据齐全"}
    position = {"text": "三月数据已随同交付。"}

    unheard = await trade.step(order, "resolutions", trade.adjudicator, **told)
    foreign = await trade.step(order, "statements", trade.stranger, **position)
    must(await trade.step(order, "statements", trade.supplier, **position))
    twice = await trade.step(order, "statements", trade.supplier, **position)
    must(await trade.step(order, "resolutions", trade.adjudicator, **told))
    over = await trade.step(order, "statements", trade.buyer, **position)

    assert code(unheard) == "complaint_not_heard"
    assert (foreign.status_code, over.status_code) == (404, 404)
    assert code(twice) == "complaint_position_stated"

    (made,) = must(await trade.by(trade.adjudicator).get(PATH))["items"]
    assert (made["state"], made["outcome"], made["findings"]) == (
        "resolved",
        "not_upheld",
        "数据齐全",
    )
    assert made["evidence"]["entries"]
    assert (await trade.order(order))["state"] == "accepted"
    again = await trade.step(order, "resolutions", trade.adjudicator, **told)
    assert code(again) == "order_event_not_allowed"


async def test_a_complaint_that_is_open_already_is_not_doubled_by_the_dispute(
    trade: Trade,
) -> None:
    order = await trade.delivered()
    said = {"kind": "product_quality", "about": "order", "about_id": order, "facts": "缺数据"}
    must(await trade.by(trade.buyer).post(PATH, said))
    must(await trade.step(order, "issues", trade.buyer, reason="缺数据"))
    strange = await trade.by(trade.stranger).post(PATH, said)
    of_staff = await trade.by(trade.adjudicator).post(PATH, said)
    of_supplier = must(await trade.by(trade.supplier).post(PATH, said | {"kind": "misuse_or_leak"}))

    found = must(await trade.by(trade.adjudicator).get(PATH))["items"]
    assert len(found) == 2
    by_id = {each["id"]: each["against_party_id"] for each in found}
    assert by_id[of_supplier["id"]] == str(trade.buyer.party.id)  # the other side of the order
    assert [strange.status_code, of_staff.status_code] == [404, 404]


async def test_a_frozen_listing_is_not_ordered_until_it_is_lifted(trade: Trade) -> None:
    complaint = await investigated(trade, trade.stranger, about_id=trade.product_id)
    (listing,) = must(await trade.by(trade.adjudicator).get("/api/v1/listings"))["items"]

    must(await freeze(trade, complaint, "freeze_listing", listing["id"]))
    twice = await freeze(trade, complaint, "freeze_listing", listing["id"])
    refused = await trade.place()
    must(await step(trade, trade.adjudicator, complaint, "resolutions", UPHELD))
    await trade.move_by(dt.timedelta(days=16))
    still = await step(trade, trade.adjudicator, complaint, "closings", {"reason": "已了结"})
    must(await lift(trade, complaint, "freeze_listing", listing["id"]))
    none = await lift(trade, complaint, "freeze_listing", listing["id"])

    assert code(twice) == "complaint_measure_stands"
    assert code(refused) == "product_not_listed"
    assert code(still) == "complaint_measure_stands"  # nor did the job close it
    assert code(none) == "complaint_measure_unknown"
    await trade.placed()
    must(await step(trade, trade.adjudicator, complaint, "closings", {"reason": "已了结"}))


async def test_frozen_keys_open_nothing_and_a_frozen_payment_goes_to_nobody(
    trade: Trade, owner_dsn: str
) -> None:
    order = await trade.delivered()
    must(await trade.step(order, "acceptances", trade.buyer))
    assert (await trade.content(order)).status_code == 200
    complaint = await investigated(trade, trade.stranger, about_id=trade.product_id)

    must(await freeze(trade, complaint, "freeze_payment", order))
    must(await freeze(trade, complaint, "freeze_keys", order))
    shut = await trade.content(order)
    await trade.move_by(dt.timedelta(days=30))
    assert await escrow_state(trade, order, owner_dsn) == "disputed"
    by_hand = await trade.by(trade.issuer).post(f"/api/v1/orders/{order}/releases")
    must(await lift(trade, complaint, "freeze_keys", order))
    must(await lift(trade, complaint, "freeze_payment", order))
    await trade.move_by(dt.timedelta(minutes=1))

    assert shut.status_code in (403, 409)
    assert by_hand.status_code == 409
    assert (await trade.content(order)).status_code == 200
    assert await escrow_state(trade, order, owner_dsn) == "released"


async def test_what_another_decision_ended_stays_as_it_is(trade: Trade) -> None:
    order = await trade.paid()
    complaint = await investigated(trade, trade.stranger, about_id=trade.product_id)
    unpaid = await trade.contracted()

    must(await freeze(trade, complaint, "freeze_keys", order))
    must(await trade.step(order, "cut-offs", trade.issuer, reason="泄露属实", for_good=True))
    gone = await lift(trade, complaint, "freeze_keys", order)
    must(await lift(trade, complaint, "freeze_keys", order, restores=False))
    no_money = await freeze(trade, complaint, "freeze_payment", unpaid)
    held = must(await freeze(trade, complaint, "freeze_payment", await trade.paid()))
    other = await investigated(trade, trade.buyer, about_id=trade.product_id)
    target = held["measures"][-1]["target_id"]
    by_another = await freeze(trade, other, "freeze_payment", target)

    assert code(gone) == "order_event_not_allowed"
    assert code(no_money) == "escrow_event_not_allowed"
    assert code(by_another) == "payout_held_already"
    assert (await trade.order(order))["state"] == "terminated"


async def test_evidence_is_held_however_old_its_case_is(
    api: Api, db: Database, clock: ManualClock
) -> None:
    scene = await make_scene(api, db, clock)
    application, number = await scene.certified()
    await put_on_offer(scene, scene.product_id)
    instrument = await award_on(scene, number)
    complaint = await investigated(scene, scene.objector, about_id=scene.product_id)
    must(await step(scene, scene.adjudicator, complaint, "resolutions", UPHELD))
    referred = {"institution": "海南仲裁委", "case_number": "1", "basis": "agreement"}
    must(await step(scene, scene.objector, complaint, "arbitrations", referred))

    early = await step(scene, scene.adjudicator, complaint, "awards", {"instrument_id": instrument})
    assert code(early) == "complaint_award_not_in_force"
    for name, who, body in (
        ("checks", scene.adjudicator, {"effective_on": "2026-03-02"}),
        ("verifications", scene.issuer, None),
        ("executions", scene.adjudicator, None),
    ):
        must(await scene.by(who).post(f"/api/v1/instruments/{instrument}/{name}", body))
    clock.move_to(dt.datetime(2060, 1, 4, 1, tzinfo=dt.UTC))
    await scene.sign_in_again()
    held = await retained(scene, application)
    must(await step(scene, scene.adjudicator, complaint, "awards", {"instrument_id": instrument}))
    must(await step(scene, scene.adjudicator, complaint, "closings", {"reason": "裁决已执行"}))
    free = await retained(scene, application)

    assert (held["is_past"], len(held["held_by"])) == (False, 1)
    assert (free["is_past"], free["held_by"]) == (True, [])


async def award_on(scene: Scene, number: str) -> str:
    body = {
        "kind": "award",
        "issuing_body": "海南仲裁委员会",
        "document_number": "（2026）海仲案字第1号",
        "issued_on": "2026-03-01",
        "effect": "against_registrant",
        "certificate_number": number,
        "file_id": await scene.upload(scene.objector, "裁决书"),
    }
    return str(must(await scene.by(scene.objector).post("/api/v1/instruments", body))["id"])


async def retained(scene: Scene, application: str) -> dict[str, Any]:
    found = must(await scene.by(scene.regulator).get("/api/v1/retained-cases"))["items"]
    (case,) = (each for each in found if each["application_id"] == application)
    return dict(case)
