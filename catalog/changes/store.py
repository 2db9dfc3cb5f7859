"""Tables and statements of the change registrations (变更登记)."""

from __future__ import annotations

import uuid
from typing import Any, Final, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.changes.model import Change, ChangeMaterial, Paper, PaperKind
from catalog.changes.states import OPEN, State
from catalog.kernel.db import METADATA, Row, Tx, select_all

S = TypeVar("S", bound=msgspec.Struct)


def _must(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


_INSTANT: Final = sa.DateTime(timezone=True)

CHANGE_SERIALS: Final = sa.Table(
    "change_serials",
    METADATA,
    sa.Column("year", sa.Integer, primary_key=True),
    _must("last_serial", sa.Integer),
    schema="catalog",
)

CHANGES: Final = sa.Table(
    "changes",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("change_number", sa.Text),
    _must("kind", sa.Text),
    _must("certificate_number", sa.Text),
    sa.Column("new_certificate_number", sa.Text),
    _must("product_id", sa.Uuid),
    _must("registrant_party_id", sa.Uuid),
    sa.Column("agent_party_id", sa.Uuid),
    sa.Column("filed_by", sa.Uuid),
    sa.Column("operator_party_id", sa.Uuid),
    _must("rulebook", sa.Text),
    _must("state", sa.Text),
    _must("wanted", postgresql.JSONB),
    _must("reason", sa.Text),
    _must("occurred_on", sa.Date),
    _must("prompt_until", sa.Date),
    _must("version", sa.Integer),
    _must("submission_no", sa.Integer),
    sa.Column("dossier_sha256", sa.Text),
    sa.Column("acceptor_account_id", sa.Uuid),
    sa.Column("technical_reviewer_account_id", sa.Uuid),
    sa.Column("agency_party_id", sa.Uuid),
    sa.Column("agency_contract_id", sa.Uuid),
    _must("compliance_is_skipped", sa.Boolean),
    _must("technical_round", sa.Integer),
    sa.Column("closing", sa.Text),
    _must("created_at", _INSTANT),
    sa.Column("submitted_at", _INSTANT),
    sa.Column("accepted_at", _INSTANT),
    _must("updated_at", _INSTANT),
    schema="catalog",
)

MATERIALS: Final = sa.Table(
    "change_materials",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    _must("change_id", sa.Uuid),
    _must("kind", sa.Text),
    _must("version", sa.Integer),
    _must("file_id", sa.Uuid),
    _must("sha256", sa.Text),
    sa.Column("handed_in_by", sa.Uuid),
    _must("handed_in_at", _INSTANT),
    schema="catalog",
)

PAPERS: Final = sa.Table(
    "change_papers",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    _must("change_id", sa.Uuid),
    _must("kind", sa.Text),
    _must("no", sa.Integer),
    _must("body", postgresql.JSONB),
    sa.Column("document", sa.LargeBinary),
    sa.Column("sha256", sa.Text),
    sa.Column("key_id", sa.Text),
    sa.Column("signature", sa.LargeBinary),
    sa.Column("written_by", sa.Uuid),
    sa.Column("party_id", sa.Uuid),
    _must("written_at", _INSTANT),
    schema="catalog",
)

_OPEN: Final = sorted(state.value for state in OPEN)
_JSON: Final = frozenset({"wanted", "body"})
_UNCHANGING: Final = frozenset(
    {
        "id", "kind", "certificate_number", "product_id", "registrant_party_id",
        "agent_party_id", "filed_by", "rulebook", "created_at",
    }
)  # fmt: skip


_SELECT_CHANGES: Final = select_all(CHANGES)
_SELECT_MATERIALS: Final = select_all(MATERIALS)
_SELECT_PAPERS: Final = select_all(PAPERS)


async def next_serial(tx: Tx, year: int) -> int:
    """Return the next serial of ``year``; the row is held, so none is skipped or doubled."""
    serial: int = await tx.fetch_value(
        """
        INSERT INTO catalog.change_serials (year, last_serial) VALUES ($1, 1)
        ON CONFLICT (year) DO UPDATE SET last_serial = change_serials.last_serial + 1
        RETURNING last_serial""",
        year,
    )
    return serial


async def insert(tx: Tx, change: Change) -> None:
    """Insert a draft; the caller holds the certificate and saw that no other is open."""
    await tx.insert(CHANGES, **_values(change))


async def update(tx: Tx, change: Change) -> None:
    """Write back ``change``, which the caller holds locked."""
    values = _values(change)
    names = [name for name in values if name not in _UNCHANGING]
    sets = ", ".join(f"{name} = ${i + 2}" for i, name in enumerate(names))
    touched = await tx.execute(
        f"UPDATE catalog.changes SET {sets} WHERE id = $1",  # noqa: S608 - our own columns
        change.id,
        *(values[name] for name in names),
    )
    assert touched == 1, "a locked change can not vanish"


async def find(tx: Tx, change_id: uuid.UUID) -> Change | None:
    """Return a change that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT_CHANGES} WHERE id = $1", change_id)
    return None if row is None else _struct(row, Change)


async def lock(tx: Tx, change_id: uuid.UUID) -> Change | None:
    """Lock and return a change that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT_CHANGES} WHERE id = $1 FOR UPDATE", change_id)
    return None if row is None else _struct(row, Change)


async def lock_open(tx: Tx, certificate_number: str) -> Change | None:
    """Lock and return the open change of a certificate, whose row the caller holds, or None."""
    row = await tx.fetch_one(
        f"""{_SELECT_CHANGES}
         WHERE certificate_number = $1 AND state = ANY($2::text[]) FOR UPDATE""",
        certificate_number,
        _OPEN,
    )
    return None if row is None else _struct(row, Change)


async def list_page(
    tx: Tx,
    *,
    state: State | None,
    certificate_number: str | None,
    before: uuid.UUID | None,
    limit: int,
) -> list[Change]:
    """Return changes that the actor may see, the newest first, from behind ``before``."""
    rows = await tx.fetch(
        f"""{_SELECT_CHANGES}
         WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR certificate_number = $2)
           AND ($3::uuid IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4""",
        None if state is None else state.value,
        certificate_number,
        before,
        limit,
    )
    return [_struct(row, Change) for row in rows]


async def insert_material(tx: Tx, material: ChangeMaterial) -> None:
    """Insert a new version of a material; it is never changed."""
    await tx.insert(MATERIALS, **_values(material))


async def list_materials(tx: Tx, change_id: uuid.UUID) -> list[ChangeMaterial]:
    """Return every version of every material, in the order in which they came."""
    rows = await tx.fetch(f"{_SELECT_MATERIALS} WHERE change_id = $1 ORDER BY id", change_id)
    return [_struct(row, ChangeMaterial) for row in rows]


async def insert_paper(tx: Tx, paper: Paper) -> None:
    """Insert a paper; it is never changed."""
    await tx.insert(PAPERS, **_values(paper))


async def list_papers(tx: Tx, change_id: uuid.UUID, kind: PaperKind | None = None) -> list[Paper]:
    """Return the papers of a case, or those of a kind, in their order."""
    rows = await tx.fetch(
        f"""{_SELECT_PAPERS}
         WHERE change_id = $1 AND ($2::text IS NULL OR kind = $2) ORDER BY id""",
        change_id,
        None if kind is None else kind.value,
    )
    return [_struct(row, Paper) for row in rows]


async def is_authorisation_number_used(tx: Tx, bureau: uuid.UUID, number: str) -> bool:
    """Tell whether the bureau has given this number before, for a first issue or a change."""
    key = f"authorisation number/{bureau}/{number}"
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", key)
    return bool(
        await tx.fetch_value(
            """
            SELECT 1 FROM catalog.change_papers
             WHERE kind = 'authorisation' AND party_id = $1
               AND body->>'authorisation_number' = $2
             UNION ALL
            SELECT 1 FROM catalog.issuance_authorisations
             WHERE bureau_party_id = $1 AND authorisation_number = $2
             LIMIT 1""",
            bureau,
            number,
        )
    )


def _values(record: msgspec.Struct) -> dict[str, Any]:
    return {
        name: msgspec.to_builtins(value) if name in _JSON else _plain(value)
        for name, value in msgspec.structs.asdict(record).items()
    }


def _plain(value: Any) -> Any:
    # asyncpg takes a StrEnum for the text it is; only its plain value is wanted in the row.
    return str(value) if isinstance(value, str) else value


def _struct(row: Row, kind: type[S]) -> S:
    return msgspec.convert(dict(row), kind)


async def list_waiting(tx: Tx, *, rulebooks: list[str], limit: int) -> list[uuid.UUID]:
    """Return changes under these rulebooks that wait for acceptance, the longest first."""
    rows = await tx.fetch(
        """
        SELECT id FROM catalog.changes
         WHERE state = 'submitted' AND rulebook = ANY ($1::text[])
         ORDER BY submitted_at, id LIMIT $2""",
        rulebooks,
        limit,
    )
    return [row["id"] for row in rows]
