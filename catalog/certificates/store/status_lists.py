"""Keep each certificate's place in the status lists, and the lists' versions (状态列表)."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.certificates import status_list
from catalog.certificates.credential import ListVersion, Place
from catalog.certificates.states import State
from catalog.kernel.db import METADATA, Tx

STATUS_PLACES: Final = sa.Table(
    "certificate_status_places",
    METADATA,
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("list_number", sa.Integer, nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    schema="catalog",
)


STATUS_LIST_VERSIONS: Final = sa.Table(
    "status_list_versions",
    METADATA,
    sa.Column("list_number", sa.Integer, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("bits_sha256", sa.Text, nullable=False),
    sa.Column("encoded", sa.Text, nullable=False),
    sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("entry_id", sa.Uuid, nullable=False),
    schema="catalog",
)


async def draw_status_place(tx: Tx, number: str) -> None:
    """Give a certificate its place in the newest status list, or in the next one when that is full."""
    row = await tx.fetch_one(
        """
        SELECT list_number, count(*) AS taken FROM catalog.certificate_status_places
         WHERE list_number = (SELECT max(list_number) FROM catalog.certificate_status_places)
         GROUP BY list_number"""
    )
    newest, taken = (0, 0) if row is None else (row["list_number"], row["taken"])
    list_number = newest + 1 if taken >= status_list.FULL else newest
    drawn = 0
    while not drawn:  # half of the places are free: more than a few turns are never needed
        drawn = await tx.execute(
            """
            INSERT INTO catalog.certificate_status_places (number, list_number, place)
            VALUES ($1, $2, $3) ON CONFLICT (list_number, place) DO NOTHING""",
            number,
            list_number,
            secrets.randbelow(status_list.PLACES),
        )


async def find_status_place(tx: Tx, number: str) -> Place:
    """Return where a certificate, which there is, stands in the status lists."""
    row = await tx.fetch_one(
        "SELECT list_number, place FROM catalog.certificate_status_places WHERE number = $1",
        number,
    )
    assert row is not None, "every certificate has one from its issue on"
    return Place(row["list_number"], row["place"])


async def is_status_list(tx: Tx, list_number: int) -> bool:
    """Tell whether a certificate stands in a list of this number."""
    found: bool = await tx.fetch_value(
        "SELECT EXISTS (SELECT FROM catalog.certificate_status_places WHERE list_number = $1)",
        list_number,
    )
    return found


async def list_standing(tx: Tx, list_number: int) -> list[tuple[int, State]]:
    """Return the places in a list of all certificates that do not just count, and why."""
    rows = await tx.fetch(
        """
        SELECT p.place, c.state FROM catalog.certificate_status_places p
          JOIN catalog.certificates c ON c.number = p.number
         WHERE p.list_number = $1 AND c.state <> 'active' ORDER BY p.place""",
        list_number,
    )
    return [(row["place"], State(row["state"])) for row in rows]


async def lock_status_list(tx: Tx, list_number: int) -> None:
    """Wait until nobody else publishes this list."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"status list {list_number}"
    )


async def find_list_version(tx: Tx, list_number: int) -> ListVersion | None:
    """Return the newest version of a status list, or None."""
    row = await tx.fetch_one(
        """
        SELECT version, bits_sha256 FROM catalog.status_list_versions
         WHERE list_number = $1 ORDER BY version DESC LIMIT 1""",
        list_number,
    )
    return None if row is None else msgspec.convert(dict(row), ListVersion)


async def insert_list_version(
    tx: Tx,
    *,
    list_number: int,
    version: int,
    bits_sha256: str,
    encoded: str,
    published_at: dt.datetime,
    entry_id: uuid.UUID,
) -> None:
    """Insert a version of a status list; it is never changed."""
    await tx.insert(
        STATUS_LIST_VERSIONS,
        list_number=list_number,
        version=version,
        bits_sha256=bits_sha256,
        encoded=encoded,
        published_at=published_at,
        entry_id=entry_id,
    )
