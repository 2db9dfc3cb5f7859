"""What a registration costs, through HTTP: set for days to come, frozen at the submission (HN-04)."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import httpx

from catalog.kernel.local_time import local_date
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from tests.api import code
from tests.makers_changes import Changing, make_changing
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

scene = staged(make_scene)


def day(scene: Scene, days: int) -> str:
    return (local_date(scene.clock.now()) + dt.timedelta(days=days)).isoformat()


async def set_price(scene: Scene, **changes: Any) -> httpx.Response:
    body = {
        "application_kind": "change",
        "amount_fen": 20_000,
        "effective_on": day(scene, 1),
        "legal_basis": "琼发改收费〔2026〕1号",
        "reason": "公布收费标准",
    }
    return await scene.by(scene.issuer).post("/api/v1/fee-schedule/prices", body | changes)


async def price_today(scene: Scene, kind: str = "change") -> int:
    shown = must(await scene.api.get("/api/v1/fee-schedule"))
    return int(next(p["amount_fen"] for p in shown["prices"] if p["application_kind"] == kind))


async def charged(scene: Scene) -> tuple[Changing, str, dict[str, Any]]:
    changing = await make_changing(scene)
    must(await set_price(scene))
    await scene.move_past(local_date(scene.clock.now()))
    change = await changing.submitted()
    (fee,) = must(await scene.by(scene.supplier).get(f"/api/v1/fees?subject_id={change}"))["items"]
    return changing, change, dict(fee)


async def test_everything_costs_nothing_until_a_price_is_set(scene: Scene) -> None:
    shown = must(await scene.api.get("/api/v1/fee-schedule"))

    assert [p["application_kind"] for p in shown["prices"]] == [
        "first",
        "change",
        "transfer",
        "deregistration",
        "renewal",
        "reissue",
    ]
    assert {p["amount_fen"] for p in shown["prices"]} == {0}
    assert shown["history"] == []


async def test_a_price_stands_from_its_day_and_ends_the_one_before(scene: Scene) -> None:
    must(await set_price(scene))
    must(await set_price(scene, amount_fen=30_000, effective_on=day(scene, 10)))
    before = await price_today(scene)
    await scene.move_past(local_date(scene.clock.now()))
    first = await price_today(scene)
    await scene.move_past(local_date(scene.clock.now()) + dt.timedelta(days=8))

    assert (before, first, await price_today(scene)) == (0, 20_000, 30_000)
    history = must(await scene.api.get("/api/v1/fee-schedule"))["history"]
    assert history[0]["ends_on"] == history[1]["effective_on"]


async def test_prices_are_neither_retroactive_nor_overlapping_nor_without_a_reason(
    scene: Scene,
) -> None:
    today = await set_price(scene, effective_on=day(scene, 0))
    backwards = await set_price(scene, effective_on=day(scene, 5), ends_on=day(scene, 5))
    silent = await set_price(scene, reason=" ")
    must(await set_price(scene, effective_on=day(scene, 5), ends_on=day(scene, 10)))
    inside = await set_price(scene, effective_on=day(scene, 9))
    must(await set_price(scene, application_kind="first", effective_on=day(scene, 9)))
    stranger = await scene.by(scene.supplier).post("/api/v1/fee-schedule/prices", {})

    assert code(today) == "fee_not_retroactive"
    assert code(backwards) == "fee_interval_invalid"
    assert code(silent) == "fee_reason_missing"
    assert code(inside) == "fee_interval_overlaps"
    assert stranger.status_code == 403


async def test_of_two_prices_at_once_for_the_same_days_one_stands(scene: Scene) -> None:
    answers = await asyncio.gather(set_price(scene), set_price(scene, amount_fen=1))

    assert sorted(answer.status_code for answer in answers) == [201, 409]


async def test_the_fee_is_frozen_at_the_submission(scene: Scene) -> None:
    _, _, fee = await charged(scene)
    must(await set_price(scene, amount_fen=90_000))
    await scene.move_past(local_date(scene.clock.now()))

    (found,) = must(await scene.by(scene.supplier).get("/api/v1/fees?status=due"))["items"]

    assert await price_today(scene) == 90_000
    assert (found["amount_fen"], found["state"]) == (20_000, "due")
    assert found["id"] == fee["id"]


async def test_an_unpaid_fee_does_not_stop_the_acceptance_by_default(scene: Scene) -> None:
    changing, change, _ = await charged(scene)

    must(await changing.accept(change))

    assert await changing.state(change) == "accepted"


async def test_a_fee_is_paid_once_with_its_receipt_and_may_be_given_back(scene: Scene) -> None:
    _, _, fee = await charged(scene)
    path = f"/api/v1/fees/{fee['id']}"
    issuer = scene.by(scene.issuer)

    bare = await issuer.post(f"{path}/payments", {"receipt": " "})
    paid = must(await issuer.post(f"{path}/payments", {"receipt": "非税票据 0001"}))
    twice = await issuer.post(f"{path}/payments", {"receipt": "非税票据 0002"})
    silent = await issuer.post(f"{path}/refunds", {"receipt": "退 0001", "reason": " "})
    back = must(await issuer.post(f"{path}/refunds", {"receipt": "退 0001", "reason": "误收"}))
    unknown = await issuer.post(f"/api/v1/fees/{scene.product_id}/payments", {"receipt": "x"})

    assert code(bare) == "fee_receipt_missing"
    assert (paid["state"], back["state"]) == ("paid", "refunded")
    assert code(twice) == "fee_event_not_allowed"
    assert code(silent) == "fee_reason_missing"
    assert unknown.status_code == 404


async def test_a_fee_is_let_off_with_a_reason(scene: Scene) -> None:
    _, _, fee = await charged(scene)
    path = f"/api/v1/fees/{fee['id']}/waivers"

    waived = must(await scene.by(scene.issuer).post(path, {"reason": "小微企业减免"}))

    assert waived["state"] == "waived"


async def test_the_fee_of_a_withdrawn_application_is_asked_for_no_more(scene: Scene) -> None:
    changing, change, _ = await charged(scene)

    must(await changing.step(change, "withdrawals", scene.supplier, {"reason": "不改了"}))

    (fee,) = must(await scene.by(scene.supplier).get(f"/api/v1/fees?subject_id={change}"))["items"]
    assert fee["state"] == "dropped"


async def test_nobody_sees_the_fees_of_others(scene: Scene) -> None:
    await charged(scene)

    seen = must(await scene.by(scene.objector).get("/api/v1/fees"))

    assert seen["items"] == []


async def test_a_first_registration_has_its_fee_and_waits_for_it_if_that_was_set(
    scene: Scene,
) -> None:
    tomorrow = day(scene, 1)
    must(await set_price(scene, application_kind="first"))
    must(
        await scene.by(scene.regulator).post(
            f"/api/v1/rulebooks/{HAINAN_2023.code}/settings",
            {
                "name": "unpaid_fee_stops_acceptance",
                "value": True,
                "effective_from": tomorrow,
                "reason": "先缴后办",
            },
        )
    )
    await scene.move_past(local_date(scene.clock.now()))
    application = await scene.submitted()
    path = f"/api/v1/fees?subject_id={application}"
    (fee,) = must(await scene.by(scene.supplier).get(path))["items"]

    early = await scene.accept(application)
    must(
        await scene.by(scene.issuer).post(
            f"/api/v1/fees/{fee['id']}/payments", {"receipt": "非税票据 0003"}
        )
    )
    must(await scene.accept(application))

    assert (fee["application_kind"], fee["amount_fen"]) == ("first", 20_000)
    assert code(early) == "fee_unpaid"


async def test_the_fee_of_a_withdrawn_first_registration_is_asked_for_no_more(
    scene: Scene,
) -> None:
    must(await set_price(scene, application_kind="first"))
    await scene.move_past(local_date(scene.clock.now()))
    application = await scene.submitted()

    must(
        await scene.by(scene.supplier).post(
            f"/api/v1/applications/{application}/withdrawals", {"reason": "不办了"}
        )
    )

    (fee,) = must(await scene.by(scene.supplier).get("/api/v1/fees"))["items"]
    assert fee["state"] == "dropped"
