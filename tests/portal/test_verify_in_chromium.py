"""A paper in hand: scanned, compared, handed in; in a real browser on wide and on small screens."""

from __future__ import annotations

import httpx
import pytest
from playwright.async_api import Browser

from tests import uploads
from tests.portal.test_pages_in_chromium import (
    WIDTHS,
    Stage,
    browser,
    look_over,
    open_page,
    picture,
    pytestmark,
    site,
    stage,
)

__all__ = ["browser", "pytestmark", "site", "stage"]


async def sha256_of(site: str, number: str) -> str:
    async with httpx.AsyncClient(trust_env=False) as web:
        found: str = (await web.get(f"{site}/api/v1/certificates/{number}")).json()["record_sha256"]
    return found


@pytest.mark.parametrize("width", ["wide", "phone"])
async def test_the_digest_of_a_scanned_code_is_compared_with_the_document(
    stage: Stage, site: str, browser: Browser, width: str
) -> None:
    number = stage.certificate_number
    sha256 = await sha256_of(site, number)
    context, watched = await open_page(
        browser, site, viewport={"width": WIDTHS[width], "height": 800}
    )
    page = watched.page
    faults = []
    for name, fragment, shown in (
        ("same", f"#sha256={sha256}", "same"),
        ("upper", f"#sha256={sha256.upper()}", "same"),
        ("other", f"#sha256={'0' * 64}", "other"),
        ("odd", "#sha256=x", "other"),
    ):
        await watched.goto("/verify")
        await watched.goto(f"/certificates/{number}{fragment}")
        await page.wait_for_selector(f"#digest [data-word={shown}]:visible")
        assert await page.locator("#digest [data-word]:visible").count() == 1
        await picture(page, f"digest-{name}-{width}")
        faults += await look_over(page)
    await watched.goto("/verify")
    await watched.goto(f"/certificates/{number}")
    assert not await page.locator("#digest").is_visible()

    assert faults == []
    assert watched.complaints == []
    await context.close()


async def test_without_scripts_the_digest_is_typed(
    stage: Stage, site: str, browser: Browser
) -> None:
    number = stage.certificate_number
    sha256 = await sha256_of(site, number)
    context, watched = await open_page(browser, site, java_script_enabled=False)
    page = watched.page

    await watched.goto(f"/certificates/{number}#sha256={sha256}")
    told = await page.inner_text("main")
    await watched.goto("/verify")
    await page.fill("#number", sha256)
    await page.click("form[action='/certificates'] button")

    assert "未启用脚本" in told
    assert page.url == f"{site}/certificates/{number}"
    await context.close()


@pytest.mark.parametrize("width", ["wide", "phone"])
async def test_a_file_is_handed_in_and_answered_in_words(
    stage: Stage, site: str, browser: Browser, width: str
) -> None:
    number = stage.certificate_number
    async with httpx.AsyncClient(trust_env=False) as web:
        pdf = (await web.get(f"{site}/certificates/{number}/paper")).content
    changed = bytearray(pdf)
    changed[len(pdf) // 2] ^= 1
    context, watched = await open_page(
        browser, site, viewport={"width": WIDTHS[width], "height": 800}
    )
    page = watched.page
    faults = []
    await watched.goto("/verify")
    await picture(page, f"verify-empty-{width}")
    faults += await look_over(page)
    for name, content, expected in (
        ("genuine", pdf, "真实"),
        ("changed", bytes(changed), "不真实"),
        ("refused", uploads.encrypted(pdf), "未予核验"),
    ):
        await watched.goto("/verify")
        file = {"name": f"{name}.pdf", "mimeType": "application/pdf", "buffer": content}
        await page.set_input_files("#file", file)  # type: ignore[arg-type]
        await page.click("form[action='/verify'] button")
        await page.wait_for_selector(".verdict .word", timeout=60_000)
        assert (await page.inner_text(".verdict .word")).startswith(expected)
        await picture(page, f"verify-{name}-{width}")
        faults += await look_over(page)

    assert faults == []
    assert watched.complaints == []
    await context.close()
