"""A month is closed at the end of it, everybody reads its statement, and outsiders compute both again."""

from __future__ import annotations

import datetime as dt
import io
import json
import pathlib
import zipfile
from typing import Any

import msgspec

from catalog.audit_log import export_format
from market.cli import verify as door
from settlement.statements.model import SignedAccountStatement
from tests.api import code
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

CLEARING = "channel_clearing/sandbox"


trade = staged(make_trade)


async def sell(trade: Trade) -> str:
    order = await trade.delivered()
    must(await trade.step(order, "acceptances", trade.buyer))
    must(await trade.step(order, "releases", trade.issuer))
    return order


def month_of(trade: Trade) -> str:
    return trade.clock.now().astimezone(dt.timezone(dt.timedelta(hours=8))).strftime("%Y-%m")


def path(month: str) -> str:
    return f"/api/v1/ledger/periods/market/{month}"


async def month_ends(trade: Trade) -> str:
    """Let the month end and begin to close it; return which it was."""
    month = month_of(trade)
    while month_of(trade) == month:
        await trade.move_by(dt.timedelta(days=2))
    must(await trade.by(trade.issuer).post(f"{path(month)}/closings", {}))
    await trade.api.run_jobs()
    return month


async def closed(trade: Trade) -> str:
    month = await month_ends(trade)
    told = {"account": CLEARING, "explanation": "与渠道对账单第 7 号一致"}
    must(await trade.by(trade.issuer).post(f"{path(month)}/explanations", told))
    await trade.api.run_jobs()
    return month


async def shown(trade: Trade, month: str) -> dict[str, Any]:
    return dict(must(await trade.by(trade.issuer).get(path(month))))


async def test_a_month_is_closed_when_all_that_stands_open_is_explained(trade: Trade) -> None:
    await sell(trade)
    month = await month_ends(trade)
    before = await shown(trade, month)
    told = {"account": CLEARING, "explanation": "与渠道对账单第 7 号一致"}
    must(await trade.by(trade.issuer).post(f"{path(month)}/explanations", told))
    await trade.api.run_jobs()
    after = await shown(trade, month)
    listed = must(await trade.by(trade.regulator).get("/api/v1/ledger/periods"))["items"]
    record = must(await trade.by(trade.regulator).get(f"{path(month)}/record"))

    assert before["period"]["step"] == "explaining"
    assert [each["account"] for each in before["unexplained"]] == [CLEARING]
    assert (after["period"]["state"], after["period"]["entries"]) == ("closed", 2)
    assert after["difference_fen"] == 0
    assert [(each["month"], each["state"]) for each in listed] == [(month, "closed")]
    assert json.loads(record["record"])["explained"][0]["explanation"] == told["explanation"]
    assert record["sha256"] == after["period"]["record_sha256"]


async def test_each_reads_the_statement_that_is_its_own(trade: Trade) -> None:
    order = await sell(trade)
    month = await closed(trade)

    supplier = must(
        await trade.by(trade.supplier).get(f"/api/v1/account-statements/supplier/{month}")
    )["statement"]
    buyer = must(await trade.by(trade.buyer).get(f"/api/v1/account-statements/buyer/{month}"))[
        "statement"
    ]
    regulator = must(
        await trade.by(trade.regulator).get(f"/api/v1/account-statements/regulator/{month}")
    )["statement"]
    strange = await trade.by(trade.stranger).get(
        f"/api/v1/account-statements/supplier/{month}", party_id=str(trade.supplier.party.id)
    )

    assert supplier["party_name"] == trade.supplier.party.name
    assert [line["order_id"] for line in supplier["accounts"][0]["lines"]] == [order]
    assert supplier["closing_fen"] == supplier["sales"][0]["own_fen"]
    assert buyer["closing_fen"] == 0
    assert [each["kind"] for each in buyer["kinds"]] == ["pay_in", "release"]
    assert buyer["debits_fen"] == supplier["sales"][0]["gross_fen"]
    assert regulator["closing_fen"] == 0
    assert strange.status_code == 404


async def test_a_workbook_holds_the_amounts_in_yuan(trade: Trade) -> None:
    await sell(trade)
    month = await closed(trade)

    sent = await trade.by(trade.supplier).get(
        f"/api/v1/account-statements/supplier/{month}/workbook"
    )
    again = await trade.by(trade.supplier).get(
        f"/api/v1/account-statements/supplier/{month}/workbook"
    )

    assert sent.content == again.content
    with zipfile.ZipFile(io.BytesIO(sent.content)) as book:
        texts = book.read("xl/sharedStrings.xml").decode()
        lines = book.read("xl/worksheets/sheet2.xml").decode()
    assert "放款分账" in texts
    assert trade.supplier.party.name in texts
    own = must(await trade.by(trade.supplier).get(f"/api/v1/account-statements/supplier/{month}"))
    yuan = own["statement"]["closing_fen"] / 100
    assert f"<v>{yuan:g}</v>" in lines


async def test_an_outsider_computes_the_month_and_the_statement_again(
    trade: Trade, tmp_path: pathlib.Path
) -> None:
    await sell(trade)
    month = await closed(trade)
    raw = (
        await trade.by(trade.supplier).get(f"/api/v1/account-statements/supplier/{month}")
    ).content
    out = await trade.api.export(tmp_path / "export")
    file = tmp_path / "statement.json"
    file.write_bytes(raw)
    keys = out / export_format.KEYS

    whole = door.check(str(out), vkey=None, keys_file=None)
    statement = door.check(str(file), vkey=None, keys_file=keys, log_place=str(out))

    assert whole.problems == ()
    assert whole.counts["months computed again"] == 1
    assert statement.problems == ()
    assert statement.counts["lines in the journal"] == 1

    told = msgspec.json.decode(raw, type=SignedAccountStatement)
    lines = told.statement.accounts[0].lines
    more = msgspec.structs.replace(lines[0], amount_fen=lines[0].amount_fen + 1)
    account = msgspec.structs.replace(told.statement.accounts[0], lines=(more,))
    changed = msgspec.structs.replace(
        told, statement=msgspec.structs.replace(told.statement, accounts=(account,))
    )
    file.write_bytes(msgspec.json.encode(changed))
    assert door.check(str(file), vkey=None, keys_file=keys).problems != ()


async def test_what_can_not_be_is_refused_and_nothing_changes(trade: Trade) -> None:
    await sell(trade)
    month = month_of(trade)
    issuer = trade.by(trade.issuer)

    early = await issuer.post(f"{path(month)}/closings", {})
    unsaid = await issuer.get(path("2026-13"))
    unknown = await issuer.get(f"/api/v1/ledger/periods/nobody/{month}")
    stranger = await trade.by(trade.buyer).post(f"{path(month)}/closings", {})
    open_ = await trade.by(trade.supplier).get(f"/api/v1/account-statements/supplier/{month}")
    record = await issuer.get(f"{path(month)}/record")
    explained = await issuer.post(
        f"{path(month)}/explanations", {"account": CLEARING, "explanation": "说明"}
    )

    assert (early.status_code, code(early)) == (409, "period_not_over")
    assert (unsaid.status_code, code(unsaid)) == (422, "month_unknown")
    assert unknown.status_code == 404
    assert stranger.status_code == 403
    assert (open_.status_code, code(open_)) == (409, "period_not_closed")
    assert (record.status_code, code(record)) == (409, "period_not_closed")
    assert explained.status_code == 404
    assert (await shown(trade, month))["period"]["state"] == "open"
