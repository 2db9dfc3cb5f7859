"""Tables and statements of the saved searches (保存的检索)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from catalog.kernel.db import METADATA, Row, Tx, select_all
from catalog.kernel.ids import AccountId
from market.saved_searches.model import Kept, Match, SavedSearch

SAVED_SEARCHES: Final = sa.Table(
    "saved_searches",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("account_id", sa.Uuid, nullable=False),
    sa.Column("party_id", sa.Uuid, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("filters", JSONB, nullable=False),
    sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("position", sa.Text, nullable=False),
    sa.Column("is_complete", sa.Boolean, nullable=False),
    schema="market",
)

SAVED_SEARCH_MATCHES: Final = sa.Table(
    "saved_search_matches",
    METADATA,
    sa.Column("saved_search_id", sa.Uuid, primary_key=True),
    sa.Column("product_id", sa.Uuid, primary_key=True),
    sa.Column("found_at", sa.DateTime(timezone=True)),  # null: it was there when it was saved
    schema="market",
)

_SELECT: Final = select_all(SAVED_SEARCHES)


async def insert(tx: Tx, kept: Kept) -> bool:
    """Insert a search; False if its account keeps another under the name."""
    search = kept.search
    touched = await tx.execute(
        """
        INSERT INTO market.saved_searches (
            id, account_id, party_id, name, text, filters, saved_at, looked_at, position,
            is_complete)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (account_id, name) DO NOTHING""",
        search.id,
        search.account_id,
        search.party_id,
        search.name,
        search.text,
        msgspec.to_builtins(search.filters),
        search.saved_at,
        search.looked_at,
        kept.position,
        kept.is_complete,
    )
    return touched == 1


async def count_of(tx: Tx, account_id: AccountId) -> int:
    """Return how many searches an account keeps, and let no other of its commands add one."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('market.saved_searches:' || $1, 0))",
        str(account_id),
    )
    count: int = await tx.fetch_value(
        "SELECT count(*) FROM market.saved_searches WHERE account_id = $1", account_id
    )
    return count


async def list_of(
    tx: Tx, account_id: AccountId, *, before: uuid.UUID | None, limit: int
) -> list[SavedSearch]:
    """Return the searches of an account, the newest first."""
    rows = await tx.fetch(
        f"""{_SELECT} WHERE account_id = $1 AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3""",
        account_id,
        before,
        limit,
    )
    return [_kept(row).search for row in rows]


async def lock(tx: Tx, saved_search_id: uuid.UUID, account_id: AccountId) -> SavedSearch | None:
    """Lock and return a search of an account, or None."""
    row = await tx.fetch_one(
        f"{_SELECT} WHERE id = $1 AND account_id = $2 FOR UPDATE", saved_search_id, account_id
    )
    return None if row is None else _kept(row).search


async def find(tx: Tx, saved_search_id: uuid.UUID, account_id: AccountId) -> SavedSearch | None:
    """Return a search of an account, or None."""
    row = await tx.fetch_one(
        f"{_SELECT} WHERE id = $1 AND account_id = $2", saved_search_id, account_id
    )
    return None if row is None else _kept(row).search


async def rename(tx: Tx, saved_search_id: uuid.UUID, name: str) -> bool:
    """Call a locked search otherwise; False if its account keeps another under the name."""
    taken = await tx.fetch_value(
        """
        SELECT 1 FROM market.saved_searches other
          JOIN market.saved_searches s ON s.account_id = other.account_id
         WHERE s.id = $1 AND other.id <> $1 AND other.name = $2""",
        saved_search_id,
        name,
    )
    if taken is not None:
        return False
    await tx.execute(
        "UPDATE market.saved_searches SET name = $2 WHERE id = $1", saved_search_id, name
    )
    return True


async def delete(tx: Tx, saved_search_id: uuid.UUID) -> None:
    """Remove a search and what it found."""
    await tx.execute(
        "DELETE FROM market.saved_search_matches WHERE saved_search_id = $1", saved_search_id
    )
    await tx.execute("DELETE FROM market.saved_searches WHERE id = $1", saved_search_id)


async def list_due(tx: Tx, *, before: dt.datetime, limit: int) -> list[uuid.UUID]:
    """Return the searches that were not looked into since, the longest first."""
    rows = await tx.fetch(
        """
        SELECT id FROM market.saved_searches WHERE looked_at <= $1
         ORDER BY looked_at, id LIMIT $2""",
        before,
        limit,
    )
    return [row["id"] for row in rows]


async def lock_due(tx: Tx, saved_search_id: uuid.UUID, *, before: dt.datetime) -> Kept | None:
    """Lock and return a search that is due; None if it is not any more, or somebody looks into it."""
    row = await tx.fetch_one(
        f"{_SELECT} WHERE id = $1 AND looked_at <= $2 FOR UPDATE SKIP LOCKED",
        saved_search_id,
        before,
    )
    return None if row is None else _kept(row)


async def looked(tx: Tx, saved_search_id: uuid.UUID, *, position: str, now: dt.datetime) -> None:
    """Write up to where a locked search was looked into."""
    await tx.execute(
        "UPDATE market.saved_searches SET position = $2, looked_at = $3 WHERE id = $1",
        saved_search_id,
        position,
        now,
    )


async def add_matches(
    tx: Tx,
    saved_search_id: uuid.UUID,
    product_ids: Sequence[uuid.UUID],
    found_at: dt.datetime | None,
) -> int:
    """Keep which products answer a search; return how many of them did not before."""
    return await tx.execute(
        """
        INSERT INTO market.saved_search_matches (saved_search_id, product_id, found_at)
        SELECT $1, product_id, $3 FROM unnest($2::uuid[]) AS found(product_id)
        ON CONFLICT DO NOTHING""",
        saved_search_id,
        list(product_ids),
        found_at,
    )


async def list_matches(
    tx: Tx,
    saved_search_id: uuid.UUID,
    *,
    after: tuple[dt.datetime, uuid.UUID] | None,
    limit: int,
) -> list[Match]:
    """Return what a search found since it was saved, the newest first, if it is public still."""
    rows = await tx.fetch(
        """
        SELECT m.product_id, d.name, m.found_at
          FROM market.saved_search_matches m
          JOIN catalog.product_documents d USING (product_id)
         WHERE m.saved_search_id = $1 AND m.found_at IS NOT NULL
           AND ($2::timestamptz IS NULL OR (m.found_at, m.product_id) < ($2, $3::uuid))
         ORDER BY m.found_at DESC, m.product_id DESC LIMIT $4""",
        saved_search_id,
        *(after or (None, None)),
        limit,
    )
    return [msgspec.convert(dict(row), Match) for row in rows]


def _kept(row: Row) -> Kept:
    values = dict(row)
    position, is_complete = values.pop("position"), values.pop("is_complete")
    return Kept(
        search=msgspec.convert(values, SavedSearch), position=position, is_complete=is_complete
    )
