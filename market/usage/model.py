"""Say what a usage event is (RULES §6.8), and what a statement of an order holds."""

from __future__ import annotations

import enum
import uuid
from typing import NewType

import msgspec
from msgspec import UNSET, UnsetType

from catalog.kernel.ids import PartyId
from catalog.signing.model import Signature
from market.pricing.model import PriceItem

UsageId = NewType("UsageId", uuid.UUID)


class Outcome(enum.StrEnum):
    """Whether the use was let through (判定结果)."""

    ALLOW = "allow"  # 放行
    DENY = "deny"  # 拒绝


class UsageEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One request for the data, as it was let through or not (使用记录)."""

    id: UsageId
    order_id: uuid.UUID
    order_seq: int  # counts the events of the order from 1, without a gap
    grant_id: uuid.UUID
    product_id: uuid.UUID
    product_version: int
    buyer_party_id: PartyId
    supplier_party_id: PartyId
    actor: str
    scenario: str
    purpose: str
    mode: str
    level: str | None
    fields: tuple[str, ...]
    bytes: int
    result_sha256: str | None  # of what was handed out; None if nothing was
    fingerprint_id: str
    request_key: str  # the same key is the same request, and counts once
    decision: Outcome
    reasons: tuple[str, ...]
    price_units: int
    at: str  # RFC 3339 in UTC
    prev_sha256: str  # of the event before it; 64 zeros for the first


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A usage event with its digest and its place in the audit log."""

    event: UsageEvent
    record: bytes
    record_sha256: str
    entry_id: uuid.UUID


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """One event as the statement names it."""

    order_seq: int
    usage_id: uuid.UUID
    at: str
    decision: Outcome
    reasons: tuple[str, ...]
    price_units: int
    record_sha256: str
    entry_id: uuid.UUID


class ChargedWindow(msgspec.Struct, frozen=True, kw_only=True):
    """One window as it was charged: through which use, and what all uses to there cost (计费窗口)."""

    to_seq: int
    quantity: int
    cumulative_fen: int
    record_sha256: str  # of the use at ``to_seq``


class MeteredBill(msgspec.Struct, frozen=True, kw_only=True):
    """What was charged of an order that pays as it uses, and by which price (按量账单)."""

    price_item: PriceItem
    bought_before: int  # of its free quota
    windows: tuple[ChargedWindow, ...]
    charged_fen: int


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """All events of an order, signed by the service (使用对账单)."""

    format: str
    order_id: uuid.UUID
    buyer_party_id: PartyId
    supplier_party_id: PartyId
    product_id: uuid.UUID
    drawn_up_at: str
    event_count: int
    allowed_count: int
    denied_count: int
    price_units: int
    last_record_sha256: str
    lines: tuple[StatementLine, ...]
    bill: MeteredBill | UnsetType = UNSET  # left out where the quantity was bought


class SignedStatement(msgspec.Struct, frozen=True, kw_only=True):
    """A statement as it is handed out: what it says, its exact bytes, and the signature.

    ``type``, ``document`` and ``signature`` are what ``market verify`` reads, as in certificates.
    """

    type: str
    document: bytes  # base64 in JSON: canonical, as signed
    signature: Signature
    statement: Statement
    sha256: str
    entry_id: uuid.UUID
    events: tuple[UsageEvent, ...]
