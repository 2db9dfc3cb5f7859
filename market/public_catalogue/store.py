"""Tables and statements of how often what the public catalogue is ordered by stands in it (标签计数).

``catalogue_label_changes`` holds what became more or less since it was last added up. It is written by
triggers on the documents, so that no way of writing them forgets it and none waits for another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from catalog.kernel.db import METADATA, Tx
from catalog.search.model import Count

CATALOGUE_LABELS: Final = sa.Table(
    "catalogue_labels",
    METADATA,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, primary_key=True),
    # Made by the database: what stands in the names of ``catalog/formats/ckan.py``.
    sa.Column("name", sa.Text, sa.Computed("…"), nullable=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    schema="market",
)

CATALOGUE_LABEL_CHANGES: Final = sa.Table(
    "catalogue_label_changes",
    METADATA,
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("step", sa.BigInteger, nullable=False),
    schema="market",
)

# In the words of ``LABEL_ORDERS`` in ``catalog/formats/ckan_query.py``.
_ORDERS: Final = {
    "title asc": "value",
    "title desc": "value DESC",
    "name asc": "left(md5(value), 20), value",
    "name desc": "left(md5(value), 20) DESC, value",
    "package_count asc": "count, value",
    "package_count desc": "count DESC, value",
}


async def list_labels(
    tx: Tx,
    kind: str,
    *,
    like: str,
    names: Sequence[str] | None,
    order: str,
    start: int,
    limit: int,
) -> list[Count]:
    """Return values of a kind that hold ``like`` and are of these names, and how often each stands."""
    rows = await tx.fetch(
        f"""
        SELECT value, sum(step)::bigint AS count
          FROM (SELECT value, count AS step FROM market.catalogue_labels WHERE kind = $1
                 UNION ALL
                SELECT value, step FROM market.catalogue_label_changes WHERE kind = $1) AS told
         WHERE ($2 = '' OR position(lower($2) IN lower(value)) > 0)
           AND ($3::text[] IS NULL OR left(md5(value), 20) = ANY($3))
         GROUP BY value HAVING sum(step) > 0
         ORDER BY {_ORDERS[order]} OFFSET $4 LIMIT $5""",  # noqa: S608 - one of our orders
        kind,
        like,
        None if names is None else list(names),
        start,
        limit,
    )
    return [Count(row["value"], row["count"]) for row in rows]


async def find_label(tx: Tx, kind: str, *, name: str) -> Count | None:
    """Return the value of a kind that has this name, or None."""
    row = await tx.fetch_one(
        """
        SELECT value, sum(step)::bigint AS count
          FROM (SELECT value, count AS step FROM market.catalogue_labels
                 WHERE kind = $1 AND name = $2
                 UNION ALL
                SELECT value, step FROM market.catalogue_label_changes
                 WHERE kind = $1 AND left(md5(value), 20) = $2) AS told
         GROUP BY value HAVING sum(step) > 0
         ORDER BY value LIMIT 1""",
        kind,
        name,
    )
    return None if row is None else Count(row["value"], row["count"])


async def count_label(tx: Tx, kind: str, value: str) -> int:
    """Return how often a value stands in the catalogue."""
    count: int = await tx.fetch_value(
        """
        SELECT coalesce(sum(step), 0)::bigint
          FROM (SELECT count AS step FROM market.catalogue_labels WHERE kind = $1 AND value = $2
                 UNION ALL
                SELECT step FROM market.catalogue_label_changes
                 WHERE kind = $1 AND value = $2) AS told""",
        kind,
        value,
    )
    return count


async def add_up(tx: Tx) -> int:
    """Add the changes to the counts, if nobody else does just now; return how many there were."""
    is_free = await tx.fetch_value(
        "SELECT pg_try_advisory_xact_lock(hashtextextended('market.catalogue_labels', 0))"
    )
    if not is_free:
        return 0
    changes: int = await tx.fetch_value(
        """
        WITH gone AS (
            DELETE FROM market.catalogue_label_changes RETURNING kind, value, step
        ), added AS (
            INSERT INTO market.catalogue_labels (kind, value, count)
            SELECT g.kind, g.value, g.step + coalesce(l.count, 0)
              FROM (SELECT kind, value, sum(step) AS step FROM gone GROUP BY kind, value) AS g
              LEFT JOIN market.catalogue_labels l USING (kind, value)
            ON CONFLICT (kind, value) DO UPDATE SET count = excluded.count
        )
        SELECT count(*) FROM gone"""
    )
    if changes:
        await tx.execute("DELETE FROM market.catalogue_labels WHERE count = 0")
    return changes
