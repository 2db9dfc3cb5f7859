"""The nouns of this room: the certificate as the register keeps it, and as the public sees it."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec

from catalog.certificates import expiry
from catalog.certificates.encumbrances import PublicEncumbrance
from catalog.certificates.format import Reason, Verdict
from catalog.certificates.number import CertificateNumber
from catalog.certificates.register_events import RegisterEvent
from catalog.certificates.states import State
from catalog.kernel.ids import AccountId, PartyId
from catalog.rulebooks.registry import PROVINCE
from catalog.signing.model import Signature


class NamedParty(msgspec.Struct, frozen=True, kw_only=True):
    """How the register of parties knows one whom a certificate names, the day it is issued."""

    name: str
    id_masked: str  # 统一社会信用代码 or 证件号码, all but its ends hidden


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate (凭证) with its exact bytes; only ``state`` and what follows it ever change."""

    number: CertificateNumber
    application_id: uuid.UUID
    product_id: uuid.UUID
    product_name: str
    registrant_party_id: PartyId
    version: int
    document: bytes
    record_sha256: str
    key_id: str
    signature: bytes
    issued_at: dt.datetime
    issued_by: AccountId | None
    entry_id: uuid.UUID
    state: State
    state_since: dt.datetime
    open_objections: int
    supersedes: str | None = None  # the number of the one whose place it took
    product_valid_to: dt.date | None = None  # 数据产品时效, the last day
    product_remind_on: dt.date | None = None
    product_reminded_at: dt.datetime | None = None
    product_expired_at: dt.datetime | None = None
    rulebook: str = PROVINCE.code
    valid_through: dt.date | None = None  # the last day (有效期); None: it has no term (A23)


class CertificateSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the public register (登记簿)."""

    number: CertificateNumber
    product_id: uuid.UUID
    product_name: str
    registrant_party_id: PartyId
    version: int
    record_sha256: str
    issued_at: dt.datetime
    state: State
    state_since: dt.datetime
    product_valid_to: dt.date | None
    product_expired_at: dt.datetime | None
    rulebook: str = PROVINCE.code
    valid_through: dt.date | None = None

    def counts_on(self, today: dt.date) -> bool:
        """Tell whether the product may be sold on the strength of it (A23)."""
        ends = (self.product_valid_to, self.valid_through)
        return self.state is State.ACTIVE and not any(expiry.is_over(end, today) for end in ends)


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That a certificate came into a state, and why (状态变更)."""

    state: State
    at: dt.datetime
    reason: str
    event: RegisterEvent | None = None  # None in files that were saved before it was told


class LogProof(msgspec.Struct, frozen=True, kw_only=True):
    """That the entry of the issue is under a signed checkpoint, to be checked offline (包含证明)."""

    leaf: bytes  # the entry's exact bytes
    hashes: tuple[bytes, ...]  # what leads from it to the root (RFC 9162 §2.1.3)
    checkpoint: str  # the signed note


class LogPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where the issue stands in the audit log (审计锚点); no index while it waits for one.

    There is no proof while no checkpoint covers it.
    """

    entry_id: uuid.UUID
    index: int | None
    entry_url: str | None
    inclusion_proof_url: str | None
    proof: LogProof | None = None


class PublicCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate as everybody gets it: the exact bytes, and all that is needed to check them."""

    number: CertificateNumber
    type: str
    content: dict[str, Any]  # the document, parsed, for reading
    document: bytes  # the document, as signed
    signature: Signature
    public_key: bytes
    record_sha256: str
    state: State
    state_since: dt.datetime
    history: tuple[Change, ...]
    log: LogPlace
    supersedes: str | None = None  # 换发前的编号
    superseded_by: str | None = None  # 换发后的编号
    encumbrances: tuple[PublicEncumbrance, ...] = ()  # 权利负担, those that stand
    product_valid_to: dt.date | None = None  # 数据产品时效, the last day
    product_expired_at: dt.datetime | None = None  # 产品时效届满: nothing is sold on it (A23)
    valid_through: dt.date | None = None  # 有效期至; None: it has no term
    # The key that signed it is distrusted from this entry on, and it was entered after: 不作凭据.
    key_distrusted_from: int | None = None


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What came of checking a document against the register (验真)."""

    verdict: Verdict
    reasons: tuple[Reason, ...]
    number: str | None
    state: State | None
    state_since: dt.datetime | None
    product_expired_at: dt.datetime | None = None
