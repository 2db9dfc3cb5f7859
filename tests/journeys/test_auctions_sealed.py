"""Sealed bids: nobody reads them before all are opened, and then everybody computes the result."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import uuid
from typing import Any

import asyncpg
import pytest

from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.db import Database, begin
from market.auctions import record, sealing
from market.identity.permissions import Role
from market.jobs import auctions_due
from tests.makers_auctions import OPERATOR_PRIVATE, SUPPLIER_PRIVATE, sealed_bid
from tests.makers_bidding import LASTS, NOTICE, SALT, Sale, b64, make_sale, reserve_of
from tests.makers_identity import make_member
from tests.makers_products import make_actor
from tests.makers_registration import must
from tests.stages import staged

FIRST, SECOND = "sealed_first_price", "sealed_second_price"
DAY = dt.timedelta(days=1)


sale = staged(make_sale)


async def open_all(sale: Sale, auction: str, **reserve: Any) -> dict[str, Any]:
    """Let bids end and hand over both halves of the key."""
    await sale.move_by(LASTS + DAY)
    must(await sale.hand_over(auction, sale.acceptor, key=OPERATOR_PRIVATE))
    return must(await sale.hand_over(auction, sale.supplier, key=SUPPLIER_PRIVATE, **reserve))


@pytest.mark.parametrize(("kind", "price"), [(FIRST, 60_000), (SECOND, 45_000)])
async def test_the_highest_sealed_bid_wins_and_pays_by_the_kind_of_auction(
    sale: Sale, kind: str, price: int
) -> None:
    auction = await sale.awarded(kind, 30_000, 60_000, 45_000)

    shown = await sale.shown(auction)
    order = must(await sale.order_won(auction, sale.stranger))

    assert shown["outcome"]["winners"] == [{"paddle": 2, "bid_fen": 60_000, "price_fen": price}]
    assert [bid["amount_fen"] for bid in shown["bids"]] == [30_000, 60_000, 45_000]
    assert order["amount_fen"] == price


async def test_before_the_opening_nobody_reads_a_bid(sale: Sale, db: Database) -> None:
    auction = await sale.opened(FIRST)
    made = must(await sale.hand_in_bid(auction, sale.buyer, 43_210))

    async def rows(who: Actor) -> list[bytes]:
        async with begin(db, who) as tx:
            found = await tx.fetch("SELECT sealed FROM market.auction_sealed_bids")
            return [bytes(row["sealed"]) for row in found]

    for clearance in (Clearance.STAFF, Clearance.REGULATOR, Clearance.ADMINISTRATOR):
        assert await rows(make_actor(clearance=clearance)) == []
    assert await rows(make_actor(party_id=sale.supplier.party.id)) == []
    (box,) = await rows(make_actor(clearance=Clearance.SYSTEM))  # a job sees a box, and no bid
    assert b"43210" not in box
    shown = await sale.shown(auction)
    assert (shown["bids"], shown["standing_fen"], shown["outcome"]) == ([], None, None)
    assert set(made) >= {"commitment_sha256", "sealed_sha256", "entry_id"}
    assert "43210" not in str(made)
    held = must(await sale.api.get(f"/api/v1/auctions/{auction}/record"))
    assert record.read(base64.b64decode(held["document"])).boxes == ()


async def test_nothing_that_is_kept_lets_the_amount_of_a_bid_be_found(
    sale: Sale, owner_dsn: str
) -> None:
    auction = await sale.opened(FIRST)
    must(await sale.hand_in_bid(auction, sale.buyer, 43_210))
    owner = await asyncpg.connect(owner_dsn)

    try:
        await owner.execute("SELECT set_config('app.clearance', 'system', false)")
        kept = [
            str(dict(row))
            for table in (
                "audit_log.entries",
                "market.auctions",
                "market.auction_bidders",
                "market.auction_sealed_bids",
                "market.answered_commands",
            )
            for row in await owner.fetch(f"SELECT * FROM {table}")
        ]
    finally:
        await owner.close()

    assert any(auction in each for each in kept)
    assert not any("43210" in each for each in kept)


async def test_the_commitment_is_in_the_log_at_once(sale: Sale) -> None:
    auction = await sale.opened(FIRST)
    made = must(await sale.hand_in_bid(auction, sale.buyer, 43_210))

    auditor = await make_member(sale.db, Role.AUDIT_ADMINISTRATOR, now=sale.clock.now())
    (entry,) = await sale.by(auditor).find_in_log(action="auction:bid_handed_in")

    leaf = base64.b64decode(entry["leaf"]).decode()
    assert made["commitment_sha256"] in leaf
    assert made["sealed_sha256"] in leaf
    assert entry["id"] == made["entry_id"]


async def test_of_two_bids_alike_the_one_that_stands_first_in_the_log_wins(sale: Sale) -> None:
    auction = await sale.opened(SECOND)
    for who in (sale.third, sale.buyer, sale.stranger):
        must(await sale.hand_in_bid(auction, who, 50_000))
        await sale.api.keep_the_log()

    decided = await open_all(sale, auction)

    assert decided["outcome"]["winners"] == [{"paddle": 3, "bid_fen": 50_000, "price_fen": 50_000}]


async def test_a_bid_that_is_replaced_or_taken_back_is_never_opened(sale: Sale) -> None:
    auction = await sale.opened(FIRST)
    must(await sale.hand_in_bid(auction, sale.buyer, 80_000))
    must(await sale.hand_in_bid(auction, sale.buyer, 30_000))
    must(await sale.hand_in_bid(auction, sale.stranger, 70_000))
    must(await sale.at(auction, "withdrawals", sale.stranger))
    none_left = await sale.at(auction, "withdrawals", sale.stranger)

    decided = await open_all(sale, auction)
    late = await sale.at(auction, "withdrawals", sale.buyer)

    assert none_left.json()["code"] == "auction_no_sealed_bid"
    assert [(b["paddle"], b["amount_fen"]) for b in decided["bids"]] == [(1, 30_000)]
    assert late.json()["code"] == "auction_over"
    mine = must(await sale.by(sale.buyer).get(f"/api/v1/auctions/{auction}/mine"))
    assert [each["replaced_at"] is None for each in mine["sealed_bids"]] == [False, True]


async def test_two_bids_of_one_bidder_at_once_leave_one_that_stands(sale: Sale) -> None:
    auction = await sale.opened(FIRST)

    both = await asyncio.gather(
        *(sale.hand_in_bid(auction, sale.buyer, amount) for amount in (30_000, 40_000))
    )

    assert [each.status_code for each in both] == [201, 201]
    decided = await open_all(sale, auction)
    assert len(decided["bids"]) == 1


async def test_bids_that_are_not_what_they_should_be_are_void_with_the_reason(sale: Sale) -> None:
    auction = await sale.opened(FIRST)
    commitment, _ = sealed_bid(50_000, paddle=1, auction_id=uuid.UUID(auction))
    _, higher = sealed_bid(80_000, paddle=1, auction_id=uuid.UUID(auction))
    must(
        await sale.hand_in_bid(
            auction, sale.buyer, 0, commitment_sha256=commitment, sealed=b64(higher)
        )
    )
    must(await sale.hand_in_bid(auction, sale.stranger, 90_001))
    must(await sale.hand_in_bid(auction, sale.third, 50_000, sealed=b64(bytes(sealing.BOX_LENGTH))))

    decided = await open_all(sale, auction)

    assert (decided["state"], decided["reason"]) == ("failed", "no_bid_high_enough")
    assert [bid["fault"] for bid in decided["bids"]] == [
        "commitment_differs",
        "outside_filed",
        "unreadable",
    ]


async def test_several_licences_go_to_the_highest_bidders_one_each(sale: Sale) -> None:
    auction = await sale.awarded(SECOND, 30_000, 60_000, 45_000, lot={"licences": 2})

    orders = [must(await sale.order_won(auction, who)) for who in (sale.stranger, sale.third)]

    assert [each["amount_fen"] for each in orders] == [30_000, 30_000]
    assert must(await sale.by(sale.buyer).get(f"/api/v1/auctions/{auction}/mine"))["awards"] == []


async def test_with_several_licences_the_others_go_on_when_one_has_defaulted(sale: Sale) -> None:
    auction = await sale.awarded(FIRST, 30_000, 60_000, lot={"licences": 3})
    must(await sale.order_won(auction, sale.stranger))
    await sale.move_by(dt.timedelta(days=30))

    after = must(await sale.at(auction, "defaults", sale.adjudicator, {"paddle": 1}))

    assert after["state"] == "awarded"


async def test_the_reserve_is_told_with_the_key_and_held_against_the_bids(sale: Sale) -> None:
    auction = await sale.opened(SECOND, reserve_sha256=reserve_of(40_000))
    must(await sale.hand_in_bid(auction, sale.buyer, 50_000))
    must(await sale.hand_in_bid(auction, sale.stranger, 39_999))
    await sale.move_by(LASTS + DAY)
    without = await sale.hand_over(auction, sale.supplier, key=SUPPLIER_PRIVATE)

    decided = await open_all(sale, auction, reserve_fen=40_000, reserve_salt=SALT)

    assert without.json()["code"] == "auction_nothing_handed_over"
    assert decided["outcome"]["winners"] == [{"paddle": 1, "bid_fen": 50_000, "price_fen": 40_000}]


async def test_each_hands_over_its_own_half_once(sale: Sale) -> None:
    auction = await sale.opened(FIRST)
    must(await sale.hand_in_bid(auction, sale.buyer, 50_000))
    early = await sale.hand_over(auction, sale.acceptor, key=OPERATOR_PRIVATE)
    await sale.move_by(LASTS + DAY)
    wrong = await sale.hand_over(auction, sale.supplier, key=OPERATOR_PRIVATE)
    strange = await sale.hand_over(auction, sale.acceptor, key=SUPPLIER_PRIVATE)
    empty = await sale.hand_over(auction, sale.acceptor)
    half = must(await sale.hand_over(auction, sale.supplier, key=SUPPLIER_PRIVATE))
    again = await sale.hand_over(auction, sale.supplier, key=SUPPLIER_PRIVATE)

    assert early.json()["code"] == "auction_event_not_allowed"
    assert wrong.json()["code"] == strange.json()["code"] == "auction_key_differs"
    assert empty.json()["code"] == "auction_nothing_handed_over"
    assert (half["state"], half["outcome"]) == ("closed", None)
    assert (again.status_code, again.json()["code"]) == (409, "auction_handed_over_before")
    held = must(await sale.api.get(f"/api/v1/auctions/{auction}/record"))
    assert record.read(base64.b64decode(held["document"])).supplier_private_key is None


async def test_the_operator_hands_over_its_half_once(sale: Sale) -> None:
    auction = await sale.opened(FIRST)
    await sale.move_by(LASTS + DAY)
    must(await sale.hand_over(auction, sale.acceptor, key=OPERATOR_PRIVATE))

    again = await sale.hand_over(auction, sale.acceptor, key=OPERATOR_PRIVATE)

    assert again.json()["code"] == "auction_handed_over_before"


async def test_bids_that_nobody_opens_in_time_end_the_auction(sale: Sale) -> None:
    auction = await sale.opened(FIRST)
    must(await sale.hand_in_bid(auction, sale.buyer, 50_000))
    await sale.move_by(LASTS + DAY)
    must(await sale.hand_over(auction, sale.acceptor, key=OPERATOR_PRIVATE))
    await sale.move_by(dt.timedelta(days=12))

    shown = await sale.shown(auction)

    assert (shown["state"], shown["reason"]) == ("failed", "keys_not_handed_over: supplier")
    assert shown["bids"] == []


async def test_nothing_is_opened_before_the_last_bid_has_its_place_in_the_log(sale: Sale) -> None:
    auction = await sale.opened(FIRST)
    must(await sale.hand_in_bid(auction, sale.buyer, 50_000))
    sale.clock.move_by(LASTS + DAY)
    await sale.sign_in_again()
    await auctions_due.run(sale.db, now=sale.clock.now())
    must(await sale.hand_over(auction, sale.acceptor, key=OPERATOR_PRIVATE))

    refused = await sale.hand_over(auction, sale.supplier, key=SUPPLIER_PRIVATE)
    await sale.api.keep_the_log()
    decided = must(await sale.hand_over(auction, sale.supplier, key=SUPPLIER_PRIVATE))

    assert (refused.status_code, refused.json()["code"]) == (409, "auction_not_yet_in_log")
    assert decided["state"] == "decided"


async def test_a_sealed_auction_needs_the_operators_half(sale: Sale) -> None:
    auction = must(await sale.draft(FIRST))["id"]

    refused = await sale.announce(auction)

    assert (refused.status_code, refused.json()["code"]) == (422, "auction_rules_unfit")


async def test_a_sealed_bid_that_comes_too_late_or_is_no_box_is_refused(sale: Sale) -> None:
    auction = await sale.announced(FIRST)
    must(await sale.join(auction, sale.buyer))
    early = await sale.hand_in_bid(auction, sale.buyer, 50_000)
    await sale.move_by(NOTICE)
    odd = await sale.hand_in_bid(auction, sale.buyer, 50_000, sealed=b64(b"x"))
    stranger = await sale.hand_in_bid(auction, sale.stranger, 50_000)
    public = await sale.bid(auction, sale.buyer, 50_000)
    sale.clock.move_by(LASTS)
    await sale.sign_in_again()
    late = await sale.hand_in_bid(auction, sale.buyer, 50_000)

    assert early.json()["code"] == "auction_not_open"
    assert odd.json()["code"] == "auction_seal_malformed"
    assert stranger.json()["code"] == "auction_not_joined"
    assert public.json()["code"] == "auction_of_another_kind"
    assert late.json()["code"] == "auction_over"


async def test_the_record_of_a_sealed_auction_opens_every_box_again(sale: Sale) -> None:
    auction = await sale.decided(SECOND, 30_000, 60_000, 45_000)

    signed = must(await sale.api.get(f"/api/v1/auctions/{auction}/record"))

    document = base64.b64decode(signed["document"])
    held = record.read(document)
    assert len(held.boxes) == 3
    assert list(record.differences(held)) == []
    for who in (sale.buyer, sale.stranger, sale.third):
        assert str(who.party.id).encode() not in document
