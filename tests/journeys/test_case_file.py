"""The file of one case: handed out, printed, and checked without the service."""

from __future__ import annotations

import datetime as dt
import json
import pathlib
from typing import Any

import msgspec
import pytest

from catalog.audit_log.export_format import Keys
from market.case_files import archive, check
from market.case_files.model import CASE, PAGE, TRACE
from tests.api import code
from tests.journeys.test_changes import let
from tests.journeys.test_encumbrances import encumber
from tests.journeys.test_instruments import referred, step, verified
from tests.journeys.test_reissue import Disputed, trade  # noqa: F401 - a fixture
from tests.journeys.test_terms import ask, decide
from tests.journeys.test_transfers import FLAG, Handing
from tests.journeys.test_transfers import scene as handing  # noqa: F401 - a fixture
from tests.makers_changes import Changing
from tests.makers_identity import Member
from tests.makers_national import NDA, go_to, offering
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged
from tests.terminal import market

scene = staged(make_scene)


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

    (entry,) = await scene.by(scene.regulator).find_in_log(action="case_file:issued")

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


def case_of(raw: bytes) -> dict[str, Any]:
    return dict(json.loads(archive.unpack(raw)[CASE]))


async def test_a_registrant_is_told_the_later_life_of_what_is_its_own_and_an_agency_is_not(
    scene: Scene,
) -> None:
    application, _ = await changed_and_judged(scene)

    own = case_of(await case_file(scene, application, scene.supplier))
    agencys = case_of(await case_file(scene, application, scene.agency))

    assert own["later"]["changes"]
    assert agencys["later"] is None
    assert agencys["not_shown"]["reader"] == "agency"
    assert "later" in agencys["not_shown"]["parts"]


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

    assert case_of(old)["later"] is None
    assert "later" in case_of(old)["not_shown"]["parts"]
    assert check.check(old).problems == ()


# ── each reader ─────────────────────────────────────────────────────────────────────────────


READERS = {
    "supplier": "own_party",
    "agency": "agency",
    "issuer": "operator",  # who keeps the file of what was issued
    "regulator": "authority",
}


@pytest.mark.parametrize("who", READERS)
async def test_the_file_of_every_reader_verifies_and_says_what_it_is_not_shown(
    scene: Scene, tmp_path: pathlib.Path, who: str
) -> None:
    application, _ = await changed_and_judged(scene)
    path = tmp_path / "case.zip"
    path.write_bytes(await case_file(scene, application, getattr(scene, who)))

    told = market("verify", path, "--json")

    assert told.returncode == 0, told.stdout + told.stderr
    verdict, case = json.loads(told.stdout), case_of(path.read_bytes())
    not_shown, counts = case["not_shown"], verdict["counts"]
    hidden = not_shown["trace"]["entries"]
    assert not_shown["reader"] == READERS[who]
    assert counts.get("entries not shown to this reader", 0) == len(hidden)
    assert counts["documents"] >= 4
    is_shown_all = who == "regulator"
    assert (hidden == []) is is_shown_all
    assert (
        any("is not shown to this reader" in note for note in verdict["notes"]) is not is_shown_all
    )
    page = archive.unpack(path.read_bytes())[PAGE].decode()
    assert ("未向领取人出示的内容" in page) is not is_shown_all
    for payload in ("payload", "salt"):
        shown = [
            entry[payload]
            for stage in json.loads(archive.unpack(path.read_bytes())[TRACE])["stages"]
            for entry in stage["entries"]
            if entry["index"] is not None
        ]
        assert shown.count(None) == len(hidden)


async def test_an_objector_has_no_case_file_of_another_s_case(scene: Scene) -> None:
    application, number = await scene.certified()
    await referred(scene, certificate_number=number)
    await scene.api.run_jobs()

    refused = await scene.by(scene.objector).get(f"/api/v1/applications/{application}/case-file")

    assert refused.status_code in (403, 404)


async def test_nothing_is_left_out_or_put_in_without_a_word(scene: Scene) -> None:
    application, _ = await changed_and_judged(scene)
    parts = archive.unpack(await case_file(scene, application, scene.agency))
    trace = json.loads(parts[TRACE])
    case = json.loads(parts[CASE])

    def refused(name: str, content: Any) -> str:
        said = check.check(archive.pack(parts | {name: json.dumps(content).encode()}))
        return " | ".join(map(str, said.problems))

    entry = trace["stages"][0]["entries"][0]
    entry["payload"], entry["salt"] = {"event": "forged"}, "AAAA"
    case["not_shown"]["trace"]["entries"].pop()

    assert "not the one that was signed" in refused(TRACE, trace)
    told = refused(CASE, case)
    assert "it is left out, and that is not said" in told
    assert "does not verify" in told


# ── what happened after the issue ───────────────────────────────────────────────────────────


async def test_an_agreement_to_hand_a_certificate_on_is_in_the_case_and_what_the_bureau_signed(
    handing: Handing,  # noqa: F811
) -> None:
    await let(handing, FLAG)
    offered = must(await handing.offer())
    must(await handing.sign(offered))
    must(await handing.authorise_transfer(offered))
    new = must(await handing.hand_over())["number"]
    (found,) = must(await handing.by(handing.regulator).get("/api/v1/applications"))["items"]

    raw = await case_file(handing, found["id"])

    verdict, (transfer,) = check.check(raw), case_of(raw)["later"]["transfers"]
    assert verdict.problems == ()
    assert verdict.counts["records of transfer_authorisation"] == 1
    assert transfer["new_certificate_number"] == new
    page = archive.unpack(raw)[PAGE].decode()
    for word in ("协议转让", "已转移，换发凭证", "授权〔2026〕转让1号", "协议转让（协议摘要"):
        assert word in page
    assert "agreement " not in page


async def test_a_reissue_and_why_it_was_is_told_in_chinese(trade: Disputed) -> None:  # noqa: F811
    must(await trade.authorise_reissue(await trade.ordered()))
    must(await trade.reissue())
    (found,) = must(await trade.by(trade.regulator).get("/api/v1/applications"))["items"]

    raw = await case_file(trade, found["id"])

    page = archive.unpack(raw)[PAGE].decode()
    assert case_of(raw)["later"]["reissues"]
    assert "的处理意见重新发放" in page
    assert "issued anew" not in page
    assert check.check(raw).problems == ()


async def test_a_renewal_is_in_the_case_with_its_days(scene: Scene) -> None:
    nda = await offering(scene, NDA, on=dt.date(2026, 7, 6))
    application, number = await nda.waived()
    await go_to(scene, dt.date(2031, 6, 30))
    request = must(await ask(scene, number))["id"]
    must(await decide(scene, request))

    raw = await case_file(scene, application)

    case = case_of(raw)
    assert [each["kind"] for each in case["later"]["requests"]] == ["renewal"]
    assert request in [each["timer"]["subject_id"] for each in case["clocks"]]
    assert check.check(raw).problems == ()
    assert "续期、注销的申请" in archive.unpack(raw)[PAGE].decode()
