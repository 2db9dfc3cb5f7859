"""Tell what changed beyond a position of an index, and how far back that is known (发件箱)."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import sqlalchemy as sa

from catalog.kernel.db import METADATA, Tx


class _Xid(sa.types.UserDefinedType[str]):
    """The full number of a transaction."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Return what PostgreSQL calls it."""
        return "xid8"


SEARCH_OUTBOX: Final = sa.Table(
    "search_outbox",
    METADATA,
    sa.Column("xid", _Xid, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
    schema="catalog",
)

SEARCH_STATE: Final = sa.Table(
    "search_state",
    METADATA,
    sa.Column("id", sa.Boolean, primary_key=True),
    sa.Column("pruned_xid", _Xid, nullable=False),
    schema="catalog",
)


async def read_position(tx: Tx) -> str:
    """Return the snapshot of the transaction: what it sees, an index that is made from it holds."""
    position: str = await tx.fetch_value("SELECT pg_current_snapshot()::text")
    return position


async def take_turn(tx: Tx) -> int | None:
    """Return the number of this turn to write an index elsewhere; None if somebody has it just now.

    Until the transaction ends nobody else takes one: who has the later number has the later snapshot.
    """
    number: int | None = await tx.fetch_value(
        """
        SELECT CASE WHEN pg_try_advisory_xact_lock(hashtextextended('catalog.search_turns', 0))
                    THEN nextval('catalog.search_turns') END"""
    )
    return number


async def read_database(tx: Tx) -> str:
    """Return which database this is, and on which timeline: positions count for it alone."""
    name: str = await tx.fetch_value(
        """
        SELECT format('%s/%s/%s', s.system_identifier, c.timeline_id,
                      (SELECT oid FROM pg_database WHERE datname = current_database()))
          FROM pg_control_system() s, pg_control_checkpoint() c"""
    )
    return name


async def is_known(tx: Tx, position: str) -> bool:
    """Tell whether the outbox still holds all that came after ``position``."""
    known: bool = await tx.fetch_value(
        """
        SELECT pruned_xid < pg_snapshot_xmin($1::text::pg_snapshot)
               AND pg_snapshot_xmax($1::text::pg_snapshot)
                   <= pg_snapshot_xmax(pg_current_snapshot())
          FROM catalog.search_state""",
        position,
    )
    return known


async def read_behind(tx: Tx, position: str) -> tuple[int, dt.datetime | None]:
    """Return how many products changed beyond ``position``, and since when."""
    row = await tx.fetch_one(
        """
        SELECT count(DISTINCT product_id) AS count, min(written_at) AS since
          FROM catalog.search_outbox
         WHERE xid >= pg_snapshot_xmin($1::text::pg_snapshot)
           AND NOT pg_visible_in_snapshot(xid, $1::text::pg_snapshot)""",
        position,
    )
    assert row is not None, "a count has one row"
    return row["count"], row["since"]


async def prune(tx: Tx, *, older_than_seconds: int) -> int:
    """Remove what no index needs that is younger than that; return how much."""
    count: int = await tx.fetch_value(
        """
        WITH gone AS (
            DELETE FROM catalog.search_outbox
             WHERE written_at < now() - make_interval(secs => $1::float8) RETURNING xid
        ), told AS (
            UPDATE catalog.search_state s
               SET pruned_xid = greatest(s.pruned_xid, (SELECT max(xid) FROM gone))
             WHERE EXISTS (SELECT FROM gone)
        )
        SELECT count(*) FROM gone""",
        float(older_than_seconds),
    )
    return count
