"""Keep the certificates themselves (凭证), and what became of each."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from catalog.certificates.model import Certificate, CertificateSummary, Change
from catalog.certificates.register_events import RegisterEvent
from catalog.certificates.states import State
from catalog.certificates.store import status_lists
from catalog.kernel.db import METADATA, Tx, select_all
from catalog.kernel.ids import new_id

CERTIFICATES: Final = sa.Table(
    "certificates",
    METADATA,
    sa.Column("number", sa.Text, primary_key=True),
    sa.Column("application_id", sa.Uuid, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("product_name", sa.Text, nullable=False),
    sa.Column("registrant_party_id", sa.Uuid, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("record_sha256", sa.Text, nullable=False),
    sa.Column("key_id", sa.Text, nullable=False),
    sa.Column("signature", sa.LargeBinary, nullable=False),
    sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("issued_by", sa.Uuid),
    sa.Column("entry_id", sa.Uuid, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
    sa.Column("open_objections", sa.Integer, nullable=False),
    sa.Column("supersedes", sa.Text),
    sa.Column("product_valid_to", sa.Date),
    sa.Column("product_remind_on", sa.Date),
    sa.Column("product_reminded_at", sa.DateTime(timezone=True)),
    sa.Column("product_expired_at", sa.DateTime(timezone=True)),
    sa.Column("rulebook", sa.Text, nullable=False),
    sa.Column("valid_through", sa.Date),
    schema="catalog",
)


CERTIFICATE_CHANGES: Final = sa.Table(
    "certificate_changes",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    schema="catalog",
)


_SUMMARY: Final = """number, product_id, product_name, registrant_party_id, version, record_sha256,
                     issued_at, state, state_since, product_valid_to, product_expired_at, rulebook,
                     valid_through"""


_SELECT_CERTIFICATES: Final = select_all(CERTIFICATES)


async def insert(tx: Tx, certificate: Certificate) -> None:
    """Insert a certificate; its document is never changed."""
    values: dict[str, Any] = msgspec.structs.asdict(certificate)
    await tx.insert(CERTIFICATES, **{**values, "state": certificate.state.value})
    await insert_change(tx, certificate, event=RegisterEvent.ISSUED, reason="issued")
    await status_lists.draw_status_place(tx, certificate.number)


async def insert_change(
    tx: Tx, certificate: Certificate, *, event: RegisterEvent, reason: str
) -> None:
    """Insert what became of a certificate; with that it is announced."""
    await tx.insert(
        CERTIFICATE_CHANGES,
        id=new_id(),
        number=certificate.number,
        state=certificate.state.value,
        at=certificate.state_since,
        reason=reason,
        event=event.value,
    )


async def update_state(tx: Tx, certificate: Certificate) -> None:
    """Write back what may change of ``certificate``, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE catalog.certificates
           SET state = $2, state_since = $3, open_objections = $4, product_reminded_at = $5,
               product_expired_at = $6
         WHERE number = $1""",
        certificate.number,
        certificate.state.value,
        certificate.state_since,
        certificate.open_objections,
        certificate.product_reminded_at,
        certificate.product_expired_at,
    )
    assert touched == 1, "a locked certificate can not vanish"


async def lock(tx: Tx, number: str) -> Certificate | None:
    """Lock and return a certificate, or None."""
    row = await tx.fetch_one(f"{_SELECT_CERTIFICATES} WHERE number = $1 FOR UPDATE", number)
    return None if row is None else msgspec.convert(dict(row), Certificate)


async def find(tx: Tx, number: str) -> Certificate | None:
    """Return a certificate, or None."""
    row = await tx.fetch_one(f"{_SELECT_CERTIFICATES} WHERE number = $1", number)
    return None if row is None else msgspec.convert(dict(row), Certificate)


async def find_number_by_sha256(tx: Tx, sha256: str) -> str | None:
    """Return the number of the certificate whose signed document has this digest, or None."""
    found: str | None = await tx.fetch_value(
        "SELECT number FROM catalog.certificates WHERE record_sha256 = $1", sha256
    )
    return found


async def list_counting(tx: Tx, product_id: uuid.UUID) -> list[CertificateSummary]:
    """Return the active or frozen certificates of a product: one at most under each rulebook."""
    rows = await tx.fetch(
        f"""
        SELECT {_SUMMARY} FROM catalog.certificates
         WHERE product_id = $1 AND state IN ('active', 'frozen')
         ORDER BY issued_at, number LIMIT 100""",  # noqa: S608 - our columns
        product_id,
    )
    return [msgspec.convert(dict(row), CertificateSummary) for row in rows]


async def list_of_product(tx: Tx, product_id: uuid.UUID) -> list[CertificateSummary]:
    """Return all certificates that a product ever had, the oldest first."""
    rows = await tx.fetch(
        f"""
        SELECT {_SUMMARY} FROM catalog.certificates
         WHERE product_id = $1 ORDER BY issued_at, number""",  # noqa: S608 - our columns
        product_id,
    )
    return [msgspec.convert(dict(row), CertificateSummary) for row in rows]


async def list_page(
    tx: Tx, *, state: State | None, before: tuple[dt.datetime, str] | None, limit: int
) -> list[CertificateSummary]:
    """Return lines of the register, the newest first, from behind ``before``."""
    issued_at, number = before or (None, None)
    rows = await tx.fetch(
        f"""
        SELECT {_SUMMARY} FROM catalog.certificates
         WHERE ($1::text IS NULL OR state = $1)
           AND ($2::timestamptz IS NULL OR (issued_at, number) < ($2, $3::text))
         ORDER BY issued_at DESC, number DESC LIMIT $4""",  # noqa: S608 - our columns
        None if state is None else state.value,
        issued_at,
        number,
        limit,
    )
    return [msgspec.convert(dict(row), CertificateSummary) for row in rows]


async def list_of_application(tx: Tx, application_id: uuid.UUID) -> list[str]:
    """Return the numbers of the certificates that go back to an application, the oldest first."""
    rows = await tx.fetch(
        "SELECT number FROM catalog.certificates WHERE application_id = $1 ORDER BY version",
        application_id,
    )
    return [row["number"] for row in rows]


async def find_successor(tx: Tx, number: str) -> str | None:
    """Return the number of the certificate that took this one's place, or None."""
    found: str | None = await tx.fetch_value(
        "SELECT number FROM catalog.certificates WHERE supersedes = $1", number
    )
    return found


async def list_changes(tx: Tx, number: str) -> list[Change]:
    """Return what became of a certificate, the oldest first."""
    rows = await tx.fetch(
        """
        SELECT state, at, reason, event FROM catalog.certificate_changes
         WHERE number = $1 ORDER BY id""",
        number,
    )
    return [msgspec.convert(dict(row), Change) for row in rows]


async def list_expired(tx: Tx, *, today: dt.date, limit: int) -> list[str]:
    """Return certificates that count although the validity of their product is over."""
    rows = await tx.fetch(
        """
        SELECT number FROM catalog.certificates
         WHERE state = 'active' AND product_expired_at IS NULL AND product_valid_to < $1
         ORDER BY product_valid_to, number LIMIT $2""",
        today,
        limit,
    )
    return [row["number"] for row in rows]


async def list_to_remind(tx: Tx, *, today: dt.date, limit: int) -> list[str]:
    """Return certificates whose holder is to be reminded that the product's validity will end."""
    rows = await tx.fetch(
        """
        SELECT number FROM catalog.certificates
         WHERE state = 'active' AND product_reminded_at IS NULL AND product_expired_at IS NULL
           AND product_remind_on <= $1 AND product_valid_to >= $1
         ORDER BY product_valid_to, number LIMIT $2""",
        today,
        limit,
    )
    return [row["number"] for row in rows]
