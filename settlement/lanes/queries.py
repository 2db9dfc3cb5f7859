"""Read who writes the lanes."""

from __future__ import annotations

import datetime as dt

import msgspec

from catalog.kernel.db import Tx


class LaneState(msgspec.Struct, frozen=True, kw_only=True):
    """A lane, who writes it by which epoch, and when that one last gave a sign of life."""

    lane: int
    epoch: int
    owner: str
    claimed_at: dt.datetime
    renewed_at: dt.datetime


async def list_lanes(tx: Tx) -> list[LaneState]:
    """Return all lanes that were ever written, in their order."""
    rows = await tx.fetch(
        """SELECT lane, epoch, owner, claimed_at, renewed_at
             FROM settlement.lanes ORDER BY lane LIMIT 1000"""
    )
    return [LaneState(**row) for row in rows]
