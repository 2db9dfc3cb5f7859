"""What axe-core finds on the pages of auctions, demands, quotes, stops, credit, endpoints: nothing, wide or small.

No page of them breaks out of its screen either, and no text fades into its ground.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from playwright.async_api import Browser

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api
from tests.foreign.test_axe_on_the_pages import axe, faults
from tests.makers_bidding import make_sale
from tests.makers_demands import another_supplier, drafted, opened, published, quote, requested
from tests.makers_identity import Member
from tests.makers_registration import must
from tests.makers_trade import make_trade
from tests.makers_watched import make_watched
from tests.portal.test_counter_in_chromium import WIDTHS
from tests.portal.test_pages_in_chromium import (
    browser,
    look_over,
    open_page,
    picture,
    pytestmark,
    sign_in,
    site,
)

__all__ = ["axe", "browser", "pytestmark", "site"]

Pages = Sequence[tuple[Member | None, list[str]]]


async def walk(site: str, browser: Browser, axe: str, name: str, pages: Pages) -> dict[str, Any]:
    """Return what is wrong with pages, by page and width: wide in English, small in Chinese."""
    found: dict[str, Any] = {}
    for width, language in (("wide", "en"), ("phone", "zh")):
        for place, (who, paths) in enumerate(pages):
            context, watched = await open_page(
                browser, site, viewport={"width": WIDTHS[width], "height": 800}
            )
            if who is not None:
                await sign_in(watched, who.account.login)
            for number, path in enumerate(paths):
                asked = f"{path}{'&' if '?' in path else '?'}lang={language}"
                wrong = await faults(watched, asked, axe)
                wrong += await look_over(watched.page)
                if wrong:
                    found[f"{asked} {width}"] = wrong
                await picture(watched.page, f"{name}-{place}-{number:02}-{width}")
            if watched.complaints:
                found[f"{name} {place} {width}"] = watched.complaints
            await context.close()
    return found


async def test_no_fault_is_found_on_stops_credit_endpoints_and_personal_information(  # noqa: PLR0917 - fixtures
    api: Api, db: Database, clock: ManualClock, site: str, browser: Browser, axe: str
) -> None:
    watched = await make_watched(api, db, clock)
    pages: Pages = [(None, ["/credit", "/complaints"]), *watched.pages_of()]

    assert await walk(site, browser, axe, "watched", pages) == {}


async def test_no_fault_is_found_on_demands_and_quotes(  # noqa: PLR0917 - fixtures
    api: Api, db: Database, clock: ManualClock, site: str, browser: Browser, axe: str
) -> None:
    trade = await make_trade(api, db, clock)
    rival, rivals = await another_supplier(trade)
    wanted, request = await requested(trade, trade.supplier, rival)
    must(await quote(trade, request))
    special = {"amount_fen": 30_000, "special_price_reason": "首单试点，承担测试工作。"}
    must(await quote(trade, request, rival, product=rivals, **special))
    await opened(trade, request)
    asked = await published(trade, title="沿海气象服务" * 8, visibility="anonymous")
    draft = await drafted(trade)
    pages: Pages = [
        (None, ["/demands", f"/demands/{wanted}"]),
        (
            trade.buyer,
            [
                "/my/demands/new",
                "/demand-files",
                f"/demand-files/{draft}",
                f"/demand-files/{asked}",
                f"/quote-requests/{request}",
            ],
        ),
        (trade.supplier, ["/my/demand-matches", "/quote-requests", f"/quote-requests/{request}"]),
    ]

    assert await walk(site, browser, axe, "demands", pages) == {}


async def test_no_fault_is_found_on_auctions(  # noqa: PLR0917 - fixtures
    api: Api, db: Database, clock: ManualClock, site: str, browser: Browser, axe: str
) -> None:
    sale = await make_sale(api, db, clock)
    sealed = await sale.decided("sealed_second_price", 30_000, 60_000, 45_000)
    running = await sale.opened()
    must(await sale.bid(running, sale.stranger, 31_000))
    boxed = await sale.opened("sealed_first_price")
    auctions = [f"/auctions/{each}" for each in (running, sealed, boxed)]
    pages: Pages = [
        (None, ["/auctions", *auctions]),
        (sale.buyer, auctions),
        (sale.supplier, ["/auctions/new", *auctions]),
        (sale.acceptor, auctions),
    ]

    assert await walk(site, browser, axe, "auctions", pages) == {}
