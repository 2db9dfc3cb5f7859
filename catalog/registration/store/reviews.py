"""Keep what was found and decided: three opinions, the decisions, and that they were told."""

from __future__ import annotations

import uuid
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import Tx, select_all
from catalog.registration.model import (
    AcceptanceOpinion,
    ComplianceOpinion,
    DecisionNotification,
    NoticeWaiver,
    ReviewDecision,
    TechnicalOpinion,
)
from catalog.registration.store.rows import INSTANT, must, struct_of, table, values_of

ACCEPTANCE_OPINIONS: Final = table(
    "acceptance_opinions",
    sa.Column("id", sa.Uuid, primary_key=True),
    must("application_id", sa.Uuid),
    must("submission_no", sa.Integer),
    must("result", sa.Text),
    must("reasons", postgresql.JSONB),
    must("items", postgresql.JSONB),
    sa.Column("override_reason", sa.Text),
    must("overridden_targets", postgresql.JSONB),
    sa.Column("decided_by", sa.Uuid),
    must("decided_at", INSTANT),
    sa.Column("correct_by", sa.Date),
)

TECHNICAL_OPINIONS: Final = table(
    "technical_opinions",
    sa.Column("id", sa.Uuid, primary_key=True),
    must("application_id", sa.Uuid),
    must("round", sa.Integer),
    sa.Column("reviewer_account_id", sa.Uuid),
    must("overall", sa.Text),
    must("document", sa.LargeBinary),
    must("sha256", sa.Text),
    must("recorded_at", INSTANT),
)

COMPLIANCE_OPINIONS: Final = table(
    "compliance_opinions",
    sa.Column("id", sa.Uuid, primary_key=True),
    must("application_id", sa.Uuid),
    must("round", sa.Integer),
    must("agency_party_id", sa.Uuid),
    must("contract_id", sa.Uuid),
    must("overall", sa.Text),
    must("document", sa.LargeBinary),
    must("sha256", sa.Text),
    must("key_id", sa.Text),
    must("signature", sa.LargeBinary),
    must("recorded_at", INSTANT),
)

REVIEW_DECISIONS: Final = table(
    "review_decisions",
    sa.Column("id", sa.Uuid, primary_key=True),
    must("application_id", sa.Uuid),
    must("result", sa.Text),
    must("grounds", postgresql.JSONB),
    must("reasons", sa.Text),
    sa.Column("technical_opinion_id", sa.Uuid),
    sa.Column("compliance_opinion_id", sa.Uuid),
    sa.Column("without_compliance_by", sa.Text),
    sa.Column("decided_by", sa.Uuid),
    must("decided_at", INSTANT),
)

NOTICE_WAIVERS: Final = table(
    "notice_waivers",
    sa.Column("application_id", sa.Uuid, primary_key=True),
    sa.Column("submission_no", sa.Integer, primary_key=True),
    must("reason", sa.Text),
    sa.Column("waived_by", sa.Uuid),
    must("waived_at", INSTANT),
)

DECISION_NOTIFICATIONS: Final = table(
    "decision_notifications",
    sa.Column("id", sa.Uuid, primary_key=True),
    must("application_id", sa.Uuid),
    must("decision_id", sa.Uuid),
    must("recipient_party_id", sa.Uuid),
    must("channel", sa.Text),
    must("receipt", sa.Text),
    must("delivered_at", INSTANT),
    sa.Column("notified_by", sa.Uuid),
)

_SELECT_ACCEPTANCE_OPINIONS: Final = select_all(ACCEPTANCE_OPINIONS)
_SELECT_TECHNICAL_OPINIONS: Final = select_all(TECHNICAL_OPINIONS)
_SELECT_COMPLIANCE_OPINIONS: Final = select_all(COMPLIANCE_OPINIONS)
_SELECT_REVIEW_DECISIONS: Final = select_all(REVIEW_DECISIONS)
_SELECT_NOTICE_WAIVERS: Final = select_all(NOTICE_WAIVERS)
_SELECT_DECISION_NOTIFICATIONS: Final = select_all(DECISION_NOTIFICATIONS)


async def insert_acceptance_opinion(tx: Tx, opinion: AcceptanceOpinion) -> None:
    """Insert an acceptance opinion; it is never changed."""
    await tx.insert(ACCEPTANCE_OPINIONS, **values_of(opinion))


async def list_acceptance_opinions(tx: Tx, application_id: uuid.UUID) -> list[AcceptanceOpinion]:
    """Return the acceptance opinions in their order."""
    rows = await tx.fetch(
        f"""{_SELECT_ACCEPTANCE_OPINIONS}
         WHERE application_id = $1 ORDER BY submission_no""",
        application_id,
    )
    return [struct_of(row, AcceptanceOpinion) for row in rows]


async def insert_technical_opinion(tx: Tx, opinion: TechnicalOpinion) -> None:
    """Insert a technical opinion; it is never changed."""
    await tx.insert(TECHNICAL_OPINIONS, **values_of(opinion))


async def list_technical_opinions(tx: Tx, application_id: uuid.UUID) -> list[TechnicalOpinion]:
    """Return the technical opinions, round by round."""
    rows = await tx.fetch(
        f"{_SELECT_TECHNICAL_OPINIONS} WHERE application_id = $1 ORDER BY round",
        application_id,
    )
    return [struct_of(row, TechnicalOpinion) for row in rows]


async def insert_compliance_opinion(tx: Tx, opinion: ComplianceOpinion) -> None:
    """Insert a compliance opinion exactly as the agency signed it; it is never changed."""
    await tx.insert(COMPLIANCE_OPINIONS, **values_of(opinion))


async def list_compliance_opinions(tx: Tx, application_id: uuid.UUID) -> list[ComplianceOpinion]:
    """Return the compliance opinions, round by round."""
    rows = await tx.fetch(
        f"{_SELECT_COMPLIANCE_OPINIONS} WHERE application_id = $1 ORDER BY round",
        application_id,
    )
    return [struct_of(row, ComplianceOpinion) for row in rows]


async def insert_review_decision(tx: Tx, decision: ReviewDecision) -> None:
    """Insert a review decision; it is never changed."""
    await tx.insert(REVIEW_DECISIONS, **values_of(decision))


async def list_review_decisions(tx: Tx, application_id: uuid.UUID) -> list[ReviewDecision]:
    """Return the review decisions in their order."""
    rows = await tx.fetch(
        f"{_SELECT_REVIEW_DECISIONS} WHERE application_id = $1 ORDER BY id",
        application_id,
    )
    return [struct_of(row, ReviewDecision) for row in rows]


async def insert_notification(tx: Tx, notification: DecisionNotification) -> None:
    """Insert a notification of a decision; it is never changed."""
    await tx.insert(DECISION_NOTIFICATIONS, **values_of(notification))


async def list_notifications(tx: Tx, application_id: uuid.UUID) -> list[DecisionNotification]:
    """Return the notifications in their order."""
    rows = await tx.fetch(
        f"{_SELECT_DECISION_NOTIFICATIONS} WHERE application_id = $1 ORDER BY id",
        application_id,
    )
    return [struct_of(row, DecisionNotification) for row in rows]


async def insert_waiver(tx: Tx, waiver: NoticeWaiver) -> None:
    """Insert that a case needs no notice; it is never changed."""
    await tx.insert(NOTICE_WAIVERS, **values_of(waiver))


async def find_waiver(tx: Tx, application_id: uuid.UUID, submission_no: int) -> NoticeWaiver | None:
    """Return why a submission needs no notice, or None."""
    row = await tx.fetch_one(
        f"{_SELECT_NOTICE_WAIVERS} WHERE application_id = $1 AND submission_no = $2",
        application_id,
        submission_no,
    )
    return None if row is None else struct_of(row, NoticeWaiver)
