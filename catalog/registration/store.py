"""Tables and statements of the rights registration (确权登记)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Final, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx, beyond_own_rows, select_all
from catalog.kernel.ids import PartyId
from catalog.registration.model import (
    AcceptanceOpinion,
    Application,
    ApplicationId,
    ComplianceOpinion,
    Conflict,
    DecisionNotification,
    IssuanceAuthorisation,
    Material,
    ReviewDecision,
    Submission,
    TechnicalOpinion,
)
from catalog.registration.states import FINAL, State
from catalog.registration.supplements import MaterialRequest

S = TypeVar("S", bound=msgspec.Struct)


def _table(name: str, *columns: sa.Column[Any]) -> sa.Table:
    return sa.Table(name, METADATA, *columns, schema="catalog")


def _must(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


_INSTANT: Final = sa.DateTime(timezone=True)

APPLICATION_SERIALS: Final = _table(
    "application_serials",
    sa.Column("year", sa.Integer, primary_key=True),
    _must("last_serial", sa.Integer),
)

APPLICATIONS: Final = _table(
    "applications",
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("application_number", sa.Text),
    _must("product_id", sa.Uuid),
    _must("applicant_party_id", sa.Uuid),
    sa.Column("agent_party_id", sa.Uuid),
    sa.Column("filed_by", sa.Uuid),
    sa.Column("operator_party_id", sa.Uuid),
    _must("rulebook", sa.Text),
    _must("state", sa.Text),
    _must("form", postgresql.JSONB),
    _must("version", sa.Integer),
    _must("submission_no", sa.Integer),
    sa.Column("dossier_sha256", sa.Text),
    sa.Column("acceptor_account_id", sa.Uuid),
    sa.Column("technical_reviewer_account_id", sa.Uuid),
    sa.Column("agency_party_id", sa.Uuid),
    sa.Column("agency_contract_id", sa.Uuid),
    _must("technical_round", sa.Integer),
    _must("compliance_round", sa.Integer),
    _must("open_objections", sa.Integer),
    _must("created_at", _INSTANT),
    sa.Column("submitted_at", _INSTANT),
    sa.Column("accepted_at", _INSTANT),
    _must("updated_at", _INSTANT),
)

MATERIALS: Final = _table(
    "application_materials",
    sa.Column("id", sa.Uuid, primary_key=True),
    _must("application_id", sa.Uuid),
    _must("kind", sa.Text),
    _must("version", sa.Integer),
    sa.Column("file_id", sa.Uuid),
    sa.Column("sha256", sa.Text),
    sa.Column("not_applicable_reason", sa.Text),
    sa.Column("handed_in_by", sa.Uuid),
    _must("handed_in_at", _INSTANT),
)

SUBMISSIONS: Final = _table(
    "application_submissions",
    sa.Column("application_id", sa.Uuid, primary_key=True),
    sa.Column("submission_no", sa.Integer, primary_key=True),
    _must("submitted_at", _INSTANT),
    sa.Column("submitted_by", sa.Uuid),
    _must("dossier", postgresql.JSONB),
    _must("dossier_sha256", sa.Text),
    _must("conflicts", postgresql.JSONB),
)

ACCEPTANCE_OPINIONS: Final = _table(
    "acceptance_opinions",
    sa.Column("id", sa.Uuid, primary_key=True),
    _must("application_id", sa.Uuid),
    _must("submission_no", sa.Integer),
    _must("result", sa.Text),
    _must("reasons", postgresql.JSONB),
    _must("items", postgresql.JSONB),
    sa.Column("override_reason", sa.Text),
    _must("overridden_targets", postgresql.JSONB),
    sa.Column("decided_by", sa.Uuid),
    _must("decided_at", _INSTANT),
)

TECHNICAL_OPINIONS: Final = _table(
    "technical_opinions",
    sa.Column("id", sa.Uuid, primary_key=True),
    _must("application_id", sa.Uuid),
    _must("round", sa.Integer),
    sa.Column("reviewer_account_id", sa.Uuid),
    _must("overall", sa.Text),
    _must("document", sa.LargeBinary),
    _must("sha256", sa.Text),
    _must("recorded_at", _INSTANT),
)

COMPLIANCE_OPINIONS: Final = _table(
    "compliance_opinions",
    sa.Column("id", sa.Uuid, primary_key=True),
    _must("application_id", sa.Uuid),
    _must("round", sa.Integer),
    _must("agency_party_id", sa.Uuid),
    _must("contract_id", sa.Uuid),
    _must("overall", sa.Text),
    _must("document", sa.LargeBinary),
    _must("sha256", sa.Text),
    _must("key_id", sa.Text),
    _must("signature", sa.LargeBinary),
    _must("recorded_at", _INSTANT),
)

REVIEW_DECISIONS: Final = _table(
    "review_decisions",
    sa.Column("id", sa.Uuid, primary_key=True),
    _must("application_id", sa.Uuid),
    _must("result", sa.Text),
    _must("grounds", postgresql.JSONB),
    _must("reasons", sa.Text),
    sa.Column("technical_opinion_id", sa.Uuid),
    sa.Column("compliance_opinion_id", sa.Uuid),
    sa.Column("decided_by", sa.Uuid),
    _must("decided_at", _INSTANT),
)

DECISION_NOTIFICATIONS: Final = _table(
    "decision_notifications",
    sa.Column("id", sa.Uuid, primary_key=True),
    _must("application_id", sa.Uuid),
    _must("decision_id", sa.Uuid),
    _must("recipient_party_id", sa.Uuid),
    _must("channel", sa.Text),
    _must("receipt", sa.Text),
    _must("delivered_at", _INSTANT),
    sa.Column("notified_by", sa.Uuid),
)

ISSUANCE_AUTHORISATIONS: Final = _table(
    "issuance_authorisations",
    sa.Column("id", sa.Uuid, primary_key=True),
    _must("application_id", sa.Uuid),
    _must("bureau_party_id", sa.Uuid),
    _must("authority", sa.Text),
    _must("authorisation_number", sa.Text),
    _must("document", sa.LargeBinary),
    _must("sha256", sa.Text),
    _must("key_id", sa.Text),
    _must("signature", sa.LargeBinary),
    sa.Column("decided_by", sa.Uuid),
    _must("decided_at", _INSTANT),
)

# Columns that are JSON; everything else is stored as it stands in the struct.
_JSON: Final = frozenset(
    {"form", "dossier", "conflicts", "reasons", "items", "overridden_targets", "grounds"}
)


MATERIAL_REQUESTS: Final = sa.Table(
    "material_requests",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("application_id", sa.Uuid, nullable=False),
    sa.Column("items", postgresql.JSONB, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("asked_by", sa.Uuid),
    sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("answer", postgresql.JSONB),
    sa.Column("answered_by", sa.Uuid),
    sa.Column("answered_at", sa.DateTime(timezone=True)),
    schema="catalog",
)


_SELECT_APPLICATIONS: Final = select_all(APPLICATIONS)
_SELECT_APPLICATION_MATERIALS: Final = select_all(MATERIALS)
_SELECT_TECHNICAL_OPINIONS: Final = select_all(TECHNICAL_OPINIONS)
_SELECT_COMPLIANCE_OPINIONS: Final = select_all(COMPLIANCE_OPINIONS)
_SELECT_REVIEW_DECISIONS: Final = select_all(REVIEW_DECISIONS)
_SELECT_DECISION_NOTIFICATIONS: Final = select_all(DECISION_NOTIFICATIONS)
_SELECT_ISSUANCE_AUTHORISATIONS: Final = select_all(ISSUANCE_AUTHORISATIONS)
_SELECT_APPLICATION_SUBMISSIONS: Final = select_all(SUBMISSIONS)
_SELECT_ACCEPTANCE_OPINIONS: Final = select_all(ACCEPTANCE_OPINIONS)


_SELECT_MATERIAL_REQUESTS: Final = select_all(MATERIAL_REQUESTS)


# ── applications ────────────────────────────────────────────────────────────────────────────


async def next_serial(tx: Tx, year: int) -> int:
    """Return the next serial of ``year``; the row is held, so none is skipped or doubled."""
    serial: int = await tx.fetch_value(
        """
        INSERT INTO catalog.application_serials (year, last_serial) VALUES ($1, 1)
        ON CONFLICT (year) DO UPDATE SET last_serial = application_serials.last_serial + 1
        RETURNING last_serial""",
        year,
    )
    return serial


async def insert(tx: Tx, application: Application) -> bool:
    """Insert a draft; tell False if another application for the product is under way."""
    await _take_turns(tx, "application of product", application.product_id)
    async with beyond_own_rows(tx):
        taken = await tx.fetch_value(
            "SELECT 1 FROM catalog.applications WHERE product_id = $1 AND state <> ALL($2::text[])",
            application.product_id,
            sorted(state.value for state in FINAL),
        )
    if taken:
        return False
    await tx.insert(APPLICATIONS, **_values(application))
    return True


async def update(tx: Tx, application: Application) -> None:
    """Write back ``application``, which the caller holds locked."""
    values = _values(application)
    names = [name for name in values if name not in _UNCHANGING]
    sets = ", ".join(f"{name} = ${i + 2}" for i, name in enumerate(names))
    touched = await tx.execute(
        f"UPDATE catalog.applications SET {sets} WHERE id = $1",  # noqa: S608 - our own columns
        application.id,
        *(values[name] for name in names),
    )
    assert touched == 1, "a locked application can not vanish"


_UNCHANGING: Final = frozenset(
    {"id", "product_id", "applicant_party_id", "agent_party_id", "filed_by", "created_at"}
)


async def lock(tx: Tx, application_id: uuid.UUID) -> Application | None:
    """Lock and return an application that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT_APPLICATIONS} WHERE id = $1 FOR UPDATE", application_id)
    return None if row is None else _struct(row, Application)


async def lock_if_free(tx: Tx, application_id: uuid.UUID) -> Application | None:
    """Lock and return an application, or None if someone holds it just now."""
    row = await tx.fetch_one(
        f"{_SELECT_APPLICATIONS} WHERE id = $1 FOR UPDATE SKIP LOCKED", application_id
    )
    return None if row is None else _struct(row, Application)


async def find(tx: Tx, application_id: uuid.UUID) -> Application | None:
    """Return an application that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT_APPLICATIONS} WHERE id = $1", application_id)
    return None if row is None else _struct(row, Application)


async def list_page(
    tx: Tx,
    *,
    state: State | None,
    product_id: uuid.UUID | None,
    number: str | None,
    before: uuid.UUID | None,
    limit: int,
) -> list[Application]:
    """Return applications that the actor may see, the newest first, from behind ``before``."""
    rows = await tx.fetch(
        f"""{_SELECT_APPLICATIONS}
         WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR product_id = $2)
           AND ($3::uuid IS NULL OR id < $3)
           AND ($5::text IS NULL OR application_number = $5)
         ORDER BY id DESC LIMIT $4""",
        None if state is None else state.value,
        product_id,
        before,
        limit,
        number,
    )
    return [_struct(row, Application) for row in rows]


async def list_ids_submitted(
    tx: Tx, *, submitted_from: dt.datetime, submitted_before: dt.datetime, limit: int
) -> list[uuid.UUID]:
    """Return the applications that were handed in between two instants."""
    rows = await tx.fetch(
        """
        SELECT id FROM catalog.applications
         WHERE submitted_at >= $1 AND submitted_at < $2 ORDER BY id LIMIT $3""",
        submitted_from,
        submitted_before,
        limit,
    )
    return [row["id"] for row in rows]


async def list_numbers(tx: Tx, ids: Sequence[uuid.UUID]) -> list[str]:
    """Return the numbers under which applications go."""
    rows = await tx.fetch(
        "SELECT application_number FROM catalog.applications WHERE id = ANY($1::uuid[])", list(ids)
    )
    return [row["application_number"] for row in rows if row["application_number"] is not None]


async def find_conflicts(
    tx: Tx,
    *,
    application: Application,
    product_name: str,
    content_sha256: str | None,
    sources: Any,
) -> list[Conflict]:
    """Return other submitted applications that resemble this one, whoever filed them (HN-07).

    They have its name and an owner in common, or its content, or exactly its sources. What was
    certified is among them: an issued application keeps its last submission.
    """
    async with beyond_own_rows(tx):
        rows = await tx.fetch(
            """
            SELECT a.id, a.application_number, a.state,
                   CASE WHEN s.dossier->'product:content_sha256' = to_jsonb($4::text)
                        THEN 'same_content'
                        WHEN s.dossier->'product:name' = to_jsonb($2::text)
                             AND EXISTS (SELECT 1 FROM jsonb_array_elements(a.form->'owners') o
                                          WHERE o->>'party_id' = ANY($3::text[]))
                        THEN 'same_name_and_owner'
                        ELSE 'same_sources' END AS reason
              FROM catalog.applications a
              JOIN catalog.application_submissions s
                ON s.application_id = a.id AND s.submission_no = a.submission_no
             WHERE a.id <> $1 AND a.state <> 'withdrawn'
               AND ((s.dossier->'product:name' = to_jsonb($2::text)
                     AND EXISTS (SELECT 1 FROM jsonb_array_elements(a.form->'owners') o
                                  WHERE o->>'party_id' = ANY($3::text[])))
                    OR s.dossier->'product:content_sha256' = to_jsonb($4::text)
                    OR (s.dossier->'product:sources' = $5::jsonb
                        AND jsonb_array_length($5::jsonb) > 0))
             ORDER BY a.id LIMIT 50""",
            application.id,
            product_name,
            [str(owner.party_id) for owner in application.form.owners],
            content_sha256,
            sources,
        )
    return [
        Conflict(
            application_id=ApplicationId(row["id"]),
            application_number=row["application_number"],
            reason=row["reason"],
            state=State(row["state"]),
        )
        for row in rows
    ]


# ── what belongs to an application ──────────────────────────────────────────────────────────


async def insert_material(tx: Tx, material: Material) -> None:
    """Insert a new version of a material."""
    await tx.insert(MATERIALS, **_values(material))


async def list_materials(tx: Tx, application_id: uuid.UUID) -> list[Material]:
    """Return every version of every material, in the order in which they came."""
    rows = await tx.fetch(
        f"{_SELECT_APPLICATION_MATERIALS} WHERE application_id = $1 ORDER BY id",
        application_id,
    )
    return [_struct(row, Material) for row in rows]


async def insert_submission(tx: Tx, submission: Submission) -> None:
    """Insert a submission; it is never changed."""
    await tx.insert(SUBMISSIONS, **_values(submission))


async def insert_request(tx: Tx, asked: MaterialRequest) -> None:
    """Insert a request for more material."""
    await tx.insert(
        MATERIAL_REQUESTS,
        **{**msgspec.structs.asdict(asked), "items": list(asked.items)},
    )


async def answer_request(tx: Tx, answered: MaterialRequest) -> None:
    """Write the answer to a request, whose application the caller holds locked."""
    await tx.execute(
        """
        UPDATE catalog.material_requests SET answer = $2, answered_by = $3, answered_at = $4
         WHERE id = $1""",
        answered.id,
        msgspec.to_builtins(answered.answer),
        answered.answered_by,
        answered.answered_at,
    )


async def find_open_request(tx: Tx, application_id: uuid.UUID) -> MaterialRequest | None:
    """Return what is asked for and has not come yet, or None."""
    row = await tx.fetch_one(
        f"{_SELECT_MATERIAL_REQUESTS} WHERE application_id = $1 AND answered_at IS NULL",
        application_id,
    )
    return None if row is None else _struct(row, MaterialRequest)


async def list_requests(tx: Tx, application_id: uuid.UUID) -> list[MaterialRequest]:
    """Return what was asked for during the review, the earliest first."""
    rows = await tx.fetch(
        f"{_SELECT_MATERIAL_REQUESTS} WHERE application_id = $1 ORDER BY id", application_id
    )
    return [_struct(row, MaterialRequest) for row in rows]


async def list_submissions(tx: Tx, application_id: uuid.UUID) -> list[Submission]:
    """Return the submissions of an application in their order."""
    rows = await tx.fetch(
        f"""{_SELECT_APPLICATION_SUBMISSIONS}
         WHERE application_id = $1 ORDER BY submission_no""",
        application_id,
    )
    return [_struct(row, Submission) for row in rows]


async def insert_acceptance_opinion(tx: Tx, opinion: AcceptanceOpinion) -> None:
    """Insert an acceptance opinion; it is never changed."""
    await tx.insert(ACCEPTANCE_OPINIONS, **_values(opinion))


async def list_acceptance_opinions(tx: Tx, application_id: uuid.UUID) -> list[AcceptanceOpinion]:
    """Return the acceptance opinions in their order."""
    rows = await tx.fetch(
        f"""{_SELECT_ACCEPTANCE_OPINIONS}
         WHERE application_id = $1 ORDER BY submission_no""",
        application_id,
    )
    return [_struct(row, AcceptanceOpinion) for row in rows]


async def insert_technical_opinion(tx: Tx, opinion: TechnicalOpinion) -> None:
    """Insert a technical opinion; it is never changed."""
    await tx.insert(TECHNICAL_OPINIONS, **_values(opinion))


async def list_technical_opinions(tx: Tx, application_id: uuid.UUID) -> list[TechnicalOpinion]:
    """Return the technical opinions, round by round."""
    rows = await tx.fetch(
        f"{_SELECT_TECHNICAL_OPINIONS} WHERE application_id = $1 ORDER BY round",
        application_id,
    )
    return [_struct(row, TechnicalOpinion) for row in rows]


async def insert_compliance_opinion(tx: Tx, opinion: ComplianceOpinion) -> None:
    """Insert a compliance opinion exactly as the agency signed it; it is never changed."""
    await tx.insert(COMPLIANCE_OPINIONS, **_values(opinion))


async def list_compliance_opinions(tx: Tx, application_id: uuid.UUID) -> list[ComplianceOpinion]:
    """Return the compliance opinions, round by round."""
    rows = await tx.fetch(
        f"{_SELECT_COMPLIANCE_OPINIONS} WHERE application_id = $1 ORDER BY round",
        application_id,
    )
    return [_struct(row, ComplianceOpinion) for row in rows]


async def insert_review_decision(tx: Tx, decision: ReviewDecision) -> None:
    """Insert a review decision; it is never changed."""
    await tx.insert(REVIEW_DECISIONS, **_values(decision))


async def list_review_decisions(tx: Tx, application_id: uuid.UUID) -> list[ReviewDecision]:
    """Return the review decisions in their order."""
    rows = await tx.fetch(
        f"{_SELECT_REVIEW_DECISIONS} WHERE application_id = $1 ORDER BY id",
        application_id,
    )
    return [_struct(row, ReviewDecision) for row in rows]


async def insert_notification(tx: Tx, notification: DecisionNotification) -> None:
    """Insert a notification of a decision; it is never changed."""
    await tx.insert(DECISION_NOTIFICATIONS, **_values(notification))


async def list_notifications(tx: Tx, application_id: uuid.UUID) -> list[DecisionNotification]:
    """Return the notifications in their order."""
    rows = await tx.fetch(
        f"{_SELECT_DECISION_NOTIFICATIONS} WHERE application_id = $1 ORDER BY id",
        application_id,
    )
    return [_struct(row, DecisionNotification) for row in rows]


async def insert_authorisation(tx: Tx, authorisation: IssuanceAuthorisation) -> None:
    """Insert the bureau's authorisation exactly as it signed it; it is never changed."""
    await tx.insert(ISSUANCE_AUTHORISATIONS, **_values(authorisation))


async def is_authorisation_number_used(tx: Tx, bureau: PartyId, number: str) -> bool:
    """Tell whether the bureau has given another authorisation this number."""
    await _take_turns(tx, "authorisation number", bureau, number)
    return bool(
        await tx.fetch_value(
            """
            SELECT 1 FROM catalog.issuance_authorisations
             WHERE bureau_party_id = $1 AND authorisation_number = $2""",
            bureau,
            number,
        )
    )


async def find_authorisation(tx: Tx, application_id: uuid.UUID) -> IssuanceAuthorisation | None:
    """Return the authorisation to issue, or None."""
    row = await tx.fetch_one(
        f"{_SELECT_ISSUANCE_AUTHORISATIONS} WHERE application_id = $1", application_id
    )
    return None if row is None else _struct(row, IssuanceAuthorisation)


async def _take_turns(tx: Tx, *about: object) -> None:
    # Two who ask at once must not both be told that nothing is there yet.
    key = "/".join(str(part) for part in about)
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", key)


def _values(record: msgspec.Struct) -> dict[str, Any]:
    values = msgspec.structs.asdict(record)
    return {
        name: msgspec.to_builtins(value) if name in _JSON else _plain(value)
        for name, value in values.items()
    }


def _plain(value: Any) -> Any:
    # asyncpg takes a StrEnum for the text it is; only its plain value is wanted in the row.
    return str(value) if isinstance(value, str) else value


def _struct(row: Row, kind: type[S]) -> S:
    return msgspec.convert(dict(row), kind)
