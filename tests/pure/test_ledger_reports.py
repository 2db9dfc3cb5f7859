"""A trial balance adds up, and an account is led from what stood on it to what stands there."""

from __future__ import annotations

import csv
import datetime as dt
import io
import uuid
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.finance_reports import account_file
from settlement.ledger import disk
from settlement.ledger.accounts import Account, Purpose
from settlement.ledger_reports import account_ledger, trial
from settlement.ledger_reports.account_ledger import Stepped
from settlement.ledger_reports.trial import Moved
from settlement.ledger_reports.words import KINDS, kind_words
from settlement.periods import months

CHART = disk.read_chart()
PAYABLE = Account(Purpose.PAYABLE, "p")
NOON = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)


def moved(purpose: str, opening: int, debits: int, credits_: int) -> Moved:
    return Moved(
        purpose=purpose, entries=1, opening_fen=opening, debits_fen=debits, credits_fen=credits_
    )


def step(amount: int, *legs: tuple[str, int], voucher: str | None = None) -> Stepped:
    return Stepped(
        key=uuid.UUID(int=7),
        voucher=voucher,
        value_on=dt.date(2026, 3, 2),
        booked_at=NOON,
        kind="release",
        order_id=None,
        reverses=None,
        adjusts=None,
        legs=legs,
        amount_fen=amount,
    )


def test_lines_stand_by_the_numbers_of_the_chart_and_come_to_zero() -> None:
    found = trial.balance(
        book="market",
        span=months.span("2026-Q1"),
        as_of=None,
        moved=[moved("payable", 30, 5, 10), moved("channel_clearing", -30, 10, 5)],
        chart=CHART,
    )

    assert [line.purpose for line in found.lines] == ["channel_clearing", "payable"]
    assert [line.closing_fen for line in found.lines] == [-35, 35]
    assert (found.total.debits_fen, found.total.credits_fen) == (15, 15)
    assert (found.is_balanced, found.difference_fen, found.entries) == (True, 0, 2)
    assert (found.first_day, found.last_day) == (dt.date(2026, 1, 1), dt.date(2026, 3, 31))


@pytest.mark.parametrize(
    ("opening", "debits", "credits_"), [(0, 1, 0), (1, 0, 0), (1, 1, 0)], ids=str
)
def test_what_does_not_come_to_zero_is_told(opening: int, debits: int, credits_: int) -> None:
    found = trial.balance(
        book="market",
        span=None,
        as_of=NOON,
        moved=[moved("payable", opening, debits, credits_)],
        chart=CHART,
    )

    assert not found.is_balanced
    assert found.difference_fen == credits_ - debits
    assert (found.period, found.first_day, found.last_day) == (None, None, None)


def test_a_leg_of_an_account_that_is_gone_still_has_a_line() -> None:
    (line,) = trial.lines([moved("", 0, 3, 0)], CHART)

    assert (line.title_en, line.number, line.closing_fen) == ("off the chart", "", -3)


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(-(10**6), 10**6), max_size=30))
def test_opening_plus_lines_is_closing_after_every_line(opening: int, amounts: list[int]) -> None:
    told = account_ledger.page(
        book="market",
        of=PAYABLE,
        period=None,
        title=CHART[Purpose.PAYABLE],
        opening_fen=opening,
        steps=[step(amount, ("payable/p", amount)) for amount in amounts],
        next_cursor=None,
    )

    assert told.closing_fen == opening + sum(amounts)
    assert told.closing_fen == opening + told.credits_fen - told.debits_fen
    stands = opening
    for line in told.items:
        stands += line.amount_fen
        assert line.balance_fen == stands


def test_the_counterpart_of_a_credit_is_what_was_debited_and_of_a_debit_all_that_was_credited() -> (
    None
):
    legs = (("order_escrow/o", -10), ("payable/p", 7), ("platform_fee/m", 3))

    assert account_ledger.counterparts(legs, "payable/p") == ("order_escrow/o",)
    assert account_ledger.counterparts(legs, "order_escrow/o") == ("payable/p", "platform_fee/m")
    assert account_ledger.counterparts(legs, "tax_payable/x") == ("order_escrow/o",)


def test_a_kind_without_a_name_is_told_by_its_code() -> None:
    assert kind_words("release") == KINDS["release"]
    assert kind_words("strange") == ("strange", "strange")


def test_an_account_is_told_as_a_table_in_yuan() -> None:
    told = account_ledger.page(
        book="market",
        of=PAYABLE,
        period="2026-03",
        title=CHART[Purpose.PAYABLE],
        opening_fen=5,
        steps=[
            step(1_234, ("order_escrow/o", -1_234), ("payable/p", 1_234), voucher="2026-03/000001"),
            step(-2_000, ("payable/p", -2_000), ("payout_in_transit/p", 2_000)),
        ],
        next_cursor=None,
    )

    rows = list(csv.reader(io.StringIO(account_file.csv_of(told).decode("utf-8-sig"))))
    book = account_file.workbook_of(told)

    assert [row[8] for row in rows[1:]] == ["0.05", "12.39", "-7.61", "-7.61"]
    assert rows[2][0] == "2026-03/000001"
    assert rows[3][0] == "未结账 open"
    assert rows[3][6:8] == ["20.00", ""]
    assert book == account_file.workbook_of(told)
    assert "xl/worksheets/sheet1.xml" in zipfile.ZipFile(io.BytesIO(book)).namelist()


def test_an_account_on_which_nothing_moved_is_a_table_all_the_same() -> None:
    told = account_ledger.page(
        book="market", of=PAYABLE, period=None, title=CHART[Purpose.PAYABLE],
        opening_fen=0, steps=[], next_cursor=None,
    )  # fmt: skip

    assert account_file.workbook_of(told).startswith(b"PK")
    assert len(account_file.csv_of(told).splitlines()) == 3
