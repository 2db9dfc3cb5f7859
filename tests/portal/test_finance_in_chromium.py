"""The pages of money in a real browser, on wide and on small screens."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser

from tests.journeys.test_month_end import closed, month_of, sell
from tests.makers_identity import Member
from tests.makers_trade import Trade, make_trade
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
from tests.stages import staged

__all__ = ["browser", "pytestmark", "site"]


trade = staged(make_trade)


def pages_of(trade: Trade, month: str, order: str) -> list[tuple[Member, str]]:
    payable = f"payable/{trade.supplier.party.id}"
    return [
        (trade.issuer, f"/finance/trial-balance?period={month}"),
        (trade.issuer, "/finance/trial-balance/payable"),
        (trade.issuer, f"/account-ledgers/market/{payable}"),
        (trade.supplier, f"/account-ledgers/market/{payable}?period={month}"),
        (trade.supplier, f"/explanations/order/{order}"),
        (trade.buyer, f"/account-ledgers/market/order_escrow/{order}"),
        (trade.buyer, f"/explanations/order/{order}"),
        (trade.issuer, "/finance"),
        (trade.issuer, f"/finance/periods/market/{month}"),
        (trade.issuer, f"/finance/periods/market/{month_of(trade)}"),
        (trade.issuer, f"/statements/regulator/{month}"),
        (trade.issuer, "/trade-statistics"),
        (trade.supplier, f"/trade-statistics?period={month}"),
        (trade.buyer, "/public-data-reports"),
        (trade.supplier, "/my/sales"),
        (trade.supplier, "/my/sales?book=public_data"),
        (trade.buyer, "/my/bills"),
    ]


@pytest.mark.timeout(420)  # fourteen pages in two languages
@pytest.mark.parametrize("width", ["wide", "phone"])
async def test_no_page_of_money_breaks_out_of_its_screen(
    trade: Trade, site: str, browser: Browser, width: str
) -> None:
    order = await sell(trade)
    month = await closed(trade)
    await sell(trade)
    pages = pages_of(trade, month, order)
    faults = {}
    for who in (trade.issuer, trade.supplier, trade.buyer):
        context, watched = await open_page(
            browser, site, viewport={"width": WIDTHS[width], "height": 800}
        )
        await sign_in(watched, who.account.login)
        for number, (reader, path) in enumerate(pages):
            if reader is not who:
                continue
            for language in ("zh", "en"):
                await watched.goto(f"{path}{'&' if '?' in path else '?'}lang={language}")
                await picture(watched.page, f"finance-{number:02}-{language}-{width}")
                faults[path, language] = await look_over(watched.page)
        assert watched.complaints == []
        await context.close()

    assert {place: found for place, found in faults.items() if found} == {}
