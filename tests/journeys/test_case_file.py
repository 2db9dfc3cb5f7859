"""The file of one case: handed out, printed, and checked without the service."""

from __future__ import annotations

import json
import pathlib

import msgspec
import pytest

from catalog.audit_log.export_format import Keys
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.case_files import archive, check
from market.case_files.model import CASE, PAGE
from tests.api import Api, code
from tests.journeys.test_encumbrances import encumber
from tests.journeys.test_instruments import referred, step, verified
from tests.makers_changes import Changing
from tests.makers_identity import Member
from tests.makers_registration import Scene, make_scene, must
from tests.terminal import market


@pytest.fixture
async def scene(api: Api, db: Database, clock: ManualClock) -> Scene:
    return await make_scene(api, db, clock)


async def case_file(scene: Scene, application: str, who: Member | None = None) -> bytes:
    await scene.api.run_jobs()
    answer = await scene.by(who or scene.regulator).get(
        f"/api/v1/applications/{application}/case-file"
    )
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    return answer.content


async def test_a_case_is_checked_with_nothing_but_its_file(
    scene: Scene, tmp_path: pathlib.Path
) -> None:
    application, number = await scene.certified()
    await referred(scene, certificate_number=number)
    path = tmp_path / "case.zip"
    path.write_bytes(await case_file(scene, application))

    told = market("verify", path, "--json")

    assert told.returncode == 0, told.stdout + told.stderr
    verdict = json.loads(told.stdout)
    assert verdict["genuine"] is True
    counts = verdict["counts"]
    assert (counts["case file"], counts["documents"], counts["submissions"]) == (1, 4, 1)
    assert counts["deadlines counted again"] >= 8
    assert counts["signatures"] >= 3
    assert counts["entries"] >= 15


async def test_it_is_checked_with_keys_that_one_knows(scene: Scene) -> None:
    application, _ = await scene.certified()
    raw = await case_file(scene, application)
    known = (await scene.api.get("/api/v1/keys")).content

    verdict = check.check(raw, keys=msgspec.json.decode(known, type=Keys))

    assert verdict.problems == ()
    assert not any("--keys" in note for note in verdict.notes)


async def test_the_page_is_for_people(scene: Scene) -> None:
    application, number = await scene.certified()

    page = archive.unpack(await case_file(scene, application))[PAGE].decode()

    for told in (
        "数据产品确权登记卷宗",
        number,
        "公示：2026-03-11 届满，按期办结",
        "3月7日<br>休息日，不计",
        "技术审查意见书",
        "国办发明电〔2025〕7号",
    ):
        assert told in page
    assert "None" not in page


async def test_who_does_not_see_the_case_does_not_get_its_file(scene: Scene) -> None:
    application, _ = await scene.certified()
    await scene.api.run_jobs()
    path = f"/api/v1/applications/{application}/case-file"

    own = await scene.by(scene.supplier).get(path)
    foreign = await scene.by(scene.other_agency).get(path)
    buyer = await scene.by(scene.objector).get(path)
    public = await scene.api.get(path)

    assert own.status_code == 200
    assert (foreign.status_code, code(foreign)) == (404, "not_found")
    assert (buyer.status_code, code(buyer)) == (403, "permission_missing")
    assert (public.status_code, code(public)) == (401, "unauthenticated")


async def test_that_it_was_handed_out_is_remembered(scene: Scene) -> None:
    application, _ = await scene.certified()
    await case_file(scene, application)

    found = (
        await scene.by(scene.regulator).get("/api/v1/audit-entries", event="case_file:issued")
    ).json()

    (entry,) = found["items"]
    assert {"kind": "application", "id": application} in entry["subjects"]


async def changed_and_judged(scene: Scene) -> tuple[str, str]:
    """Return a case whose certificate was changed, pledged and brought to a judgment."""
    application, number = await scene.certified()
    changing = Changing(scene, number)
    new = must(await changing.issue(await changing.authorised()))["number"]
    must(await encumber(scene, new))
    await verified(scene, certificate_number=new, effect="for_registrant")
    return application, new


async def test_the_later_life_of_a_certificate_is_in_its_case_and_checked_with_it(
    scene: Scene, tmp_path: pathlib.Path
) -> None:
    application, new = await changed_and_judged(scene)
    raw = await case_file(scene, application)
    path = tmp_path / "case.zip"
    path.write_bytes(raw)

    told = market("verify", path, "--json")

    assert told.returncode == 0, told.stdout + told.stderr
    counts = json.loads(told.stdout)["counts"]
    # Both opinions and the authorisation of the first registration, and those of the change.
    assert counts["records of technical_opinion"] == 2
    assert counts["records of issuance_authorisation"] == 2
    later = json.loads(archive.unpack(raw)[CASE])["later"]
    (change,) = later["changes"]
    assert change["change"]["new_certificate_number"] == new
    assert [each["kind"] for each in later["encumbrances"]] == ["pledge"]
    assert [each["state"] for each in later["instruments"]] == ["effective"]
    page = archive.unpack(raw)[PAGE].decode()
    for word in ("发证后事项", "质押", "（2026）示01民终1号", "九、期限"):
        assert word in page


async def test_a_registrant_is_told_the_later_life_of_what_is_its_own_and_an_agency_is_not(
    scene: Scene,
) -> None:
    application, _ = await changed_and_judged(scene)

    own = await case_file(scene, application, scene.supplier)
    agencys = await case_file(scene, application, scene.agency)

    assert json.loads(archive.unpack(own)[CASE])["later"]["changes"]
    assert json.loads(archive.unpack(agencys)[CASE])["later"] is None


async def test_a_case_whose_certificate_went_to_another_tells_its_old_registrant_no_later_life(
    scene: Scene,
) -> None:
    application, number = await scene.certified()
    instrument = await verified(
        scene,
        certificate_number=number,
        effect="new_holder",
        new_holder_party_id=str(scene.objector.party.id),
    )
    must(await step(scene, instrument, "transfers", scene.objector))

    old = await case_file(scene, application, scene.supplier)

    assert json.loads(archive.unpack(old)[CASE])["later"] is None
