"""An order, a frozen certificate and the way to their bundles, in a real browser on wide and small screens."""

from __future__ import annotations

from playwright.async_api import Browser

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.proof_bundles import check
from tests.api import Api
from tests.journeys.test_proof_bundle import published, settled
from tests.makers_owned import make_owned
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

WROTE = "权属争议，先行冻结"


async def test_a_party_reads_its_order_and_takes_the_bundle_away(
    api: Api, db: Database, clock: ManualClock, site: str, browser: Browser
) -> None:
    trade = await make_owned(api, db, clock)
    order = await settled(trade)
    await published(trade)
    number = str((await trade.contract(order))["content"]["object"]["certificate_number"])
    frozen = f"/api/v1/certificates/{number}/freezes"
    must(await trade.by(trade.issuer).post(frozen, {"reason": WROTE}))
    faults = []
    for width in ("wide", "phone"):
        context, watched = await open_page(
            browser, site, viewport={"width": WIDTHS[width], "height": 800}, accept_downloads=True
        )
        page = watched.page
        await sign_in(watched, trade.supplier.account.login)
        for language in ("zh", "en"):
            for name, path in (
                ("orders", "/orders"),
                ("order", f"/orders/{order}"),
                ("certificate", f"/certificates/{number}"),
                ("certificate-then", f"/certificates/{number}?at=2026-01-01T00:00"),
                ("product", f"/products/{trade.product_id}"),
            ):
                await watched.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
                await picture(page, f"{name}-{language}-{width}")
                faults += [(name, width, language, fault) for fault in await look_over(page)]
        await watched.goto(f"/orders/{order}")
        async with page.expect_download() as expected:
            await page.click("a[download]")
        taken = await (await expected.value).path()
        assert check.check(taken.read_bytes()).problems == ()
        assert watched.complaints == []
        await context.close()
    assert faults == []
