"""Statements as workbooks, and what their words are."""

from __future__ import annotations

import datetime as dt
import io
import re
import uuid
import zipfile

import msgspec
import pytest

from market.finance_reports import words
from market.finance_reports.workbook import workbook
from settlement.ledger.kinds import Kind
from settlement.ledger_reports.words import KINDS
from settlement.statements.model import (
    FORMAT,
    AccountLines,
    KindSum,
    Line,
    PurposeLine,
    Sale,
    Side,
    Statement,
)

KEY = uuid.UUID(int=3)
LINE = Line(
    voucher="2026-11/000001",
    key=KEY,
    value_on=dt.date(2026, 11, 3),
    kind="release",
    order_id=KEY,
    reverses=None,
    amount_fen=12_345,
    balance_fen=12_345,
)
STATEMENT = Statement(
    format=FORMAT,
    side=Side.SUPPLIER,
    book="market",
    period="2026-11",
    first_day=dt.date(2026, 11, 1),
    last_day=dt.date(2026, 11, 30),
    party_id=KEY,
    party_name="=1+1 有限公司",
    chain_head="ab" * 32,
    opening_fen=0,
    debits_fen=345,
    credits_fen=12_345,
    closing_fen=12_000,
    accounts=(
        AccountLines(
            account=f"payable/{KEY}",
            purpose="payable",
            opening_fen=0,
            debits_fen=345,
            credits_fen=12_345,
            closing_fen=12_000,
            lines=(
                LINE,
                msgspec.structs.replace(
                    LINE, kind="payout", order_id=None, amount_fen=-345, balance_fen=12_000
                ),
            ),
        ),
    ),
    sales=(
        Sale(
            voucher="2026-11/000001",
            key=KEY,
            value_on=dt.date(2026, 11, 3),
            order_id=None,
            gross_fen=20_000,
            own_fen=12_345,
            platform_fee_fen=7_655,
            tax_fen=0,
            treasury_fen=0,
            others_fen=0,
        ),
    ),
    purposes=(),
    kinds=(KindSum(kind="release", entries=1, amount_fen=20_000),),
)
BOOK = msgspec.structs.replace(
    STATEMENT,
    side=Side.REGULATOR,
    party_id=None,
    party_name="",
    accounts=(),
    sales=(),
    purposes=(
        PurposeLine(
            purpose="payable", accounts=2, opening_fen=0, debits_fen=345, credits_fen=12_345,
            closing_fen=10**15 + 1,
        ),
    ),
)  # fmt: skip


def parts(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return {name: book.read(name).decode() for name in book.namelist()}


def test_a_workbook_has_amounts_as_numbers_of_yuan_and_the_same_bytes_each_time() -> None:
    content = workbook(STATEMENT)
    found = parts(content)

    assert content == workbook(STATEMENT)
    assert "<v>123.45</v>" in found["xl/worksheets/sheet2.xml"]
    assert "<v>-3.45</v>" not in found["xl/worksheets/sheet2.xml"]
    assert "<v>200</v>" in found["xl/worksheets/sheet3.xml"]
    assert "放款分账" in found["xl/sharedStrings.xml"]
    # what a party is called is never a formula
    assert "=1+1 有限公司" in found["xl/sharedStrings.xml"]
    assert not re.search(r"<f[ >]", "".join(found.values()))


def test_the_workbook_of_a_book_has_its_purposes_and_what_no_double_holds_as_text() -> None:
    found = parts(workbook(BOOK))

    assert "2202.01 应付权利人款" in found["xl/sharedStrings.xml"]
    assert "¥10,000,000,000,000.01" in found["xl/sharedStrings.xml"]
    assert "xl/worksheets/sheet3.xml" not in found


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_entry_has_a_name_of_its_own_in_both_languages(kind: Kind) -> None:
    assert words.kind(kind, "zh") != kind.value
    assert words.kind(kind, "en") != kind.value


def test_kinds_books_and_sides_have_names_and_what_is_new_stands_as_it_is() -> None:
    assert set(KINDS) == {kind.value for kind in Kind}
    assert len(set(KINDS.values())) == len(KINDS)
    assert words.kind("gift", "zh") == "gift"
    assert words.book("market", "en") == "Market"
    assert words.book("other", "en") == "other"
    assert words.side(Side.BUYER, "zh") == "需方对账单"
    assert words.purpose("payable", "en") == "2202.01 payable to right holders"
