"""The nouns of this room: a complaint (投诉), what is frozen meanwhile, what came of it (FIELDS §7)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, Final, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import AccountId, PartyId
from market.complaints.states import State
from market.incidents.model import Evidence, EvidenceFile

ComplaintId = NewType("ComplaintId", uuid.UUID)

#: What a complaint is called in the log, by its clocks and in notifications.
SUBJECT: Final = "complaint"

Words = Annotated[str, Meta(min_length=1, max_length=20_000)]


class Kind(enum.StrEnum):
    """What is complained of (投诉类型, E32)."""

    PRODUCT_QUALITY = "product_quality"  # 产品质量
    PERSONAL_INFORMATION = "personal_information"  # 个人信息
    MISUSE_OR_LEAK = "misuse_or_leak"  # 滥用、泄露
    PRICE = "price"  # 价格
    OPERATOR_CONDUCT = "operator_conduct"  # 运营者行为
    AGENCY_CONDUCT = "agency_conduct"  # 第三方机构行为
    DISCRIMINATION = "discrimination"  # 歧视待遇
    OWNERSHIP = "ownership"  # 权属: goes to the objections (5.3)
    DATA_CONTENT_ERROR = "data_content_error"  # 数据内容错误: goes to the quality issues (GD-03)


class About(enum.StrEnum):
    """What it is about."""

    PRODUCT = "product"  # 数据产品
    ORDER = "order"  # 订单
    PARTY = "party"  # 其他主体
    AGENCY = "agency"  # 第三方机构
    OPERATOR = "operator"  # 运营者


class House(enum.StrEnum):
    """Who handles it (承办方)."""

    OPERATOR = "supermarket_operator"  # 数据产品超市运营者
    AUTHORITY = "authority"  # 省大数据管理局


class Filed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody complains of; where it may be told (``contact``) is shown to nobody else."""

    kind: Kind
    about: About
    about_id: uuid.UUID | None = None
    facts: Words
    contact: Annotated[str, Meta(max_length=200)] = ""
    file_ids: Annotated[tuple[uuid.UUID, ...], Meta(max_length=20)] = ()


class MeasureKind(enum.StrEnum):
    """What is frozen meanwhile (临时措施)."""

    FREEZE_LISTING = "freeze_listing"  # 暂停上架
    FREEZE_KEYS = "freeze_keys"  # 暂停授权使用
    FREEZE_PAYMENT = "freeze_payment"  # 暂缓放款


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is frozen until somebody lifts it; ``target_id`` is its listing or order."""

    kind: MeasureKind
    target_id: uuid.UUID
    risk: str
    taken_by: AccountId | None
    taken_at: dt.datetime
    lifted_at: dt.datetime | None = None
    lifted_because: str | None = None
    is_restored: bool | None = None  # False: it stays as it is, by another decision


class Outcome(enum.StrEnum):
    """What was found (处理结果)."""

    UPHELD = "upheld"  # 成立
    PARTLY_UPHELD = "partly_upheld"  # 部分成立
    NOT_UPHELD = "not_upheld"  # 不成立


class Ending(enum.StrEnum):
    """How a complaint ended, as everybody may count it (办结方式)."""

    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"
    NOT_UPHELD = "not_upheld"
    REDIRECTED = "redirected"  # 转办
    DECLINED = "declined"  # 不予受理
    UNRESOLVED = "unresolved"  # 未作决定即办结


class Position(msgspec.Struct, frozen=True, kw_only=True):
    """What one side says before it is decided (陈述意见)."""

    by_complainant: bool
    text: str
    stated_at: dt.datetime


class Appeal(msgspec.Struct, frozen=True, kw_only=True):
    """That one of the two went to the authority, once (申请复核), and what it found."""

    by_complainant: bool
    reason: str
    appealed_at: dt.datetime
    reviewed_by: AccountId | None = None
    reviewed_at: dt.datetime | None = None


class Basis(enum.StrEnum):
    """Why an arbitral institution decides (仲裁依据)."""

    AGREEMENT = "agreement"  # 仲裁协议
    LAW = "law"  # 法律规定


class Award(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was awarded: a legal instrument of the register (§5.4), or one about money only."""

    instrument_id: uuid.UUID | None = None
    issuing_body: Annotated[str, Meta(max_length=200)] = ""
    document_number: Annotated[str, Meta(max_length=200)] = ""
    effective_on: dt.date | None = None


class Referral(msgspec.Struct, frozen=True, kw_only=True):
    """That one of the two went to arbitration (转仲裁)."""

    by_complainant: bool
    institution: str
    case_number: str
    basis: Basis
    referred_at: dt.datetime
    award: Award | None = None


class Complaint(msgspec.Struct, frozen=True, kw_only=True):
    """A complaint as those who handle it read it."""

    id: ComplaintId
    number: str
    kind: Kind
    state: State
    house: House
    about: About
    about_id: uuid.UUID | None
    product_id: uuid.UUID | None
    complainant_party_id: PartyId | None  # None: it did not say who it is
    against_party_id: PartyId
    facts: str
    contact: str
    files: tuple[EvidenceFile, ...]
    received_at: dt.datetime
    reason: str | None = None  # of a declined or redirected one
    redirected_to: str | None = None
    triaged_at: dt.datetime | None = None
    accepted_at: dt.datetime | None = None  # from then on who is complained of knows of it
    positions: tuple[Position, ...] = ()
    hearing_ends_at: dt.datetime | None = None  # until when who is complained of is heard
    handler_account_id: AccountId | None = None
    handler_party_id: PartyId | None = None
    evidence: Evidence | None = None
    measures: tuple[Measure, ...] = ()
    outcome: Outcome | None = None
    findings: str | None = None
    ordered: str | None = None
    resolved_at: dt.datetime | None = None
    appeal_ends_at: dt.datetime | None = None
    appeal: Appeal | None = None
    referral: Referral | None = None
    ending: Ending | None = None
    close_reason: str | None = None
    closed_at: dt.datetime | None = None


class Resolution(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was found, in words that both read, and what is to be done."""

    outcome: Outcome
    findings: Words
    ordered: Annotated[str, Meta(max_length=20_000)] = ""


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever complained keeps: its number, and the secret to look it up with."""

    id: ComplaintId
    number: str
    received_at: dt.datetime
    triage_due_on: dt.date
    secret: str


class LookedUp(msgspec.Struct, frozen=True, kw_only=True):
    """How far one's own complaint is, as it is told to who complained."""

    number: str
    kind: Kind
    state: State
    house: House
    received_at: dt.datetime
    reason: str | None
    redirected_to: str | None
    outcome: Outcome | None
    findings: str | None
    ordered: str | None
    appeal_ends_at: dt.datetime | None
    is_reviewed: bool
    closed_at: dt.datetime | None


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many complaints of a kind were closed in a year, and how; no word of any of them."""

    year: int
    kind: Kind
    ending: Ending
    count: int
    appealed: int


class ComplaintCounts(msgspec.Struct, frozen=True):
    """What became of complaints, as everybody may count it (投诉办结情况)."""

    items: tuple[Count, ...]
