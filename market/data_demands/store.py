"""Tables and statements of the demands and their answers."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Tx
from market.data_demands.model import Answered, Demand, Reply

DATA_DEMANDS: Final = sa.Table(
    "data_demands",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("secret_sha256", sa.LargeBinary, nullable=False),
    sa.Column("party_id", sa.Uuid),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("contact", sa.Text, nullable=False),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("joined_to", sa.Uuid),
    sa.Column("answered_at", sa.DateTime(timezone=True)),
    schema="market",
)

DATA_DEMAND_ANSWERS: Final = sa.Table(
    "data_demand_answers",
    METADATA,
    sa.Column("demand_id", sa.Uuid, primary_key=True),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("department", sa.Text, nullable=False),
    sa.Column("plan_item_id", sa.Uuid),
    sa.Column("product_id", sa.Uuid),
    sa.Column("asked_times", sa.Integer, nullable=False),
    sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
    schema="market",
)

_DEMAND: Final = """
    SELECT id, state, party_id, title, text, contact, received_at, joined_to, answered_at
      FROM market.data_demands"""
_ANSWER: Final = """
    SELECT a.demand_id, a.outcome, a.title, a.text, a.department, a.answered_at, a.asked_times,
           p.year AS plan_year, i.title AS plan_item_title,
           coalesce(a.product_id, i.product_id) AS product_id
      FROM market.data_demand_answers a
      LEFT JOIN market.open_plan_items i ON i.id = a.plan_item_id
      LEFT JOIN market.open_plans p ON p.id = i.plan_id"""


async def insert(tx: Tx, demand: Demand, secret_sha256: bytes) -> None:
    """Add a demand."""
    await tx.insert(
        DATA_DEMANDS,
        id=demand.id,
        state=demand.state.value,
        secret_sha256=secret_sha256,
        party_id=demand.party_id,
        title=demand.title,
        text=demand.text,
        contact=demand.contact,
        received_at=demand.received_at,
    )


async def update(tx: Tx, demand: Demand) -> None:
    """Write back what became of a demand that the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.data_demands SET state = $2, joined_to = $3, answered_at = $4 WHERE id = $1""",
        demand.id,
        demand.state.value,
        demand.joined_to,
        demand.answered_at,
    )
    assert touched == 1, "a locked demand can not vanish"


async def lock(tx: Tx, demand_id: uuid.UUID) -> Demand | None:
    """Lock and return a demand that the actor may see, or None."""
    row = await tx.fetch_one(f"{_DEMAND} WHERE id = $1 FOR UPDATE", demand_id)
    return None if row is None else msgspec.convert(dict(row), Demand)


async def find_by_secret(tx: Tx, secret_sha256: bytes) -> Demand | None:
    """Return the demand of a secret, or None."""
    row = await tx.fetch_one(f"{_DEMAND} WHERE secret_sha256 = $1", secret_sha256)
    return None if row is None else msgspec.convert(dict(row), Demand)


async def count_unnamed(tx: Tx, *, since: dt.datetime) -> int:
    """Return how many came since then from people who did not sign in."""
    count: int = await tx.fetch_value(
        """
        SELECT count(*) FROM market.data_demands WHERE party_id IS NULL AND received_at >= $1""",
        since,
    )
    return count


async def list_demands(
    tx: Tx, *, state: str | None, before: uuid.UUID | None, limit: int
) -> list[Demand]:
    """Return demands that the actor may see, the newest first."""
    rows = await tx.fetch(
        f"""{_DEMAND}
         WHERE ($1::text IS NULL OR state = $1) AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3""",
        state,
        before,
        limit,
    )
    return [msgspec.convert(dict(row), Demand) for row in rows]


async def put_answer(tx: Tx, demand_id: uuid.UUID, reply: Reply, *, now: dt.datetime) -> None:
    """Publish what is answered, with how often it was asked for."""
    await tx.execute(
        """
        INSERT INTO market.data_demand_answers (
            demand_id, outcome, title, text, department, plan_item_id, product_id, answered_at,
            asked_times)
        SELECT $1, $2, $3, $4, $5, $6, $7, $8, 1 + count(*)
          FROM market.data_demands WHERE joined_to = $1""",
        demand_id,
        reply.outcome.value,
        reply.title,
        reply.text,
        reply.department,
        reply.plan_item_id,
        reply.product_id,
        now,
    )


async def count_joined(tx: Tx, demand_id: uuid.UUID) -> None:
    """Count one more that asked for what was answered already."""
    await tx.execute(
        """
        UPDATE market.data_demand_answers SET asked_times = asked_times + 1
         WHERE demand_id = $1""",
        demand_id,
    )


async def find_answer(tx: Tx, demand_id: uuid.UUID) -> Answered | None:
    """Return what was answered to a demand, or None."""
    row = await tx.fetch_one(f"{_ANSWER} WHERE a.demand_id = $1", demand_id)
    return None if row is None else msgspec.convert(dict(row), Answered)


async def list_answers(tx: Tx, *, before: uuid.UUID | None, limit: int) -> list[Answered]:
    """Return what was answered, the newest demand first."""
    rows = await tx.fetch(
        f"""{_ANSWER}
         WHERE $1::uuid IS NULL OR a.demand_id < $1 ORDER BY a.demand_id DESC LIMIT $2""",
        before,
        limit,
    )
    return [msgspec.convert(dict(row), Answered) for row in rows]


async def is_promised(tx: Tx, plan_item_id: uuid.UUID) -> bool:
    """Tell whether a published plan has such a promise."""
    found: bool = await tx.fetch_value(
        """
        SELECT EXISTS (SELECT FROM market.open_plan_items i JOIN market.open_plans p ON p.id = i.plan_id
                        WHERE i.id = $1 AND p.published_at IS NOT NULL)""",
        plan_item_id,
    )
    return found
