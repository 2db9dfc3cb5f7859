"""Table and statements of the requests about certificates (续期申请、注销申请)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Tx, select_all
from catalog.terms.model import Kind, Request

REQUESTS: Final = sa.Table(
    "certificate_requests",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("certificate_number", sa.Text, nullable=False),
    sa.Column("registrant_party_id", sa.Uuid, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("by_law", sa.Boolean, nullable=False),
    sa.Column("rulebook", sa.Text, nullable=False),
    sa.Column("filed_on", sa.Date, nullable=False),
    sa.Column("filed_by", sa.Uuid),
    sa.Column("filed_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("decided_by", sa.Uuid),
    sa.Column("decided_at", sa.DateTime(timezone=True)),
    sa.Column("decision_reason", sa.Text),
    sa.Column("new_certificate_number", sa.Text),
    schema="catalog",
)

_SELECT: Final = select_all(REQUESTS)


async def insert(tx: Tx, request: Request) -> None:
    """Insert a request."""
    values = msgspec.structs.asdict(request)
    await tx.insert(
        REQUESTS, **{**values, "kind": request.kind.value, "state": request.state.value}
    )


async def update(tx: Tx, request: Request) -> None:
    """Write the decision on a request, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE catalog.certificate_requests
           SET state = $2, decided_by = $3, decided_at = $4, decision_reason = $5,
               new_certificate_number = $6
         WHERE id = $1""",
        request.id,
        request.state.value,
        request.decided_by,
        request.decided_at,
        request.decision_reason,
        request.new_certificate_number,
    )
    assert touched == 1, "a locked request can not vanish"


async def lock(tx: Tx, request_id: uuid.UUID) -> Request | None:
    """Lock and return a request that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1 FOR UPDATE", request_id)
    return None if row is None else msgspec.convert(dict(row), Request)


async def find(tx: Tx, request_id: uuid.UUID) -> Request | None:
    """Return a request that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1", request_id)
    return None if row is None else msgspec.convert(dict(row), Request)


async def find_open(tx: Tx, number: str, kind: Kind | None = None) -> Request | None:
    """Return a request about a certificate that waits for its decision, or None."""
    row = await tx.fetch_one(
        f"""{_SELECT} WHERE certificate_number = $1 AND state = 'filed'
              AND ($2::text IS NULL OR kind = $2) ORDER BY filed_at LIMIT 1""",
        number,
        None if kind is None else kind.value,
    )
    return None if row is None else msgspec.convert(dict(row), Request)


async def list_of_certificate(tx: Tx, number: str) -> list[Request]:
    """Return the requests about a certificate that the actor may see, the first first."""
    rows = await tx.fetch(f"{_SELECT} WHERE certificate_number = $1 ORDER BY filed_at, id", number)
    return [msgspec.convert(dict(row), Request) for row in rows]


async def list_over(tx: Tx, *, today: dt.date, limit: int) -> list[str]:
    """Return the certificates whose term is over and for which no renewal waits."""
    rows = await tx.fetch(
        """
        SELECT number FROM catalog.certificates c
         WHERE valid_through < $1 AND state IN ('active', 'frozen')
           AND NOT EXISTS (SELECT 1 FROM catalog.certificate_requests r
                            WHERE r.certificate_number = c.number AND r.state = 'filed'
                              AND r.kind = 'renewal')
         ORDER BY valid_through, number LIMIT $2""",
        today,
        limit,
    )
    return [row["number"] for row in rows]
