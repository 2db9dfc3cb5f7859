"""Say what an order and its contract are (订单、合同, FIELDS §8)."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import NewType

import msgspec

from catalog.kernel.ids import PartyId
from catalog.products.model import AiShare, DeliveryMode
from catalog.signing.model import Signature
from market.access.decision import Decision
from market.orders.states import State
from market.orders.terms import RequestedTerms
from market.pricing.model import PriceItem, UseCategory
from settlement.escrow.release import ReleaseFacts
from settlement.revenue.agreement import FrozenSplit

OrderId = NewType("OrderId", uuid.UUID)


class Side(enum.StrEnum):
    """Who of the two signs (签署方)."""

    BUYER = "buyer"  # 需方、接收方
    SUPPLIER = "supplier"  # 供方、提供方


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


class PaymentDue(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be paid for an order, and by whom."""

    payer_party_id: PartyId
    amount_fen: int


class ReleaseTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What the escrow needs to know of an order, and the split that was frozen with it."""

    facts: ReleaseFacts
    split: FrozenSplit
