"""Tables and statements of chains and approvals (审批链、审批)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx, select_all
from catalog.kernel.ids import PartyId
from market.approvals.model import About, Approval, Chain, Wanted
from market.approvals.states import LIVE

_INSTANT: Final = sa.DateTime(timezone=True)

APPROVAL_CHAINS: Final = sa.Table(
    "approval_chains",
    METADATA,
    sa.Column("party_id", sa.Uuid, primary_key=True),
    sa.Column("steps", postgresql.JSONB, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("updated_at", _INSTANT, nullable=False),
    sa.Column("updated_by", sa.Uuid, nullable=False),
    schema="market",
)

APPROVALS: Final = sa.Table(
    "approvals",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("party_id", sa.Uuid, nullable=False),
    sa.Column("requested_by", sa.Uuid, nullable=False),
    sa.Column("about", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Uuid, nullable=False),
    sa.Column("terms_sha256", sa.Text, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("product_name", sa.Text, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("steps", postgresql.JSONB, nullable=False),
    sa.Column("due_at", _INSTANT),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("updated_at", _INSTANT, nullable=False),
    schema="market",
)

_CHAIN: Final = select_all(APPROVAL_CHAINS)
SELECT: Final = select_all(APPROVALS)
_LIVE: Final = (
    SELECT
    + """
     WHERE party_id = $1 AND about = $2 AND subject_id = $3 AND terms_sha256 = $4
       AND state = ANY($5::text[])"""
)


async def find_chain(tx: Tx, party_id: PartyId) -> Chain | None:
    """Return the chain of a party, or None if it never laid one down."""
    row = await tx.fetch_one(_CHAIN + " WHERE party_id = $1", party_id)
    return None if row is None else msgspec.convert(dict(row), Chain)


async def put_chain(tx: Tx, chain: Chain) -> None:
    """Store a party's chain in the place of the one that was."""
    await tx.execute(
        """
        INSERT INTO market.approval_chains (party_id, steps, version, updated_at, updated_by)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (party_id) DO UPDATE
           SET steps = $2, version = approval_chains.version + 1, updated_at = $4, updated_by = $5""",
        chain.party_id,
        msgspec.to_builtins(chain.steps),
        chain.version,
        chain.updated_at,
        chain.updated_by,
    )


async def insert(tx: Tx, approval: Approval) -> None:
    """Insert an approval that was asked for."""
    wanted = approval.wanted
    await tx.insert(
        APPROVALS,
        id=approval.id,
        party_id=approval.party_id,
        requested_by=approval.requested_by,
        about=wanted.about.value,
        subject_id=wanted.subject_id,
        terms_sha256=wanted.terms_sha256,
        product_id=wanted.product_id,
        product_name=wanted.product_name,
        amount_fen=wanted.amount_fen,
        state=approval.state.value,
        steps=msgspec.to_builtins(approval.steps),
        due_at=approval.due_at,
        version=approval.version,
        created_at=approval.created_at,
        updated_at=approval.updated_at,
    )


async def update(tx: Tx, approval: Approval) -> None:
    """Write back what may change of an approval that the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.approvals
           SET state = $2, steps = $3, due_at = $4, version = $5, updated_at = $6 WHERE id = $1""",
        approval.id,
        approval.state.value,
        msgspec.to_builtins(approval.steps),
        approval.due_at,
        approval.version,
        approval.updated_at,
    )
    assert touched == 1, "a locked approval can not vanish"


async def find(tx: Tx, approval_id: uuid.UUID) -> Approval | None:
    """Return an approval that the actor may see, or None."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1", approval_id)
    return None if row is None else approval_of(row)


async def lock(tx: Tx, approval_id: uuid.UUID) -> Approval | None:
    """Lock and return an approval that the actor may see, or None."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1 FOR UPDATE", approval_id)
    return None if row is None else approval_of(row)


async def lock_live(
    tx: Tx, party_id: PartyId, *, about: About, subject_id: uuid.UUID, terms_sha256: str
) -> Approval | None:
    """Lock and return the approval of these terms that waits, counts or was used, or None."""
    return await _live(tx, _LIVE + " FOR UPDATE", party_id, about, subject_id, terms_sha256)


async def find_live(
    tx: Tx, party_id: PartyId, *, about: About, subject_id: uuid.UUID, terms_sha256: str
) -> Approval | None:
    """Return the approval of these terms that waits, counts or was used, or None."""
    return await _live(tx, _LIVE, party_id, about, subject_id, terms_sha256)


async def _live(  # noqa: PLR0917 - the columns of the index
    tx: Tx, statement: str, party_id: PartyId, about: About, subject_id: uuid.UUID, digest: str
) -> Approval | None:
    row = await tx.fetch_one(
        statement,
        party_id,
        about.value,
        subject_id,
        digest,
        [state.value for state in LIVE],
    )
    return None if row is None else approval_of(row)


async def list_due(tx: Tx, *, now: dt.datetime, limit: int) -> Sequence[uuid.UUID]:
    """Return the approvals whose open step is over, the longest first."""
    rows = await tx.fetch(
        "SELECT id FROM market.approvals WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2",
        now,
        limit,
    )
    return [row["id"] for row in rows]


def approval_of(row: Row) -> Approval:
    """Return the approval in a row."""
    told = dict(row)
    wanted = {name: told.pop(name) for name in Wanted.__struct_fields__}
    return msgspec.convert({**told, "wanted": wanted}, Approval)
