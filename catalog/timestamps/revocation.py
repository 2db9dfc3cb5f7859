"""Judge by what issuers said of them whether a timestamp's certificates still stood when it was made (证书吊销).

Revocation lists and answers of responders (``ocsp``) are collected when a timestamp is made, and kept with it,
since nobody tells them any more in thirty years.
What a revocation means for tokens of before is RFC 3161 §4: with a reason that leaves the key in good hands they stay
good; without one, or with another, none of them counts.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from typing import Final

from cryptography import x509
from cryptography.x509.ocsp import OCSPResponse

from catalog.timestamps import ocsp
from catalog.timestamps.ocsp import Said
from catalog.timestamps.token import TimestampMalformed, TimestampWrong

#: RFC 3161 §4: the key was not lost, the certificate is merely used no more.
_HARMLESS: Final = frozenset(
    {
        x509.ReasonFlags.unspecified,
        x509.ReasonFlags.affiliation_changed,
        x509.ReasonFlags.superseded,
        x509.ReasonFlags.cessation_of_operation,
    }
)
#: How much later than its timestamp a list or answer that is collected with it may be made [P].
_RIGHT_BEHIND: Final = dt.timedelta(days=1)
_Told = x509.CertificateRevocationList | OCSPResponse
_UNREADABLE: Final = (ValueError, TypeError, LookupError, OverflowError)


def addresses(chain: Sequence[x509.Certificate]) -> tuple[str, ...]:
    """Return where the lists for the certificates of a chain are published (http alone: they are signed)."""
    found: list[str] = []
    for certificate in chain[:-1]:  # the last one is trusted by itself
        try:
            points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints)
        except (x509.ExtensionNotFound, *_UNREADABLE):
            continue
        names = [name for point in points.value for name in point.full_name or ()]
        found += [
            name.value
            for name in names
            if isinstance(name, x509.UniformResourceIdentifier)
            and name.value.startswith(("http://", "https://"))
        ]
    return tuple(dict.fromkeys(found))


def read_list(raw: bytes) -> x509.CertificateRevocationList:
    """Return a revocation list, of PEM or DER.

    :raises TimestampMalformed: if it is none.
    """
    try:
        is_text = raw.startswith(b"-----BEGIN")
        told = x509.load_pem_x509_crl(raw) if is_text else x509.load_der_x509_crl(raw)
        _ = told.issuer, told.last_update_utc, told.next_update_utc  # read when asked for
        return told
    except _UNREADABLE as error:
        raise TimestampMalformed(reason=f"no revocation list: {error}") from error


def read(raw: bytes) -> _Told:
    """Return a revocation list, or the answer of a responder (DER).

    :raises TimestampMalformed: if it is neither.
    """
    try:
        return read_list(raw)
    except TimestampMalformed:
        return ocsp.read_answer(raw)


def belongs(raw: bytes, chain: Sequence[x509.Certificate]) -> bool:
    """Tell whether a list or an answer is one about the chain, by who may say so."""
    try:
        told = read(raw)
    except TimestampMalformed:
        return False
    if isinstance(told, OCSPResponse):
        return any(_said(told, *pair) is not None for pair in itertools.pairwise(chain))
    return any(_is_of(told, above) for above in chain[1:])


def check(chain: Sequence[x509.Certificate], kept: Iterable[bytes], at: dt.datetime) -> bool:
    """Return whether a list or an answer of that time covers the signer; one of nobody in the chain says nothing.

    :raises TimestampMalformed: if one is neither list nor answer.
    :raises TimestampWrong: if a certificate was revoked before, or so that nothing of it counts.
    """
    told = [read(raw) for raw in kept]
    is_covered = False
    for certificate, above in itertools.pairwise(chain):
        for each in told:
            said = _said(each, certificate, above)
            if said is None:
                continue
            _judge(certificate, said, at)
            is_of_the_time = said.made_at <= at + _RIGHT_BEHIND and (
                said.ends_at is None or at <= said.ends_at
            )
            is_covered |= certificate is chain[0] and is_of_the_time
    return is_covered


def _said(told: _Told, certificate: x509.Certificate, above: x509.Certificate) -> Said | None:
    """Return what is said of a certificate, None if nothing is, or by nobody who may."""
    if isinstance(told, OCSPResponse):
        return ocsp.said_of(told, certificate, above)
    if not _is_of(told, above):
        return None
    made, ends = told.last_update_utc, told.next_update_utc
    entry = told.get_revoked_certificate_by_serial_number(certificate.serial_number)
    if entry is None:
        return Said(made_at=made, ends_at=ends)
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        reason = None
    return Said(made_at=made, ends_at=ends, revoked_at=entry.revocation_date_utc, reason=reason)


def _is_of(told: x509.CertificateRevocationList, above: x509.Certificate) -> bool:
    return told.issuer == above.subject and told.is_signature_valid(above.public_key())  # type: ignore[arg-type]


def _judge(certificate: x509.Certificate, said: Said, at: dt.datetime) -> None:
    if said.revoked_at is None:
        return
    name, since = certificate.subject.rfc4514_string(), said.revoked_at.isoformat()
    if said.reason is None:
        reason = f"the certificate of {name} was revoked at {since}, and no reason is told"
        raise TimestampWrong(reason=reason)
    if said.reason not in _HARMLESS or said.revoked_at <= at:
        reason = f"the certificate of {name} was revoked at {since}: {said.reason.value}"
        raise TimestampWrong(reason=reason)
