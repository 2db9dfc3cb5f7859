"""Table and statements of what is known of contents, once for each digest."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from catalog.kernel.db import METADATA, Row, Tx
from catalog.products.model import Content
from catalog.profiles.model import PROFILER, ContentProfile, Outcome, Profile, RefusedBytes
from catalog.profiles.naming import as_named

CONTENT_PROFILES: Final = sa.Table(
    "content_profiles",
    METADATA,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("profiler", sa.Integer, primary_key=True),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("profile", JSONB),
    sa.Column("refusal", JSONB),
    sa.Column("profiled_at", sa.DateTime(timezone=True), nullable=False),
    schema="catalog",
)


async def insert(tx: Tx, stored: ContentProfile) -> bool:
    """Add what was found in a content; False if somebody did before."""
    touched = await tx.execute(
        """
        INSERT INTO catalog.content_profiles (
            sha256, profiler, outcome, profile, refusal, profiled_at)
        VALUES ($1, $2, $3, $4::text::jsonb, $5::text::jsonb, $6)
        ON CONFLICT DO NOTHING""",
        stored.sha256,
        stored.profiler,
        stored.outcome.value,
        None if stored.profile is None else msgspec.json.encode(stored.profile).decode(),
        None if stored.refusal is None else msgspec.json.encode(stored.refusal).decode(),
        stored.profiled_at,
    )
    return touched == 1


async def find(tx: Tx, content: Content) -> ContentProfile | None:
    """Return what the newest profiler found in a content, under the name it has, or None."""
    row = await tx.fetch_one(
        """
        SELECT sha256, profiler, outcome, profile, refusal, profiled_at
          FROM catalog.content_profiles
         WHERE sha256 = $1
         ORDER BY profiler DESC LIMIT 1""",
        content.sha256,
    )
    return None if row is None else as_named(_stored(row), content.file_name)


async def find_many(tx: Tx, contents: Iterable[Content]) -> dict[str, ContentProfile]:
    """Return what the newest profiler found in contents, by their digests, each under its name."""
    names = {content.sha256: content.file_name for content in contents}
    rows = await tx.fetch(
        """
        SELECT DISTINCT ON (sha256) sha256, profiler, outcome, profile, refusal, profiled_at
          FROM catalog.content_profiles
         WHERE sha256 = ANY($1::text[])
         ORDER BY sha256, profiler DESC""",
        list(names),
    )
    return {row["sha256"]: as_named(_stored(row), names[row["sha256"]]) for row in rows}


async def list_waiting(tx: Tx, *, limit: int) -> list[Row]:
    """Return contents that this profiler has not looked into, the oldest first."""
    return await tx.fetch(
        """
        SELECT c.product_id, c.version, c.file_id, c.sha256, c.size_bytes, c.media_type,
               c.file_name, c.attached_at
          FROM catalog.product_contents c
         WHERE NOT EXISTS (SELECT 1 FROM catalog.content_profiles p
                            WHERE p.sha256 = c.sha256 AND p.profiler = $1)
         ORDER BY c.attached_at, c.product_id, c.version LIMIT $2""",
        PROFILER,
        limit,
    )


def _stored(row: Row) -> ContentProfile:
    profile, refusal = row["profile"], row["refusal"]
    return ContentProfile(
        sha256=row["sha256"],
        profiler=row["profiler"],
        outcome=Outcome(row["outcome"]),
        profile=None if profile is None else msgspec.convert(profile, Profile),
        refusal=None if refusal is None else msgspec.convert(refusal, RefusedBytes),
        profiled_at=row["profiled_at"],
    )
