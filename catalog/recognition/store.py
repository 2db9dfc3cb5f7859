"""Tables and statements of the foreign certificates (外部凭证) and their registrars."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Final

import msgspec
import sqlalchemy as sa

from catalog.kernel.db import METADATA, Tx, beyond_own_rows, select_all
from catalog.recognition.model import ForeignCertificate, Registrar, Resembling

REGISTRARS: Final = sa.Table(
    "foreign_registrars",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("agreement", sa.Text, nullable=False),
    sa.Column("keys", sa.Text),
    sa.Column("entered_by", sa.Uuid),
    sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
    schema="catalog",
)

FOREIGN: Final = sa.Table(
    "foreign_certificates",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("registrar_id", sa.Uuid, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("holder_name", sa.Text, nullable=False),
    sa.Column("product_name", sa.Text, nullable=False),
    sa.Column("issued_on", sa.Date, nullable=False),
    sa.Column("valid_to", sa.Date),
    sa.Column("file_id", sa.Uuid, nullable=False),
    sa.Column("file_sha256", sa.Text, nullable=False),
    sa.Column("is_signature_checked", sa.Boolean, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("imported_by", sa.Uuid),
    sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("checked_by", sa.Uuid),
    sa.Column("source", sa.Text),
    sa.Column("verified_by", sa.Uuid),
    sa.Column("verified_at", sa.DateTime(timezone=True)),
    sa.Column("recognised_at", sa.DateTime(timezone=True)),
    sa.Column("recheck_by", sa.Date),
    sa.Column("lapsed_at", sa.DateTime(timezone=True)),
    sa.Column("reason", sa.Text),
    schema="catalog",
)

_SELECT_REGISTRARS: Final = select_all(REGISTRARS)
_SELECT: Final = select_all(FOREIGN)


async def insert_registrar(tx: Tx, registrar: Registrar) -> bool:
    """Insert a registrar; tell False if one of this name is there."""
    known = await tx.fetch_value(
        "SELECT 1 FROM catalog.foreign_registrars WHERE name = $1", registrar.name
    )
    if known is not None:
        return False
    await tx.insert(REGISTRARS, **msgspec.structs.asdict(registrar))
    return True


async def find_registrar(tx: Tx, registrar_id: uuid.UUID) -> Registrar | None:
    """Return a registrar, or None."""
    row = await tx.fetch_one(f"{_SELECT_REGISTRARS} WHERE id = $1", registrar_id)
    return None if row is None else msgspec.convert(dict(row), Registrar)


async def list_registrars(tx: Tx) -> list[Registrar]:
    """Return the registrars by their names; the bureau names few."""
    rows = await tx.fetch(f"{_SELECT_REGISTRARS} ORDER BY name, id LIMIT 1000")
    return [msgspec.convert(dict(row), Registrar) for row in rows]


async def insert(tx: Tx, certificate: ForeignCertificate) -> bool:
    """Insert a foreign certificate; tell False if it was imported before and not rejected."""
    async with beyond_own_rows(tx):
        known = await tx.fetch_value(
            """
            SELECT 1 FROM catalog.foreign_certificates
             WHERE registrar_id = $1 AND number = $2
               AND state NOT IN ('rejected', 'withdrawn')""",
            certificate.registrar_id,
            certificate.number,
        )
    if known is not None:
        return False
    values = msgspec.structs.asdict(certificate)
    await tx.insert(FOREIGN, **{**values, "state": certificate.state.value})
    return True


async def lock(tx: Tx, certificate_id: uuid.UUID) -> ForeignCertificate | None:
    """Lock and return a foreign certificate that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1 FOR UPDATE", certificate_id)
    return None if row is None else msgspec.convert(dict(row), ForeignCertificate)


async def find(tx: Tx, certificate_id: uuid.UUID) -> ForeignCertificate | None:
    """Return a foreign certificate that the actor may see, or None."""
    row = await tx.fetch_one(f"{_SELECT} WHERE id = $1", certificate_id)
    return None if row is None else msgspec.convert(dict(row), ForeignCertificate)


async def find_recognised(tx: Tx, product_id: uuid.UUID) -> ForeignCertificate | None:
    """Return the recognised foreign certificate of a product, the newest, or None."""
    row = await tx.fetch_one(
        f"""{_SELECT} WHERE product_id = $1 AND state = 'recognised'
            ORDER BY id DESC LIMIT 1""",
        product_id,
    )
    return None if row is None else msgspec.convert(dict(row), ForeignCertificate)


async def list_page(
    tx: Tx,
    *,
    product_id: uuid.UUID | None,
    state: str | None,
    before: uuid.UUID | None,
    limit: int,
) -> list[ForeignCertificate]:
    """Return foreign certificates that the actor may see, the newest first."""
    rows = await tx.fetch(
        f"""{_SELECT}
         WHERE ($1::uuid IS NULL OR product_id = $1) AND ($2::text IS NULL OR state = $2)
           AND ($3::uuid IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4""",
        product_id,
        state,
        before,
        limit,
    )
    return [msgspec.convert(dict(row), ForeignCertificate) for row in rows]


async def list_resembling(
    tx: Tx, *, product_id: uuid.UUID, product_name: str, holder_names: list[str]
) -> list[Resembling]:
    """Return foreign certificates of the same product, or of its name and an owner in common."""
    rows = await tx.fetch(
        """
        SELECT id, number, state FROM catalog.foreign_certificates
         WHERE state <> 'rejected'
           AND (product_id = $1 OR (product_name = $2 AND holder_name = ANY($3::text[])))
         ORDER BY id LIMIT 50""",
        product_id,
        product_name,
        holder_names,
    )
    return [msgspec.convert(dict(row), Resembling) for row in rows]


async def list_lapsing(tx: Tx, *, today: dt.date, limit: int) -> list[uuid.UUID]:
    """Return recognised certificates that do not count any more and are not marked so."""
    rows = await tx.fetch(
        """
        SELECT id FROM catalog.foreign_certificates
         WHERE state = 'recognised' AND lapsed_at IS NULL
           AND (recheck_by < $1 OR valid_to < $1)
         ORDER BY id LIMIT $2""",
        today,
        limit,
    )
    return [row["id"] for row in rows]


async def update(tx: Tx, certificate: ForeignCertificate) -> None:
    """Write back what may change of a foreign certificate, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE catalog.foreign_certificates
           SET state = $2, checked_by = $3, source = $4, verified_by = $5, verified_at = $6,
               recognised_at = $7, recheck_by = $8, reason = $9, lapsed_at = $10
         WHERE id = $1""",
        certificate.id,
        certificate.state.value,
        certificate.checked_by,
        certificate.source,
        certificate.verified_by,
        certificate.verified_at,
        certificate.recognised_at,
        certificate.recheck_by,
        certificate.reason,
        certificate.lapsed_at,
    )
    assert touched == 1, "a locked certificate can not vanish"
