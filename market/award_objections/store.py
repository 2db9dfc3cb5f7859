"""Table and statements of the objections to results of auctions (成交异议)."""

from __future__ import annotations

import uuid
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx
from market.award_objections.model import AwardObjection

_INSTANT: Final = sa.DateTime(timezone=True)

AWARD_OBJECTIONS: Final = sa.Table(
    "award_objections",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("auction_id", sa.Uuid, nullable=False),
    sa.Column("party_id", sa.Uuid, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("paddle", sa.Integer, nullable=False),
    sa.Column("result", sa.Integer, nullable=False),
    sa.Column("against_paddle", sa.Integer),
    sa.Column("reasons", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("filed_at", _INSTANT, nullable=False),
    sa.Column("filed_by", sa.Uuid, nullable=False),
    sa.Column("decide_until", _INSTANT, nullable=False),
    sa.Column("decision", sa.Text),
    sa.Column("decided_at", _INSTANT),
    sa.Column("decided_by", sa.Uuid),
    schema="market",
)

SELECT: Final = """
    SELECT id, auction_id, party_id, supplier_party_id, paddle, result, against_paddle, reasons,
           state, filed_at, filed_by, decide_until, decision, decided_at, decided_by
      FROM market.award_objections"""


async def insert(tx: Tx, objection: AwardObjection) -> None:
    """Insert an objection."""
    await tx.insert(
        AWARD_OBJECTIONS,
        **msgspec.structs.asdict(objection) | {"state": objection.state.value},
    )


async def update(tx: Tx, objection: AwardObjection) -> None:
    """Write back what became of an objection, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.award_objections
           SET state = $2, decision = $3, decided_at = $4, decided_by = $5
         WHERE id = $1""",
        objection.id,
        objection.state.value,
        objection.decision,
        objection.decided_at,
        objection.decided_by,
    )
    assert touched == 1, "a locked objection can not vanish"


async def find(tx: Tx, objection_id: uuid.UUID) -> AwardObjection | None:
    """Return an objection that the actor may see, or None."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1", objection_id)
    return None if row is None else _objection_of(row)


async def lock(tx: Tx, objection_id: uuid.UUID) -> AwardObjection | None:
    """Lock and return an objection that the actor may see, or None."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1 FOR UPDATE", objection_id)
    return None if row is None else _objection_of(row)


async def list_of(tx: Tx, auction_id: uuid.UUID) -> list[AwardObjection]:
    """Return the objections to the results of an auction that the actor may see, the oldest first."""
    rows = await tx.fetch(SELECT + " WHERE auction_id = $1 ORDER BY id LIMIT 10000", auction_id)
    return [_objection_of(row) for row in rows]


async def list_waiting(tx: Tx, *, limit: int) -> list[AwardObjection]:
    """Return the objections that wait for a decision, those first that wait longest."""
    rows = await tx.fetch(SELECT + " WHERE state = 'filed' ORDER BY filed_at, id LIMIT $1", limit)
    return [_objection_of(row) for row in rows]


def _objection_of(row: Row) -> AwardObjection:
    return msgspec.convert(dict(row), AwardObjection)
