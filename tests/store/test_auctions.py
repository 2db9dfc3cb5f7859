"""What the operations of an auction say, the database says once more."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import asyncpg
import pytest

from catalog.kernel.actor import system
from catalog.kernel.db import Database, Tx, begin
from catalog.kernel.ids import new_id
from catalog.signing.canonical import sha256_hex
from market.auctions import store
from market.auctions.model import AuctionId, Bid, BidId, SealedBid
from tests.makers_bidding import LASTS, Sale, make_sale
from tests.stages import staged

ROOT = system("test")


sale = staged(make_sale)


def bid(auction: str, place: int, amount_fen: int, at: dt.datetime) -> Bid:
    return Bid(
        id=BidId(new_id()),
        auction_id=AuctionId(uuid.UUID(auction)),
        paddle=place % 3 + 1,
        place=place,
        amount_fen=amount_fen,
        at=at,
        ends_at=at + LASTS,
        entry_id=new_id(),
    )


async def refused(db: Database, act: Any) -> str:
    """Return by which constraint the database refuses what is done."""

    async def once() -> None:
        async with begin(db, ROOT) as tx:
            await act(tx)
            tx.remember()

    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as caught:
        await once()
    return str(caught.value.constraint_name)


async def test_bids_rise_follow_each_other_and_come_in_time(sale: Sale, db: Database) -> None:
    auction, now = await sale.opened(), sale.clock.now()
    async with begin(db, ROOT) as tx:
        await store.insert_bid(tx, bid(auction, 1, 30_000, now))
        tx.remember()

    for wrong, constraint in (
        (bid(auction, 2, 30_000, now), "auction_bids_rise"),
        (bid(auction, 3, 40_000, now), "auction_bids_rise"),
        (bid(auction, 2, 40_000, now - dt.timedelta(seconds=1)), "auction_bids_rise"),
        (bid(auction, 2, 40_000, now + LASTS), "auction_bid_while_it_is_open"),
    ):
        assert await refused(db, lambda tx, made=wrong: store.insert_bid(tx, made)) == constraint


async def test_no_bid_of_either_kind_comes_before_the_auction_opens(
    sale: Sale, db: Database
) -> None:
    public, sealed = await sale.announced(), await sale.announced("sealed_first_price")
    now = sale.clock.now()

    async def hand_in(tx: Tx) -> None:
        box = b"box"
        made = SealedBid(
            id=BidId(new_id()),
            auction_id=AuctionId(uuid.UUID(sealed)),
            party_id=sale.buyer.party.id,
            paddle=1,
            commitment_sha256="ab" * 32,
            sealed_sha256=sha256_hex(box),
            handed_in_at=now,
            entry_id=new_id(),
        )
        await store.insert_sealed(tx, made, box)

    early = await refused(db, lambda tx: store.insert_bid(tx, bid(public, 1, 30_000, now)))

    assert early == "auction_bid_while_it_is_open"
    assert await refused(db, hand_in) == "sealed_bid_while_it_is_open"


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ("operator_private_key = '\\x00'", "auction_keys_told_after_the_end"),
        ("reserve_fen = 1", "auction_keys_told_after_the_end"),
        ("outcome = '{}'", "auction_decided_after_the_end"),
        ("state = 'failed'", "auction_that_ended_otherwise_says_why"),
        ("state = 'else'", "auction_state_known"),
        ("extension_count = -1", "auction_extensions_count"),
    ],
)
async def test_an_auction_is_not_written_as_it_can_not_be(
    sale: Sale, db: Database, change: str, constraint: str
) -> None:
    await sale.opened()

    async def write(tx: Tx) -> None:
        await tx.execute(f"UPDATE market.auctions SET {change}")

    assert await refused(db, write) == constraint


async def test_what_was_announced_and_what_was_bid_is_never_changed(
    sale: Sale, db: Database
) -> None:
    auction = await sale.decided("english", 20_000)

    for statement in (
        "UPDATE market.auctions SET lot = '{}'",
        "UPDATE market.auctions SET rules = '{}'",
        "UPDATE market.auction_bids SET amount_fen = 1",
        "DELETE FROM market.auction_bids",
        "UPDATE market.auction_sealed_bids SET sealed = ''",
        "UPDATE market.auction_bidders SET paddle = 9",
        "UPDATE market.auction_awards SET price_fen = 1",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with begin(db, ROOT) as tx:
                await tx.execute(statement)
    assert (await sale.shown(auction))["bids"][0]["amount_fen"] == 20_000


async def test_nothing_is_awarded_during_the_notice_and_nothing_objected_to_after_it(
    sale: Sale, db: Database
) -> None:
    auction = await sale.decided("english", 20_000, 31_000)
    now = sale.clock.now()

    async def award(tx: Tx, paddle: int = 2, at: dt.datetime = now) -> None:
        await tx.execute(
            """
            INSERT INTO market.auction_awards (id, auction_id, party_id, supplier_party_id, paddle,
                   price_fen, special_price_id, order_until, awarded_at)
            SELECT $1, a.id, b.party_id, a.supplier_party_id, b.paddle, 31000, $1, '2030-01-01', $3
              FROM market.auctions a JOIN market.auction_bidders b ON b.auction_id = a.id
             WHERE a.id = $2 AND b.paddle = $4""",
            new_id(),
            uuid.UUID(auction),
            at,
            paddle,
        )

    async def object_to(tx: Tx) -> None:
        await tx.execute(
            """
            INSERT INTO market.award_objections (id, auction_id, party_id, supplier_party_id, paddle,
                   result, reasons, state, filed_at, filed_by, decide_until)
            SELECT $1, a.id, b.party_id, a.supplier_party_id, b.paddle, 1, 'x', 'filed', $3, c.id, $3
              FROM market.auctions a JOIN market.auction_bidders b ON b.auction_id = a.id
              JOIN market.accounts c ON c.party_id = b.party_id
             WHERE a.id = $2 AND b.paddle = 1 LIMIT 1""",
            new_id(),
            uuid.UUID(auction),
            now + dt.timedelta(days=30),
        )

    async def exclude(tx: Tx) -> None:
        await tx.execute(
            "UPDATE market.auctions SET excluded = '{2}' WHERE id = $1", uuid.UUID(auction)
        )
        await award(tx, at=now + dt.timedelta(days=30))

    assert await refused(db, award) == "award_after_its_notice"
    assert await refused(db, object_to) == "award_objection_in_time"
    assert await refused(db, exclude) == "award_after_its_notice"
