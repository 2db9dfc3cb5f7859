"""Table and statements of the cut-offs."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx
from market.cut_offs.model import CutOff, Level

CUT_OFFS: Final = sa.Table(
    "cut_offs",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("level", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("ordered_by_party_id", sa.Uuid, nullable=False),
    sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("orders_reached", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("zone_id", sa.Uuid),
    sa.Column("told_at", sa.DateTime(timezone=True)),
    sa.Column("lifted_at", sa.DateTime(timezone=True)),
    sa.Column("lift_reason", sa.Text),
    schema="market",
)

SELECT: Final = """
    SELECT id, level, subject_id, state, reason, ordered_by_party_id, ordered_at, orders_reached,
           version, zone_id, told_at, lifted_at, lift_reason
      FROM market.cut_offs"""


async def insert(tx: Tx, cut_off: CutOff) -> bool:
    """Add a cut-off; tell False if another one of the same thing stands."""
    return bool(
        await tx.execute(
            """
            INSERT INTO market.cut_offs
                (id, level, subject_id, state, reason, ordered_by_party_id, ordered_at,
                 orders_reached, version, zone_id)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING""",
            cut_off.id,
            cut_off.level.value,
            cut_off.subject_id,
            cut_off.state.value,
            cut_off.reason,
            cut_off.ordered_by_party_id,
            cut_off.ordered_at,
            cut_off.orders_reached,
            cut_off.version,
            cut_off.zone_id,
        )
    )


async def is_standing(tx: Tx, level: Level, subject_id: uuid.UUID) -> bool:
    """Tell whether this very thing is cut off already."""
    found = await tx.fetch_value(
        """
        SELECT true FROM market.cut_offs
         WHERE level = $1 AND subject_id = $2 AND state = 'standing'""",
        level.value,
        subject_id,
    )
    return bool(found)


async def lock(tx: Tx, cut_off_id: uuid.UUID) -> CutOff | None:
    """Lock and return a cut-off, or None if there is none."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1 FOR UPDATE", cut_off_id)
    return None if row is None else cut_off_of(row)


async def update(tx: Tx, cut_off: CutOff) -> None:
    """Write back that a cut-off was lifted, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.cut_offs SET state = $2, lifted_at = $3, lift_reason = $4, version = $5
         WHERE id = $1""",
        cut_off.id,
        cut_off.state.value,
        cut_off.lifted_at,
        cut_off.lift_reason,
        cut_off.version,
    )
    assert touched == 1, "a locked cut-off can not vanish"


async def mark_told(tx: Tx, cut_off: CutOff) -> None:
    """Note that whom a cut-off reached was told of it; the caller holds it locked."""
    await tx.execute(
        "UPDATE market.cut_offs SET told_at = $2 WHERE id = $1", cut_off.id, cut_off.told_at
    )


def cut_off_of(row: Row) -> CutOff:
    """Return the cut-off in a row."""
    return msgspec.convert(dict(row), CutOff)
