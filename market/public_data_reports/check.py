"""Check a yearly report of public data offline (年度报告核验).

1. It is signed by one of the service's keys for statements, and shows what was signed.
2. Its revenue comes out, table by table, as statistics do; its departments come to it, its allowance
   lines to what they allow.
3. With an export at hand: an entry of the log holds its digest, and so nobody changed it since.
"""

from __future__ import annotations

from typing import Final

import msgspec

from catalog.audit_log import export_format as export
from catalog.audit_log import handed_out
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.verdict import Fault, Findings, Unreadable, Verdict
from catalog.signing.canonical import sha256_hex
from market.public_data_reports.model import CostLine, Report, SignedReport
from market.trade_statistics import check as statistics

SUBJECT: Final = "public_data_report"
_KIND: Final = "statement"


def read(raw: bytes) -> SignedReport:
    """Return the report that an answer of the service holds.

    :raises Unreadable: if it holds none.
    """
    try:
        return msgspec.json.decode(raw, type=SignedReport)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Unreadable(f"no yearly report: {error}") from error


def check(
    raw: bytes, keys: export.Keys, log: tuple[export.Source, VerifierKey] | None = None
) -> Verdict:
    """Return what is found; the first thing wrong comes first.

    :raises Unreadable: if it is no yearly report.
    """
    held = read(raw)
    found = Findings()
    found.count("yearly report")
    name = str(held.report.id)
    handed_out.check_signature(found, keys, _KIND, name, held.document, held.signature)
    try:
        signed = msgspec.json.decode(held.document, type=Report)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        found.bad(_KIND, name, f"its document is unreadable: {error}")
        return found.verdict()
    if (held.report, held.type, held.sha256) != (signed, signed.format, sha256_hex(held.document)):
        found.bad(_KIND, name, "what it shows is not what was signed", Fault.CONTENT_DIFFERS)
    _check_sums(found, signed)
    place = None
    if log is None:
        found.note("whether it is the one that was drawn up is told by the log; give --log")
    else:
        place = handed_out.check_bound(found, log[0], log[1], SUBJECT, name, held.document)
    handed_out.check_trusted(found, keys, _KIND, name, held.signature, place)
    return found.verdict()


def _check_sums(found: Findings, signed: Report) -> None:
    statistics.check_sums(found, signed.revenue)
    public, totals = signed.public, signed.revenue.totals
    for line in public.departments:
        if line.credited_fen - line.taken_back_fen != line.net_fen:
            found.bad(_KIND, line.name, "its net is not what was credited less what was taken back")
    if sum(line.net_fen for line in public.departments) != totals.departments_fen:
        found.bad(_KIND, "departments", "they do not come to the revenue")
    told = (public.paid_fen, public.refunded_fen, public.net_fen, public.treasury_fen)
    booked = (
        totals.paid_fen,
        totals.refunded_fen,
        totals.paid_fen - totals.refunded_fen,
        totals.treasury_fen,
    )
    if told != booked:
        found.bad(_KIND, "revenue", "its public part is not what its tables come to")
    for cost in public.costs:
        if not _allows(cost):
            reason = "cost, profit and tax less what is deducted are not what is allowed"
            found.bad(_KIND, cost.document_number, reason)
    found.count("allowances", len(public.costs))


def _allows(cost: CostLine) -> bool:
    base = max(cost.cost_fen - cost.subsidies_fen, 0)
    return base + cost.profit_fen + cost.tax_fen - cost.deducted_fen == cost.allowed_fen
