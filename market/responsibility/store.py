"""Table and statements of the chief data officers."""

from __future__ import annotations

import datetime as dt
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Tx
from catalog.kernel.ids import PartyId
from market.responsibility.model import ChiefDataOfficer, Named

CHIEF_DATA_OFFICERS: Final = sa.Table(
    "chief_data_officers",
    METADATA,
    sa.Column("party_id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("post", sa.Text, nullable=False),
    sa.Column("contact", sa.Text, nullable=False),
    sa.Column("named_at", sa.DateTime(timezone=True), nullable=False),
    schema="market",
)

_SELECT: Final = """
    SELECT c.party_id, p.name AS party_name, c.name, c.post, c.contact, c.named_at
      FROM market.chief_data_officers c JOIN market.parties p ON p.id = c.party_id"""


async def put(tx: Tx, party_id: PartyId, named: Named, *, now: dt.datetime) -> None:
    """Name a party's chief data officer, in place of whoever it was."""
    await tx.execute(
        """
        INSERT INTO market.chief_data_officers (party_id, name, post, contact, named_at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (party_id) DO UPDATE SET
            name = excluded.name, post = excluded.post, contact = excluded.contact,
            named_at = excluded.named_at""",
        party_id,
        named.name,
        named.post,
        named.contact,
        now,
    )


async def find(tx: Tx, party_id: PartyId) -> ChiefDataOfficer | None:
    """Return a party's chief data officer, if the actor may see it, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE c.party_id = $1", party_id)
    return None if row is None else msgspec.convert(dict(row), ChiefDataOfficer)


async def list_page(tx: Tx, *, after: PartyId | None, limit: int) -> list[ChiefDataOfficer]:
    """Return chief data officers that the actor may see, by their parties."""
    rows = await tx.fetch(
        f"{_SELECT} WHERE $1::uuid IS NULL OR c.party_id > $1 ORDER BY c.party_id LIMIT $2",
        after,
        limit,
    )
    return [msgspec.convert(dict(row), ChiefDataOfficer) for row in rows]
