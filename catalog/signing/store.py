"""Keep the public keys."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.ids import AccountId, PartyId
from catalog.signing.algorithms import Algorithm
from catalog.signing.model import KeyId, PublicKey
from catalog.signing.purposes import Purpose

KEYS: Final = sa.Table(
    "keys",
    METADATA,
    sa.Column("key_id", sa.Text, primary_key=True),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("holder_party_id", pg.UUID(as_uuid=True)),
    sa.Column("algorithm", sa.Text, nullable=False),
    sa.Column("public_key", pg.BYTEA, nullable=False),
    sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
    sa.Column("valid_to", sa.DateTime(timezone=True)),
    sa.Column("revoked_at", sa.DateTime(timezone=True)),
    sa.Column("registered_by", pg.UUID(as_uuid=True)),
    sa.Column("distrusted_from", sa.BigInteger),
    sa.Column("certificate", pg.BYTEA),
    schema="signing",
)

_SELECT: Final = """
    SELECT key_id, purpose, holder_party_id, algorithm, public_key,
           valid_from, valid_to, revoked_at, registered_by, distrusted_from, certificate
    FROM signing.keys"""

# Any number; two workers that start at once take turns with it.
_SERVICE_KEYS_LOCK: Final = 7_003_001


async def lock_service_keys(tx: Tx) -> None:
    """Wait until nobody else enters keys of the service."""
    await tx.execute("SELECT pg_advisory_xact_lock($1)", _SERVICE_KEYS_LOCK)


async def insert(tx: Tx, key: PublicKey) -> None:
    """Add a key."""
    values = msgspec.structs.asdict(key) | {
        "purpose": key.purpose.value,
        "algorithm": key.algorithm.value,
    }
    await tx.insert(KEYS, **values)


async def find(tx: Tx, key_id: str) -> PublicKey | None:
    """Return the key of that id."""
    row = await tx.fetch_one(f"{_SELECT} WHERE key_id = $1", key_id)
    return None if row is None else _key(row)


async def lock(tx: Tx, key_id: str) -> PublicKey | None:
    """Return the key of that id, held until the transaction ends."""
    row = await tx.fetch_one(f"{_SELECT} WHERE key_id = $1 FOR UPDATE", key_id)
    return None if row is None else _key(row)


async def list_all(tx: Tx) -> list[PublicKey]:
    """Return all keys, the oldest first."""
    rows = await tx.fetch(f"{_SELECT} ORDER BY valid_from, key_id")
    return [_key(row) for row in rows]


async def list_of(tx: Tx, holder: PartyId | None, purpose: Purpose) -> list[PublicKey]:
    """Return the keys that ``holder`` (None: the service) has for ``purpose``, oldest first."""
    rows = await tx.fetch(
        f"""{_SELECT}
            WHERE holder_party_id IS NOT DISTINCT FROM $1 AND purpose = $2
            ORDER BY valid_from, key_id""",
        holder,
        purpose.value,
    )
    return [_key(row) for row in rows]


async def list_over(tx: Tx, at: dt.datetime) -> list[PublicKey]:
    """Return the service's keys that ended or were revoked at ``at`` or before, oldest first."""
    rows = await tx.fetch(
        f"""{_SELECT}
            WHERE holder_party_id IS NULL AND least(valid_to, revoked_at) <= $1
            ORDER BY valid_from, key_id""",
        at,
    )
    return [_key(row) for row in rows]


async def algorithms_of(tx: Tx, key_ids: Iterable[str]) -> dict[str, Algorithm]:
    """Return by which algorithm each of these keys signs."""
    rows = await tx.fetch(
        "SELECT key_id, algorithm FROM signing.keys WHERE key_id = ANY($1)", list(key_ids)
    )
    return {row["key_id"]: Algorithm(row["algorithm"]) for row in rows}


async def end(tx: Tx, key_id: KeyId, at: dt.datetime) -> None:
    """Let the key sign no more from ``at`` on."""
    await tx.execute("UPDATE signing.keys SET valid_to = $2 WHERE key_id = $1", key_id, at)


async def revoke(tx: Tx, key_id: KeyId, at: dt.datetime) -> None:
    """Mark the key as revoked from ``at`` on."""
    await tx.execute("UPDATE signing.keys SET revoked_at = $2 WHERE key_id = $1", key_id, at)


async def distrust(tx: Tx, key_id: KeyId, since: int) -> None:
    """Let nothing count that the key signed from an entry of the log on."""
    await tx.execute(
        "UPDATE signing.keys SET distrusted_from = $2 WHERE key_id = $1", key_id, since
    )


def _key(row: Row) -> PublicKey:
    holder, by = row["holder_party_id"], row["registered_by"]
    return PublicKey(
        key_id=KeyId(row["key_id"]),
        purpose=Purpose(row["purpose"]),
        holder_party_id=None if holder is None else PartyId(holder),
        algorithm=Algorithm(row["algorithm"]),
        public_key=row["public_key"],
        valid_from=row["valid_from"],
        valid_to=row["valid_to"],
        revoked_at=row["revoked_at"],
        registered_by=None if by is None else AccountId(by),
        distrusted_from=row["distrusted_from"],
        certificate=row["certificate"],
    )
