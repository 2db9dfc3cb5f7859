"""What came by transfer goes back by the bank's file, and its answer settles or fails each line."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
import pathlib
import uuid
from typing import Any

from catalog.kernel.db import Database
from catalog.kernel.local_time import local_date
from market.channels.bank_transfer import BankTransferChannel, Payee
from market.jobs import reconcile_statements, refunds_due
from settlement.reconciliation.statement_file import write
from settlement.refunds.bank_file import OUTCOME_HEAD
from settlement.refunds.bank_lines import Outcome, Told
from tests.api import code
from tests.bank_files import write_outcomes
from tests.journeys import test_payouts_and_reconciliation as money
from tests.journeys.test_payouts_and_reconciliation import Treasury
from tests.makers_registration import must
from tests.terminal import Run

trade = money.trade
BATCHES = "/api/v1/refund-batches"


async def owed(trade: Treasury, db: Database) -> str:
    """Return an order that was paid by transfer and is cancelled; its refund is sent to the bank."""
    payee = Payee(name="示例省数据产品超市运营有限公司", account="4600", bank="某银行")
    trade.api.context.channels["bank_transfer"] = BankTransferChannel(payee)
    order = await trade.contracted()
    started = must(await trade.step(order, "payments", trade.buyer, channel="bank_transfer"))
    now = trade.clock.now()
    remark = f"数据款 {started['payment']['channel_reference']}"
    line = money._line(now, f"B-{order}", "", money.PRICE, 0, remark=remark)
    content = write("bank_transfer", local_date(now), [line])
    trade.clock.move_by(dt.timedelta(days=1))
    await trade.finance_anew(db)
    must(await trade.load(content, channel="bank_transfer"))
    await reconcile_statements.run(db, now=trade.clock.now())
    said = {"code": "cannot_deliver", "reason": "停产"}
    must(await trade.step(order, "cancellations", trade.supplier, **said))
    await send(trade, db)
    return order


async def send(trade: Treasury, db: Database) -> None:
    channels = trade.api.context.channels
    await refunds_due.run(db, now=trade.clock.now(), channels=channels)


async def refund(trade: Treasury, order: str) -> dict[str, Any]:
    (found,) = must(await trade.by(trade.buyer).get("/api/v1/refunds", order_id=order))["items"]
    return dict(found)


def answer(batch: str, reference: str, outcome: Outcome, amount: int, **other: Any) -> str:
    told = Told(
        line=2,
        reference=reference,
        outcome=outcome,
        amount_fen=amount,
        transaction_id=other.get("transaction_id", "BR-1"),
        reason="" if outcome is Outcome.PAID else "原账户已销户",
    )
    return write_outcomes(uuid.UUID(batch), [told], OUTCOME_HEAD).decode()


async def test_a_refund_is_told_to_the_bank_returned_told_again_and_settled(
    trade: Treasury, db: Database
) -> None:
    order = await owed(trade, db)
    who = trade.by(trade.first)
    waiting = await refund(trade, order)
    batch = must(await who.post(BATCHES, {}))
    again = await who.post(BATCHES, {})
    file = (await who.get(f"{BATCHES}/{batch['id']}/bank-file")).text
    rows = list(csv.reader(io.StringIO(file)))
    place = f"{BATCHES}/{batch['id']}/outcomes"
    reference, amount = waiting["reference"], waiting["amount_fen"]
    for content in (
        answer(batch["id"], reference, Outcome.PAID, amount)[:-9] + "\n",
        answer(batch["id"], reference, Outcome.PAID, amount + 1),
        answer(batch["id"], "R-unknown", Outcome.PAID, amount),
        answer(str(uuid.uuid4()), reference, Outcome.PAID, amount),
    ):
        assert code(await who.post(place, {"content": content})) == "refund_outcomes_malformed"
    back = answer(batch["id"], reference, Outcome.RETURNED, amount)
    returned = must(await who.post(place, {"content": back}))
    twice = await who.post(place, {"content": back})
    failed = await refund(trade, order)
    trade.clock.move_by(dt.timedelta(hours=12))
    await trade.finance_anew(db)
    await send(trade, db)
    who = trade.by(trade.first)
    second = must(await who.post(BATCHES, {}))
    paid = answer(second["id"], reference, Outcome.PAID, amount, transaction_id="BR-2")
    ended = must(await who.post(f"{BATCHES}/{second['id']}/outcomes", {"content": paid}))
    settled = await refund(trade, order)

    assert (waiting["state"], batch["line_count"], batch["total_fen"]) == ("sent", 1, amount)
    assert code(again) == "refund_nothing_to_transfer"
    assert rows[0] == ["#shushi-refund-order/1", batch["id"]]
    assert rows[1] == [reference, f"B-{order}", str(amount)]
    assert hashlib.sha256(file.encode()).hexdigest() == batch["file_sha256"]
    assert (returned["open_count"], code(twice)) == (0, "refund_outcomes_taken_before")
    assert failed["state"] == "failed"
    assert (ended["open_count"], settled["state"]) == (0, "settled")
    assert settled["transaction_id"] == "BR-2"
    accounts = must(await who.get("/api/v1/ledger/accounts"))["items"]
    left = {each["account"]: each["balance_fen"] for each in accounts}
    assert all(not fen for name, fen in left.items() if name.startswith("refund_payable/"))
    assert left["channel_clearing/bank_transfer"] == 0
    assert (await trade.by(trade.buyer).post(BATCHES, {})).status_code == 403
    listed = must(await who.get(BATCHES))["items"]
    assert [each["id"] for each in listed] == [second["id"], batch["id"]]


async def test_the_same_at_a_terminal(
    trade: Treasury, db: Database, run: Run, tmp_path: pathlib.Path
) -> None:
    order = await owed(trade, db)
    found = await refund(trade, order)
    file = tmp_path / "refunds.csv"

    made = await run(trade.first, "refunds", "bank-file", file)
    assert made.returncode == 0, made.stderr
    batch = made.stdout.split()[0]
    told = tmp_path / "outcomes.csv"
    content = answer(batch, found["reference"], Outcome.PAID, found["amount_fen"])
    told.write_text(content, "utf-8")
    ended = await run(trade.first, "refunds", "outcomes", batch, told)
    listed = await run(trade.first, "refunds", "list")
    batches = await run(trade.first, "refunds", "batches")

    assert found["reference"] in file.read_text("utf-8")
    assert ended.returncode == 0, ended.stderr
    assert "settled" in listed.stdout
    assert batch in batches.stdout
