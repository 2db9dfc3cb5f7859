"""Judge by revocation lists whether a timestamp's certificates still stood when it was made (证书吊销).

A list is collected when a timestamp is made, and kept with it, since nobody publishes it any more in thirty years.
What a revocation means for tokens of before is RFC 3161 §4: with a reason that leaves the key in good hands they stay
good; without one, or with another, none of them counts.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Sequence
from typing import Final

from cryptography import x509

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
#: How much later than its timestamp a list that is collected with it may be made [P].
_RIGHT_BEHIND: Final = dt.timedelta(days=1)
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


def belongs(raw: bytes, chain: Sequence[x509.Certificate]) -> bool:
    """Tell whether a list is signed by the issuer of a certificate of the chain."""
    try:
        told = read_list(raw)
    except TimestampMalformed:
        return False
    return any(_is_of(told, above) for above in chain[1:])


def check(chain: Sequence[x509.Certificate], lists: Iterable[bytes], at: dt.datetime) -> bool:
    """Return whether a list of that time covers the signer; a list of nobody in the chain says nothing.

    :raises TimestampMalformed: if a list is none.
    :raises TimestampWrong: if a certificate was revoked before, or so that nothing of it counts.
    """
    told = [read_list(raw) for raw in lists]
    is_covered = False
    for certificate, above in itertools.pairwise(chain):
        for each in told:
            if not _is_of(each, above):
                continue
            _check_one(certificate, each, at)
            ends = each.next_update_utc
            is_of_the_time = each.last_update_utc <= at + _RIGHT_BEHIND and (
                ends is None or at <= ends
            )
            is_covered |= certificate is chain[0] and is_of_the_time
    return is_covered


def _is_of(told: x509.CertificateRevocationList, above: x509.Certificate) -> bool:
    return told.issuer == above.subject and told.is_signature_valid(above.public_key())  # type: ignore[arg-type]


def _check_one(
    certificate: x509.Certificate, told: x509.CertificateRevocationList, at: dt.datetime
) -> None:
    entry = told.get_revoked_certificate_by_serial_number(certificate.serial_number)
    if entry is None:
        return
    name, since = certificate.subject.rfc4514_string(), entry.revocation_date_utc
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        raise TimestampWrong(
            reason=f"the certificate of {name} was revoked at {since.isoformat()}, and no reason is told"
        ) from None
    if reason not in _HARMLESS or since <= at:
        raise TimestampWrong(
            reason=f"the certificate of {name} was revoked at {since.isoformat()}: {reason.value}"
        )
