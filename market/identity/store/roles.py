"""Keep role grants."""

from __future__ import annotations

import datetime as dt
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.ids import AccountId
from market.identity.model import RoleGrant, RoleGrantId
from market.identity.permissions import Role

_SCHEMA: Final = "market"
_UUID: Final = pg.UUID(as_uuid=True)
_INSTANT: Final = sa.DateTime(timezone=True)

ROLE_GRANTS: Final = sa.Table(
    "role_grants",
    METADATA,
    sa.Column("id", _UUID, primary_key=True),
    sa.Column("account_id", _UUID, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("valid_from", sa.Date, nullable=False),
    sa.Column("valid_to", sa.Date),
    sa.Column("granted_by", _UUID),
    sa.Column("granted_at", _INSTANT, nullable=False),
    sa.Column("revoked_at", _INSTANT),
    sa.Column("revoked_by", _UUID),
    schema=_SCHEMA,
)
_GRANT_COLUMNS: Final = (
    "id, account_id, role, valid_from, valid_to, granted_by, granted_at, revoked_at"
)


async def insert_grant(tx: Tx, grant: RoleGrant) -> None:
    """Insert a role grant."""
    await tx.insert(
        ROLE_GRANTS,
        id=grant.id,
        account_id=grant.account_id,
        role=grant.role.value,
        valid_from=grant.valid_from,
        valid_to=grant.valid_to,
        granted_by=grant.granted_by,
        granted_at=grant.granted_at,
    )


async def list_grants(tx: Tx, account_id: UUID) -> list[RoleGrant]:
    """Return all grants of an account, the revoked ones too, oldest first."""
    rows = await tx.fetch(
        f"SELECT {_GRANT_COLUMNS} FROM market.role_grants WHERE account_id = $1 ORDER BY id",  # noqa: S608 - our own columns
        account_id,
    )
    return [_grant(row) for row in rows]


async def lock_grant(tx: Tx, grant_id: UUID) -> RoleGrant | None:
    """Lock a grant and return it."""
    row = await tx.fetch_one(
        f"SELECT {_GRANT_COLUMNS} FROM market.role_grants WHERE id = $1 FOR UPDATE",  # noqa: S608 - our own columns
        grant_id,
    )
    return None if row is None else _grant(row)


async def revoke_grant(tx: Tx, grant_id: UUID, *, revoked_by: AccountId, now: dt.datetime) -> None:
    """Store that a grant was revoked."""
    await tx.execute(
        "UPDATE market.role_grants SET revoked_at = $2, revoked_by = $3 WHERE id = $1",
        grant_id,
        now,
        revoked_by,
    )


async def revoke_grants(
    tx: Tx, account_id: UUID, *, revoked_by: AccountId, now: dt.datetime
) -> None:
    """Store that all grants of an account were revoked that were not yet."""
    await tx.execute(
        """
        UPDATE market.role_grants SET revoked_at = $2, revoked_by = $3
         WHERE account_id = $1 AND revoked_at IS NULL""",
        account_id,
        now,
        revoked_by,
    )


def _grant(row: Row) -> RoleGrant:
    granted_by = row["granted_by"]
    return RoleGrant(
        id=RoleGrantId(row["id"]),
        account_id=AccountId(row["account_id"]),
        role=Role(row["role"]),
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        granted_by=None if granted_by is None else AccountId(granted_by),
        granted_at=row["granted_at"],
        revoked_at=row["revoked_at"],
    )
