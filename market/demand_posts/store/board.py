"""Table and statements of the board: what others see of a demand (需求大厅)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from catalog.code_trees.lineage import canonical, lineage
from catalog.code_trees.model import Tree
from catalog.kernel.db import METADATA, Tx
from market.demand_posts.model import DemandPosting
from market.demand_posts.states import OPEN, SHOWN

_TEXTS: Final = sa.ARRAY(sa.Text)

DEMAND_BOARD: Final = sa.Table(
    "demand_board",
    METADATA,
    sa.Column("post_id", sa.Uuid, primary_key=True),
    sa.Column("visibility", sa.Text, nullable=False),
    sa.Column("is_shown", sa.Boolean, nullable=False),
    sa.Column("is_open", sa.Boolean, nullable=False),
    sa.Column("use_category", sa.Text, nullable=False),
    sa.Column("forms", _TEXTS, nullable=False),
    sa.Column("delivery_modes", _TEXTS, nullable=False),
    sa.Column("industry_codes", _TEXTS, nullable=False),
    sa.Column("region_codes", _TEXTS, nullable=False),
    sa.Column("posting", JSONB, nullable=False),
    schema="market",
)


async def show(tx: Tx, posting: DemandPosting) -> None:
    """Put the public side of a post on the board, or what became of it."""
    await tx.execute(
        """
        INSERT INTO market.demand_board (post_id, visibility, is_shown, is_open, use_category, forms,
                                         delivery_modes, industry_codes, region_codes, posting)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (post_id) DO UPDATE
           SET visibility = excluded.visibility, is_shown = excluded.is_shown,
               is_open = excluded.is_open, use_category = excluded.use_category,
               forms = excluded.forms, delivery_modes = excluded.delivery_modes,
               industry_codes = excluded.industry_codes, region_codes = excluded.region_codes,
               posting = excluded.posting""",
        posting.id,
        posting.visibility.value,
        posting.state in SHOWN,
        posting.state in OPEN,
        posting.use_category.value,
        [form.value for form in posting.forms],
        [mode.value for mode in posting.delivery_modes],
        _line(Tree.INDUSTRY, posting.industry),
        _line(Tree.REGION, posting.region_code),
        msgspec.to_builtins(posting),
    )


async def find_posting(tx: Tx, post_id: uuid.UUID) -> DemandPosting | None:
    """Return the public side of a post that the actor may see, or None."""
    row = await tx.fetch_one(
        "SELECT posting FROM market.demand_board b WHERE b.post_id = $1 AND b.is_shown", post_id
    )
    return None if row is None else msgspec.convert(row["posting"], DemandPosting)


async def find_postings(tx: Tx, post_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, DemandPosting]:
    """Return the public sides of posts that the actor may see."""
    rows = await tx.fetch(
        """
        SELECT b.post_id, b.posting FROM market.demand_board b
         WHERE b.post_id = ANY($1::uuid[]) AND b.is_shown""",
        list(post_ids),
    )
    return {row["post_id"]: msgspec.convert(row["posting"], DemandPosting) for row in rows}


async def list_board(
    tx: Tx, *, narrowed: Mapping[str, str | None], before: uuid.UUID | None, limit: int
) -> list[DemandPosting]:
    """Return what is asked for now and seen by the actor, the newest first."""
    asked = narrowed["region_code"]
    rows = await tx.fetch(
        """
        SELECT b.posting FROM market.demand_board b
         WHERE b.is_shown AND b.is_open
           AND ($1::text IS NULL OR b.forms = '{}' OR b.forms @> ARRAY[$1])
           AND ($2::text IS NULL OR b.industry_codes @> ARRAY[$2])
           AND ($3::text IS NULL OR b.region_codes @> ARRAY[$3])
           AND ($4::text IS NULL OR b.delivery_modes @> ARRAY[$4])
           AND ($5::text IS NULL OR b.use_category = $5)
           AND ($6::uuid IS NULL OR b.post_id < $6)
         ORDER BY b.post_id DESC LIMIT $7""",
        narrowed["form"],
        narrowed["industry"],
        asked and canonical(Tree.REGION, asked),
        narrowed["delivery_mode"],
        narrowed["use_category"],
        before,
        limit,
    )
    return [msgspec.convert(row["posting"], DemandPosting) for row in rows]


def _line(tree: Tree, code: str | None) -> list[str]:
    return [] if code is None else list(lineage(tree, code))
