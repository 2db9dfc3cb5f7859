"""Say what a licence grant is (使用授权, FIELDS §8)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import NewType

import msgspec

from catalog.kernel.ids import PartyId
from catalog.products.model import AiShare, DeliveryMode
from market.access.rates import UNLIMITED, Limits, Tally
from market.access.states import State

GrantId = NewType("GrantId", uuid.UUID)


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What a grant is for, and how far it goes (最小授权, BJ-27)."""

    purpose: str
    scenario: str
    delivery_mode: DeliveryMode
    fields: tuple[str, ...] = ()  # none named: all of the product
    quota: int | None = None  # uses; None: as many as one likes
    valid_from: dt.datetime
    valid_to: dt.datetime  # exclusive
    # Not written where there are none: what was granted before keeps its bytes, and so its digest.
    limits: Limits | msgspec.UnsetType = msgspec.UNSET

    @property
    def held_to(self) -> Limits:
        """Return how often, and how much at once, it is used."""
        return UNLIMITED if self.limits is msgspec.UNSET else self.limits


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """The licence of one order."""

    id: GrantId
    order_id: uuid.UUID
    buyer_party_id: PartyId
    supplier_party_id: PartyId
    product_id: uuid.UUID
    product_version: int
    content_sha256: str
    content_size_bytes: int
    media_type: str
    file_name: str
    fingerprint_id: str  # tells this recipient's copy from others'
    scope: Scope
    state: State
    used: int
    order_seq: int  # how many usage events the order has
    last_record_sha256: str  # of the newest event: the next one names it
    created_at: dt.datetime
    cut_off_at: dt.datetime | None = None
    cut_off_reason: str | None = None
    recent: tuple[Tally, ...] = ()  # what was used of late, where there is a rate
    ai_generated: AiShare = AiShare.NONE  # as the contract says; it is told with each download


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One use, as it is asked for."""

    purpose: str | None = None  # None: as granted
    scenario: str | None = None
    delivery_mode: DeliveryMode | None = None
    fields: tuple[str, ...] = ()
    uses: int = 1


class AccessToken(msgspec.Struct, frozen=True, kw_only=True):
    """A short token for one download (下载令牌)."""

    access_token: str
    token_type: str
    expires_at: dt.datetime
