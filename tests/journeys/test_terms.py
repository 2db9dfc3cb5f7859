"""Registrations with a term: renewed in their window, lapsed by themselves, cancelled, revoked."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import httpx
import pytest

from tests.api import code
from tests.makers_identity import Member
from tests.makers_national import NDA, NDRC, National, go_to, offering, run_jobs
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

MONDAY = dt.date(2026, 7, 6)
A_DAY = dt.timedelta(days=1)


scene = staged(make_scene)


@pytest.fixture
async def nda(scene: Scene) -> National:
    return await offering(scene, NDA, on=MONDAY)


@pytest.fixture
async def ndrc(scene: Scene) -> National:
    return await offering(scene, NDRC, on=MONDAY)


async def ask(
    scene: Scene, number: str, kind: str = "renewal", who: Member | None = None, reason: str = ""
) -> httpx.Response:
    return await scene.by(who or scene.supplier).post(
        f"/api/v1/certificates/{number}/requests", {"kind": kind, "reason": reason}
    )


async def decide(scene: Scene, request: str, **said: Any) -> httpx.Response:
    return await scene.by(scene.issuer).post(
        f"/api/v1/certificate-requests/{request}/decisions", {"granted": True} | said
    )


async def shown(scene: Scene, number: str) -> dict[str, Any]:
    return must(await scene.api.get(f"/api/v1/certificates/{number}"))


async def asked(scene: Scene, number: str) -> list[dict[str, Any]]:
    found = must(await scene.by(scene.issuer).get(f"/api/v1/certificates/{number}/requests"))
    return list(found["items"])


# ── 35号: six months before to the day before ───────────────────────────────────────────────


async def test_a_right_is_renewed_from_six_months_before_to_the_day_before_its_last(
    nda: National,
) -> None:
    scene = nda.scene
    await go_to(scene, dt.date(2026, 8, 31))
    _, number = await nda.waived()
    assert (await shown(scene, number))["valid_through"] == "2031-08-31"
    answers = []
    # Six months before 31 August 2031 there is no 31st: the last of February opens.
    for day in (dt.date(2031, 2, 27), dt.date(2031, 2, 28)):
        await go_to(scene, day)
        answers.append(await ask(scene, number))
    again = await ask(scene, number)
    request = must(answers[1])["id"]
    strangers = await ask(scene, number, who=scene.acceptor)
    must(await scene.by(scene.supplier).post(f"/api/v1/certificate-requests/{request}/withdrawals"))
    await go_to(scene, dt.date(2031, 8, 30))
    last = await ask(scene, number)
    must(
        await scene.by(scene.supplier).post(
            f"/api/v1/certificate-requests/{must(last)['id']}/withdrawals"
        )
    )
    await go_to(scene, dt.date(2031, 8, 31))
    too_late = await ask(scene, number)

    assert code(answers[0]) == "renewal_not_open"
    assert answers[0].json()["facts"] == {"opens_on": "2031-02-28", "closes_on": "2031-08-30"}
    assert code(again) == "certificate_request_open_already"
    assert code(strangers) == "permission_missing"
    assert code(too_late) == "renewal_not_open"


async def test_a_renewal_takes_the_old_one_s_place_for_five_years_more(nda: National) -> None:
    scene = nda.scene
    _, number = await nda.waived()
    await go_to(scene, dt.date(2031, 6, 30))
    request = must(await ask(scene, number))["id"]

    decided = must(await decide(scene, request))

    new = decided["new_certificate_number"]
    assert new == "SJ4602031060001"
    renewed, old = await shown(scene, new), await shown(scene, number)
    assert (old["state"], old["superseded_by"]) == ("superseded", new)
    assert (renewed["state"], renewed["valid_through"]) == ("active", "2036-07-06")
    content = renewed["content"]
    assert (content["registration_type"], content["supersedes"]) == ("renewal", number)
    assert [held["right"] for held in content["right_holders"]] == ["hold", "use"]
    assert code(await decide(scene, request)) == "certificate_request_event_not_allowed"


async def test_what_is_not_renewed_lapses_by_itself_on_the_day_after(nda: National) -> None:
    scene = nda.scene
    _, number = await nda.waived()
    states = []
    for day in (dt.date(2031, 7, 6), dt.date(2031, 7, 7)):
        await go_to(scene, day, 0)
        await run_jobs(scene)
        states.append((await shown(scene, number))["state"])

    assert states == ["active", "lapsed"]
    assert await asked(scene, number) == []
    assert code(await ask(scene, number)) == "certificate_event_not_allowed"
    assert (await nda.draft()).status_code == 201  # it may be registered afresh
    announced = must(await scene.api.get("/api/v1/register-events"))["items"][0]
    assert announced["event"] == "lapsed"


async def test_who_asked_in_the_window_does_not_lapse_while_it_waits(nda: National) -> None:
    scene = nda.scene
    _, number = await nda.waived()
    await go_to(scene, dt.date(2031, 7, 5))
    request = must(await ask(scene, number))["id"]
    await go_to(scene, dt.date(2031, 7, 9))
    await run_jobs(scene)
    waiting = (await shown(scene, number))["state"]

    bare = await decide(scene, request, granted=False)
    must(await decide(scene, request, granted=False, reason="权利已有争议"))
    await run_jobs(scene)

    assert waiting == "active"
    assert code(bare) == "certificate_request_reason_missing"
    assert (await shown(scene, number))["state"] == "lapsed"


async def test_two_at_once_ask_for_one_renewal(nda: National) -> None:
    scene = nda.scene
    _, number = await nda.waived()
    await go_to(scene, dt.date(2031, 3, 3))

    answers = await asyncio.gather(*(ask(scene, number) for _ in range(3)))

    assert sorted(each.status_code for each in answers) == [201, 409, 409]


async def test_a_right_under_35_is_deregistered_by_its_holder(
    nda: National,
) -> None:
    scene = nda.scene
    _, number = await nda.waived()
    cancelled = await ask(scene, number, "cancellation", reason="不再需要")
    revoked = await scene.by(scene.adjudicator).post(
        f"/api/v1/certificates/{number}/revocations", {"ground": "concealment", "facts": "隐瞒"}
    )

    must(
        await scene.by(scene.supplier).post(
            f"/api/v1/certificates/{number}/deregistrations", {"reason": "不再需要"}
        )
    )

    assert code(cancelled) == "cancellation_not_provided"
    assert code(revoked) == "revocation_not_provided"
    assert (await shown(scene, number))["state"] == "deregistered"


# ── 26号: sixty days before, cancelled when not renewed ─────────────────────────────────────


async def test_public_data_are_renewed_within_sixty_days_before_and_on_the_last(
    ndrc: National,
) -> None:
    scene = ndrc.scene
    _, number = await ndrc.certified()
    last = dt.date.fromisoformat((await shown(scene, number))["valid_through"])
    assert last == dt.date(2029, 7, 21)
    await go_to(scene, last - 61 * A_DAY)
    early = await ask(scene, number)
    await go_to(scene, last)
    request = must(await ask(scene, number))["id"]
    must(await decide(scene, request))

    assert code(early) == "renewal_not_open"
    assert early.json()["facts"]["opens_on"] == "2029-05-22"
    (only,) = await asked(scene, number)
    renewed = await shown(scene, only["new_certificate_number"])
    assert renewed["valid_through"] == "2032-07-21"
    assert renewed["number"].startswith("HN-GG-2029-0000001")


async def test_what_lapsed_is_cancelled_by_the_registrar_within_ten_working_days(
    ndrc: National,
) -> None:
    scene = ndrc.scene
    _, number = await ndrc.certified()
    await go_to(scene, dt.date(2029, 7, 22), 0)
    await run_jobs(scene)
    assert (await shown(scene, number))["state"] == "lapsed"
    (owed,) = await asked(scene, number)
    assert (owed["by_law"], owed["kind"], owed["state"]) == (True, "cancellation", "filed")
    clock = await ndrc.clock_of(owed["id"], "cancellation")
    assert (clock["period"]["source"], clock["provisional"]) == ("NDRC26-09", True)
    not_his = await scene.by(scene.supplier).post(
        f"/api/v1/certificate-requests/{owed['id']}/withdrawals"
    )
    refused = await decide(scene, owed["id"], granted=False, reason="不办")

    must(await decide(scene, owed["id"]))

    assert not_his.status_code == 404
    assert code(refused) == "lapsed_registration_is_cancelled"
    found = await shown(scene, number)
    assert [each["state"] for each in found["history"]] == ["active", "lapsed", "deregistered"]


async def test_a_holder_asks_for_the_cancellation_and_has_it_in_ten_working_days(
    ndrc: National,
) -> None:
    scene = ndrc.scene
    _, number = await ndrc.certified()
    at_once = await scene.by(scene.supplier).post(
        f"/api/v1/certificates/{number}/deregistrations", {"reason": "资源停用"}
    )
    bare = await ask(scene, number, "cancellation")
    request = must(await ask(scene, number, "cancellation", reason="资源停用"))["id"]
    clock = await ndrc.clock_of(request, "cancellation")
    must(await decide(scene, request))

    assert code(at_once) == "cancellation_by_request"
    assert code(bare) == "certificate_request_reason_missing"
    assert (clock["started_on"], clock["due_on"]) == ("2026-07-21", "2026-08-04")
    assert (await shown(scene, number))["state"] == "deregistered"


async def test_concealment_revokes_a_registration_of_public_data(ndrc: National) -> None:
    scene = ndrc.scene
    _, number = await ndrc.certified()
    path = f"/api/v1/certificates/{number}/revocations"
    bare = await scene.by(scene.adjudicator).post(path, {"ground": "concealment", "facts": " "})
    strangers = await scene.by(scene.supplier).post(path, {"ground": "concealment", "facts": "x"})

    must(
        await scene.by(scene.adjudicator).post(
            path, {"ground": "concealment", "facts": "隐瞒数据来源"}
        )
    )

    assert code(bare) == "certificate_request_reason_missing"
    assert code(strangers) == "permission_missing"
    assert (await shown(scene, number))["state"] == "revoked"


async def test_a_hainan_certificate_has_no_term(scene: Scene) -> None:
    _, number = await scene.certified()
    await go_to(scene, dt.date(2033, 3, 3))

    await run_jobs(scene)

    found = await shown(scene, number)
    assert found["state"] == "active"
    assert found.get("valid_through") is None
    assert code(await ask(scene, number)) == "renewal_not_open"
