"""Changes and corrections of national certificates: 35号 第三十五条, 26号 第九条."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from catalog.rulebooks.steps import Step
from tests.api import code
from tests.makers_changes import RENAMED, Changing
from tests.makers_national import NDA, NDRC, National, cited, go_to, offering, run_jobs
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

MONDAY = dt.date(2026, 7, 6)


class NationalChange(Changing):
    """A change of a national certificate: no agency, no bureau, the rulebook's own points."""

    def __init__(self, national: National, number: str) -> None:
        super().__init__(national.scene, number)
        self.national = national

    async def start(self, change: str, **named: Any) -> Any:
        body = {"technical_reviewer_account_id": str(self.scene.technical.account.id)} | named
        return await self.step(change, "reviews", self.scene.acceptor, body)

    async def opinion(self, change: str, *, passed: bool = True) -> Any:
        points = {point: {"passed": passed} for point in self.national.book.review_points}
        body = {"findings": points, "tests": [], "overall": "pass" if passed else "fail"}
        return await self.step(change, "technical-opinions", self.scene.technical, body)

    async def being_reviewed(self, **changes: Any) -> str:
        change = await self.submitted(**changes)
        must(await self.accept(change))
        must(await self.start(change))
        return change

    async def passed(self, **changes: Any) -> str:
        change = await self.being_reviewed(**changes)
        must(await self.opinion(change))
        must(await self.decide(change))
        return change


scene = staged(make_scene)


async def of(scene: Scene, rulebook: str) -> NationalChange:
    national = await offering(scene, rulebook, on=MONDAY)
    _, number = await national.certified()
    return NationalChange(national, number)


@pytest.fixture
async def nda(scene: Scene) -> NationalChange:
    return await of(scene, NDA)


@pytest.mark.parametrize("rulebook", [NDA, NDRC])
async def test_a_national_certificate_is_changed_without_agency_and_bureau(
    scene: Scene, rulebook: str
) -> None:
    changing = await of(scene, rulebook)
    before = await changing.certificate()
    change = await changing.passed()

    new = must(await changing.issue(change))

    content = new["content"]
    assert (content["product_name"], content["registration_type"]) == (RENAMED, "change")
    assert (content["ruleset"], content["supersedes"]) == (rulebook, changing.number)
    assert new["valid_through"] == before["valid_through"]
    for absent in ("authorised_by", "compliance_opinion_sha256", "agency_name"):
        assert absent not in content
    assert content.get("right_holders") == before["content"].get("right_holders")
    assert (await changing.certificate())["state"] == "superseded"
    assert (await changing.read(change))["change"]["rulebook"] == rulebook


@pytest.mark.parametrize("rulebook", [NDA, NDRC])
async def test_a_correction_says_so_and_the_log_names_the_national_articles(
    scene: Scene, rulebook: str
) -> None:
    changing = await of(scene, rulebook)
    change = await changing.passed(kind="correction", reason="名称录入有误")
    new = must(await changing.issue(change))

    told = await cited(scene.db, f"change:{change}")

    assert new["content"]["registration_type"] == "correction"
    book = changing.national.book
    own = {"change:submitted": Step.CHANGE, "change:accepted": Step.ACCEPTANCE}
    own |= {"review:passed": Step.REVIEW, "certificate:issued": Step.ISSUE}
    for event, step in own.items():
        (named,) = told[event]
        assert set(named) == {*book.cites(step), *book.cites(Step.CHANGE)}, event
        assert all(each.startswith(rulebook.partition("-")[0].upper()) for each in named), event


async def test_nobody_else_is_needed_and_nobody_else_is_let_in(nda: NationalChange) -> None:
    scene = nda.scene
    change = await nda.submitted()
    must(await nda.accept(change))
    agency = await nda.start(
        change, agency_party_id=str(scene.agency.party.id), agency_reason="承办"
    )
    must(await nda.start(change))
    wrong_points = await nda.technical(change, tests=[])
    must(await nda.opinion(change))
    apart = await nda.decide(change, result="fail_technical")
    foreign = await nda.decide(
        change, result="refuse", grounds=[{"ground": "no_compliance_opinion", "facts": "无"}]
    )
    early = await nda.issue(change)
    must(await nda.decide(change))
    bureau = await nda.authorise(change)

    assert code(agency) == "review_agency_not_needed"
    assert code(wrong_points) == "finding_missing"
    assert code(apart) == "review_result_not_provided"
    assert code(foreign) == "refusal_ground_not_in_rulebook"
    assert code(early) == "change_event_not_allowed"
    assert code(bureau) == "change_needs_no_authorisation"
    assert await nda.state(change) == "review_passed"


async def test_a_change_is_refused_on_a_ground_of_the_rulebook(nda: NationalChange) -> None:
    change = await nda.being_reviewed()
    must(await nda.opinion(change, passed=False))
    ground = {"ground": "concealment_or_false_proof", "facts": "证明系伪造"}

    must(await nda.decide(change, result="refuse", grounds=[ground]))

    assert await nda.state(change) == "refused"
    assert (await nda.certificate())["state"] == "active"


async def test_the_ten_days_run_until_the_new_certificate_is_there(nda: NationalChange) -> None:
    change = await nda.passed()
    running = await nda.national.clock_of(change, "review")
    must(await nda.issue(change))

    met = await nda.national.clock_of(change, "review", timer_state="met")

    assert running["state"] == "open"
    assert running["period"]["source"] == "NDA35-28"
    assert met["id"] == running["id"]


async def test_silence_accepts_a_change_on_the_next_working_day_and_not_before(
    nda: NationalChange,
) -> None:
    scene = nda.scene
    await go_to(scene, dt.date(2026, 9, 24))
    change = await nda.submitted()
    # Mid-autumn lies between: 28, 29, 30 September; the national days; Thursday the 8th accepts.
    states = []
    for day, hour in ((dt.date(2026, 10, 7), 23), (dt.date(2026, 10, 8), 0)):
        await go_to(scene, day, hour)
        await run_jobs(scene)
        states.append(await nda.state(change))
    late = await nda.accept(change)

    clock = await nda.national.clock_of(change, "review")

    assert states == ["submitted", "accepted"]
    assert code(late) == "change_event_not_allowed"
    assert clock["started_on"] == "2026-10-08"
    must(await nda.start(change))
    must(await nda.opinion(change))
    must(await nda.decide(change))
    must(await nda.issue(change))


async def test_nobody_answers_after_silence_even_if_the_job_is_late(nda: NationalChange) -> None:
    change = await nda.submitted()
    await go_to(nda.scene, dt.date.fromisoformat(nda.scene.today()) + dt.timedelta(days=10))

    assert code(await nda.accept(change)) == "accepted_by_silence"


async def test_silence_accepts_no_change_under_26(scene: Scene) -> None:
    ndrc = await of(scene, NDRC)
    change = await ndrc.submitted()
    await go_to(scene, dt.date(2026, 9, 1))

    await run_jobs(scene)

    assert await ndrc.state(change) == "submitted"


async def to_correct(changing: NationalChange) -> tuple[str, dt.datetime]:
    change = await changing.submitted()
    item = {"target": "material:change_proof", "problem": "未盖章", "required_action": "补盖"}
    must(await changing.accept(change, result="correction_required", items=[item]))
    clock = await changing.national.clock_of(change, "change_correction")
    return change, dt.datetime.fromisoformat(clock["ends_at"])


async def test_a_change_is_corrected_a_second_before_its_days_end(nda: NationalChange) -> None:
    change, ends_at = await to_correct(nda)
    nda.scene.clock.move_to(ends_at - dt.timedelta(seconds=1))
    await nda.scene.sign_in_again()
    must(await nda.hand_in(change, "change_proof", "盖章的证明"))

    must(await nda.step(change, "resubmissions", nda.scene.supplier, {"truth_confirmed": True}))

    assert await nda.state(change) == "submitted"
    assert (await nda.national.clock_of(change, "acceptance"))["state"] == "open"


async def test_a_change_that_was_not_corrected_in_its_days_was_never_filed(
    nda: NationalChange,
) -> None:
    scene = nda.scene
    change, ends_at = await to_correct(nda)
    must(await nda.hand_in(change, "change_proof", "盖章的证明"))
    scene.clock.move_to(ends_at)
    await scene.sign_in_again()
    late = await nda.step(change, "resubmissions", scene.supplier, {"truth_confirmed": True})
    await run_jobs(scene)

    assert code(late) == "correction_too_late"
    found = (await nda.read(change))["change"]
    assert (found["state"], found["closing"]) == ("closed", "correction_too_late")
    assert (await nda.draft()).status_code == 201


async def test_another_holder_is_no_change(nda: NationalChange) -> None:
    refused = await nda.draft(owners=[{"party_id": str(nda.scene.objector.party.id)}])

    assert code(refused) == "owner_change_not_a_change"
