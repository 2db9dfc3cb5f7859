"""Tables and statements of the ties and of what related parties deal in (关联关系、关联交易提示)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from catalog.kernel.db import METADATA, Row, Tx, select_all
from catalog.kernel.ids import PartyId
from market.affiliations.model import Dealing, Matter, Source, Tie

_INSTANT: Final = sa.DateTime(timezone=True)
TIES: Final = sa.Table(
    "affiliation_ties",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("holder_name", sa.Text, nullable=False),
    sa.Column("held", sa.Text, nullable=False),
    sa.Column("held_name", sa.Text, nullable=False),
    sa.Column("share_bps", sa.Integer),
    sa.Column("is_state_investor", sa.Boolean, nullable=False),
    sa.Column("valid_from", sa.Date, nullable=False),
    sa.Column("valid_until", sa.Date),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("stated_by_party_id", sa.Uuid, nullable=False),
    sa.Column("basis", sa.Text, nullable=False),
    sa.Column("stated_at", _INSTANT, nullable=False),
    sa.Column("ended_at", _INSTANT),
    sa.Column("end_reason", sa.Text),
    schema="market",
)
DEALINGS: Final = sa.Table(
    "related_dealings",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("matter", sa.Text, nullable=False),
    sa.Column("matter_id", sa.Uuid, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("buyer_party_id", sa.Uuid, nullable=False),
    sa.Column("relation", sa.Text, nullable=False),
    sa.Column("path", JSONB, nullable=False),
    sa.Column("in_words", sa.Text, nullable=False),
    sa.Column("is_held", sa.Boolean, nullable=False),
    sa.Column("found_at", _INSTANT, nullable=False),
    sa.Column("decided_at", _INSTANT),
    sa.Column("decided_by", sa.Uuid),
    sa.Column("reason", sa.Text),
    schema="market",
)
_SELECT_TIE: Final = select_all(TIES)
_SELECT_DEALING: Final = select_all(DEALINGS)


# ── ties ────────────────────────────────────────────────────────────────────────────────────


async def insert_ties(tx: Tx, ties: Sequence[Tie]) -> None:
    """Add ties."""
    rows: list[dict[str, Any]] = [
        {**msgspec.structs.asdict(tie), "kind": tie.kind.value, "source": tie.source.value}
        for tie in ties
    ]
    await tx.insert_many(TIES, rows)


async def end_tie(tx: Tx, tie: Tie) -> None:
    """Write until when a tie stands that the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.affiliation_ties SET valid_until = $2, ended_at = $3, end_reason = $4
         WHERE id = $1""",
        tie.id,
        tie.valid_until,
        tie.ended_at,
        tie.end_reason,
    )
    assert touched == 1, "a locked tie can not vanish"


async def lock_tie(tx: Tx, tie_id: uuid.UUID) -> Tie | None:
    """Lock and return a tie that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT_TIE} WHERE id = $1 FOR UPDATE", tie_id)
    return None if row is None else _tie(row)


async def list_stated_by(tx: Tx, party: PartyId) -> list[Tie]:
    """Return the ties that a party stated itself and the actor may see, in the order of their ids."""
    rows = await tx.fetch(
        f"{_SELECT_TIE} WHERE stated_by_party_id = $1 AND source = 'declared'"
        " ORDER BY id LIMIT 1000",
        party,
    )
    return [_tie(row) for row in rows]


async def list_of_register(tx: Tx, held: str) -> list[Tie]:
    """Return, locked, what a register of companies said of an organisation and still stands."""
    rows = await tx.fetch(
        f"{_SELECT_TIE} WHERE held = $1 AND source = $2 AND ended_at IS NULL"
        " ORDER BY id LIMIT 1000 FOR UPDATE",
        held,
        Source.REGISTER.value,
    )
    return [_tie(row) for row in rows]


async def list_ties(
    tx: Tx, *, node: str | None, stated_by: PartyId | None, before: uuid.UUID | None, limit: int
) -> list[Tie]:
    """Return ties, the newest first: of one node, stated by one party, or all that the actor may see."""
    rows = await tx.fetch(
        f"""{_SELECT_TIE}
         WHERE ($1::text IS NULL OR $1 IN (holder, held))
           AND ($2::uuid IS NULL OR stated_by_party_id = $2)
           AND ($3::uuid IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4""",
        node,
        stated_by,
        before,
        limit,
    )
    return [_tie(row) for row in rows]


async def node_of(tx: Tx, party: PartyId) -> str:
    """Return the node of a party."""
    found: str = await tx.fetch_value("SELECT market.affiliation_node($1)", party)
    return found


async def read_above(
    tx: Tx, parties: Sequence[PartyId], *, on: dt.date
) -> tuple[list[str], list[Tie]]:
    """Return the nodes of parties, and all ties of a day that stand above any of them.

    Whoever states a tie does not show it to the other side; a rule looks at all of them.
    """
    row = await tx.fetch_one(
        """
        SELECT (SELECT array_agg(market.affiliation_node(p.id) ORDER BY p.place)
                  FROM unnest($1::uuid[]) WITH ORDINALITY AS p (id, place)) AS nodes,
               (SELECT jsonb_agg(to_jsonb(t)) FROM market.ties_above($1, $2) t) AS ties""",
        list(parties),
        on,
    )
    assert row is not None, "a SELECT without FROM has one row"
    return list(row["nodes"]), [msgspec.convert(each, Tie) for each in row["ties"] or ()]


def _tie(row: Row) -> Tie:
    return msgspec.convert(dict(row), Tie)


# ── what related parties deal in ────────────────────────────────────────────────────────────


async def insert_dealing(tx: Tx, dealing: Dealing) -> None:
    """Add what two related parties deal in."""
    values = {
        **msgspec.structs.asdict(dealing),
        "state": dealing.state.value,
        "matter": dealing.matter.value,
        "relation": dealing.relation.value,
        "path": msgspec.to_builtins(dealing.path),
    }
    await tx.insert(DEALINGS, **values)


async def decide(tx: Tx, dealing: Dealing) -> None:
    """Write what was decided on a dealing that the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.related_dealings
           SET state = $2, decided_at = $3, decided_by = $4, reason = $5
         WHERE id = $1""",
        dealing.id,
        dealing.state.value,
        dealing.decided_at,
        dealing.decided_by,
        dealing.reason,
    )
    assert touched == 1, "a locked dealing can not vanish"


async def lock_dealing(tx: Tx, dealing_id: uuid.UUID) -> Dealing | None:
    """Lock and return a dealing that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT_DEALING} WHERE id = $1 FOR UPDATE", dealing_id)
    return None if row is None else _dealing(row)


async def find_dealing(tx: Tx, matter: Matter, matter_id: uuid.UUID) -> Dealing | None:
    """Return what was found of a matter, or None."""
    row = await tx.fetch_one(
        f"{_SELECT_DEALING} WHERE matter = $1 AND matter_id = $2", matter.value, matter_id
    )
    return None if row is None else _dealing(row)


async def list_dealings(
    tx: Tx, *, state: str | None, before: uuid.UUID | None, limit: int
) -> list[Dealing]:
    """Return what the actor may see, the newest first."""
    rows = await tx.fetch(
        f"""{_SELECT_DEALING}
         WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3""",
        state,
        before,
        limit,
    )
    return [_dealing(row) for row in rows]


def _dealing(row: Row) -> Dealing:
    return msgspec.convert(dict(row), Dealing)
