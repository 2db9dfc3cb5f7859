"""The pages of statistics and of the yearly report: tables beside pictures, empty states, both languages."""

from __future__ import annotations

import datetime as dt

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.portal import charts, pages_trade_statistics, public_data_paper
from market.portal.typesetting import set_paper
from market.trade_statistics.model import Dimension, Line, Sums, Table
from tests.api import Api
from tests.journeys.test_month_end import closed, sell
from tests.makers_coded import make_coded_trade
from tests.makers_trade import Trade
from tests.portal.test_counter_pages import by, plain, section
from tests.portal.test_pages_html import check, look
from tests.pure.test_public_data_reports import allowance, compared, drawn_up, made


@pytest.fixture
async def trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    return await make_coded_trade(api, db, clock)


async def test_statistics_are_read_by_the_houses_and_by_a_supplier(api: Api, trade: Trade) -> None:
    by(api, trade.issuer)
    empty = await look(api, "/trade-statistics")
    await sell(trade)
    month = await closed(trade)
    by(api, trade.issuer)
    whole = await look(api, "/trade-statistics")
    english = await look(api, f"/trade-statistics?period={month}&lang=en")
    unknown = await look(api, "/trade-statistics?period=2026-99")
    by(api, trade.supplier)
    own = await look(api, "/trade-statistics?lang=zh")

    check(empty, "zh-CN")
    assert "尚无可查的期间" in empty.text
    check(whole, "zh-CN")
    assert "370.35" in plain(section(whole.text, "by-industry"))
    assert "port_safety" in plain(section(whole.text, "by-scenario"))
    assert "2241.01 订单托管款" in plain(section(whole.text, "control"))
    check(english, "en")
    assert "Held against the ledger" in english.text
    assert unknown.status_code == 422
    check(own, "zh-CN")
    assert trade.supplier.party.name in plain(section(own.text, "sums"))


async def test_the_yearly_reports_are_read_by_everybody(api: Api, trade: Trade) -> None:
    page = await look(api, "/public-data-reports")

    check(page, "zh-CN")
    assert "尚无年度报告" in page.text


def test_the_picture_has_the_largest_and_the_table_has_all() -> None:
    lines = tuple(
        Line(code=f"s{number:02}", sums=Sums(paid_fen=number * 100)) for number in range(20)
    )

    shown = pages_trade_statistics.shown(Table(dimension=Dimension.SCENARIO, lines=lines), {}, "zh")

    assert [bar.label for bar in shown.chart.bars][:2] == ["s19", "s18"]
    assert (len(shown.chart.bars), len(shown.rows), shown.is_cut) == (12, 20, True)
    months = pages_trade_statistics.shown(
        Table(dimension=Dimension.MONTH, lines=lines[:3]), {}, "en"
    )
    assert [bar.label for bar in months.chart.bars] == ["s01", "s02"]
    assert charts.lying([]).bars == ()
    widths = [bar.width for bar in charts.lying([("a", 100, False), ("b", 50, True)]).bars]
    assert widths == [720.0, 360.0]


def test_the_yearly_report_is_set_as_tagged_paper_and_is_the_same_bytes() -> None:
    first = drawn_up()
    report = made(
        drawn_up(
            (first, "ab" * 32),
            correction="补录实际成本",
            allowances=[allowance(compared=compared()), allowance()],
        )
    )

    page = public_data_paper.paper(report)
    pdf = set_paper(page, dt.date(2027, 3, 1))

    assert pdf.startswith(b"%PDF")
    assert b"StructTreeRoot" in pdf or b"/MarkInfo" in pdf or b"pdfuaid" in pdf
    assert pdf == set_paper(page, dt.date(2027, 3, 1))
    rows = [row for block in page.blocks for row in block.rows]
    assert ("某气象局", "¥4.00", "¥0.50", "¥3.50") in rows
    assert ("实际成本", "¥105.00") in rows
    assert ("实际成本", "—") in rows
    assert ("补录实际成本",) in rows
