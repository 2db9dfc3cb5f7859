"""Ask what is to be checked next, what came of it, and until when cases are kept."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Final

from catalog.audit_log import queries as audit_log
from catalog.audit_log.checkpoint import VerifierKey
from catalog.audit_log.events import Event
from catalog.audit_log.export_format import Keys
from catalog.certificates import check
from catalog.certificates import queries as certificates
from catalog.kernel import paging
from catalog.kernel.actor import Actor
from catalog.kernel.db import Tx
from catalog.kernel.local_time import local_date
from catalog.kernel.paging import Page
from catalog.kernel.workdays import Calendar
from catalog.rulebooks import queries as rulebooks
from catalog.signing.model import KeyId, PublicKey
from market.complaints import queries as complaints
from market.retention import documents, keeping, store
from market.retention.documents import Cited, Signed
from market.retention.model import Batch, Kind, Recheck, Retained, Wrong

# With which the digest of a document went into the log.
_SAYING: Final = (
    Event.COMPLIANCE_OPINION_RECORDED,
    Event.ISSUANCE_AUTHORISED,
    Event.TRANSFER_AUTHORISED,
    Event.AGENCY_EVALUATED,
    Event.INSTRUMENT_LODGED,
    Event.AUTHORISATION_LETTER_GRANTED,
    Event.OWNER_CONSENTED,
    Event.CERTIFICATE_ENCUMBERED,
    Event.FOREIGN_CERTIFICATE_IMPORTED,
    Event.AGENCY_BID_HANDED_IN,
    Event.TECHNICAL_OPINION_RECORDED,
)


async def next_batch(tx: Tx, *, viewer: Actor, kind: Kind) -> Batch:
    """Return where the next batch begins: behind the last one, or anew after a whole round.

    :raises NotPermitted: if the viewer checks nothing again.
    """
    viewer.require("retention:recheck")
    last = await store.find_last(tx, kind)
    if last is None:
        return Batch(kind=kind, round=1, after=None)
    if last.is_last:
        return Batch(kind=kind, round=last.round + 1, after=None)
    return Batch(kind=kind, round=last.round, after=last.position)


async def list_files(tx: Tx, *, batch: Batch, limit: int) -> list[tuple[str, str, int, str]]:
    """Return ids, digests, sizes and names of the files of a batch."""
    return await store.list_files(tx, after=batch.after, limit=limit)


async def list_certificates(tx: Tx, *, batch: Batch, limit: int) -> list[str]:
    """Return the numbers of the certificates of a batch."""
    return await store.list_certificates(tx, after=batch.after, limit=limit)


async def find_wrong_certificate(
    tx: Tx, *, number: str, keys: Keys, log_key: VerifierKey
) -> Wrong | None:
    """Return what is wrong with a certificate: its bytes, signature, place in the log; or None."""
    held = await certificates.get_public(tx, number)
    first = check.check(held, keys, log_key).first_bad
    if first is None:
        return None
    return Wrong(number, held.record_sha256, number, str(first))


async def list_documents(tx: Tx, *, batch: Batch, limit: int) -> list[Signed | Cited]:
    """Return the papers of a batch that somebody signed, or that a case rests on."""
    return await store.list_documents(tx, after=batch.after, limit=limit)


async def find_wrong_document(
    tx: Tx, *, kept: Signed | Cited, keys: Mapping[KeyId, PublicKey]
) -> Wrong | None:
    """Return what is wrong with a document: its bytes, a signature, its place in the log; or None."""
    in_log = await audit_log.list_digests_about(tx, kept.case, events=_SAYING)
    reason = documents.why_wrong(kept, keys, in_log)
    return None if reason is None else Wrong(kept.id, kept.sha256, kept.kind, reason)


async def list_rechecks(
    tx: Tx, *, viewer: Actor, limit: int = paging.DEFAULT_LIMIT, cursor: str | None = None
) -> Page[Recheck]:
    """Return a page of what came of the batches, the newest first.

    :raises NotPermitted: if the viewer reads none.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("retention:read")
    query = paging.fingerprint("rechecks")
    found = await store.list_page(
        tx, before=paging.decode_id(query, cursor), limit=paging.check_limit(limit) + 1
    )
    return paging.page_by_id(query, found, limit)


async def list_retained(
    tx: Tx,
    *,
    viewer: Actor,
    today: dt.date,
    calendar: Calendar,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Retained]:
    """Return a page of the cases that are over, and until when each is kept by its own rulebook.

    :raises NotPermitted: if the viewer reads none.
    :raises CursorUnreadable: if the cursor is not of this list.
    """
    viewer.require("retention:read")
    query = paging.fingerprint("retained")
    position: uuid.UUID | None = paging.decode_id(query, cursor)
    found = await store.list_ended(tx, after=position, limit=paging.check_limit(limit) + 1)
    shown = [await _retained(tx, each, today, calendar) for each in found[:limit]]
    if len(found) <= limit:
        return Page(shown)
    return Page(shown, paging.encode(query, str(found[limit - 1].application_id)))


async def _retained(tx: Tx, ended: store.Ended, today: dt.date, calendar: Calendar) -> Retained:
    book = await rulebooks.of_case(tx, code=ended.rulebook, filed_on=ended.filed_on)
    ended_on = None if ended.ended_at is None else local_date(ended.ended_at)
    until = keeping.retain_until(ended_on, book.retention, calendar)
    held_by = await complaints.list_holding(tx, application_id=ended.application_id)
    return Retained(
        application_id=ended.application_id,
        application_number=ended.application_number,
        state=ended.state,
        ended_on=ended_on,
        retain_until=until,
        is_past=keeping.is_past(until, today, is_held=bool(held_by)),
        held_by=tuple(held_by),
    )
