"""Tables and statements of harvesting: sources, runs, and what each record was when it was seen."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.harvesting.model import Fetched, Run, Source
from catalog.kernel.db import METADATA, Row, Tx

HARVEST_SOURCES: Final = sa.Table(
    "harvest_sources",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("licence", sa.Text, nullable=False),
    sa.Column("every_hours", sa.Integer, nullable=False),
    sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("state", sa.Text, nullable=False, server_default="active"),
    schema="catalog",
)

HARVEST_RUNS: Final = sa.Table(
    "harvest_runs",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("source_id", sa.Uuid, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
    sa.Column("next_address", sa.Text),
    sa.Column("claimed_until", sa.DateTime(timezone=True)),
    sa.Column("pages", sa.Integer, nullable=False),
    sa.Column("imported", sa.Integer, nullable=False),
    sa.Column("updated", sa.Integer, nullable=False),
    sa.Column("unchanged", sa.Integer, nullable=False),
    sa.Column("duplicates", sa.Integer, nullable=False),
    sa.Column("skipped", sa.Integer, nullable=False),
    sa.Column("vanished", sa.Integer, nullable=False),
    sa.Column("errors", postgresql.JSONB, nullable=False),
    sa.Column("reason", sa.Text),
    schema="catalog",
)

HARVEST_RECORDS: Final = sa.Table(
    "harvest_records",
    METADATA,
    sa.Column("source_id", sa.Uuid, primary_key=True),
    sa.Column("record_id", sa.Text, primary_key=True),
    sa.Column("run_id", sa.Uuid, nullable=False),
    sa.Column("keys", postgresql.ARRAY(sa.Text), nullable=False),
    sa.Column("duplicate_of", sa.Text),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("page_sha256", sa.Text, nullable=False),
    sa.Column("fetched_at", sa.DateTime(timezone=True), nullable=False),
    schema="catalog",
)

_RUN: Final = """
    SELECT id, source_id, state, started_at, ended_at, next_address, pages, imported, updated,
           unchanged, duplicates, skipped, vanished, errors, reason
      FROM catalog.harvest_runs"""
_SOURCE: Final = """
    SELECT id, code, kind, url, licence, every_hours, created_at, state
      FROM catalog.harvest_sources"""

_CLAIMABLE: Final = """
     WHERE state = 'running' AND (claimed_until IS NULL OR claimed_until <= $1)
       AND EXISTS (SELECT 1 FROM catalog.harvest_sources s
                    WHERE s.id = source_id AND s.state = 'active')
     ORDER BY started_at LIMIT 1 FOR UPDATE SKIP LOCKED"""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """A record of a page, and whose duplicate it is if it is one."""

    record_id: str
    keys: tuple[str, ...]
    duplicate_of: str | None = None


async def insert_source(tx: Tx, source: Source) -> bool:
    """Add a source; False if there is one of that code."""
    row = await tx.fetch_one(
        """
        INSERT INTO catalog.harvest_sources (
            id, code, kind, url, licence, every_hours, created_at, state)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (code) DO NOTHING RETURNING id""",
        source.id,
        source.code,
        source.kind.value,
        source.url,
        source.licence,
        source.every_hours,
        source.created_at,
        source.state.value,
    )
    return row is not None


async def set_source_state(tx: Tx, source: Source) -> None:
    """Write back whether a source is read."""
    await tx.execute(
        "UPDATE catalog.harvest_sources SET state = $2 WHERE id = $1", source.id, source.state.value
    )


async def list_sources(tx: Tx) -> list[Source]:
    """Return all sources by their codes."""
    return [_source(row) for row in await tx.fetch(_SOURCE + " ORDER BY code LIMIT 1000")]


async def find_source(tx: Tx, code: str) -> Source | None:
    """Return the source of a code, locked against a second run being begun, or None."""
    row = await tx.fetch_one(_SOURCE + " WHERE code = $1 FOR UPDATE", code)
    return None if row is None else _source(row)


async def list_due(tx: Tx, *, now: dt.datetime) -> list[str]:
    """Return the codes of active sources whose last run began so long ago that it is time again."""
    rows = await tx.fetch(
        """
        SELECT s.code FROM catalog.harvest_sources s
         WHERE s.state = 'active'
           AND NOT EXISTS (SELECT 1 FROM catalog.harvest_runs r
                            WHERE r.source_id = s.id
                              AND (r.state = 'running'
                                   OR r.started_at > $1::timestamptz - make_interval(hours => s.every_hours)))
         ORDER BY s.code LIMIT 100""",
        now,
    )
    return [row["code"] for row in rows]


async def insert_run(tx: Tx, run: Run) -> None:
    """Begin a run."""
    await tx.execute(
        """
        INSERT INTO catalog.harvest_runs (
            id, source_id, state, started_at, next_address, pages, imported, updated, unchanged,
            duplicates, skipped, vanished, errors)
        VALUES ($1, $2, $3, $4, $5, 0, 0, 0, 0, 0, 0, 0, '[]')""",
        run.id,
        run.source_id,
        run.state.value,
        run.started_at,
        run.next_address,
    )


async def claim(tx: Tx, *, now: dt.datetime, until: dt.datetime) -> tuple[Run, Source] | None:
    """Return a run of an active source that goes on and that nobody works at, kept for the caller."""
    row = await tx.fetch_one(
        _RUN + _CLAIMABLE,
        now,
    )
    if row is None:
        return None
    await tx.execute(
        "UPDATE catalog.harvest_runs SET claimed_until = $2 WHERE id = $1", row["id"], until
    )
    source = await tx.fetch_one(_SOURCE + " WHERE id = $1", row["source_id"])
    assert source is not None, "a run has a source"
    return _run(row), _source(source)


async def lock_run(tx: Tx, run_id: uuid.UUID) -> Run | None:
    """Lock and return a run, or None."""
    row = await tx.fetch_one(_RUN + " WHERE id = $1 FOR UPDATE", run_id)
    return None if row is None else _run(row)


async def find_running(tx: Tx, source_id: uuid.UUID) -> Run | None:
    """Return the run of a source that goes on, or None."""
    row = await tx.fetch_one(_RUN + " WHERE source_id = $1 AND state = 'running'", source_id)
    return None if row is None else _run(row)


async def list_runs(tx: Tx, source_id: uuid.UUID, *, limit: int) -> list[Run]:
    """Return the runs of a source, the newest first."""
    rows = await tx.fetch(
        _RUN + " WHERE source_id = $1 ORDER BY started_at DESC, id DESC LIMIT $2", source_id, limit
    )
    return [_run(row) for row in rows]


async def update_run(tx: Tx, run: Run) -> None:
    """Write back how far a run is; whoever worked at it is done with that."""
    await tx.execute(
        """
        UPDATE catalog.harvest_runs
           SET state = $2, ended_at = $3, next_address = $4, pages = $5, imported = $6,
               updated = $7, unchanged = $8, duplicates = $9, skipped = $10, vanished = $11,
               errors = $12, reason = $13, claimed_until = NULL
         WHERE id = $1""",
        run.id,
        run.state.value,
        run.ended_at,
        run.next_address,
        run.pages,
        run.imported,
        run.updated,
        run.unchanged,
        run.duplicates,
        run.skipped,
        run.vanished,
        msgspec.to_builtins(run.errors),
        run.reason,
    )


async def find_same(
    tx: Tx, source_id: uuid.UUID, keys: Sequence[str]
) -> list[tuple[str, tuple[str, ...]]]:
    """Return records of other sources that have any of these keys: which, and which keys."""
    rows = await tx.fetch(
        """
        SELECT s.code || ' ' || r.record_id AS name, r.keys
          FROM catalog.harvest_records r
          JOIN catalog.harvest_sources s ON s.id = r.source_id
         WHERE r.keys && $2::text[] AND r.source_id <> $1 AND r.duplicate_of IS NULL
         ORDER BY r.fetched_at, s.code, r.record_id LIMIT 1000""",
        source_id,
        list(keys),
    )
    return [(row["name"], tuple(row["keys"])) for row in rows]


async def put_seen(
    tx: Tx, source_id: uuid.UUID, run_id: uuid.UUID, seen: Sequence[Seen], fetched: Fetched
) -> list[str]:
    """Note records as seen in a run; return those that this run had not seen yet."""
    rows = await tx.fetch(
        """
        INSERT INTO catalog.harvest_records AS r (
            source_id, record_id, run_id, keys, duplicate_of, address, page_sha256, fetched_at)
        SELECT $1, a.record_id, $2, string_to_array(a.keys, ' '), a.duplicate_of, $3, $4, $5
          FROM unnest($6::text[], $7::text[], $8::text[]) AS a(record_id, keys, duplicate_of)
        ON CONFLICT (source_id, record_id) DO UPDATE
           SET run_id = excluded.run_id, keys = excluded.keys,
               duplicate_of = excluded.duplicate_of, address = excluded.address,
               page_sha256 = excluded.page_sha256, fetched_at = excluded.fetched_at
         WHERE r.run_id <> excluded.run_id
        RETURNING record_id""",
        source_id,
        run_id,
        fetched.address,
        fetched.sha256,
        fetched.fetched_at,
        [each.record_id for each in seen],
        [" ".join(each.keys) for each in seen],
        [each.duplicate_of for each in seen],
    )
    return [row["record_id"] for row in rows]


async def count_kept(tx: Tx, source_id: uuid.UUID) -> int:
    """Return how many records of a source are in the catalogue, seen in whichever run."""
    count: int = await tx.fetch_value(
        """
        SELECT count(*) FROM catalog.harvest_records
         WHERE source_id = $1 AND duplicate_of IS NULL""",
        source_id,
    )
    return count


async def list_unseen(tx: Tx, source_id: uuid.UUID, run_id: uuid.UUID) -> list[str]:
    """Return the records in the catalogue that a whole run did not see."""
    rows = await tx.fetch(
        """
        SELECT record_id FROM catalog.harvest_records
         WHERE source_id = $1 AND run_id <> $2 AND duplicate_of IS NULL
         ORDER BY record_id""",
        source_id,
        run_id,
    )
    return [row["record_id"] for row in rows]


async def forget_unseen(tx: Tx, source_id: uuid.UUID, run_id: uuid.UUID) -> None:
    """Take out what a whole run did not see."""
    await tx.execute(
        "DELETE FROM catalog.harvest_records WHERE source_id = $1 AND run_id <> $2",
        source_id,
        run_id,
    )


def _run(row: Row) -> Run:
    return msgspec.convert(dict(row), Run)


def _source(row: Row) -> Source:
    return msgspec.convert(dict(row), Source)


async def list_held(tx: Tx, source_id: uuid.UUID, record_ids: Sequence[str]) -> set[str]:
    """Return which of these records of a source are in the catalogue already."""
    rows = await tx.fetch(
        """
        SELECT record_id FROM catalog.harvest_records
         WHERE source_id = $1 AND record_id = ANY($2::text[]) AND duplicate_of IS NULL""",
        source_id,
        list(record_ids),
    )
    return {row["record_id"] for row in rows}
