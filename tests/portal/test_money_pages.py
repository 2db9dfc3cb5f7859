"""The pages of payouts, accounts and reconciliation: seen and worked by two people of finance."""

from __future__ import annotations

import datetime as dt

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.kernel.local_time import local_date
from market.jobs import reconcile_statements, send_payouts
from settlement.reconciliation.statement_file import write
from tests.api import Api
from tests.journeys import test_payouts_and_reconciliation as money
from tests.journeys.test_payouts_and_reconciliation import ACCOUNT, Treasury
from tests.makers_registration import must
from tests.portal.test_counter_pages import by, plain, send
from tests.portal.test_pages_html import check, look
from tests.portal.test_trade_pages import gone_astray, there

trade = money.trade


async def _account(api: Api, trade: Treasury) -> str:
    account = must(await trade.by(trade.supplier).post("/api/v1/beneficiaries", ACCOUNT))["id"]
    by(api, trade.first)
    assert "****7890" in plain((await look(api, "/payout-accounts")).text)
    place = f"/payout-accounts/{account}"
    assert (await send(api, f"{place}/checks", "/payout-accounts")).status_code == 303
    alone = await send(api, f"{place}/verifications", "/payout-accounts")
    by(api, trade.second)
    verified = await send(api, f"{place}/verifications", "/payout-accounts")
    assert (alone.status_code, verified.status_code) == (403, 303)
    return str(account)


async def test_a_batch_is_prepared_by_one_and_approved_by_another_on_pages(
    api: Api, trade: Treasury, db: Database
) -> None:
    await trade.released()
    await _account(api, trade)
    by(api, trade.first)
    nothing = await send(api, "/payout-batches", minimum_yuan="10000000")
    prepared = await send(api, "/payout-batches", minimum_yuan="1")
    (batch,) = must(await trade.by(trade.first).get("/api/v1/payout-batches"))["items"]
    place = f"/payout-batches/{batch['id']}"
    by(api, trade.first)
    alone = await send(api, f"{place}/approvals", place)
    by(api, trade.second)
    before = plain((await look(api, place)).text)
    approved = await send(api, f"{place}/approvals", place)
    await send_payouts.run(db, now=trade.clock.now())
    made = await send(api, f"{place}/bank-files", place)
    after = (await look(api, place)).text

    assert (nothing.status_code, prepared.status_code) == (409, 303)
    assert (alone.status_code, approved.status_code, made.status_code) == (403, 303, 303)
    assert "须由编制人以外的另一人批准" in before
    assert trade.supplier.party.name in before
    assert "在途" in plain(after)
    assert f"/api/v1{place}/bank-file" in after


async def test_a_batch_is_cancelled_and_an_account_rejected_on_pages(
    api: Api, trade: Treasury
) -> None:
    await trade.released()
    await _account(api, trade)
    other = must(await trade.by(trade.supplier).post("/api/v1/beneficiaries", ACCOUNT))["id"]
    by(api, trade.first)
    place = f"/payout-accounts/{other}/rejections"
    silent = await send(api, place, "/payout-accounts")
    rejected = await send(api, place, "/payout-accounts", reason="户名与登记不一致")
    await send(api, "/payout-batches", minimum_yuan="1")
    (batch,) = must(await trade.by(trade.first).get("/api/v1/payout-batches"))["items"]
    by(api, trade.first)
    one = f"/payout-batches/{batch['id']}"
    cancelled = await send(api, f"{one}/cancellations", one)

    assert (silent.status_code, rejected.status_code, cancelled.status_code) == (422, 303, 303)
    assert "户名与登记不一致" in plain((await look(api, "/payout-accounts")).text)
    assert "已取消" in plain((await look(api, one)).text)


async def test_breaks_are_seen_booked_and_settled_on_pages(
    api: Api, trade: Treasury, db: Database, clock: ManualClock
) -> None:
    await trade.paid()
    content = write("sandbox", local_date(clock.now()), [])
    clock.move_by(dt.timedelta(days=1))
    await trade.finance_anew(db)
    must(await trade.load(content))
    await reconcile_statements.run(db, now=clock.now())
    (found,) = must(await trade.by(trade.first).get("/api/v1/channel-breaks"))["items"]
    place = f"/reconciliation/{found['id']}"
    by(api, trade.first)
    page = plain((await look(api, "/reconciliation")).text)

    booked = await send(api, f"{place}/bookings", place)
    nowhere = await send(api, f"{place}/proposals", place, way="lost", reason="x")
    silent = await send(api, f"{place}/proposals", place, way="written_off")
    proposed = await send(api, f"{place}/proposals", place, way="written_off", reason="渠道拒付")
    alone = await send(api, f"{place}/decisions", place, decision="approve")
    by(api, trade.second)
    back = await send(api, f"{place}/decisions", place, decision="reject")
    again = await send(api, f"{place}/proposals", place, way="written_off", reason="渠道拒付")
    by(api, trade.first)
    settled = await send(api, f"{place}/decisions", place, decision="approve")

    assert silent.status_code == 422
    assert "短款" in page
    assert "已全部解释" in page
    assert (booked.status_code, nowhere.status_code, proposed.status_code) == (303, 422, 303)
    assert (alone.status_code, back.status_code, again.status_code) == (403, 303, 303)
    assert settled.status_code == 303
    assert "平台垫付核销" in plain((await look(api, place)).text)


async def test_the_pages_are_there_in_both_languages_and_lead_somewhere(
    api: Api, trade: Treasury, db: Database, clock: ManualClock
) -> None:
    await trade.released()
    await trade.account()
    must(await trade.by(trade.first).post("/api/v1/payout-batches", {"minimum_fen": 100}))
    content = write("sandbox", local_date(clock.now()), [])
    clock.move_by(dt.timedelta(days=1))
    await trade.finance_anew(db)
    must(await trade.load(content))
    await reconcile_statements.run(db, now=clock.now())
    (batch,) = must(await trade.by(trade.first).get("/api/v1/payout-batches"))["items"]
    (found,) = must(await trade.by(trade.first).get("/api/v1/channel-breaks"))["items"]
    paths = [
        "/payout-batches",
        f"/payout-batches/{batch['id']}",
        "/payout-accounts",
        "/reconciliation",
        f"/reconciliation/{found['id']}",
    ]

    await there(api, trade.first, paths)
    astray = await gone_astray(api, trade.first, paths)
    by(api, trade.first)
    check(await look(api, "/reconciliation"), "zh-CN")

    assert astray == {}
