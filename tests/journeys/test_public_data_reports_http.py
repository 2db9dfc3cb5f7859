"""The yearly report of public data: drawn up of a closed year, sealed, published, corrected by a version."""

from __future__ import annotations

import datetime as dt
import io
import json
import pathlib
import zipfile
from typing import Any

import asyncpg
import pytest

from catalog.audit_log import export_format
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.cli import verify as door
from market.jobs import close_periods, disclosures_due
from tests.api import Api, code
from tests.journeys.test_allowed_revenue_http import REVIEW, lay_down, make_public, sell
from tests.journeys.test_month_end import month_of
from tests.makers_registration import must
from tests.makers_trade import REGISTRATION, Trade
from tests.stages import staged

PATH = "/api/v1/public-data-reports"
BOOK = "/api/v1/ledger/periods/public_data"


@staged
async def trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    trade = await make_public(api, db, clock)
    await trade.listed(
        secrecy_review=REVIEW,
        public_registration=REGISTRATION,
        irreversibility_statement="按小时汇总，无法还原原始数据。",
    )
    return trade


async def year_ends(trade: Trade) -> int:
    """Let the year end and close its months in the book of public data; return which it was."""
    first = month_of(trade)
    year = int(first[:4])
    trade.clock.move_by(dt.datetime(year + 1, 1, 3, tzinfo=dt.UTC) - trade.clock.now())
    await trade.sign_in_again()
    told = {"account": "channel_clearing/sandbox", "explanation": "与渠道对账单一致"}
    for number in range(int(first[5:]), 13):
        place = f"{BOOK}/{year}-{number:02}"
        must(await trade.by(trade.issuer).post(f"{place}/closings", {}))
        await close_periods.run(trade.db, now=trade.clock.now())
        must(await trade.by(trade.issuer).post(f"{place}/explanations", told))
        assert await close_periods.run(trade.db, now=trade.clock.now()) == 1
    return year


def asked(trade: Trade, year: int, **other: Any) -> dict[str, Any]:
    return {"operator_party_id": str(trade.supplier.party.id), "year": year} | other


async def test_a_report_is_drawn_up_of_a_closed_year_and_read_by_whom_it_concerns(
    trade: Trade,
) -> None:
    must(await lay_down(trade))
    await sell(trade, 8)
    early = await trade.by(trade.issuer).post(PATH, asked(trade, trade.clock.now().year))
    year = await year_ends(trade)

    made = must(await trade.by(trade.issuer).post(PATH, asked(trade, year)))

    report = made["report"]
    assert (early.status_code, code(early)) == (409, "period_not_closed")
    assert report["public"]["paid_fen"] == report["public"]["net_fen"] == 800
    assert report["public"]["treasury_fen"] == report["revenue"]["totals"]["treasury_fen"] > 0
    (cost,) = report["public"]["costs"]
    assert (cost["cost_fen"], cost["allowed_fen"], cost["actual_cost_fen"]) == (1_000, 1_000, None)
    place = f"{PATH}/{report['id']}"
    for reader in (trade.issuer, trade.regulator, trade.supplier):
        assert must(await trade.by(reader).get(place)) == made
    strange = await trade.by(trade.buyer).get(place)
    assert strange.status_code in {403, 404}
    (published,) = must(await trade.api.get(PATH))["items"]
    assert published["public"] == report["public"]
    assert (published["sha256"], published["is_newest"]) == (made["sha256"], True)
    inbox = must(await trade.by(trade.regulator).get("/api/v1/my/notifications"))["items"]
    assert [each["topic"] for each in inbox].count("public_data_report_drawn_up") == 1


async def test_a_correction_is_another_version_with_a_reason_and_the_first_stays(
    trade: Trade,
) -> None:
    allowance = must(await lay_down(trade))["id"]
    await sell(trade, 8)
    year = await year_ends(trade)
    house = trade.by(trade.issuer)
    first = must(await house.post(PATH, asked(trade, year)))

    same = await house.post(PATH, asked(trade, year, correction="再出一份"))
    must(
        await trade.by(trade.regulator).post(
            f"/api/v1/allowed-revenues/{allowance}/comparisons",
            {"actual_cost_fen": 1_050, "actual_volume": 8},
        )
    )
    silent = await house.post(PATH, asked(trade, year))
    second = must(await house.post(PATH, asked(trade, year, correction="补录实际成本")))
    forbidden = await trade.by(trade.supplier).post(PATH, asked(trade, year, correction="补录"))
    nobody = await house.post(PATH, asked(trade, year) | {"year": 1999})

    assert (same.status_code, code(same)) == (409, "public_data_report_unchanged")
    assert (silent.status_code, code(silent)) == (
        422,
        "public_data_report_correction_unexplained",
    )
    assert forbidden.status_code == 403
    assert nobody.status_code in {400, 422}
    assert second["report"]["public"]["version"] == 2
    assert second["report"]["public"]["costs"][0]["actual_cost_fen"] == 1_050
    assert second["report"]["corrects_sha256"] == first["sha256"]
    listed = must(await trade.api.get(PATH, year=year))["items"]
    assert [(each["public"]["version"], each["is_newest"]) for each in listed] == [
        (2, True),
        (1, False),
    ]
    assert must(await house.get(f"{PATH}/{first['report']['id']}")) == first


async def test_an_outsider_finds_the_report_in_the_log_and_whoever_changes_it_is_found(
    trade: Trade, tmp_path: pathlib.Path, owner_dsn: str
) -> None:
    must(await lay_down(trade))
    await sell(trade, 8)
    year = await year_ends(trade)
    made = await trade.by(trade.issuer).post(PATH, asked(trade, year))
    place = f"{PATH}/{made.json()['report']['id']}"
    raw = (await trade.by(trade.regulator).get(place)).content
    sheet = await trade.by(trade.regulator).get(f"{place}/workbook")
    out = await trade.api.export(tmp_path / "export")
    file = tmp_path / "report.json"
    file.write_bytes(raw)
    keys = out / export_format.KEYS

    found = door.check(str(file), vkey=None, keys_file=keys, log_place=str(out))

    assert found.problems == ()
    assert (found.counts["yearly report"], found.counts["allowances"]) == (1, 1)
    told = json.loads(raw)
    told["report"]["public"]["net_fen"] += 1
    file.write_text(json.dumps(told))
    assert door.check(str(file), vkey=None, keys_file=keys).problems != ()
    with zipfile.ZipFile(io.BytesIO(sheet.content)) as book:
        assert "核定运营成本 Cost as decided" in book.read("xl/sharedStrings.xml").decode()
    connection = await asyncpg.connect(owner_dsn)
    try:
        for table in ("public_data_reports", "public_data_publications"):
            with pytest.raises(asyncpg.PostgresError):
                await connection.execute(f"UPDATE market.{table} SET version = 9")
            with pytest.raises(asyncpg.PostgresError):
                await connection.execute(f"DELETE FROM market.{table}")
    finally:
        await connection.close()


async def test_an_operator_is_reminded_once_of_the_year_that_it_discloses_by_the_end_of_march(
    trade: Trade,
) -> None:
    await sell(trade, 8)
    early = await disclosures_due.run(trade.db, now=trade.clock.now())
    year = await year_ends(trade)

    reminded = [await disclosures_due.run(trade.db, now=trade.clock.now()) for _ in range(2)]

    inbox = must(await trade.by(trade.supplier).get("/api/v1/my/notifications"))["items"]
    told = [each["topic"] for each in inbox]
    owed = must(await trade.by(trade.supplier).get("/api/v1/work-queue"))["items"]
    (clock,) = [each for each in owed if each["timer"]["kind"] == "public_data_disclosure"]
    must(await trade.by(trade.issuer).post(PATH, asked(trade, year)))
    after = must(await trade.by(trade.supplier).get("/api/v1/work-queue"))["items"]
    assert (early, reminded) == (0, [1, 0])
    assert told.count("public_data_report_due") == 1
    assert clock["timer"]["due_on"] == f"{year + 1}-03-31"
    assert "public_data_disclosure" not in [each["timer"]["kind"] for each in after]
    assert await disclosures_due.run(trade.db, now=trade.clock.now()) == 0
