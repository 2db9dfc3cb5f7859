"""Say what a special price is made of."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import NewType

import msgspec

from catalog.kernel.ids import PartyId
from market.pricing.model import FilingId
from market.special_prices.states import State

SpecialPriceId = NewType("SpecialPriceId", uuid.UUID)


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """What a supplier offers to one buyer: a quantity of a filed item, what it costs, and why."""

    filing_id: uuid.UUID
    price_item: str
    quantity: int
    amount_fen: int
    buyer_party_id: uuid.UUID
    valid_until: dt.date  # the last day
    reason: str


class SpecialPrice(msgspec.Struct, frozen=True, kw_only=True):
    """A special price and how far it is."""

    id: SpecialPriceId
    state: State
    filing_id: FilingId
    product_id: uuid.UUID
    supplier_party_id: PartyId
    buyer_party_id: PartyId
    price_item: str
    quantity: int
    amount_fen: int
    filed_fen: int | None  # what others pay for it; None: it is quoted to everybody
    reason: str
    valid_until: dt.date
    version: int
    created_at: dt.datetime
    updated_at: dt.datetime
