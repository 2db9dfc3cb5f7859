"""Make auctions, keys and boxes for tests that need no database."""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from collections.abc import Sequence
from typing import Any

from catalog.kernel.ids import PartyId
from catalog.products.model import DeliveryMode
from market.auctions import sealing
from market.auctions.deciding import Box
from market.auctions.model import (
    Auction,
    AuctionId,
    Bid,
    Bidder,
    BidderId,
    BidId,
    Kind,
    LastMinutes,
    Lot,
    Rules,
    ShownBid,
)
from market.auctions.states import State

OPENS = dt.datetime(2026, 3, 16, 1, 0, tzinfo=dt.UTC)
CLOSES = OPENS + dt.timedelta(hours=8)
AUCTION = AuctionId(uuid.UUID(int=7))
SUPPLIER_PRIVATE, OPERATOR_PRIVATE = b"\x11" * 32, b"\x22" * 32
SUPPLIER_KEY = sealing.public_half(SUPPLIER_PRIVATE)
OPERATOR_KEY = sealing.public_half(OPERATOR_PRIVATE)
LEAST, MOST = 10_000, 90_000


def make_lot(**changes: Any) -> Lot:
    """Return one licence of a product."""
    values: dict[str, Any] = {
        "product_id": uuid.UUID(int=1),
        "price_item": "tailored",
        "purpose": "港口吊装作业停工判断",
        "scenario": "port_safety",
        "delivery_mode": DeliveryMode.DATASET_PRODUCT,
    }
    return Lot(**(values | changes))


def make_rules(kind: Kind = Kind.ENGLISH, **changes: Any) -> Rules:
    """Return rules of a kind that can be announced."""
    own: dict[str, Any] = (
        {"supplier_key": SUPPLIER_KEY}
        if kind.is_sealed
        else {"increment_fen": 1_000, "last_minutes": LastMinutes()}
    )
    values: dict[str, Any] = {
        "kind": kind,
        "opens_at": OPENS,
        "closes_at": CLOSES,
        "starting_price_fen": 20_000,
    }
    return Rules(**(values | own | changes))


def make_auction(kind: Kind = Kind.ENGLISH, **changes: Any) -> Auction:
    """Return an auction that is open."""
    values: dict[str, Any] = {
        "id": AUCTION,
        "number": "JJ-2026-000007",
        "state": State.OPEN,
        "supplier_party_id": PartyId(uuid.UUID(int=2)),
        "filing_id": uuid.UUID(int=3),
        "filing_number": "JGBA-2026-000001",
        "least_fen": LEAST,
        "most_fen": MOST,
        "lot": make_lot(),
        "rules": make_rules(kind),
        "product_name": "港口风况",
        "ends_at": CLOSES,
        "operator_key": OPERATOR_KEY if kind.is_sealed else None,
        "version": 1,
        "created_at": OPENS,
        "updated_at": OPENS,
    }
    return Auction(**(values | changes))


def make_bidder(paddle: int = 1, *, limit_fen: int | None = None) -> Bidder:
    """Return a bidder."""
    return Bidder(
        id=BidderId(uuid.UUID(int=100 + paddle)),
        auction_id=AUCTION,
        party_id=PartyId(uuid.UUID(int=200 + paddle)),
        paddle=paddle,
        limit_fen=limit_fen,
        joined_at=OPENS,
    )


def make_bid(paddle: int, amount_fen: int, at: dt.datetime = OPENS, place: int = 1) -> Bid:
    """Return a public bid."""
    return Bid(
        id=BidId(uuid.UUID(int=300 + place)),
        auction_id=AUCTION,
        paddle=paddle,
        place=place,
        amount_fen=amount_fen,
        at=at,
        ends_at=CLOSES,
        entry_id=uuid.UUID(int=400 + place),
    )


def shown(*bids: tuple[int, int], at: Sequence[dt.datetime] = ()) -> list[ShownBid]:
    """Return public bids of bidders and amounts, one a minute, or at these instants."""
    instants = at or [OPENS + dt.timedelta(minutes=n) for n in range(len(bids))]
    return [
        ShownBid(paddle=paddle, place=place, amount_fen=amount, at=instants[place - 1])
        for place, (paddle, amount) in enumerate(bids, start=1)
    ]


def sealed_bid(
    amount_fen: int,
    *,
    paddle: int = 1,
    auction_id: uuid.UUID = AUCTION,
    document: bytes | None = None,
    supplier_key: bytes = SUPPLIER_KEY,
    operator_key: bytes = OPERATOR_KEY,
) -> tuple[str, bytes]:
    """Return the commitment to a bid, and its box."""
    nonce = hashlib.sha256(f"{paddle} {amount_fen}".encode()).hexdigest()
    told = document or sealing.draw_up(
        auction_id, paddle=paddle, amount_fen=amount_fen, nonce=nonce
    )
    box = sealing.seal(
        told,
        supplier_key=supplier_key,
        operator_key=operator_key,
        ephemeral=hashlib.sha256(told).digest(),
    )
    return sealing.commitment(told), box


def boxes(*bids: tuple[int, int]) -> list[Box]:
    """Return boxes of bidders and amounts, in the order in which they stand in the log."""
    found = []
    for place, (paddle, amount) in enumerate(bids, start=40):
        commitment, sealed = sealed_bid(amount, paddle=paddle)
        found.append(Box(paddle=paddle, place=place, commitment_sha256=commitment, sealed=sealed))
    return found
