"""Objections to certificates under 国数综政策〔2026〕35号 第二十九条: complete, told, admitted or contested."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest

from catalog.rulebooks.steps import Step
from tests.api import code
from tests.makers_identity import Member
from tests.makers_national import NDA, NDRC, National, cited, go_to, offering, run_jobs
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

MONDAY = dt.date(2026, 7, 6)
RENAMED = "数据产品（更正）"


class Disputed:
    """A certificate under 35号, and an objection to it."""

    def __init__(self, national: National, number: str, objection: str) -> None:
        self.national, self.number, self.objection = national, number, objection
        self.scene = national.scene

    async def step(self, step: str, who: Member, body: dict[str, Any]) -> httpx.Response:
        return await self.scene.objection_step(self.objection, step, who, body)

    async def ask(self, *missing: str, who: Member | None = None) -> httpx.Response:
        by = who or self.scene.adjudicator
        return await self.step("material-requests", by, {"missing": list(missing)})

    async def complete(self, who: Member | None = None) -> httpx.Response:
        by = who or self.scene.objector
        file = await self.scene.upload(by, "权属证明")
        return await self.step("completions", by, {"evidence_file_ids": [file]})

    async def forward(self) -> None:
        must(await self.step("forwardings", self.scene.adjudicator, {"receipt": "回执"}))

    async def admit(
        self, statement: str = "认可，名称有误", who: Member | None = None
    ) -> httpx.Response:
        return await self.step("admissions", who or self.scene.supplier, {"statement": statement})

    async def determine(self, outcome: str, **said: Any) -> httpx.Response:
        body = {"outcome": outcome, "reasons": "依据双方材料"} | said
        return await self.step("determinations", self.scene.adjudicator, body)

    async def read(self) -> dict[str, Any]:
        by = self.scene.by(self.scene.objector)
        return must(await by.get(f"/api/v1/objections/{self.objection}"))

    async def certificate(self) -> dict[str, Any]:
        return must(await self.scene.api.get(f"/api/v1/certificates/{self.number}"))

    async def inbox(self, who: Member) -> list[str]:
        listed = must(await self.scene.by(who).get("/api/v1/my/notifications"))
        return [each["topic"] for each in listed["items"]]

    async def timers(self, kind: str) -> list[dict[str, Any]]:
        found = must(
            await self.scene.by(self.scene.regulator).get(
                "/api/v1/timers", kind=kind, subject_id=self.objection, timer_state="cancelled"
            )
        )
        return [each["timer"] for each in found["items"]]


async def disputed_under(scene: Scene, rulebook: str) -> Disputed:
    national = await offering(scene, rulebook, on=MONDAY)
    _, number = await national.certified()
    objection = str(must(await scene.object_to(certificate_number=number))["id"])
    return Disputed(national, number, objection)


scene = staged(make_scene)


@pytest.fixture
async def disputed(scene: Scene) -> Disputed:
    return await disputed_under(scene, NDA)


# ── complete ────────────────────────────────────────────────────────────────────────────────


async def test_the_five_days_run_from_the_day_on_which_everything_is_there(
    disputed: Disputed,
) -> None:
    scene = disputed.scene
    must(await disputed.ask("权属证明", "身份证明"))
    asked = await disputed.read()
    await go_to(scene, dt.date(2026, 9, 23))

    completed = must(await disputed.complete())

    assert (asked["state"], asked["completion"]["missing"]) == (
        "incomplete",
        ["权属证明", "身份证明"],
    )
    assert (completed["state"], len(completed["evidence"])) == ("received", 2)
    # Mid-autumn and the national days lie between: 24, 28, 29, 30 September and 8 October.
    clock = await disputed.national.clock_of(disputed.objection, "objection_forwarding")
    assert (clock["started_on"], clock["due_on"]) == ("2026-09-23", "2026-10-08")
    assert completed["forward_due_on"] == "2026-10-08"
    assert [each["state"] for each in await disputed.timers("objection_forwarding")] == [
        "cancelled"
    ]
    assert (await disputed.inbox(scene.objector))[0] == "objection_incomplete"
    await disputed.forward()
    seen = must(await scene.by(scene.supplier).get(f"/api/v1/objections/{disputed.objection}"))
    assert len(seen["evidence"]) == 2


async def test_an_objection_is_told_a_second_before_the_sixth_day_in_time_and_then_late(
    disputed: Disputed,
) -> None:
    scene = disputed.scene
    clock = await disputed.national.clock_of(disputed.objection, "objection_forwarding")
    last = dt.datetime.fromisoformat(clock["ends_at"])
    scene.clock.move_to(last - dt.timedelta(seconds=1))
    await scene.sign_in_again()
    await disputed.forward()
    in_time = await disputed.national.clock_of(
        disputed.objection, "objection_forwarding", timer_state="met"
    )
    scene.product_id = await scene.describe(name="另一产品")
    _, number = await disputed.national.certified()
    late = Disputed(
        disputed.national,
        number,
        str(must(await scene.object_to(certificate_number=number))["id"]),
    )
    clock = await disputed.national.clock_of(late.objection, "objection_forwarding")
    scene.clock.move_to(dt.datetime.fromisoformat(clock["ends_at"]))
    await run_jobs(scene)
    await late.forward()

    after = await disputed.national.clock_of(
        late.objection, "objection_forwarding", timer_state="met_late"
    )

    assert in_time["met_at"] < in_time["ends_at"]
    assert after["met_at"] >= after["ends_at"]


async def test_nobody_completes_what_was_not_asked_for_or_is_not_its_own(
    disputed: Disputed,
) -> None:
    scene = disputed.scene
    unasked = await disputed.complete()
    unnamed = await disputed.ask(" ")
    strangers = await disputed.ask("权属证明", who=scene.supplier)
    must(await disputed.ask("权属证明"))
    twice = await disputed.ask("权属证明")
    foreign = await disputed.complete(scene.supplier)
    empty = await disputed.step("completions", scene.objector, {"evidence_file_ids": []})
    early = await disputed.step("forwardings", scene.adjudicator, {"receipt": "回执"})

    assert [code(each) for each in (unasked, twice, early)] == ["objection_event_not_allowed"] * 3
    assert code(unnamed) == "objection_missing_material_unnamed"
    assert code(strangers) == "permission_missing"
    assert foreign.status_code == 404
    assert code(empty) == "objection_evidence_missing"
    assert (await disputed.read())["state"] == "incomplete"


async def test_what_is_never_completed_is_rejected_or_taken_back_and_may_be_filed_again(
    disputed: Disputed,
) -> None:
    scene = disputed.scene
    must(await disputed.ask("权属证明"))
    must(await disputed.step("rejections", scene.adjudicator, {"reason": "逾期未补齐"}))
    disputed.objection = str(must(await scene.object_to(certificate_number=disputed.number))["id"])
    must(await disputed.ask("权属证明"))
    must(await disputed.step("withdrawals", scene.objector, {"reason": "材料不足"}))

    assert (await disputed.read())["closing"] == "withdrawn"
    assert (await disputed.certificate())["state"] == "active"


# ── admitted ────────────────────────────────────────────────────────────────────────────────


async def test_what_the_registrant_admits_is_deregistered_and_nobody_is_asked_again(
    disputed: Disputed,
) -> None:
    scene = disputed.scene
    await disputed.forward()
    must(await disputed.admit())
    admitted = await disputed.read()
    clock = await disputed.national.clock_of(disputed.objection, "objection_determination")
    kept = await disputed.determine("keep")
    revoked = await disputed.determine("revoke")

    closed = must(await disputed.determine("deregister"))

    assert (admitted["state"], admitted["admission"]["statement"]) == ("admitted", "认可，名称有误")
    assert clock["state"] == "open"
    assert [code(each) for each in (kept, revoked)] == ["objection_outcome_not_for_target"] * 2
    assert (closed["state"], closed["closing"], closed["answers"]) == ("closed", "admitted", {})
    ended = await disputed.certificate()
    assert ended["state"] == "deregistered"
    assert "objection_admitted" in await disputed.inbox(scene.objector)
    assert (await disputed.inbox(scene.supplier))[0] in ("objection_closed", "certificate_moved")


async def test_what_is_admitted_is_changed_without_the_bureau_and_keeps_its_term(
    disputed: Disputed,
) -> None:
    scene = disputed.scene
    before = await disputed.certificate()
    await disputed.forward()
    must(await disputed.admit())
    must(await disputed.determine("reissue", corrected={"product_name": RENAMED}))
    frozen = await disputed.certificate()
    (ordered,) = must(
        await scene.by(scene.regulator).get(f"/api/v1/certificates/{disputed.number}/reissues")
    )["items"]
    bureau_s = await authorised(scene, ordered)

    issued = must(
        await scene.by(scene.issuer).post(f"/api/v1/certificates/{disputed.number}/reissues")
    )

    assert frozen["state"] == "frozen"
    assert code(bureau_s) == "reissue_needs_no_authorisation"
    content = issued["content"]
    assert (content["product_name"], content["supersedes"]) == (RENAMED, disputed.number)
    assert "authorised_by" not in content
    assert content["right_holders"] == before["content"]["right_holders"]
    assert issued["valid_through"] == before["valid_through"]
    assert issued["number"] == "SJ4602026070002"
    assert (await disputed.certificate())["state"] == "superseded"


async def authorised(scene: Scene, ordered: dict[str, Any]) -> httpx.Response:
    document = {
        "reissue_id": ordered["id"],
        "certificate_number": ordered["certificate_number"],
        "corrected_sha256": ordered["corrected_sha256"],
        "authority": "海南省大数据管理局",
        "authorisation_number": "授权〔2026〕重发9号",
        "decided_on": scene.today(),
    }
    return await scene.by(scene.regulator).post(
        f"/api/v1/certificates/{ordered['certificate_number']}/reissue-authorisations",
        {"authorisation": document, "signature": scene.authorisation_key.seal(document)},
    )


async def test_no_other_holder_is_written_in_by_a_correction(disputed: Disputed) -> None:
    await disputed.forward()
    must(await disputed.admit())
    owners = [{"party_id": str(disputed.scene.objector.party.id)}]

    refused = await disputed.determine("reissue", corrected={"owners": owners})

    assert code(refused) == "owner_correction_not_provided"
    assert (await disputed.read())["state"] == "admitted"


async def test_an_admission_is_the_registrant_s_own_in_words_and_only_once(
    disputed: Disputed,
) -> None:
    scene = disputed.scene
    early = await disputed.admit()
    await disputed.forward()
    foreign = await disputed.admit(who=scene.objector)
    empty = await disputed.admit(" ")
    must(await disputed.admit())
    again = await disputed.admit()
    taken_back = await disputed.step("withdrawals", scene.objector, {"reason": "和解"})

    assert early.status_code == 404  # it was not told yet
    assert foreign.status_code == 404
    assert code(empty) == "objection_admission_empty"
    assert [code(each) for each in (again, taken_back)] == ["objection_event_not_allowed"] * 2
    assert (await disputed.read())["state"] == "admitted"


async def test_who_answered_or_let_the_days_pass_may_still_admit(disputed: Disputed) -> None:
    scene = disputed.scene
    await disputed.forward()
    answer = {
        "statement": "来源合法",
        "evidence_file_ids": [await scene.upload(scene.supplier, "采集合同")],
    }
    must(await disputed.step("responses", scene.supplier, answer))
    started = await disputed.national.clock_of(disputed.objection, "objection_determination")
    await go_to(scene, dt.date(2026, 7, 17))
    must(await disputed.admit())

    clock = await disputed.national.clock_of(disputed.objection, "objection_determination")

    assert clock["id"] == started["id"]
    must(await disputed.determine("deregister"))
    met = await disputed.national.clock_of(
        disputed.objection, "objection_determination", timer_state="met"
    )
    assert met["id"] == started["id"]


# ── contested ───────────────────────────────────────────────────────────────────────────────


async def contested(disputed: Disputed, outcome: str, **said: Any) -> None:
    scene = disputed.scene
    await disputed.forward()
    answer = {
        "statement": "来源合法",
        "evidence_file_ids": [await scene.upload(scene.supplier, "采集合同")],
    }
    must(await disputed.step("responses", scene.supplier, answer))
    must(await disputed.determine(outcome, **said))


async def test_a_conclusion_that_both_accept_is_carried_out(disputed: Disputed) -> None:
    scene = disputed.scene
    await contested(disputed, "deregister")
    standing = (await disputed.certificate())["state"]
    for who in (scene.supplier, scene.objector):
        must(await disputed.step("acceptances", who, {"accepts": True}))

    assert standing == "active"
    assert (await disputed.read())["closing"] == "carried_out"
    assert (await disputed.certificate())["state"] == "deregistered"


async def test_a_conclusion_that_one_side_refuses_goes_to_court_or_arbitration(
    disputed: Disputed,
) -> None:
    scene = disputed.scene
    await contested(disputed, "keep")
    must(await disputed.step("acceptances", scene.objector, {"accepts": False}))
    assert (await disputed.read())["state"] == "unresolved"
    file = await scene.upload(scene.objector, "受理通知书")
    must(
        await disputed.step(
            "proceedings",
            scene.objector,
            {
                "court": "海口仲裁委员会",
                "case_number": "（2026）海仲1号",
                "evidence_file_ids": [file],
            },
        )
    )

    assert (await disputed.read())["state"] == "referred_to_court"
    assert (await disputed.certificate())["state"] == "frozen"


@pytest.mark.parametrize("rulebook", [NDRC])
async def test_another_rulebook_completes_and_admits_nothing(scene: Scene, rulebook: str) -> None:
    disputed = await disputed_under(scene, rulebook)
    asked = await disputed.ask("权属证明")
    await disputed.forward()
    admitted = await disputed.admit()

    assert code(asked) == "objection_completion_not_provided"
    assert code(admitted) == "objection_admission_not_provided"
    assert (await disputed.read())["state"] == "awaiting_response"


async def test_an_objection_in_the_notice_is_neither_completed_nor_admitted(scene: Scene) -> None:
    national = await offering(scene, NDA, on=MONDAY)
    _, notice = await national.in_notice()
    objection = str(must(await scene.object_to(notice_id=notice))["id"])
    disputed = Disputed(national, "", objection)
    asked = await disputed.ask("权属证明")
    await disputed.forward()

    assert code(asked) == "objection_completion_not_provided"
    assert code(await disputed.admit()) == "objection_admission_not_provided"


async def test_the_log_names_article_29_for_what_became_of_the_certificate(
    disputed: Disputed,
) -> None:
    await disputed.forward()
    must(await disputed.admit())
    must(await disputed.determine("deregister"))
    scene = disputed.scene

    told = await cited(scene.db, f"objection:{disputed.objection}")

    own = {disputed.national.book.cites(Step.OBJECTION_AFTER)}
    for event in ("objection:filed", "objection:admitted", "certificate:deregistered"):
        assert told[event] == own, event
