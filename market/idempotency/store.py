"""Keep answered commands, by who asked and under which key."""

from __future__ import annotations

import datetime as dt
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.statements.db import Ahead, Write

ANSWERED_COMMANDS = sa.Table(
    "answered_commands",
    METADATA,
    sa.Column("principal", sa.Text, primary_key=True),
    sa.Column("idempotency_key", sa.Text, primary_key=True),
    sa.Column("route", sa.Text, nullable=False),
    sa.Column("request_sha256", sa.LargeBinary, nullable=False),
    sa.Column("status", sa.Integer),
    sa.Column("headers", JSONB),
    sa.Column("body", sa.LargeBinary),
    sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
    schema="market",
)


_CLAIM: Final = """
    INSERT INTO market.answered_commands
           (principal, idempotency_key, route, request_sha256, claimed_at)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (principal, idempotency_key) DO NOTHING"""
_KEEP: Final = """
    UPDATE market.answered_commands SET status = $3, headers = $4, body = $5
     WHERE principal = $1 AND idempotency_key = $2"""


def claiming(
    *, principal: str, key: str, route: str, request_sha256: bytes, now: dt.datetime
) -> Ahead:
    """Return what claims the key, if it is free. Waits for a transaction that is using it just now."""
    types = ("text", "text", "text", "bytea", "timestamptz")
    return Ahead("claim_key", _CLAIM, types, (principal, key, route, request_sha256, now))


async def find(tx: Tx, principal: str, key: str) -> Row | None:
    """Return what was answered under the key."""
    return await tx.fetch_one(
        """
        SELECT route, request_sha256, status, headers, body
          FROM market.answered_commands
         WHERE principal = $1 AND idempotency_key = $2
        """,
        principal, key,
    )  # fmt: skip


async def keep(
    tx: Tx, *, principal: str, key: str, status: int, headers: dict[str, str], body: bytes
) -> None:
    """Keep the answer of the command that claimed the key."""
    await tx.write_later(Write(_KEEP, (principal, key, status, headers, body)))
