"""Tables and statements of the auctions (竞价), their bidders, bids and awards."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from catalog.kernel.db import METADATA, Row, Tx
from catalog.kernel.ids import PartyId
from market.auctions.model import Auction, Award, Bid, Bidder, SealedBid
from market.auctions.states import State

_INSTANT: Final = sa.DateTime(timezone=True)

AUCTIONS: Final = sa.Table(
    "auctions",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("product_id", sa.Uuid, nullable=False),
    sa.Column("product_name", sa.Text, nullable=False),
    sa.Column("filing_id", sa.Uuid, nullable=False),
    sa.Column("filing_number", sa.Text, nullable=False),
    sa.Column("least_fen", sa.BigInteger, nullable=False),
    sa.Column("most_fen", sa.BigInteger, nullable=False),
    sa.Column("lot", postgresql.JSONB, nullable=False),
    sa.Column("rules", postgresql.JSONB, nullable=False),
    sa.Column("ends_at", _INSTANT, nullable=False),
    sa.Column("extension_count", sa.Integer, nullable=False),
    sa.Column("operator_key", postgresql.BYTEA),
    sa.Column("supplier_private_key", postgresql.BYTEA),
    sa.Column("operator_private_key", postgresql.BYTEA),
    sa.Column("reserve_fen", sa.BigInteger),
    sa.Column("reserve_salt", sa.Text),
    sa.Column("hand_over_until", _INSTANT),
    sa.Column("outcome", postgresql.JSONB),
    sa.Column("result", sa.Integer, nullable=False, server_default="0"),
    sa.Column("notice_ends_at", _INSTANT),
    sa.Column("excluded", sa.ARRAY(sa.Integer), nullable=False, server_default="{}"),
    sa.Column("reason", sa.Text),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", _INSTANT, nullable=False),
    sa.Column("updated_at", _INSTANT, nullable=False),
    sa.Column("announced_at", _INSTANT),
    sa.Column("closed_at", _INSTANT),
    sa.Column("decided_at", _INSTANT),
    schema="market",
)

AUCTION_BIDDERS: Final = sa.Table(
    "auction_bidders",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("auction_id", sa.Uuid, nullable=False),
    sa.Column("party_id", sa.Uuid, nullable=False),
    sa.Column("paddle", sa.Integer, nullable=False),
    sa.Column("limit_fen", sa.BigInteger),
    sa.Column("joined_at", _INSTANT, nullable=False),
    schema="market",
)

AUCTION_BIDS: Final = sa.Table(
    "auction_bids",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("auction_id", sa.Uuid, nullable=False),
    sa.Column("paddle", sa.Integer, nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("at", _INSTANT, nullable=False),
    sa.Column("ends_at", _INSTANT, nullable=False),
    sa.Column("entry_id", sa.Uuid, nullable=False),
    schema="market",
)

AUCTION_SEALED_BIDS: Final = sa.Table(
    "auction_sealed_bids",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("auction_id", sa.Uuid, nullable=False),
    sa.Column("party_id", sa.Uuid, nullable=False),
    sa.Column("paddle", sa.Integer, nullable=False),
    sa.Column("commitment_sha256", sa.Text, nullable=False),
    sa.Column("sealed_sha256", sa.Text, nullable=False),
    sa.Column("sealed", postgresql.BYTEA, nullable=False),
    sa.Column("handed_in_at", _INSTANT, nullable=False),
    sa.Column("entry_id", sa.Uuid, nullable=False),
    sa.Column("replaced_at", _INSTANT),
    sa.Column("withdrawn_at", _INSTANT),
    schema="market",
)

AUCTION_AWARDS: Final = sa.Table(
    "auction_awards",
    METADATA,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("auction_id", sa.Uuid, nullable=False),
    sa.Column("party_id", sa.Uuid, nullable=False),
    sa.Column("supplier_party_id", sa.Uuid, nullable=False),
    sa.Column("paddle", sa.Integer, nullable=False),
    sa.Column("price_fen", sa.BigInteger, nullable=False),
    sa.Column("special_price_id", sa.Uuid, nullable=False),
    sa.Column("order_until", sa.Date, nullable=False),
    sa.Column("awarded_at", _INSTANT, nullable=False),
    sa.Column("contracted_at", _INSTANT),
    sa.Column("defaulted_at", _INSTANT),
    sa.Column("order_id", sa.Uuid),
    schema="market",
)

SELECT: Final = """
    SELECT id, number, state, supplier_party_id, product_name, filing_id, filing_number, least_fen,
           most_fen, lot, rules, ends_at, extension_count, operator_key, supplier_private_key,
           operator_private_key, reserve_fen, reserve_salt, hand_over_until, outcome, result,
           notice_ends_at, excluded, reason, version, created_at, updated_at, announced_at, closed_at, decided_at
      FROM market.auctions"""
_BIDDER: Final = """
    SELECT id, auction_id, party_id, paddle, limit_fen, joined_at FROM market.auction_bidders"""
_BID: Final = """
    SELECT id, auction_id, paddle, place, amount_fen, at, ends_at, entry_id
      FROM market.auction_bids"""
_SEALED: Final = """
    SELECT id, auction_id, party_id, paddle, commitment_sha256, sealed_sha256, handed_in_at,
           entry_id, replaced_at, withdrawn_at
      FROM market.auction_sealed_bids"""
_AWARD: Final = """
    SELECT id, auction_id, party_id, paddle, price_fen, special_price_id, order_until, awarded_at,
           contracted_at, defaulted_at, order_id
      FROM market.auction_awards"""

#: What changes in the life of an auction; the rest is announced once and stays.
_MOVING: Final = (
    "state",
    "ends_at",
    "extension_count",
    "operator_key",
    "supplier_private_key",
    "operator_private_key",
    "reserve_fen",
    "reserve_salt",
    "hand_over_until",
    "outcome",
    "result",
    "notice_ends_at",
    "excluded",
    "reason",
    "version",
    "updated_at",
    "announced_at",
    "closed_at",
    "decided_at",
)
_UPDATE: Final = (
    "UPDATE market.auctions SET "  # noqa: S608 - names of columns, written above
    + ", ".join(f"{name} = ${n}" for n, name in enumerate(_MOVING, start=2))
    + " WHERE id = $1"
)


async def next_number(tx: Tx) -> int:
    """Return the next serial of the auctions; gaps after a rollback are harmless."""
    return int(await tx.fetch_value("SELECT nextval('market.auction_numbers')"))


async def insert(tx: Tx, auction: Auction) -> None:
    """Insert an auction that was drafted."""
    await tx.insert(AUCTIONS, **_values(auction) | {"product_id": auction.lot.product_id})


async def update(tx: Tx, auction: Auction) -> None:
    """Write back how far an auction is, which the caller holds locked."""
    values = _values(auction)
    touched = await tx.execute(_UPDATE, auction.id, *(values[name] for name in _MOVING))
    assert touched == 1, "a locked auction can not vanish"


async def find(tx: Tx, auction_id: uuid.UUID) -> Auction | None:
    """Return an auction that the actor may see, or None."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1", auction_id)
    return None if row is None else auction_of(row)


async def lock(tx: Tx, auction_id: uuid.UUID) -> Auction | None:
    """Lock and return an auction that the actor may see, or None."""
    row = await tx.fetch_one(SELECT + " WHERE id = $1 FOR UPDATE", auction_id)
    return None if row is None else auction_of(row)


async def list_due(
    tx: Tx, *, now: dt.datetime, waited_for: dt.timedelta, limit: int
) -> list[uuid.UUID]:
    """Return the auctions for which it is time to begin, to end, or to do without what is missing."""
    rows = await tx.fetch(
        """
        SELECT id FROM market.auctions
         WHERE (state = 'announced' AND (rules ->> 'opens_at')::timestamptz <= $1)
            OR (state = 'open' AND ends_at <= $2)
            OR (state = 'closed' AND hand_over_until <= $1)
         ORDER BY id LIMIT $3""",
        now,
        now - waited_for,
        limit,
    )
    return [row["id"] for row in rows]


async def list_awarded(tx: Tx, *, limit: int) -> list[uuid.UUID]:
    """Return the auctions with a winner of whom no contract is known."""
    rows = await tx.fetch(
        "SELECT id FROM market.auctions WHERE state = 'awarded' ORDER BY updated_at, id LIMIT $1",
        limit,
    )
    return [row["id"] for row in rows]


async def insert_bidder(tx: Tx, bidder: Bidder) -> None:
    """Insert a bidder."""
    await tx.insert(AUCTION_BIDDERS, **msgspec.structs.asdict(bidder))


async def find_bidder(tx: Tx, auction_id: uuid.UUID, party: PartyId) -> Bidder | None:
    """Return the number that a party has in an auction, or None."""
    row = await tx.fetch_one(
        _BIDDER + " WHERE auction_id = $1 AND party_id = $2", auction_id, party
    )
    return None if row is None else msgspec.convert(dict(row), Bidder)


async def list_bidders(tx: Tx, auction_id: uuid.UUID) -> list[Bidder]:
    """Return the bidders of an auction that the actor may see, in the order of their numbers."""
    rows = await tx.fetch(
        _BIDDER + " WHERE auction_id = $1 ORDER BY paddle LIMIT 10000", auction_id
    )
    return [msgspec.convert(dict(row), Bidder) for row in rows]


async def next_paddle(tx: Tx, auction_id: uuid.UUID) -> int:
    """Return the next free number of an auction that the caller holds locked."""
    return 1 + int(
        await tx.fetch_value(
            "SELECT coalesce(max(paddle), 0) FROM market.auction_bidders WHERE auction_id = $1",
            auction_id,
        )
    )


async def insert_bid(tx: Tx, bid: Bid) -> None:
    """Insert a public bid."""
    await tx.insert(AUCTION_BIDS, **msgspec.structs.asdict(bid))


async def list_bids(tx: Tx, auction_id: uuid.UUID) -> list[Bid]:
    """Return the public bids of an auction in their order."""
    rows = await tx.fetch(_BID + " WHERE auction_id = $1 ORDER BY place LIMIT 100000", auction_id)
    return [msgspec.convert(dict(row), Bid) for row in rows]


async def find_standing(tx: Tx, auction_id: uuid.UUID) -> Bid | None:
    """Return the last public bid, which is the highest, or None."""
    row = await tx.fetch_one(
        _BID + " WHERE auction_id = $1 ORDER BY place DESC LIMIT 1", auction_id
    )
    return None if row is None else msgspec.convert(dict(row), Bid)


async def insert_sealed(tx: Tx, bid: SealedBid, sealed: bytes) -> None:
    """Insert a sealed bid with its box."""
    await tx.insert(AUCTION_SEALED_BIDS, **msgspec.structs.asdict(bid), sealed=sealed)


async def end_sealed(
    tx: Tx, bid_id: uuid.UUID, *, replaced_at: dt.datetime | None, withdrawn_at: dt.datetime | None
) -> None:
    """Let a sealed bid be replaced or withdrawn: its box is never opened."""
    touched = await tx.execute(
        """
        UPDATE market.auction_sealed_bids SET replaced_at = $2, withdrawn_at = $3
         WHERE id = $1 AND replaced_at IS NULL AND withdrawn_at IS NULL""",
        bid_id,
        replaced_at,
        withdrawn_at,
    )
    assert touched == 1, "a standing bid ends once"


async def list_sealed(tx: Tx, auction_id: uuid.UUID, party: PartyId) -> list[SealedBid]:
    """Return all sealed bids of a party in an auction, the first handed in first."""
    rows = await tx.fetch(
        _SEALED + " WHERE auction_id = $1 AND party_id = $2 ORDER BY id LIMIT 1000",
        auction_id,
        party,
    )
    return [msgspec.convert(dict(row), SealedBid) for row in rows]


async def list_boxes(tx: Tx, auction_id: uuid.UUID) -> list[tuple[SealedBid, bytes]]:
    """Return the standing sealed bids of an auction with their boxes."""
    rows = await tx.fetch(
        """
        SELECT id, auction_id, party_id, paddle, commitment_sha256, sealed_sha256, handed_in_at,
               entry_id, replaced_at, withdrawn_at, sealed
          FROM market.auction_sealed_bids
         WHERE auction_id = $1 AND replaced_at IS NULL AND withdrawn_at IS NULL
         ORDER BY paddle LIMIT 10000""",
        auction_id,
    )
    return [_box(dict(row)) for row in rows]


def _box(row: dict[str, Any]) -> tuple[SealedBid, bytes]:
    sealed = bytes(row.pop("sealed"))
    return msgspec.convert(row, SealedBid), sealed


async def insert_award(tx: Tx, award: Award, supplier: PartyId) -> None:
    """Insert an award."""
    await tx.insert(AUCTION_AWARDS, **msgspec.structs.asdict(award), supplier_party_id=supplier)


async def update_award(tx: Tx, award: Award) -> None:
    """Write back what became of an award of an auction that the caller holds locked."""
    touched = await tx.execute(
        """
        UPDATE market.auction_awards SET contracted_at = $2, defaulted_at = $3, order_id = $4
         WHERE id = $1""",
        award.id,
        award.contracted_at,
        award.defaulted_at,
        award.order_id,
    )
    assert touched == 1, "an award can not vanish"


async def list_awards(tx: Tx, auction_id: uuid.UUID) -> list[Award]:
    """Return the awards of an auction that the actor may see, in the order in which they were made."""
    rows = await tx.fetch(_AWARD + " WHERE auction_id = $1 ORDER BY id LIMIT 10000", auction_id)
    return [msgspec.convert(dict(row), Award) for row in rows]


async def list_page(
    tx: Tx,
    *,
    states: Sequence[State],
    product_id: uuid.UUID | None,
    supplier: PartyId | None,
    before: uuid.UUID | None,
    limit: int,
) -> list[Auction]:
    """Return auctions that the actor may see, the newest first."""
    rows = await tx.fetch(
        SELECT
        + """
         WHERE (cardinality($1::text[]) = 0 OR state = ANY ($1))
           AND ($2::uuid IS NULL OR product_id = $2)
           AND ($3::uuid IS NULL OR supplier_party_id = $3)
           AND ($4::uuid IS NULL OR id < $4)
         ORDER BY id DESC LIMIT $5""",
        [state.value for state in states],
        product_id,
        supplier,
        before,
        limit,
    )
    return [auction_of(row) for row in rows]


def auction_of(row: Row) -> Auction:
    """Return the auction in a row."""
    return msgspec.convert(dict(row), Auction)


def _values(auction: Auction) -> dict[str, Any]:
    return msgspec.structs.asdict(auction) | {
        "state": auction.state.value,
        "lot": msgspec.to_builtins(auction.lot),
        "rules": msgspec.to_builtins(auction.rules),
        "outcome": msgspec.to_builtins(auction.outcome),
        "excluded": list(auction.excluded),
    }
