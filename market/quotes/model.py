"""Say what a quote request, an invitation and a quote are made of."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import AccountId, PartyId
from market.contracts.terms import TermsWanted
from market.demand_posts.model import DemandPostId
from market.negotiations.model import NegotiationId
from market.pricing.model import FilingId, PriceFen
from market.quotes.states import State
from market.special_prices.model import SpecialPriceId
from settlement.money import CURRENCY

QuoteRequestId = NewType("QuoteRequestId", uuid.UUID)
QuoteId = NewType("QuoteId", uuid.UUID)


class QuotesAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who is asked for a quote, and until when (询价内容)."""

    supplier_party_ids: Annotated[tuple[uuid.UUID, ...], Meta(min_length=1, max_length=50)]
    quotes_until: Annotated[dt.datetime, Meta(tz=True)]
    message: Annotated[str, Meta(max_length=2_000)] = ""


class QuoteOffered(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a supplier quotes: one of its products, on terms, for so much (报价内容)."""

    product_id: uuid.UUID
    terms: TermsWanted
    amount_fen: PriceFen
    currency: Annotated[str, Meta(max_length=8)] = CURRENCY
    special_price_reason: Annotated[str, Meta(max_length=2_000)] = ""  # below the filed price
    # 与其有控股、管理关系的主体: whose demand it is need not be known to whoever quotes.
    related_party_ids: Annotated[tuple[uuid.UUID, ...], Meta(max_length=50)] = ()
    note: Annotated[str, Meta(max_length=2_000)] = ""
    replaces: uuid.UUID | None = None  # one's own standing quote


class QuoteRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request for quotes about a demand (询价)."""

    id: QuoteRequestId
    state: State
    post_id: DemandPostId
    title: str  # of the demand
    buyer_party_id: PartyId | None  # None: an invited supplier is not told
    is_by_operator: bool  # for the buyer
    quotes_until: dt.datetime
    message: str
    version: int
    created_at: dt.datetime
    updated_at: dt.datetime
    opened_at: dt.datetime | None = None
    decided_at: dt.datetime | None = None
    accepted_quote_id: QuoteId | None = None
    negotiation_id: NegotiationId | None = None  # in which the accepted one is agreed on
    special_price_id: SpecialPriceId | None = None  # at which it is, if it is not everybody's
    reason: str | None = None  # why none was chosen, or it was taken back


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """Who was invited (邀请)."""

    supplier_party_id: PartyId
    invited_at: dt.datetime


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A quote (报价): sealed until all are opened."""

    id: QuoteId
    request_id: QuoteRequestId
    supplier_party_id: PartyId
    account_id: AccountId  # who gave it
    product_id: uuid.UUID
    product_name: str
    filing_id: FilingId
    filing_number: str
    terms: TermsWanted
    amount_fen: int
    filed_fen: int | None  # what everybody pays for it; None: it is quoted to everybody
    special_price_reason: str
    note: str
    submitted_at: dt.datetime
    replaced_at: dt.datetime | None = None
    withdrawn_at: dt.datetime | None = None
    opened_at: dt.datetime | None = None

    @property
    def is_standing(self) -> bool:
        """Tell whether it was neither replaced nor taken back."""
        return self.replaced_at is None and self.withdrawn_at is None

    @property
    def is_special(self) -> bool:
        """Tell whether it is at another price than everybody's."""
        return self.filed_fen != self.amount_fen


class RequestFile(msgspec.Struct, frozen=True, kw_only=True):
    """A request with what its reader may see: all invited and opened, or one's own."""

    request: QuoteRequest
    invited: tuple[Invitation, ...]
    quotes: tuple[Quote, ...]


class Settled(msgspec.Struct, frozen=True):
    """A demand whose accepted quote came to an end, good or not."""

    post_id: DemandPostId
    is_met: bool
