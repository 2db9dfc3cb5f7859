"""Tables and statements of the consents, and of what they come to."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from market.consents.model import Consent, Grounds

CONSENTS: Final = sa.Table(
    "consents",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("holder_party_id", sa.Uuid, nullable=False),
    sa.Column("recipient_party_id", sa.Uuid, nullable=False),
    sa.Column("person_ref", sa.Text, nullable=False),
    sa.Column("scenario", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("data_categories", postgresql.ARRAY(sa.Text), nullable=False),
    sa.Column("recipient", postgresql.JSONB, nullable=False),
    sa.Column("method", sa.Text, nullable=False),
    sa.Column("term_from", sa.Date, nullable=False),
    sa.Column("term_to", sa.Date, nullable=False),
    sa.Column("separate", sa.Boolean, nullable=False),
    sa.Column("sensitive", sa.Boolean, nullable=False),
    sa.Column("presented_policy_version", sa.Text, nullable=False),
    sa.Column("evidence_sha256", sa.Text, nullable=False),
    sa.Column("secret_sha256", sa.LargeBinary, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
    sa.Column("narrowed_at", sa.DateTime(timezone=True)),
    sa.Column("is_purpose_narrowed", sa.Boolean, nullable=False, server_default=sa.false()),
    schema="market",
)

CONSENT_GROUNDS: Final = sa.Table(
    "consent_grounds",
    METADATA,
    sa.Column("product_id", sa.Uuid, primary_key=True),
    sa.Column("scenario", sa.Text, primary_key=True),
    sa.Column("recipient_party_id", sa.Uuid, primary_key=True),
    sa.Column("standing", sa.Integer, nullable=False),
    sa.Column("begins_on", sa.Date),
    sa.Column("ends_on", sa.Date),
    sa.Column("stopped_through_version", sa.Integer, nullable=False),
    sa.Column("purposes", postgresql.ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("stopped_at", sa.DateTime(timezone=True)),
    schema="market",
)

SELECT: Final = """
    SELECT id, product_id, holder_party_id, person_ref, scenario, purpose, data_categories,
           recipient, method, term_from, term_to, separate, sensitive, presented_policy_version,
           evidence_sha256, state, granted_at, withdrawn_at, narrowed_at, is_purpose_narrowed
      FROM market.consents"""


async def insert(tx: Tx, consents: Sequence[tuple[Consent, bytes]]) -> None:
    """Add consents, each with the digest of its person's secret."""
    await tx.insert_many(
        CONSENTS,
        [
            msgspec.structs.asdict(consent)
            | {
                "recipient": msgspec.to_builtins(consent.recipient),
                "recipient_party_id": consent.recipient.party_id,
                "data_categories": list(consent.data_categories),
                "state": consent.state.value,
                "secret_sha256": secret_sha256,
            }
            for consent, secret_sha256 in consents
        ],
    )


async def lock(tx: Tx, consent_id: uuid.UUID) -> Consent | None:
    """Lock and return a consent, or None if the actor sees none."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1 FOR UPDATE", consent_id)
    return None if row is None else consent_of(row)


async def find_by_secret(tx: Tx, secret_sha256: bytes) -> Consent | None:
    """Return the consent whose person holds this secret, or None."""
    row = await tx.fetch_one(SELECT + " WHERE secret_sha256 = $1", secret_sha256)
    return None if row is None else consent_of(row)


async def list_of_person(tx: Tx, *, holder: uuid.UUID, person_ref: str) -> list[Consent]:
    """Return every consent that a person gave to a holder, oldest first."""
    rows = await tx.fetch(
        SELECT + " WHERE holder_party_id = $1 AND person_ref = $2 ORDER BY id LIMIT 10000",
        holder,
        person_ref,
    )
    return [consent_of(row) for row in rows]


async def update(tx: Tx, consent: Consent) -> None:
    """Write back a consent that ended or was narrowed, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.consents
           SET state = $2, withdrawn_at = $3, narrowed_at = $4, is_purpose_narrowed = $5,
               purpose = $6, data_categories = $7, term_to = $8
         WHERE id = $1""",
        consent.id,
        consent.state.value,
        consent.withdrawn_at,
        consent.narrowed_at,
        consent.is_purpose_narrowed,
        consent.purpose,
        list(consent.data_categories),
        consent.term_to,
    )
    assert touched == 1, "a locked consent can not vanish"


async def open_grounds(tx: Tx, consent: Consent) -> None:
    """Let there be a row for what the consents of this kind come to, and lock it."""
    await tx.execute(
        """
        INSERT INTO market.consent_grounds
            (product_id, scenario, recipient_party_id, standing, stopped_through_version)
        VALUES ($1, $2, $3, 0, 0)
            ON CONFLICT (product_id, scenario, recipient_party_id) DO UPDATE
           SET standing = market.consent_grounds.standing""",
        consent.product_id,
        consent.scenario,
        consent.recipient.party_id,
    )


async def sum_up(
    tx: Tx, consent: Consent, *, stopped_through: int, stopped_at: dt.datetime | None
) -> None:
    """Write down anew what the consents of this kind come to; the caller holds the row locked.

    ``stopped_at`` is when somebody withdrew or narrowed something just now.
    """
    await tx.execute(
        """
        UPDATE market.consent_grounds g
           SET standing = s.standing, begins_on = s.begins_on, ends_on = s.ends_on,
               purposes = s.purposes,
               stopped_through_version = greatest(g.stopped_through_version, $4),
               stopped_at = coalesce($5, g.stopped_at)
          FROM (SELECT count(*) AS standing, max(term_from) AS begins_on, min(term_to) AS ends_on,
                       coalesce(array_agg(DISTINCT purpose) FILTER (WHERE is_purpose_narrowed),
                                '{}') AS purposes
                  FROM market.consents
                 WHERE product_id = $1 AND scenario = $2 AND recipient_party_id = $3
                   AND state = 'standing') s
         WHERE g.product_id = $1 AND g.scenario = $2 AND g.recipient_party_id = $3""",
        consent.product_id,
        consent.scenario,
        consent.recipient.party_id,
        stopped_through,
        stopped_at,
    )


async def find_grounds(
    tx: Tx, *, product_id: uuid.UUID, scenario: str, recipient: uuid.UUID
) -> Grounds | None:
    """Return what the consents for a use come to, or None if there are none."""
    row = await tx.fetch_one(
        """
        SELECT product_id, scenario, recipient_party_id, standing, begins_on, ends_on,
               stopped_through_version, purposes
          FROM market.consent_grounds
         WHERE product_id = $1 AND scenario = $2 AND recipient_party_id = $3""",
        product_id,
        scenario,
        recipient,
    )
    return None if row is None else msgspec.convert(dict(row), Grounds)


async def list_over(tx: Tx, *, today: dt.date, limit: int) -> list[uuid.UUID]:
    """Return consents that stand and whose last day is past."""
    rows = await tx.fetch(
        """
        SELECT id FROM market.consents WHERE state = 'standing' AND term_to < $1
         ORDER BY term_to, id LIMIT $2""",
        today,
        limit,
    )
    return [row["id"] for row in rows]


def consent_of(row: Row) -> Consent:
    """Return the consent in a row."""
    return msgspec.convert(dict(row), Consent)
