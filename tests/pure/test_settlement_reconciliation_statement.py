"""A statement is read whole, or refused with its line and the reason."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.money import CEILING, Fen
from settlement.reconciliation.statement_file import (
    Line,
    Move,
    Outcome,
    StatementChecksumWrong,
    StatementLineDoubled,
    StatementMalformed,
    read,
    write,
    yuan_text,
)

DAY = dt.date(2026, 2, 28)
AT = dt.datetime(2026, 2, 28, 23, 59, 59, tzinfo=dt.timezone(dt.timedelta(hours=8)))


def line(number: int = 2, **other: object) -> Line:
    made = Line(
        number=number,
        transaction_id=f"T{number}",
        move=Move.PAY_IN,
        reference=f"P{number}",
        outcome=Outcome.SUCCEEDED,
        amount_fen=Fen(12_880),
        fee_fen=77,
        happened_at=AT,
        remark='货款,"二月"',
    )
    return msgspec.structs.replace(made, **other)


GOOD = write("sandbox", DAY, [line(2), line(3, amount_fen=Fen(5), fee_fen=0)])


def _sealed(body: bytes, count: int, total: str) -> bytes:
    return body + f"#end,{count},{total},{hashlib.sha256(body).hexdigest()}\n".encode()


def _with(row: str) -> bytes:
    return _sealed(f"#shushi-channel-statement/1,sandbox,2026-02-28\n{row}\n".encode(), 1, "1.00")


def test_what_is_written_is_read_again() -> None:
    statement = read(GOOD)

    assert (statement.channel, statement.stated_on) == ("sandbox", DAY)
    assert statement.lines == (line(2), line(3, amount_fen=Fen(5), fee_fen=0))
    assert statement.total_fen == 12_885
    assert statement.sha256 == hashlib.sha256(GOOD).hexdigest()


def test_a_day_without_any_line_is_a_statement() -> None:
    assert read(write("sandbox", DAY, [])).lines == ()


@given(st.lists(st.integers(1, CEILING), max_size=20))
def test_every_amount_comes_through_to_the_fen(amounts: list[int]) -> None:
    lines = [
        line(number, amount_fen=Fen(amount), fee_fen=amount // 3)
        for number, amount in enumerate(amounts, start=2)
    ]

    read_again = read(write("bank", DAY, lines)).lines

    assert [(each.amount_fen, each.fee_fen) for each in read_again] == [
        (each.amount_fen, each.fee_fen) for each in lines
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("T,pay_in,P,succeeded,1.00,0.00,2026-02-28T12:00:00+08:00", "fields"),
        (",pay_in,P,succeeded,1.00,0.00,2026-02-28T12:00:00+08:00,", "text"),
        (f"{'T' * 121},pay_in,P,succeeded,1.00,0.00,2026-02-28T12:00:00+08:00,", "text"),
        (f"T,pay_in,{'P' * 129},succeeded,1.00,0.00,2026-02-28T12:00:00+08:00,", "text"),
        (f"T,pay_in,P,succeeded,1.00,0.00,2026-02-28T12:00:00+08:00,{'x' * 129}", "text"),
        ("T,gift,P,succeeded,1.00,0.00,2026-02-28T12:00:00+08:00,", "word"),
        ("T,pay_in,P,maybe,1.00,0.00,2026-02-28T12:00:00+08:00,", "word"),
        ("T,pay_in,P,succeeded,1,0.00,2026-02-28T12:00:00+08:00,", "amount"),
        ("T,pay_in,P,succeeded,1.005,0.00,2026-02-28T12:00:00+08:00,", "amount"),
        ("T,pay_in,P,succeeded,-1.00,0.00,2026-02-28T12:00:00+08:00,", "amount"),
        ("T,pay_in,P,succeeded,１.00,0.00,2026-02-28T12:00:00+08:00,", "amount"),
        ("T,pay_in,P,succeeded,0.00,0.00,2026-02-28T12:00:00+08:00,", "amount"),
        ("T,pay_in,P,succeeded,99999999999999.00,0.00,2026-02-28T12:00:00+08:00,", "amount"),
        ("T,pay_in,P,succeeded,1.00,1.01,2026-02-28T12:00:00+08:00,", "amount"),
        ("T,pay_in,P,succeeded,1.00,0.00,yesterday,", "instant"),
        ("T,pay_in,P,succeeded,1.00,0.00,2026-02-28T12:00:00,", "instant"),
        ('T,pay_in,"P"x,succeeded,1.00,0.00,2026-02-28T12:00:00+08:00,', "quoting"),
    ],
)
def test_a_line_that_is_not_as_it_should_be_refuses_the_file(row: str, reason: str) -> None:
    with pytest.raises(StatementMalformed) as refused:
        read(_with(row))

    assert refused.value.facts == {"line": 2, "reason": reason}


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ("#shushi-channel-statement/2,sandbox,2026-02-28", "head"),
        ("#shushi-channel-statement/1,,2026-02-28", "head"),
        ("#shushi-channel-statement/1,sandbox", "head"),
        ("#shushi-channel-statement/1,sandbox,2026-02-30", "date"),
        ("", "head"),
    ],
)
def test_a_head_that_is_not_ours_refuses_the_file(head: str, reason: str) -> None:
    with pytest.raises(StatementMalformed) as refused:
        read(_sealed(f"{head}\n".encode(), 0, "0.00"))

    assert refused.value.facts == {"line": 1, "reason": reason}


@pytest.mark.parametrize(
    "changed",
    [
        lambda good: good.replace(b"128.80", b"128.81", 1),
        lambda good: good.replace(b"#end,2,", b"#end,3,"),
        lambda good: good.replace(b",128.85,", b",128.86,"),
        lambda good: good[:-3] + b"00\n",
        lambda good: b"\n".join(row for row in good.split(b"\n") if not row.startswith(b"T3")),
    ],
)
def test_what_was_changed_or_cut_does_not_fit_its_end(changed: Callable[[bytes], bytes]) -> None:
    with pytest.raises(StatementChecksumWrong):
        read(changed(GOOD))


@pytest.mark.parametrize("content", [b"", b"\n", GOOD[: GOOD.rfind(b"#end")], b"#end,1,2\n"])
def test_a_file_without_its_end_was_cut(content: bytes) -> None:
    with pytest.raises(StatementMalformed) as refused:
        read(content)

    assert refused.value.facts["reason"] == "end_missing"


def test_bytes_that_are_no_text_are_named_by_their_line() -> None:
    with pytest.raises(StatementMalformed) as refused:
        read(_with("T,pay_in,P").replace(b"T,pay", b"T,\xff"))

    assert refused.value.facts == {"line": 2, "reason": "not_utf8"}


def test_a_transaction_that_stands_twice_refuses_the_file_and_its_failure_does_not() -> None:
    failed = line(3, transaction_id="T2", outcome=Outcome.FAILED)
    assert len(read(write("sandbox", DAY, [line(2), failed])).lines) == 2

    with pytest.raises(StatementLineDoubled) as refused:
        read(write("sandbox", DAY, [line(2), failed, line(4, transaction_id="T2")]))

    assert refused.value.facts == {"line": 4, "name": "T2"}


def test_amounts_are_written_as_banks_do() -> None:
    assert [yuan_text(fen) for fen in (0, 5, 100, 123_456)] == ["0.00", "0.05", "1.00", "1234.56"]
