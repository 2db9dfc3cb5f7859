"""The pages as a person sees them, in a real browser: flows, the policy on scripts, small screens."""

from __future__ import annotations

import asyncio
import os
import pathlib
import shutil
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api
from tests.makers_identity import PASSWORD
from tests.makers_portal import Desk, Stage, make_desk, make_stage
from tests.stages import staged

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Where to leave pictures of the pages, for somebody who wants to look at them.
PICTURES = os.environ.get("PORTAL_PICTURES")
WIDTHS = {"wide": 1280, "phone": 360, "narrow": 320}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]

# Elements that stick out to the right, and texts whose contrast is below WCAG AA.
STICKING_OUT = """() => {
  const width = document.documentElement.clientWidth;
  const scrolls = e => e.closest('.scroll');
  return [...document.querySelectorAll('body *')]
    .filter(e => !scrolls(e) && !e.closest('.hidden') && e.getBoundingClientRect().right > width + 1)
    .map(e => e.tagName + '.' + e.className + ' ' + (e.textContent || '').slice(0, 40));
}"""
LOW_CONTRAST = """() => {
  const parse = c => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
  const light = ([r, g, b]) => { const f = v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; };
    return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b); };
  const ground = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] === 1) return c; } return [255, 255, 255, 1]; };
  const found = [];
  for (const e of document.querySelectorAll('body *')) {
    const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
    if (!own || e.closest('.hidden') || !e.getClientRects().length) continue;
    const style = getComputedStyle(e), a = light(parse(style.color)), b = light(ground(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) found.push(ratio.toFixed(2) + ' ' + e.tagName + ' ' + e.textContent.trim().slice(0, 30));
  }
  return found;
}"""


stage = staged(make_stage)


@pytest.fixture
async def desk(api: Api, db: Database, clock: ManualClock) -> Desk:
    return await make_desk(api, db, clock)


@pytest.fixture
async def site(app: Any) -> AsyncIterator[str]:
    """The service behind a real HTTP server on a free port."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, lifespan="off", log_level="critical", access_log=False)
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            await asyncio.sleep(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        await running


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        opened = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        await opened.close()


class Watched:
    """A page whose console and requests are watched."""

    def __init__(self, page: Page, site: str) -> None:
        self.page = page
        self.site = site
        self.complaints: list[str] = []
        page.on("console", lambda message: self._hear(message.type, message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._see(request.url))

    def _hear(self, kind: str, text: str) -> None:
        # A page that is honestly 404 or 401 is told so by the console; that is no fault of a page.
        if kind in ("error", "warning") and "status of 4" not in text:
            self.complaints.append(text)

    def _see(self, url: str) -> None:
        if not url.startswith(self.site):
            self.complaints.append(f"asked somebody else: {url}")

    async def goto(self, path: str) -> None:
        response = await self.page.goto(self.site + path)
        assert response is not None

    async def heading(self) -> str:
        return (await self.page.inner_text("h1")).strip()


async def open_page(browser: Browser, site: str, **options: Any) -> tuple[BrowserContext, Watched]:
    context = await browser.new_context(**({"java_script_enabled": True} | options))
    return context, Watched(await context.new_page(), site)


@pytest.mark.parametrize("scripts", [True, False])
async def test_from_a_search_to_a_verified_certificate(
    stage: Stage, site: str, browser: Browser, scripts: bool
) -> None:
    context, watched = await open_page(browser, site, java_script_enabled=scripts)
    page = watched.page

    await watched.goto("/")
    await page.fill("#q", "港口 气象")
    await page.press("#q", "Enter")
    await page.click("text=港口作业气象风险指数")
    product = await watched.heading()
    await page.click(f"text=核验凭证 {stage.certificate_number}")
    verdict = (await page.inner_text(".verdict .word")).strip()
    await page.click("text=核验另一张凭证")
    await page.fill("#number", "HN-QQ-2026-0000000")
    await page.click("main button")
    unknown = await watched.heading()

    assert product == "港口作业气象风险指数"
    assert verdict.startswith("有效")
    assert unknown == "查无此证"
    assert watched.complaints == []
    await context.close()


async def test_the_regulator_signs_in_by_keyboard_and_reads_a_report(
    stage: Stage, site: str, browser: Browser
) -> None:
    context, watched = await open_page(browser, site)
    page = watched.page

    await watched.goto("/reports")
    asked = await watched.heading()
    await page.focus("#login")
    await page.keyboard.type(stage.scene.regulator.account.login)
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/reports")
    reports = await watched.heading()
    cookies = {cookie["name"]: cookie for cookie in await context.cookies()}
    await page.click("text=2026 年第 1 季度")
    sections = await page.locator("section.card h2").all_inner_texts()
    async with page.expect_download() as started:
        await page.click("text=XLSX")
    workbook = pathlib.Path(await (await started.value).path())
    signature = workbook.read_bytes()[:2]
    await page.click("text=退出")
    await watched.goto("/reports")
    afterwards = await watched.heading()

    assert (asked, reports, afterwards) == ("登录", "季度报告", "登录")
    assert cookies["shushi_session"]["httpOnly"]
    assert cookies["shushi_session"]["sameSite"] == "Lax"
    assert len([title for title in sections if title[:1].isdigit()]) == 16
    assert signature == b"PK"
    assert watched.complaints == []
    await context.close()


async def test_the_keyboard_reaches_the_content_first_and_shows_where_it_is(
    stage: Stage, site: str, browser: Browser
) -> None:
    context, watched = await open_page(browser, site)
    page = watched.page

    await watched.goto("/products")
    await page.keyboard.press("Tab")
    first = await page.evaluate("document.activeElement.textContent")
    visible = await page.evaluate("document.activeElement.getBoundingClientRect().top >= 0")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    within = await page.evaluate("document.activeElement.closest('main') !== null")
    outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")

    assert first == "跳到正文"
    assert visible
    assert within
    assert outline == "solid"
    await context.close()


@pytest.mark.parametrize("width", sorted(WIDTHS))
async def test_no_page_breaks_out_of_its_screen_or_fades_into_its_ground(
    stage: Stage, site: str, browser: Browser, width: str
) -> None:
    context, watched = await open_page(
        browser, site, viewport={"width": WIDTHS[width], "height": 800}
    )
    await watched.goto("/sign-in?next=/reports")
    pages = [*stage.public_pages(), "/nowhere", "/certificates/HN-QQ-2026-0000000"]
    faults = {}
    for number, path in enumerate(pages):
        for language in ("zh", "en") if width != "narrow" else ("zh",):
            await watched.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
            await picture(watched.page, f"{number:02}-{language}-{width}")
            faults[path, language] = await look_over(watched.page)
    await watched.page.goto(f"{site}/sign-in?next=/reports&lang=zh")
    await watched.page.fill("#login", stage.scene.regulator.account.login)
    await watched.page.fill("#password", PASSWORD)
    await watched.page.click("main button")
    for path in ("/reports", f"/reports/{stage.report_id}"):
        await watched.goto(path)
        await picture(watched.page, f"90-{path.count('/')}-{width}")
        faults[path, "zh"] = await look_over(watched.page)

    assert {place: found for place, found in faults.items() if found} == {}
    assert watched.complaints == []
    await context.close()


@pytest.mark.parametrize("width", sorted(WIDTHS))
async def test_no_page_of_a_case_breaks_out_of_its_screen(
    desk: Desk, site: str, browser: Browser, width: str
) -> None:
    faults: dict[tuple[str, str], list[str]] = {}
    complaints: list[str] = []
    for who, pages in (
        ("acceptor", desk.pages_of_staff()),
        ("supplier", desk.pages_of_the_supplier()),
    ):
        context, watched = await open_page(
            browser, site, viewport={"width": WIDTHS[width], "height": 800}
        )
        await sign_in(watched, getattr(desk.scene, who).account.login)
        for number, path in enumerate(pages):
            for language in ("zh", "en") if width != "narrow" else ("zh",):
                await watched.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
                await picture(watched.page, f"case-{who}-{number:02}-{language}-{width}")
                await watched.page.evaluate(
                    "document.querySelectorAll('details').forEach(each => each.open = true)"
                )
                faults[path, language] = await look_over(watched.page)
        complaints += watched.complaints
        await context.close()

    assert {place: found for place, found in faults.items() if found} == {}
    assert complaints == []


async def sign_in(watched: Watched, login: str) -> None:
    await watched.goto("/sign-in")
    await watched.page.fill("#login", login)
    await watched.page.fill("#password", PASSWORD)
    await watched.page.click("main button")


async def look_over(page: Page) -> list[str]:
    return [*await page.evaluate(STICKING_OUT), *await page.evaluate(LOW_CONTRAST)]


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=pathlib.Path(PICTURES) / f"{name}.png", full_page=True)
