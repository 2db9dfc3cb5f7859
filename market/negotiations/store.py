"""Tables and statements of negotiations (磋商) and their messages: one row for each side's copy."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.ids import PartyId
from catalog.signing.model import Signature
from market.contracts.policy import PolicyAgreement, PolicyOffer
from market.negotiations.model import (
    Copy,
    Exchanged,
    Message,
    Negotiation,
    NegotiationId,
    Outcome,
    Role,
)
from market.negotiations.states import State

_INSTANT: Final = sa.DateTime(timezone=True)

NEGOTIATIONS: Final = sa.Table(
    "negotiations",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("party_id", sa.Uuid, nullable=False),
    sa.Column("other_party_id", sa.Uuid, nullable=False),
    sa.Column("other_pid", sa.Text),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("offer", postgresql.JSONB, nullable=False),
    sa.Column("offered_by", sa.Text, nullable=False),
    sa.Column("agreement", postgresql.JSONB),
    sa.Column("document", postgresql.BYTEA),
    sa.Column("consumer_signature", postgresql.JSONB),
    sa.Column("provider_signature", postgresql.JSONB),
    sa.Column("code", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("updated_at", _INSTANT, nullable=False),
    schema="market",
)

NEGOTIATION_MESSAGES: Final = sa.Table(
    "negotiation_messages",
    METADATA,
    sa.Column("negotiation_id", sa.Uuid, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("place", sa.BigInteger, sa.Identity(), nullable=False),
    sa.Column("is_sent", sa.Boolean, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("body", postgresql.JSONB, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("code", sa.Text),
    sa.Column("at", _INSTANT, nullable=False),
    sa.Column("settled_at", _INSTANT),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_attempt_at", _INSTANT),
    schema="market",
)

SELECT: Final = """
    SELECT n.id, n.role, n.party_id, n.other_party_id, n.other_pid, n.product_id, n.state, n.offer,
           n.offered_by, n.agreement, n.document, n.consumer_signature, n.provider_signature, n.code, n.reason, n.version, n.created_at, n.updated_at,
           ARRAY(SELECT m.body FROM market.negotiation_messages m
                  WHERE m.negotiation_id = n.id AND m.is_sent AND m.outcome = 'pending'
                  ORDER BY m.place) AS pending
      FROM market.negotiations n"""


async def insert(tx: Tx, negotiation: Negotiation) -> None:
    """Insert a side's new copy."""
    copy = negotiation.copy
    await tx.insert(
        NEGOTIATIONS,
        id=negotiation.id,
        role=copy.role.value,
        party_id=negotiation.party_id,
        other_party_id=negotiation.other_party_id,
        product_id=negotiation.product_id,
        version=negotiation.version,
        created_at=negotiation.created_at,
        updated_at=negotiation.updated_at,
        **_moving(copy),
    )


async def update(tx: Tx, negotiation: Negotiation) -> None:
    """Write back a copy that the caller holds locked."""
    values = _moving(negotiation.copy)
    touched = await tx.execute(
        """
        UPDATE market.negotiations
           SET other_pid = $2, state = $3, offer = $4, offered_by = $5, agreement = $6, code = $7,
               reason = $8, version = $9, updated_at = $10, document = $11,
               consumer_signature = $12, provider_signature = $13
         WHERE id = $1""",
        negotiation.id,
        values["other_pid"],
        values["state"],
        values["offer"],
        values["offered_by"],
        values["agreement"],
        values["code"],
        values["reason"],
        negotiation.version,
        negotiation.updated_at,
        values["document"],
        values["consumer_signature"],
        values["provider_signature"],
    )
    assert touched == 1, "a locked copy can not vanish"


async def find(tx: Tx, negotiation_id: uuid.UUID) -> Negotiation | None:
    """Return a copy that the actor may see, or None."""
    row = await tx.fetch_one(SELECT + " WHERE n.id = $1", negotiation_id)
    return None if row is None else negotiation_of(row)


async def find_other(tx: Tx, own: Negotiation) -> Negotiation | None:
    """Return the other side's copy, if it lives in this house."""
    row = await tx.fetch_one(
        SELECT + " WHERE n.party_id = $1 AND n.role = $2 AND n.other_pid = $3",
        own.other_party_id,
        own.copy.role.other.value,
        own.copy.own_pid,
    )
    return None if row is None else negotiation_of(row)


async def find_by_pid(tx: Tx, pid: str) -> Negotiation | None:
    """Return the copy that one of this house knows by a name, or None."""
    row = await tx.fetch_one(SELECT + " WHERE 'urn:uuid:' || n.id = $1", pid)
    return None if row is None else negotiation_of(row)


async def find_by_other_pid(
    tx: Tx, *, party: PartyId, other: PartyId, other_pid: str
) -> Negotiation | None:
    """Return a party's copy of what the other side knows by a name, or None."""
    row = await tx.fetch_one(
        SELECT + " WHERE n.party_id = $1 AND n.other_party_id = $2 AND n.other_pid = $3",
        party,
        other,
        other_pid,
    )
    return None if row is None else negotiation_of(row)


async def take_turn(tx: Tx, other_pid: str) -> None:
    """Wait for whoever takes in a message of the same negotiation: its first word makes one copy."""
    await tx.fetch(
        "SELECT pg_advisory_xact_lock(hashtextextended('negotiation ' || $1, 0))", other_pid
    )


async def list_due_elsewhere(
    tx: Tx, parties: Sequence[PartyId], *, now: dt.datetime, limit: int
) -> list[tuple[NegotiationId, PartyId]]:
    """Return the copies with a message that is due to one of these parties, the longest waiting first."""
    rows = await tx.fetch(
        """
        SELECT n.id, n.other_party_id
          FROM market.negotiation_messages m
          JOIN market.negotiations n ON n.id = m.negotiation_id
         WHERE m.is_sent AND m.outcome = 'pending' AND m.next_attempt_at <= $1
           AND n.other_party_id = ANY($2::uuid[])
         ORDER BY m.next_attempt_at, m.place LIMIT $3""",
        now,
        list(parties),
        limit,
    )
    return [(NegotiationId(row["id"]), PartyId(row["other_party_id"])) for row in rows]


async def lock(tx: Tx, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Negotiation]:
    """Lock and return the copies that the actor may see, the smallest id first."""
    await tx.fetch(
        "SELECT FROM market.negotiations WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE",
        list(ids),
    )
    # What is pending is read once nobody else can say anything any more.
    rows = await tx.fetch(SELECT + " WHERE n.id = ANY($1::uuid[])", list(ids))
    return {row["id"]: negotiation_of(row) for row in rows}


async def add_message(
    tx: Tx, negotiation_id: uuid.UUID, message: Message, exchanged: Exchanged
) -> bool:
    """Keep a message beside a copy; False if it is kept already."""
    touched = await tx.execute(
        """
        INSERT INTO market.negotiation_messages (
            negotiation_id, id, is_sent, event, body, outcome, code, at, settled_at, attempts,
            next_attempt_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING""",
        negotiation_id,
        message.id,
        exchanged.is_sent,
        message.event.value,
        msgspec.to_builtins(message),
        exchanged.outcome.value,
        exchanged.code,
        exchanged.at,
        exchanged.settled_at,
        exchanged.attempts,
        exchanged.next_attempt_at,
    )
    return touched == 1


async def settle(
    tx: Tx,
    negotiation_id: uuid.UUID,
    ids: Sequence[str],
    outcome: Outcome,
    *,
    now: dt.datetime,
    code: str | None = None,
) -> None:
    """Note what became of messages that were pending."""
    await tx.execute(
        """
        UPDATE market.negotiation_messages
           SET outcome = $3, settled_at = $4, code = $5, next_attempt_at = NULL
         WHERE negotiation_id = $1 AND id = ANY($2::text[]) AND outcome = 'pending'""",
        negotiation_id,
        list(ids),
        outcome.value,
        now,
        code,
    )


async def count_attempt(
    tx: Tx, negotiation_id: uuid.UUID, message_id: str, *, next_attempt_at: dt.datetime
) -> None:
    """Count an attempt to send, and note when the next is due."""
    await tx.execute(
        """
        UPDATE market.negotiation_messages SET attempts = attempts + 1, next_attempt_at = $3
         WHERE negotiation_id = $1 AND id = $2 AND outcome = 'pending'""",
        negotiation_id,
        message_id,
        next_attempt_at,
    )


async def send_again(
    tx: Tx, negotiation_id: uuid.UUID, message_id: str, *, now: dt.datetime
) -> None:
    """Put a message that was sent back among those that are due."""
    await tx.execute(
        """
        UPDATE market.negotiation_messages
           SET outcome = 'pending', settled_at = NULL, code = NULL, next_attempt_at = $3
         WHERE negotiation_id = $1 AND id = $2 AND is_sent""",
        negotiation_id,
        message_id,
        now,
    )


async def find_message(tx: Tx, negotiation_id: uuid.UUID, message_id: str) -> Exchanged | None:
    """Return a message as it is kept beside a copy, or None."""
    row = await tx.fetch_one(
        _MESSAGE + " WHERE negotiation_id = $1 AND id = $2", negotiation_id, message_id
    )
    return None if row is None else _exchanged(row)


async def list_messages(tx: Tx, negotiation_id: uuid.UUID) -> list[Exchanged]:
    """Return what was said, in the order in which this side kept it."""
    rows = await tx.fetch(
        _MESSAGE + " WHERE negotiation_id = $1 ORDER BY place LIMIT 1000", negotiation_id
    )
    return [_exchanged(row) for row in rows]


async def list_due(
    tx: Tx, *, now: dt.datetime, limit: int, elsewhere: Sequence[PartyId] = ()
) -> list[tuple[NegotiationId, NegotiationId | None]]:
    """Return the copies with a message that is due, and the other side's copy if there is one."""
    rows = await tx.fetch(
        """
        SELECT n.id, o.id AS other_id
          FROM market.negotiation_messages m
          JOIN market.negotiations n ON n.id = m.negotiation_id
          LEFT JOIN market.negotiations o
            ON o.party_id = n.other_party_id AND o.role <> n.role AND o.other_pid = 'urn:uuid:' || n.id
         WHERE m.is_sent AND m.outcome = 'pending' AND m.next_attempt_at <= $1
           AND NOT n.other_party_id = ANY($3::uuid[])
         ORDER BY m.next_attempt_at, m.place LIMIT $2""",
        now,
        limit,
        list(elsewhere),
    )
    return [(row["id"], row["other_id"]) for row in rows]


async def list_silent(tx: Tx, *, before: dt.datetime, limit: int) -> list[NegotiationId]:
    """Return the open copies in which nothing has moved since an instant, the longest first."""
    rows = await tx.fetch(
        """
        SELECT id FROM market.negotiations
         WHERE state NOT IN ('finalized', 'terminated') AND updated_at <= $1
         ORDER BY updated_at, id LIMIT $2""",
        before,
        limit,
    )
    return [row["id"] for row in rows]


_MESSAGE: Final = """
    SELECT body, is_sent, outcome, at, settled_at, attempts, next_attempt_at, code
      FROM market.negotiation_messages"""


def negotiation_of(row: Row) -> Negotiation:
    """Return the copy in a row, with what is pending of it."""
    agreement = row["agreement"]
    return Negotiation(
        id=NegotiationId(row["id"]),
        party_id=PartyId(row["party_id"]),
        other_party_id=PartyId(row["other_party_id"]),
        product_id=row["product_id"],
        copy=Copy(
            role=Role(row["role"]),
            own_pid=row["id"].urn,
            other_pid=row["other_pid"],
            state=State(row["state"]),
            offer=msgspec.convert(row["offer"], PolicyOffer),
            offered_by=Role(row["offered_by"]),
            agreement=None if agreement is None else msgspec.convert(agreement, PolicyAgreement),
            document=row["document"],
            consumer_signature=_signature(row["consumer_signature"]),
            provider_signature=_signature(row["provider_signature"]),
            pending=tuple(msgspec.convert(body, Message) for body in row["pending"]),
            code=row["code"],
            reason=row["reason"],
        ),
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def _exchanged(row: Row) -> Exchanged:
    return msgspec.convert({**dict(row), "message": row["body"]}, Exchanged)


def _signature(told: Any) -> Signature | None:
    return None if told is None else msgspec.convert(told, Signature)


def _moving(copy: Copy) -> dict[str, Any]:
    return {
        "other_pid": copy.other_pid,
        "state": copy.state.value,
        "offer": msgspec.to_builtins(copy.offer),
        "offered_by": copy.offered_by.value,
        "agreement": None if copy.agreement is None else msgspec.to_builtins(copy.agreement),
        "document": copy.document,
        "consumer_signature": msgspec.to_builtins(copy.consumer_signature),
        "provider_signature": msgspec.to_builtins(copy.provider_signature),
        "code": copy.code,
        "reason": copy.reason,
    }
