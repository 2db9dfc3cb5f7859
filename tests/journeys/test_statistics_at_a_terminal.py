"""Statistics and the yearly report of public data at a terminal."""

from __future__ import annotations

import json
import pathlib

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api
from tests.journeys.test_allowed_revenue_http import REVIEW, lay_down, make_public, sell
from tests.journeys.test_public_data_reports_http import year_ends
from tests.makers_registration import must
from tests.makers_trade import REGISTRATION
from tests.terminal import Run


async def test_a_treasurer_reads_and_keeps_statistics_and_the_yearly_report(
    api: Api, db: Database, clock: ManualClock, run: Run, tmp_path: pathlib.Path
) -> None:
    trade = await make_public(api, db, clock)
    await trade.listed(
        secrecy_review=REVIEW,
        public_registration=REGISTRATION,
        irreversibility_statement="按小时汇总，无法还原原始数据。",
    )
    must(await lay_down(trade))
    await sell(trade, 8)
    year = await year_ends(trade)
    book = ("--book", "public_data")
    signed, sheet = tmp_path / "statistics.json", tmp_path / "report.xlsx"
    operator = str(trade.supplier.party.id)

    shown = await run(trade.issuer, "statistics", "show", year, "--by", "scenario", *book)
    told = await run(trade.supplier, "statistics", "show", year, "--json", *book)
    kept = await run(
        trade.issuer, "statistics", "fetch", year, signed, "--supplier", operator, *book
    )
    none = await run(trade.issuer, "statistics", "show", year)
    drawn_up = await run(trade.issuer, "yearly-reports", "draw-up", operator, year)
    again = await run(trade.issuer, "yearly-reports", "draw-up", operator, year)
    listed = await run(trade.buyer, "yearly-reports", "list", "--json")
    (report,) = json.loads(listed.stdout)
    fetched = await run(trade.regulator, "yearly-reports", "fetch", report["id"], sheet, "--xlsx")

    assert shown.returncode == 0, shown.stderr
    assert "port_safety" in shown.stdout
    assert "合计 total" in shown.stdout
    assert json.loads(told.stdout)["supplier_name"] == trade.supplier.party.name
    assert kept.returncode == 0, kept.stderr
    assert json.loads(signed.read_bytes())["statistics"]["supplier_party_id"] == operator
    assert none.returncode == 1
    assert "[period_not_closed]" in none.stderr
    assert drawn_up.returncode == 0, drawn_up.stderr
    assert f"{year}  v1" in drawn_up.stdout
    assert again.returncode == 1
    assert "[public_data_report_correction_unexplained]" in again.stderr
    assert report["public"]["paid_fen"] == 800
    assert fetched.returncode == 0, fetched.stderr
    assert sheet.read_bytes().startswith(b"PK")
