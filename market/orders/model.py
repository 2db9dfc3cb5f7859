"""Say what an order and its contract are (订单、合同, FIELDS §8)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import NewType

import msgspec
from msgspec import UNSET

from catalog.kernel.ids import PartyId
from catalog.products.model import AiShare, DeliveryMode
from catalog.signing.model import Signature
from market.access.decision import Decision
from market.orders.states import State
from market.orders.terms import RequestedTerms
from market.pricing.model import PriceItem, UseCategory
from settlement.escrow.release import ReleaseFacts
from settlement.ledger.accounts import Book
from settlement.revenue.agreement import FrozenSplit
from settlement.revenue.retaining import Retained
from settlement.taxes.model import Tax

OrderId = NewType("OrderId", uuid.UUID)
BundleId = NewType("BundleId", uuid.UUID)


class Side(enum.StrEnum):
    """Who of the two signs (签署方)."""

    BUYER = "buyer"  # 需方、接收方
    SUPPLIER = "supplier"  # 供方、提供方


class CancellationReason(enum.StrEnum):
    """Why an order is given up before it is delivered (取消原因) [P]."""

    NO_LONGER_NEEDED = "no_longer_needed"  # 不再需要
    PLACED_BY_MISTAKE = "placed_by_mistake"  # 误下单
    SUPPLIER_LATE = "supplier_late"  # 供方迟延
    CANNOT_DELIVER = "cannot_deliver"  # 无法交付
    PRODUCT_WITHDRAWN = "product_withdrawn"  # 产品停止提供
    BUYER_LATE = "buyer_late"  # 需方迟延签约或付款
    AGREED = "agreed"  # 双方协商一致
    OTHER = "other"  # 其他，见说明


class AcceptedBy(enum.StrEnum):
    """How a delivery came to be accepted (验收方式)."""

    BUYER = "buyer"  # 需方验收
    SILENCE = "silence"  # 验收期满未提异议，视为验收
    USE = "use"  # 已投入使用，视为验收
    RULING = "ruling"  # 争议裁决支持供方


class DestructionStatement(msgspec.Struct, frozen=True, kw_only=True):
    """That the buyer destroyed what it had been delivered (销毁说明, BJ-27(b))."""

    order_id: OrderId
    buyer_party_id: PartyId
    supplier_party_id: PartyId
    content_sha256: tuple[str, ...]  # of the files of the manifest
    fingerprint_id: str
    method: str
    destroyed_on: dt.date
    destroyed_by: str
    evidence_sha256: str | None
    stated_at: dt.datetime


class ManifestFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file that is delivered (交付清单)."""

    name: str
    sha256: str
    size_bytes: int
    media_type: str
    ai_generated: AiShare = AiShare.NONE  # the label beside the content (隐式标识, AIL-1)


class GivenPrice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The special price at which one buyer bought, and why (特别定价)."""

    id: uuid.UUID
    reason: str


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """An order (订单) and how far it is."""

    id: OrderId
    number: str
    state: State
    buyer_party_id: PartyId
    supplier_party_id: PartyId
    product_id: uuid.UUID
    product_name: str
    product_version: int  # of the content that was on offer
    level: str | None
    listing_id: uuid.UUID
    filing_id: uuid.UUID
    filing_number: str
    price_item: PriceItem
    quantity: int
    amount_fen: int
    purpose: str
    scenario: str
    use_category: UseCategory | None
    delivery_mode: DeliveryMode
    terms: RequestedTerms
    version: int
    placed_at: dt.datetime
    updated_at: dt.datetime
    decision: Decision | None = None
    suspended_from: State | None = None
    contracted_at: dt.datetime | None = None
    paid_at: dt.datetime | None = None
    delivered_at: dt.datetime | None = None
    inspection_ends_at: dt.datetime | None = None
    accepted_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
    manifest: tuple[ManifestFile, ...] = ()
    fingerprint_id: str | None = None
    reason: str | None = None
    bought_before: int = 0  # of a free quota: what the buyer had of it (免费额度)
    special_price: GivenPrice | None = None  # None: it pays what everybody pays
    cancellation_reason: CancellationReason | None = None
    accepted_by: AcceptedBy | None = None
    bundle_id: uuid.UUID | None = None  # 组合订单: ordered together with others
    agreement_id: uuid.UUID | None = None  # under which it stands, if one was negotiated
    grant_id: uuid.UUID | None = None  # 使用授权: under which its data are used, once delivered
    # What it counts as from when it was cleared on, whatever becomes of the product's description.
    book: Book = Book.MARKET  # in which its money is accounted (账套)
    industry_section: str = ""  # GB/T 4754 门类
    industry_division: str = ""  # GB/T 4754 大类
    region_code: str = ""  # GB/T 2260
    # Of ``amount_fen``, which is paid, if the price says what of it is tax (价税分离).
    net_fen: int | None = None  # 不含税金额
    tax_fen: int | None = None  # 税额

    @property
    def tax(self) -> Tax | None:
        """Return at which rate tax is in what is paid; None if the price does not say."""
        told = self.price_item.tax
        return None if told is UNSET else told.tax

    @property
    def is_free(self) -> bool:
        """Tell whether nothing is to be paid."""
        return self.amount_fen == 0


class ContractSignature(msgspec.Struct, frozen=True, kw_only=True):
    """One party's signature under the contract."""

    side: Side
    party_id: PartyId
    signature: Signature
    signed_at: dt.datetime


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """The contract of an order: its exact bytes, and who signed them (合同)."""

    order_id: OrderId
    document: bytes  # base64 in JSON: canonical, as both parties sign it
    sha256: str
    split: FrozenSplit
    drafted_at: dt.datetime
    signatures: tuple[ContractSignature, ...] = ()

    @property
    def is_concluded(self) -> bool:
        """Tell whether both signed."""
        return {signed.side for signed in self.signatures} == set(Side)


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """Orders that were placed together, of several suppliers (组合订单)."""

    id: BundleId
    number: str
    buyer_party_id: PartyId
    total_fen: int
    placed_at: dt.datetime


class BundleFile(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle and how far each of its orders is."""

    bundle: Bundle
    orders: list[Order]


class PaymentDue(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be paid for an order, and by whom."""

    payer_party_id: PartyId
    payee_party_id: PartyId
    amount_fen: int
    book: Book
    tax: Tax | None  # None: the price does not say what of it is tax


class ReleaseTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What the escrow needs to know of an order, and the split that was frozen with it."""

    facts: ReleaseFacts
    split: FrozenSplit
    retained_until: dt.datetime | None = None  # when what is kept is freed, if something is

    @property
    def retained(self) -> Retained | None:
        """Return what is kept back of the supplier's share (质保金), or None."""
        return self.split.retained


class UsedAfterWithdrawal(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for of an order although a consent was withdrawn or narrowed before."""

    order_id: uuid.UUID
    refused: int
    handed_out: int
    entry_ids: list[uuid.UUID]  # of the log
