"""Tables and statements of the incidents and the drills (监控事件、应急演练)."""

from __future__ import annotations

import uuid
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from catalog.kernel.db import METADATA, Tx, select_all
from market.incidents.model import Drill, Incident

INCIDENTS: Final = sa.Table(
    "incidents",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("operator_party_id", sa.Uuid, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("law_field", sa.Text, nullable=False),
    sa.Column("harmed_interest", sa.Text),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("subjects", JSONB, nullable=False),
    sa.Column("evidence", JSONB, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("detected_by", sa.Uuid),
    sa.Column("detected_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("measures", JSONB, nullable=False),
    sa.Column("report", sa.LargeBinary),
    sa.Column("report_sha256", sa.Text),
    sa.Column("report_key_id", sa.Text),
    sa.Column("report_signature", sa.LargeBinary),
    sa.Column("reported_to_party_id", sa.Uuid),
    sa.Column("reported_at", sa.DateTime(timezone=True)),
    sa.Column("receipt_number", sa.Text),
    sa.Column("receipt_at", sa.DateTime(timezone=True)),
    sa.Column("affected_party_ids", JSONB, nullable=False),
    sa.Column("affected_remark", sa.Text),
    sa.Column("affected_notified_at", sa.DateTime(timezone=True)),
    sa.Column("root_cause", sa.Text),
    sa.Column("conclusion", sa.Text),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
    schema="market",
)
DRILLS: Final = sa.Table(
    "drills",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("operator_party_id", sa.Uuid, nullable=False),
    sa.Column("held_on", sa.Date, nullable=False),
    sa.Column("scenario", sa.Text, nullable=False),
    sa.Column("findings", sa.Text, nullable=False),
    sa.Column("improvements", sa.Text, nullable=False),
    sa.Column("recorded_by", sa.Uuid),
    sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    schema="market",
)
_JSON: Final = frozenset({"subjects", "evidence", "measures", "affected_party_ids"})
_CHANGING: Final = (
    "law_field",
    "harmed_interest",
    "state",
    "measures",
    "report",
    "report_sha256",
    "report_key_id",
    "report_signature",
    "reported_to_party_id",
    "reported_at",
    "receipt_number",
    "receipt_at",
    "affected_party_ids",
    "affected_remark",
    "affected_notified_at",
    "root_cause",
    "conclusion",
    "ended_at",
)
_SELECT: Final = select_all(INCIDENTS)
_SELECT_DRILLS: Final = select_all(DRILLS)


async def insert(tx: Tx, incident: Incident) -> None:
    """Insert an incident."""
    await tx.insert(INCIDENTS, **_values(incident))


async def lock_key(tx: Tx, key: str) -> None:
    """Let nobody else find the same incident until the transaction ends."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('incident:' || $1, 0))", key)


async def is_known(tx: Tx, key: str) -> bool:
    """Tell whether what found it has said so before."""
    return bool(await tx.fetch_value("SELECT 1 FROM market.incidents WHERE key = $1", key))


async def update(tx: Tx, incident: Incident) -> None:
    """Write back what may change of an incident, which the caller holds locked."""
    values = _values(incident)
    sets = ", ".join(f"{name} = ${i + 2}" for i, name in enumerate(_CHANGING))
    touched = await tx.execute(
        f"UPDATE market.incidents SET {sets} WHERE id = $1",  # noqa: S608 - our own columns
        incident.id,
        *(values[name] for name in _CHANGING),
    )
    assert touched == 1, "a locked incident can not vanish"


async def lock(tx: Tx, incident_id: uuid.UUID) -> Incident | None:
    """Lock and return an incident that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1 FOR UPDATE", incident_id)
    return None if row is None else msgspec.convert(dict(row), Incident)


async def find(tx: Tx, incident_id: uuid.UUID) -> Incident | None:
    """Return an incident that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1", incident_id)
    return None if row is None else msgspec.convert(dict(row), Incident)


async def list_page(
    tx: Tx, *, state: str | None, before: uuid.UUID | None, limit: int
) -> list[Incident]:
    """Return incidents that the actor may see, the newest first, from behind ``before``."""
    rows = await tx.fetch(
        f"""{_SELECT}
         WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3""",
        state,
        before,
        limit,
    )
    return [msgspec.convert(dict(row), Incident) for row in rows]


async def insert_drill(tx: Tx, drill: Drill) -> None:
    """Insert a drill."""
    await tx.insert(DRILLS, **msgspec.structs.asdict(drill))


async def list_drills(tx: Tx, *, before: uuid.UUID | None, limit: int) -> list[Drill]:
    """Return drills, the newest first, from behind ``before``."""
    rows = await tx.fetch(
        f"""{_SELECT_DRILLS}
         WHERE ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2""",
        before,
        limit,
    )
    return [msgspec.convert(dict(row), Drill) for row in rows]


def _values(incident: Incident) -> dict[str, Any]:
    values = msgspec.structs.asdict(incident)
    return {
        name: msgspec.to_builtins(value) if name in _JSON else getattr(value, "value", value)
        for name, value in values.items()
    }
