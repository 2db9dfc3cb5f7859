"""An auction in public, from the draft to the signed contract, and whatever may not be."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import itertools
from typing import Any

import pytest

from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from market.auctions import record
from market.identity.permissions import Role
from market.identity.states import State
from tests.api import Api
from tests.makers_bidding import LASTS, NOTICE, QUOTE, SALT, Sale, make_sale, reserve_of
from tests.makers_identity import make_member
from tests.makers_products import make_actor
from tests.makers_registration import must
from tests.stages import staged

MINUTE = dt.timedelta(minutes=1)


sale = staged(make_sale)


async def inbox(sale: Sale, who: Any) -> list[str]:
    """Return the topics of what a party was told, the newest first."""
    told = must(await sale.by(who).get("/api/v1/my/notifications"))
    return [each["topic"] for each in told["items"]]


async def test_who_bids_most_in_public_orders_at_that_price_and_signs(sale: Sale) -> None:
    auction = await sale.opened()
    must(await sale.bid(auction, sale.buyer, 20_000))
    must(await sale.bid(auction, sale.stranger, 31_000))
    must(await sale.bid(auction, sale.buyer, 45_000))
    running = await sale.shown(auction)
    await sale.move_by(LASTS + MINUTE)
    decided = await sale.shown(auction)
    early = await sale.at(auction, "awards", sale.supplier)
    await sale.noticed()
    must(await sale.at(auction, "awards", sale.supplier))

    order = must(await sale.order_won(auction, sale.buyer))
    must(await sale.step(order["id"], "clearances", sale.acceptor))
    must(await sale.sign(order["id"], sale.buyer, sale.buyer_key))
    must(await sale.sign(order["id"], sale.supplier, sale.supplier_key))
    await sale.api.run_jobs()

    assert (running["state"], running["standing_fen"], running["lowest_next_fen"]) == (
        "open",
        45_000,
        46_000,
    )
    assert decided["state"] == "decided"
    assert early.json()["code"] == "auction_notice_running"
    assert decided["outcome"]["winners"] == [{"paddle": 1, "bid_fen": 45_000, "price_fen": 45_000}]
    assert order["amount_fen"] == 45_000
    assert order["special_price"]["reason"].startswith("竞价成交：JJ-")
    assert (await sale.shown(auction))["state"] == "contracted"
    assert "auction_outbid" in await inbox(sale, sale.stranger)
    assert "auction_won" in await inbox(sale, sale.buyer)
    assert "auction_won" not in await inbox(sale, sale.stranger)


async def test_the_record_is_signed_and_comes_to_what_it_says_and_names_nobody(sale: Sale) -> None:
    auction = await sale.decided("english", 20_000, 31_000, 45_000)

    signed = must(await sale.api.get(f"/api/v1/auctions/{auction}/record"))

    document = base64.b64decode(signed["document"])
    held = record.read(document)
    assert list(record.differences(held)) == []
    assert [bid.paddle for bid in held.outcome.bids] == [1, 2, 3]  # type: ignore[union-attr]
    for who in (sale.buyer, sale.stranger, sale.third):
        assert str(who.party.id).encode() not in document
        assert who.party.name.encode() not in document


async def test_a_bid_in_the_last_minutes_moves_the_end_and_the_next_one_is_in_time(
    sale: Sale,
) -> None:
    auction = await sale.opened()
    await sale.move_by(LASTS - 2 * MINUTE)
    first = must(await sale.bid(auction, sale.buyer, 20_000))
    await sale.move_by(5 * MINUTE)  # after the end that was announced
    second = must(await sale.bid(auction, sale.stranger, 30_000))
    shown = await sale.shown(auction)
    await sale.move_by(10 * MINUTE)
    late = await sale.bid(auction, sale.buyer, 40_000)

    opens = dt.datetime.fromisoformat(shown["rules"]["opens_at"])
    assert dt.datetime.fromisoformat(first["ends_at"]) == opens + LASTS + 5 * MINUTE
    assert dt.datetime.fromisoformat(second["ends_at"]) == opens + LASTS + 10 * MINUTE
    assert shown["extension_count"] == 2
    assert late.json()["code"] == "auction_over"


async def test_a_bid_after_the_end_is_refused_though_no_job_has_closed_the_auction(
    sale: Sale,
) -> None:
    auction = await sale.opened()
    sale.clock.move_by(LASTS)
    await sale.sign_in_again()

    late = await sale.bid(auction, sale.buyer, 20_000)

    assert (late.status_code, late.json()["code"]) == (409, "auction_over")


async def test_bids_are_taken_from_the_hour_on_though_no_job_has_begun_the_auction(
    sale: Sale,
) -> None:
    auction = await sale.announced()
    must(await sale.join(auction, sale.buyer))
    early = await sale.bid(auction, sale.buyer, 20_000)
    sale.clock.move_by(NOTICE)
    await sale.sign_in_again()

    assert early.json()["code"] == "auction_not_open"
    must(await sale.bid(auction, sale.buyer, 20_000))
    assert (await sale.shown(auction))["state"] == "open"


async def test_who_was_heard_in_time_is_waited_for_before_the_auction_is_closed(sale: Sale) -> None:
    auction = await sale.opened()
    await sale.move_by(LASTS + dt.timedelta(seconds=9))
    waited = (await sale.shown(auction))["state"]
    await sale.move_by(dt.timedelta(seconds=1))

    assert waited == "open"
    assert (await sale.shown(auction))["state"] == "failed"


async def test_of_two_who_bid_the_same_at_once_one_is_too_low(sale: Sale) -> None:
    auction = await sale.opened()

    both = await asyncio.gather(
        sale.bid(auction, sale.buyer, 30_000), sale.bid(auction, sale.stranger, 30_000)
    )

    assert sorted(each.status_code for each in both) == [201, 409]
    refused = next(each for each in both if each.status_code == 409)
    assert refused.json()["code"] == "auction_bid_too_low"
    assert [bid["place"] for bid in (await sale.shown(auction))["bids"]] == [1]


async def test_many_bids_at_once_leave_one_rising_row(sale: Sale) -> None:
    auction = await sale.opened(may_outbid_self=True)
    amounts = range(20_000, 60_000, 2_000)

    await asyncio.gather(
        *(
            sale.bid(auction, who, amount)
            for amount, who in zip(
                amounts, (sale.buyer, sale.stranger, sale.third) * 7, strict=False
            )
        )
    )

    bids = (await sale.shown(auction))["bids"]
    assert [bid["place"] for bid in bids] == list(range(1, len(bids) + 1))
    assert all(a["amount_fen"] < b["amount_fen"] for a, b in itertools.pairwise(bids))
    assert all(a["at"] <= b["at"] for a, b in itertools.pairwise(bids))
    assert bids[-1]["amount_fen"] == max(amounts)


async def test_a_clock_that_was_put_back_does_not_turn_the_bids_round(sale: Sale) -> None:
    auction = await sale.opened()
    sale.clock.move_by(10 * MINUTE)
    first = must(await sale.bid(auction, sale.buyer, 20_000))
    sale.api.context.clock = ManualClock(sale.clock.now() - 5 * MINUTE)

    second = must(await sale.bid(auction, sale.stranger, 30_000))

    assert second["at"] == first["at"]


async def test_a_bid_that_is_sent_twice_is_one_bid(sale: Sale) -> None:
    auction = await sale.opened()
    path, body = f"/api/v1/auctions/{auction}/bids", {"amount_fen": 20_000}

    one = must(await sale.by(sale.buyer).post(path, body, key="the-same"))
    other = must(await sale.by(sale.buyer).post(path, body, key="the-same"))

    assert one == other
    assert len((await sale.shown(auction))["bids"]) == 1


async def test_bids_that_may_not_be_are_refused_and_change_nothing(sale: Sale) -> None:
    auction = await sale.announced()
    must(await sale.join(auction, sale.buyer, limit_fen=50_000))
    must(await sale.join(auction, sale.stranger))
    await sale.move_by(NOTICE)
    must(await sale.bid(auction, sale.stranger, 30_000))
    before = await sale.shown(auction)

    codes = [
        (await sale.bid(auction, who, amount)).json()["code"]
        for who, amount in (
            (sale.third, 40_000),
            (sale.stranger, 40_000),
            (sale.buyer, 30_500),
            (sale.buyer, 50_001),
            (sale.buyer, 90_001),
        )
    ]
    other_way = await sale.hand_in_bid(auction, sale.buyer, 40_000)

    assert codes == [
        "auction_not_joined",
        "auction_bid_by_leader",
        "auction_bid_too_low",
        "auction_bid_above_own_limit",
        "auction_bid_above_own_limit",
    ]
    assert (await sale.bid(auction, sale.buyer, 0)).status_code == 422
    assert other_way.json()["code"] == "auction_of_another_kind"
    assert await sale.shown(auction) == before


async def test_nobody_bids_above_what_was_filed(sale: Sale) -> None:
    auction = await sale.opened()

    refused = await sale.bid(auction, sale.buyer, 90_001)

    assert (refused.status_code, refused.json()["code"]) == (409, "auction_bid_outside_filed")


# ── joining ─────────────────────────────────────────────────────────────────────────────────


async def test_one_joins_once_and_declares_what_the_announcement_asks_for(sale: Sale) -> None:
    until = (sale.clock.now() + NOTICE).isoformat()
    auction = await sale.announced(deposit_fen=5_000, deposit_until=until)
    bare = await sale.join(auction, sale.buyer)
    bound = await sale.join(auction, sale.buyer, deposit_fen=5_000, is_unrelated=False)
    first = must(await sale.join(auction, sale.buyer, deposit_fen=5_000))
    again = await sale.join(auction, sale.buyer, deposit_fen=5_000)

    assert bare.json()["code"] == bound.json()["code"] == "auction_declaration_missing"
    assert (first["paddle"], again.status_code) == (1, 409)
    assert again.json()["code"] == "auction_joined_before"


async def test_one_does_not_join_a_draft_nor_what_has_ended(sale: Sale) -> None:
    draft = must(await sale.draft())["id"]
    over = await sale.announced()
    sale.clock.move_by(NOTICE + LASTS + MINUTE)
    await sale.sign_in_again()

    assert (await sale.join(draft, sale.buyer)).status_code == 404
    assert (await sale.join(over, sale.buyer)).json()["code"] == "auction_over"
    await sale.api.run_jobs()  # it begins
    await sale.api.run_jobs()  # it ends
    assert (await sale.join(over, sale.buyer)).json()["code"] == "auction_event_not_allowed"


async def test_who_was_not_identified_does_not_join(sale: Sale) -> None:
    auction = await sale.announced()
    unknown = await make_member(sale.db, Role.BUYER, now=sale.clock.now())
    async with begin(sale.db, make_actor(clearance=Clearance.SYSTEM)) as tx:
        await tx.execute(
            "UPDATE market.parties SET state = $2 WHERE id = $1",
            unknown.party.id,
            State.SUSPENDED.value,
        )
        tx.remember()

    refused = await sale.join(auction, unknown)

    assert refused.status_code in {401, 409}


# ── the draft and the announcement ──────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("lot", "rules", "status", "code"),
    [
        ({}, {"starting_price_fen": 9_999}, 409, "auction_price_outside_filed"),
        ({}, {"starting_price_fen": 90_001}, 409, "auction_price_outside_filed"),
        ({}, {"increment_fen": None}, 422, "auction_rules_unfit"),
        ({}, {"closes_at": "2020-01-01T00:00:00Z"}, 422, "auction_times_invalid"),
        ({"price_item": "else"}, {}, 422, "price_item_unknown"),
        ({"scenario": "else"}, {}, 409, "order_outside_filed_scope"),
        ({"delivery_mode": "sandbox"}, {}, 409, "order_outside_filed_scope"),
        ({"licences": 2}, {}, 422, "auction_rules_unfit"),
        ({"quantity": 0}, {}, 422, None),
    ],
)
async def test_what_may_not_be_put_up_for_bids_is_refused_and_nothing_changes(
    sale: Sale, lot: dict[str, Any], rules: dict[str, Any], status: int, code: str | None
) -> None:
    refused = await sale.draft(lot=lot, **rules)

    assert refused.status_code == status, refused.text
    assert code is None or refused.json()["code"] == code
    assert must(await sale.by(sale.supplier).get("/api/v1/my/auctions"))["items"] == []


async def test_what_has_a_price_for_everybody_is_not_put_up_for_bids(
    api: Api, db: Database, clock: ManualClock
) -> None:
    sale = await make_sale(api, db, clock)
    await sale.priced(pricing_regime="market_autonomous")  # takes the place of the quoted one

    refused = await sale.draft(lot={"price_item": "per_call"})

    assert (refused.status_code, refused.json()["code"]) == (409, "auction_plan_unfit")


async def test_a_product_that_is_not_on_offer_or_of_another_is_not_put_up_for_bids(
    sale: Sale,
) -> None:
    strange = await sale.draft(lot={"product_id": str(sale.buyer.party.id)})
    listing = must(await sale.by(sale.supplier).get("/api/v1/listings"))["items"][0]["id"]
    must(await sale.listing_step(listing, "suspensions", sale.issuer, reason="核查"))

    assert strange.status_code == 404
    assert (await sale.draft()).json()["code"] == "product_not_listed"


async def test_an_auction_is_announced_long_enough_before_it_opens(sale: Sale) -> None:
    soon = (sale.clock.now() + dt.timedelta(days=6)).isoformat()
    auction = must(await sale.draft(opens_at=soon))["id"]

    refused = await sale.announce(auction)

    assert (refused.status_code, refused.json()["code"]) == (409, "auction_notice_too_short")
    assert must(await sale.by(sale.supplier).get(f"/api/v1/auctions/{auction}"))["state"] == "draft"


async def test_an_auction_is_not_announced_at_a_price_that_is_not_in_effect_any_more(
    sale: Sale,
) -> None:
    auction = must(await sale.draft())["id"]
    await sale.priced(
        price_items=[QUOTE | {"highest_unit_price_fen": 80_000}], pricing_regime="negotiated"
    )

    refused = await sale.announce(auction)

    assert (refused.status_code, refused.json()["code"]) == (409, "auction_filing_changed")


async def test_a_draft_is_seen_by_its_supplier_and_the_operator_alone(sale: Sale) -> None:
    auction = must(await sale.draft())["id"]
    path = f"/api/v1/auctions/{auction}"

    seen = [
        (await sale.by(who).get(path)).status_code
        for who in (sale.supplier, sale.acceptor, sale.buyer)
    ]

    assert seen == [200, 200, 404]
    assert must(await sale.by(sale.buyer).get("/api/v1/auctions"))["items"] == []
    assert (await sale.by(sale.buyer).get(f"{path}/record")).status_code == 404
    assert (await sale.by(sale.supplier).get(f"{path}/record")).status_code == 404


async def test_a_rising_auction_takes_no_key(sale: Sale) -> None:
    auction = must(await sale.draft())["id"]

    assert (await sale.announce(auction, sealed=True)).json()["code"] == "auction_rules_unfit"


async def test_an_auction_is_taken_back_with_a_reason_before_it_ends(sale: Sale) -> None:
    auction = await sale.announced()
    must(await sale.join(auction, sale.buyer))
    silent = await sale.at(auction, "cancellations", sale.supplier, {})
    must(await sale.at(auction, "cancellations", sale.supplier, {"reason": "产品调整"}))
    again = await sale.at(auction, "cancellations", sale.supplier, {"reason": "产品调整"})

    assert silent.json()["code"] == "auction_cancellation_reason_missing"
    assert again.json()["code"] == "auction_event_not_allowed"
    assert (await sale.shown(auction))["reason"] == "产品调整"
    assert "auction_ended" in await inbox(sale, sale.buyer)


async def test_once_bids_are_taken_only_the_operator_takes_an_auction_back(sale: Sale) -> None:
    auction = await sale.opened()
    own = await sale.at(auction, "cancellations", sale.supplier, {"reason": "后悔"})
    must(await sale.at(auction, "cancellations", sale.acceptor, {"reason": "系统故障"}))

    assert (own.status_code, own.json()["code"]) == (409, "auction_running")
    assert (await sale.bid(auction, sale.buyer, 20_000)).json()[
        "code"
    ] == "auction_event_not_allowed"


async def test_another_supplier_neither_takes_back_nor_opens_nor_awards(sale: Sale) -> None:
    auction = await sale.decided("english", 20_000)
    other = await make_member(sale.db, Role.SUPPLIER, now=sale.clock.now())

    for step, body in (
        ("cancellations", {"reason": "x"}),
        ("handovers", {"reserve_fen": 1, "reserve_salt": SALT}),
        ("awards", None),
    ):
        assert (await sale.at(auction, step, other, body)).status_code == 404


# ── the reserve ─────────────────────────────────────────────────────────────────────────────


async def test_a_reserve_is_hidden_until_the_end_and_then_held_against_the_bids(sale: Sale) -> None:
    auction = await sale.opened(reserve_sha256=reserve_of(40_000))
    must(await sale.bid(auction, sale.buyer, 39_000))
    early = await sale.hand_over(auction, sale.supplier, reserve_fen=40_000, reserve_salt=SALT)
    await sale.move_by(LASTS + MINUTE)
    closed = await sale.shown(auction)
    other = await sale.hand_over(auction, sale.supplier, reserve_fen=41_000, reserve_salt=SALT)
    empty = await sale.hand_over(auction, sale.supplier)
    strange = await sale.hand_over(auction, sale.acceptor, reserve_fen=40_000, reserve_salt=SALT)
    told = must(await sale.hand_over(auction, sale.supplier, reserve_fen=40_000, reserve_salt=SALT))

    assert early.json()["code"] == "auction_event_not_allowed"
    assert (closed["state"], closed["outcome"]) == ("closed", None)
    assert other.json()["code"] == "auction_reserve_differs"
    assert empty.json()["code"] == strange.json()["code"] == "auction_nothing_handed_over"
    assert (told["state"], told["reason"]) == ("failed", "no_bid_high_enough")
    assert told["outcome"]["reserve_fen"] == 40_000


async def test_a_reserve_that_nobody_could_reach_is_not_taken(sale: Sale) -> None:
    auction = await sale.opened(reserve_sha256=reserve_of(90_001))
    must(await sale.bid(auction, sale.buyer, 30_000))
    await sale.move_by(LASTS + MINUTE)

    refused = await sale.hand_over(auction, sale.supplier, reserve_fen=90_001, reserve_salt=SALT)

    assert refused.json()["code"] == "auction_price_outside_filed"


async def test_a_reserve_that_is_not_told_in_time_does_not_count(sale: Sale) -> None:
    auction = await sale.opened(reserve_sha256=reserve_of(80_000))
    must(await sale.bid(auction, sale.buyer, 30_000))
    await sale.move_by(LASTS + MINUTE)
    await sale.move_by(dt.timedelta(days=12))

    shown = await sale.shown(auction)

    assert (shown["state"], shown["outcome"]["reserve_fen"]) == ("decided", None)
    assert shown["outcome"]["winners"][0]["paddle"] == 1


async def test_without_a_bid_nothing_is_sold(sale: Sale) -> None:
    auction = await sale.opened()
    await sale.move_by(LASTS + MINUTE)

    shown = await sale.shown(auction)

    assert (shown["state"], shown["reason"]) == ("failed", "no_bid_high_enough")
    assert "auction_ended" in await inbox(sale, sale.supplier)


# ── what comes of it ────────────────────────────────────────────────────────────────────────


async def test_who_wins_and_does_not_order_has_defaulted_and_the_next_one_comes(sale: Sale) -> None:
    auction = await sale.awarded("english", 20_000, 30_000, 45_000)
    early = await sale.at(auction, "defaults", sale.adjudicator, {"paddle": 3})
    nobody = await sale.at(auction, "defaults", sale.adjudicator, {"paddle": 2})
    await sale.move_by(dt.timedelta(days=30))

    after = must(await sale.at(auction, "defaults", sale.adjudicator, {"paddle": 3}))
    must(await sale.at(auction, "awards", sale.supplier))
    late = await sale.order_won(auction, sale.third)
    order = must(await sale.order_won(auction, sale.stranger))

    assert early.json()["code"] == "auction_award_running"
    assert nobody.status_code == 404
    assert after["state"] == "decided"
    assert late.json()["code"] == "special_price_over"
    assert order["amount_fen"] == 30_000
    records = must(await sale.by(sale.adjudicator).get("/api/v1/credit-records"))["items"]
    assert [each["act"] for each in records] == ["breach_of_contract"]
    assert records[0]["party_id"] == str(sale.third.party.id)


async def test_when_every_winner_has_defaulted_the_auction_has_failed(sale: Sale) -> None:
    auction = await sale.awarded("english", 20_000)
    await sale.move_by(dt.timedelta(days=30))

    after = must(await sale.at(auction, "defaults", sale.adjudicator, {"paddle": 1}))

    assert (after["state"], after["reason"]) == ("failed", "winners_defaulted")


async def test_who_has_ordered_has_not_defaulted(sale: Sale) -> None:
    auction = await sale.awarded("english", 20_000)
    must(await sale.order_won(auction, sale.buyer))
    await sale.move_by(dt.timedelta(days=30))

    refused = await sale.at(auction, "defaults", sale.adjudicator, {"paddle": 1})

    assert refused.json()["code"] == "auction_award_running"


async def test_a_result_is_declared_void_by_the_authority_with_a_reason(sale: Sale) -> None:
    auction = await sale.awarded("english", 20_000)
    silent = await sale.at(auction, "voidings", sale.regulator, {})
    must(await sale.at(auction, "voidings", sale.regulator, {"reason": "供方与竞买人串通"}))
    again = await sale.at(auction, "voidings", sale.regulator, {"reason": "供方与竞买人串通"})
    late = await sale.order_won(auction, sale.buyer)

    assert silent.json()["code"] == "auction_void_reason_missing"
    assert again.json()["code"] == "auction_event_not_allowed"
    assert (await sale.shown(auction))["state"] == "voided"
    assert late.json()["code"] == "special_price_event_not_allowed"


async def test_the_log_has_each_step_and_its_leaves_name_no_bidder(sale: Sale) -> None:
    auction = await sale.awarded("english", 20_000, 30_000)

    auditor = await make_member(sale.db, Role.AUDIT_ADMINISTRATOR, now=sale.clock.now())
    found = await sale.by(auditor).find_in_log(subject_kind="auction", subject_id=auction)

    assert {each["event"] for each in found} == {
        f"auction:{what}"
        for what in (
            "drafted",
            "announced",
            "begun",
            "joined",
            "bid_made",
            "closed",
            "decided",
            "awarded",
        )
    }
    leaves = " ".join(base64.b64decode(each["leaf"]).decode() for each in found)
    assert str(sale.buyer.party.id) not in leaves


async def test_a_bidders_limit_is_read_by_nobody_else(sale: Sale, db: Database) -> None:
    auction = await sale.announced()
    must(await sale.join(auction, sale.buyer, limit_fen=50_000))

    async def seen(who: Actor) -> int:
        async with begin(db, who) as tx:
            return int(await tx.fetch_value("SELECT count(*) FROM market.auction_bidders"))

    assert await seen(make_actor(clearance=Clearance.STAFF)) == 0
    assert await seen(make_actor(clearance=Clearance.REGULATOR)) == 0
    assert await seen(make_actor(party_id=sale.supplier.party.id)) == 0
    assert await seen(make_actor(party_id=sale.buyer.party.id)) == 1
