"""The books at a terminal: trial balance, accounts, statements, and where an amount comes from."""

from __future__ import annotations

import json
import pathlib

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api
from tests.journeys.test_month_end import closed, month_of, sell
from tests.journeys.test_readings_keys_settings import kept
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.terminal import Run


@pytest.fixture
async def trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    return await make_trade(api, db, clock)


async def test_the_trial_balance_is_drilled_into_at_a_terminal(trade: Trade, run: Run) -> None:
    await sell(trade)
    month = await closed(trade)

    whole = await run(trade.issuer, "ledger", "trial-balance", "--period", month)
    payables = await run(trade.issuer, "ledger", "trial-balance", "--purpose", "payable")
    later = await run(trade.issuer, "ledger", "trial-balance", "--period", "2026-13")
    strange = await run(trade.supplier, "ledger", "trial-balance")

    assert whole.returncode == 0, whole.stderr
    assert "平衡 · in balance" in whole.stdout
    assert "2241.01" in whole.stdout
    assert f"payable/{trade.supplier.party.id}" in payables.stdout
    assert (later.returncode, strange.returncode) == (1, 1)
    assert "[month_unknown]" in later.stderr


async def test_a_supplier_reads_its_account_and_keeps_a_file_of_it(
    trade: Trade, run: Run, tmp_path: pathlib.Path
) -> None:
    await sell(trade)
    code = f"payable/{trade.supplier.party.id}"

    own = await run(trade.supplier, "ledger", "accounts")
    lines = await run(trade.supplier, "ledger", "account", code)
    told = await run(trade.supplier, "ledger", "account", code, "--json")
    for name in ("account.csv", "account.xlsx"):
        kept = await run(trade.supplier, "ledger", "account", code, "--out", str(tmp_path / name))
        assert kept.returncode == 0, kept.stderr
    odd = await run(trade.supplier, "ledger", "account", code, "--out", str(tmp_path / "a.pdf"))
    foreign = await run(trade.stranger, "ledger", "account", code)

    (page,) = json.loads(told.stdout)
    assert code in own.stdout
    assert "放款分账" in lines.stdout
    assert "未结账" in lines.stdout
    assert page["closing_fen"] == page["items"][0]["amount_fen"] > 0
    assert "放款分账" in (tmp_path / "account.csv").read_text("utf-8-sig")
    assert (tmp_path / "account.xlsx").read_bytes().startswith(b"PK")
    assert odd.returncode == 2
    assert foreign.returncode == 1


async def test_what_of_an_account_is_read_by_the_house_stays_in_the_log(
    db: Database, trade: Trade
) -> None:
    await sell(trade)
    code = f"payable/{trade.supplier.party.id}"
    month = month_of(trade)

    must(
        await trade.by(trade.regulator).get(f"/api/v1/account-ledgers/market/{code}", period=month)
    )
    must(await trade.by(trade.supplier).get(f"/api/v1/account-ledgers/market/{code}"))
    sheet = await trade.by(trade.regulator).get(
        f"/api/v1/account-ledgers/market/{code}/file", file_format="xlsx"
    )
    routes = [json.dumps(each) for each in await kept(db, "record:read")]

    assert sheet.content.startswith(b"PK")
    assert sum("/api/v1/account-ledgers/" in each for each in routes) == 2
    assert sum("{owner}/file" in each for each in routes) == 1
    assert all(str(trade.supplier.party.id) in each for each in routes)


async def test_every_fen_of_an_order_is_explained_to_both_sides_and_to_the_house(
    trade: Trade, run: Run
) -> None:
    order = await sell(trade)
    path = f"/api/v1/explanations/order/{order}"

    told = [
        must(await trade.by(who).get(path))
        for who in (trade.buyer, trade.supplier, trade.regulator, trade.issuer)
    ]
    shown = await run(trade.buyer, "ledger", "explain", "order", order)
    english = await run(trade.supplier, "ledger", "explain", "order", order, "--lang", "en")
    strange = await trade.by(trade.stranger).get(path)
    unknown = await trade.by(trade.issuer).get(f"/api/v1/explanations/entry/{order}")

    assert all(each == told[0] for each in told)
    assert told[0]["is_as_posted"]
    assert [each["way"] for each in told[0]["entries"]] == ["whole", "divided"]
    released = told[0]["entries"][1]
    one = must(await trade.by(trade.supplier).get(f"/api/v1/explanations/entry/{released['key']}"))
    assert one["entries"] == [released]
    assert shown.returncode == 0, shown.stderr
    assert "权利人按利润分成分得" in shown.stdout
    assert "Right holder:" in english.stdout
    assert (strange.status_code, unknown.status_code) == (404, 404)
