"""Compute a quarterly report (季度报备, HN-21): entries of the log and journal in, the report out.

Nothing else goes in but the header. In whatever order the entries come, the same come out as the
same bytes, so that anyone who has an export can compute the report again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from catalog.audit_log.leaf import instant
from catalog.kernel.errors import Refused
from catalog.kernel.workdays import Calendar
from catalog.rulebooks.registry import by_code
from catalog.signing.canonical import canonical
from market.supervision import (
    agency_sections,
    application_sections,
    certificate_sections,
    objection_sections,
    trade_sections,
)
from market.supervision.facts import Fact, JournalFact
from market.supervision.history import History
from market.supervision.model import FORMAT, LAYOUT, Column, Figure, Header, Report, Section, Table
from market.supervision.quarters import Quarter

SECTIONS: Final = 16


class ReportLayoutOther(Refused):
    """The report was made by another layout than this program knows; its bytes are not compared."""

    code = "report_layout_other"


def check_layout(header: Header) -> None:
    """Return if a report can be computed again here: by the layout by which it was made.

    :raises ReportLayoutOther: if it was made by another one.
    """
    if header.layout != LAYOUT:
        raise ReportLayoutOther(layout=header.layout, known=LAYOUT)


def compute(
    header: Header,
    entries: Iterable[Fact],
    journal: Iterable[JournalFact],
    calendar: Calendar,
) -> Report:
    """Return the report of the header's quarter, its sixteen sections as RULES §6.6 lists them.

    ``entries`` may reach back: what went before the quarter tells what its cases are about. What
    came after it, or stands in the log beyond the header's checkpoint, is left out.
    """
    quarter = Quarter(header.year, header.quarter)
    covered = [
        fact
        for fact in entries
        if fact.index < header.checkpoint.size and fact.at < quarter.ends_at
    ]
    booked = [entry for entry in journal if quarter.holds(entry.booked_at)]
    history = History(covered, quarter, by_code(header.rulebook), calendar)
    money = trade_sections.money_lines(history, booked)
    return Report(
        header=header,
        sections=(
            _heading(header),
            application_sections.applications(history),
            application_sections.acceptance(history),
            application_sections.review(history),
            application_sections.refusals(history),
            objection_sections.notices(history),
            certificate_sections.certificates(history),
            objection_sections.objections(history),
            trade_sections.monitoring(history),
            agency_sections.agencies(history),
            trade_sections.market(history, money),
            trade_sections.usage(history),
            trade_sections.complaints(history),
            trade_sections.personal_information(history),
            trade_sections.by_industry(history, booked),
            _annex(header, history),
        ),
        is_tied=all(line.is_tied for line in money),
    )


def document(report: Report) -> bytes:
    """Return the report as canonical JSON (RFC 8785): what is stored, hashed and signed."""
    header = report.header
    return canonical(
        {
            "format": FORMAT,
            "id": header.id,
            "year": header.year,
            "quarter": header.quarter,
            "version": header.version,
            "generated_at": instant(header.generated_at),
            "header": msgspec.to_builtins(header)
            | {
                "starts_at": instant(header.starts_at),
                "ends_at": instant(header.ends_at),
                "generated_at": instant(header.generated_at),
            },
            "sections": report.sections,
        }
    )


class Told(msgspec.Struct, frozen=True):
    """A report as its document tells it."""

    format: str
    header: Header
    sections: tuple[Section, ...]


def read_document(record: bytes) -> Told:
    """Return what a document says.

    :raises msgspec.MsgspecError: if the bytes are no report.
    """
    return msgspec.json.decode(record, type=Told)


def _heading(header: Header) -> Section:
    return Section(
        1,
        "header",
        "报告抬头",
        "Header",
        ("HN-05", "HN-21"),
        figures=(
            Figure("operator", "运营者", "Operator", header.operator.name),
            Figure("uscc", "统一社会信用代码", "Unified social credit code", header.operator.uscc),
            Figure("delegation", "授权文号", "Delegation", header.delegation.document_number),
            Figure("rulebook", "适用规则", "Rules", header.rulebook),
            Figure("year", "年度", "Year", header.year),
            Figure("quarter", "季度", "Quarter", header.quarter),
            Figure("version", "版本", "Version", header.version),
            Figure("layout", "版式", "Layout", header.layout),
            Figure("generated_at", "生成时间", "Generated at", instant(header.generated_at)),
            Figure("log_size", "审计日志条数", "Entries in the log", header.checkpoint.size),
            Figure("log_root", "审计日志根摘要", "Root of the log", header.checkpoint.root),
        ),
    )


def _annex(header: Header, history: History) -> Section:
    """Return section 16: every entry counted, by its place and hash, under the signed root."""
    return Section(
        16,
        "annex",
        "附件：记录清单与链证明",
        "Annex: all entries and the proof of the chain",
        ("HN-21",),
        figures=(
            Figure("entries", "记录条数", "Entries", len(history.of_quarter)),
            Figure("checkpoint", "检查点", "Checkpoint", header.checkpoint.note),
        ),
        tables=(
            Table(
                "entries",
                "本季度全部审计记录",
                "All entries of the quarter",
                (
                    Column("index", "日志序号", "Log index"),
                    Column("at", "时间", "At"),
                    Column("event", "事项", "Event"),
                    Column("leaf_hash", "叶摘要", "Leaf hash"),
                ),
                tuple(
                    (fact.index, instant(fact.at), fact.event, fact.leaf_hash)
                    for fact in history.of_quarter
                ),
            ),
        ),
    )
