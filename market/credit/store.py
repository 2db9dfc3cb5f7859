"""Tables and statements of the credit records and the rewards (信用记录)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from catalog.kernel.db import METADATA, Tx
from market.credit.model import CreditRecord, PublicRecord, PublicReward, Reward

_INSTANT: Final = sa.DateTime(timezone=True)
CREDIT_RECORDS: Final = sa.Table(
    "credit_records",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("party_id", sa.Uuid, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("act", sa.Text, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("basis", sa.Text, nullable=False),
    sa.Column("found_by", sa.Uuid),
    sa.Column("found_at", _INSTANT, nullable=False),
    sa.Column("objection_ends_at", _INSTANT, nullable=False),
    sa.Column("objection", sa.Text),
    sa.Column("objected_at", _INSTANT),
    sa.Column("objection_answer", sa.Text),
    sa.Column("sanction", JSONB),
    sa.Column("punished_at", _INSTANT),
    sa.Column("effective_until", sa.Date),
    sa.Column("repair_reason", sa.Text),
    sa.Column("repaired_at", _INSTANT),
    sa.Column("expired_at", _INSTANT),
    schema="market",
)
CREDIT_REWARDS: Final = sa.Table(
    "credit_rewards",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("party_id", sa.Uuid, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("rewarded_by", sa.Uuid),
    sa.Column("rewarded_at", _INSTANT, nullable=False),
    sa.Column("valid_until", sa.Date, nullable=False),
    schema="market",
)
_CHANGING: Final = (
    "state",
    "objection",
    "objected_at",
    "objection_answer",
    "sanction",
    "punished_at",
    "effective_until",
    "repair_reason",
    "repaired_at",
    "expired_at",
)
_COLUMNS: Final = ", ".join(f"c.{column.name}" for column in CREDIT_RECORDS.columns)
_SELECT: Final = f"""
    SELECT {_COLUMNS}, p.name AS party_name
      FROM market.credit_records c JOIN market.parties p ON p.id = c.party_id"""  # noqa: S608 - our own columns
_REWARDS: Final = """
    SELECT r.id, r.party_id, p.name AS party_name, r.text, r.rewarded_by, r.rewarded_at, r.valid_until
      FROM market.credit_rewards r JOIN market.parties p ON p.id = r.party_id"""

# ``sanctions.is_in_force`` in SQL, of a record ``c`` on the day ``$1``; a test holds the two together.
_IN_FORCE: Final = "c.state = 'punished' AND c.effective_until >= $1"


def banned(party: str, *, day: str) -> str:
    """Return the condition that a party is banned on a day, as ``sanctions.standing`` has it.

    For who asks it together with something else; ``party`` and ``day`` are SQL of ours.
    """
    in_force = _IN_FORCE.replace("$1", day)
    return f"""
        EXISTS (SELECT FROM market.credit_records c
                 WHERE c.party_id = {party} AND {in_force}
                   AND (c.sanction ->> 'is_banned')::boolean)"""


async def insert(tx: Tx, record: CreditRecord) -> None:
    """Add a finding."""
    values = _values(record)
    del values["party_name"]
    await tx.insert(CREDIT_RECORDS, **values)


async def update(tx: Tx, record: CreditRecord) -> None:
    """Write back what became of a finding that the caller holds locked."""
    values = _values(record)
    sets = ", ".join(f"{name} = ${i + 2}" for i, name in enumerate(_CHANGING))
    touched = await tx.execute(
        f"UPDATE market.credit_records SET {sets} WHERE id = $1",  # noqa: S608 - our own columns
        record.id,
        *(values[name] for name in _CHANGING),
    )
    assert touched == 1, "a locked finding can not vanish"


async def lock(tx: Tx, record_id: uuid.UUID) -> CreditRecord | None:
    """Lock and return a finding that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE c.id = $1 FOR UPDATE OF c", record_id)
    return None if row is None else msgspec.convert(dict(row), CreditRecord)


async def find(tx: Tx, record_id: uuid.UUID) -> CreditRecord | None:
    """Return a finding that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE c.id = $1", record_id)
    return None if row is None else msgspec.convert(dict(row), CreditRecord)


async def list_page(
    tx: Tx, *, party: uuid.UUID | None, before: uuid.UUID | None, limit: int
) -> list[CreditRecord]:
    """Return findings that the actor may see, the newest first."""
    rows = await tx.fetch(
        f"""{_SELECT}
         WHERE ($1::uuid IS NULL OR c.party_id = $1) AND ($2::uuid IS NULL OR c.id < $2)
         ORDER BY c.id DESC LIMIT $3""",
        party,
        before,
        limit,
    )
    return [msgspec.convert(dict(row), CreditRecord) for row in rows]


async def list_punished(tx: Tx, party: uuid.UUID) -> list[CreditRecord]:
    """Return what a party is punished for."""
    rows = await tx.fetch(
        f"{_SELECT} WHERE c.party_id = $1 AND c.state = 'punished' ORDER BY c.id", party
    )
    return [msgspec.convert(dict(row), CreditRecord) for row in rows]


async def list_over(tx: Tx, *, today: dt.date, limit: int) -> list[uuid.UUID]:
    """Return the findings whose sanction is over."""
    rows = await tx.fetch(
        """
        SELECT id FROM market.credit_records WHERE state = 'punished' AND effective_until < $1
         ORDER BY effective_until, id LIMIT $2""",
        today,
        limit,
    )
    return [row["id"] for row in rows]


async def list_ranked_lower(tx: Tx, *, today: dt.date) -> list[uuid.UUID]:
    """Return the public products of parties that are ranked lower on a day."""
    rows = await tx.fetch(
        f"""
        SELECT DISTINCT p.id FROM market.credit_records c
          JOIN catalog.products p ON p.supplier_party_id = c.party_id AND p.is_public
         WHERE {_IN_FORCE} AND (c.sanction ->> 'is_ranked_lower')::boolean""",  # noqa: S608 - our own
        today,
    )
    return [row["id"] for row in rows]


async def insert_reward(tx: Tx, reward: Reward) -> None:
    """Add a reward."""
    values = msgspec.structs.asdict(reward)
    del values["party_name"]
    await tx.insert(CREDIT_REWARDS, **values)


async def list_rewards(tx: Tx, party: uuid.UUID) -> list[Reward]:
    """Return a party's rewards, the newest first."""
    rows = await tx.fetch(f"{_REWARDS} WHERE r.party_id = $1 ORDER BY r.id DESC LIMIT 200", party)
    return [msgspec.convert(dict(row), Reward) for row in rows]


async def list_public(tx: Tx, *, today: dt.date, limit: int) -> list[PublicRecord]:
    """Return the sanctions in force of organisations, those that end last first."""
    rows = await tx.fetch(
        f"""
        SELECT p.name AS party_name, p.uscc, c.act, c.basis,
               (c.sanction->>'is_banned')::boolean AS is_banned, c.effective_until
          FROM market.credit_records c JOIN market.parties p ON p.id = c.party_id
         WHERE {_IN_FORCE} AND p.uscc IS NOT NULL
         ORDER BY c.effective_until DESC, c.id LIMIT $2""",  # noqa: S608 - our own
        today,
        limit,
    )
    return [msgspec.convert(dict(row), PublicRecord) for row in rows]


async def list_public_rewards(tx: Tx, *, today: dt.date, limit: int) -> list[PublicReward]:
    """Return the rewards in force of organisations, those that end last first."""
    rows = await tx.fetch(
        """
        SELECT p.name AS party_name, p.uscc, r.text, r.valid_until
          FROM market.credit_rewards r JOIN market.parties p ON p.id = r.party_id
         WHERE r.valid_until >= $1 AND p.uscc IS NOT NULL
         ORDER BY r.valid_until DESC, r.id LIMIT $2""",
        today,
        limit,
    )
    return [msgspec.convert(dict(row), PublicReward) for row in rows]


def _values(record: CreditRecord) -> dict[str, Any]:
    values = msgspec.structs.asdict(record)
    return {
        name: msgspec.to_builtins(value) if name == "sanction" else getattr(value, "value", value)
        for name, value in values.items()
    }
