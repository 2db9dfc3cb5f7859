"""Say what a listing is made of, and the papers that its kind of data asks for."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import PartyId
from market.listings.audience import Audience
from market.listings.states import State

ListingId = NewType("ListingId", uuid.UUID)

Line = Annotated[str, Meta(max_length=200)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]


class SecrecyReview(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """That public data were reviewed for secrets before they were opened (保密审查, GD-17)."""

    reviewed_by: Annotated[str, Meta(min_length=1, max_length=200)]
    reviewed_on: dt.date
    may_be_opened: bool
    evidence_sha256: Sha256


class PublicRegistration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """That resource or product of an authorised operation are registered (公共数据资源登记, GD-06).

    Of a registration elsewhere; what is registered here is known without it.
    """

    registrar: Annotated[str, Meta(min_length=1, max_length=200)]  # 登记机构
    code: Annotated[str, Meta(min_length=1, max_length=100)]  # 登记编码
    registered_on: dt.date
    ends_on: dt.date  # the last day; a registration runs and is renewed
    evidence_sha256: Sha256


class PersonalBasisKind(enum.StrEnum):
    """Why personal information may be used (BJ-21, SIX-3)."""

    CONSENT = "consent"  # 个人授权
    ANONYMISATION = "anonymisation"  # 匿名化


class PersonalBasis(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """On what the use of personal information rests; a consent names one scenario (BJ-21)."""

    kind: PersonalBasisKind
    scenario: Line = ""
    ends_on: dt.date | None = None  # consents have an end
    accepted_by: Line = ""  # the agency that accepted the anonymisation
    evidence_sha256: Sha256


class MaskingRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How important data were masked, and what the recipient declared (SIX-1)."""

    method: Annotated[str, Meta(min_length=1, max_length=200)]
    recipient_statement_sha256: Sha256
    evidence_sha256: Sha256


class Papers(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the supplier hands in beside the product, as far as its data ask for it."""

    secrecy_review: SecrecyReview | None = None
    public_registration: PublicRegistration | None = None
    is_raw_public_data: bool = False
    is_lawfully_disclosed: bool = False  # 已依法依规公开 (GD-17)
    irreversibility_statement: Line = ""  # not reversible to raw data (RULES §8.1, leg B)
    personal_basis: PersonalBasis | None = None
    masking: MaskingRecord | None = None
    ai_label: Line = ""
    raw_trade_approval_sha256: Sha256 | None = None  # QD-S2


class Effect(enum.StrEnum):
    """What becomes of running contracts when their offer is stopped (下架影响)."""

    DRAIN = "drain"  # 放行: they run to their end, and nothing new begins
    FREEZE = "freeze"  # 冻结: no use until the offer is on again
    CUT = "cut"  # 切断: they end at once; what was not accepted is paid back


class Item(msgspec.Struct, frozen=True):
    """One thing that the gate looks at, and how it found it."""

    code: str  # the refusal's name if it fails
    passed: bool
    where: str = ""  # by which call it is got or put right


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """A product on offer, or on its way there (挂牌)."""

    id: ListingId
    state: State
    product_id: uuid.UUID
    supplier_party_id: PartyId
    papers: Papers
    certificate_number: str | None  # None with a listed product: labelled 未确权 (A46)
    filing_id: uuid.UUID | None
    gate: tuple[Item, ...]
    version: int
    created_at: dt.datetime
    updated_at: dt.datetime
    listed_at: dt.datetime | None = None
    reason: str | None = None
    effect: Effect | None = None  # declared when it was stopped
    foreign_certificate_id: uuid.UUID | None = None  # 外部凭证: it rests on one that is not ours
    audience: Audience | None = None  # None: everybody (公开挂牌)

    @property
    def is_for_everybody(self) -> bool:
        """Tell whether everybody may find and buy it."""
        return self.audience is None

    @property
    def is_certified(self) -> bool:
        """Tell whether the offer rests on a certificate."""
        return self.certificate_number is not None


class TargetedOffer(msgspec.Struct, frozen=True, kw_only=True):
    """An offer that is not for everybody, as one of those sees it whom it is for (定向要约)."""

    id: ListingId
    product_id: uuid.UUID
    product_name: str
    supplier_party_id: PartyId
    listed_at: dt.datetime
