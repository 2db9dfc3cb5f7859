"""Keep the runs of the replay (``market.ledger_replays``)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from catalog.kernel.db import METADATA, Row, Tx
from market.finance_reports.model import ReplayRun
from settlement.ledger_reports.replaying import Report

LEDGER_REPLAYS: Final = sa.Table(
    "ledger_replays",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("asked_by_name", sa.Text, nullable=False),
    sa.Column("entries_total", sa.BigInteger, nullable=False),
    sa.Column("entries_done", sa.BigInteger, nullable=False),
    sa.Column("started_at", sa.DateTime(timezone=True)),
    sa.Column("heard_at", sa.DateTime(timezone=True)),
    sa.Column("finished_at", sa.DateTime(timezone=True)),
    sa.Column("report", pg.JSONB),
    schema="market",
)

SELECT: Final = """
    SELECT id, asked_at, asked_by_name, entries_total, entries_done, started_at, finished_at, report,
           CASE WHEN finished_at IS NOT NULL THEN 'finished'
                WHEN started_at IS NOT NULL THEN 'running' ELSE 'waiting' END AS step
      FROM market.ledger_replays"""


async def insert(tx: Tx, run: ReplayRun) -> None:
    """Insert a run that waits."""
    await tx.insert(
        LEDGER_REPLAYS,
        id=run.id,
        asked_at=run.asked_at,
        asked_by_name=run.asked_by_name,
        entries_total=run.entries_total,
        entries_done=0,
    )


async def take_one(tx: Tx, *, now: dt.datetime, silent_since: dt.datetime) -> uuid.UUID | None:
    """Take the oldest run that waits, or that nobody was heard of since; it begins anew."""
    found: uuid.UUID | None = await tx.fetch_value(
        """UPDATE market.ledger_replays r SET started_at = $1, heard_at = $1, entries_done = 0
             FROM (SELECT id FROM market.ledger_replays
                    WHERE finished_at IS NULL AND (heard_at IS NULL OR heard_at < $2)
                    ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) due
            WHERE r.id = due.id RETURNING r.id""",
        now,
        silent_since,
    )
    return found


async def hear(tx: Tx, run_id: uuid.UUID, *, now: dt.datetime, entries_done: int) -> None:
    """Write how far a run is."""
    await tx.execute(
        """UPDATE market.ledger_replays SET heard_at = $2, entries_done = $3
            WHERE id = $1 AND finished_at IS NULL""",
        run_id,
        now,
        entries_done,
    )


async def finish(tx: Tx, run_id: uuid.UUID, *, now: dt.datetime, report: Report) -> bool:
    """Write what a run came to; return whether nobody had done so."""
    touched = await tx.execute(
        """UPDATE market.ledger_replays SET finished_at = $2, entries_done = $3, report = $4
            WHERE id = $1 AND finished_at IS NULL""",
        run_id,
        now,
        report.entries,
        msgspec.to_builtins(report),
    )
    return touched == 1


def run_of(row: Row) -> ReplayRun:
    """Return the run in a row."""
    return msgspec.convert(dict(row), ReplayRun)
