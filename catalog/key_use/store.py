"""Keep which processes hold keys, and up to when each told what it signed."""

from __future__ import annotations

import datetime as dt
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from catalog.kernel.db import METADATA, Row, Tx
from catalog.key_use.model import Run, RunId
from catalog.signing.model import KeyId

RUNS: Final = sa.Table(
    "key_runs",
    METADATA,
    sa.Column("id", pg.UUID(as_uuid=True), primary_key=True),
    sa.Column("key_ids", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
    schema="signing",
)


async def insert(tx: Tx, run: Run) -> None:
    """Insert a process that begins."""
    await tx.insert(
        RUNS,
        id=run.id,
        key_ids=list(run.key_ids),
        begun_at=run.begun_at,
        told_at=run.told_at,
    )


async def lock(tx: Tx, run: RunId) -> Run | None:
    """Lock and return a process; None if it was given up, or is none."""
    row = await tx.fetch_one(
        "SELECT id, key_ids, begun_at, told_at FROM signing.key_runs WHERE id = $1 FOR UPDATE", run
    )
    return None if row is None else _run(row)


async def tell(tx: Tx, run: RunId, at: dt.datetime) -> None:
    """Store up to when a process told what it signed."""
    await tx.execute("UPDATE signing.key_runs SET told_at = $2 WHERE id = $1", run, at)


async def delete(tx: Tx, run: RunId) -> None:
    """Forget a process that is over."""
    await tx.execute("DELETE FROM signing.key_runs WHERE id = $1", run)


async def take_silent(tx: Tx, before: dt.datetime) -> list[Run]:
    """Take the processes that have told nothing since then; what another takes is left to it."""
    rows = await tx.fetch(
        """DELETE FROM signing.key_runs WHERE id = ANY(ARRAY(
               SELECT id FROM signing.key_runs WHERE told_at < $1
                ORDER BY told_at, id LIMIT 100 FOR UPDATE SKIP LOCKED))
           RETURNING id, key_ids, begun_at, told_at""",
        before,
    )
    return sorted((_run(row) for row in rows), key=lambda run: (run.told_at, run.id))


def _run(row: Row) -> Run:
    return Run(
        id=RunId(row["id"]),
        key_ids=tuple(KeyId(each) for each in row["key_ids"]),
        begun_at=row["begun_at"],
        told_at=row["told_at"],
    )
