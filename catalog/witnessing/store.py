"""Keep the cosignatures of our checkpoints, and the checkpoints that enough witnesses cosigned."""

from __future__ import annotations

import datetime as dt
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from catalog.kernel.db import METADATA, Tx

COSIGNATURES: Final = sa.Table(
    "cosignatures",
    METADATA,
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("witness", sa.Text, primary_key=True),
    sa.Column("line", pg.BYTEA, nullable=False),
    sa.Column("cosigned_at", sa.DateTime(timezone=True), nullable=False),
    schema="audit_log",
)
WITNESSED: Final = sa.Table(
    "witnessed_checkpoints",
    METADATA,
    sa.Column("size", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("note", pg.BYTEA, nullable=False),
    sa.Column("witnessed_at", sa.DateTime(timezone=True), nullable=False),
    schema="audit_log",
)


async def add_cosignature(
    tx: Tx, *, size: int, witness: str, line: bytes, cosigned_at: dt.datetime
) -> None:
    """Keep what a witness said of a checkpoint; of several times the first stays."""
    await tx.execute(
        """INSERT INTO audit_log.cosignatures (size, witness, line, cosigned_at)
           VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING""",
        size,
        witness,
        line,
        cosigned_at,
    )


async def list_lines(tx: Tx, size: int) -> list[bytes]:
    """Return the lines of all cosignatures of one checkpoint, by their witnesses."""
    rows = await tx.fetch(
        "SELECT line FROM audit_log.cosignatures WHERE size = $1 ORDER BY witness", size
    )
    return [row["line"] for row in rows]


async def newest_sizes(tx: Tx, witnesses: list[str]) -> dict[str, int]:
    """Return the largest size that each of the witnesses cosigned; who did not is left out."""
    rows = await tx.fetch(
        """SELECT witness, max(size) AS size FROM audit_log.cosignatures
            WHERE witness = ANY($1) GROUP BY witness""",
        witnesses,
    )
    return {row["witness"]: row["size"] for row in rows}


async def newest_times(tx: Tx, witnesses: list[str]) -> dict[str, dt.datetime]:
    """Return when each of the witnesses cosigned last; who did not is left out."""
    rows = await tx.fetch(
        """SELECT witness, max(cosigned_at) AS at FROM audit_log.cosignatures
            WHERE witness = ANY($1) GROUP BY witness""",
        witnesses,
    )
    return {row["witness"]: row["at"] for row in rows}


async def add_witnessed(tx: Tx, *, size: int, note: bytes, witnessed_at: dt.datetime) -> None:
    """Keep a checkpoint with the cosignatures of a quorum, once."""
    await tx.execute(
        """INSERT INTO audit_log.witnessed_checkpoints (size, note, witnessed_at)
           VALUES ($1, $2, $3) ON CONFLICT DO NOTHING""",
        size,
        note,
        witnessed_at,
    )


async def newest_witnessed(tx: Tx) -> tuple[int, bytes] | None:
    """Return size and note of the newest checkpoint that a quorum cosigned."""
    row = await tx.fetch_one(
        "SELECT size, note FROM audit_log.witnessed_checkpoints ORDER BY size DESC LIMIT 1"
    )
    return None if row is None else (row["size"], row["note"])


async def first_unwitnessed_at(tx: Tx) -> dt.datetime | None:
    """Return when the first checkpoint was published that no quorum's checkpoint covers."""
    at: dt.datetime | None = await tx.fetch_value(
        """SELECT published_at FROM audit_log.checkpoints
            WHERE size > coalesce((SELECT max(size) FROM audit_log.witnessed_checkpoints), 0)
            ORDER BY size LIMIT 1"""
    )
    return at
