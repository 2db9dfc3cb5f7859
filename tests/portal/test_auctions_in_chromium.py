"""The pages of auctions in a real browser, on wide and small screens."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api
from tests.makers_bidding import NOTICE, make_sale
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

__all__ = ["browser", "pytestmark", "site"]


@pytest.mark.parametrize("width", ["wide", "phone"])
async def test_auctions_are_read_and_bid_in_without_breaking_out_of_the_screen(
    api: Api, db: Database, clock: ManualClock, site: str, browser: Browser, *, width: str
) -> None:
    sale = await make_sale(api, db, clock)
    sealed = await sale.decided("sealed_second_price", 30_000, 60_000, 45_000)
    running = await sale.opened()
    must(await sale.bid(running, sale.stranger, 31_000))
    until = (sale.clock.now() + NOTICE).isoformat()
    secured = await sale.announced(deposit_fen=5_000, deposit_until=until)
    must(await sale.join(secured, sale.buyer, deposit_fen=5_000))
    must(await sale.at(secured, "deposits", sale.buyer, {"channel": "sandbox"}))
    faults = []
    for role, who, paths in (
        (
            "buyer",
            sale.buyer,
            [
                "/auctions",
                f"/auctions/{running}",
                f"/auctions/{sealed}",
                f"/auctions/{secured}/deposit",
            ],
        ),
        ("supplier", sale.supplier, ["/auctions/new", f"/auctions/{sealed}"]),
    ):
        context, watched = await open_page(
            browser, site, viewport={"width": WIDTHS[width], "height": 800}
        )
        await sign_in(watched, who.account.login)
        for number, path in enumerate(paths):
            for language in ("zh", "en"):
                await watched.goto(f"{path}?lang={language}")
                name = f"auction-{role}-{number}-{language}-{width}"
                await picture(watched.page, name)
                faults += [(path, language, fault) for fault in await look_over(watched.page)]
        if who is sale.buyer:
            await watched.goto(f"/auctions/{running}")
            await watched.page.fill("#amount", "450")
            await watched.page.click("form[action$='/bids'] button")
            await watched.page.wait_for_selector("text=¥450.00")
            await watched.goto(f"/auctions/{secured}/deposit?lang=zh")
            await watched.page.click("button[value='succeeded']")
            await watched.page.wait_for_selector("text=您可以出价")
            await picture(watched.page, f"auction-deposit-paid-{width}")
        assert watched.complaints == []
        await context.close()
    assert faults == []
