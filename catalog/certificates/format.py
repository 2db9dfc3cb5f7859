"""Make the canonical certificate document (凭证正文) and check one (验真). See FORMAT.md.

HN-17 names six things that a certificate states; they stand first. The document holds no status:
that is looked up live, so that the signature stays good whatever happens later.
"""

from __future__ import annotations

import base64
import enum
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from catalog.certificates.number import is_well_formed
from catalog.kernel.errors import Invalid
from catalog.signing.algorithms import find_algorithm
from catalog.signing.canonical import canonical, sha256_hex
from catalog.signing.model import PublicKey, Signature
from catalog.signing.purposes import Purpose
from catalog.signing.verifier import SignatureFault, fault_of

TYPE: Final = "shushi-certificate-v1"

#: 数据产品名称、所有者、形式、时效、使用场景、登记编号 (HN-17).
REQUIRED: Final = (
    "product_name",
    "owners",
    "product_form",
    "product_validity",
    "scenarios",
    "registration_number",
)


class CertificateFieldEmpty(Invalid):
    """A field that HN-17 names is empty."""

    code = "certificate_field_empty"


class CertificateUnreadable(Invalid):
    """The bytes are no certificate of ours."""

    code = "certificate_unreadable"


class CertifiedOwner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An owner as the certificate names it (所有者)."""

    name: str
    kind: str
    id_masked: str  # 统一社会信用代码 or 证件号码, all but its ends hidden
    share: str  # an exact fraction: "1", "2/3"


class Authorisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By whom the issue was authorised (授权发证), and the digest of the signed authorisation."""

    authority: str
    authorisation_number: str
    sha256: str


class RightHeld(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A right that stands by itself, and who holds it (权利主体)."""

    right: str
    name: str
    kind: str
    id_masked: str


class NoticeRun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When and where the product stood in public notice (公示)."""

    starts_on: str
    ends_on: str
    urls: tuple[str, ...]


class InstrumentNamed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The instrument in force that moved the rights (生效法律文书, HN-19(b))."""

    kind: str
    issuing_body: str
    document_number: str
    effective_on: str
    sha256: str


class CertificateDocument(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """Everything that a certificate says (FIELDS §3.2)."""

    product_name: str
    owners: tuple[CertifiedOwner, ...]
    product_form: str
    product_validity: dict[str, str]
    scenarios: tuple[dict[str, str], ...]
    registration_number: str
    type: str
    certificate_version: int
    registration_type: str
    issued_at: str
    issuer: str
    authorised_by: Authorisation | None = None  # where the rulebook needs one
    ruleset: str
    rights: tuple[str, ...]
    rights_vocabulary: str
    content_fingerprint: str
    application_number: str
    product_id: str
    notice: NoticeRun | None = None  # None: it was waived
    technical_opinion_sha256: str
    compliance_opinion_sha256: str = ""
    agency_name: str = ""  # 合规审查机构
    agency_party_id: str = ""
    verification_url: str
    supersedes: str = ""
    by_instrument: InstrumentNamed | None = None
    remarks: tuple[str, ...] = ()
    right_holders: tuple[RightHeld, ...] = ()  # where rights are independent (NDA35-21)
    valid_through: str = ""  # 有效期至; empty: the certificate has no term (A23)
    restrictions: str = ""  # 限制事项
    notice_waived: str = ""  # why there was no notice (NDA35-24)
    ai_generated: str = ""  # partly, full: a machine made it (AIL-1); absent: none of it


class Package(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A certificate as a file (凭证文件): the exact bytes, and the signature beside them."""

    type: str
    document: bytes  # base64 in JSON
    signature: Signature


class Verdict(enum.StrEnum):
    """What a check comes to (验真结果)."""

    GENUINE = "genuine"  # 真实
    ALTERED = "altered"  # 被改动
    UNKNOWN = "unknown"  # 不在登记簿中


class Reason(enum.StrEnum):
    """Why a check comes to that."""

    NOT_READABLE = "not_readable"
    NUMBER_MALFORMED = "number_malformed"
    NUMBER_UNKNOWN = "number_unknown"
    BYTES_DIFFER = "bytes_differ_from_the_register"
    KEY_UNKNOWN = "key_unknown"
    KEY_FOR_ANOTHER_PURPOSE = "key_for_another_purpose"
    ALGORITHM_DIFFERS = "algorithm_not_of_the_key"
    SIGNATURE_WRONG = "signature_does_not_match"
    KEY_DISTRUSTED = "key_distrusted"


def document_bytes(document: CertificateDocument) -> bytes:
    """Return the canonical bytes (RFC 8785) that are signed, stored and given out.

    :raises CertificateFieldEmpty: if a field that HN-17 names is empty.
    """
    empty = [name for name in REQUIRED if not getattr(document, name)]
    if empty:
        raise CertificateFieldEmpty(fields=empty)
    return canonical(document)


def read_document(document: bytes) -> CertificateDocument:
    """Return what a certificate says.

    :raises CertificateUnreadable: if the bytes are no certificate.
    """
    try:
        return msgspec.json.decode(document, type=CertificateDocument)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CertificateUnreadable(reason=str(error)) from error


def pack(document: bytes, signature: Signature) -> bytes:
    """Return the certificate as a file."""
    return msgspec.json.format(
        msgspec.json.encode(Package(type=TYPE, document=document, signature=signature)), indent=2
    )


def unpack(file: bytes) -> Package:
    """Return the parts of a certificate file.

    :raises CertificateUnreadable: if it is none.
    """
    try:
        package = msgspec.json.decode(file, type=Package)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise CertificateUnreadable(reason=str(error)) from error
    if package.type != TYPE or find_algorithm(package.signature.algorithm) is None:
        raise CertificateUnreadable(reason=f"{package.type}, {package.signature.algorithm}")
    return package


def check_signature(
    document: bytes, signature: Signature, keys: Iterable[PublicKey]
) -> Reason | None:
    """Return why the signature does not count, None if it does. Needs no database.

    Whether the key was still valid when it signed is told by the log, not by a date in the
    document, which the holder of a stolen key would choose.
    """
    key = next((k for k in keys if k.key_id == signature.key_id), None)
    if key is None:
        return Reason.KEY_UNKNOWN
    if key.purpose is not Purpose.CERTIFICATE:
        return Reason.KEY_FOR_ANOTHER_PURPOSE
    fault = fault_of(
        signature,
        algorithm=key.algorithm,
        public_key=key.public_key,
        purpose=Purpose.CERTIFICATE,
        document=document,
    )
    if fault is SignatureFault.ALGORITHM:
        return Reason.ALGORITHM_DIFFERS
    return None if fault is None else Reason.SIGNATURE_WRONG


def named_number(document: bytes) -> str | None:
    """Return the registration number that the bytes name, None if they name none."""
    try:
        value: Any = msgspec.json.decode(document)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    number = value.get("registration_number") if isinstance(value, Mapping) else None
    return number if isinstance(number, str) else None


def judge(
    document: bytes, *, registered_sha256: str | None, signature_reason: Reason | None
) -> tuple[Verdict, tuple[Reason, ...]]:
    """Return the verdict over ``document``, given what the register has under its number."""
    number = named_number(document)
    if number is None:
        return Verdict.UNKNOWN, (Reason.NOT_READABLE,)
    if not is_well_formed(number):
        return Verdict.UNKNOWN, (Reason.NUMBER_MALFORMED,)
    if registered_sha256 is None:
        return Verdict.UNKNOWN, (Reason.NUMBER_UNKNOWN,)
    if sha256_hex(document) != registered_sha256:
        return Verdict.ALTERED, (Reason.BYTES_DIFFER,)
    if signature_reason is not None:
        return Verdict.ALTERED, (signature_reason,)
    return Verdict.GENUINE, ()


def as_base64(document: bytes) -> str:
    """Return the bytes as the JSON interfaces carry them."""
    return base64.b64encode(document).decode()
