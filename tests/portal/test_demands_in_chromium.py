"""Demands and quotes in a real browser: no page breaks out of a wide or a small screen."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.makers_demands import another_supplier, drafted, opened, published, quote, requested
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
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

WIDTHS = {"wide": 1280, "phone": 390}


trade = staged(make_trade)


@pytest.mark.parametrize("width", sorted(WIDTHS))
async def test_no_page_of_a_demand_breaks_out_of_its_screen(
    trade: Trade, site: str, browser: Browser, width: str
) -> None:
    rival, rivals = await another_supplier(trade)
    wanted, request = await requested(trade, trade.supplier, rival)
    must(await quote(trade, request))
    special = {"amount_fen": 30_000, "special_price_reason": "首单试点，承担测试工作。"}
    must(await quote(trade, request, rival, product=rivals, **special))
    await opened(trade, request)
    asked = await published(trade, title="沿海气象服务" * 8, visibility="anonymous")
    draft = await drafted(trade)
    of = {
        None: ["/demands", f"/demands/{wanted}", "/demands?form=dataset"],
        trade.buyer: [
            "/my/demands/new",
            "/demand-files",
            f"/demand-files/{draft}",
            f"/demand-files/{asked}",
            f"/quote-requests/{request}",
        ],
        trade.supplier: ["/my/demand-matches", "/quote-requests", f"/quote-requests/{request}"],
    }
    faults, complaints = {}, []
    for place, (who, paths) in enumerate(of.items()):
        context, watched = await open_page(
            browser, site, viewport={"width": WIDTHS[width], "height": 800}
        )
        if who is not None:
            await sign_in(watched, who.account.login)
        for number, path in enumerate(paths):
            await watched.goto(path)
            await watched.page.evaluate(
                "document.querySelectorAll('details').forEach(each => each.open = true)"
            )
            await picture(watched.page, f"demands-{place}-{number}-{width}")
            faults[path] = await look_over(watched.page)
        complaints += watched.complaints
        await context.close()

    assert {path: found for path, found in faults.items() if found} == {}
    assert complaints == []
