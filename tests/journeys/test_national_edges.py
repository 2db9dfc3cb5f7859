"""The national clocks to the second: a second before their edge, and on it."""

from __future__ import annotations

import datetime as dt

import httpx
import pytest

from catalog.kernel.local_time import start_of_day
from tests.api import code
from tests.makers_national import NDA, NDRC, National, go_to, offering, run_jobs
from tests.makers_registration import Scene, make_scene, must
from tests.stages import staged

MONDAY = dt.date(2026, 7, 6)
SECOND = dt.timedelta(seconds=1)


scene = staged(make_scene)


@pytest.fixture
async def nda(scene: Scene) -> National:
    return await offering(scene, NDA, on=MONDAY)


async def to(scene: Scene, instant: dt.datetime) -> None:
    """Go to an instant; sessions last."""
    scene.clock.move_to(instant)
    await scene.sign_in_again()


async def renew(scene: Scene, number: str) -> httpx.Response:
    return await scene.by(scene.supplier).post(
        f"/api/v1/certificates/{number}/requests", {"kind": "renewal"}
    )


async def state_of(scene: Scene, number: str) -> str:
    return str(must(await scene.api.get(f"/api/v1/certificates/{number}"))["state"])


@pytest.mark.parametrize(
    ("submitted_on", "accepted_on"),
    [
        (dt.date(2026, 9, 29), dt.date(2026, 10, 10)),  # a Saturday that is worked
        (dt.date(2026, 7, 28), dt.date(2026, 8, 3)),  # a month and a weekend between
    ],
)
async def test_silence_accepts_with_the_first_second_of_the_next_working_day(
    nda: National, submitted_on: dt.date, accepted_on: dt.date
) -> None:
    scene = nda.scene
    await go_to(scene, submitted_on)
    application = await nda.submitted()
    edge = start_of_day(accepted_on)
    states = []
    for instant in (edge - SECOND, edge):
        await to(scene, instant)
        await run_jobs(scene)
        states.append(await scene.state(application))

    assert states == ["submitted", "accepted"]
    assert (await nda.clock_of(application, "review"))["started_on"] == accepted_on.isoformat()


async def test_a_registrar_answers_until_the_last_second_before_silence_does(
    nda: National,
) -> None:
    scene = nda.scene
    first = await nda.submitted()
    scene.product_id = await scene.describe(name="另一产品")
    second = await nda.submitted()
    edge = start_of_day(dt.date(2026, 7, 10))
    await to(scene, edge - SECOND)
    in_time = await scene.accept(first)
    await to(scene, edge)

    too_late = await scene.accept(second)

    assert in_time.status_code == 201
    assert code(too_late) == "accepted_by_silence"


async def test_more_days_are_taken_until_the_last_second_of_the_ten_and_end_in_the_next_month(
    nda: National,
) -> None:
    scene = nda.scene
    await go_to(scene, dt.date(2026, 9, 15))
    first = await nda.under_review()
    scene.product_id = await scene.describe(name="另一产品")
    second = await nda.under_review()
    ends_at = dt.datetime.fromisoformat((await nda.clock_of(first, "review"))["ends_at"])
    await to(scene, ends_at - SECOND)
    in_time = await nda.extend(first)
    await to(scene, ends_at)

    too_late = await nda.extend(second)

    assert in_time.status_code < 300
    # 16 to 18 September, Sunday the 20th is worked, 21 to 24, 28, 29; then the 30th, 8 to 10 and 12 to 16 October, the 19th.
    assert ends_at == start_of_day(dt.date(2026, 9, 30))
    assert (await nda.clock_of(first, "review"))["due_on"] == "2026-10-19"
    assert code(too_late) == "review_not_extendable"


async def test_a_notice_of_five_days_is_over_with_its_last_second_and_not_before(
    nda: National,
) -> None:
    scene = nda.scene
    await go_to(scene, dt.date(2026, 9, 28))
    application, notice = await nda.in_notice()
    shown = must(await scene.api.get(f"/api/v1/notices/{notice}"))
    # 29 and 30 September, 8 to 10 October: Saturday the 10th is worked.
    assert shown["ends_on"] == "2026-10-10"
    edge = start_of_day(dt.date(2026, 10, 11))
    await to(scene, edge - SECOND)
    await run_jobs(scene)
    running = await scene.issue(application)
    await to(scene, edge)
    await run_jobs(scene)

    issued = await scene.issue(application)

    assert code(running) == "notice_period_running"
    assert issued.status_code == 201


async def test_the_window_of_a_renewal_opens_and_shuts_to_the_second(nda: National) -> None:
    scene = nda.scene
    await go_to(scene, dt.date(2026, 8, 31))
    _, number = await nda.waived()
    opens, shuts = start_of_day(dt.date(2031, 2, 28)), start_of_day(dt.date(2031, 8, 31))
    answers = []
    for instant in (opens - SECOND, opens, shuts - SECOND, shuts):
        await to(scene, instant)
        answered = await renew(scene, number)
        answers.append(answered.status_code)
        if answered.status_code == 201:
            request = answered.json()["id"]
            path = f"/api/v1/certificate-requests/{request}/withdrawals"
            must(await scene.by(scene.supplier).post(path))

    assert answers == [409, 201, 201, 409]


@pytest.mark.parametrize(("rulebook", "last"), [(NDA, 2031), (NDRC, 2029)])
async def test_a_term_is_over_with_the_first_second_after_its_last_day(
    scene: Scene, rulebook: str, last: int
) -> None:
    national = await offering(scene, rulebook, on=MONDAY)
    _, number = await national.certified()
    until = must(await scene.api.get(f"/api/v1/certificates/{number}"))["valid_through"]
    assert until.startswith(str(last))
    edge = start_of_day(dt.date.fromisoformat(until) + dt.timedelta(days=1))
    states = []
    for instant in (edge - SECOND, edge):
        await to(scene, instant)
        await run_jobs(scene)
        states.append(await state_of(scene, number))

    assert states == ["active", "lapsed"]


async def test_a_code_names_the_month_in_which_its_second_lies(nda: National) -> None:
    scene = nda.scene
    ready = []
    for name in ("产品一", "产品二"):
        scene.product_id = await scene.describe(name=name)
        application = await nda.reviewed()
        must(await nda.waive(application))
        ready.append(application)
    edge = start_of_day(dt.date(2026, 8, 1))
    numbers = []
    for application, instant in zip(ready, (edge - SECOND, edge), strict=True):
        await to(scene, instant)
        numbers.append(must(await scene.issue(application))["number"])

    assert numbers == ["SJ4602026070001", "SJ4602026080001"]
