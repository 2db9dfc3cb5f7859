"""Table and statements of the fee schedules (费率表)."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from settlement.fees.model import FeeSchedule

FEE_SCHEDULES: Final = sa.Table(
    "fee_schedules",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("document_number", sa.Text, nullable=False),
    sa.Column("effective_from", sa.Date, nullable=False),
    sa.Column("effective_to", sa.Date),
    sa.Column("fees", postgresql.JSONB, nullable=False),
    sa.Column("proposed_by", sa.Uuid, nullable=False),
    sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("decided_by", sa.Uuid),
    sa.Column("decided_at", sa.DateTime(timezone=True)),
    sa.Column("reason", sa.Text),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    schema="settlement",
)

SELECT: Final = """
    SELECT id, number, state, name, document_number, effective_from, effective_to, fees, proposed_by,
           proposed_at, decided_by, decided_at, reason, version, updated_at
      FROM settlement.fee_schedules"""


async def take_turns(tx: Tx) -> None:
    """Let who proposes or decides a schedule wait for each other."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('settlement.fee_schedules', 0))"
    )


async def next_number(tx: Tx) -> int:
    """Return the number of the next version; the caller has taken its turn."""
    number: int = await tx.fetch_value(
        "SELECT coalesce(max(number), 0) + 1 FROM settlement.fee_schedules"
    )
    return number


async def insert(tx: Tx, schedule: FeeSchedule) -> None:
    """Insert a schedule that was proposed."""
    values = msgspec.structs.asdict(schedule)
    await tx.insert(
        FEE_SCHEDULES,
        **(values | {"state": schedule.state.value, "fees": msgspec.to_builtins(schedule.fees)}),
    )


async def update(tx: Tx, schedule: FeeSchedule) -> None:
    """Write back what may change of ``schedule``, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE settlement.fee_schedules
           SET state = $2, effective_to = $3, decided_by = $4, decided_at = $5, reason = $6,
               version = $7, updated_at = $8
         WHERE id = $1""",
        schedule.id,
        schedule.state.value,
        schedule.effective_to,
        schedule.decided_by,
        schedule.decided_at,
        schedule.reason,
        schedule.version,
        schedule.updated_at,
    )
    assert touched == 1, "a locked schedule can not vanish"


async def lock(tx: Tx, schedule_id: uuid.UUID) -> FeeSchedule | None:
    """Lock and return the schedule, or None."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1 FOR UPDATE", schedule_id)
    return None if row is None else schedule_of(row)


async def list_decided(tx: Tx) -> list[FeeSchedule]:
    """Return every schedule that was decided, the first in force first."""
    rows = await tx.fetch(
        SELECT + " WHERE state IN ('decided', 'ended') ORDER BY effective_from LIMIT 1000"
    )
    return [schedule_of(row) for row in rows]


def schedule_of(row: Row) -> FeeSchedule:
    """Return the schedule in a row."""
    return msgspec.convert(dict(row), FeeSchedule)
