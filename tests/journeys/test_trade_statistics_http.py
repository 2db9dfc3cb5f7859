"""Statistics by industry, scenario, region and month come to the ledger, whoever computes them (F32)."""

from __future__ import annotations

import io
import json
import pathlib
import zipfile
from typing import Any

import asyncpg

from catalog.audit_log import export_format
from market.cli import verify as door
from tests.api import code
from tests.journeys.test_month_end import closed, month_of, sell
from tests.makers_coded import make_coded_trade
from tests.makers_registration import must
from tests.makers_trade import Trade
from tests.stages import staged

PATH = "/api/v1/trade-statistics"


trade = staged(make_coded_trade)


def lines(told: dict[str, Any], dimension: str) -> dict[str, int]:
    """Return what was paid, by the codes of a dimension."""
    (table,) = (each for each in told["tables"] if each["dimension"] == dimension)
    return {line["code"]: line["sums"]["paid_fen"] for line in table["lines"]}


async def test_what_is_counted_is_what_the_closed_months_have_to_the_fen(
    trade: Trade, owner_dsn: str
) -> None:
    await sell(trade)
    without = await sell(trade)
    await forget_codes(owner_dsn, without)
    month = await closed(trade)

    told = must(await trade.by(trade.issuer).get(f"{PATH}/{month}"))["statistics"]
    sealed = must(
        await trade.by(trade.regulator).get(f"/api/v1/account-statements/regulator/{month}")
    )["statement"]

    paid = 37_035
    assert told["totals"]["paid_fen"] == 2 * paid
    assert lines(told, "industry") == {"55": paid, "not_assigned": paid}
    assert lines(told, "region") == {"460108": paid, "not_assigned": paid}
    assert lines(told, "scenario") == {"port_safety": 2 * paid}
    assert lines(told, "month") == {month: 2 * paid}
    booked = {
        each["purpose"]: (each["debits_fen"], each["credits_fen"]) for each in sealed["purposes"]
    }
    assert {
        each["purpose"]: (each["debits_fen"], each["credits_fen"]) for each in told["controls"]
    } == {purpose: sums for purpose, sums in booked.items() if sums != (0, 0)}
    assert told["totals"]["moved_fen"] == sealed["debits_fen"] == sealed["credits_fen"]
    assert told["chain_head"] == sealed["chain_head"]


async def forget_codes(dsn: str, order: str) -> None:
    """Let an order be of no industry and no region, as those are that were cleared long ago."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            """UPDATE market.orders
                  SET industry_section = '', industry_division = '', region_code = ''
                WHERE id = $1""",
            order,
        )
    finally:
        await connection.close()


async def test_a_supplier_reads_its_own_orders_and_nobody_elses(trade: Trade) -> None:
    await sell(trade)
    month = await closed(trade)
    supplier = str(trade.supplier.party.id)

    own = must(await trade.by(trade.supplier).get(f"{PATH}/{month}"))["statistics"]
    house = must(
        await trade.by(trade.regulator).get(f"{PATH}/{month}", supplier_party_id=supplier)
    )["statistics"]
    strange = await trade.by(trade.stranger).get(f"{PATH}/{month}", supplier_party_id=supplier)
    nothing = must(await trade.by(trade.stranger).get(f"{PATH}/{month}"))["statistics"]

    assert own == house
    assert own["supplier_name"] == trade.supplier.party.name
    assert [each["purpose"] for each in own["controls"]] == ["order_escrow"]
    assert own["totals"]["paid_fen"] == 37_035
    assert (strange.status_code, code(strange)) == (404, "not_found")
    assert (nothing["totals"]["entries"], nothing["tables"][0]["lines"]) == (0, [])


async def test_months_that_are_open_or_none_are_refused(trade: Trade) -> None:
    await sell(trade)
    house = trade.by(trade.issuer)

    open_ = await house.get(f"{PATH}/{month_of(trade)}")
    unsaid = await house.get(f"{PATH}/2026-13")
    nobody = await trade.api.get(f"{PATH}/{month_of(trade)}")

    assert (open_.status_code, code(open_)) == (409, "period_not_closed")
    assert (unsaid.status_code, code(unsaid)) == (422, "month_unknown")
    assert nobody.status_code == 401


async def test_an_outsider_checks_them_against_the_journal_and_a_treasurer_gets_a_workbook(
    trade: Trade, tmp_path: pathlib.Path
) -> None:
    await sell(trade)
    month = await closed(trade)
    house = trade.by(trade.issuer)
    raw = (await house.get(f"{PATH}/{month}")).content
    sheet = await house.get(f"{PATH}/{month}/workbook")
    out = await trade.api.export(tmp_path / "export")
    file = tmp_path / "statistics.json"
    file.write_bytes(raw)
    keys = out / export_format.KEYS

    found = door.check(str(file), vkey=None, keys_file=keys, log_place=str(out))

    assert found.problems == ()
    assert found.counts["entries in the journal"] == 2
    told = json.loads(raw)
    told["statistics"]["totals"]["paid_fen"] += 1
    file.write_text(json.dumps(told))
    assert door.check(str(file), vkey=None, keys_file=keys).problems != ()
    assert sheet.content == (await house.get(f"{PATH}/{month}/workbook")).content
    with zipfile.ZipFile(io.BytesIO(sheet.content)) as book:
        texts = book.read("xl/sharedStrings.xml").decode()
    assert "统计借方 Debits" in texts
    assert "port_safety" in texts
