"""Ask for RFC 3161 timestamps, and check what an authority answered (时间戳令牌).

Requests are written here, since the library makes them for two hashes only. Responses are read and
their signatures and chains checked by ``rfc3161-client``: as of the time that stands in the token,
which is what a reader of old tokens needs.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from typing import Final

import msgspec
from asn1crypto import core, tsp
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from rfc3161_client import TimeStampResponse, VerifierBuilder, decode_timestamp_response
from rfc3161_client.errors import VerificationError
from rfc3161_client.tsp import TimeStampTokenInfo

from catalog.kernel.errors import Invalid, Refused
from catalog.timestamps.hashing import OIDS, HashAlgorithm, digest

QUERY_TYPE: Final = "application/timestamp-query"
REPLY_TYPE: Final = "application/timestamp-reply"
_BY_OID: Final = {oid: algorithm for algorithm, oid in OIDS.items()}
_STATUS: Final = (
    "granted",
    "granted with modifications",
    "rejection",
    "waiting",
    "revocation warning",
    "revocation notification",
)
_GRANTED_WITH_MODS: Final = 1
_LIST: Final = re.compile(rb"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----", re.DOTALL)
#: What reading bytes that anybody may have written can come to.
_UNREADABLE: Final = (ValueError, TypeError, LookupError, OverflowError, x509.InvalidVersion)


class TimestampMalformed(Invalid):
    """The bytes are no answer of a timestamp authority."""

    code = "timestamp_malformed"


class TimestampRefused(Refused):
    """The authority answered that it gives no timestamp."""

    code = "timestamp_refused"


class TimestampWrong(Invalid):
    """A timestamp is not over this, or not by an authority that is trusted for it."""

    code = "timestamp_wrong"


class Trust(msgspec.Struct, frozen=True):
    """Whose timestamps count: the authorities' certificates, and policies (none: any)."""

    authorities: tuple[x509.Certificate, ...]
    policies: frozenset[str] = frozenset()
    lists: tuple[bytes, ...] = ()  # revocation lists that the reader has of his own


class Stamped(msgspec.Struct, frozen=True):
    """What a timestamp says, and until when its certificates let it be believed."""

    at: dt.datetime
    algorithm: HashAlgorithm
    policy: str
    serial: int
    authority: str
    ends_at: dt.datetime
    chain: tuple[x509.Certificate, ...] = ()  # its signer's first, the trusted one last


def read_trust(pem: bytes, policies: Iterable[str] = ()) -> Trust:
    """Return the trust in the certificates of a PEM file; it may hold revocation lists as well.

    :raises TimestampMalformed: if there are none.
    """
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise TimestampMalformed(reason=f"no certificates: {error}") from error
    return Trust(tuple(found), frozenset(policies), tuple(_LIST.findall(pem)))


def query(algorithm: HashAlgorithm, imprint: bytes, *, nonce: int, policy: str | None) -> bytes:
    """Return the request for a timestamp over a digest, with the certificates that it needs."""
    told = {
        "version": "v1",
        "message_imprint": {
            "hash_algorithm": {"algorithm": OIDS[algorithm], "parameters": core.Null()},
            "hashed_message": imprint,
        },
        "nonce": nonce,
        "cert_req": True,
    }
    if policy is not None:
        told["req_policy"] = policy
    made: bytes = tsp.TimeStampReq(told).dump()
    return made


def check_reply(response: bytes, algorithm: HashAlgorithm, imprint: bytes, nonce: int) -> None:
    """Check that a response answers a request. Whether it is genuine is for ``check`` to say.

    :raises TimestampMalformed: if it is none.
    :raises TimestampRefused: if the authority gave no timestamp.
    :raises TimestampWrong: if it is over something else, or an answer to somebody else.
    """
    info = _granted(response).tst_info
    if info.message_imprint.message != imprint or _algorithm(info) is not algorithm:
        raise TimestampWrong(reason="it is over something else")
    if info.nonce != nonce:
        raise TimestampWrong(reason="it answers another request")


def check(response: bytes, data: bytes, trust: Trust) -> Stamped:
    """Return what a response says, if a trusted authority gave it over these bytes.

    1. It was granted, and is over the digest of these bytes.
    2. Its policy is one of those that count, where any are named.
    3. One signer; its certificate is for timestamping and nothing else, and leads, at the time
       that the token tells, to one of the trusted certificates.

    :raises TimestampMalformed: if it is none.
    :raises TimestampRefused: if the authority gave no timestamp.
    :raises TimestampWrong: if it is another's, or over something else.
    """
    told = _granted(response)
    info = told.tst_info
    algorithm = _algorithm(info)
    imprint = digest(algorithm, data)
    if info.message_imprint.message != imprint:
        raise TimestampWrong(reason="it is over something else")
    if trust.policies and info.policy.dotted_string not in trust.policies:
        raise TimestampWrong(reason=f"its policy {info.policy.dotted_string} does not count here")
    try:
        VerifierBuilder(roots=list(trust.authorities)).build().verify(told, imprint)
        signer, pool = _signer(told, trust.authorities)
    except (VerificationError, *_UNREADABLE) as error:
        raise TimestampWrong(reason=str(error) or type(error).__name__) from error
    chain = _chain(signer, pool)
    return Stamped(
        at=info.gen_time,
        algorithm=algorithm,
        policy=info.policy.dotted_string,
        serial=info.serial_number,
        authority=signer.subject.rfc4514_string(),
        # When the first of them ends. What comes later can not check it.
        ends_at=min(each.not_valid_after_utc for each in chain),
        chain=chain,
    )


def _granted(response: bytes) -> TimeStampResponse:
    """Return a response that holds a token."""
    try:
        told = decode_timestamp_response(response)
        if told.status > _GRANTED_WITH_MODS:
            status = _STATUS[min(told.status, len(_STATUS) - 1)]
            raise TimestampRefused(status=status, reason="; ".join(told.status_string))
        _ = told.tst_info.gen_time, told.tst_info.policy.dotted_string, told.tst_info.serial_number
    except _UNREADABLE as error:
        raise TimestampMalformed(reason=str(error) or type(error).__name__) from error
    return told


def _algorithm(info: TimeStampTokenInfo) -> HashAlgorithm:
    algorithm = _BY_OID.get(info.message_imprint.hash_algorithm.dotted_string)
    if algorithm is None:
        raise TimestampMalformed(reason="its imprint is by a hash that is not known here")
    return algorithm


def _signer(
    told: TimeStampResponse, authorities: tuple[x509.Certificate, ...]
) -> tuple[x509.Certificate, list[x509.Certificate]]:
    """Return the certificate that the checked signature names, and all that a chain is made of."""
    held = [x509.load_der_x509_certificate(each) for each in told.signed_data.certificates]
    names = [(each.issuer, each.serial_number) for each in told.signed_data.signer_infos]
    signer = next(each for each in held if (each.issuer, each.serial_number) in names)
    return signer, [*held, *authorities]


def _chain(signer: x509.Certificate, pool: list[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Return the signer's certificate and those above it."""
    found, others = [signer], [each for each in pool if each != signer]
    while above := next((each for each in others if _issued(each, found[-1])), None):
        found.append(above)
        others = [each for each in others if each != above]
    return tuple(found)


def _issued(above: x509.Certificate, below: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
