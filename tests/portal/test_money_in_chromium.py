"""Payout batches, accounts and reconciliation in a real browser, on wide and small screens."""

from __future__ import annotations

import datetime as dt

from playwright.async_api import Browser

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.kernel.local_time import local_date
from market.jobs import reconcile_statements, send_payouts
from settlement.reconciliation.statement_file import write
from tests.api import Api
from tests.journeys import test_payouts_and_reconciliation as money
from tests.journeys.test_payouts_and_reconciliation import ACCOUNT, Treasury
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


async def test_finance_works_its_pages(
    *,
    api: Api,
    db: Database,
    clock: ManualClock,
    site: str,
    browser: Browser,
    trade: Treasury,
) -> None:
    await trade.released()
    await trade.account()
    must(await trade.by(trade.supplier).post("/api/v1/beneficiaries", ACCOUNT))
    content = write("sandbox", local_date(clock.now()), [money.stated(clock.now())])
    clock.move_by(dt.timedelta(days=1))
    await trade.finance_anew(db)
    must(await trade.load(content))
    await reconcile_statements.run(db, now=clock.now())
    batch = must(await trade.by(trade.first).post("/api/v1/payout-batches", {"minimum_fen": 100}))
    one = f"/payout-batches/{batch['batch']['id']}"
    must(await trade.by(trade.second).post(f"/api/v1{one}/approvals"))
    await send_payouts.run(db, now=clock.now())
    must(await trade.by(trade.second).post(f"/api/v1{one}/bank-files"))
    found = must(await trade.by(trade.first).get("/api/v1/channel-breaks"))["items"]
    faults = []
    for width in ("wide", "phone"):
        context, watched = await open_page(
            browser, site, viewport={"width": WIDTHS[width], "height": 800}
        )
        await sign_in(watched, trade.first.account.login)
        for language in ("zh", "en"):
            for name, path in (
                ("payout-batches", "/payout-batches"),
                ("payout-batch", one),
                ("payout-accounts", "/payout-accounts"),
                ("reconciliation", "/reconciliation"),
                ("channel-break", f"/reconciliation/{found[0]['id']}"),
            ):
                await watched.goto(f"{path}?lang={language}")
                await picture(watched.page, f"{name}-{language}-{width}")
                faults += [(name, width, language, said) for said in await look_over(watched.page)]
        assert watched.complaints == []
        await context.close()
    assert faults == []
