"""The pages of money for people: the books, the closing of a month, sales, bills."""

from __future__ import annotations

import pytest

from market.portal import charts, pages_finance
from settlement.periods.model import Movement
from tests.api import Api
from tests.journeys.test_month_end import CLEARING, closed, month_ends, month_of, sell
from tests.makers_trade import Trade, make_trade
from tests.portal.test_counter_pages import by, plain, section, send
from tests.portal.test_pages_html import check, look
from tests.stages import staged

trade = staged(make_trade)


async def test_the_books_are_shown_empty_and_then_in_balance(api: Api, trade: Trade) -> None:
    by(api, trade.issuer)
    empty = await look(api, "/finance")
    await sell(trade)
    by(api, trade.issuer)
    booked = await look(api, "/finance")

    check(empty, "zh-CN")
    assert "尚无凭证" in empty.text
    check(booked, "zh-CN")
    assert "借贷平衡" in plain(section(booked.text, "trial"))
    assert "2241.01 订单托管款" in plain(section(booked.text, "trial"))
    assert month_of(trade) in section(booked.text, "periods")


async def test_a_month_is_closed_on_its_page(api: Api, trade: Trade) -> None:
    await sell(trade)
    month = month_of(trade)
    place = f"/finance/periods/market/{month}"
    by(api, trade.issuer)
    early = await look(api, place)
    waiting = await month_ends(trade)
    by(api, trade.issuer)
    open_ = await look(api, place)
    unsaid = await send(api, f"{place}/explanations", place, account=CLEARING, explanation=" " * 3)
    wrong = await send(
        api, f"{place}/explanations", place, account="suspense/none", explanation="说明"
    )
    told = await send(
        api, f"{place}/explanations", place, account=CLEARING, explanation="与渠道对账单一致"
    )
    await trade.api.run_jobs()
    by(api, trade.issuer)
    sealed = await look(api, place)
    books = await look(api, "/finance")

    assert waiting == month
    assert "本月尚未结束" in early.text
    check(open_, "zh-CN")
    assert CLEARING in section(open_.text, "unexplained")
    assert unsaid.status_code == 422
    assert wrong.status_code == 409
    assert "没有需要说明的余额" in wrong.text
    assert told.status_code == 303
    check(sealed, "zh-CN")
    assert "已结账" in sealed.text
    assert "与渠道对账单一致" in section(sealed.text, "open")
    assert "<svg" in section(books.text, "income")


async def test_suppliers_and_buyers_read_their_own_and_files_of_it(api: Api, trade: Trade) -> None:
    by(api, trade.supplier)
    empty = await look(api, "/my/sales")
    await sell(trade)
    month = await closed(trade)
    by(api, trade.supplier)
    sales = await look(api, "/my/sales")
    english = await look(api, f"/my/sales?period={month}&lang=en")
    paper = await look(api, f"/statements/supplier/{month}/paper")
    unknown = await look(api, "/my/sales?period=2026-99")
    foreign = await look(api, f"/statements/buyer/{month}?party_id={trade.buyer.party.id}")
    by(api, trade.buyer)
    bills = await look(api, "/my/bills?lang=zh")
    by(api, trade.regulator)
    whole = await look(api, f"/statements/regulator/{month}?lang=zh")
    by(api, None)
    nobody = await look(api, "/my/sales")

    check(empty, "zh-CN")
    assert "尚无可查的期间" in empty.text
    check(sales, "zh-CN")
    assert "放款分账" in plain(section(sales.text, "sums"))
    assert f"{month}/000002" in section(sales.text, "sales")
    check(english, "en")
    assert "Released and shared" in english.text
    assert paper.headers["content-type"] == "application/pdf"
    assert paper.content.startswith(b"%PDF")
    assert unknown.status_code == 422
    assert foreign.status_code == 404
    check(bills, "zh-CN")
    assert "收款入托管" in bills.text
    check(whole, "zh-CN")
    assert "科目余额表" in whole.text
    assert nobody.status_code in {303, 401}


def test_income_is_what_arrived_month_by_month() -> None:
    def moved(month: str, purpose: str, credits_fen: int) -> Movement:
        return Movement(month=month, purpose=purpose, debits_fen=5, credits_fen=credits_fen)

    found = pages_finance.income(
        [
            moved("2026-02", "payable", 10),
            moved("2026-01", "platform_fee", 3),
            moved("2026-01", "order_escrow", 99),
        ]
    )

    assert [(each.month, each.total_fen) for each in found] == [("2026-01", 3), ("2026-02", 10)]
    assert found[0].amounts["fees"] == 3


def test_bars_stand_on_zero_and_what_is_below_hangs_from_it() -> None:
    chart = charts.bars([("2026-01", 100), ("2026-02", -50), ("2026-03", 0)])
    up, down, flat = chart.bars

    assert up.y + up.height == pytest.approx(chart.zero, abs=0.2)
    assert down.y == pytest.approx(chart.zero, abs=0.2)
    assert up.height == pytest.approx(2 * down.height, abs=0.2)
    assert flat.height == 0
    assert charts.bars([]).bars == ()
