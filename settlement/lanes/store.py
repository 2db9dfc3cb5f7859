"""Store who writes a lane, and by which epoch (任期)."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from catalog.kernel.db import METADATA, Tx

LANES: Final = sa.Table(
    "lanes",
    METADATA,
    sa.Column("lane", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("renewed_at", sa.DateTime(timezone=True), nullable=False),
    schema="settlement",
)

#: Had by a session for as long as it lives: a process that dies gives its lane back at once.
TRY_LOCK: Final = "SELECT pg_try_advisory_lock(hashtext('settlement.lanes'), $1)"


async def claim(tx: Tx, lane: int, *, owner: str, is_free: bool, lease: dt.timedelta) -> int | None:
    """Begin a new epoch of a lane and return it; None while another holds it and gives signs of life.

    Waits for the batch that its writer is just committing, and then sees what that one renewed.
    """
    epoch: int | None = await tx.fetch_value(
        """INSERT INTO settlement.lanes AS l (lane, epoch, owner, claimed_at, renewed_at)
           VALUES ($1, 1, $2, clock_timestamp(), clock_timestamp())
           ON CONFLICT (lane) DO UPDATE
              SET epoch = l.epoch + 1, owner = excluded.owner, claimed_at = excluded.claimed_at,
                  renewed_at = excluded.renewed_at
            WHERE $3 OR l.renewed_at < clock_timestamp() - $4::interval
           RETURNING epoch""",
        lane,
        owner,
        is_free,
        lease,
    )
    return epoch


async def renew(tx: Tx, lane: int, epoch: int) -> bool:
    """Renew the lease of a lane and hold its row; False if the epoch is over (fencing, 隔离)."""
    renewed = await tx.execute(
        """UPDATE settlement.lanes SET renewed_at = clock_timestamp()
            WHERE lane = $1 AND epoch = $2""",
        lane,
        epoch,
    )
    return renewed > 0


async def move(
    tx: Tx, sql: str, *, ids: Sequence[uuid.UUID], keys: Sequence[uuid.UUID], at: dt.datetime
) -> int:
    """Move the rows that are still where they may move from; return how many did."""
    return await tx.execute(sql, ids, keys, at)
