"""Tables and statements of the synonyms (同义词表): the groups, their changes, and the table's version."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx, select_all
from catalog.thesaurus.model import SynonymChange, SynonymGroup, SynonymTable

SYNONYM_GROUPS: Final = sa.Table(
    "synonym_groups",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("words", postgresql.ARRAY(sa.Text), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    schema="catalog",
)

SYNONYM_CHANGES: Final = sa.Table(
    "synonym_changes",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("group_id", sa.Uuid, nullable=False),
    sa.Column("words", postgresql.ARRAY(sa.Text), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("changed_by", sa.Uuid),
    sa.Column("changed_by_name", sa.Text, nullable=False),
    sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
    schema="catalog",
)

SYNONYM_STATE: Final = sa.Table(
    "synonym_state",
    METADATA,
    sa.Column("id", sa.Boolean, primary_key=True),
    sa.Column("version", sa.BigInteger, nullable=False),
    schema="catalog",
)

_SELECT: Final = select_all(SYNONYM_GROUPS)
_SELECT_CHANGES: Final = select_all(SYNONYM_CHANGES)


async def lock(tx: Tx) -> int:
    """Lock the table, so that one at a time changes it; return its version."""
    version: int = await tx.fetch_value("SELECT version FROM catalog.synonym_state FOR UPDATE")
    return version


async def raise_version(tx: Tx) -> int:
    """Let every process read the table anew with its next question; return the new version."""
    version: int = await tx.fetch_value(
        "UPDATE catalog.synonym_state SET version = version + 1 RETURNING version"
    )
    return version


async def read_version(tx: Tx) -> int:
    """Return the table's version."""
    version: int = await tx.fetch_value("SELECT version FROM catalog.synonym_state")
    return version


async def read_table(tx: Tx) -> SynonymTable:
    """Return the groups in force, the oldest first, and the version that they are of."""
    # One statement: the version is that of these groups, whatever is committed meanwhile.
    row = await tx.fetch_one(
        """
        SELECT s.version,
               (SELECT coalesce(json_agg(g.words ORDER BY g.id), '[]')::text
                  FROM catalog.synonym_groups g WHERE g.state = 'in_force') AS groups
          FROM catalog.synonym_state s"""
    )
    assert row is not None, "the migration made the one row"
    groups = msgspec.json.decode(row["groups"], type=list[tuple[str, ...]])
    return SynonymTable(version=row["version"], groups=groups)


async def put(tx: Tx, groups: Sequence[SynonymGroup], changes: Sequence[SynonymChange]) -> None:
    """Write groups as they are now, and what was done to them."""
    for group in groups:
        await tx.execute(
            """
            INSERT INTO catalog.synonym_groups (id, words, state, reason, changed_at)
            VALUES ($1, $2::text[], $3, $4, $5)
            ON CONFLICT (id) DO UPDATE
               SET state = excluded.state, reason = excluded.reason,
                   changed_at = excluded.changed_at""",
            group.id,
            list(group.words),
            group.state.value,
            group.reason,
            group.changed_at,
        )
    await tx.insert_many(
        SYNONYM_CHANGES,
        [
            {**msgspec.structs.asdict(c), "words": list(c.words), "state": c.state.value}
            for c in changes
        ],
    )


async def find(tx: Tx, group_id: uuid.UUID) -> SynonymGroup | None:
    """Return a group, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1", group_id)
    return None if row is None else _group(row)


async def list_page(
    tx: Tx, *, state: str, word: str | None, before: uuid.UUID | None, limit: int
) -> list[SynonymGroup]:
    """Return groups of a state, with a word if one is named, the newest first."""
    rows = await tx.fetch(
        f"""{_SELECT}
         WHERE state = $1 AND ($2::text IS NULL OR $2 = ANY(words)) AND ($3::uuid IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4""",
        state,
        word,
        before,
        limit,
    )
    return [_group(row) for row in rows]


async def list_changes(
    tx: Tx, *, group_id: uuid.UUID | None, before: uuid.UUID | None, limit: int
) -> list[SynonymChange]:
    """Return what was done to the table, or to one group, the newest first."""
    rows = await tx.fetch(
        f"""{_SELECT_CHANGES}
         WHERE ($1::uuid IS NULL OR group_id = $1) AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3""",
        group_id,
        before,
        limit,
    )
    return [msgspec.convert(dict(row), SynonymChange) for row in rows]


def _group(row: Row) -> SynonymGroup:
    return msgspec.convert(dict(row), SynonymGroup)
