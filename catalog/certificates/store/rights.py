"""Keep which right a certificate registers, and for whom (登记的权利)."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from catalog.kernel.db import METADATA, Tx

REGISTERED_RIGHTS: Final = sa.Table(
    "registered_rights",
    METADATA,
    sa.Column("certificate_number", sa.Text, primary_key=True),
    sa.Column("right_name", sa.Text, primary_key=True),
    sa.Column("holder_party_id", sa.Uuid, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("content_sha256", sa.Text),
    schema="catalog",
)


async def find_registered_right(
    tx: Tx, *, product_id: uuid.UUID, content_sha256: str | None, rights: Sequence[str]
) -> tuple[str, str] | None:
    """Return a right that another certificate counts for, with its number, of this product or content.

    Whoever asks at the same time about the same content waits.
    """
    await tx.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
        f"rights of {content_sha256 or product_id}",
    )
    row = await tx.fetch_one(
        """
        SELECT r.right_name, r.certificate_number
          FROM catalog.registered_rights r
          JOIN catalog.certificates c ON c.number = r.certificate_number
         WHERE c.state IN ('active', 'frozen') AND r.right_name = ANY($3::text[])
           AND (r.product_id = $1 OR r.content_sha256 = $2)
         ORDER BY r.certificate_number, r.right_name LIMIT 1""",
        product_id,
        content_sha256,
        list(rights),
    )
    return None if row is None else (row["right_name"], row["certificate_number"])


async def insert_right(
    tx: Tx,
    *,
    certificate_number: str,
    right: str,
    holder: uuid.UUID,
    product_id: uuid.UUID,
    content_sha256: str | None,
) -> None:
    """Insert a right that a certificate registers, and for whom."""
    await tx.insert(
        REGISTERED_RIGHTS,
        certificate_number=certificate_number,
        right_name=right,
        holder_party_id=holder,
        product_id=product_id,
        content_sha256=content_sha256,
    )


async def copy_rights(
    tx: Tx, *, old: str, new: str, from_party: uuid.UUID, to_party: uuid.UUID
) -> None:
    """Let a certificate register the rights of the one whose place it took.

    What the old registrant held the new one holds; the rights of others stay theirs.
    """
    await tx.execute(
        """
        INSERT INTO catalog.registered_rights
               (certificate_number, right_name, holder_party_id, product_id, content_sha256)
        SELECT $2, right_name, CASE holder_party_id WHEN $3 THEN $4 ELSE holder_party_id END,
               product_id, content_sha256
          FROM catalog.registered_rights WHERE certificate_number = $1""",
        old,
        new,
        from_party,
        to_party,
    )


async def list_rights_of(tx: Tx, number: str, holder: uuid.UUID) -> list[str]:
    """Return the rights that a certificate registers for a holder."""
    rows = await tx.fetch(
        """
        SELECT right_name FROM catalog.registered_rights
         WHERE certificate_number = $1 AND holder_party_id = $2 ORDER BY right_name""",
        number,
        holder,
    )
    return [row["right_name"] for row in rows]
