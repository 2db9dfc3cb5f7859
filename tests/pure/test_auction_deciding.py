"""Who has won, and what each pays, is found by anybody who has rules and bids."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from catalog.signing.canonical import canonical
from market.auctions import awarding, bidding, closing, deciding, sealing
from market.auctions.closing import Ending
from market.auctions.deciding import Box
from market.auctions.model import Award, Bid, Fault, Kind, ShownBid, Won
from market.orders.states import State as OrderState
from tests.makers_auctions import (
    AUCTION,
    CLOSES,
    MOST,
    OPENS,
    OPERATOR_PRIVATE,
    SUPPLIER_PRIVATE,
    boxes,
    make_auction,
    make_bid,
    make_bidder,
    make_lot,
    make_rules,
    sealed_bid,
    shown,
)
from tests.pure.test_orders import make_order
from tests.pure.test_pricing import refused

FIRST, SECOND = Kind.SEALED_FIRST_PRICE, Kind.SEALED_SECOND_PRICE
TODAY = dt.date(2026, 3, 31)


def opened(box: Box, kind: Kind = FIRST) -> ShownBid:
    return deciding.opened(
        box,
        auction_id=AUCTION,
        rules=make_rules(kind),
        most_fen=MOST,
        supplier_private=SUPPLIER_PRIVATE,
        operator_private=OPERATOR_PRIVATE,
    )


def won(
    kind: Kind, *bids: tuple[int, int], licences: int = 1, floor: int = 20_000, **more: Any
) -> list[tuple[int, int]]:
    """Return who wins at what price."""
    found = deciding.winners(kind, licences, shown(*bids), floor_fen=floor, **more)
    return [(each.paddle, each.price_fen) for each in found]


# ── opening ─────────────────────────────────────────────────────────────────────────────────


def test_a_bid_is_opened_with_what_it_says() -> None:
    (box,) = boxes((3, 45_000))

    bid = opened(box)

    assert (bid.paddle, bid.place, bid.amount_fen, bid.fault) == (3, 40, 45_000, None)
    assert bid.commitment_sha256 == box.commitment_sha256


@pytest.mark.parametrize(
    ("amount", "fault"),
    [
        (19_999, Fault.BELOW_STARTING_PRICE),
        (20_000, None),
        (MOST, None),
        (MOST + 1, Fault.OUTSIDE_FILED),
    ],
)
def test_a_sealed_bid_outside_the_limits_is_void_when_it_is_opened(
    amount: int, fault: Fault | None
) -> None:
    (box,) = boxes((1, amount))

    assert opened(box).fault is fault


def test_a_bid_that_is_not_what_was_committed_to_is_void() -> None:
    low, high = boxes((1, 30_000), (1, 80_000))

    bid = opened(replace(low, sealed=high.sealed))

    assert (bid.amount_fen, bid.fault) == (80_000, Fault.COMMITMENT_DIFFERS)


@pytest.mark.parametrize("changes", [{"paddle": 2}, {"auction_id": uuid.UUID(int=8)}])
def test_a_bid_that_was_copied_from_another_is_void(changes: dict[str, Any]) -> None:
    commitment, sealed = sealed_bid(45_000, **changes)

    bid = opened(Box(paddle=1, place=1, commitment_sha256=commitment, sealed=sealed))

    assert bid.fault is Fault.COMMITMENT_DIFFERS


@pytest.mark.parametrize("sealed", [b"", bytes(sealing.BOX_LENGTH), boxes((1, 1))[0].sealed[:-1]])
def test_a_box_that_does_not_open_is_void_and_tells_no_amount(sealed: bytes) -> None:
    (box,) = boxes((1, 45_000))

    bid = opened(replace(box, sealed=sealed))

    assert (bid.amount_fen, bid.fault) == (None, Fault.UNREADABLE)


def test_a_box_that_holds_no_bid_is_void() -> None:
    commitment, sealed = sealed_bid(1, document=canonical({"amount_fen": 50_000}))

    bid = opened(Box(paddle=1, place=1, commitment_sha256=commitment, sealed=sealed))

    assert bid.fault is Fault.UNREADABLE


def test_what_was_opened_without_a_nonce_is_no_bid_to_whoever_computes_it_again() -> None:
    bid = ShownBid(paddle=1, place=1, amount_fen=50_000)

    fault = deciding.fault_of(bid, auction_id=AUCTION, rules=make_rules(FIRST), most_fen=MOST)

    assert fault is Fault.UNREADABLE


# ── winning ─────────────────────────────────────────────────────────────────────────────────


def test_the_highest_bid_wins_and_pays_itself() -> None:
    assert won(FIRST, (1, 30_000), (2, 50_000), (3, 40_000)) == [(2, 50_000)]
    assert won(Kind.ENGLISH, (1, 30_000), (2, 50_000), (1, 60_000)) == [(1, 60_000)]


def test_of_two_bids_alike_the_earlier_wins() -> None:
    assert won(FIRST, (3, 50_000), (1, 50_000), (2, 50_000)) == [(3, 50_000)]


def test_at_the_second_price_the_winner_pays_what_the_next_one_bid() -> None:
    assert won(SECOND, (1, 30_000), (2, 50_000), (3, 40_000)) == [(2, 40_000)]
    assert won(SECOND, (1, 50_000), (2, 50_000)) == [(1, 50_000)]


def test_at_the_second_price_who_is_alone_pays_the_least_that_wins() -> None:
    assert won(SECOND, (1, 50_000)) == [(1, 20_000)]
    assert won(SECOND, (1, 50_000), (2, 30_000), floor=35_000) == [(1, 35_000)]


def test_several_licences_go_to_the_highest_and_at_the_second_price_all_pay_alike() -> None:
    bids = ((1, 30_000), (2, 50_000), (3, 40_000), (4, 45_000))

    assert won(FIRST, *bids, licences=2) == [(2, 50_000), (4, 45_000)]
    assert won(SECOND, *bids, licences=2) == [(2, 40_000), (4, 40_000)]
    assert won(SECOND, *bids, licences=9) == [(p, 20_000) for p in (2, 4, 3, 1)]


def test_below_the_reserve_nobody_wins() -> None:
    assert won(FIRST, (1, 30_000), (2, 39_999), floor=40_000) == []
    assert won(FIRST, (1, 30_000), (2, 40_000), floor=40_000) == [(2, 40_000)]


def test_a_bid_that_is_void_neither_wins_nor_makes_a_price() -> None:
    bids = shown((1, 30_000), (2, 60_000), (3, 50_000))
    bids[1] = replace(bids[1], fault=Fault.OUTSIDE_FILED)
    bids.append(ShownBid(paddle=4, place=4))

    (first,) = deciding.winners(SECOND, 1, bids, floor_fen=20_000)

    assert (first.paddle, first.price_fen) == (3, 30_000)


def test_who_is_left_out_neither_wins_nor_makes_the_price_of_the_next() -> None:
    bids = ((1, 30_000), (2, 50_000), (3, 40_000))

    assert won(SECOND, *bids, left_out={2}) == [(3, 30_000)]
    assert won(SECOND, *bids, left_out={1, 2, 3}) == []


def test_the_floor_is_the_reserve_or_else_the_starting_price() -> None:
    def floor(reserve: tuple[int, str] | None) -> tuple[int, int | None]:
        found = deciding.outcome(make_lot(), make_rules(), [], Ending(CLOSES), reserve=reserve)
        assert (found.winners, found.ended_at) == ((), CLOSES)
        return found.floor_fen, found.reserve_fen

    assert floor(None) == (20_000, None)
    assert floor((35_000, "ab")) == (35_000, 35_000)
    assert floor((15_000, "ab")) == (20_000, 15_000)


def slowly(kind: Kind, licences: int, bids: list[ShownBid], floor: int) -> list[tuple[int, int]]:
    """Find the winners as a person with a pencil would: strike out one after the other."""
    left = [
        b for b in bids if b.amount_fen is not None and b.amount_fen >= floor and b.fault is None
    ]
    chosen: list[tuple[int, int]] = []
    while left and len(chosen) < licences:
        best = left[0]
        for bid in left:
            if (bid.amount_fen or 0) > (best.amount_fen or 0) or (
                bid.amount_fen == best.amount_fen and bid.place < best.place
            ):
                best = bid
        chosen.append((best.paddle, best.amount_fen or 0))
        left = [bid for bid in left if bid.paddle != best.paddle]
    if kind is not SECOND:
        return chosen
    next_price = max([bid.amount_fen or 0 for bid in left], default=floor)
    return [(paddle, next_price) for paddle, _ in chosen]


@given(
    kind=st.sampled_from(Kind),
    licences=st.integers(1, 4),
    bids=st.lists(st.tuples(st.integers(1, 6), st.integers(18, 30)), max_size=14),
    floor=st.integers(20, 26),
    void=st.sets(st.integers(1, 14)),
)
def test_the_winners_are_those_whom_a_person_with_a_pencil_finds(
    kind: Kind, licences: int, bids: list[tuple[int, int]], floor: int, void: set[int]
) -> None:
    made = [
        replace(bid, fault=Fault.UNREADABLE) if bid.place in void else bid for bid in shown(*bids)
    ]

    found = deciding.winners(kind, licences, made, floor_fen=floor)

    assert [(each.paddle, each.price_fen) for each in found] == slowly(kind, licences, made, floor)
    assert all(floor <= each.price_fen <= each.bid_fen for each in found)


# ── a whole auction in public ───────────────────────────────────────────────────────────────


def live(tries: list[tuple[int, int, int]]) -> tuple[list[Bid], Ending]:
    """Play bids as they come, each at its second, as the operation does; what is refused is left out."""
    auction, made = make_auction(), list[Bid]()
    for second, paddle, amount in tries:
        standing = made[-1] if made else None
        at = closing.instant_of(
            OPENS + dt.timedelta(seconds=second), None if standing is None else standing.at
        )
        try:
            bidding.check_open(auction, at, sealed=False)
            bidding.check_bid(auction, make_bidder(paddle), amount, standing)
        except (
            bidding.AuctionOver,
            bidding.BidTooLow,
            bidding.BidByLeader,
            bidding.BidOutsideFiled,
        ):
            continue
        ending = closing.moved(auction.rules, Ending(auction.ends_at, auction.extension_count), at)
        auction = replace(auction, ends_at=ending.at, extension_count=ending.extension_count)
        made.append(replace(make_bid(paddle, amount, at, len(made) + 1), ends_at=ending.at))
    return made, Ending(auction.ends_at, auction.extension_count)


def by_hand(tries: list[tuple[int, int, int]]) -> tuple[int | None, int, dt.datetime]:
    """Tell leader, price and end from the same attempts, in seconds and with none of our functions."""
    end, moves, last = 8 * 3600, 0, 0
    leader, price = None, 0
    for second, paddle, amount in tries:
        last_or_now = max(second, last)
        lowest = 20_000 if leader is None else price + 1_000
        if last_or_now >= end or amount < lowest or amount > MOST or paddle == leader:
            continue
        leader, price, last = paddle, amount, last_or_now
        if moves < 12 and end - last_or_now <= 300:
            end, moves = end + 300, moves + 1
    return leader, price, OPENS + dt.timedelta(seconds=end)


@given(
    st.lists(
        st.tuples(
            st.integers(8 * 3600 - 700, 8 * 3600 + 900),
            st.integers(1, 4),
            st.integers(19, 92).map(lambda each: each * 1_000),
        ),
        max_size=30,
    )
)
def test_a_history_of_bids_ends_where_and_with_whom_it_should(
    tries: list[tuple[int, int, int]],
) -> None:
    made, ending = live(tries)

    leader, price, end = by_hand(tries)

    assert ending.at == end
    assert (made[-1].paddle if made else None, made[-1].amount_fen if made else 0) == (
        leader,
        price,
    )
    assert closing.closing_instant(make_rules(), [bid.at for bid in made]) == ending
    bids = [
        ShownBid(paddle=b.paddle, place=b.place, amount_fen=b.amount_fen, at=b.at) for b in made
    ]
    outcome = deciding.outcome(make_lot(), make_rules(), bids, ending, reserve=None)
    assert [each.paddle for each in outcome.winners] == ([] if leader is None else [leader])


# ── awards ──────────────────────────────────────────────────────────────────────────────────


def award(paddle: int, **changes: Any) -> Award:
    given = Award(
        id=uuid.UUID(int=500 + paddle),
        auction_id=AUCTION,
        party_id=make_bidder(paddle).party_id,
        paddle=paddle,
        price_fen=50_000,
        special_price_id=uuid.UUID(int=600 + paddle),
        order_until=TODAY,
        awarded_at=CLOSES,
    )
    return replace(given, **changes)


def decided(licences: int = 1, kind: Kind = FIRST) -> Any:
    lot, rules = make_lot(licences=licences), make_rules(kind)
    bids = shown((1, 30_000), (2, 50_000), (3, 40_000))
    outcome = deciding.outcome(lot, rules, bids, Ending(CLOSES), reserve=None)
    return make_auction(kind, lot=lot, outcome=outcome)


def test_the_first_choice_is_awarded_then_whoever_comes_next() -> None:
    late = award(2, defaulted_at=CLOSES)

    assert [each.paddle for each in awarding.next_winners(decided(), [])] == [2]
    assert [each.paddle for each in awarding.next_winners(decided(), [late])] == [3]
    assert awarding.next_winners(decided(), [award(2)]) == ()


def test_the_next_one_pays_what_it_would_without_who_defaulted() -> None:
    late = award(2, defaulted_at=CLOSES)

    (following,) = awarding.next_winners(decided(kind=SECOND), [late])

    assert following == Won(paddle=3, bid_fen=40_000, price_fen=30_000)


def test_of_several_licences_only_the_free_ones_are_awarded() -> None:
    late, kept = award(2, defaulted_at=CLOSES), award(3)

    assert [each.paddle for each in awarding.next_winners(decided(2), [])] == [2, 3]
    assert [each.paddle for each in awarding.next_winners(decided(2), [late, kept])] == [1]


def test_a_price_that_was_won_has_its_reason() -> None:
    said = awarding.reason(make_auction(), Won(paddle=2, bid_fen=1, price_fen=1))

    assert said == "竞价成交：JJ-2026-000007，竞买号 2"


def test_an_order_for_another_use_than_the_lot_is_no_contract_over_it() -> None:
    lot = make_lot()
    same = make_order(delivery_mode=lot.delivery_mode, contracted_at=CLOSES)
    assert awarding.is_contract(make_auction(), same)

    for other in (
        replace(same, scenario="else"),
        replace(same, terms=replace(same.terms, term_days=30)),
        make_order(contracted_at=CLOSES),
        replace(same, contracted_at=None),
    ):
        assert not awarding.is_contract(make_auction(), other)


@pytest.mark.parametrize(
    ("changes", "state", "today", "runs"),
    [
        ({}, None, TODAY, True),  # its last day counts
        ({}, None, TODAY + dt.timedelta(days=1), False),
        ({"contracted_at": CLOSES}, None, TODAY + dt.timedelta(days=1), True),
        ({"defaulted_at": CLOSES}, None, TODAY + dt.timedelta(days=1), True),
        ({}, OrderState.PLACED, TODAY + dt.timedelta(days=1), True),
        ({}, OrderState.CANCELLED, TODAY + dt.timedelta(days=1), False),
    ],
)
def test_a_winner_defaults_when_its_days_are_over_and_it_has_not_ordered(
    changes: dict[str, Any], state: OrderState | None, today: dt.date, runs: bool
) -> None:
    lot = make_lot()
    order = None if state is None else make_order(state=state, delivery_mode=lot.delivery_mode)
    given = award(2, **changes)

    if runs:
        code = refused(awarding.check_default, lot, given, order, today=today)
        assert code == "auction_award_running"
    else:
        awarding.check_default(lot, given, order, today=today)


def test_an_order_for_another_use_does_not_keep_a_winner_from_defaulting() -> None:
    awarding.check_default(
        make_lot(), award(2), make_order(scenario="else"), today=TODAY + dt.timedelta(days=1)
    )


def test_what_is_found_of_who_defaulted_names_the_auction_and_the_day() -> None:
    said = awarding.default_facts(make_auction(), award(2))

    assert "JJ-2026-000007" in said
    assert "2026-03-31" in said


def test_an_auction_is_settled_when_every_award_has_ended() -> None:
    assert awarding.is_settled([award(1, contracted_at=CLOSES), award(2, defaulted_at=CLOSES)])
    assert not awarding.is_settled([award(1, contracted_at=CLOSES), award(2)])
