"""Tables and statements of the certificates (凭证). The register is public: no row-level security."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.certificates import status_list
from catalog.certificates.credential import ListVersion, Place
from catalog.certificates.encumbrances import Encumbrance
from catalog.certificates.model import Certificate, CertificateSummary, Change
from catalog.certificates.register_events import Announcement, RegisterEvent
from catalog.certificates.reissuing import Reissue
from catalog.certificates.states import State
from catalog.certificates.transferring import Transfer
from catalog.kernel.db import METADATA, Tx, select_all
from catalog.kernel.ids import PartyId, new_id

CERTIFICATE_SERIALS: Final = sa.Table(
    "certificate_serials",
    METADATA,
    sa.Column("year", sa.Integer, primary_key=True),
    sa.Column("last_serial", sa.Integer, nullable=False),
    schema="catalog",
)

CODE_SERIALS: Final = sa.Table(
    "code_serials",
    METADATA,
    sa.Column("series", sa.Text, primary_key=True),
    sa.Column("last_serial", sa.Integer, nullable=False),
    schema="catalog",
)

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

ENCUMBRANCES: Final = sa.Table(
    "certificate_encumbrances",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("certificate_number", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("beneficiary", sa.Text, nullable=False),
    sa.Column("beneficiary_party_id", sa.Uuid),
    sa.Column("document_number", sa.Text, nullable=False),
    sa.Column("file_id", sa.Uuid, nullable=False),
    sa.Column("file_sha256", sa.Text, nullable=False),
    sa.Column("since_on", sa.Date, nullable=False),
    sa.Column("until_on", sa.Date),
    sa.Column("registered_by", sa.Uuid),
    sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("released_at", sa.DateTime(timezone=True)),
    sa.Column("release_reason", sa.Text),
    sa.Column("release_file_sha256", sa.Text),
    sa.Column("release_file_id", sa.Uuid),
    schema="catalog",
)

REISSUES: Final = sa.Table(
    "certificate_reissues",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("certificate_number", sa.Text, nullable=False),
    sa.Column("registrant_party_id", sa.Uuid, nullable=False),
    sa.Column("ground", sa.Text, nullable=False),
    sa.Column("ground_id", sa.Uuid, nullable=False),
    sa.Column("corrected", postgresql.JSONB, nullable=False),
    sa.Column("corrected_sha256", sa.Text, nullable=False),
    sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("bureau_party_id", sa.Uuid),
    sa.Column("authority", sa.Text),
    sa.Column("authorisation_number", sa.Text),
    sa.Column("authorisation", sa.LargeBinary),
    sa.Column("authorisation_sha256", sa.Text),
    sa.Column("key_id", sa.Text),
    sa.Column("signature", sa.LargeBinary),
    sa.Column("authorised_by", sa.Uuid),
    sa.Column("authorised_at", sa.DateTime(timezone=True)),
    sa.Column("new_certificate_number", sa.Text),
    sa.Column("issued_at", sa.DateTime(timezone=True)),
    sa.Column("needs_authorisation", sa.Boolean, nullable=False, server_default=sa.true()),
    schema="catalog",
)

TRANSFERS: Final = sa.Table(
    "certificate_transfers",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("certificate_number", sa.Text, nullable=False),
    sa.Column("from_party_id", sa.Uuid, nullable=False),
    sa.Column("to_party_id", sa.Uuid, nullable=False),
    sa.Column("agreement", sa.LargeBinary, nullable=False),
    sa.Column("agreement_sha256", sa.Text, nullable=False),
    sa.Column("contract_file_id", sa.Uuid),
    sa.Column("from_key_id", sa.Text, nullable=False),
    sa.Column("from_signature", sa.LargeBinary, nullable=False),
    sa.Column("offered_by", sa.Uuid),
    sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("to_key_id", sa.Text),
    sa.Column("to_signature", sa.LargeBinary),
    sa.Column("accepted_at", sa.DateTime(timezone=True)),
    sa.Column("bureau_party_id", sa.Uuid),
    sa.Column("authority", sa.Text),
    sa.Column("authorisation_number", sa.Text),
    sa.Column("authorisation", sa.LargeBinary),
    sa.Column("authorisation_sha256", sa.Text),
    sa.Column("authorisation_key_id", sa.Text),
    sa.Column("authorisation_signature", sa.LargeBinary),
    sa.Column("authorised_at", sa.DateTime(timezone=True)),
    sa.Column("new_certificate_number", sa.Text),
    sa.Column("issued_at", sa.DateTime(timezone=True)),
    sa.Column("ended_at", sa.DateTime(timezone=True)),
    sa.Column("needs_authorisation", sa.Boolean, nullable=False, server_default=sa.true()),
    schema="catalog",
)

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

_SUMMARY: Final = """number, product_id, product_name, registrant_party_id, version, record_sha256,
                     issued_at, state, state_since, product_valid_to, product_expired_at, rulebook,
                     valid_through"""


_ANNOUNCED: Final = """
    SELECT h.id, h.event, h.number, c.product_name, h.state, h.at, c.supersedes,
           n.number AS superseded_by
      FROM catalog.certificate_changes h
      JOIN catalog.certificates c ON c.number = h.number
      LEFT JOIN catalog.certificates n ON n.supersedes = h.number"""

_SELECT_CERTIFICATES: Final = select_all(CERTIFICATES)
_SELECT_ENCUMBRANCES: Final = select_all(ENCUMBRANCES)
_SELECT_REISSUES: Final = select_all(REISSUES)
_SELECT_TRANSFERS: Final = select_all(TRANSFERS)


async def next_serial(tx: Tx, year: int) -> int:
    """Return the next serial of ``year``; the row is held, so none is skipped or doubled."""
    serial: int = await tx.fetch_value(
        """
        INSERT INTO catalog.certificate_serials (year, last_serial) VALUES ($1, 1)
        ON CONFLICT (year) DO UPDATE SET last_serial = certificate_serials.last_serial + 1
        RETURNING last_serial""",
        year,
    )
    return serial


async def next_of_series(tx: Tx, series: str, *, most: int) -> int | None:
    """Return the next serial of a series, None if all are used; the row is held, so none is skipped."""
    serial: int | None = await tx.fetch_value(
        """
        INSERT INTO catalog.code_serials (series, last_serial) VALUES ($1, 1)
        ON CONFLICT (series) DO UPDATE SET last_serial = code_serials.last_serial + 1
            WHERE code_serials.last_serial < $2
        RETURNING last_serial""",
        series,
        most,
    )
    return serial


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


async def insert(tx: Tx, certificate: Certificate) -> None:
    """Insert a certificate; its document is never changed."""
    values: dict[str, Any] = msgspec.structs.asdict(certificate)
    await tx.insert(CERTIFICATES, **{**values, "state": certificate.state.value})
    await insert_change(tx, certificate, event=RegisterEvent.ISSUED, reason="issued")
    await _draw_status_place(tx, certificate.number)


async def _draw_status_place(tx: Tx, number: str) -> None:
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


async def insert_encumbrance(tx: Tx, burden: Encumbrance) -> None:
    """Insert a burden on a certificate."""
    await tx.insert(ENCUMBRANCES, **{**msgspec.structs.asdict(burden), "kind": burden.kind.value})


async def lock_encumbrance(tx: Tx, encumbrance_id: uuid.UUID) -> Encumbrance | None:
    """Lock and return a burden, or None."""
    row = await tx.fetch_one(f"{_SELECT_ENCUMBRANCES} WHERE id = $1 FOR UPDATE", encumbrance_id)
    return None if row is None else msgspec.convert(dict(row), Encumbrance)


async def update_encumbrance(tx: Tx, burden: Encumbrance) -> None:
    """Write that a burden was released, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE catalog.certificate_encumbrances
           SET released_at = $2, release_reason = $3, release_file_sha256 = $4,
               release_file_id = $5
         WHERE id = $1""",
        burden.id,
        burden.released_at,
        burden.release_reason,
        burden.release_file_sha256,
        burden.release_file_id,
    )
    assert touched == 1, "a locked burden can not vanish"


async def list_encumbrances(tx: Tx, number: str) -> list[Encumbrance]:
    """Return the burdens that the right in a certificate ever had, in the order of their rank.

    Also those that were entered on a certificate whose place this one took: they went with it.
    """
    rows = await tx.fetch(
        f"""{_SELECT_ENCUMBRANCES} WHERE certificate_number IN (
               SELECT one.number FROM catalog.certificates one
                 JOIN catalog.certificates asked ON asked.application_id = one.application_id
                WHERE asked.number = $1 AND one.version <= asked.version)
             ORDER BY registered_at, id""",  # noqa: S608 - our columns
        number,
    )
    return [msgspec.convert(dict(row), Encumbrance) for row in rows]


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


async def list_announcements(
    tx: Tx, *, event: RegisterEvent | None, before: uuid.UUID | None, limit: int
) -> list[Announcement]:
    """Return what was announced of certificates, the newest first, from behind ``before``."""
    rows = await tx.fetch(
        f"""{_ANNOUNCED}
         WHERE ($1::text IS NULL OR h.event = $1) AND ($2::uuid IS NULL OR h.id < $2)
         ORDER BY h.id DESC LIMIT $3""",
        None if event is None else event.value,
        before,
        limit,
    )
    return [msgspec.convert(dict(row), Announcement) for row in rows]


async def find_announcement(tx: Tx, announcement_id: uuid.UUID) -> Announcement | None:
    """Return one announcement, or None."""
    row = await tx.fetch_one(f"{_ANNOUNCED} WHERE h.id = $1", announcement_id)
    return None if row is None else msgspec.convert(dict(row), Announcement)


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


async def insert_reissue(tx: Tx, reissue: Reissue) -> None:
    """Insert that a certificate is to be issued anew."""
    values = msgspec.structs.asdict(reissue)
    corrected = msgspec.to_builtins(reissue.corrected)
    await tx.insert(REISSUES, **{**values, "ground": reissue.ground.value, "corrected": corrected})


async def lock_open_reissue(tx: Tx, number: str) -> Reissue | None:
    """Lock and return the correction of a certificate that is not issued yet, or None."""
    row = await tx.fetch_one(
        f"{_SELECT_REISSUES} WHERE certificate_number = $1 AND issued_at IS NULL FOR UPDATE",
        number,
    )
    return None if row is None else msgspec.convert(dict(row), Reissue)


async def list_reissues(tx: Tx, number: str) -> list[Reissue]:
    """Return the corrections of a certificate that the actor may see, the oldest first."""
    rows = await tx.fetch(
        f"{_SELECT_REISSUES} WHERE certificate_number = $1 ORDER BY id LIMIT 100", number
    )
    return [msgspec.convert(dict(row), Reissue) for row in rows]


async def is_reissue_number_used(tx: Tx, bureau: PartyId, number: str) -> bool:
    """Tell whether the bureau gave this number to another reissue."""
    used: bool = await tx.fetch_value(
        """
        SELECT EXISTS (SELECT FROM catalog.certificate_reissues
                        WHERE bureau_party_id = $1 AND authorisation_number = $2)""",
        bureau,
        number,
    )
    return used


async def update_reissue(tx: Tx, reissue: Reissue) -> None:
    """Write that a reissue was authorised or issued, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE catalog.certificate_reissues
           SET bureau_party_id = $2, authority = $3, authorisation_number = $4, authorisation = $5,
               authorisation_sha256 = $6, key_id = $7, signature = $8, authorised_by = $9,
               authorised_at = $10, new_certificate_number = $11, issued_at = $12
         WHERE id = $1""",
        reissue.id,
        reissue.bureau_party_id,
        reissue.authority,
        reissue.authorisation_number,
        reissue.authorisation,
        reissue.authorisation_sha256,
        reissue.key_id,
        reissue.signature,
        reissue.authorised_by,
        reissue.authorised_at,
        reissue.new_certificate_number,
        reissue.issued_at,
    )
    assert touched == 1, "a locked reissue can not vanish"


async def insert_transfer(tx: Tx, transfer: Transfer) -> None:
    """Insert that a certificate is offered to be handed on."""
    await tx.insert(TRANSFERS, **msgspec.structs.asdict(transfer))


async def lock_open_transfer(tx: Tx, number: str) -> Transfer | None:
    """Lock and return the transfer of a certificate that is under way and one may see, or None."""
    row = await tx.fetch_one(
        f"{_SELECT_TRANSFERS} WHERE certificate_number = $1 AND ended_at IS NULL FOR UPDATE",
        number,
    )
    return None if row is None else msgspec.convert(dict(row), Transfer)


async def list_transfers(tx: Tx, number: str) -> list[Transfer]:
    """Return the transfers of a certificate that the actor may see, the oldest first."""
    rows = await tx.fetch(
        f"{_SELECT_TRANSFERS} WHERE certificate_number = $1 ORDER BY id LIMIT 100", number
    )
    return [msgspec.convert(dict(row), Transfer) for row in rows]


async def is_transfer_number_used(tx: Tx, bureau: PartyId, number: str) -> bool:
    """Tell whether the bureau gave this number to another transfer."""
    used: bool = await tx.fetch_value(
        """
        SELECT EXISTS (SELECT FROM catalog.certificate_transfers
                        WHERE bureau_party_id = $1 AND authorisation_number = $2)""",
        bureau,
        number,
    )
    return used


async def update_transfer(tx: Tx, transfer: Transfer) -> None:
    """Write how far a transfer is, which the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE catalog.certificate_transfers
           SET to_key_id = $2, to_signature = $3, accepted_at = $4, bureau_party_id = $5,
               authority = $6, authorisation_number = $7, authorisation = $8,
               authorisation_sha256 = $9, authorisation_key_id = $10,
               authorisation_signature = $11, authorised_at = $12, new_certificate_number = $13,
               issued_at = $14, ended_at = $15
         WHERE id = $1""",
        transfer.id,
        transfer.to_key_id,
        transfer.to_signature,
        transfer.accepted_at,
        transfer.bureau_party_id,
        transfer.authority,
        transfer.authorisation_number,
        transfer.authorisation,
        transfer.authorisation_sha256,
        transfer.authorisation_key_id,
        transfer.authorisation_signature,
        transfer.authorised_at,
        transfer.new_certificate_number,
        transfer.issued_at,
        transfer.ended_at,
    )
    assert touched == 1, "a locked transfer can not vanish"
