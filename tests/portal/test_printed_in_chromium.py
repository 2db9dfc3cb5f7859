"""Certificates, synonyms, harvested catalogues and an order on paper: whole, and without what is for the screen."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.makers_counter import Counter
from tests.makers_identity import Member
from tests.makers_portal import Stage
from tests.portal.test_counter_in_chromium import counter
from tests.portal.test_pages_in_chromium import (
    browser,
    look_over,
    open_page,
    picture,
    pytestmark,
    sign_in,
    site,
    stage,
)

__all__ = ["browser", "counter", "pytestmark", "site", "stage"]

#: A4 at 96 dots an inch, without its margins.
PAPER = {"width": 658, "height": 987}
ON_SCREEN_ALONE = ".top, .foot, .crumbs, form, .actions, .pages, .skip"
SHOWN = """names => [...document.querySelectorAll(names)]
  .filter(e => e.getClientRects().length).map(e => e.outerHTML.slice(0, 80))"""
# A heading with nothing under it: what stood there was for the screen.
HOLLOW = """() => [...document.querySelectorAll('section')]
  .filter(e => e.getClientRects().length && e.querySelector('h2'))
  .filter(e => e.innerText.trim() === e.querySelector('h2').innerText.trim())
  .map(e => 'nothing under ' + e.innerText.trim())"""


async def on_paper(
    browser: Browser, site: str, who: Member | None, paths: list[str], name: str
) -> dict[str, list[str]]:
    """Return what is wrong with pages as they are printed."""
    context, watched = await open_page(browser, site, viewport=PAPER)
    if who is not None:
        await sign_in(watched, who.account.login)
    await watched.page.emulate_media(media="print")
    found = {}
    for number, path in enumerate(paths):
        await watched.goto(path)
        await picture(watched.page, f"print-{name}-{number:02}")
        wrong = await look_over(watched.page)
        wrong += await watched.page.evaluate(SHOWN, ON_SCREEN_ALONE)
        wrong += await watched.page.evaluate(HOLLOW)
        wrong += [] if await watched.page.is_visible(".printed") else ["no address on paper"]
        if wrong:
            found[path] = wrong
    await context.close()
    return found


async def test_a_certificate_is_printed_whole_and_says_where_it_was_read(
    stage: Stage, site: str, browser: Browser
) -> None:
    place = f"/certificates/{stage.certificate_number}"
    found = await on_paper(
        browser, site, None, [place, f"{place}?lang=en", "/certificates"], "certificate"
    )

    assert found == {}


@pytest.mark.parametrize("side", ["head", "buyer", "supplier", "regulator"])
async def test_the_lists_of_the_counter_are_printed_whole(
    counter: Counter, site: str, browser: Browser, side: str
) -> None:
    paths = {
        "head": ["/synonyms", "/synonym-changes", "/harvest-sources"],
        "buyer": ["/my/saved-searches", f"/my/saved-searches/{counter.saved}"],
        "supplier": ["/my/chief-data-officer"],
        "regulator": ["/chief-data-officers"],
    }[side]

    assert await on_paper(browser, site, getattr(counter, side), paths, side) == {}
