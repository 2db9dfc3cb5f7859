"""The nouns of this room: an auction (竞价), its lot and rules, a bidder, a bid, what came of it."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from typing import Annotated, NewType

import msgspec
from msgspec import Meta

from catalog.kernel.ids import PartyId
from catalog.products.model import DeliveryMode
from catalog.signing.model import Signature
from market.auctions.states import State
from market.pricing.model import Code, UseCategory
from settlement.money import CEILING

AuctionId = NewType("AuctionId", uuid.UUID)
BidderId = NewType("BidderId", uuid.UUID)
BidId = NewType("BidId", uuid.UUID)

Amount = Annotated[int, Meta(ge=1, le=CEILING)]
Sha256 = Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
Key = Annotated[bytes, Meta(min_length=32, max_length=32)]  # X25519, as RFC 7748 writes it
Words = Annotated[str, Meta(min_length=1, max_length=2_000)]


class Kind(enum.StrEnum):
    """How bids are made, and what the winner pays (竞价方式)."""

    SEALED_FIRST_PRICE = "sealed_first_price"  # 密封竞价，按自己的出价成交
    SEALED_SECOND_PRICE = "sealed_second_price"  # 密封竞价，按落选者的最高出价成交
    ENGLISH = "english"  # 公开增价竞价

    @property
    def is_sealed(self) -> bool:
        """Tell whether nobody reads a bid before all are opened."""
        return self is not Kind.ENGLISH


class Lot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is sold (标的): licences of a product, by an item of its filed prices, for one use of it."""

    product_id: uuid.UUID
    price_item: Code
    quantity: Annotated[int, Meta(ge=1, le=10**9)] = 1  # of the item, in each licence
    licences: Annotated[int, Meta(ge=1, le=1_000)] = 1  # 许可份数: so many bidders win, one each
    purpose: Annotated[str, Meta(min_length=1, max_length=500)]
    scenario: Code
    use_category: UseCategory | None = None
    delivery_mode: DeliveryMode
    term_days: Annotated[int, Meta(ge=1, le=3660)] = 365  # 许可期限
    description: Annotated[str, Meta(max_length=2_000)] = ""


class LastMinutes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bid in the last minutes does: the end moves, so many times, and no further (延时规则)."""

    window_minutes: Annotated[int, Meta(ge=1, le=60)] = 5
    extension_minutes: Annotated[int, Meta(ge=1, le=60)] = 5
    extensions_max: Annotated[int, Meta(ge=1, le=1_000)] = 12
    hard_end_at: dt.datetime | None = None


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """By what is bid and decided (竞价规则); they never change once the auction is announced."""

    kind: Kind
    opens_at: dt.datetime
    closes_at: dt.datetime  # the first instant that is too late, unless it is moved
    starting_price_fen: Amount
    increment_fen: Amount | None = None  # 最小加价幅度; where bids rise in public
    last_minutes: LastMinutes | None = None
    may_outbid_self: bool = False
    deposit_fen: Annotated[int, Meta(ge=0, le=CEILING)] = 0  # 保证金
    #: 缴纳截止: the first instant too late. Without it, as of old, the deposit is held outside this service.
    deposit_until: dt.datetime | None = None
    reserve_sha256: Sha256 | None = None  # 保留价的承诺; None: there is no reserve
    supplier_key: Key | None = None  # of a sealed auction: one half of what opens its bids


class Planned(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a supplier wants to put up for bids."""

    lot: Lot
    rules: Rules


class Handed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is handed over when bids are closed: the private half of one's key, or the reserve, or both."""

    private_key: Key | None = None
    reserve_fen: Amount | None = None
    reserve_salt: Sha256 | None = None


class Fault(enum.StrEnum):
    """Why a bid does not count (废标原因)."""

    UNREADABLE = "unreadable"  # 无法解密或不成文书
    COMMITMENT_DIFFERS = "commitment_differs"  # 与承诺不符，或属于他人、其他竞价
    BELOW_STARTING_PRICE = "below_starting_price"  # 低于起始价
    OUTSIDE_FILED = "outside_filed"  # 超出备案价格上限


class ShownBid(msgspec.Struct, frozen=True, kw_only=True):
    """A bid as everybody reads it: by a bidder's number, never by a name (出价记录)."""

    paddle: int  # 竞买号
    place: int  # 次序: by its place in the log if it was sealed
    amount_fen: int | None = None  # None: it could not be read
    at: dt.datetime | None = None  # by the clock of the service
    commitment_sha256: str | None = None  # of a sealed bid
    nonce: str | None = None
    fault: Fault | None = None


class Won(msgspec.Struct, frozen=True, kw_only=True):
    """Who has won a licence, and what it pays (成交)."""

    paddle: int
    bid_fen: int
    price_fen: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """All that was bid, the reserve, and who comes first (竞价结果)."""

    bids: tuple[ShownBid, ...]
    ended_at: dt.datetime
    extension_count: int
    floor_fen: int  # below that nobody wins: the reserve, or else the starting price
    reserve_fen: int | None  # None: there was none, or it was not told in time
    reserve_salt: str | None
    winners: tuple[Won, ...]  # the first choice; who defaults is left out of the next one


class Auction(msgspec.Struct, frozen=True, kw_only=True):
    """An auction and how far it is."""

    id: AuctionId
    number: str
    state: State
    supplier_party_id: PartyId
    filing_id: uuid.UUID
    filing_number: str
    least_fen: int  # what one licence costs at least and at most, by the filing
    most_fen: int
    lot: Lot
    rules: Rules
    product_name: str
    ends_at: dt.datetime  # as far as the bids until now say
    extension_count: int = 0
    operator_key: bytes | None = None
    supplier_private_key: bytes | None = None  # told once bids are closed
    operator_private_key: bytes | None = None
    reserve_fen: int | None = None
    reserve_salt: str | None = None
    hand_over_until: dt.datetime | None = None
    outcome: Outcome | None = None
    result: int = 0  # how many results were on public notice: one, unless winners were excluded
    notice_ends_at: dt.datetime | None = None  # 公示截止: of the newest of them
    excluded: tuple[int, ...] = ()  # whose bids do not count, after an objection was upheld
    reason: str | None = None  # why it failed, was cancelled or declared void
    version: int
    created_at: dt.datetime
    updated_at: dt.datetime
    announced_at: dt.datetime | None = None
    closed_at: dt.datetime | None = None
    decided_at: dt.datetime | None = None


class Joining(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a bidder declares before it may bid (竞买申明)."""

    accepts_rules: bool  # 已阅读并接受竞价公告
    is_unrelated: bool  # 与供方、运营者无控股或管理关系
    deposit_fen: Annotated[int, Meta(ge=0, le=CEILING)] = 0  # 承诺缴纳的保证金
    limit_fen: Amount | None = None  # 自设上限: none of its people bids more


class Bidder(msgspec.Struct, frozen=True, kw_only=True):
    """A party that may bid, and the number under which everybody sees it (竞买人)."""

    id: BidderId
    auction_id: AuctionId
    party_id: PartyId
    paddle: int
    limit_fen: int | None
    joined_at: dt.datetime


class Bid(msgspec.Struct, frozen=True, kw_only=True):
    """A bid that was made in public (公开出价)."""

    id: BidId
    auction_id: AuctionId
    paddle: int
    place: int
    amount_fen: int
    at: dt.datetime
    ends_at: dt.datetime  # when the auction ends after it
    entry_id: uuid.UUID  # in the log


class SealedBid(msgspec.Struct, frozen=True, kw_only=True):
    """That a bid was handed in: who, when, a commitment and a digest. Nothing of its content."""

    id: BidId
    auction_id: AuctionId
    party_id: PartyId
    paddle: int
    commitment_sha256: str
    sealed_sha256: str
    handed_in_at: dt.datetime
    entry_id: uuid.UUID  # its place in the log breaks ties
    replaced_at: dt.datetime | None = None
    withdrawn_at: dt.datetime | None = None


class Award(msgspec.Struct, frozen=True, kw_only=True):
    """That a bidder was awarded a licence, at which special price, and what it did (成交确认)."""

    id: uuid.UUID
    auction_id: AuctionId
    party_id: PartyId
    paddle: int
    price_fen: int
    special_price_id: uuid.UUID
    order_until: dt.date  # the last day
    awarded_at: dt.datetime
    contracted_at: dt.datetime | None = None
    defaulted_at: dt.datetime | None = None
    order_id: uuid.UUID | None = None


class PublicAuction(msgspec.Struct, frozen=True, kw_only=True):
    """An auction as everybody reads it (竞价公告与结果)."""

    id: AuctionId
    number: str
    state: State
    supplier_party_id: PartyId
    supplier_name: str
    product_name: str
    filing_number: str
    least_fen: int
    most_fen: int
    lot: Lot
    rules: Rules
    operator_key: bytes | None
    ends_at: dt.datetime
    extension_count: int
    bids: tuple[ShownBid, ...]  # those that were made in public; sealed ones once they are opened
    standing_fen: int | None  # the highest of them
    lowest_next_fen: int | None  # what the next one is at least
    outcome: Outcome | None
    reason: str | None
    announced_at: dt.datetime | None
    closed_at: dt.datetime | None
    decided_at: dt.datetime | None
    hand_over_until: dt.datetime | None
    notice_ends_at: dt.datetime | None = None  # until when bidders may object to the result
    excluded: tuple[int, ...] = ()  # numbers that do not count, after an objection was upheld
    winners: tuple[Won, ...] = ()  # who is to be awarded as it stands; empty before and after that


class Mine(msgspec.Struct, frozen=True, kw_only=True):
    """What a party has to do with an auction: its number, its sealed bids, its awards (我的竞价)."""

    auction_id: AuctionId
    bidder: Bidder | None
    sealed_bids: tuple[SealedBid, ...]
    awards: tuple[Award, ...]


class SignedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """The record of an auction as exact bytes, with the service's signature (竞价记录)."""

    type: str
    document: bytes  # base64 in JSON
    signature: Signature
    sha256: str
