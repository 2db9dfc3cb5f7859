"""Keep what the applicant hands in: materials, submissions, answers to a request for more."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Tx, select_all
from catalog.registration.model import Material, Submission
from catalog.registration.store.rows import INSTANT, must, struct_of, table, values_of
from catalog.registration.supplements import MaterialRequest

MATERIALS: Final = table(
    "application_materials",
    sa.Column("id", sa.Uuid, primary_key=True),
    must("application_id", sa.Uuid),
    must("kind", sa.Text),
    must("version", sa.Integer),
    sa.Column("file_id", sa.Uuid),
    sa.Column("sha256", sa.Text),
    sa.Column("not_applicable_reason", sa.Text),
    sa.Column("handed_in_by", sa.Uuid),
    must("handed_in_at", INSTANT),
)

SUBMISSIONS: Final = table(
    "application_submissions",
    sa.Column("application_id", sa.Uuid, primary_key=True),
    sa.Column("submission_no", sa.Integer, primary_key=True),
    must("submitted_at", INSTANT),
    sa.Column("submitted_by", sa.Uuid),
    must("dossier", postgresql.JSONB),
    must("dossier_sha256", sa.Text),
    must("conflicts", postgresql.JSONB),
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

_SELECT_APPLICATION_MATERIALS: Final = select_all(MATERIALS)
_SELECT_APPLICATION_SUBMISSIONS: Final = select_all(SUBMISSIONS)
_SELECT_MATERIAL_REQUESTS: Final = select_all(MATERIAL_REQUESTS)


async def insert_material(tx: Tx, material: Material) -> None:
    """Insert a new version of a material."""
    await tx.insert(MATERIALS, **values_of(material))


async def list_materials(tx: Tx, application_id: uuid.UUID) -> list[Material]:
    """Return every version of every material, in the order in which they came."""
    rows = await tx.fetch(
        f"{_SELECT_APPLICATION_MATERIALS} WHERE application_id = $1 ORDER BY id",
        application_id,
    )
    return [struct_of(row, Material) for row in rows]


async def insert_submission(tx: Tx, submission: Submission) -> None:
    """Insert a submission; it is never changed."""
    await tx.insert(SUBMISSIONS, **values_of(submission))


async def list_submissions(tx: Tx, application_id: uuid.UUID) -> list[Submission]:
    """Return the submissions of an application in their order."""
    rows = await tx.fetch(
        f"""{_SELECT_APPLICATION_SUBMISSIONS}
         WHERE application_id = $1 ORDER BY submission_no""",
        application_id,
    )
    return [struct_of(row, Submission) for row in rows]


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
    return None if row is None else struct_of(row, MaterialRequest)


async def list_requests(tx: Tx, application_id: uuid.UUID) -> list[MaterialRequest]:
    """Return what was asked for during the review, the earliest first."""
    rows = await tx.fetch(
        f"{_SELECT_MATERIAL_REQUESTS} WHERE application_id = $1 ORDER BY id", application_id
    )
    return [struct_of(row, MaterialRequest) for row in rows]
