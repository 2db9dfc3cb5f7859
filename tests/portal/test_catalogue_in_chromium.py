"""The pages of the catalogue in a real browser: long, English and hostile names, wide and small."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api
from tests.makers_shelves import Window, fill_shelves, make_window
from tests.portal.test_pages_in_chromium import (
    WIDTHS,
    Watched,
    browser,
    look_over,
    open_page,
    picture,
    pytestmark,
    sign_in,
    site,
)

__all__ = ["browser", "pytestmark", "site"]

SEARCHES = (
    "/products?q=港口",
    "/products?q=港口&source=示例目录&sort=oldest",
    "/products?q=harbour",
    "/products?q=港口&theme=气象&source=示例目录",
    "/products?q=" + "长" * 1000,
    "/products?q=港口&cursor=zzz",
)


@pytest.fixture
async def window(api: Api, db: Database, clock: ManualClock) -> Window:
    return await make_window(api, db, clock)


async def see(watched: Watched, path: str, name: str) -> list[str]:
    """Open a page in all its folds, leave a picture, and return what is wrong with it."""
    await watched.goto(path)
    await picture(watched.page, name)
    await watched.page.evaluate(
        "document.querySelectorAll('details').forEach(each => each.open = true)"
    )
    return await look_over(watched.page)


@pytest.mark.parametrize("width", sorted(WIDTHS))
async def test_no_search_breaks_out_of_its_screen(
    db: Database, clock: ManualClock, site: str, browser: Browser, width: str
) -> None:
    await fill_shelves(db, clock.now())
    context, watched = await open_page(
        browser, site, viewport={"width": WIDTHS[width], "height": 800}
    )
    faults = {}
    for number, path in enumerate(SEARCHES):
        for language in ("zh", "en"):
            asked = f"{path}&lang={language}"
            faults[asked] = await see(watched, asked, f"search-{number}-{language}-{width}")

    assert {path: found for path, found in faults.items() if found} == {}
    assert watched.complaints == []
    await context.close()


@pytest.mark.parametrize("width", sorted(WIDTHS))
async def test_no_page_of_a_product_breaks_out_of_its_screen(
    window: Window, site: str, browser: Browser, width: str
) -> None:
    paths = {
        "full": f"/products/{window.full}?",
        "resource": f"/products/{window.resource}?",
        "hostile": f"/products/{window.hostile}?",
        "gone": f"/products/{window.gone}?",
        "versions": f"/products/{window.full}/revisions?",
        "diff": f"/products/{window.full}/revisions?version=2&against=1",
        "first": f"/products/{window.hostile}/revisions?version=1",
        "home": "/?",
        "regions": "/browse/region?",
        "industry": "/browse/industry?code=G",
    }
    context, watched = await open_page(
        browser, site, viewport={"width": WIDTHS[width], "height": 800}
    )
    faults = {}
    for name, path in paths.items():
        for language in ("zh", "en"):
            asked = f"{path}&lang={language}"
            faults[asked] = await see(watched, asked, f"product-{name}-{language}-{width}")

    await sign_in(watched, window.supplier.account.login)
    for language in ("zh", "en"):
        asked = f"/my/products?lang={language}"
        faults[asked] = await see(watched, asked, f"product-own-{language}-{width}")

    assert {path: found for path, found in faults.items() if found} == {}
    assert watched.complaints == []
    await context.close()
