"""When a contract ends the agency is evaluated from the system's own rows, and filed (HN-24)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import asyncpg
import pytest

from catalog.agencies import queries as agency_queries
from catalog.kernel.db import Database, begin
from catalog.kernel.local_time import SHANGHAI
from market.jobs import loop
from tests.api import code
from tests.makers_agencies import hold_selection
from tests.makers_identity import Member
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

ENDS_ON = dt.date(2028, 3, 2)
SAID = {
    "terms": [
        {"term": "五个工作日内出具意见", "is_kept": True},
        {"term": "专职评估人员不少于三人", "is_kept": False, "remarks": "缺一人"},
    ],
    "remarks": "总体良好",
    "points": 88,
}


scene = staged(make_scene)


async def contract_of(scene: Scene, agency: Member) -> str:
    listed = must(await scene.by(scene.issuer).get("/api/v1/agency-contracts"))["items"]
    return next(str(e["id"]) for e in listed if e["agency_party_id"] == str(agency.party.id))


async def evaluate(scene: Scene, who: Member | None = None, **said: Any) -> Any:
    contract = said.pop("contract", None) or await contract_of(scene, scene.agency)
    return await scene.by(who or scene.issuer).post(
        f"/api/v1/agency-contracts/{contract}/evaluations", SAID | said
    )


async def ended(scene: Scene) -> None:
    """Let the contracts end, and the job find it."""
    await scene.move_past(ENDS_ON, 60)
    await scene.api.run_jobs()


async def filed(scene: Scene) -> str:
    evaluation = str(must(await evaluate(scene))["id"])
    must(await scene.by(scene.issuer).post(f"/api/v1/agency-evaluations/{evaluation}/filings"))
    return evaluation


async def standing(scene: Scene) -> list[str]:
    return list(must(await scene.by(scene.regulator).get("/api/v1/agency-standing"))["flags"])


async def test_an_agency_is_evaluated_from_the_systems_own_rows_and_filed(scene: Scene) -> None:
    application = await scene.under_review()
    must(await scene.technical_opinion(application))
    scene.clock.move_to(dt.datetime(2026, 3, 5, 9, tzinfo=SHANGHAI))
    await scene.sign_in_again()
    must(await scene.compliance_opinion(application))
    scene.product_id = await scene.describe(name="另一产品")
    declined = await scene.under_review()
    must(await scene.declare(declined, has_conflict=True, statement="曾提供咨询"))
    contract = await contract_of(scene, scene.agency)
    must(
        await scene.by(scene.regulator).post(
            f"/api/v1/agency-contracts/{contract}/misconducts",
            {"misconduct": "misleading_statement", "facts": "表述不实", "measure": "flag"},
        )
    )
    await ended(scene)
    due = must(await scene.by(scene.issuer).get("/api/v1/work-queue", kind="agency_evaluation"))

    made = must(await evaluate(scene))

    assert [each["case_number"] for each in due["items"]] == ["HT-2026-0", "HT-2026-1"]
    assert made["state"] == "evaluated"
    document = made["document"]
    assert document["timeliness"] == {
        "cases": 2, "opinions": 1, "declined": 1, "lost": 0, "median_working_days": 3,
        "maximum_working_days": 3, "overdue": 0, "on_time_bps": 10_000,
    }  # fmt: skip
    assert [each["misconduct"] for each in document["incidents"]] == ["misleading_statement"]
    assert [each["is_kept"] for each in document["terms"]] == [True, False]
    path = f"/api/v1/agency-evaluations/{made['id']}"
    assert (await scene.by(scene.agency).get(path)).status_code == 404  # not filed yet
    must(await scene.by(scene.issuer).post(f"{path}/filings"))
    seen = must(await scene.by(scene.agency).get(path))
    assert (seen["state"], seen["document"]["points"]) == ("filed", 88)
    assert (await scene.by(scene.other_agency).get(path)).status_code == 404
    for who in (scene.agency, scene.regulator):
        told = must(await scene.by(who).get("/api/v1/my/notifications"))["items"]
        assert told[0]["topic"] == "agency_evaluation_filed"
    listed = must(await scene.by(scene.agency).get("/api/v1/agency-evaluations"))["items"]
    assert [each["id"] for each in listed] == [made["id"]]
    met = must(
        await scene.by(scene.regulator).get(
            "/api/v1/timers", kind="agency_evaluation", timer_state="met"
        )
    )["items"]
    assert len(met) == 1


async def test_nobody_is_evaluated_before_the_end_nor_twice(scene: Scene) -> None:
    early = await evaluate(scene)
    scene.clock.move_to(dt.datetime(2028, 3, 3, 0, 0, 1, tzinfo=SHANGHAI))
    await scene.sign_in_again()
    must(await evaluate(scene))  # the job has not come to it yet
    twice = await evaluate(scene)
    await scene.api.run_jobs()

    assert (early.status_code, code(early)) == (409, "agency_contract_not_ended")
    assert code(twice) == "agency_evaluation_event_not_allowed"
    listed = must(await scene.by(scene.issuer).get("/api/v1/agency-evaluations"))["items"]
    assert sorted(each["state"] for each in listed) == ["due", "evaluated"]


async def test_an_evaluation_is_whole_and_the_operators_own(scene: Scene) -> None:
    await ended(scene)

    for said, missing in (
        ({"terms": []}, ["合同约定"]),
        ({"terms": [{"term": " ", "is_kept": True}]}, ["合同约定"]),
        ({"remarks": " ", "points": 101}, ["评价意见", "评分"]),
        ({"points": -1}, ["评分"]),
    ):
        refused = await evaluate(scene, **said)
        assert code(refused) == "agency_evaluation_incomplete"
        assert all(name in refused.json()["detail"] for name in missing)
    assert code(await evaluate(scene, scene.regulator)) == "permission_missing"
    foreign = await evaluate(scene, contract=str(uuid.uuid4()))
    assert (foreign.status_code, code(foreign)) == (404, "not_found")
    listed = must(await scene.by(scene.issuer).get("/api/v1/agency-evaluations"))["items"]
    assert {each["state"] for each in listed} == {"due"}


async def test_a_filing_is_acknowledged_once_by_the_bureau(scene: Scene) -> None:
    await ended(scene)
    evaluation = str(must(await evaluate(scene))["id"])
    path = f"/api/v1/agency-evaluations/{evaluation}"
    bureau = scene.by(scene.regulator)
    receipt = {"filing_number": "备案〔2028〕1号"}

    unfiled = await bureau.post(f"{path}/acknowledgements", receipt)
    must(await scene.by(scene.issuer).post(f"{path}/filings"))
    again = await scene.by(scene.issuer).post(f"{path}/filings")
    blank = await bureau.post(f"{path}/acknowledgements", {"filing_number": " "})
    done = must(await bureau.post(f"{path}/acknowledgements", receipt))
    twice = await bureau.post(f"{path}/acknowledgements", receipt)

    for refused in (unfiled, again, twice):
        assert code(refused) == "agency_evaluation_event_not_allowed"
    assert code(blank) == "filing_number_missing"
    assert (done["state"], done["filing_number"]) == ("acknowledged", "备案〔2028〕1号")
    own = await scene.by(scene.issuer).post(f"{path}/acknowledgements", receipt)
    assert code(own) == "permission_missing"
    for step, who, body in (
        ("filings", scene.issuer, None), ("acknowledgements", scene.regulator, receipt),
    ):  # fmt: skip
        unknown = await scene.by(who).post(
            f"/api/v1/agency-evaluations/{uuid.uuid4()}/{step}", body
        )
        assert unknown.status_code == 404


async def test_without_its_evaluation_an_agency_is_flagged_and_not_contracted_anew(
    scene: Scene, db: Database
) -> None:
    won = await hold_selection(
        db,
        operator=scene.issuer.actor,
        agencies=[scene.agency.actor, scene.other_agency.actor],
        now=dt.datetime(2028, 2, 1, 9, tzinfo=SHANGHAI),
        sign=lambda: loop._sequence(scene.api.context),
        selection_number="比选〔2028〕1号",
    )
    await ended(scene)
    contract = {
        "agency_party_id": str(scene.agency.party.id),
        "selection_id": str(won.id),
        "contract_number": "HT-2028-0",
        "starts_on": "2028-03-03",
    }
    before = await standing(scene)
    await scene.move_past(dt.date(2028, 4, 30), 60)  # far more than twenty working days
    late = await standing(scene)

    refused = await scene.by(scene.issuer).post("/api/v1/agency-contracts", contract)
    await filed(scene)
    must(await scene.by(scene.issuer).post("/api/v1/agency-contracts", contract))

    assert before == ["fewer_than_two_agencies"]
    assert late == ["fewer_than_two_agencies", "evaluation_missing"]
    assert (refused.status_code, code(refused)) == (409, "evaluation_missing")
    async with begin(db, scene.issuer.actor) as tx:
        parties = [scene.agency.party.id, scene.other_agency.party.id]
        points = await agency_queries.last_points(tx, agencies=parties)
    assert points == {scene.agency.party.id: 88}


async def test_what_was_signed_is_never_altered(scene: Scene, owner_dsn: str) -> None:
    await ended(scene)
    must(await evaluate(scene))
    owner = await asyncpg.connect(owner_dsn)
    try:
        with pytest.raises(asyncpg.RestrictViolationError, match="never altered"):
            await owner.execute(
                "UPDATE catalog.agency_evaluations SET sha256 = $1 WHERE document IS NOT NULL",
                "ab" * 32,
            )
    finally:
        await owner.close()
