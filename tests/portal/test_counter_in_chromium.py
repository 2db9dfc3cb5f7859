"""The catalogue's later pages in a real browser: wide and small, usual and larger text, on paper."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator

import pytest
from playwright.async_api import Browser

from tests.makers_counter import Counter, make_counter
from tests.makers_identity import Member
from tests.portal.test_pages_in_chromium import (
    PICTURES,
    Watched,
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

WIDTHS = {"wide": 1280, "phone": 390, "narrow": 320}
# Links and buttons that a finger does not hit in the larger view (GB/T 37668: 44 px a side).
SMALL_TARGETS = """() => [...document.querySelectorAll('button, .button, select, input:not([type=hidden], [type=radio])')]
  .filter(e => e.getClientRects().length && e.getBoundingClientRect().height < 44)
  .map(e => e.tagName + ' ' + e.textContent.trim().slice(0, 30))"""
SMALL_TEXT = """() => [...document.querySelectorAll('body *')]
  .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && e.getClientRects().length)
  .filter(e => !e.closest('.hidden') && parseFloat(getComputedStyle(e).fontSize) < 20)
  .map(e => getComputedStyle(e).fontSize + ' ' + e.tagName + '.' + e.className + ' ' + e.textContent.trim().slice(0, 30))"""


counter = staged(make_counter)


def whose(counter: Counter, group: str) -> Iterator[tuple[str, Member | None, list[str]]]:
    if group == "public":
        yield "public", None, counter.public_pages()
        return
    for number, (who, paths) in enumerate(counter.pages_of()):
        yield f"own{number}", who, paths


async def opened(watched: Watched, path: str) -> None:
    await watched.goto(path)
    await watched.page.evaluate(
        "document.querySelectorAll('details').forEach(each => each.open = true)"
    )


@pytest.mark.parametrize("group", ["public", "own"])
@pytest.mark.parametrize("width", sorted(WIDTHS))
async def test_no_later_page_breaks_out_of_its_screen(
    counter: Counter, site: str, browser: Browser, width: str, group: str
) -> None:
    faults = {}
    complaints: list[str] = []
    for name, who, paths in whose(counter, group):
        context, watched = await open_page(
            browser, site, viewport={"width": WIDTHS[width], "height": 800}
        )
        if who is not None:
            await sign_in(watched, who.account.login)
        for number, path in enumerate(paths):
            for language in ("zh", "en") if (width, group) == ("wide", "public") else ("zh",):
                asked = f"{path}{'&' if '?' in path else '?'}lang={language}"
                await opened(watched, asked)
                await picture(watched.page, f"counter-{name}-{number:02}-{language}-{width}")
                faults[asked] = await look_over(watched.page)
        complaints += watched.complaints
        await context.close()

    assert {path: found for path, found in faults.items() if found} == {}
    assert complaints == []


@pytest.mark.parametrize("width", ["wide", "phone"])
async def test_the_larger_view_has_large_text_and_targets_and_stays_on_its_screen(
    counter: Counter, site: str, browser: Browser, width: str
) -> None:
    context, watched = await open_page(
        browser, site, viewport={"width": WIDTHS[width], "height": 800}, java_script_enabled=True
    )
    await watched.goto("/")
    await watched.page.click("text=长者模式")
    paths = ["/", "/products?q=港口", "/sign-in", *counter.public_pages()]
    faults = {}
    for number, path in enumerate(paths):
        await opened(watched, path)
        await picture(watched.page, f"large-{number:02}-{width}")
        faults[path] = [
            *await look_over(watched.page),
            *await watched.page.evaluate(SMALL_TARGETS),
            *await watched.page.evaluate(SMALL_TEXT),
        ]
    await watched.page.click("text=退出长者模式")
    back = await watched.page.get_attribute("html", "class")

    assert {path: found for path, found in faults.items() if found} == {}
    assert back is None
    assert watched.complaints == []
    await context.close()


async def test_a_form_is_filled_in_by_keyboard_alone_and_without_scripts(
    counter: Counter, site: str, browser: Browser
) -> None:
    context, watched = await open_page(browser, site, java_script_enabled=False)
    page = watched.page
    await watched.goto("/data-demands/new")
    await page.focus("#title")
    await page.keyboard.type("公交到站")
    await page.keyboard.press("Tab")
    await page.keyboard.type("用于出行服务。")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    secret = await page.inner_text("#secret")  # as soon as the next page has it
    heading = await watched.heading()
    await page.click("text=凭查询码查看")
    await page.fill("#secret", secret)
    await page.press("#secret", "Enter")
    found = await page.inner_text("#found")

    assert heading == "需求已收到"
    assert found == "公交到站"
    await context.close()


async def test_a_products_page_is_printed_with_its_address_and_without_what_is_for_the_screen(
    counter: Counter, site: str, browser: Browser
) -> None:
    context, watched = await open_page(browser, site)
    await watched.goto(f"/products/{counter.opened}")
    await watched.page.emulate_media(media="print")
    seen = {
        name: await watched.page.is_visible(name)
        for name in (".top", ".foot", ".guide", ".skip", ".printed", "#dictionary", "#open")
    }
    inside = await watched.page.locator("details table, details dl").first.is_visible()
    if PICTURES:
        await watched.page.pdf(path=str(pathlib.Path(PICTURES) / "product.pdf"), format="A4")

    assert seen == {
        ".top": False,
        ".foot": False,
        ".guide": False,
        ".skip": False,
        ".printed": True,
        "#dictionary": True,
        "#open": True,
    }
    assert inside
    await context.close()
