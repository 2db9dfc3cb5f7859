"""The nouns of this room: an objection to the result of an auction, and what was decided on it."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import AccountId, PartyId
from market.auctions.model import AuctionId
from market.award_objections.states import State

AwardObjectionId = NewType("AwardObjectionId", uuid.UUID)

Words = Annotated[str, Meta(max_length=2_000)]


class Filed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bidder objects to: one who has won, by its number, or the whole result; and why."""

    against_paddle: Annotated[int, Meta(ge=1)] | None = None
    reasons: Words


class Finding(enum.StrEnum):
    """What was found (处理结论)."""

    UPHELD = "upheld"  # 成立
    DISMISSED = "dismissed"  # 不成立


class Decided(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was found, and why, in words that everybody reads."""

    finding: Finding
    reasons: Words


class AwardObjection(msgspec.Struct, frozen=True, kw_only=True):
    """An objection as the objector, the supplier and the houses read it."""

    id: AwardObjectionId
    auction_id: AuctionId
    party_id: PartyId
    supplier_party_id: PartyId
    paddle: int  # of the bidder who objects
    result: int  # to which result of the auction: the first, or one that came after it
    against_paddle: int | None  # None: to the whole of it
    reasons: str
    state: State
    filed_at: dt.datetime
    filed_by: AccountId
    decide_until: dt.datetime
    decision: str | None = None
    decided_at: dt.datetime | None = None
    decided_by: AccountId | None = None


class ShownObjection(msgspec.Struct, frozen=True, kw_only=True):
    """An objection as everybody reads it: how far it is and what was decided, not who and why."""

    state: State
    against_paddle: int | None
    filed_at: dt.datetime
    decision: str | None
    decided_at: dt.datetime | None
