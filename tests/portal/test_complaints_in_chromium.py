"""A complaint in a real browser: made without a name, kept by its number, looked up again."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.makers_portal import Stage
from tests.portal.test_pages_in_chromium import (
    WIDTHS,
    browser,
    look_over,
    open_page,
    picture,
    pytestmark,
    site,
    stage,
)

__all__ = ["browser", "pytestmark", "site", "stage"]


@pytest.mark.parametrize("width", ["wide", "phone"])
async def test_somebody_complains_and_looks_up_how_far_it_is(
    stage: Stage, site: str, browser: Browser, width: str
) -> None:
    context, watched = await open_page(
        browser, site, viewport={"width": WIDTHS[width], "height": 800}
    )
    page = watched.page
    await watched.goto(f"/complaints?product={stage.product_id}")
    await picture(page, f"complaints-form-{width}")
    faults = await look_over(page)

    await page.select_option("#kind", "price")
    await page.fill("#facts", "成交价高于备案价。")
    await page.click("form[action='/complaints'] button")
    number, secret = await page.locator("[role=status] dd").all_inner_texts()
    await picture(page, f"complaints-received-{width}")
    faults += await look_over(page)
    await page.fill("#number", number)
    await page.fill("#secret", secret)
    await page.click("form[action='/complaints/status'] button")
    told = await page.inner_text("main article")
    await picture(page, f"complaints-status-{width}")
    faults += await look_over(page)

    assert number.startswith("TS-")
    assert "已收到" in told
    assert "成交价高于备案价" not in told
    assert faults == []
    assert watched.complaints == []
    await context.close()
