"""The pages of statistics and of the yearly report: tables beside pictures, empty states, both languages."""

from __future__ import annotations

import datetime as dt

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.portal import charts, pages_trade_statistics, public_data_paper
from market.portal.typesetting import set_paper
from market.trade_statistics.model import Dimension, Line, Sums, Table
from tests.api import Api
from tests.journeys.test_allowed_revenue_http import REVIEW, lay_down, make_public
from tests.journeys.test_allowed_revenue_http import sell as sell_public
from tests.journeys.test_month_end import closed, sell
from tests.journeys.test_public_data_reports_http import year_ends
from tests.makers_coded import make_coded_trade
from tests.makers_registration import must
from tests.makers_trade import REGISTRATION, Trade
from tests.portal.test_counter_pages import by, plain, section, send
from tests.portal.test_pages_html import check, look
from tests.pure.test_public_data_reports import allowance, compared, drawn_up, made
from tests.stages import staged

trade = staged(make_coded_trade)


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


async def test_a_report_is_drawn_up_and_corrected_on_its_page(
    api: Api, db: Database, clock: ManualClock
) -> None:
    trade = await make_public(api, db, clock)
    await trade.listed(
        secrecy_review=REVIEW,
        public_registration=REGISTRATION,
        irreversibility_statement="按小时汇总，无法还原原始数据。",
    )
    allowance_id = must(await lay_down(trade))["id"]
    await sell_public(trade, 8)
    year = await year_ends(trade)
    place = "/public-data-reports"
    by(api, trade.issuer)
    owed = await look(api, place)
    told = {"operator_party_id": str(trade.supplier.party.id), "year": str(year)}
    drawn = await send(api, place, place, **told)
    silent = await send(api, place, place, correction="再出一份", **told)
    by(api, trade.regulator)
    must(
        await trade.by(trade.regulator).post(
            f"/api/v1/allowed-revenues/{allowance_id}/comparisons",
            {"actual_cost_fen": 1_050, "actual_volume": 8},
        )
    )
    by(api, trade.issuer)
    corrected = await send(api, place, place, correction="补录实际成本", **told)
    shown = await look(api, place)
    (report,) = (
        each for each in must(await api.get(f"/api/v1{place}"))["items"] if each["is_newest"]
    )
    paper = await look(api, f"{place}/{report['id']}/paper")
    by(api, None)
    public = await look(api, f"{place}?lang=en")

    assert f"{year + 1}" in plain(section(owed.text, "due"))
    assert drawn.status_code == 303
    assert silent.status_code == 409
    assert "无须更正" in silent.text
    assert corrected.status_code == 303
    check(shown, "zh-CN")
    assert "补录实际成本" in plain(section(shown.text, "report-1"))
    assert "已由新版本更正" in plain(section(shown.text, "report-2"))
    assert 'id="due"' not in shown.text
    assert paper.content.startswith(b"%PDF")
    check(public, "en")
    assert "/paper" not in public.text
    assert "¥8.00" in plain(section(public.text, "report-1"))


def test_the_picture_has_the_largest_and_the_table_has_all() -> None:
    lines = tuple(
        Line(code=f"s{number:02}", sums=Sums(paid_fen=number * 100)) for number in range(20)
    )

    shown = pages_trade_statistics.shown(Table(dimension=Dimension.SCENARIO, lines=lines), {}, "zh")

    assert [bar.label for bar in shown.chart.bars][:2] == ["s19", "s18"]
    assert (len(shown.chart.bars), len(shown.rows), shown.is_cut) == (12, 20, True)
    assert shown.members == ("paid_fen",)
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
