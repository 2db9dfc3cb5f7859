"""Keep accounts and the hashes of their passwords."""

from __future__ import annotations

import datetime as dt
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.ids import AccountId, PartyId
from market.identity.model import Account
from market.identity.permissions import Role

_SCHEMA: Final = "market"
_UUID: Final = pg.UUID(as_uuid=True)
_INSTANT: Final = sa.DateTime(timezone=True)

ACCOUNTS: Final = sa.Table(
    "accounts",
    METADATA,
    sa.Column("id", _UUID, primary_key=True),
    sa.Column("party_id", _UUID, nullable=False),
    sa.Column("login", sa.Text, nullable=False),
    sa.Column("display_name", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("opened_at", _INSTANT, nullable=False),
    sa.Column("opened_by", _UUID),
    sa.Column("closed_at", _INSTANT),
    schema=_SCHEMA,
)
_ACCOUNT_COLUMNS: Final = "id, party_id, login, display_name, opened_at, closed_at"


async def list_open_ids(tx: Tx, party_id: PartyId) -> list[AccountId]:
    """Return the open accounts of a party."""
    rows = await tx.fetch(
        "SELECT id FROM market.accounts WHERE party_id = $1 AND closed_at IS NULL ORDER BY id",
        party_id,
    )
    return [AccountId(row["id"]) for row in rows]


async def list_wearers(tx: Tx, role: Role, on: dt.date) -> list[tuple[AccountId, PartyId]]:
    """Return the open accounts of verified parties that wear a role on a day, with their parties."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT a.id, a.party_id
          FROM market.role_grants g
          JOIN market.accounts a ON a.id = g.account_id AND a.closed_at IS NULL
          JOIN market.parties p ON p.id = a.party_id AND p.state = 'verified'
         WHERE g.role = $1 AND g.revoked_at IS NULL
           AND g.valid_from <= $2 AND (g.valid_to IS NULL OR g.valid_to >= $2)
         ORDER BY a.id""",
        role.value,
        on,
    )
    return [(AccountId(row["id"]), PartyId(row["party_id"])) for row in rows]


async def list_worn(tx: Tx, party_id: PartyId, on: dt.date) -> list[tuple[AccountId, Role]]:
    """Return each role that an open account of a party wears on a day."""
    rows = await tx.fetch(
        """
        SELECT DISTINCT a.id, g.role
          FROM market.role_grants g
          JOIN market.accounts a ON a.id = g.account_id AND a.closed_at IS NULL
         WHERE a.party_id = $1 AND g.revoked_at IS NULL
           AND g.valid_from <= $2 AND (g.valid_to IS NULL OR g.valid_to >= $2)
         ORDER BY a.id, g.role""",
        party_id,
        on,
    )
    return [(AccountId(row["id"]), Role(row["role"])) for row in rows]


async def list_names(tx: Tx, party_id: PartyId) -> list[tuple[AccountId, str]]:
    """Return what the accounts of a party are called, the closed ones too."""
    rows = await tx.fetch(
        "SELECT id, display_name FROM market.accounts WHERE party_id = $1 ORDER BY id", party_id
    )
    return [(AccountId(row["id"]), str(row["display_name"])) for row in rows]


async def insert(
    tx: Tx, account: Account, *, password_hash: str, opened_by: AccountId | None
) -> bool:
    """Insert an account; tell False if the login is taken."""
    return bool(
        await tx.execute(
            """
            INSERT INTO market.accounts
                (id, party_id, login, display_name, password_hash, opened_at, opened_by)
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (login) DO NOTHING""",
            account.id,
            account.party_id,
            account.login,
            account.display_name,
            password_hash,
            account.opened_at,
            opened_by,
        )
    )


async def find(tx: Tx, account_id: UUID) -> Account | None:
    """Return an account, if the viewer's wall lets it through."""
    row = await tx.fetch_one(
        f"SELECT {_ACCOUNT_COLUMNS} FROM market.accounts WHERE id = $1",  # noqa: S608 - our own columns
        account_id,
    )
    return None if row is None else _account(row)


async def lock(tx: Tx, account_id: UUID) -> Account | None:
    """Lock an account and return it."""
    row = await tx.fetch_one(
        f"SELECT {_ACCOUNT_COLUMNS} FROM market.accounts WHERE id = $1 FOR UPDATE",  # noqa: S608 - our own columns
        account_id,
    )
    return None if row is None else _account(row)


async def find_password_hash(tx: Tx, account_id: UUID) -> str | None:
    """Return the hash of an account's password."""
    found: str | None = await tx.fetch_value(
        "SELECT password_hash FROM market.accounts WHERE id = $1", account_id
    )
    return found


async def update_password(tx: Tx, account_id: UUID, password_hash: str) -> None:
    """Store a new password's hash."""
    await tx.execute(
        "UPDATE market.accounts SET password_hash = $2 WHERE id = $1", account_id, password_hash
    )


async def close(tx: Tx, account_id: UUID, now: dt.datetime) -> None:
    """Store that an account was closed."""
    await tx.execute("UPDATE market.accounts SET closed_at = $2 WHERE id = $1", account_id, now)


def _account(row: Row) -> Account:
    return Account(
        id=AccountId(row["id"]),
        party_id=PartyId(row["party_id"]),
        login=row["login"],
        display_name=row["display_name"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
    )
