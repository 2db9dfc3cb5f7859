"""A statement is drawn up so that it comes out, and checked by whoever holds it and an export."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.audit_log import export_format as export
from catalog.audit_log.verdict import Unreadable
from catalog.kernel.ids import new_id
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.purposes import Purpose
from catalog.signing.signer import Signer
from settlement.ledger.accounts import Account, clearing_of, escrow_of
from settlement.ledger.accounts import Purpose as For
from settlement.ledger.journal import Entry, Kind, Leg, transfer
from settlement.periods import chain, sealing
from settlement.periods import check as months_check
from settlement.periods.model import Closing, PeriodLine
from settlement.periods.months import span
from settlement.statements import check, drawing_up
from settlement.statements.drawing_up import Moved, StatementDiffers, Stood
from settlement.statements.model import WITHOUT_TAXES, Side, SignedAccountStatement, Statement

SIGNER = Signer(Purpose.STATEMENT, b"\x07" * 32)
KEYS = export.Keys(
    None,
    [
        export.KeyRow(
            key_id=SIGNER.key_id,
            purpose="statement",
            algorithm="ed25519",
            public_key=SIGNER.public_key,
            valid_from="2026-01-01T00:00:00.000000Z",
        )
    ],
)
PARTY = uuid.UUID(int=5)
OWN = Account(For.PAYABLE, str(PARTY))
FEE = Account(For.PLATFORM_FEE, str(uuid.UUID(int=6)))
TREASURY = Account(For.TREASURY_NON_TAX, str(uuid.UUID(int=7)))
OTHER = Account(For.PAYABLE, str(uuid.UUID(int=8)))
NOVEMBER = span("2026-11")
NOON = dt.datetime(2026, 11, 2, 4, 0, tzinfo=dt.UTC)


class Files:
    """An export in memory."""

    def __init__(self, **files: Iterable[bytes]) -> None:
        self.files = {f"records/{name}.jsonl": list(lines) for name, lines in files.items()}

    def read(self, name: str) -> bytes | None:
        return b"\n".join(self.files[name]) if name in self.files else None

    def lines(self, name: str) -> Iterable[bytes]:
        return self.files.get(name, [])

    def names(self, prefix: str) -> Iterable[str]:
        return [name for name in self.files if name.startswith(prefix)]


def entry(kind: Kind, source: Account, *arrivals: Leg, day: int = 2, order: uuid.UUID) -> Entry:
    return Entry(
        key=new_id(),
        kind=kind,
        legs=transfer(source, arrivals),
        booked_at=NOON,
        value_on=dt.date(2026, 11, day),
        rule_version="test/1",
        order_id=order,
    )


def an_order(amount: int = 1000) -> list[Entry]:
    order = new_id()
    shares = (amount * 7 // 10, amount // 10, amount // 10)
    return [
        entry(Kind.PAY_IN, clearing_of("bank"), Leg(escrow_of(order), amount), order=order),
        entry(
            Kind.RELEASE,
            escrow_of(order),
            Leg(OWN, shares[0]),
            Leg(FEE, shares[1]),
            Leg(TREASURY, shares[2]),
            Leg(OTHER, amount - sum(shares)),
            order=order,
        ),
    ]


def moved(entries: Iterable[Entry]) -> list[Moved]:
    return [
        Moved(
            voucher=f"2026-11/{number:06}",
            key=each.key,
            value_on=each.value_on,
            kind=str(each.kind),
            order_id=each.order_id,
            reverses=each.reverses,
            legs=tuple((leg.account.code, leg.amount_fen) for leg in each.legs),
        )
        for number, each in enumerate(entries, 1)
    ]


def stated(
    entries: Iterable[Entry],
    *,
    opening: int = 0,
    closing: int | None = None,
    side: Side = Side.SUPPLIER,
) -> Statement:
    of = [each for each in entries if any(leg.account == OWN for leg in each.legs)]
    total = sum(leg.amount_fen for each in of for leg in each.legs if leg.account == OWN)
    return drawing_up.of_party(
        side=side,
        book="market",
        span=NOVEMBER,
        party_id=PARTY,
        party_name="某公司",
        chain_head="ab" * 32,
        stood={OWN.code: Stood(opening, opening + total if closing is None else closing)},
        moved=moved(of),
    )


def signed(told: Statement) -> SignedAccountStatement:
    document = canonical(told)
    return SignedAccountStatement(
        type=told.format,
        document=document,
        sha256=sha256_hex(document),
        signature=SIGNER.seal(document),
        statement=told,
    )


def found(held: Any, source: Files | None = None) -> list[str]:
    log: Any = None if source is None else (source, None)
    return [str(each) for each in check.check(msgspec.json.encode(held), KEYS, log).problems]


def row(each: Entry) -> bytes:
    return msgspec.json.encode(export.RecordRow(id=str(each.key), record=each.record()))


def journal(entries: Iterable[Entry]) -> list[bytes]:
    return [row(each) for each in sorted(entries, key=lambda each: str(each.key))]


@given(st.lists(st.integers(10, 10**9), max_size=8), st.integers(-(10**6), 10**6))
def test_opening_and_movements_come_to_the_closing_and_shares_to_what_was_divided(
    amounts: list[int], opening: int
) -> None:
    entries = [each for amount in amounts for each in an_order(amount)]

    told = stated(entries, opening=opening)

    assert told.opening_fen + told.credits_fen - told.debits_fen == told.closing_fen
    for sale, amount in zip(told.sales, amounts, strict=True):
        assert sale.gross_fen == amount
        parts = sale.own_fen + sale.platform_fee_fen + sale.tax_fen + sale.treasury_fen
        assert parts + sale.others_fen == amount
    assert found(signed(told)) == []


def test_a_statement_that_does_not_come_out_is_not_drawn_up() -> None:
    with pytest.raises(StatementDiffers):
        stated(an_order(), closing=5)


def test_what_was_taken_back_stands_against_the_sale() -> None:
    paid, released = an_order()
    assert released.order_id is not None
    back = Entry(
        key=new_id(),
        kind=Kind.REVERSAL,
        legs=transfer(OWN, [Leg(Account(For.REFUND_PAYABLE, str(uuid.UUID(int=9))), 300)]),
        booked_at=NOON,
        value_on=dt.date(2026, 11, 5),
        rule_version="test/1",
        order_id=released.order_id,
        reverses=released.key,
    )

    told = stated([paid, released, back])

    assert [sale.own_fen for sale in told.sales] == [700, -300]
    assert [sale.gross_fen for sale in told.sales] == [1000, -300]
    assert (told.debits_fen, told.credits_fen, told.closing_fen) == (300, 700, 400)
    assert found(signed(told)) == []


def test_a_payout_is_a_line_and_no_sale() -> None:
    paid, released = an_order()
    out = Entry(
        key=new_id(),
        kind=Kind.PAYOUT,
        legs=transfer(OWN, [Leg(Account(For.PAYOUT_IN_TRANSIT, str(PARTY)), 700)]),
        booked_at=NOON,
        value_on=dt.date(2026, 11, 9),
        rule_version="test/1",
    )

    told = stated([paid, released, out])

    assert len(told.sales) == 1
    assert [line.kind for line in told.accounts[0].lines] == ["release", "payout"]
    assert told.closing_fen == 0


def test_what_was_emptied_and_does_not_move_again_is_still_told_of_the_quarter() -> None:
    told = a_book([a_line("retention", 0, 3, 3)], [a_line("payable", 0, 0, 0)])

    assert [line.purpose for line in told.purposes] == ["payable", "retention"]


def test_a_buyer_is_told_of_no_divisions() -> None:
    assert stated(an_order(), side=Side.BUYER).sales == ()


def a_line(purpose: str, opening: int, debits: int, credits_: int) -> PeriodLine:
    return PeriodLine(
        number="1",
        purpose=purpose,
        title_zh="",
        title_en="",
        accounts=2,
        opening_fen=opening,
        debits_fen=debits,
        credits_fen=credits_,
        closing_fen=opening + credits_ - debits,
    )


def a_book(*months: list[PeriodLine]) -> Statement:
    return drawing_up.of_book(
        book="market", span=span("2026-Q4"), chain_head="cd" * 32, months=months, kinds_moved=()
    )


def test_months_are_joined_to_a_quarter_that_begins_with_the_first_and_ends_with_the_last() -> None:
    told = a_book(
        [a_line("channel_clearing", -5, 10, 0), a_line("payable", 5, 0, 10)],
        [a_line("channel_clearing", -15, 0, 4), a_line("payable", 15, 4, 0)],
        [
            a_line("channel_clearing", -11, 0, 0),
            a_line("payable", 11, 0, 0),
            a_line("retention", 0, 3, 3),
        ],
    )

    by = {line.purpose: line for line in told.purposes}
    assert (by["payable"].opening_fen, by["payable"].closing_fen) == (5, 11)
    assert (by["channel_clearing"].debits_fen, by["channel_clearing"].credits_fen) == (10, 4)
    assert told.closing_fen == 0
    assert found(signed(told)) == []
    assert found(signed(told), Files()) == []


@pytest.mark.parametrize("second", [[a_line("payable", 6, 0, 0)], [a_line("retention", 0, 0, 1)]])
def test_a_month_that_begins_elsewhere_than_the_last_one_ended_is_not_joined(
    second: list[PeriodLine],
) -> None:
    with pytest.raises(StatementDiffers):
        a_book([a_line("payable", 0, 0, 5)], second)


def test_with_the_journal_at_hand_every_line_is_found_in_it() -> None:
    entries = an_order() + an_order(77)
    later = [
        msgspec.structs.replace(each, key=new_id(), value_on=dt.date(2026, 12, 1))
        for each in an_order()
    ]

    assert found(signed(stated(entries)), Files(journal=[*journal(entries + later), b"{"])) == []


def _left_out(entries: list[Entry]) -> tuple[Statement, list[Entry]]:
    return stated(entries[:2]), entries


def _made_up(entries: list[Entry]) -> tuple[Statement, list[Entry]]:
    return stated(entries), entries[:2]


def _other_amount(entries: list[Entry]) -> tuple[Statement, list[Entry]]:
    changed = msgspec.structs.replace(entries[1], value_on=dt.date(2026, 11, 9))
    return stated(entries), [entries[0], changed, *entries[2:]]


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (_left_out, "is left out"),
        (_made_up, "the journal has no such leg"),
        (_other_amount, "says something else than its line"),
    ],
)
def test_what_the_journal_tells_otherwise_is_named(made: Any, told: str) -> None:
    statement, entries = made(an_order() + an_order(77))

    problems = found(signed(statement), Files(journal=journal(entries)))

    assert len(problems) == 1
    assert told in problems[0]


def changed(told: Statement, **of_account: Any) -> Statement:
    account = msgspec.structs.replace(told.accounts[0], **of_account)
    return msgspec.structs.replace(told, accounts=(account,))


def test_each_sum_that_was_tampered_with_is_named_though_it_is_signed() -> None:
    told = stated(an_order())
    line = msgspec.structs.replace(told.accounts[0].lines[0], balance_fen=9)
    sale = msgspec.structs.replace(told.sales[0], own_fen=9)
    book = a_book([a_line("payable", 0, 0, 0)])
    purpose = msgspec.structs.replace(book.purposes[0], closing_fen=1)

    for wrong, said in (
        (changed(told, lines=(line,)), "does not hold that much"),
        (changed(told, debits_fen=9), "its sums are not those of its lines"),
        (msgspec.structs.replace(told, closing_fen=9), "its closing_fen"),
        (msgspec.structs.replace(told, sales=(sale,)), "its shares do not come to"),
        (msgspec.structs.replace(book, purposes=(purpose,)), "do not come to its closing"),
    ):
        assert any(said in each for each in found(signed(wrong))), said


def test_what_is_shown_is_what_was_signed_by_a_key_for_statements() -> None:
    held = signed(stated(an_order()))
    told = msgspec.structs.replace(held.statement, party_name="别的公司")
    strange = Signer(Purpose.STATEMENT, b"\x08" * 32)

    shown = found(msgspec.structs.replace(held, statement=told))
    resigned = found(msgspec.structs.replace(held, signature=strange.seal(held.document)))
    broken = found(msgspec.structs.replace(held, document=b"{}"))

    assert "not what was signed" in shown[0]
    assert "not one of the service's" in resigned[0]
    assert "unreadable" in broken[-1]


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff"])
def test_what_is_no_statement_is_said_to_be_none(raw: bytes) -> None:
    with pytest.raises(Unreadable):
        check.check(raw, KEYS)


# ── closed months in an export ──


def sealed(entries: list[Entry], **changes: Any) -> bytes:
    ordered = sorted(entries, key=lambda each: str(each.key))
    sums: dict[str, list[int]] = {}
    for each in ordered:
        for leg in each.legs:
            into = sums.setdefault(str(leg.account.purpose), [0, 0])
            into[leg.amount_fen > 0] += abs(leg.amount_fen)
    values: dict[str, Any] = {
        "book": "market",
        "month": "2026-11",
        "begun_at": NOON,
        "begun_by": None,
        "begun_by_name": "审核员",
        "before": chain.FIRST,
        "head": chain.follow(chain.FIRST, 1, [each.digest() for each in ordered]),
        "barrier": 1,
        "entries": len(ordered),
        "chained": len(ordered),
    }
    lines = [a_line(purpose, 0, *moved_) for purpose, moved_ in sorted(sums.items())]
    return sealing.record(Closing(**(values | changes)), lines, (), (), sealed_at=NOON)


def months_found(records: list[bytes], entries: list[Entry]) -> tuple[list[str], dict[str, int]]:
    from catalog.audit_log.verdict import Findings

    rows = [
        msgspec.json.encode(export.RecordRow(id=f"market-{number}", record=each))
        for number, each in enumerate(records)
    ]
    findings = Findings()
    strange = msgspec.json.encode(export.RecordRow(id="x", record=b"{}"))
    source: Any = Files(journal=[*journal(entries), strange, b"}"], period=rows)
    months_check.check_records(source, findings)
    verdict = findings.verdict()
    return [str(each) for each in verdict.problems], dict(verdict.counts)


def test_a_closed_month_is_computed_again_from_the_journal() -> None:
    entries = an_order() + an_order(77)

    assert months_found([sealed(entries)], entries) == ([], {"months computed again": 1})
    assert months_found([], entries) == ([], {})


def test_a_month_that_differs_from_the_journal_is_named() -> None:
    entries = an_order() + an_order(77)
    told = msgspec.json.decode(sealed(entries))
    more = canonical(told | {"lines": [{**told["lines"][0], "debits_fen": 0}, *told["lines"][1:]]})
    less = canonical(told | {"lines": told["lines"][1:]})

    for record, booked, said in (
        (sealed(entries), entries[:3], "has 4 entries, but the journal 3"),
        (sealed(entries, before=b"\x01" * 32), entries, "last link of the month before"),
        (sealed(entries, head=b"\x01" * 32), entries, "do not chain"),
        (more, entries, "comes to"),
        (less, entries, "leaves channel_clearing out"),
        (b"{}", entries, "unreadable"),
        (canonical(told | {"chain_before": "zz"}), entries, "unreadable"),
    ):
        problems, _ = months_found([record], booked)
        assert any(said in each for each in problems), (said, problems)


def test_a_month_begins_where_the_one_before_it_ended() -> None:
    november = an_order()
    december = [
        msgspec.structs.replace(each, key=new_id(), value_on=dt.date(2026, 12, 2))
        for each in an_order(500)
    ]
    first = sealed(november)
    head = bytes.fromhex(msgspec.json.decode(first)["chain_head"])
    ends = {line["purpose"]: line["closing_fen"] for line in msgspec.json.decode(first)["lines"]}
    digests = [each.digest() for each in sorted(december, key=lambda each: str(each.key))]
    told = msgspec.json.decode(
        sealed(december, month="2026-12", before=head, head=chain.follow(head, 1, digests))
    )
    carried = [
        {
            **line,
            "opening_fen": ends[line["purpose"]],
            "closing_fen": line["closing_fen"] + ends[line["purpose"]],
        }
        for line in told["lines"]
    ]

    right, counts = months_found([first, canonical(told | {"lines": carried})], november + december)
    wrong, _ = months_found([first, canonical(told)], november + december)

    assert right == []
    assert counts == {"months computed again": 2}
    assert "comes to" in wrong[0]


TAX = Account(For.TAX_PAYABLE, str(PARTY))


def a_taxed_order() -> list[Entry]:
    order = new_id()
    return [
        entry(Kind.PAY_IN, clearing_of("bank"), Leg(escrow_of(order), 1_060), order=order),
        entry(
            Kind.RELEASE,
            escrow_of(order),
            Leg(TAX, 60),
            Leg(OWN, 900),
            Leg(FEE, 100),
            order=order,
        ),
    ]


def with_its_taxes(entries: list[Entry]) -> Statement:
    return drawing_up.of_party(
        side=Side.SUPPLIER,
        book="market",
        span=NOVEMBER,
        party_id=PARTY,
        party_name="某公司",
        chain_head="ab" * 32,
        stood={OWN.code: Stood(0, 900), TAX.code: Stood(0, 60)},
        moved=moved(entries[1:]),
    )


def test_a_supplier_is_told_of_the_account_of_its_taxes_and_what_of_a_sale_is_tax() -> None:
    entries = a_taxed_order()

    told = with_its_taxes(entries)

    (sale,) = told.sales
    assert (sale.gross_fen, sale.own_fen, sale.tax_fen, sale.platform_fee_fen) == (
        1_060,
        900,
        60,
        100,
    )
    assert [account.account for account in told.accounts] == [OWN.code, TAX.code]
    assert told.closing_fen == 960
    assert found(signed(told), Files(journal=journal(entries))) == []


def test_taxes_are_missed_in_a_statement_of_today_and_not_in_one_of_before() -> None:
    entries = a_taxed_order()
    left_out = stated(entries)
    before = msgspec.structs.replace(left_out, format=WITHOUT_TAXES)

    missed = found(signed(left_out), Files(journal=journal(entries)))

    assert ["is left out" in each for each in missed] == [True]
    assert TAX.code in missed[0]
    assert found(signed(before), Files(journal=journal(entries))) == []
