"""Write a certificate, and which certificates count, as verifiable credentials (可验证凭证).

W3C: Verifiable Credentials Data Model 2.0, secured as vc+jwt (VC-JOSE-COSE: the payload is the
credential itself), and Bitstring Status List v1.0. Both are faces: the certificate stays the signed
document of FORMAT.md, which stands inside with its digest. See FORMAT.md.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Final

import msgspec

from catalog.certificates import status_list
from catalog.certificates.status_list import Status
from catalog.kernel.errors import Invalid
from catalog.kernel.local_time import SHANGHAI
from catalog.signing.canonical import canonical, sha256_hex

MEDIA_TYPE: Final = "application/vc+jwt"
TYP: Final = "vc+jwt"

CONTEXT: Final = (
    "https://www.w3.org/ns/credentials/v2",
    # Terms that no other vocabulary defines; nothing has to be fetched to read them.
    "https://www.w3.org/ns/credentials/undefined-terms/v2",
)
CREDENTIAL_TYPE: Final = ("VerifiableCredential", "DataProductRegistrationCredential")
LIST_TYPE: Final = ("VerifiableCredential", "BitstringStatusListCredential")

#: How long a list that was handed out may be believed [P]: an hour, so that a freeze of this
#: morning is not hidden behind yesterday's list.
LIST_LIFETIME: Final = dt.timedelta(hours=1)
#: How long a cache may keep it (`ttl`) [P].
LIST_KEPT: Final = dt.timedelta(minutes=5)

_MESSAGES: Final = tuple(
    {"status": f"0x{status.value:x}", "message": status.name.lower()} for status in Status
)


Seconds = Annotated[int, msgspec.Meta(ge=0, le=253_402_300_799)]  # until the end of year 9999


class CredentialUnreadable(Invalid):
    """The payload is no credential of ours."""

    code = "credential_unreadable"


class Issuer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who signed: the address of the register, and the operator's name."""

    id: str
    name: str


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The product, and what the certificate says of it with the digest of the signed bytes."""

    id: str
    type: str
    certificate: dict[str, Any]
    document_sha256: str


class StatusEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Where it is told whether the certificate counts (BitstringStatusListEntry)."""

    id: str
    type: str
    status_purpose: str
    status_list_index: str
    status_list_credential: str
    status_size: int
    status_message: tuple[dict[str, str], ...]


class Credential(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    rename="camel",
):
    """A certificate as a credential; ``iat`` is when this face of it was signed."""

    context: tuple[str, ...] = msgspec.field(name="@context")
    id: str
    type: tuple[str, ...]
    issuer: Issuer
    valid_from: str
    valid_until: str | None = None
    credential_subject: Subject
    credential_status: StatusEntry
    iat: Seconds


class ListSubject(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The list itself (BitstringStatusList), and what binds it to the log."""

    id: str
    type: str
    status_purpose: str
    encoded_list: str
    ttl: int
    list_number: int
    list_version: int
    bits_sha256: str


class ListCredential(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"
):
    """A status list as a credential, which is good until ``exp`` and no longer."""

    context: tuple[str, ...] = msgspec.field(name="@context")
    id: str
    type: tuple[str, ...]
    issuer: Issuer
    valid_from: str
    valid_until: str
    credential_subject: ListSubject
    iat: Seconds
    exp: Seconds


class Place(msgspec.Struct, frozen=True):
    """Where a certificate stands in the status lists."""

    list_number: int
    place: int


class ListVersion(msgspec.Struct, frozen=True):
    """A version of a status list that was shown to somebody."""

    version: int
    bits_sha256: str


def list_address(base: str, number: int) -> str:
    """Return where a status list is had."""
    return f"{base}/api/v1/certificate-status-lists/{number}"


def kid_of(base: str, key_id: str) -> str:
    """Return the name of a key in the service's published set (JWKS)."""
    return f"{base}/api/v1/keys/jwks#{key_id}"


def key_id_in(kid: str) -> str:
    """Return the key id that a ``kid`` ends with; a reader looks it up in the keys it trusts."""
    return kid.rpartition("#")[2]


def credential(document: bytes, *, place: Place, base: str, now: dt.datetime) -> Credential:
    """Return the credential of a signed certificate document. Nothing is told that it does not say."""
    told: dict[str, Any] = msgspec.json.decode(document)
    address = list_address(base, place.list_number)
    ends_on = told.get("valid_through")
    return Credential(
        context=CONTEXT,
        id=told["verification_url"],
        type=CREDENTIAL_TYPE,
        issuer=Issuer(base, told["issuer"]),
        valid_from=told["issued_at"],
        valid_until=None if ends_on is None else _end_of(dt.date.fromisoformat(ends_on)),
        credential_subject=Subject(
            id=f"urn:uuid:{told['product_id']}",
            type="DataProduct",
            certificate=told,
            document_sha256=sha256_hex(document),
        ),
        credential_status=StatusEntry(
            id=f"{address}#{place.place}",
            type="BitstringStatusListEntry",
            status_purpose="message",
            status_list_index=str(place.place),
            status_list_credential=address,
            status_size=status_list.WIDTH,
            status_message=_MESSAGES,
        ),
        iat=int(now.timestamp()),
    )


def list_credential(
    bits: bytes, *, number: int, version: int, base: str, name: str, now: dt.datetime
) -> ListCredential:
    """Return a status list as it is handed out now."""
    address = list_address(base, number)
    now = now.replace(microsecond=0)
    until = now + LIST_LIFETIME
    return ListCredential(
        context=CONTEXT,
        id=address,
        type=LIST_TYPE,
        issuer=Issuer(base, name),
        valid_from=_instant(now),
        valid_until=_instant(until),
        credential_subject=ListSubject(
            id=f"{address}#list",
            type="BitstringStatusList",
            status_purpose="message",
            encoded_list=status_list.encoded(bits),
            ttl=int(LIST_KEPT.total_seconds() * 1000),
            list_number=number,
            list_version=version,
            bits_sha256=sha256_hex(bits),
        ),
        iat=int(now.timestamp()),
        exp=int(until.timestamp()),
    )


def read_credential(payload: bytes) -> Credential:
    """Return the credential in a payload, in which everything fits together.

    :raises CredentialUnreadable: if it is none, or says of itself what is not so.
    """
    read: Credential = _read(payload, Credential)
    subject, status = read.credential_subject, read.credential_status
    told = subject.certificate
    address, place = status.status_list_credential, status.status_list_index
    fits = {
        "@context": read.context == CONTEXT,
        "type": read.type == CREDENTIAL_TYPE,
        "id": read.id == told.get("verification_url"),
        "validFrom": read.valid_from == told.get("issued_at"),
        "documentSha256": _digest(told) == subject.document_sha256,
        "credentialStatus": status
        == StatusEntry(
            id=f"{address}#{place}",
            type="BitstringStatusListEntry",
            status_purpose="message",
            status_list_index=place,
            status_list_credential=address,
            status_size=status_list.WIDTH,
            status_message=_MESSAGES,
        )
        and place.isascii()
        and place.isdigit()
        and int(place) < status_list.PLACES,
    }
    _refuse_misfit(fits)
    return read


def read_list(payload: bytes) -> tuple[ListCredential, bytes]:
    """Return the status list in a payload, and its bits.

    :raises CredentialUnreadable: if it is none, or says of itself what is not so.
    :raises StatusListUnreadable: if its bits are not those of a list.
    """
    read: ListCredential = _read(payload, ListCredential)
    subject = read.credential_subject
    bits = status_list.decoded(subject.encoded_list)
    lives = dt.timedelta(seconds=read.exp - read.iat)
    fits = {
        "@context": read.context == CONTEXT,
        "type": read.type == LIST_TYPE,
        "credentialSubject": (subject.id, subject.type, subject.status_purpose)
        == (f"{read.id}#list", "BitstringStatusList", "message"),
        "bitsSha256": sha256_hex(bits) == subject.bits_sha256,
        "exp": dt.timedelta() < lives <= LIST_LIFETIME,
        "validUntil": read.valid_until == _instant(dt.datetime.fromtimestamp(read.exp, dt.UTC)),
    }
    _refuse_misfit(fits)
    return read, bits


def _read(payload: bytes, kind: Any) -> Any:
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CredentialUnreadable(reason=str(error)) from error


def _refuse_misfit(fits: dict[str, bool]) -> None:
    for member, is_so in fits.items():
        if not is_so:
            raise CredentialUnreadable(reason=f"its {member} does not fit the rest")


def _digest(told: dict[str, Any]) -> str | None:
    try:
        return sha256_hex(canonical(told))
    except Invalid:
        return None


def _end_of(day: dt.date) -> str:
    # The last day counts until it ends, where the register is.
    midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), SHANGHAI)
    return midnight.isoformat()


def _instant(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
