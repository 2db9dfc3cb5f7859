"""Table and statements of the complaints (投诉)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from catalog.kernel.db import METADATA, Tx
from market.complaints.model import Complaint, Count

COMPLAINTS: Final = sa.Table(
    "complaints",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("secret_sha256", sa.LargeBinary, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("house", sa.Text, nullable=False),
    sa.Column("about", sa.Text, nullable=False),
    sa.Column("about_id", sa.Uuid),
    sa.Column("product_id", sa.Uuid),
    sa.Column("complainant_party_id", sa.Uuid),
    sa.Column("against_party_id", sa.Uuid, nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    sa.Column("contact", sa.Text, nullable=False),
    sa.Column("files", JSONB, nullable=False),
    sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("redirected_to", sa.Text),
    sa.Column("triaged_at", sa.DateTime(timezone=True)),
    sa.Column("accepted_at", sa.DateTime(timezone=True)),
    sa.Column("positions", JSONB, nullable=False),
    sa.Column("hearing_ends_at", sa.DateTime(timezone=True)),
    sa.Column("handler_account_id", sa.Uuid),
    sa.Column("handler_party_id", sa.Uuid),
    sa.Column("evidence", JSONB),
    sa.Column("measures", JSONB, nullable=False),
    sa.Column("outcome", sa.Text),
    sa.Column("findings", sa.Text),
    sa.Column("ordered", sa.Text),
    sa.Column("resolved_at", sa.DateTime(timezone=True)),
    sa.Column("appeal_ends_at", sa.DateTime(timezone=True)),
    sa.Column("appeal", JSONB),
    sa.Column("referral", JSONB),
    sa.Column("ending", sa.Text),
    sa.Column("close_reason", sa.Text),
    sa.Column("closed_at", sa.DateTime(timezone=True)),
    schema="market",
)
_JSON: Final = frozenset({"files", "positions", "evidence", "measures", "appeal", "referral"})
# Who complained of what, and why, is written once.
_WRITTEN_ONCE: Final = frozenset(
    {
        "id",
        "number",
        "secret_sha256",
        "kind",
        "house",
        "about",
        "about_id",
        "product_id",
        "complainant_party_id",
        "against_party_id",
        "facts",
        "contact",
        "files",
        "received_at",
    }
)
_READ: Final = tuple(c.name for c in COMPLAINTS.columns if c.name != "secret_sha256")
_CHANGING: Final = tuple(name for name in _READ if name not in _WRITTEN_ONCE)
_SELECT: Final = f"SELECT {', '.join(_READ)} FROM market.complaints"  # noqa: S608 - our own columns


async def next_number(tx: Tx) -> int:
    """Return the next number of a complaint."""
    number: int = await tx.fetch_value("SELECT nextval('market.complaint_numbers')")
    return number


async def insert(tx: Tx, complaint: Complaint, secret_sha256: bytes) -> None:
    """Add a complaint."""
    await tx.insert(COMPLAINTS, secret_sha256=secret_sha256, **_values(complaint))


async def update(tx: Tx, complaint: Complaint) -> None:
    """Write back what became of a complaint that the caller holds locked."""
    values = _values(complaint)
    sets = ", ".join(f"{name} = ${i + 2}" for i, name in enumerate(_CHANGING))
    touched = await tx.execute(
        f"UPDATE market.complaints SET {sets} WHERE id = $1",  # noqa: S608 - our own columns
        complaint.id,
        *(values[name] for name in _CHANGING),
    )
    assert touched == 1, "a locked complaint can not vanish"


async def lock(tx: Tx, complaint_id: uuid.UUID) -> Complaint | None:
    """Lock and return a complaint that the actor may see, or None."""
    return _one(await tx.fetch_one(f"{_SELECT} WHERE id = $1 FOR UPDATE", complaint_id))


async def find(tx: Tx, complaint_id: uuid.UUID) -> Complaint | None:
    """Return a complaint that the actor may see, or None."""
    return _one(await tx.fetch_one(f"{_SELECT} WHERE id = $1", complaint_id))


async def find_by_secret(tx: Tx, number: str, secret_sha256: bytes) -> Complaint | None:
    """Return the complaint of a number and its secret, or None."""
    return _one(
        await tx.fetch_one(
            f"{_SELECT} WHERE number = $1 AND secret_sha256 = $2", number, secret_sha256
        )
    )


async def find_of_dispute(tx: Tx, order_id: uuid.UUID) -> Complaint | None:
    """Lock and return the open complaint about a disputed order, or None."""
    return _one(
        await tx.fetch_one(
            f"""{_SELECT}
             WHERE about = 'order' AND about_id = $1
               AND state IN ('received', 'accepted', 'investigating')
             ORDER BY id LIMIT 1 FOR UPDATE""",
            order_id,
        )
    )


async def list_page(
    tx: Tx,
    *,
    state: str | None,
    kind: str | None,
    complainant: uuid.UUID | None,
    before: uuid.UUID | None,
    limit: int,
) -> list[Complaint]:
    """Return complaints that the actor may see, the newest first."""
    rows = await tx.fetch(
        f"""{_SELECT}
         WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR kind = $2)
           AND ($3::uuid IS NULL OR complainant_party_id = $3)
           AND ($4::uuid IS NULL OR id < $4)
         ORDER BY id DESC LIMIT $5""",
        state,
        kind,
        complainant,
        before,
        limit,
    )
    return [msgspec.convert(dict(row), Complaint) for row in rows]


async def list_against(
    tx: Tx, *, against: uuid.UUID, before: uuid.UUID | None, limit: int
) -> list[Complaint]:
    """Return the complaints of a party that it was told of, the newest first."""
    rows = await tx.fetch(
        f"""{_SELECT}
         WHERE against_party_id = $1 AND accepted_at IS NOT NULL
           AND ($2::uuid IS NULL OR id < $2)
         ORDER BY id DESC LIMIT $3""",
        against,
        before,
        limit,
    )
    return [msgspec.convert(dict(row), Complaint) for row in rows]


async def take_turn(tx: Tx, complainant: uuid.UUID | None) -> None:
    """Let nobody else count what came from this party, or from nobody, until the transaction ends."""
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('complaint:' || $1, 0))",
        "" if complainant is None else str(complainant),
    )


async def count_since(tx: Tx, *, complainant: uuid.UUID | None, since: dt.datetime) -> int:
    """Return how many came since then from a party, or from people who do not say who they are."""
    count: int = await tx.fetch_value(
        """
        SELECT count(*) FROM market.complaints
         WHERE complainant_party_id IS NOT DISTINCT FROM $1 AND received_at >= $2""",
        complainant,
        since,
    )
    return count


async def count_closed(tx: Tx) -> list[Count]:
    """Return how many were closed, by year, kind and ending."""
    rows = await tx.fetch(
        """
        SELECT extract(year FROM closed_at AT TIME ZONE 'Asia/Shanghai')::int AS year, kind, ending,
               count(*) AS count, count(appeal) AS appealed
          FROM market.complaints WHERE state = 'closed'
         GROUP BY 1, 2, 3 ORDER BY 1 DESC, 2, 3"""
    )
    return [msgspec.convert(dict(row), Count) for row in rows]


async def list_holding(tx: Tx, application_id: uuid.UUID) -> list[str]:
    """Return the numbers of the complaints that hold the evidence of a case."""
    rows = await tx.fetch(
        """
        SELECT c.number FROM market.complaints c
          JOIN catalog.applications a ON a.product_id = c.product_id
         WHERE a.id = $1 AND c.evidence IS NOT NULL AND c.state <> 'closed' ORDER BY c.number""",
        application_id,
    )
    return [row["number"] for row in rows]


def _one(row: Any) -> Complaint | None:
    return None if row is None else msgspec.convert(dict(row), Complaint)


def _values(complaint: Complaint) -> dict[str, Any]:
    values = msgspec.structs.asdict(complaint)
    return {
        name: msgspec.to_builtins(value) if name in _JSON else getattr(value, "value", value)
        for name, value in values.items()
    }
