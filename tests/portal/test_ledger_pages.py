"""The pages of the books: from the trial balance to an account, from an account to each entry."""

from __future__ import annotations

from tests.api import Api
from tests.journeys.test_month_end import closed, month_ends, month_of, sell
from tests.makers_trade import Trade, make_trade
from tests.portal.test_counter_pages import by, plain, section
from tests.portal.test_pages_html import check, look
from tests.stages import staged

trade = staged(make_trade)


async def test_a_purpose_leads_to_its_accounts_and_an_account_to_its_entries(
    api: Api, trade: Trade
) -> None:
    by(api, trade.issuer)
    empty = await look(api, "/finance/trial-balance")
    await sell(trade)
    month = await closed(trade)
    code = f"payable/{trade.supplier.party.id}"
    by(api, trade.issuer)
    trial = await look(api, f"/finance/trial-balance?period={month}")
    earlier = await look(api, "/finance/trial-balance?as_of=2020-01-01")
    payables = await look(api, f"/finance/trial-balance/payable?period={month}")
    ledger = await look(api, f"/account-ledgers/market/{code}?period={month}")
    english = await look(api, f"/account-ledgers/market/{code}?lang=en")
    unknown = await look(api, "/account-ledgers/market/nothing/p?lang=zh")

    check(empty, "zh-CN")
    assert "此范围内没有发生额" in empty.text
    check(trial, "zh-CN")
    assert "借贷平衡" in plain(section(trial.text, "trial"))
    assert f"/finance/trial-balance/payable?book=market&amp;period={month}" in trial.text
    assert "借贷平衡" in plain(section(earlier.text, "trial"))
    check(payables, "zh-CN")
    assert code in section(payables.text, "accounts")
    check(ledger, "zh-CN")
    assert f"{month}/000002" in section(ledger.text, "lines")
    assert "放款分账" in section(ledger.text, "lines")
    assert "订单托管款" in section(ledger.text, "lines")
    check(english, "en")
    assert unknown.status_code == 400


async def test_a_party_reads_its_own_account_and_no_trial_balance(api: Api, trade: Trade) -> None:
    await sell(trade)
    code = f"payable/{trade.supplier.party.id}"
    by(api, trade.supplier)
    own = await look(api, f"/account-ledgers/market/{code}")
    later = await look(api, f"/account-ledgers/market/{code}?period={month_of(trade)}")
    refused = await look(api, "/finance/trial-balance")
    by(api, trade.stranger)
    foreign = await look(api, f"/account-ledgers/market/{code}")

    check(own, "zh-CN")
    assert "未结账" in section(own.text, "lines")
    assert later.status_code == 200
    assert (refused.status_code, foreign.status_code) == (403, 404)


async def test_where_the_money_comes_from_is_told_in_words(api: Api, trade: Trade) -> None:
    placed = await trade.cleared()
    by(api, trade.buyer)
    empty = await look(api, f"/explanations/order/{placed}")
    order = await sell(trade)
    by(api, trade.buyer)
    told = await look(api, f"/explanations/order/{order}")
    english = await look(api, f"/explanations/order/{order}?lang=en")
    by(api, trade.stranger)
    foreign = await look(api, f"/explanations/order/{order}?lang=zh")

    check(empty, "zh-CN")
    assert "还没有动过钱" in empty.text
    check(told, "zh-CN")
    assert "与账簿逐分一致" in told.text
    assert "权利人按利润分成分得" in plain(section(told.text, "entry-2"))
    check(english, "en")
    assert "As in the books, to the fen" in english.text
    assert foreign.status_code == 404


async def test_what_waits_and_what_is_ones_own_stand_first(api: Api, trade: Trade) -> None:
    by(api, trade.issuer)
    empty = await look(api, "/finance")
    await sell(trade)
    month = await closed(trade)
    await sell(trade)
    by(api, trade.supplier)
    sales = await look(api, "/my/sales")
    by(api, trade.buyer)
    bills = await look(api, "/my/bills?lang=en")
    by(api, trade.issuer)
    await month_ends(trade)
    by(api, trade.issuer)
    waits = await look(api, "/finance?lang=zh")

    assert "没有待办事项" in section(empty.text, "waits")
    check(sales, "zh-CN")
    now = section(sales.text, "now")
    assert f"/account-ledgers/market/payable/{trade.supplier.party.id}" in now
    assert "<svg" in now
    assert month in now
    check(bills, "en")
    assert "What came in each month" in section(bills.text, "now")
    check(waits, "zh-CN")
    assert "未结账的月份" in section(waits.text, "waits")
