"""Fee schedules, revenue agreements and invoices at a terminal."""

from __future__ import annotations

import json
import pathlib

from tests.journeys.test_fee_schedules import FEES, day
from tests.journeys.test_invoices_and_returns import TITLE, released
from tests.journeys.test_revenue_agreements import SIGNED, costs
from tests.makers_trade import Trade, make_trade
from tests.stages import staged
from tests.terminal import Run

trade = staged(make_trade)


async def test_an_invoice_is_asked_for_issued_and_reddened_at_a_terminal(
    trade: Trade, run: Run
) -> None:
    order = await released(trade)
    name = TITLE["name"]

    asked = [await run(trade.buyer, "invoices", "ask", order, "100", name) for _ in range(3)]
    one, other, third = (each.stdout.split()[0] for each in asked)
    issued = await run(trade.supplier, "invoices", "issue", one, "12345678")
    red = await run(
        trade.supplier, "invoices", "redden", one, "87654321", "40", "--because", "部分退款"
    )
    refused = await run(trade.supplier, "invoices", "refuse", other, "--because", "抬头有误")
    gone = await run(trade.buyer, "invoices", "withdraw", third)
    late = await run(trade.supplier, "invoices", "void", one, "--because", "开错")
    listed = await run(trade.buyer, "invoices", "list", "--order", order)

    assert ("issued" in issued.stdout, "-¥0.40" in red.stdout) == (True, True)
    assert ("refused" in refused.stdout, "withdrawn" in gone.stdout) == (True, True)
    assert (late.returncode, "invoice_void_too_late" in late.stderr) == (1, True)
    assert len(listed.stdout.strip().splitlines()) == 3


async def test_a_fee_schedule_is_proposed_and_decided_at_a_terminal(
    trade: Trade, run: Run, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "schedule.json"
    file.write_text("{", "utf-8")
    broken = await run(trade.issuer, "fee-schedules", "propose", file)
    body = {
        "name": "收费标准",
        "document_number": "3号",
        "effective_from": day(trade),
        "fees": FEES,
    }
    file.write_text(json.dumps(body), "utf-8")

    proposed = await run(trade.issuer, "fee-schedules", "propose", file)
    number = proposed.stdout.split()[0]
    waiting = await run(trade.issuer, "fee-schedules", "list", "--proposed")
    decided = await run(trade.regulator, "fee-schedules", "decide", number, "--because", "合规")
    ended = await run(
        trade.regulator, "fee-schedules", "end", number, day(trade, 30), "--because", "新办法"
    )
    again = await run(trade.issuer, "fee-schedules", "propose", file)
    gone = await run(trade.issuer, "fee-schedules", "withdraw", again.stdout.split()[0])
    listed = await run(trade.issuer, "fee-schedules", "list")

    assert (broken.returncode, "JSON" in broken.stderr) == (1, True)
    assert number in waiting.stdout
    assert ("decided" in decided.stdout, "ended" in ended.stdout) == (True, True)
    assert "withdrawn" in gone.stdout
    assert "¥100.00+ 3%" in listed.stdout


async def test_a_revenue_agreement_is_proposed_agreed_and_ended_at_a_terminal(
    trade: Trade, run: Run, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "agreed.json"
    file.write_text(json.dumps({"terms": costs(trade), "document_sha256": SIGNED}), "utf-8")

    async def propose() -> str:
        made = await run(trade.supplier, "revenue-agreements", "propose", trade.product_id, file)
        assert made.returncode == 0, made.stderr
        return str(made.stdout.split()[0])

    one = await propose()
    listed = await run(trade.stranger, "revenue-agreements", "list")
    agreed = await run(trade.stranger, "revenue-agreements", "agree", one)
    ended = await run(trade.supplier, "revenue-agreements", "end", one, "--because", "终止合作")
    declined = await run(
        trade.stranger, "revenue-agreements", "decline", await propose(), "--because", "比例不符"
    )
    back = await run(trade.supplier, "revenue-agreements", "withdraw", await propose())

    assert "waits for" in listed.stdout
    assert ("in_force" in agreed.stdout, "ended" in ended.stdout) == (True, True)
    assert ("declined" in declined.stdout, "withdrawn" in back.stdout) == (True, True)
