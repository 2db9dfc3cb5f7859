"""The pages of what comes after a certificate, in a real browser on wide and on small screens."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.journeys.test_spot_checks import Checked, answer_all, drawn, scene, step
from tests.makers_changes import Changing
from tests.makers_registration import must
from tests.portal.test_pages_in_chromium import (
    WIDTHS,
    browser,
    look_over,
    open_page,
    picture,
    pytestmark,
    sign_in,
    site,
)

__all__ = ["browser", "pytestmark", "scene", "site"]


async def pages_of(scene: Checked) -> list[str]:
    """Play a change up to its authorisation and a check up to its publication."""
    spot_check, told = await drawn(scene)
    must(await step(scene, spot_check, "beginnings"))
    await answer_all(scene, spot_check, told, wrong=1)
    must(await step(scene, spot_check, "conclusions"))
    must(await step(scene, spot_check, "publications", summary="1 项不符合，已责令整改。"))
    listed = must(await scene.by(scene.issuer).get(f"/api/v1/spot-checks/{spot_check}/findings"))
    finding = next(each["id"] for each in listed["items"] if not each["conforms"])
    scene.product_id = await scene.describe(name="港口作业气象风险指数")
    application, number = await scene.certified()
    change = await Changing(scene, number).authorised()
    notice = (await scene.read(application))["notice_id"]
    await scene.api.run_jobs()  # what happened is found in the log
    inbox = must(await scene.by(scene.issuer).get("/api/v1/my/notifications"))["items"]
    return [
        f"/changes/{change}",
        f"/spot-check-findings/{finding}",
        f"/spot-checks/{spot_check}",
        f"/inbox/{inbox[0]['id']}",
        "/inbox",
        "/notices",
        "/notices?status=ended",
        f"/notices/{notice}",
        "/audit",
        "/audit?action=order:placed",
        f"/audit?subject_kind=application&subject_id={application}",
        "/audit?first=2026",
        "/audit?action=notification:read&subject_kind=notification",
    ]


@pytest.mark.parametrize("width", ["wide", "phone"])
async def test_no_page_of_a_change_or_a_check_breaks_out_of_its_screen(
    scene: Checked, site: str, browser: Browser, width: str
) -> None:
    pages = await pages_of(scene)
    context, watched = await open_page(
        browser, site, viewport={"width": WIDTHS[width], "height": 800}
    )
    await sign_in(watched, scene.issuer.account.login)
    faults = {}
    for number, path in enumerate(pages):
        for language in ("zh", "en"):
            await watched.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
            await picture(watched.page, f"later-{number:02}-{language}-{width}")
            faults[path, language] = await look_over(watched.page)

    assert {place: found for place, found in faults.items() if found} == {}
    assert watched.complaints == []
    await context.close()
