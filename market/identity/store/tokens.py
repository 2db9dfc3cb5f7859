"""Keep the tokens of programs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.ids import AccountId
from market.identity.model import ApiToken, TokenId

_SCHEMA: Final = "market"
_UUID: Final = pg.UUID(as_uuid=True)
_INSTANT: Final = sa.DateTime(timezone=True)

API_TOKENS: Final = sa.Table(
    "api_tokens",
    METADATA,
    sa.Column("id", _UUID, primary_key=True),
    sa.Column("account_id", _UUID, nullable=False),
    sa.Column("token_sha256", sa.LargeBinary, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("scopes", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("issued_at", _INSTANT, nullable=False),
    sa.Column("expires_at", _INSTANT, nullable=False),
    sa.Column("revoked_at", _INSTANT),
    sa.Column("last_used_at", _INSTANT),
    schema=_SCHEMA,
)
_TOKEN_COLUMNS: Final = (
    "id, account_id, name, scopes, issued_at, expires_at, revoked_at, last_used_at"  # noqa: S105 - names of columns
)


async def insert(tx: Tx, token: ApiToken, token_sha256: bytes) -> None:
    """Insert a token; of its secret only the hash."""
    await tx.insert(
        API_TOKENS,
        id=token.id,
        account_id=token.account_id,
        token_sha256=token_sha256,
        name=token.name,
        scopes=list(token.scopes),
        issued_at=token.issued_at,
        expires_at=token.expires_at,
    )


async def list_of_account(
    tx: Tx, account_id: UUID, *, after: UUID | None, limit: int
) -> Sequence[ApiToken]:
    """Return an account's tokens, oldest first."""
    rows = await tx.fetch(
        f"""
        SELECT {_TOKEN_COLUMNS} FROM market.api_tokens
         WHERE account_id = $1 AND ($2::uuid IS NULL OR id > $2) ORDER BY id LIMIT $3""",  # noqa: S608 - our own columns
        account_id,
        after,
        limit,
    )
    return [_token(row) for row in rows]


async def lock(tx: Tx, token_id: UUID, account_id: UUID) -> ApiToken | None:
    """Lock a token of an account and return it."""
    row = await tx.fetch_one(
        f"""
        SELECT {_TOKEN_COLUMNS} FROM market.api_tokens
         WHERE id = $1 AND account_id = $2 FOR UPDATE""",  # noqa: S608 - our own columns
        token_id,
        account_id,
    )
    return None if row is None else _token(row)


async def revoke(tx: Tx, token_id: UUID, now: dt.datetime) -> None:
    """Store that a token was revoked."""
    await tx.execute("UPDATE market.api_tokens SET revoked_at = $2 WHERE id = $1", token_id, now)


async def revoke_all(tx: Tx, account_id: UUID, now: dt.datetime) -> None:
    """Store that all tokens of an account were revoked that were not yet."""
    await tx.execute(
        """
        UPDATE market.api_tokens SET revoked_at = $2
         WHERE account_id = $1 AND revoked_at IS NULL""",
        account_id,
        now,
    )


def _token(row: Row) -> ApiToken:
    values: dict[str, Any] = dict(row)
    return ApiToken(
        id=TokenId(values.pop("id")),
        account_id=AccountId(values.pop("account_id")),
        scopes=tuple(values.pop("scopes")),
        **values,
    )
