"""Statistics put every entry on one line of each table, and come to the ledger or are not handed out."""

from __future__ import annotations

import datetime as dt
import io
import re
import uuid
import zipfile
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.verdict import Fault, Unreadable
from catalog.code_trees.model import Code, Tree
from catalog.kernel.ids import new_id
from catalog.signing.canonical import canonical, sha256_hex
from market.trade_statistics import check as statistics_check
from market.trade_statistics import tallying
from market.trade_statistics import words as statistics_words
from market.trade_statistics.model import (
    FORMAT,
    Dimension,
    Flow,
    Line,
    Rest,
    SignedStatistics,
    Statistics,
    Sums,
)
from market.trade_statistics.tallying import StatisticsDiffer
from market.trade_statistics.workbook import workbook
from settlement.ledger.accounts import Purpose
from settlement.ledger.journal import Entry
from settlement.ledger.kinds import RULES
from settlement.periods.model import PeriodLine
from tests.pure.test_statements_drawn_up import KEYS, SIGNER, Files, an_order, journal

WAYS = [(kind, *way) for kind, rule in RULES.items() for way in rule.flows]


def flow(kind: str, debit: str, credit: str, amount_fen: int, **facts: Any) -> Flow:
    told: dict[str, Any] = {"month": "2026-11", "has_order": True, "entries": 1} | facts
    return Flow(kind=kind, debit=debit, credit=credit, amount_fen=amount_fen, **told)


@st.composite
def flows(draw: st.DrawFn) -> list[Flow]:
    """Return anything that entries of closed months can come to."""
    found = []
    for kind, debit, credit in draw(st.lists(st.sampled_from(WAYS), max_size=30)):
        section, division = draw(st.sampled_from([("", ""), ("C", ""), ("C", "39"), ("G", "55")]))
        found.append(
            flow(
                kind,
                debit,
                credit,
                draw(st.integers(1, 10**13)),
                month=draw(st.sampled_from(["2026-10", "2026-11"])),
                has_order=draw(st.booleans()),
                industry_section=section,
                industry_division=division,
                scenario=draw(st.sampled_from(["", "port_safety", "credit"])),
                region_code=draw(st.sampled_from(["", "46", "460100"])),
            )
        )
    return found


def ledger_of(told: list[Flow]) -> list[PeriodLine]:
    """Return what the ledger would have sealed, added up on its own."""
    lines = []
    for purpose in Purpose:
        debits = sum(each.amount_fen for each in told if each.debit == purpose)
        credits_ = sum(each.amount_fen for each in told if each.credit == purpose)
        lines.append(_line(purpose, debits, credits_))
    return lines


def _line(purpose: str, debits: int, credits_: int) -> PeriodLine:
    return PeriodLine(
        number="1",
        purpose=purpose,
        title_zh="",
        title_en="",
        accounts=1,
        opening_fen=0,
        debits_fen=debits,
        credits_fen=credits_,
        closing_fen=credits_ - debits,
    )


@given(flows())
def test_every_table_comes_to_the_totals_and_the_totals_to_the_ledger(told: list[Flow]) -> None:
    totals = tallying.added(tallying.sums_of(each) for each in told)

    controls = tallying.controls(told, tallying.turnover(ledger_of(told)))

    for table in tallying.tables(told):
        assert tallying.added(line.sums for line in table.lines) == totals
        codes = [(line.above, line.code) for line in table.lines]
        assert len(set(codes)) == len(codes)
    assert totals.moved_fen == sum(each.amount_fen for each in told)
    assert sum(each.debits_fen for each in controls) == totals.moved_fen
    assert sum(each.credits_fen for each in controls) == totals.moved_fen


def test_a_fen_that_the_ledger_has_and_the_flows_have_not_stops_them() -> None:
    told = [flow("pay_in", "channel_clearing", "order_escrow", 100)]
    sealed = tallying.turnover([*ledger_of(told), _line("platform_fee", 0, 1)])

    with pytest.raises(StatisticsDiffer, match="platform_fee"):
        tallying.controls(told, sealed)

    only = tallying.controls(told, sealed, only="order_escrow")
    assert [(each.purpose, each.credits_fen) for each in only] == [("order_escrow", 100)]


def test_what_is_shared_counts_once_and_stays_shared_when_it_is_paid_out() -> None:
    told = [
        flow("pay_in", "channel_clearing", "order_escrow", 1_000),
        flow("release", "order_escrow", "payable", 600),
        flow("release", "order_escrow", "department_payable", 200, entries=0),
        flow("release", "order_escrow", "treasury_non_tax", 100, entries=0),
        flow("release", "order_escrow", "platform_fee", 60, entries=0),
        flow("release", "order_escrow", "tax_payable", 40, entries=0),
        flow("reversal", "payable", "refund_payable", 50),
        flow("payout", "payable", "payout_in_transit", 500, has_order=False),
    ]

    totals = tallying.added(tallying.sums_of(each) for each in told)

    assert totals == Sums(
        entries=4,
        moved_fen=2_550,
        paid_fen=1_000,
        refunded_fen=50,
        suppliers_fen=550,
        departments_fen=200,
        treasury_fen=100,
        platform_fen=60,
        tax_fen=40,
    )


def test_what_has_no_code_and_what_has_no_order_stand_on_lines_of_their_own_at_the_end() -> None:
    pay = ("pay_in", "channel_clearing", "order_escrow")
    told = [
        flow("channel_fee_charged", "channel_fee", "channel_clearing", 7, has_order=False),
        flow(*pay, 1),
        flow(*pay, 2, industry_section="G", industry_division="55"),
        flow(*pay, 3, industry_section="C"),
        flow(*pay, 4, industry_section="C", industry_division="39"),
    ]

    table = tallying.table(Dimension.INDUSTRY, told)

    assert [(line.above, line.code, line.is_rest) for line in table.lines] == [
        ("", "C", False),
        ("C", "39", False),
        ("G", "55", False),
        ("", Rest.NOT_ASSIGNED, True),
        ("", Rest.NO_ORDER, True),
    ]
    assert [line.sums.moved_fen for line in table.lines] == [3, 4, 2, 1, 7]
    months = tallying.table(Dimension.MONTH, told)
    assert [(line.code, line.sums.moved_fen) for line in months.lines] == [("2026-11", 17)]


def statistics(**changes: Any) -> Statistics:
    told = [
        flow("pay_in", "channel_clearing", "order_escrow", 100, scenario="port_safety"),
        flow("channel_fee_charged", "channel_fee", "channel_clearing", 7, has_order=False),
    ]
    made = Statistics(
        format=FORMAT,
        book="market",
        period="2026-11",
        first_day=dt.date(2026, 11, 1),
        last_day=dt.date(2026, 11, 30),
        supplier_party_id=None,
        supplier_name="",
        chain_head="ab" * 32,
        totals=tallying.added(tallying.sums_of(each) for each in told),
        tables=tallying.tables(told),
        controls=tallying.controls(told, tallying.turnover(ledger_of(told))),
    )
    return msgspec.structs.replace(made, **changes)


def test_a_code_is_shown_with_its_name_and_the_rests_by_theirs() -> None:
    known = Code(
        tree=Tree.INDUSTRY, code="39", name="计算机制造业", parent="C", depth=2, is_current=True
    )
    names = {Tree.INDUSTRY: {"39": known}}
    said = {
        (of, code, language): statistics_words.line(
            of,
            Line(code=code, above="C" if code == "39" else "", is_rest=is_rest, sums=Sums()),
            names,
            language,
        )
        for of, code, is_rest, language in [
            (Dimension.INDUSTRY, "39", False, "zh"),
            (Dimension.INDUSTRY, "40", False, "zh"),
            (Dimension.SCENARIO, "port_safety", False, "en"),
            (Dimension.REGION, "no_order", True, "zh"),
            (Dimension.REGION, "not_assigned", True, "en"),
        ]
    }

    assert list(said.values()) == [
        "C39 计算机制造业",
        "40",
        "port_safety",
        "非订单业务",
        "Not assigned",
    ]
    assert statistics_words.dimension(Dimension.REGION, "en") == "By region (GB/T 2260)"
    assert statistics_words.member("paid_fen", "zh") == "成交金额"


def test_the_workbook_has_a_sheet_a_dimension_and_is_the_same_bytes_each_time() -> None:
    told = msgspec.structs.replace(statistics(), supplier_party_id=None)

    first, second = workbook(told, {}), workbook(told, {})

    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as archive:
        book = archive.read("xl/workbook.xml").decode()
        texts = archive.read("xl/sharedStrings.xml").decode()
    assert len(re.findall("<sheet ", book)) == 2 + len(Dimension)
    assert "非订单业务" in texts
    assert "port_safety" in texts


def test_whose_statistics_they_are_stands_in_the_workbook() -> None:
    told = statistics(supplier_party_id=uuid.UUID(int=7), supplier_name="某公司")

    with zipfile.ZipFile(io.BytesIO(workbook(told, {}))) as archive:
        assert "某公司" in archive.read("xl/sharedStrings.xml").decode()


def signed(told: Statistics, **shown: Any) -> bytes:
    document = canonical(told)
    made = SignedStatistics(
        type=told.format,
        document=document,
        sha256=sha256_hex(document),
        signature=SIGNER.seal(document),
        statistics=told,
    )
    return msgspec.json.encode(msgspec.structs.replace(made, **shown))


def problems(raw: bytes, log: Files | None = None) -> list[str]:
    held = None if log is None else (log, cast("VerifierKey", None))
    return [str(each) for each in statistics_check.check(raw, KEYS, held).problems]


def of_journal() -> tuple[list[Entry], Statistics]:
    """Return entries of November, and statistics of them as they come to."""
    entries = an_order() + an_order(77)
    told = [
        flow(
            each.kind,
            each.debited.purpose,
            leg.account.purpose,
            leg.amount_fen,
            entries=int(leg is each.legs[1]),
        )
        for each in entries
        for leg in each.legs[1:]
    ]
    return entries, statistics(
        totals=tallying.added(tallying.sums_of(each) for each in told),
        tables=tallying.tables(told),
        controls=tallying.controls(told, tallying.turnover(ledger_of(told))),
    )


def test_statistics_are_checked_offline_and_against_the_journal_of_an_export() -> None:
    entries, told = of_journal()
    other = [msgspec.structs.replace(each, book="public_data", key=new_id()) for each in entries]
    later = [
        msgspec.structs.replace(each, value_on=dt.date(2026, 12, 1), key=new_id())
        for each in entries
    ]

    assert problems(signed(told)) == []
    assert problems(signed(told), Files(journal=[*journal(entries + other + later), b"{"])) == []
    assert problems(signed(statistics(supplier_party_id=uuid.UUID(int=7))), Files()) == []


def test_an_entry_that_is_left_out_or_made_up_is_named() -> None:
    entries, told = of_journal()

    missing = problems(signed(told), Files(journal=journal(entries[:3])))
    more = problems(signed(told), Files(journal=journal(entries + an_order(5))))

    assert any("the journal has 3 entries" in each for each in missing)
    assert any("the journal comes to something else" in each for each in more)


def test_sums_that_were_tampered_with_are_named_though_they_are_signed() -> None:
    told = statistics()
    line = told.tables[0].lines[0]
    table = msgspec.structs.replace(told.tables[0], lines=(line, line))
    control = msgspec.structs.replace(told.controls[0], debits_fen=1)
    totals = msgspec.structs.replace(told.totals, moved_fen=1)

    for wrong, said in (
        (msgspec.structs.replace(told, tables=(table,)), "do not come to the totals"),
        (msgspec.structs.replace(told, controls=(control,)), "not what the ledger has"),
        (msgspec.structs.replace(told, totals=totals), "do not come to what moved"),
    ):
        assert any(said in each for each in problems(signed(wrong))), said


def test_what_is_shown_is_what_was_signed_and_what_is_none_is_refused() -> None:
    told = statistics()
    other = msgspec.structs.replace(told, period="2026-10")

    shown = statistics_check.check(signed(told, statistics=other), KEYS)

    assert [each.fault for each in shown.problems] == [Fault.CONTENT_DIFFERS]
    assert any("unreadable" in each for each in problems(signed(told, document=b"{}")))
    with pytest.raises(Unreadable):
        statistics_check.check(b"{}", KEYS)
