"""The pages of the trade in a real browser: wide and small, usual and larger text."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.makers_workspaces import Market, make_market
from tests.portal.test_counter_in_chromium import SMALL_TARGETS, SMALL_TEXT, WIDTHS, opened
from tests.portal.test_pages_in_chromium import (
    browser,
    look_over,
    open_page,
    picture,
    pytestmark,
    sign_in,
    site,
)
from tests.stages import staged

__all__ = ["browser", "pytestmark", "site"]


market = staged(make_market)


@pytest.mark.timeout(900)  # some ninety pages; under load one takes seconds
@pytest.mark.parametrize("part", ["negotiated", "bought"])
@pytest.mark.parametrize(
    ("width", "view"),
    [("wide", "usual"), ("phone", "usual"), ("narrow", "usual"), ("phone", "large")],
)
async def test_no_page_of_the_trade_breaks_out_of_its_screen(  # noqa: PLR0917 - fixtures
    market: Market, site: str, browser: Browser, width: str, view: str, part: str
) -> None:
    faults = {}
    complaints: list[str] = []
    pages = market.spaces.pages_of() if part == "negotiated" else market.pages_of()
    for number, (who, paths) in enumerate(pages):
        context, watched = await open_page(
            browser, site, viewport={"width": WIDTHS[width], "height": 800}
        )
        await sign_in(watched, who.account.login)
        await watched.goto(f"/accessibility?view={view}")
        for place, path in enumerate(paths):
            await opened(watched, path)
            await picture(watched.page, f"trade-{part}-{number}-{place:02}-{width}-{view}")
            faults[path] = await look_over(watched.page)
            if view == "large":
                faults[path] += await watched.page.evaluate(SMALL_TARGETS)
                faults[path] += await watched.page.evaluate(SMALL_TEXT)
        complaints += watched.complaints
        await context.close()

    assert {path: found for path, found in faults.items() if found} == {}
    assert complaints == []
