"""Tables and statements of the files (文件)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.audit_log.model import Subject
from catalog.files.model import FileId, StoredFile
from catalog.kernel.db import METADATA, Tx
from catalog.kernel.ids import PartyId

FILES: Final = sa.Table(
    "files",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("file_name", sa.Text, nullable=False),
    sa.Column("uploaded_by", sa.Uuid),
    sa.Column("owner_party_id", sa.Uuid, nullable=False),
    sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("sealed_for", sa.Uuid),
    schema="catalog",
)

FILE_UNSEALINGS: Final = sa.Table(
    "file_unsealings",
    METADATA,
    sa.Column("case_id", sa.Uuid, primary_key=True),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    schema="catalog",
)

FILE_READERS: Final = sa.Table(
    "file_readers",
    METADATA,
    sa.Column("file_id", sa.Uuid, primary_key=True),
    sa.Column("party_id", sa.Uuid, primary_key=True),
    sa.Column("case_id", sa.Uuid, primary_key=True),
    sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    sa.Column("until", sa.DateTime(timezone=True)),
    schema="catalog",
)


FILE_QUARANTINES: Final = sa.Table(
    "file_quarantines",
    METADATA,
    sa.Column("file_id", sa.Uuid, primary_key=True),
    sa.Column("case_id", sa.Uuid, nullable=False),
    sa.Column("since", sa.DateTime(timezone=True), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    schema="catalog",
)


async def insert(tx: Tx, file: StoredFile) -> None:
    """Insert one upload."""
    await tx.insert(FILES, **msgspec.structs.asdict(file))


async def find(tx: Tx, file_id: uuid.UUID) -> StoredFile | None:
    """Return a file that row-level security lets the actor see, or None."""
    row = await tx.fetch_one(
        """
        SELECT id, sha256, size_bytes, media_type, file_name, uploaded_by, owner_party_id,
               uploaded_at, sealed_for
          FROM catalog.files
         WHERE id = $1""",
        file_id,
    )
    return None if row is None else msgspec.convert(dict(row), StoredFile)


async def find_many(tx: Tx, file_ids: Sequence[uuid.UUID]) -> list[StoredFile]:
    """Return those of the files that the actor may see, in id order."""
    rows = await tx.fetch(
        """
        SELECT id, sha256, size_bytes, media_type, file_name, uploaded_by, owner_party_id,
               uploaded_at, sealed_for
          FROM catalog.files
         WHERE id = ANY($1::uuid[])
         ORDER BY id""",
        list(file_ids),
    )
    return [msgspec.convert(dict(row), StoredFile) for row in rows]


async def insert_unsealing(tx: Tx, *, case_id: uuid.UUID, at: dt.datetime) -> None:
    """Let those who may see everything see the files that were sealed for a case."""
    await tx.insert(FILE_UNSEALINGS, case_id=case_id, at=at)


async def list_cases(tx: Tx, file_id: uuid.UUID) -> list[Subject]:
    """Return in which cases a file lies, of those that the actor may open."""
    rows = await tx.fetch(
        "SELECT DISTINCT kind, id FROM catalog.cases_of_file($1) ORDER BY kind, id", file_id
    )
    return [Subject(row["kind"], str(row["id"])) for row in rows]


async def insert_readers(
    tx: Tx,
    *,
    file_ids: Sequence[FileId],
    party_id: PartyId,
    case_id: uuid.UUID,
    since: dt.datetime,
) -> None:
    """Let ``party_id`` read the files while it has the case; one file may be named twice."""
    await tx.execute(
        """
        INSERT INTO catalog.file_readers (file_id, party_id, case_id, since)
        SELECT DISTINCT unnest($1::uuid[]), $2::uuid, $3::uuid, $4::timestamptz
        ON CONFLICT (file_id, party_id, case_id) DO UPDATE SET until = NULL""",
        list(file_ids),
        party_id,
        case_id,
        since,
    )


async def end_readers(tx: Tx, *, party_id: PartyId, case_id: uuid.UUID, until: dt.datetime) -> int:
    """End the reading of a case's files by ``party_id``; return how many files it lost."""
    return await tx.execute(
        """
        UPDATE catalog.file_readers SET until = $3
         WHERE case_id = $1 AND party_id = $2 AND until IS NULL""",
        case_id,
        party_id,
        until,
    )


async def insert_quarantine(
    tx: Tx,
    *,
    file_ids: Sequence[uuid.UUID],
    case_id: uuid.UUID,
    since: dt.datetime,
    reason: str,
) -> None:
    """Lock files away; one that is locked away already stays so."""
    await tx.execute(
        """
        INSERT INTO catalog.file_quarantines (file_id, case_id, since, reason)
        SELECT id, $2, $3, $4 FROM unnest($1::uuid[]) id ON CONFLICT (file_id) DO NOTHING""",
        list(file_ids),
        case_id,
        since,
        reason,
    )


async def is_quarantined(tx: Tx, file_id: uuid.UUID) -> bool:
    """Tell whether a file is locked away."""
    return bool(
        await tx.fetch_value("SELECT 1 FROM catalog.file_quarantines WHERE file_id = $1", file_id)
    )
