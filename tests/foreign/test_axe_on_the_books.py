"""What axe-core finds on the pages of the books: nothing, wide in English or small in Chinese.

No page of them breaks out of its screen either. Each walk is one of a few pages, so that none runs long.
"""

from __future__ import annotations

import uuid

import pytest
from playwright.async_api import Browser

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.identity.permissions import Role
from tests.api import Api
from tests.foreign.test_axe_on_the_pages import axe
from tests.foreign.test_axe_on_the_trade import Pages, walk
from tests.journeys import test_payouts_and_reconciliation as money
from tests.journeys.test_adjustments import target
from tests.journeys.test_invoices_and_returns import TITLE
from tests.journeys.test_metered_order import HOUR, METERED, accepted, use
from tests.journeys.test_payouts_and_reconciliation import Treasury
from tests.journeys.test_refunds_by_bank_file import owed
from tests.journeys.test_revenue_agreements import propose as propose_sharing
from tests.makers_identity import make_member
from tests.makers_registration import must
from tests.makers_trade import SCENARIO, Trade, make_trade
from tests.portal.test_pages_in_chromium import browser, pytestmark, site

__all__ = ["axe", "browser", "pytestmark", "site"]

trade = money.trade


@pytest.fixture
async def metered(api: Api, db: Database, clock: ManualClock) -> Trade:
    trade = await make_trade(api, db, clock, is_listed=False)
    await trade.priced(price_items=[METERED])
    await trade.listed()
    return trade


async def test_no_fault_is_found_on_the_books_and_their_reports(
    site: str, browser: Browser, axe: str, trade: Treasury
) -> None:
    await trade.released()
    run = must(await trade.by(trade.first).post("/api/v1/ledger/replays", {}))
    await trade.api.run_jobs()
    pages: Pages = [
        (None, ["/fee-schedules", "/public-data-reports"]),
        (
            trade.first,
            [
                "/finance",
                "/finance/trial-balance",
                "/finance/replay",
                f"/finance/replay/{run['id']}",
                "/trade-statistics",
                "/write-offs",
            ],
        ),
    ]

    assert await walk(site, browser, axe, "books", pages) == {}


async def test_no_fault_is_found_on_what_is_paid_out_and_back(
    site: str, browser: Browser, axe: str, trade: Treasury, db: Database
) -> None:
    await owed(trade, db)
    batch = must(await trade.by(trade.first).post("/api/v1/refund-batches", {}))
    body = {
        "source": "platform_loss/platform",
        "target": await target(trade),
        "amount_fen": 1_050,
        "reason": "多扣服务费",
        "evidence": "对账函 2026-3",
    }
    must(await trade.by(trade.first).post("/api/v1/ledger/adjustments", body))
    pages: Pages = [
        (
            trade.second,
            [
                "/refund-batches",
                f"/refund-batches/{batch['id']}",
                "/payout-batches",
                "/payout-accounts",
                "/reconciliation",
                "/adjustments",
            ],
        ),
    ]

    assert await walk(site, browser, axe, "desks", pages) == {}


async def test_no_fault_is_found_on_charges_charge_backs_and_their_order_form(
    site: str, browser: Browser, axe: str, metered: Trade, db: Database
) -> None:
    order = await accepted(metered)
    started = must(await metered.step(order, "top-ups", metered.buyer, amount_fen=3_000))
    must(await metered.by(metered.buyer).post(started["pay_at"]))
    await use(metered, order, 8)
    await metered.move_by(HOUR)
    must(await metered.by(metered.buyer).post(started["pay_at"], {"kind": "charged_back"}))
    desk = await make_member(
        db, Role.OPERATOR_FINANCE, now=metered.clock.now(), party=metered.acceptor.party
    )
    (case,) = must(await metered.by(desk).get("/api/v1/chargebacks"))["items"]
    form = (
        f"/products/{metered.product_id}/orders?price_item=as_used&quantity=4&scenario={SCENARIO}"
    )
    pages: Pages = [
        (metered.buyer, [f"/orders/{order}/charges", "/my/bills", form]),
        (desk, ["/chargebacks", f"/chargebacks/{case['id']}"]),
    ]

    assert await walk(site, browser, axe, "charges", pages) == {}


async def test_no_fault_is_found_on_the_papers_of_a_sale(
    site: str, browser: Browser, axe: str, trade: Treasury
) -> None:
    order = await trade.released()
    asked = must(await trade.step(order, "invoices", trade.buyer, amount_fen=5_000, title=TITLE))
    agreement = must(await propose_sharing(trade))
    ledger = must(await trade.by(trade.supplier).get(f"/api/v1/orders/{order}/ledger"))
    entry = uuid.UUID(ledger["entries"][-1]["key"])
    pages: Pages = [
        (
            trade.supplier,
            [
                "/my/sales",
                f"/explanations/entry/{entry}",
                "/invoices",
                f"/invoices/{asked['id']}",
                "/revenue-agreements",
                f"/revenue-agreements/{agreement['id']}",
                "/revenue-agreements/new?method=ip_sharing",
            ],
        ),
    ]

    assert await walk(site, browser, axe, "papers", pages) == {}
