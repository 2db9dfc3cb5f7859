"""The pages of the books: refund batches, replays of the journal, agreements proposed by a form."""

from __future__ import annotations

from catalog.kernel.db import Database
from settlement.refunds.bank_lines import Outcome
from tests.api import Api
from tests.journeys import test_payouts_and_reconciliation as money
from tests.journeys.test_payouts_and_reconciliation import Treasury
from tests.journeys.test_refunds_by_bank_file import answer, owed, refund
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.portal.test_counter_pages import by, plain, send
from tests.portal.test_pages_html import check, look
from tests.portal.test_trade_pages import gone_astray, there
from tests.stages import staged

trade = money.trade


market = staged(make_trade)


async def test_a_replay_is_asked_for_on_a_page_and_says_that_all_agrees(
    api: Api, trade: Treasury
) -> None:
    by(api, trade.first)
    empty = await look(api, "/finance/replay")
    asked = await send(api, "/finance/replay")
    (waiting,) = must(await trade.by(trade.first).get("/api/v1/ledger/replays"))["items"]
    one = f"/finance/replay/{waiting['id']}"
    by(api, trade.first)
    before = await look(api, one)
    await trade.api.run_jobs()
    by(api, trade.first)
    after = await look(api, one)
    listed = await look(api, "/finance/replay")
    await there(api, trade.first, ["/finance/replay", one])

    for shown in (empty, before, after, listed):
        check(shown, "zh-CN")
    assert "还没有重放过" in plain(empty.text)
    assert asked.status_code == 303
    assert "待运行" in plain(before.text)
    assert "全部一致" in plain(after.text)
    assert "全部一致" in plain(listed.text)


async def test_a_supplier_proposes_how_revenue_is_shared_by_a_form(api: Api, market: Trade) -> None:
    by(api, market.supplier)
    place = "/revenue-agreements/new"
    name = market.supplier.party.uscc
    other = market.buyer.party.uscc
    said = {
        "method": "profit_sharing",
        "product_id": market.product_id,
        "sharers": f"{name}，70\n{other}，30",
        "document_sha256": "ab" * 32,
    }

    form = await look(api, place)
    others = [await look(api, f"{place}?method={each}") for each in ("equity", "ip_sharing")]
    nobody = await send(api, place, **(said | {"sharers": "谁也不是，100"}))
    short = await send(api, place, **(said | {"sharers": f"{name}，70"}))
    proposed = await send(api, place, **said)
    (found,) = must(await market.by(market.supplier).get("/api/v1/revenue-agreements"))["items"]
    by(api, market.supplier)
    listed = plain((await look(api, "/revenue-agreements")).text)

    for shown in (form, *others):
        check(shown, "zh-CN")
    assert (nobody.status_code, proposed.status_code) == (422, 303)
    assert short.status_code == 422
    assert found["agreed"]["terms"]["profit"][0]["share_bps"] == 7_000
    assert found["number"] in listed


async def test_refunds_go_back_by_a_batch_that_is_made_and_answered_on_pages(
    api: Api, db: Database, trade: Treasury
) -> None:
    by(api, trade.first)
    empty = await look(api, "/refund-batches")
    nothing = await send(api, "/refund-batches")
    order = await owed(trade, db)
    told = await refund(trade, order)
    by(api, trade.first)
    made = await send(api, "/refund-batches")
    (batch,) = must(await trade.by(trade.first).get("/api/v1/refund-batches"))["items"]
    one = f"/refund-batches/{batch['id']}"
    by(api, trade.first)
    waits = await look(api, one)
    wrong = await send(api, f"{one}/outcomes", one, content="不是回执")
    paid = answer(batch["id"], told["reference"], Outcome.PAID, told["amount_fen"])
    taken = await send(api, f"{one}/outcomes", one, content=paid)
    ended = await look(api, one)
    await there(api, trade.first, ["/refund-batches", one])
    astray = await gone_astray(api, trade.first, ["/refund-batches", one])

    for shown in (empty, waits, ended):
        check(shown, "zh-CN")
    assert "还没有退款批次" in plain(empty.text)
    assert (nothing.status_code, made.status_code) == (409, 303)
    assert "1 笔待回执" in plain(waits.text)
    assert (wrong.status_code, taken.status_code) == (422, 303)
    assert "回执已齐" in plain(ended.text)
    assert "已退" in plain(ended.text)
    assert astray == {}
