"""The pages of adjustments, fee schedules, revenue agreements and invoices in a real browser."""

from __future__ import annotations

from playwright.async_api import Browser

from tests.journeys import test_fee_schedules as schedules
from tests.journeys import test_payouts_and_reconciliation as money
from tests.journeys.test_adjustments import target
from tests.journeys.test_invoices_and_returns import TITLE
from tests.journeys.test_payouts_and_reconciliation import Treasury
from tests.journeys.test_revenue_agreements import propose as propose_sharing
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

trade = money.trade


async def test_finance_corrects_the_books_wide_and_on_a_phone(
    site: str, browser: Browser, trade: Treasury
) -> None:
    body = {
        "source": "platform_loss/platform",
        "target": await target(trade),
        "amount_fen": 1_050,
        "reason": "多扣服务费，按合同第三条返还",
        "evidence": "对账函 2026-3",
    }
    made = must(await trade.by(trade.first).post("/api/v1/ledger/adjustments", body))
    faults = []
    for width in ("wide", "phone"):
        context, watched = await open_page(
            browser, site, viewport={"width": WIDTHS[width], "height": 800}
        )
        await sign_in(watched, trade.second.account.login)
        for name, path in (
            ("adjustments", "/adjustments"),
            ("adjustment", f"/adjustments/{made['id']}"),
        ):
            await watched.goto(f"{path}?lang=zh")
            await picture(watched.page, f"{name}-zh-{width}")
            faults += [(name, width, said) for said in await look_over(watched.page)]
        assert watched.complaints == []
        await context.close()
    assert faults == []


async def test_papers_of_money_are_whole_wide_and_on_a_phone(
    site: str, browser: Browser, trade: Treasury
) -> None:
    await trade.released()
    (order,) = must(await trade.by(trade.supplier).get("/api/v1/orders"))["items"]
    body = {"amount_fen": 5_000, "title": TITLE}
    asked = must(await trade.step(order["id"], "invoices", trade.buyer, **body))
    agreement = must(await propose_sharing(trade))
    await schedules.decided(trade)
    faults = []
    for width in ("wide", "phone"):
        context, watched = await open_page(
            browser, site, viewport={"width": WIDTHS[width], "height": 800}
        )
        await sign_in(watched, trade.supplier.account.login)
        for name, path in (
            ("invoices", "/invoices"),
            ("invoices-of-order", f"/orders/{order['id']}/invoices"),
            ("invoice", f"/invoices/{asked['id']}"),
            ("revenue-agreements", "/revenue-agreements"),
            ("revenue-agreement", f"/revenue-agreements/{agreement['id']}"),
            ("fee-schedules", "/fee-schedules"),
        ):
            await watched.goto(f"{path}?lang=zh")
            await picture(watched.page, f"{name}-zh-{width}")
            faults += [(name, width, said) for said in await look_over(watched.page)]
        assert watched.complaints == []
        await context.close()
    assert faults == []
