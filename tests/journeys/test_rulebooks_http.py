"""Rulebooks for everybody to read; what they leave open is set for later cases, never for earlier."""

from __future__ import annotations

import datetime as dt
from typing import Any

import asyncpg
import httpx
import pytest

from tests.api import Api, code
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

HAINAN = "hn-2023-interim"
ACCEPTANCE = {"length": 4, "unit": "working_days"}


scene = staged(make_scene)


async def set_value(scene: Scene, **said: Any) -> httpx.Response:
    body = {
        "name": "objection_acceptance",
        "value": ACCEPTANCE,
        "effective_from": "2026-03-20",
        "reason": "试行",
    } | said
    return await scene.by(scene.regulator).post(f"/api/v1/rulebooks/{HAINAN}/settings", body)


async def determined(scene: Scene, number: str) -> dict[str, Any]:
    """Return the clock of the acceptance of an objection that was determined."""
    objection = must(await scene.object_to(certificate_number=number))["id"]
    by = scene.adjudicator
    must(await scene.objection_step(objection, "forwardings", by, {"receipt": "回执"}))
    answer = {
        "statement": "数据由我方采集",
        "evidence_file_ids": [await scene.upload(scene.supplier, "采集合同")],
    }
    must(await scene.objection_step(objection, "responses", scene.supplier, answer))
    decided = {"outcome": "keep", "reasons": "证据不足"}
    must(await scene.objection_step(objection, "determinations", by, decided))
    clocks = must(await scene.by(by).get("/api/v1/timers", kind="objection_acceptance"))["items"]
    (clock,) = [each for each in clocks if each["timer"]["subject_id"] == objection]
    must(await scene.objection_step(objection, "withdrawals", scene.objector, {"reason": "和解"}))
    return dict(clock["timer"])


async def test_every_value_is_shown_with_its_source_and_every_reading(api: Api) -> None:
    listed = must(await api.get("/api/v1/rulebooks"))["items"]
    shown = must(await api.get("/api/v1/rulebooks/nda-35-2026"))

    assert [each["code"] for each in listed] == [HAINAN, "ndrc-26-2025", "nda-35-2026"]
    assert shown["rulebook"]["public_notice"]["source"] == "NDA35-24"
    assert len(shown["interpretations"]) == 49
    assert "review" not in {each["name"] for each in shown["open_values"]}


async def test_a_setting_counts_for_later_cases_only(scene: Scene) -> None:
    _, earlier = await scene.certified()
    set_ = must(await set_value(scene))

    before = await determined(scene, earlier)
    await scene.move_past(dt.date(2026, 3, 20))
    still = await determined(scene, earlier)
    scene.product_id = await scene.describe(name="另一项港口气象指数")
    application, notice = await scene.in_notice()
    await scene.pass_notice(notice)
    must(await scene.authorise(application, authorisation_number="授权〔2026〕002号"))
    after = await determined(scene, must(await scene.issue(application))["number"])

    assert set_["value"] == ACCEPTANCE
    assert [each["period"]["length"] for each in (before, still, after)] == [10, 10, 4]
    shown = must(await scene.api.get(f"/api/v1/rulebooks/{HAINAN}"))
    (value,) = [e for e in shown["open_values"] if e["name"] == "objection_acceptance"]
    assert (value["default"]["length"], value["value"]["length"]) == (10, 4)
    assert [each["reason"] for each in shown["settings"]] == ["试行"]


async def test_what_can_not_be_set_changes_nothing(scene: Scene) -> None:
    by_acceptor = await scene.by(scene.acceptor).post(
        f"/api/v1/rulebooks/{HAINAN}/settings",
        {"name": "issuing", "value": None, "effective_from": "2026-03-20", "reason": "试行"},
    )
    refused = [
        await set_value(scene, name="review"),
        await set_value(scene, value={"length": 0, "unit": "days"}),
        await set_value(scene, effective_from="2026-03-02"),
        await set_value(scene, reason=" "),
        by_acceptor,
        await scene.api.get("/api/v1/rulebooks/none"),
    ]

    assert [code(each) for each in refused] == [
        "rulebook_setting_not_open",
        "rulebook_setting_invalid",
        "rulebook_setting_retroactive",
        "rulebook_setting_reason_missing",
        "permission_missing",
        "rulebook_unknown",
    ]
    assert must(await scene.api.get(f"/api/v1/rulebooks/{HAINAN}"))["settings"] == []


async def test_a_setting_is_never_edited_even_by_the_owner_of_the_table(
    scene: Scene, owner_dsn: str
) -> None:
    must(await set_value(scene))
    connection = await asyncpg.connect(owner_dsn)
    try:
        with pytest.raises(asyncpg.PostgresError):
            await connection.execute("UPDATE catalog.rulebook_settings SET reason = 'x'")
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.execute(
                "INSERT INTO catalog.rulebook_settings SELECT gen_random_uuid(), rulebook, name,"
                " value, set_at::date, reason, set_by, set_at FROM catalog.rulebook_settings"
            )
    finally:
        await connection.close()
