"""What axe-core, which others wrote, finds on the catalogue's pages by WCAG 2.2 AA: nothing."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from playwright.async_api import Browser

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests import foreign_tools
from tests.api import Api
from tests.makers_counter import Counter, make_counter
from tests.makers_portal import Desk, Stage
from tests.makers_shelves import Window, fill_shelves, make_window
from tests.makers_workspaces import Market, make_market
from tests.portal.test_pages_in_chromium import (
    WIDTHS,
    Watched,
    browser,
    desk,
    open_page,
    pytestmark,
    sign_in,
    site,
    stage,
)

__all__ = ["browser", "desk", "pytestmark", "site", "stage"]

LEVELS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa")
RUN = """async levels => {
  const found = await axe.run(document, {runOnly: {type: 'tag', values: levels}, resultTypes: ['violations']});
  return found.violations.map(each => [each.id, each.nodes.map(node => node.html.slice(0, 200))]);
}"""


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = foreign_tools.npm(tmp_path_factory.mktemp("npm"))
    return pathlib.Path(folder, "node_modules/axe-core/axe.min.js").read_text("utf-8")


@pytest.fixture
async def window(api: Api, db: Database, clock: ManualClock) -> Window:
    await fill_shelves(db, clock.now())
    return await make_window(api, db, clock)


@pytest.fixture
async def counter(api: Api, db: Database, clock: ManualClock) -> Counter:
    return await make_counter(api, db, clock)


@pytest.fixture
async def market(api: Api, db: Database, clock: ManualClock) -> Market:
    return await make_market(api, db, clock)


async def faults(watched: Watched, path: str, axe: str) -> list[Any]:
    await watched.goto(path)
    await watched.page.evaluate(
        "document.querySelectorAll('details').forEach(each => each.open = true)"
    )
    # Through the debugger: our content policy would not let it run as a script of the page.
    await watched.page.evaluate(axe)
    found: list[Any] = await watched.page.evaluate(RUN, LEVELS)
    return found


@pytest.mark.parametrize("width", ["wide", "phone"])
async def test_axe_finds_no_fault_on_a_page_of_the_catalogue(
    window: Window, site: str, browser: Browser, axe: str, width: str
) -> None:
    context, watched = await open_page(
        browser, site, viewport={"width": WIDTHS[width], "height": 800}
    )
    paths = (
        "/",
        "/products?q=港口",
        "/products?q=港口&lang=en",
        "/products?q=港口&theme=气象&source=示例目录&lang=zh",
        "/products?q=" + "长" * 1000,
        f"/products/{window.full}",
        f"/products/{window.full}?lang=en",
        f"/products/{window.hostile}?lang=zh",
        f"/products/{window.gone}",
        f"/products/{window.full}/revisions?version=2&against=1",
        "/browse/region?code=46",
        "/browse/industry",
    )
    found = {path: await faults(watched, path, axe) for path in paths}
    await sign_in(watched, window.supplier.account.login)
    found["/my/products"] = await faults(watched, "/my/products", axe)

    assert {path: each for path, each in found.items() if each} == {}
    await context.close()


@pytest.mark.parametrize(
    ("width", "view"), [("wide", "usual"), ("phone", "usual"), ("phone", "large")]
)
async def test_axe_finds_no_fault_on_a_later_page_of_the_catalogue(  # noqa: PLR0917 - fixtures
    counter: Counter, site: str, browser: Browser, axe: str, width: str, view: str
) -> None:
    found = {}
    for who, paths in [(None, counter.public_pages()), *counter.pages_of()]:
        context, watched = await open_page(
            browser, site, viewport={"width": WIDTHS[width], "height": 800}
        )
        if who is not None:
            await sign_in(watched, who.account.login)
        await watched.goto(f"/accessibility?view={view}")
        for path in paths:
            found[path] = await faults(watched, path, axe)
        await context.close()

    assert {path: each for path, each in found.items() if each} == {}


@pytest.mark.timeout(900)  # some ninety pages; under load one takes seconds
@pytest.mark.parametrize(
    ("width", "view"), [("wide", "usual"), ("phone", "usual"), ("phone", "large")]
)
@pytest.mark.parametrize("part", ["negotiated", "bought"])
async def test_axe_finds_no_fault_on_a_page_of_the_trade(  # noqa: PLR0917 - fixtures
    market: Market, site: str, browser: Browser, axe: str, width: str, view: str, part: str
) -> None:
    found = {}
    pages = market.spaces.pages_of() if part == "negotiated" else market.pages_of()
    for who, paths in pages:
        context, watched = await open_page(
            browser, site, viewport={"width": WIDTHS[width], "height": 800}
        )
        await sign_in(watched, who.account.login)
        await watched.goto(f"/accessibility?view={view}")
        for path in paths:
            found[path] = await faults(watched, path, axe)
        await context.close()

    assert {path: each for path, each in found.items() if each} == {}


@pytest.mark.parametrize("width", ["wide", "phone"])
async def test_axe_finds_no_fault_on_a_page_of_the_register(
    stage: Stage, site: str, browser: Browser, axe: str, width: str
) -> None:
    context, watched = await open_page(
        browser, site, viewport={"width": WIDTHS[width], "height": 800}
    )
    found = {}
    for path in (*stage.public_pages(), "/register", "/verify", "/spot-checks", "/nowhere"):
        found[path] = await faults(watched, path, axe)
    await sign_in(watched, stage.scene.regulator.account.login)
    for path in ("/reports", f"/reports/{stage.report_id}", "/audit", "/queue", "/inbox"):
        found[path] = await faults(watched, path, axe)

    assert {path: each for path, each in found.items() if each} == {}
    await context.close()


async def test_axe_finds_no_fault_on_a_page_of_a_case(
    desk: Desk, site: str, browser: Browser, axe: str
) -> None:
    found = {}
    for who, paths in (
        (desk.scene.acceptor, desk.pages_of_staff()),
        (desk.scene.supplier, desk.pages_of_the_supplier()),
    ):
        context, watched = await open_page(browser, site)
        await sign_in(watched, who.account.login)
        for path in paths:
            found[path] = await faults(watched, path, axe)
        await context.close()

    assert {path: each for path, each in found.items() if each} == {}


async def test_axe_finds_a_fault_where_there_is_one(site: str, browser: Browser, axe: str) -> None:
    context, watched = await open_page(browser, site)
    await watched.goto("/")
    await watched.page.evaluate("document.querySelector('label').remove()")
    await watched.page.evaluate("document.querySelector('#q').removeAttribute('placeholder')")
    await watched.page.evaluate(axe)

    found = await watched.page.evaluate(RUN, LEVELS)

    assert [name for name, _ in found] == ["label"]
    await context.close()
