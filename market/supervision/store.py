"""Table and statements of the quarterly reports (季度报备)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx
from catalog.signing.model import KeyId, Signature
from market.supervision.model import QuarterlyReport, ReportId
from market.supervision.quarters import Quarter

REPORTS: Final = sa.Table(
    "quarterly_reports",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("quarter", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("replaces", sa.Uuid),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("operator_party_id", sa.Uuid, nullable=False),
    sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("log_size", sa.BigInteger),
    sa.Column("record", sa.LargeBinary),
    sa.Column("record_sha256", sa.LargeBinary),
    sa.Column("generated_at", sa.DateTime(timezone=True)),
    sa.Column("generated_by", sa.Uuid),
    sa.Column("key_id", sa.Text),
    sa.Column("signature", sa.LargeBinary),
    sa.Column("signed_at", sa.DateTime(timezone=True)),
    sa.Column("submitted_at", sa.DateTime(timezone=True)),
    sa.Column("submitted_by", sa.Uuid),
    sa.Column("acknowledged_at", sa.DateTime(timezone=True)),
    sa.Column("acknowledged_by", sa.Uuid),
    sa.Column("returned_at", sa.DateTime(timezone=True)),
    sa.Column("returned_by", sa.Uuid),
    sa.Column("return_reason", sa.Text),
    schema="market",
)
#: All but the document, which can be long.
_REPORTS: Final = """
    SELECT id, year, quarter, version, replaces, state, operator_party_id, opened_at, log_size,
           record_sha256, generated_at, generated_by, key_id, signature, signed_at, submitted_at,
           submitted_by, acknowledged_at, acknowledged_by, returned_at, returned_by, return_reason
      FROM market.quarterly_reports"""
_NOT_COLUMNS: Final = ("due_on", "due_provisional", "due_state", "signature", "record_sha256")


async def lock_quarter(tx: Tx, quarter: Quarter) -> None:
    """Let nobody else open or generate a report of this quarter until the transaction ends."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('quarterly_report:' || $1::text, 0))",
        f"{quarter.year}-{quarter.number}",
    )


async def insert(tx: Tx, report: QuarterlyReport) -> None:
    """Insert a version that is not generated yet."""
    await tx.insert(
        REPORTS,
        id=report.id,
        year=report.year,
        quarter=report.quarter,
        version=report.version,
        replaces=report.replaces,
        state=report.state.value,
        operator_party_id=report.operator_party_id,
        opened_at=report.opened_at,
    )


async def save(tx: Tx, report: QuarterlyReport) -> None:
    """Write how far a report has come, all but its document."""
    signature = report.signature
    await tx.execute(
        """UPDATE market.quarterly_reports
              SET state = $2, key_id = $3, signature = $4, signed_at = $5, submitted_at = $6,
                  submitted_by = $7, acknowledged_at = $8, acknowledged_by = $9,
                  returned_at = $10, returned_by = $11, return_reason = $12
            WHERE id = $1""",
        report.id,
        report.state.value,
        None if signature is None else signature.key_id,
        None if signature is None else signature.value,
        report.signed_at,
        report.submitted_at,
        report.submitted_by,
        report.acknowledged_at,
        report.acknowledged_by,
        report.returned_at,
        report.returned_by,
        report.return_reason,
    )


async def save_document(tx: Tx, report: QuarterlyReport, record: bytes) -> None:
    """Write the document of a report, once."""
    await tx.execute(
        """UPDATE market.quarterly_reports
              SET state = $2, record = $3, record_sha256 = sha256($3), log_size = $4,
                  generated_at = $5, generated_by = $6
            WHERE id = $1""",
        report.id,
        report.state.value,
        record,
        report.log_size,
        report.generated_at,
        report.generated_by,
    )


async def find_living(tx: Tx, quarter: Quarter) -> QuarterlyReport | None:
    """Return the quarter's version that no other has replaced."""
    row = await tx.fetch_one(
        f"""{_REPORTS}
            WHERE year = $1 AND quarter = $2 AND state <> 'regenerated'""",
        quarter.year,
        quarter.number,
    )
    return None if row is None else _report(row)


async def lock(tx: Tx, report_id: uuid.UUID) -> QuarterlyReport | None:
    """Return a report, kept from others until the transaction ends."""
    row = await tx.fetch_one(f"{_REPORTS} WHERE id = $1 FOR UPDATE", report_id)
    return None if row is None else _report(row)


async def find(tx: Tx, report_id: uuid.UUID) -> tuple[QuarterlyReport, bytes | None] | None:
    """Return a report and its document, if it has one yet."""
    row = await tx.fetch_one(f"{_REPORTS} WHERE id = $1", report_id)
    if row is None:
        return None
    record: bytes | None = await tx.fetch_value(
        "SELECT record FROM market.quarterly_reports WHERE id = $1", report_id
    )
    return _report(row), record


async def list_page(
    tx: Tx, *, before: tuple[int, int, int] | None, limit: int
) -> list[QuarterlyReport]:
    """Return reports, the newest quarter and version first."""
    rows = await tx.fetch(
        f"""{_REPORTS}
            WHERE $1::integer IS NULL OR (year, quarter, version) < ($1, $2::integer, $3::integer)
            ORDER BY year DESC, quarter DESC, version DESC LIMIT $4""",
        *(before or (None, None, None)),
        limit,
    )
    return [_report(row) for row in rows]


async def list_of(tx: Tx, quarters: Iterable[Quarter]) -> list[QuarterlyReport]:
    """Return the reports with a document of these quarters, all versions, oldest first."""
    wanted = sorted(set(quarters))
    rows = await tx.fetch(
        f"""{_REPORTS}
            WHERE record IS NOT NULL
              AND (year, quarter) IN (
                SELECT y, q FROM unnest($1::integer[], $2::integer[]) AS wanted (y, q))
            ORDER BY year, quarter, version""",  # noqa: S608
        [quarter.year for quarter in wanted],
        [quarter.number for quarter in wanted],
    )
    return [_report(row) for row in rows]


def _report(row: Row) -> QuarterlyReport:
    values: dict[str, Any] = {
        name: row[name] for name in QuarterlyReport.__struct_fields__ if name not in _NOT_COLUMNS
    }
    if row["record_sha256"] is not None:
        values["record_sha256"] = row["record_sha256"].hex()
    if row["signature"] is not None:
        values["signature"] = Signature(key_id=KeyId(row["key_id"]), value=row["signature"])
    values["id"] = ReportId(row["id"])
    return msgspec.convert(values, QuarterlyReport)
