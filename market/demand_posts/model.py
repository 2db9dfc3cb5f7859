"""Say what a demand post is made of, what others see of it, and what a match says."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import AccountId, PartyId
from catalog.products.model import DeliveryMode, Form, Level, UpdateCycle
from market.demand_posts.states import State
from market.identity.model import Kind
from market.pricing.model import PriceFen, UseCategory

DemandPostId = NewType("DemandPostId", uuid.UUID)

CodeText = Annotated[str, Meta(pattern="^[A-T0-9]{1,6}$")]


class Visibility(enum.StrEnum):
    """Who sees a post (公开范围)."""

    PUBLIC = "public"  # 公开
    ANONYMOUS = "anonymous"  # 公开，不显示需方名称
    INVITED = "invited"  # 仅受邀供方


class DemandAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a buyer needs (需求内容)."""

    title: Annotated[str, Meta(min_length=1, max_length=200)]
    description: Annotated[str, Meta(min_length=1, max_length=5_000)]
    purpose: Annotated[str, Meta(min_length=1, max_length=500)]
    use_category: UseCategory
    forms: Annotated[tuple[Form, ...], Meta(max_length=8)] = ()  # none: any
    industry: CodeText | None = None  # GB/T 4754: what lies in it
    region_code: CodeText | None = None  # GB/T 2260: what lies in it, or covers it
    delivery_modes: Annotated[tuple[DeliveryMode, ...], Meta(min_length=1, max_length=8)]
    update_cycle: UpdateCycle | None = None  # as often at least
    budget_fen: PriceFen | None = None  # 预算上限
    shows_budget: bool = False
    wanted_from: dt.date
    wanted_to: dt.date  # the last day
    offers_until: Annotated[dt.datetime, Meta(tz=True)]  # from then on no offer is taken
    visibility: Visibility = Visibility.PUBLIC


class Rejection(enum.StrEnum):
    """Why the operator does not publish a post (不予发布原因)."""

    PERSONAL_INFORMATION = "personal_information"  # 含个人信息
    SECRETS = "secrets"  # 涉密、敏感
    UNLAWFUL_PURPOSE = "unlawful_purpose"  # 用途不合法
    UNCLEAR = "unclear"  # 内容不清、不是数据需求
    OTHER = "other"


class DemandPost(msgspec.Struct, frozen=True, kw_only=True):
    """A demand post as its buyer and the operator see it (需求)."""

    id: DemandPostId
    state: State
    buyer_party_id: PartyId
    asked: DemandAsked
    revision: int
    version: int
    created_at: dt.datetime
    updated_at: dt.datetime
    submitted_at: dt.datetime | None = None
    published_at: dt.datetime | None = None
    rejection: Rejection | None = None
    reason: str | None = None  # why it was rejected, withdrawn, or how it was met


class PostRevision(msgspec.Struct, frozen=True, kw_only=True):
    """What a post said at a time (修订记录)."""

    revision: int
    asked: DemandAsked
    revised_at: dt.datetime
    revised_by: AccountId


class PostFile(msgspec.Struct, frozen=True, kw_only=True):
    """A post with all that it ever said."""

    post: DemandPost
    revisions: tuple[PostRevision, ...]


class DemandPosting(msgspec.Struct, frozen=True, kw_only=True):
    """What others see of a post (需求公示): no budget that is not shown, no name that is not given."""

    id: DemandPostId
    state: State
    title: str
    description: str
    purpose: str
    use_category: UseCategory
    forms: tuple[Form, ...]
    industry: str | None
    region_code: str | None
    delivery_modes: tuple[DeliveryMode, ...]
    update_cycle: UpdateCycle | None
    budget_fen: int | None
    wanted_from: dt.date
    wanted_to: dt.date
    offers_until: dt.datetime
    visibility: Visibility
    buyer: str | None  # None: only what kind of party it is
    buyer_kind: Kind
    published_at: dt.datetime
    revision: int


class About(enum.StrEnum):
    """What a reason is about (匹配理由)."""

    WORDS = "words"
    FORM = "form"
    INDUSTRY = "industry"
    REGION = "region"
    DELIVERY = "delivery"
    FREQUENCY = "frequency"
    PRICE = "price"
    LEVEL = "level"
    OFFER = "offer"


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One reason for or against a product, in words."""

    about: About
    fits: bool
    zh: str
    en: str


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A product that the search found, with what a match looks at."""

    product_id: uuid.UUID
    name: str
    supplier_party_id: PartyId | None  # None: a record of another catalogue
    relevance: int  # per mille of the best that was found
    words: tuple[str, ...]  # of the title, which stand in it
    form: Form | None
    industry_codes: tuple[str, ...]  # from the top of the tree down
    region_code: str | None
    delivery_modes: tuple[DeliveryMode, ...]
    update_cycle: UpdateCycle | None
    level: Level | None
    is_public_data: bool
    price_from_fen: int | None
    is_on_offer: bool


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """How well a product fits, of a thousand, and why (匹配结果)."""

    candidate: Candidate
    score: int
    reasons: tuple[Reason, ...]


class Verdict(enum.StrEnum):
    """What somebody says of a match."""

    ACCEPTED = "accepted"  # 有意向
    DISMISSED = "dismissed"  # 不合适


class NotRelevant(enum.StrEnum):
    """Why a match is dismissed (不合适原因): kept, so that matching can be held against it."""

    OTHER_SUBJECT = "other_subject"  # 主题不符
    OTHER_REGION = "other_region"  # 地区不符
    OTHER_FORM = "other_form"  # 形式、交付方式不符
    TOO_OLD = "too_old"  # 时效不足
    TOO_DEAR = "too_dear"  # 价格过高
    HAD_ALREADY = "had_already"  # 已有
    NOT_FOR_SALE = "not_for_sale"  # 供方不愿提供
    OTHER = "other"


class Side(enum.StrEnum):
    """Whose answer to a match it is."""

    BUYER = "buyer"
    SUPPLIER = "supplier"


class DemandMatch(msgspec.Struct, frozen=True, kw_only=True):
    """A product that fits a demand, and what both sides said of it (撮合结果)."""

    post_id: DemandPostId
    product_id: uuid.UUID
    product_name: str
    supplier_party_id: PartyId | None
    score: int | None  # None: for the supplier, whom the budget is not told
    reasons: tuple[Reason, ...]
    is_current: bool  # False: it fitted once, and does not any more
    found_at: dt.datetime
    buyer_verdict: Verdict | None = None
    buyer_reason: NotRelevant | None = None
    supplier_verdict: Verdict | None = None
    supplier_reason: NotRelevant | None = None


class SupplierMatch(msgspec.Struct, frozen=True, kw_only=True):
    """A match as the supplier sees it: the demand's public side, and one's own product."""

    match: DemandMatch
    posting: DemandPosting
