"""Table and statements of the retention (留存、复核)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from catalog.kernel.db import METADATA, Tx, select_all
from market.retention.documents import Cited, Signed
from market.retention.model import Kind, Recheck

RECHECKS: Final = sa.Table(
    "rechecks",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("position", sa.Text),
    sa.Column("is_last", sa.Boolean, nullable=False),
    sa.Column("checked_count", sa.Integer, nullable=False),
    sa.Column("wrong", JSONB, nullable=False),
    sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
    schema="market",
)


# Everything that a party or the service signed in a case besides the certificates, one row for each
# signature; and what stands in the log by its digest only: instruments, whose signature is a court's,
# powers of attorney, consents, burdens, certificates of others, opened bids, technical opinions.
_DOCUMENTS: Final = """
    SELECT id::text AS position, 'compliance_opinion' AS kind, id::text AS id,
           'application:' || application_id AS "case", document, sha256, 'opinion' AS purpose,
           agency_party_id AS holder, key_id, signature, recorded_at AS signed_at,
           true AS is_in_log, NULL AS file_sha256
      FROM catalog.compliance_opinions
    UNION ALL
    SELECT id::text, 'issuance_authorisation', id::text, 'application:' || application_id, document,
           sha256, 'authorisation', bureau_party_id, key_id, signature, decided_at, true, NULL
      FROM catalog.issuance_authorisations
    UNION ALL
    SELECT id::text,
           CASE kind WHEN 'authorisation' THEN 'issuance_authorisation' ELSE kind END, id::text,
           'change:' || change_id, document, sha256,
           CASE kind WHEN 'authorisation' THEN 'authorisation' ELSE 'opinion' END, party_id, key_id,
           signature, written_at, true, NULL
      FROM catalog.change_papers
     WHERE kind IN ('compliance_opinion', 'authorisation') AND document IS NOT NULL
    UNION ALL
    SELECT id::text, 'issuance_authorisation', id::text, 'reissue:' || id, authorisation,
           authorisation_sha256, 'authorisation', bureau_party_id, key_id, signature, authorised_at,
           true, NULL
      FROM catalog.certificate_reissues WHERE authorisation IS NOT NULL
    UNION ALL
    SELECT id || '/authorisation', 'transfer_authorisation', id::text, 'transfer:' || id,
           authorisation, authorisation_sha256, 'authorisation', bureau_party_id,
           authorisation_key_id, authorisation_signature, authorised_at, true, NULL
      FROM catalog.certificate_transfers WHERE authorisation IS NOT NULL
    UNION ALL
    SELECT id || '/from', 'transfer', id::text, 'transfer:' || id, agreement, agreement_sha256,
           'contract', from_party_id, from_key_id, from_signature, offered_at, false, NULL
      FROM catalog.certificate_transfers
    UNION ALL
    SELECT id || '/to', 'transfer', id::text, 'transfer:' || id, agreement, agreement_sha256,
           'contract', to_party_id, to_key_id, to_signature, accepted_at, false, NULL
      FROM catalog.certificate_transfers WHERE to_signature IS NOT NULL
    UNION ALL
    SELECT id::text, 'agency_evaluation', id::text, 'agency_evaluation:' || id, document, sha256,
           'report', NULL, key_id, signature, evaluated_at, true, NULL
      FROM catalog.agency_evaluations WHERE document IS NOT NULL
    UNION ALL
    SELECT i.id::text, 'instrument', i.id::text, 'instrument:' || i.id, NULL, i.file_sha256, NULL,
           NULL, NULL, NULL, NULL, true, f.sha256
      FROM catalog.legal_instruments i LEFT JOIN catalog.files f ON f.id = i.file_id
    UNION ALL
    SELECT l.id::text, 'authorisation_letter', l.id::text, 'authorisation_letter:' || l.id, NULL,
           l.sha256, NULL, NULL, NULL, NULL, NULL, true, f.sha256
      FROM catalog.authorisation_letters l LEFT JOIN catalog.files f ON f.id = l.file_id
    UNION ALL
    SELECT n.id || '/content', 'consented_content', n.id::text, 'application:' || n.application_id,
           NULL, n.content_sha256, NULL, NULL, NULL, NULL, NULL, true, n.content_sha256
      FROM catalog.application_consents n
    UNION ALL
    SELECT n.id || '/document', 'consent_document', n.id::text, 'application:' || n.application_id,
           NULL, n.file_sha256, NULL, NULL, NULL, NULL, NULL, true, f.sha256
      FROM catalog.application_consents n LEFT JOIN catalog.files f ON f.id = n.file_id
     WHERE n.file_sha256 IS NOT NULL
    UNION ALL
    SELECT e.id::text, 'encumbrance', e.id::text, 'encumbrance:' || e.id, NULL, e.file_sha256, NULL,
           NULL, NULL, NULL, NULL, true, f.sha256
      FROM catalog.certificate_encumbrances e LEFT JOIN catalog.files f ON f.id = e.file_id
    UNION ALL
    SELECT c.id::text, 'foreign_certificate', c.id::text, 'foreign_certificate:' || c.id, NULL,
           c.file_sha256, NULL, NULL, NULL, NULL, NULL, true, f.sha256
      FROM catalog.foreign_certificates c LEFT JOIN catalog.files f ON f.id = c.file_id
    UNION ALL
    SELECT b.id::text, 'agency_bid', b.id::text, 'agency_bid:' || b.id, NULL, b.sha256, NULL, NULL,
           NULL, NULL, NULL, true, encode(sha256(t.document), 'hex')
      FROM catalog.agency_bids b LEFT JOIN catalog.agency_bid_contents t ON t.bid_id = b.id
     WHERE b.opened_at IS NOT NULL
    UNION ALL
    SELECT id::text, 'technical_opinion', id::text, 'application:' || application_id, NULL, sha256,
           NULL, NULL, NULL, NULL, NULL, true, encode(sha256(document), 'hex')
      FROM catalog.technical_opinions
    UNION ALL
    SELECT id::text, 'technical_opinion', id::text, 'change:' || change_id, NULL, sha256, NULL, NULL,
           NULL, NULL, NULL, true, encode(sha256(document), 'hex')
      FROM catalog.change_papers WHERE kind = 'technical_opinion' AND document IS NOT NULL"""


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A case as the register has it, with the day on which it ended."""

    application_id: uuid.UUID
    application_number: str
    state: str
    rulebook: str
    filed_on: dt.date  # of its first submission: its rulebook as it stood then
    ended_at: dt.datetime | None


async def lock(tx: Tx) -> None:
    """Let nobody else record a batch until the transaction ends."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('recheck', 0))")


async def insert(tx: Tx, recheck: Recheck) -> None:
    """Insert what came of a batch."""
    values = msgspec.structs.asdict(recheck)
    await tx.insert(
        RECHECKS,
        **values | {"kind": recheck.kind.value, "wrong": msgspec.to_builtins(recheck.wrong)},
    )


async def find_last(tx: Tx, kind: Kind) -> Recheck | None:
    """Return what came of the last batch of this kind, or None."""
    row = await tx.fetch_one(
        f"{select_all(RECHECKS)} WHERE kind = $1 ORDER BY id DESC LIMIT 1", kind.value
    )
    return None if row is None else msgspec.convert(dict(row), Recheck)


async def list_page(tx: Tx, *, before: uuid.UUID | None, limit: int) -> list[Recheck]:
    """Return what came of the batches, the newest first, from behind ``before``."""
    rows = await tx.fetch(
        f"""{select_all(RECHECKS)}
         WHERE ($1::uuid IS NULL OR id < $1) ORDER BY id DESC LIMIT $2""",
        before,
        limit,
    )
    return [msgspec.convert(dict(row), Recheck) for row in rows]


async def list_ended(tx: Tx, *, after: uuid.UUID | None, limit: int) -> list[Ended]:
    """Return cases that were handed in and are over, in the order of their ids.

    An issued one ended when the last of its certificates stopped counting.
    """
    rows = await tx.fetch(
        """
        SELECT a.id AS application_id, a.application_number, a.state, a.rulebook,
               a.filed_on,
               CASE WHEN a.state <> 'issued' THEN a.updated_at
                    WHEN bool_or(c.state IN ('active', 'frozen')) THEN NULL
                    ELSE max(c.state_since) END AS ended_at
          FROM catalog.applications a
          LEFT JOIN catalog.certificates c ON c.application_id = a.id
         WHERE a.state IN ('not_accepted', 'refused', 'review_failed_technical', 'issued',
                           'withdrawn', 'lapsed', 'unfiled', 'terminated')
           AND a.submission_no > 0 AND ($1::uuid IS NULL OR a.id > $1)
         GROUP BY a.id
         ORDER BY a.id LIMIT $2""",
        after,
        limit,
    )
    return [msgspec.convert(dict(row), Ended) for row in rows]


async def list_files(tx: Tx, *, after: str | None, limit: int) -> list[tuple[str, str, int, str]]:
    """Return ids, digests, sizes and names of files, in the order of their ids."""
    rows = await tx.fetch(
        """
        SELECT id::text AS id, sha256, size_bytes, file_name FROM catalog.files
         WHERE ($1::text IS NULL OR id > $1::uuid) ORDER BY catalog.files.id LIMIT $2""",
        after,
        limit,
    )
    return [(r["id"], r["sha256"], r["size_bytes"], r["file_name"]) for r in rows]


async def list_documents(tx: Tx, *, after: str | None, limit: int) -> list[Signed | Cited]:
    """Return what was signed and which files instruments cite, in the order of their positions."""
    rows = await tx.fetch(
        f"""
        SELECT position, kind, id, "case", document, sha256, purpose, holder, key_id, signature,
               signed_at, is_in_log, file_sha256 FROM ({_DOCUMENTS}) d"""  # noqa: S608 - our own text
        ' WHERE ($1::text IS NULL OR position COLLATE "C" > $1)'
        ' ORDER BY position COLLATE "C" LIMIT $2',
        after,
        limit,
    )
    return [_document(dict(row)) for row in rows]


def _document(row: dict[str, Any]) -> Signed | Cited:
    file_sha256 = row.pop("file_sha256")
    if row["document"] is not None:
        return msgspec.convert(row, Signed)
    return Cited(
        position=row["position"],
        kind=row["kind"],
        id=row["id"],
        case=row["case"],
        sha256=row["sha256"],
        file_sha256=file_sha256,
    )


async def list_certificates(tx: Tx, *, after: str | None, limit: int) -> list[str]:
    """Return the numbers of certificates, in their order."""
    rows = await tx.fetch(
        """
        SELECT number FROM catalog.certificates
         WHERE ($1::text IS NULL OR number COLLATE "C" > $1)
         ORDER BY number COLLATE "C" LIMIT $2""",
        after,
        limit,
    )
    return [row["number"] for row in rows]
