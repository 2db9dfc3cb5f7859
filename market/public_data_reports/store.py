"""Table and statements of the yearly reports of public data: versions that are only ever added."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from catalog.signing.model import KeyId, Signature
from market.public_data_reports.model import PublicPart, Published, Report, SignedReport

PUBLIC_DATA_REPORTS: Final = sa.Table(
    "public_data_reports",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("operator_party_id", sa.Uuid, nullable=False),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("algorithm", sa.Text, nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),
    sa.Column("drawn_up_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("drawn_up_by", sa.Uuid),
    schema="market",
)
PUBLIC_DATA_PUBLICATIONS: Final = sa.Table(
    "public_data_publications",
    METADATA,
    sa.Column("report_id", sa.Uuid, primary_key=True),
    sa.Column("operator_party_id", sa.Uuid, nullable=False),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("public", postgresql.JSONB, nullable=False),
    schema="market",
)
SELECT: Final = """
    SELECT id, operator_party_id, year, version, document, sha256, key_id, algorithm, signature,
           drawn_up_at
      FROM market.public_data_reports"""


async def lock_of_year(tx: Tx, operator: uuid.UUID, year: int) -> SignedReport | None:
    """Return the newest version of a year, and hold up who draws up another."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('market.public_data_reports:' || $1, 0))",
        f"{operator}:{year}",
    )
    row = await tx.fetch_one(
        f"{SELECT} WHERE operator_party_id = $1 AND year = $2 ORDER BY version DESC LIMIT 1",
        operator,
        year,
    )
    return None if row is None else report_of(row)


async def insert(tx: Tx, made: SignedReport, *, now: dt.datetime, by: uuid.UUID | None) -> None:
    """Insert a version, and what of it everybody reads."""
    await tx.insert(
        PUBLIC_DATA_REPORTS,
        id=made.report.id,
        operator_party_id=made.report.operator_party_id,
        year=made.report.public.year,
        version=made.report.public.version,
        document=made.document,
        sha256=made.sha256,
        key_id=made.signature.key_id,
        algorithm=made.signature.algorithm,
        signature=made.signature.value,
        drawn_up_at=now,
        drawn_up_by=by,
    )
    await tx.insert(
        PUBLIC_DATA_PUBLICATIONS,
        report_id=made.report.id,
        operator_party_id=made.report.operator_party_id,
        year=made.report.public.year,
        version=made.report.public.version,
        sha256=made.sha256,
        public=msgspec.to_builtins(made.report.public),
    )


def published_of(row: Row) -> Published:
    """Return the public part in a row."""
    return Published(
        id=row["report_id"],
        operator_party_id=row["operator_party_id"],
        sha256=row["sha256"],
        is_newest=row["is_newest"],
        public=msgspec.convert(row["public"], PublicPart),
    )


def report_of(row: Row) -> SignedReport:
    """Return the report in a row, read from the bytes that were signed."""
    told = msgspec.json.decode(row["document"], type=Report)
    return SignedReport(
        type=told.format,
        document=row["document"],
        sha256=row["sha256"],
        signature=Signature(
            key_id=KeyId(row["key_id"]), value=row["signature"], algorithm=row["algorithm"]
        ),
        report=told,
    )
