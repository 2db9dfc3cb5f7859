"""Table and statements of the quality issues."""

from __future__ import annotations

import uuid
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from catalog.kernel.db import METADATA, Row, Tx
from catalog.quality_issues.model import QualityIssue, Standing

QUALITY_ISSUES: Final = sa.Table(
    "quality_issues",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("product_name", sa.Text, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("reporter_party_id", sa.Uuid, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("dimension", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("column", sa.Text, nullable=False),
    sa.Column("row", sa.Integer),
    sa.Column("evidence_file_id", sa.Uuid),
    sa.Column("evidence_sha256", sa.Text),
    sa.Column("content_version", sa.Integer),
    sa.Column("hops", JSONB, nullable=False),
    sa.Column("provider_party_id", sa.Uuid),
    sa.Column("due_on", sa.Date),
    sa.Column("reply", sa.Text),
    sa.Column("feedback", sa.Text),
    sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("assigned_at", sa.DateTime(timezone=True)),
    sa.Column("answered_at", sa.DateTime(timezone=True)),
    sa.Column("fed_back_at", sa.DateTime(timezone=True)),
    sa.Column("closed_at", sa.DateTime(timezone=True)),
    schema="catalog",
)

_SELECT: Final = """
    SELECT id, product_id, product_name, supplier_party_id, reporter_party_id, state, dimension,
           description, "column", "row", evidence_file_id, evidence_sha256, content_version, hops,
           provider_party_id, due_on, reply, feedback, reported_at, assigned_at, answered_at,
           fed_back_at, closed_at
      FROM catalog.quality_issues"""


async def insert(tx: Tx, issue: QualityIssue) -> None:
    """Add an issue."""
    await tx.insert(
        QUALITY_ISSUES,
        **msgspec.structs.asdict(issue)
        | {"state": issue.state.value, "dimension": issue.dimension.value, "hops": []},
    )


async def update(tx: Tx, issue: QualityIssue) -> None:
    """Write back what may change of an issue that the caller holds locked."""
    values: dict[str, Any] = msgspec.structs.asdict(issue)
    touched = await tx.execute(
        """
        UPDATE catalog.quality_issues
           SET state = $2, hops = $3::text::jsonb, provider_party_id = $4, due_on = $5, reply = $6,
               feedback = $7, assigned_at = $8, answered_at = $9, fed_back_at = $10, closed_at = $11
         WHERE id = $1""",
        issue.id,
        issue.state.value,
        msgspec.json.encode(issue.hops).decode(),
        *(
            values[name]
            for name in (
                "provider_party_id", "due_on", "reply", "feedback", "assigned_at", "answered_at",
                "fed_back_at", "closed_at",
            )
        ),
    )  # fmt: skip
    assert touched == 1, "a locked issue can not vanish"


async def find(tx: Tx, issue_id: uuid.UUID) -> QualityIssue | None:
    """Return an issue that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1", issue_id)
    return None if row is None else _issue(row)


async def lock(tx: Tx, issue_id: uuid.UUID) -> QualityIssue | None:
    """Lock and return an issue that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1 FOR UPDATE", issue_id)
    return None if row is None else _issue(row)


async def count_of_product(tx: Tx, product_id: uuid.UUID) -> Standing:
    """Return how many issues of a product are at work, and how many were answered."""
    row = await tx.fetch_one(
        """
        SELECT count(*) FILTER (WHERE answered_at IS NULL) AS at_work,
               count(*) FILTER (WHERE answered_at IS NOT NULL) AS answered
          FROM catalog.quality_issues WHERE product_id = $1""",
        product_id,
    )
    return msgspec.convert(dict(row or {}), Standing)


async def list_page(
    tx: Tx,
    *,
    product_id: uuid.UUID | None,
    provider_party_id: uuid.UUID | None,
    state: str | None,
    before: uuid.UUID | None,
    limit: int,
) -> list[QualityIssue]:
    """Return issues that the actor may see, the newest first."""
    rows = await tx.fetch(
        f"""{_SELECT}
         WHERE ($1::uuid IS NULL OR product_id = $1)
           AND ($2::uuid IS NULL OR provider_party_id = $2)
           AND ($3::text IS NULL OR state = $3) AND ($4::uuid IS NULL OR id < $4)
         ORDER BY id DESC LIMIT $5""",
        product_id,
        provider_party_id,
        state,
        before,
        limit,
    )
    return [_issue(row) for row in rows]


def _issue(row: Row) -> QualityIssue:
    return msgspec.convert(dict(row), QualityIssue)
