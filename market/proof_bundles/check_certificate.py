"""Check the certificate of a bundle: the document, the same as vc+jwt, and whether it counted then."""

from __future__ import annotations

import datetime as dt

from catalog.audit_log import handed_out
from catalog.audit_log.export_format import Keys
from catalog.audit_log.verdict import Fault, Findings
from catalog.certificates import credential_check as credentials
from catalog.certificates.format import CertificateUnreadable, named_number, unpack
from catalog.signing.canonical import sha256_hex
from market.orders.contract import ContractUnreadable, read_document
from market.proof_bundles.check_entries import Proven
from market.proof_bundles.model import (
    CERTIFICATE,
    CONTRACT,
    CREDENTIAL,
    MANIFEST,
    STATUS_LIST,
    Kind,
    Manifest,
)
from market.proof_bundles.reading import Bundle, Unread, both


def check(found: Findings, bundle: Bundle, manifest: Manifest, proven: Proven, keys: Keys) -> None:
    """Tell what is wrong with the certificate, and whether it counted when the bundle was drawn up.

    :raises Unread: if a member is not what its name says.
    """
    try:
        package = unpack(bundle.parts[CERTIFICATE])
    except CertificateUnreadable as error:
        reason = both("不是凭证文件", str(error.facts["reason"]))
        raise Unread(CERTIFICATE, reason) from error
    number = named_number(package.document) or "(unreadable)"
    handed_out.check_signature(
        found, keys, "certificate", number, package.document, package.signature
    )
    place = proven.places.get(("certificate", number))
    handed_out.check_trusted(found, keys, "certificate", number, package.signature, place)
    if not proven.is_bound("certificate", number, package.document):
        reason = both("日志没有登记这份凭证", "no proven entry holds its digest")
        found.bad("certificate", number, reason, Fault.NOT_BOUND)
    wanted = _named(bundle, manifest)
    if number != wanted:
        reason = both(f"应为 {wanted} 的凭证", f"the certificate {wanted} belongs here")
        found.bad("certificate", number, reason, Fault.CONTENT_DIFFERS)
    at = drawn_up_at(manifest)
    verdict = credentials.check(
        bundle.parts[CREDENTIAL],
        keys=keys,
        now=at,
        listed=bundle.parts[STATUS_LIST],
        is_found_in_log=True,
    )
    for what, by in verdict.counts.items():
        found.count(what, by)
    for bad in verdict.problems:
        # That it did not count then is no fault of the bundle: it is what the bundle proves.
        if bad.fault is Fault.COUNTS_NO_MORE:
            found.note(f"{bad.id}: {bad.reason}")
        else:
            found.bad(bad.kind, bad.id, bad.reason, bad.fault)
    found.notes += verdict.notes
    _check_tokens(found, bundle, keys, number, package.document, at)


def _named(bundle: Bundle, manifest: Manifest) -> str | None:
    """Return the number of the certificate that belongs into the bundle."""
    kind, _, identifier = manifest.subject.partition(":")
    if kind == Kind.CERTIFICATE:
        return identifier
    try:
        return read_document(bundle.parts.get(CONTRACT, b"")).object.certificate_number
    except ContractUnreadable:
        return None


def _check_tokens(  # noqa: PLR0917
    found: Findings, bundle: Bundle, keys: Keys, number: str, document: bytes, at: dt.datetime
) -> None:
    """Tell whether the credential is a face of this very document, and both are of that second."""
    held = credentials.read_genuine(bundle.parts[CREDENTIAL], keys)
    listed = credentials.read_genuine_list(bundle.parts[STATUS_LIST], keys)
    if held is None or listed is None:
        return  # told by who checked them
    if held.credential_subject.document_sha256 != sha256_hex(document):
        reason = both("可验证凭证不是这份凭证的形式", "the credential is not of this certificate")
        found.bad("certificate", number, reason, Fault.CONTENT_DIFFERS)
    if {held.iat, listed.iat} != {int(at.timestamp())}:
        reason = both("令牌不是制包时签署的", "a token was not signed when the bundle was drawn up")
        found.bad("certificate", number, reason, Fault.CONTENT_DIFFERS)


def drawn_up_at(manifest: Manifest) -> dt.datetime:
    """Return when a bundle was drawn up.

    :raises Unread: if the manifest names no instant.
    """
    try:
        at = dt.datetime.fromisoformat(manifest.drawn_up_at)
    except ValueError as error:
        raise Unread(MANIFEST, both("时刻无法读取", "drawn_up_at is no instant")) from error
    if at.tzinfo is None:
        raise Unread(MANIFEST, both("时刻没有时区", "drawn_up_at has no time zone"))
    return at
