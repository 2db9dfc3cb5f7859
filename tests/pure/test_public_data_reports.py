"""The yearly report comes out to the fen, says what is known, and is checked by whoever holds it."""

from __future__ import annotations

import datetime as dt
import io
import uuid
import zipfile
from typing import Any

import msgspec
import pytest

from catalog.audit_log.verdict import Fault, Unreadable
from catalog.kernel.ids import PartyId
from catalog.signing.canonical import canonical, sha256_hex
from market.allowed_revenue import allowing
from market.allowed_revenue.model import Allowance, AllowanceId, Compared, Decided, Task
from market.allowed_revenue.states import State
from market.public_data_reports import check, drawing_up
from market.public_data_reports.drawing_up import (
    CorrectionUnexplained,
    ReportDiffers,
    ReportUnchanged,
)
from market.public_data_reports.model import Report, SignedReport
from market.public_data_reports.workbook import workbook
from market.trade_statistics import tallying
from tests.pure.test_statements_drawn_up import KEYS, SIGNER, Files
from tests.pure.test_trade_statistics import flow, ledger_of, statistics

OPERATOR, BUREAU = uuid.UUID(int=11), uuid.UUID(int=12)
TODAY = dt.date(2027, 3, 1)
NOON = dt.datetime(2026, 1, 5, 4, 0, tzinfo=dt.UTC)


def revenue() -> Any:
    told = [
        flow("pay_in", "channel_clearing", "order_escrow", 1_000),
        flow("release", "order_escrow", "department_payable", 400),
        flow("release", "order_escrow", "treasury_non_tax", 600, entries=0),
        flow("reversal", "department_payable", "refund_payable", 50),
    ]
    return statistics(
        book="public_data",
        period="2026",
        supplier_party_id=OPERATOR,
        totals=tallying.added(tallying.sums_of(each) for each in told),
        tables=tallying.tables(told),
        controls=tallying.controls(told, tallying.turnover(ledger_of(told)), only="order_escrow"),
    )


def allowance(**changes: Any) -> Allowance:
    decided = Decided(
        operator_party_id=OPERATOR,
        period_from=dt.date(2026, 1, 1),
        period_to=dt.date(2026, 12, 31),
        cost_fen=10_000,
        subsidies_fen=1_000,
        treasury_rate_bps=200,
        premium_bps=100,
        tax_fen=70,
        expected_volume=100,
        document_number="琼发改价〔2026〕2号",
        authority="海南省发展和改革委员会",
    )
    made = Allowance(
        id=AllowanceId(uuid.UUID(int=1)),
        state=State.LAID_DOWN,
        operator_party_id=PartyId(OPERATOR),
        decided=decided,
        deducted_fen=40,
        carried_fen=0,
        allowed_fen=allowing.gross_fen(decided) - 40,
        version=1,
        laid_down_at=NOON,
        updated_at=NOON,
    )
    return msgspec.structs.replace(made, **changes)


def compared(**changes: Any) -> Compared:
    made = Compared(
        actual_cost_fen=10_500,
        actual_volume=100,
        deviation_bps=500,
        task=Task.FEES,
        reviewed_at=NOON,
    )
    return msgspec.structs.replace(made, **changes)


def drawn_up(before: tuple[Report, str] | None = None, **changes: Any) -> Report:
    wanted: dict[str, Any] = {
        "report_id": uuid.UUID(int=20),
        "year": 2026,
        "today": TODAY,
        "operator_party_id": OPERATOR,
        "operator_name": "某数据运营公司",
        "revenue": revenue(),
        "departments": [(BUREAU, "某气象局", 400, 50)],
        "allowances": [allowance()],
        "correction": "",
    } | changes
    return drawing_up.draw_up(before=before, **wanted)


def test_the_report_says_what_came_in_who_got_it_and_what_it_cost() -> None:
    public = drawn_up().public

    assert (public.paid_fen, public.refunded_fen, public.net_fen) == (1_000, 50, 950)
    assert public.treasury_fen == 600
    (line,) = public.departments
    assert (line.credited_fen, line.taken_back_fen, line.net_fen) == (400, 50, 350)
    (cost,) = public.costs
    assert (cost.cost_fen, cost.subsidies_fen, cost.tax_fen) == (10_000, 1_000, 70)
    assert (cost.profit_fen, cost.allowed_fen) == (270, 9_300)
    assert (cost.actual_cost_fen, cost.recovered_fen, public.version) == (None, None, 1)


@pytest.mark.parametrize(
    ("reviewed", "actual"),
    [(None, None), (compared(), 10_500), (compared(is_cost_reported=False), None)],
)
def test_a_cost_that_nobody_reported_is_not_told_as_if_somebody_had(
    reviewed: Compared | None, actual: int | None
) -> None:
    (cost,) = drawn_up(allowances=[allowance(compared=reviewed)]).public.costs

    assert cost.actual_cost_fen == actual


@pytest.mark.parametrize(
    ("first", "last", "is_told"),
    [
        (dt.date(2025, 1, 1), dt.date(2025, 12, 31), False),
        (dt.date(2025, 6, 1), dt.date(2026, 1, 1), True),
        (dt.date(2026, 12, 31), dt.date(2027, 12, 30), True),
        (dt.date(2027, 1, 1), dt.date(2027, 12, 31), False),
    ],
)
def test_an_allowance_is_told_in_each_year_in_which_it_holds(
    first: dt.date, last: dt.date, *, is_told: bool
) -> None:
    decided = msgspec.structs.replace(allowance().decided, period_from=first, period_to=last)

    report = drawn_up(allowances=[allowance(decided=decided)])

    assert bool(report.public.costs) is is_told


def test_departments_that_do_not_come_to_the_ledger_stop_the_report() -> None:
    with pytest.raises(ReportDiffers):
        drawn_up(departments=[(BUREAU, "某气象局", 400, 49)])


def test_a_report_of_a_year_is_in_time_until_the_end_of_march() -> None:
    assert drawing_up.due_on(2026) == dt.date(2027, 3, 31)


def test_another_version_needs_a_reason_and_something_that_is_otherwise() -> None:
    first = drawn_up()
    before = (first, "ab" * 32)

    with pytest.raises(CorrectionUnexplained):
        drawn_up(before, correction="  ")
    with pytest.raises(ReportUnchanged):
        drawn_up(before, correction="更正", today=dt.date(2027, 4, 1))
    second = drawn_up(
        before, correction="补录实际成本", allowances=[allowance(compared=compared())]
    )

    assert (second.public.version, second.corrects_sha256) == (2, "ab" * 32)
    assert second.public.correction == "补录实际成本"


def made(told: Report) -> SignedReport:
    document = canonical(told)
    return SignedReport(
        type=told.format,
        document=document,
        sha256=sha256_hex(document),
        signature=SIGNER.seal(document),
        report=told,
    )


def signed(told: Report, **shown: Any) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(made(told), **shown))


def problems(raw: bytes) -> list[str]:
    return [str(each) for each in check.check(raw, KEYS).problems]


def public_with(told: Report, **changes: Any) -> Report:
    return msgspec.structs.replace(told, public=msgspec.structs.replace(told.public, **changes))


def test_a_report_is_checked_offline_sum_by_sum() -> None:
    told = drawn_up()
    line = msgspec.structs.replace(told.public.departments[0], net_fen=1)
    more = msgspec.structs.replace(told.public.departments[0], credited_fen=401, net_fen=351)
    cost = msgspec.structs.replace(told.public.costs[0], allowed_fen=1)

    assert problems(signed(told)) == []
    for wrong, said in (
        (public_with(told, departments=(line,)), "its net is not"),
        (public_with(told, departments=(more,)), "do not come to the revenue"),
        (public_with(told, net_fen=1), "not what its tables come to"),
        (public_with(told, costs=(cost,)), "are not what is allowed"),
    ):
        assert any(said in each for each in problems(signed(wrong))), said
    other = public_with(told, version=3)
    shown = check.check(signed(told, report=other), KEYS)
    assert [each.fault for each in shown.problems] == [Fault.CONTENT_DIFFERS]
    assert any("unreadable" in each for each in problems(signed(told, document=b"{}")))
    with pytest.raises(Unreadable):
        check.check(b"{}", KEYS)


def test_the_log_has_to_know_the_report() -> None:
    log: Any = (Files(), None)

    assert check.check(signed(drawn_up()), KEYS, log).problems != ()


def test_the_workbook_has_the_departments_the_cost_and_the_tables() -> None:
    first = msgspec.json.decode(signed(drawn_up()), type=SignedReport)
    second = msgspec.structs.replace(
        first, report=public_with(first.report, correction="补录实际成本")
    )

    sheets = workbook(second)

    assert sheets == workbook(second)
    assert sheets != workbook(first)  # which corrects nothing
    with zipfile.ZipFile(io.BytesIO(sheets)) as book:
        texts = book.read("xl/sharedStrings.xml").decode()
    for text in ("某气象局", "核定运营成本 Cost as decided", "补录实际成本", "未归类"):
        assert text in texts
