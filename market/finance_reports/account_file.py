"""Write the ledger of an account as a table (账户明细): CSV, and a workbook with the same lines."""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Final

from market.finance_reports import words
from market.finance_reports.workbook import Money, Rows, written
from settlement.ledger_reports.model import AccountLedger, LedgerLine

#: Without it a spreadsheet does not read the Chinese.
_BYTE_ORDER_MARK: Final = "\ufeff"
_HEADS: Final = (
    "凭证号 Voucher", "日期 Date", "记账时间 Booked at", "订单 Order", "业务 Kind", "对方账户 Counterpart",
    "转出 Debit", "转入 Credit", "余额 Balance", "分录 Entry",
)  # fmt: skip
_FEN_PER_YUAN: Final = 100


def csv_of(told: AccountLedger) -> bytes:
    """Return the lines as CSV in yuan, what stood first on top, what stands last at the end."""
    text = io.StringIO()
    rows = csv.writer(text)
    for row in _rows(told):
        rows.writerow(
            "" if cell is None else _plain(cell) if isinstance(cell, Money) else cell
            for cell in row
        )
    return f"{_BYTE_ORDER_MARK}{text.getvalue()}".encode()


def workbook_of(told: AccountLedger) -> bytes:
    """Return the lines as XLSX; the same lines are always the same bytes."""
    title = f"账户明细 {words.purpose(told.purpose, 'zh')}"
    last = told.items[-1].value_on if told.items else dt.date(2000, 1, 1)
    return written(title, last, {"账户明细": _rows(told)})


def _rows(told: AccountLedger) -> Rows:
    yield _HEADS
    yield ("", "", "", "", "期初 Opening", "", None, None, Money(told.opening_fen), told.account)
    for line in told.items:
        yield _row(line)
    yield (
        "", "", "", "", "期末 Closing", "", Money(told.debits_fen), Money(told.credits_fen),
        Money(told.closing_fen), told.account,
    )  # fmt: skip


def _row(line: LedgerLine) -> tuple[str | Money | None, ...]:
    amount = line.amount_fen
    return (
        line.voucher or "未结账 open",
        line.value_on.isoformat(),
        line.booked_at.astimezone(dt.UTC).isoformat(timespec="seconds"),
        str(line.order_id or ""),
        f"{line.kind_zh} {line.kind_en}",
        " ".join(line.counterparts),
        Money(-amount) if amount < 0 else None,
        Money(amount) if amount > 0 else None,
        Money(line.balance_fen),
        str(line.key),
    )


def _plain(amount: Money) -> str:
    whole, fen = divmod(abs(int(amount)), _FEN_PER_YUAN)
    return f"{'-' if amount < 0 else ''}{whole}.{fen:02}"
