"""Tables and statements of batches (批次) and of what became of their rows."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.ids import PartyId
from catalog.product_batches.model import Batch, BatchId, Counts, Kind, Outcome, RowResult

BATCHES: Final = sa.Table(
    "product_batches",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("opened_by", sa.Uuid, nullable=False),
    sa.Column("acting_for", sa.Uuid),
    sa.Column("file_id", sa.Uuid, nullable=False),
    sa.Column("file_name", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("is_dry_run", sa.Boolean, nullable=False),
    sa.Column("is_draft", sa.Boolean, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("total", sa.Integer),
    sa.Column("created", sa.Integer, nullable=False),
    sa.Column("revised", sa.Integer, nullable=False),
    sa.Column("unchanged", sa.Integer, nullable=False),
    sa.Column("refused", sa.Integer, nullable=False),
    sa.Column("columns", postgresql.JSONB, nullable=False),
    sa.Column("failure", postgresql.JSONB),
    sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("finished_at", sa.DateTime(timezone=True)),
    sa.Column("taken_until", sa.DateTime(timezone=True)),
    schema="catalog",
)

BATCH_ROWS: Final = sa.Table(
    "product_batch_rows",
    METADATA,
    sa.Column("batch_id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("line", sa.Integer, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("product_id", sa.Uuid),
    sa.Column("faults", postgresql.JSONB, nullable=False),
    sa.Column("cells", postgresql.JSONB),
    schema="catalog",
)


_COLUMNS: Final = ", ".join(
    column.name for column in BATCHES.columns if column.name != "taken_until"
)
_BATCH: Final = f"SELECT {_COLUMNS} FROM catalog.product_batches"  # noqa: S608 - our own columns


async def hold(tx: Tx, supplier: PartyId) -> None:
    """Let nobody else open a batch of this supplier until the transaction ends."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"product batches {supplier}"
    )


async def insert(tx: Tx, batch: Batch) -> None:
    """Insert a batch."""
    await tx.insert(
        BATCHES,
        id=batch.id,
        supplier_party_id=batch.supplier_party_id,
        opened_by=batch.opened_by,
        acting_for=batch.acting_for,
        file_id=batch.file_id,
        file_name=batch.file_name,
        sha256=batch.sha256,
        kind=batch.kind.value,
        is_dry_run=batch.is_dry_run,
        is_draft=batch.is_draft,
        state=batch.state.value,
        total=batch.total,
        columns=list(batch.columns),
        failure=None,
        opened_at=batch.opened_at,
        **msgspec.structs.asdict(batch.counts),
    )


async def update(tx: Tx, batch: Batch, *, taken_until: dt.datetime | None) -> None:
    """Write back what may change of a batch, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE catalog.product_batches
           SET state = $2, total = $3, created = $4, revised = $5, unchanged = $6, refused = $7,
               columns = $8, failure = $9, finished_at = $10, taken_until = $11
         WHERE id = $1""",
        batch.id,
        batch.state.value,
        batch.total,
        batch.counts.created,
        batch.counts.revised,
        batch.counts.unchanged,
        batch.counts.refused,
        list(batch.columns),
        msgspec.to_builtins(batch.failure),
        batch.finished_at,
        taken_until,
    )
    assert touched == 1, "a locked batch can not vanish"


async def find(tx: Tx, batch_id: uuid.UUID) -> Batch | None:
    """Return a batch that row-level security lets the actor see, or None."""
    row = await tx.fetch_one(f"{_BATCH} WHERE id = $1", batch_id)
    return None if row is None else _batch(row)


async def lock(tx: Tx, batch_id: uuid.UUID) -> Batch | None:
    """Lock and return a batch, or None."""
    row = await tx.fetch_one(f"{_BATCH} WHERE id = $1 FOR UPDATE", batch_id)
    return None if row is None else _batch(row)


async def find_open(
    tx: Tx,
    supplier: PartyId,
    *,
    sha256: str,
    kind: Kind,
    is_dry_run: bool,
    is_draft: bool,
) -> Batch | None:
    """Return the batch of just this file that is not over yet, or None."""
    row = await tx.fetch_one(
        f"""{_BATCH}
         WHERE supplier_party_id = $1 AND sha256 = $2 AND kind = $3 AND is_dry_run = $4
           AND is_draft = $5 AND state IN ('waiting', 'taking')
         ORDER BY id LIMIT 1""",
        supplier,
        sha256,
        kind.value,
        is_dry_run,
        is_draft,
    )
    return None if row is None else _batch(row)


async def count_open(tx: Tx, supplier: PartyId) -> int:
    """Return how many batches of a supplier are not over yet."""
    count: int = await tx.fetch_value(
        """
        SELECT count(*) FROM catalog.product_batches
         WHERE supplier_party_id = $1 AND state IN ('waiting', 'taking')""",
        supplier,
    )
    return count


async def list_of_supplier(
    tx: Tx, supplier: PartyId, *, before: uuid.UUID | None, limit: int
) -> list[Batch]:
    """Return the batches of a supplier, newest first, older than ``before``."""
    rows = await tx.fetch(
        f"""{_BATCH}
         WHERE supplier_party_id = $1 AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3""",
        supplier,
        before,
        limit,
    )
    return [_batch(row) for row in rows]


async def hold_on(tx: Tx, batch_id: uuid.UUID, *, until: dt.datetime) -> None:
    """Keep a batch that one is at from others until an instant."""
    await tx.execute(
        """
        UPDATE catalog.product_batches SET taken_until = $2
         WHERE id = $1 AND state IN ('waiting', 'taking')""",
        batch_id,
        until,
    )


async def take_next(tx: Tx, *, now: dt.datetime, until: dt.datetime) -> Batch | None:
    """Take the oldest batch that nobody is at, until an instant; None if there is none."""
    row = await tx.fetch_one(
        f"""
        UPDATE catalog.product_batches SET taken_until = $2
         WHERE id = (
            SELECT id FROM catalog.product_batches
             WHERE state IN ('waiting', 'taking') AND (taken_until IS NULL OR taken_until <= $1)
             ORDER BY opened_at, id LIMIT 1
             FOR UPDATE SKIP LOCKED)
        RETURNING {_COLUMNS}""",  # noqa: S608 - our own columns
        now,
        until,
    )
    return None if row is None else _batch(row)


async def insert_rows(tx: Tx, batch_id: BatchId, rows: Sequence[RowResult]) -> None:
    """Add what became of rows."""
    await tx.insert_many(
        BATCH_ROWS,
        [
            {
                "batch_id": batch_id,
                "number": row.number,
                "line": row.line,
                "key": row.key,
                "outcome": row.outcome.value,
                "product_id": row.product_id,
                "faults": msgspec.to_builtins(row.faults),
                "cells": row.cells,
            }
            for row in rows
        ],
    )


async def list_rows(
    tx: Tx, batch_id: uuid.UUID, *, outcome: Outcome | None, after: int, limit: int
) -> list[RowResult]:
    """Return rows of a batch in their order, beyond a number."""
    rows = await tx.fetch(
        """
        SELECT number, line, key, outcome, product_id, faults, cells
          FROM catalog.product_batch_rows
         WHERE batch_id = $1 AND ($2::text IS NULL OR outcome = $2) AND number > $3
         ORDER BY number LIMIT $4""",
        batch_id,
        outcome and outcome.value,
        after,
        limit,
    )
    return [msgspec.convert(dict(row), RowResult) for row in rows]


def _batch(row: Row) -> Batch:
    values: dict[str, Any] = dict(row)
    counts = Counts(**{name: values[name] for name in Counts.__struct_fields__})
    return msgspec.convert({**values, "counts": counts}, Batch)
