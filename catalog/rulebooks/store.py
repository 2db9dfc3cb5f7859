"""Table and statements of what was set of a rulebook (规则设置). Rows are only ever added."""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Tx
from catalog.kernel.ids import new_id
from catalog.rulebooks.settings import Setting

SETTINGS: Final = sa.Table(
    "rulebook_settings",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("rulebook", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("value", postgresql.JSONB, nullable=False),
    sa.Column("effective_from", sa.Date, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("set_by", sa.Text, nullable=False),
    sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
    schema="catalog",
)


async def insert(tx: Tx, setting: Setting) -> None:
    """Insert a setting. The value lies in an object, because it may be null."""
    await tx.insert(
        SETTINGS,
        **{
            **msgspec.structs.asdict(setting),
            "id": new_id(),
            "value": {"value": setting.value},
        },
    )


async def list_of(tx: Tx, rulebook: str, *, through: dt.date | None) -> list[Setting]:
    """Return what was set of a rulebook up to a day, in the order in which it takes its place."""
    rows = await tx.fetch(
        """
        SELECT rulebook, name, value, effective_from, reason, set_by, set_at
          FROM catalog.rulebook_settings
         WHERE rulebook = $1 AND ($2::date IS NULL OR effective_from <= $2)
         ORDER BY effective_from, set_at, id""",
        rulebook,
        through,
    )
    return [msgspec.convert({**dict(row), "value": row["value"]["value"]}, Setting) for row in rows]
