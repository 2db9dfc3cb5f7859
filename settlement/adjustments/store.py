"""The table of adjustments (调账)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from catalog.kernel.db import METADATA, Row, Tx, select_all
from settlement.adjustments.model import Adjustment, Proposed
from settlement.adjustments.states import State
from settlement.ledger.accounts import Account

_INSTANT: Final = sa.DateTime(timezone=True)

ADJUSTMENTS: Final = sa.Table(
    "adjustments",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.BigInteger, sa.Identity(always=True), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("book", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("value_on", sa.Date, nullable=False),
    sa.Column("adjusts", sa.Date),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
    sa.Column("evidence_file_id", sa.Uuid),
    sa.Column("evidence_sha256", sa.Text),
    sa.Column("proposed_at", _INSTANT, nullable=False),
    sa.Column("proposed_by", sa.Uuid),
    sa.Column("proposed_by_name", sa.Text, nullable=False),
    sa.Column("decided_at", _INSTANT),
    sa.Column("decided_by", sa.Uuid),
    sa.Column("decided_by_name", sa.Text),
    sa.Column("decision_reason", sa.Text),
    sa.Column("entry_key", sa.Uuid),
    schema="settlement",
)
SELECT: Final = select_all(ADJUSTMENTS)
_WANTED: Final = tuple(Proposed.__struct_fields__)


async def insert(tx: Tx, proposed: Adjustment) -> Adjustment:
    """Insert a proposal; return it with the number that it got."""
    wanted = {name: getattr(proposed.wanted, name) for name in _WANTED}
    await tx.insert(
        ADJUSTMENTS,
        id=proposed.id,
        state=proposed.state.value,
        **wanted,
        proposed_at=proposed.proposed_at,
        proposed_by=proposed.proposed_by,
        proposed_by_name=proposed.proposed_by_name,
    )
    kept = await lock(tx, proposed.id)
    assert kept is not None, "it was inserted"
    return kept


async def lock(tx: Tx, adjustment_id: uuid.UUID) -> Adjustment | None:
    """Return an adjustment, locked until the transaction ends, or None."""
    row = await tx.fetch_one(f"{SELECT} WHERE id = $1 FOR UPDATE", adjustment_id)
    return None if row is None else adjustment_of(row)


async def update(tx: Tx, after: Adjustment) -> None:
    """Write back how an adjustment was decided that the caller holds locked."""
    await tx.execute(
        """UPDATE settlement.adjustments
              SET state = $2, decided_at = $3, decided_by = $4, decided_by_name = $5,
                  decision_reason = $6, entry_key = $7
            WHERE id = $1""",
        after.id,
        after.state.value,
        after.decided_at,
        after.decided_by,
        after.decided_by_name,
        after.decision_reason,
        after.entry_key,
    )


async def find_unknown(tx: Tx, accounts: Sequence[Account], *, book: str) -> list[str]:
    """Return the codes of those accounts that nothing was ever booked on in a book."""
    rows = await tx.fetch(
        """SELECT code FROM unnest($1::text[]) AS code
            WHERE NOT EXISTS (SELECT FROM settlement.accounts a
                               WHERE a.book = $2 AND a.code = code.code)
            ORDER BY code""",
        [each.code for each in accounts],
        book,
    )
    return [row["code"] for row in rows]


def adjustment_of(row: Row) -> Adjustment:
    """Return the adjustment in a row."""
    told = dict(row)
    wanted = Proposed(**{name: told.pop(name) for name in _WANTED})
    state = State(told.pop("state"))
    return Adjustment(wanted=wanted, state=state, **told)
