"""Ask about a certificate, and read what its issuer's responder answered (在线证书状态协议，RFC 6960).

An answer is of one moment, and signed: by the issuer itself, or by whom the issuer gave a certificate for that
and nothing else. Kept beside a timestamp it is evidence like a revocation list.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from typing import Final

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from catalog.timestamps.token import TimestampMalformed

QUERY_TYPE: Final = "application/ocsp-request"
ANSWER_TYPE: Final = "application/ocsp-response"
_UNREADABLE: Final = (ValueError, TypeError, LookupError, OverflowError, UnsupportedAlgorithm)


class Question(msgspec.Struct, frozen=True):
    """Where a responder is asked, and what."""

    url: str
    query: bytes


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What was said of a certificate: since when it is revoked, if it is, and for how long that was news."""

    made_at: dt.datetime
    ends_at: dt.datetime | None
    revoked_at: dt.datetime | None = None
    reason: x509.ReasonFlags | None = None


def questions(chain: Sequence[x509.Certificate]) -> tuple[Question, ...]:
    """Return whom to ask about the certificates of a chain; the last one is trusted by itself."""
    found: list[Question] = []
    for certificate, above in itertools.pairwise(chain):
        try:
            told = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess)
        except (x509.ExtensionNotFound, *_UNREADABLE):
            continue
        found += [
            Question(each.access_location.value, _query(certificate, above))
            for each in told.value
            if each.access_method == AuthorityInformationAccessOID.OCSP
            and isinstance(each.access_location, x509.UniformResourceIdentifier)
            and each.access_location.value.startswith(("http://", "https://"))
        ]
    return tuple(dict.fromkeys(found))


def _query(certificate: x509.Certificate, above: x509.Certificate) -> bytes:
    # SHA-1 only names the certificate, and every responder knows it (RFC 5019 §2.1.1).
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, above, hashes.SHA1())  # noqa: S303
    return builder.build().public_bytes(serialization.Encoding.DER)


def read_answer(raw: bytes) -> ocsp.OCSPResponse:
    """Return a responder's answer.

    :raises TimestampMalformed: if it is none, or the responder did not answer.
    """
    try:
        told = ocsp.load_der_ocsp_response(raw)
        if told.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise TimestampMalformed(reason=f"the responder said {told.response_status.name}")
        _ = list(told.responses), told.produced_at_utc, told.certificates  # read when asked for
        return told
    except _UNREADABLE as error:
        raise TimestampMalformed(reason=f"no answer of a responder: {error}") from error


def said_of(
    told: ocsp.OCSPResponse, certificate: x509.Certificate, above: x509.Certificate
) -> Said | None:
    """Return what an answer says of a certificate; None if it says nothing, or nobody who may."""
    if not _is_of(told, above):
        return None
    for each in told.responses:
        if _is_about(each, certificate, above):
            if each.certificate_status is ocsp.OCSPCertStatus.UNKNOWN:
                return None
            return Said(
                made_at=each.this_update_utc,
                ends_at=each.next_update_utc,
                revoked_at=each.revocation_time_utc,
                reason=each.revocation_reason,
            )
    return None


def _is_of(told: ocsp.OCSPResponse, above: x509.Certificate) -> bool:
    """Tell whether an issuer signed an answer, or somebody whom it let sign answers then."""
    at = told.produced_at_utc
    delegates = [each for each in told.certificates if _is_delegate(each, above, at)]
    return any(_has_signed(each, told) for each in (above, *delegates))


def _is_delegate(certificate: x509.Certificate, above: x509.Certificate, at: dt.datetime) -> bool:
    if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
        return False
    try:
        certificate.verify_directly_issued_by(above)
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (InvalidSignature, x509.ExtensionNotFound, *_UNREADABLE):
        return False
    return ExtendedKeyUsageOID.OCSP_SIGNING in usage


def _has_signed(certificate: x509.Certificate, told: ocsp.OCSPResponse) -> bool:
    try:
        key, by = certificate.public_key(), told.signature_hash_algorithm
        signed = told.signature, told.tbs_response_bytes
        if isinstance(key, rsa.RSAPublicKey) and by is not None:
            key.verify(*signed, padding.PKCS1v15(), by)
        elif isinstance(key, ec.EllipticCurvePublicKey) and by is not None:
            key.verify(*signed, ec.ECDSA(by))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(*signed)
        else:
            return False
    except (InvalidSignature, *_UNREADABLE):
        return False
    return True


def _is_about(
    single: ocsp.OCSPSingleResponse, certificate: x509.Certificate, above: x509.Certificate
) -> bool:
    if single.serial_number != certificate.serial_number:
        return False
    try:
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            certificate, above, single.hash_algorithm
        )
        named = builder.build()
    except _UNREADABLE:
        return False
    return (single.issuer_name_hash, single.issuer_key_hash) == (
        named.issuer_name_hash,
        named.issuer_key_hash,
    )
