"""Read the register of certificates (登记簿) and check documents against it (验真). All public."""

from __future__ import annotations

import datetime as dt
import uuid

import msgspec

from catalog.audit_log import queries as audit_log
from catalog.audit_log.model import EntryId
from catalog.case_access import queries as case_access
from catalog.case_access.visibility import Sight
from catalog.certificates import encumbrances, standing
from catalog.certificates import format as certificate_format
from catalog.certificates.encumbrances import Encumbrance, EncumbranceKind
from catalog.certificates.model import (
    Certificate,
    CertificateSummary,
    LogPlace,
    LogProof,
    PublicCertificate,
    Verification,
)
from catalog.certificates.register_events import Announcement, RegisterEvent
from catalog.certificates.reissuing import Reissue
from catalog.certificates.standing import Standing
from catalog.certificates.states import State
from catalog.certificates.store import (
    announcements,
    burdens,
    register,
    reissues,
    status_lists,
    transfers,
)
from catalog.certificates.transferring import Transfer
from catalog.kernel import paging
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Tx
from catalog.kernel.errors import Missing
from catalog.kernel.paging import CursorUnreadable, Page
from catalog.registration import queries as registration
from catalog.rulebooks import registry
from catalog.signing import queries as keys
from catalog.signing.model import KeyId, Signature


async def get_public(tx: Tx, number: str) -> PublicCertificate:
    """Return a certificate with everything that is needed to check it.

    :raises Missing: if no certificate has this number.
    """
    certificate = await register.find(tx, number)
    if certificate is None:
        raise Missing
    key = await keys.find_key(tx, certificate.key_id)
    assert key is not None, "keys are never removed"
    return PublicCertificate(
        number=certificate.number,
        type=certificate_format.TYPE,
        content=msgspec.json.decode(certificate.document, type=dict[str, object]),
        document=certificate.document,
        signature=_signature(certificate),
        public_key=key.public_key,
        record_sha256=certificate.record_sha256,
        state=certificate.state,
        state_since=certificate.state_since,
        history=tuple(await register.list_changes(tx, number)),
        log=await _place(tx, certificate.entry_id),
        supersedes=certificate.supersedes,
        superseded_by=await register.find_successor(tx, number),
        encumbrances=encumbrances.public(await burdens.list_encumbrances(tx, number)),
        product_valid_to=certificate.product_valid_to,
        product_expired_at=certificate.product_expired_at,
        valid_through=certificate.valid_through,
        key_distrusted_from=await _distrusted_from(tx, certificate),
    )


async def _distrusted_from(tx: Tx, certificate: Certificate) -> int | None:
    """Return from which entry on the key of a certificate is distrusted that was entered after."""
    key = await keys.find_key(tx, certificate.key_id)
    if key is None or key.distrusted_from is None:
        return None
    place = await audit_log.find_index(tx, EntryId(certificate.entry_id))
    is_before = place is not None and place < key.distrusted_from
    return None if is_before else key.distrusted_from


async def get_file(tx: Tx, number: str) -> bytes:
    """Return a certificate as a file that can be checked offline (FORMAT.md).

    :raises Missing: if no certificate has this number.
    """
    certificate = await register.find(tx, number)
    if certificate is None:
        raise Missing
    return certificate_format.pack(certificate.document, _signature(certificate))


async def get_list_number(tx: Tx, number: str) -> int:
    """Return in which status list a certificate, which there is, stands."""
    return (await status_lists.find_status_place(tx, number)).list_number


async def verify_document(tx: Tx, document: bytes) -> Verification:
    """Tell whether these bytes are a certificate of the register, and whether it still counts.

    ``document`` is the canonical document itself, or the certificate file around it.
    """
    try:
        package = certificate_format.unpack(document)
    except certificate_format.CertificateUnreadable:
        given, given_signature = document, None
    else:
        given, given_signature = package.document, package.signature
    number = certificate_format.named_number(given)
    registered = None if number is None else await register.find(tx, number)
    signature_reason = None
    if registered is not None:
        signature = given_signature or _signature(registered)
        key = await keys.find_key(tx, signature.key_id)
        signature_reason = certificate_format.check_signature(
            given, signature, [] if key is None else [key]
        )
        if signature_reason is None and await _distrusted_from(tx, registered) is not None:
            signature_reason = certificate_format.Reason.KEY_DISTRUSTED
    verdict, reasons = certificate_format.judge(
        given,
        registered_sha256=None if registered is None else registered.record_sha256,
        signature_reason=signature_reason,
    )
    return Verification(
        verdict=verdict,
        reasons=reasons,
        number=number,
        state=None if registered is None else registered.state,
        state_since=None if registered is None else registered.state_since,
        product_expired_at=None if registered is None else registered.product_expired_at,
    )


async def get_standing(tx: Tx, number: str, *, at: dt.datetime) -> Standing:
    """Return whether a certificate counted at an instant, and why.

    :raises Missing: if no certificate has this number.
    """
    certificate = await register.find(tx, number)
    if certificate is None:
        raise Missing
    return standing.standing_at(
        certificate,
        await register.list_changes(tx, number),
        at,
        successor=await register.find_successor(tx, number),
        is_distrusted=await _distrusted_from(tx, certificate) is not None,
    )


async def find_number_by_sha256(tx: Tx, sha256: str) -> str | None:
    """Return the number of the certificate whose signed document has this digest, or None."""
    return await register.find_number_by_sha256(tx, sha256.lower())


async def find_active_for_product(
    tx: Tx, product_id: uuid.UUID, *, today: dt.date
) -> CertificateSummary | None:
    """Return the certificate on which the product may be sold today, or None.

    A frozen one does not count, nor one of a product whose validity is over (A20, A23). One that
    registers no right (公共数据资源登记) certifies none, so nothing is sold on it.
    """
    return next(
        (
            found
            for found in await register.list_counting(tx, product_id)
            if found.counts_on(today) and registry.by_code(found.rulebook).rights_vocabulary
        ),
        None,
    )


async def is_publicly_registered(tx: Tx, product_id: uuid.UUID, *, today: dt.date) -> bool:
    """Tell whether a product is registered as public data today (公共数据资源登记, GD-06).

    That is a certificate that counts under a rulebook which registers no right.
    """
    return any(
        found.counts_on(today) and not registry.by_code(found.rulebook).rights_vocabulary
        for found in await register.list_counting(tx, product_id)
    )


async def list_expired(tx: Tx, *, today: dt.date, limit: int = 100) -> list[str]:
    """Return the numbers of certificates whose product's validity is over and not marked so."""
    return await register.list_expired(tx, today=today, limit=limit)


async def list_to_remind(tx: Tx, *, today: dt.date, limit: int = 100) -> list[str]:
    """Return the numbers of certificates whose holder is to be reminded."""
    return await register.list_to_remind(tx, today=today, limit=limit)


async def is_seized(tx: Tx, *, number: str, today: dt.date) -> bool:
    """Tell whether a court holds what the certificate is about (司法查封); that one stands is public."""
    return any(
        each.kind is EncumbranceKind.SEIZURE and encumbrances.stands(each, today)
        for each in await burdens.list_encumbrances(tx, number)
    )


async def list_encumbrances(tx: Tx, *, viewer: Actor, number: str) -> list[Encumbrance]:
    """Return the burdens of a certificate, for its registrant, the staff and who supervises it.

    Whom a burden is for reads its own.

    :raises NotPermitted: if the viewer reads no burdens.
    :raises Missing: if there is no such certificate that is the viewer's to see.
    """
    viewer.require("certificate:read_burdens")
    certificate = await register.find(tx, number)
    if certificate is None:
        raise Missing
    found = await burdens.list_encumbrances(tx, number)
    sees_all = viewer.clearance in (Clearance.STAFF, Clearance.SYSTEM)
    if viewer.clearance is Clearance.REGULATOR:
        case = await registration.find_case(tx, application_id=certificate.application_id)
        sees_all = await case_access.sight(tx, viewer=viewer, case=case) is Sight.FULL
    if sees_all or certificate.registrant_party_id == viewer.party:
        return found
    own = [burden for burden in found if burden.beneficiary_party_id == viewer.party]
    if not own:
        raise Missing
    return own


async def list_reissues(tx: Tx, *, viewer: Actor, number: str) -> list[Reissue]:
    """Return what was corrected in a certificate, or is to be, as far as the viewer may see it.

    Its registrant does, who keeps the case, and the authority; others get none.

    :raises NotPermitted: if the viewer reads no burdens.
    :raises Missing: if there is no such certificate.
    """
    viewer.require("certificate:read_burdens")
    if await register.find(tx, number) is None:
        raise Missing
    return await reissues.list_reissues(tx, number)


async def list_transfers(tx: Tx, *, viewer: Actor, number: str) -> list[Transfer]:
    """Return the transfers of a certificate by agreement, as far as the viewer may see them.

    Both parties do, who keeps the case, and the authority; others get none.

    :raises NotPermitted: if the viewer reads no burdens.
    :raises Missing: if there is no such certificate.
    """
    viewer.require("certificate:read_burdens")
    if await register.find(tx, number) is None:
        raise Missing
    return await transfers.list_transfers(tx, number)


async def find(tx: Tx, number: str) -> Certificate | None:
    """Return a certificate as the rooms above need it, or None."""
    return await register.find(tx, number)


async def list_of_application(tx: Tx, application_id: uuid.UUID) -> list[PublicCertificate]:
    """Return the certificates that go back to an application, the oldest first."""
    numbers = await register.list_of_application(tx, application_id)
    return [await get_public(tx, number) for number in numbers]


async def find_successor(tx: Tx, number: str) -> Certificate | None:
    """Return the certificate that took this one's place, or None."""
    follower = await register.find_successor(tx, number)
    return None if follower is None else await register.find(tx, follower)


async def list_of_product(tx: Tx, product_id: uuid.UUID) -> list[CertificateSummary]:
    """Return all certificates that a product ever had, the oldest first."""
    return await register.list_of_product(tx, product_id)


async def count_by_state(tx: Tx) -> dict[str, int]:
    """Return how many certificates of the register are in each state; states without any are absent."""
    rows = await tx.fetch(
        "SELECT state, count(*) AS count FROM catalog.certificates GROUP BY state"
    )
    return {row["state"]: row["count"] for row in rows}


async def list_public(
    tx: Tx,
    *,
    state: State | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[CertificateSummary]:
    """Return a page of the register, the newest first.

    :raises CursorUnreadable: if the cursor is not of this list.
    """
    query = paging.fingerprint("certificates", state)
    found = await register.list_page(
        tx,
        state=state,
        before=_before(paging.decode(query, cursor, 2)),
        limit=paging.check_limit(limit) + 1,
    )
    if len(found) <= limit:
        return Page(found)
    last = found[limit - 1]
    return Page(found[:limit], paging.encode(query, last.issued_at.isoformat(), last.number))


async def list_announcements(
    tx: Tx,
    *,
    event: RegisterEvent | None = None,
    limit: int = paging.DEFAULT_LIMIT,
    cursor: str | None = None,
) -> Page[Announcement]:
    """Return a page of what the register announced, the newest first (登记公告, HN-19(d)).

    :raises CursorUnreadable: if the cursor is not of this list.
    """
    query = paging.fingerprint("announcements", event)
    found = await announcements.list_announcements(
        tx,
        event=event,
        before=paging.decode_id(query, cursor),
        limit=paging.check_limit(limit) + 1,
    )
    return paging.page_by_id(query, found, limit)


async def get_announcement(tx: Tx, announcement_id: uuid.UUID) -> Announcement:
    """Return one announcement of the register.

    :raises Missing: if there is none.
    """
    found = await announcements.find_announcement(tx, announcement_id)
    if found is None:
        raise Missing
    return found


async def _place(tx: Tx, entry_id: uuid.UUID) -> LogPlace:
    index = await audit_log.find_index(tx, EntryId(entry_id))
    return LogPlace(
        entry_id=entry_id,
        index=index,
        entry_url=None if index is None else f"/api/v1/log/entries/{index}",
        inclusion_proof_url=(
            None if index is None else f"/api/v1/log/proofs/inclusion?index={index}"
        ),
        proof=None if index is None else await _proof(tx, index),
    )


async def _proof(tx: Tx, index: int) -> LogProof | None:
    try:
        published = await audit_log.get_checkpoint(tx)
    except audit_log.LogEmpty:
        return None
    if index >= published.size:
        return None
    proof = await audit_log.prove_inclusion(tx, index, published.size)
    return LogProof(
        leaf=await audit_log.get_leaf(tx, index),
        hashes=proof.hashes,
        checkpoint=published.note.decode(),
    )


def _signature(certificate: Certificate) -> Signature:
    return Signature(key_id=KeyId(certificate.key_id), value=certificate.signature)


def _before(position: list[object] | None) -> tuple[dt.datetime, str] | None:
    if position is None:
        return None
    try:
        return dt.datetime.fromisoformat(str(position[0])), str(position[1])
    except ValueError as error:
        raise CursorUnreadable from error
