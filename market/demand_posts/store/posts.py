"""Tables and statements of the demand posts (供需对接) and their revisions."""

from __future__ import annotations

import uuid
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.ids import PartyId
from market.demand_posts.model import DemandPost, PostRevision

DEMAND_POSTS: Final = sa.Table(
    "demand_posts",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("buyer_party_id", sa.Uuid, nullable=False),
    sa.Column("asked", JSONB, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("submitted_at", sa.DateTime(timezone=True)),
    sa.Column("published_at", sa.DateTime(timezone=True)),
    sa.Column("rejection", sa.Text),
    sa.Column("reason", sa.Text),
    schema="market",
)

DEMAND_POST_REVISIONS: Final = sa.Table(
    "demand_post_revisions",
    METADATA,
    sa.Column("post_id", sa.Uuid, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("asked", JSONB, nullable=False),
    sa.Column("revised_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("revised_by", sa.Uuid, nullable=False),
    schema="market",
)

SELECT: Final = """
    SELECT id, state, buyer_party_id, asked, revision, version, created_at, updated_at,
           submitted_at, published_at, rejection, reason
      FROM market.demand_posts"""


async def insert(tx: Tx, post: DemandPost) -> None:
    """Add a post."""
    await tx.insert(DEMAND_POSTS, **_columns(post))


async def update(tx: Tx, post: DemandPost) -> None:
    """Write back a post that the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.demand_posts
           SET state = $2, asked = $3, revision = $4, version = $5, updated_at = $6,
               submitted_at = $7, published_at = $8, rejection = $9, reason = $10
         WHERE id = $1""",
        post.id,
        post.state.value,
        msgspec.to_builtins(post.asked),
        post.revision,
        post.version,
        post.updated_at,
        post.submitted_at,
        post.published_at,
        None if post.rejection is None else post.rejection.value,
        post.reason,
    )
    assert touched == 1, "a locked post can not vanish"


async def lock(tx: Tx, post_id: uuid.UUID) -> DemandPost | None:
    """Lock and return a post that the actor may see, or None."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1 FOR UPDATE", post_id)
    return None if row is None else post_of(row)


async def find(tx: Tx, post_id: uuid.UUID) -> DemandPost | None:
    """Return a post that the actor may see, or None."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1", post_id)
    return None if row is None else post_of(row)


async def list_page(
    tx: Tx, *, party: PartyId | None, state: str | None, before: uuid.UUID | None, limit: int
) -> list[DemandPost]:
    """Return posts, the newest first: of one party, or all that the actor may see."""
    rows = await tx.fetch(
        SELECT
        + """
         WHERE ($1::uuid IS NULL OR buyer_party_id = $1) AND ($2::text IS NULL OR state = $2)
           AND ($3::uuid IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4""",
        party,
        state,
        before,
        limit,
    )
    return [post_of(row) for row in rows]


async def add_revision(tx: Tx, post: DemandPost, *, by: uuid.UUID) -> None:
    """Keep what a post says now."""
    await tx.insert(
        DEMAND_POST_REVISIONS,
        post_id=post.id,
        revision=post.revision,
        asked=msgspec.to_builtins(post.asked),
        revised_at=post.updated_at,
        revised_by=by,
    )


async def list_revisions(tx: Tx, post_id: uuid.UUID) -> list[PostRevision]:
    """Return what a post ever said, the oldest first."""
    rows = await tx.fetch(
        """
        SELECT revision, asked, revised_at, revised_by FROM market.demand_post_revisions
         WHERE post_id = $1 ORDER BY revision LIMIT 1000""",
        post_id,
    )
    return [msgspec.convert(dict(row), PostRevision) for row in rows]


def post_of(row: Row) -> DemandPost:
    """Return the post in a row."""
    return msgspec.convert(dict(row), DemandPost)


def _columns(post: DemandPost) -> dict[str, Any]:
    return {
        **msgspec.structs.asdict(post),
        "state": post.state.value,
        "asked": msgspec.to_builtins(post.asked),
        "rejection": None if post.rejection is None else post.rejection.value,
    }
