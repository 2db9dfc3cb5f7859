"""Tables and statements of the yearly plans."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Tx
from market.open_plans.model import Item, Plan

OPEN_PLANS: Final = sa.Table(
    "open_plans",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("year", sa.Integer, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("due_on", sa.Date, nullable=False),
    sa.Column("published_at", sa.DateTime(timezone=True)),
    schema="market",
)

OPEN_PLAN_ITEMS: Final = sa.Table(
    "open_plan_items",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("plan_id", sa.Uuid, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("department", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("field", sa.Text, nullable=False),
    sa.Column("due_year", sa.Integer, nullable=False),
    sa.Column("due_quarter", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("product_id", sa.Uuid),
    sa.Column("opened_at", sa.DateTime(timezone=True)),
    sa.Column("reason", sa.Text),
    sa.Column("overdue_told_for", sa.Date),
    schema="market",
)

_PLAN: Final = """
    SELECT id, year, title, text, version, updated_at, due_on, published_at
      FROM market.open_plans"""
_ITEM: Final = """
    SELECT id, plan_id, number, department, title, field, due_year, due_quarter, state, product_id,
           opened_at, reason, overdue_told_for
      FROM market.open_plan_items"""


async def insert(tx: Tx, plan: Plan) -> bool:
    """Add the plan of a year; False if there is one."""
    touched = await tx.execute(
        """
        INSERT INTO market.open_plans (id, year, title, text, version, updated_at, due_on)
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (year) DO NOTHING""",
        plan.id,
        plan.year,
        plan.title,
        plan.text,
        plan.version,
        plan.updated_at,
        plan.due_on,
    )
    return touched == 1


async def update(tx: Tx, plan: Plan) -> None:
    """Write back what may change of a plan that the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.open_plans
           SET title = $2, text = $3, version = $4, updated_at = $5, published_at = $6
         WHERE id = $1""",
        plan.id,
        plan.title,
        plan.text,
        plan.version,
        plan.updated_at,
        plan.published_at,
    )
    assert touched == 1, "a locked plan can not vanish"


async def lock(tx: Tx, year: int) -> Plan | None:
    """Lock and return the plan of a year that the actor may see, or None."""
    row = await tx.fetch_one(f"{_PLAN} WHERE year = $1 FOR UPDATE", year)
    return None if row is None else msgspec.convert(dict(row), Plan)


async def find(tx: Tx, year: int) -> Plan | None:
    """Return the plan of a year that the actor may see, or None."""
    row = await tx.fetch_one(f"{_PLAN} WHERE year = $1", year)
    return None if row is None else msgspec.convert(dict(row), Plan)


async def list_plans(tx: Tx) -> list[Plan]:
    """Return the plans that the actor may see, the newest year first."""
    rows = await tx.fetch(f"{_PLAN} ORDER BY year DESC LIMIT 100")
    return [msgspec.convert(dict(row), Plan) for row in rows]


async def put_items(tx: Tx, plan_id: uuid.UUID, items: Sequence[Item]) -> None:
    """Write what a draft promises, in place of what it promised."""
    await tx.execute("DELETE FROM market.open_plan_items WHERE plan_id = $1", plan_id)
    await tx.insert_many(OPEN_PLAN_ITEMS, [_row(item) for item in items])


async def insert_item(tx: Tx, item: Item) -> None:
    """Add one more promise to a plan."""
    await tx.insert(OPEN_PLAN_ITEMS, **_row(item))


async def update_item(tx: Tx, item: Item) -> None:
    """Write back what became of a promise that the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.open_plan_items
           SET due_year = $2, due_quarter = $3, state = $4, product_id = $5, opened_at = $6,
               reason = $7, overdue_told_for = $8
         WHERE id = $1""",
        item.id,
        item.due_year,
        item.due_quarter,
        item.state.value,
        item.product_id,
        item.opened_at,
        item.reason,
        item.overdue_told_for,
    )
    assert touched == 1, "a locked promise can not vanish"


async def list_items(tx: Tx, plan_id: uuid.UUID) -> list[Item]:
    """Return what a plan promises, in the order in which it was written."""
    rows = await tx.fetch(f"{_ITEM} WHERE plan_id = $1 ORDER BY number LIMIT 2000", plan_id)
    return [msgspec.convert(dict(row), Item) for row in rows]


async def lock_item(tx: Tx, item_id: uuid.UUID) -> Item | None:
    """Lock and return a promise of a published plan, or None."""
    row = await tx.fetch_one(
        f"""{_ITEM} i WHERE id = $1
           AND EXISTS (SELECT FROM market.open_plans p
                        WHERE p.id = i.plan_id AND p.published_at IS NOT NULL)
           FOR UPDATE""",
        item_id,
    )
    return None if row is None else msgspec.convert(dict(row), Item)


async def lock_overdue(tx: Tx, *, today: dt.date, limit: int) -> list[Item]:
    """Lock and return promises that are late and not told as late for their last day yet."""
    rows = await tx.fetch(
        f"""{_ITEM} i
         WHERE state <> 'opened'
           AND make_date(due_year, due_quarter * 3, 1) + interval '1 month' <= $1::date
           AND overdue_told_for IS DISTINCT FROM
               (make_date(due_year, due_quarter * 3, 1) + interval '1 month - 1 day')::date
           AND EXISTS (SELECT FROM market.open_plans p
                        WHERE p.id = i.plan_id AND p.published_at IS NOT NULL)
         ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED""",
        today,
        limit,
    )
    return [msgspec.convert(dict(row), Item) for row in rows]


def _row(item: Item) -> dict[str, object]:
    values = msgspec.structs.asdict(item)
    del values["is_overdue"]
    return values | {"field": item.field.value, "state": item.state.value}
