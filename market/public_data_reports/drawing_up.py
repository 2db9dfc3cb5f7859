"""Draw up the yearly report of public data (年度报告): a function of ledger, allowances and names."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from catalog.kernel.errors import Conflict, Invalid
from market.allowed_revenue import allowing
from market.allowed_revenue.model import Allowance
from market.public_data_reports.model import (
    FORMAT,
    CostLine,
    DepartmentLine,
    PublicPart,
    Report,
)
from market.trade_statistics.model import Statistics


class CorrectionUnexplained(Invalid):
    """There is a version, and nothing says why another is drawn up (更正说明)."""

    code = "public_data_report_correction_unexplained"


class ReportUnchanged(Conflict):
    """What is known now is what the newest version says."""

    code = "public_data_report_unchanged"


class ReportDiffers(RuntimeError):
    """The departments do not come to the ledger. Ours to mend: a fault, no refusal."""


def draw_up(
    *,
    report_id: uuid.UUID,
    year: int,
    today: dt.date,
    operator_party_id: uuid.UUID,
    operator_name: str,
    revenue: Statistics,
    departments: Iterable[tuple[uuid.UUID, str, int, int]],
    allowances: Sequence[Allowance],
    before: tuple[Report, str] | None,
    correction: str,
) -> Report:
    """Return the report of a year; ``before`` is the newest version with its digest, if there is one.

    ``departments`` are party, name, what it was credited and what was taken back.

    :raises CorrectionUnexplained: if there is a version and no reason for another.
    :raises ReportUnchanged: if nothing is other than in the newest version.
    :raises ReportDiffers: if the departments do not come to what the revenue says.
    """
    lines = tuple(
        DepartmentLine(
            party_id=party_id,
            name=name,
            credited_fen=credited,
            taken_back_fen=taken_back,
            net_fen=credited - taken_back,
        )
        for party_id, name, credited, taken_back in departments
    )
    if sum(line.net_fen for line in lines) != revenue.totals.departments_fen:
        raise ReportDiffers(f"departments: not {revenue.totals.departments_fen}")
    if before is not None and not correction.strip():
        raise CorrectionUnexplained(version=before[0].public.version)
    totals = revenue.totals
    report = Report(
        format=FORMAT,
        id=report_id,
        operator_party_id=operator_party_id,
        corrects_sha256=None if before is None else before[1],
        public=PublicPart(
            operator_name=operator_name,
            year=year,
            version=1 if before is None else before[0].public.version + 1,
            drawn_up_on=today,
            correction="" if before is None else correction.strip(),
            paid_fen=totals.paid_fen,
            refunded_fen=totals.refunded_fen,
            net_fen=totals.paid_fen - totals.refunded_fen,
            treasury_fen=totals.treasury_fen,
            departments=lines,
            costs=tuple(cost(each) for each in allowances if holds_in(each, year)),
        ),
        revenue=revenue,
    )
    if before is not None and said(before[0]) == said(report):
        raise ReportUnchanged(version=before[0].public.version)
    return report


def due_on(year: int) -> dt.date:
    """Return the last day on which the report of a year is in time (每年3月底前, 国家数据局综合司 2026-02-10)."""
    return dt.date(year + 1, 3, 31)


def holds_in(allowance: Allowance, year: int) -> bool:
    """Tell whether an allowance holds on a day of the year."""
    first, last = dt.date(year, 1, 1), dt.date(year, 12, 31)
    return allowance.decided.period_from <= last and first <= allowance.decided.period_to


def cost(allowance: Allowance) -> CostLine:
    """Return what the report says of an allowance: what it rests on, and what came of it."""
    decided, compared = allowance.decided, allowance.compared
    base = max(decided.cost_fen - decided.subsidies_fen, 0)
    reported = compared is not None and compared.is_cost_reported
    return CostLine(
        period_from=decided.period_from,
        period_to=decided.period_to,
        document_number=decided.document_number,
        authority=decided.authority,
        is_trial=decided.is_trial,
        cost_fen=decided.cost_fen,
        subsidies_fen=decided.subsidies_fen,
        profit_fen=allowing.gross_fen(decided) - base - decided.tax_fen,
        tax_fen=decided.tax_fen,
        deducted_fen=allowance.deducted_fen,
        allowed_fen=allowance.allowed_fen,
        carried_fen=allowance.carried_fen,
        actual_cost_fen=compared.actual_cost_fen if compared is not None and reported else None,
        recovered_fen=allowance.recovered_fen,
        over_fen=allowance.over_fen,
    )


def said(report: Report) -> Mapping[str, Any]:
    """Return what a report says of the year, but for which version it is and when it was drawn up."""
    public = report.public
    return {
        "operator": (report.operator_party_id, public.operator_name),
        "revenue": report.revenue,
        "departments": public.departments,
        "costs": public.costs,
    }
