"""What may be put up for bids, who may bid, and which bid is taken: each refusal by its name."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from catalog.kernel.errors import DomainError
from market.auctions import announcing, bidding
from market.auctions.model import Joining, Kind, LastMinutes
from market.auctions.states import State
from market.pricing.model import Charge, Regime
from tests.makers_auctions import (
    CLOSES,
    LEAST,
    MOST,
    OPENS,
    OPERATOR_KEY,
    SUPPLIER_KEY,
    make_auction,
    make_bid,
    make_bidder,
    make_lot,
    make_rules,
)
from tests.pure.test_price_plans import QUOTE
from tests.pure.test_pricing import make_item, refused

SEALED = (Kind.SEALED_FIRST_PRICE, Kind.SEALED_SECOND_PRICE)
MOMENT = dt.timedelta(microseconds=1)


def facts_of(act: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
    with pytest.raises(DomainError) as caught:
        act(*args, **kwargs)
    return caught.value.facts


# ── what may be put up for bids ─────────────────────────────────────────────────────────────


def test_what_one_licence_costs_lies_within_the_filed_limits_of_its_quantity() -> None:
    assert announcing.limits(make_lot(quantity=3), QUOTE, Regime.NEGOTIATED) == (30, 270)


@pytest.mark.parametrize("charge", [each for each in Charge if each is not Charge.QUOTE])
def test_what_has_a_price_for_everybody_is_not_sold_by_bids(charge: Charge) -> None:
    item = make_item(charge=charge)

    code = refused(announcing.limits, make_lot(), item, Regime.MARKET_AUTONOMOUS)

    assert code == "auction_plan_unfit"


@pytest.mark.parametrize("regime", [Regime.FREE_CONDITIONAL, Regime.OPEN_FREE])
def test_what_is_free_is_not_sold_by_bids(regime: Regime) -> None:
    assert refused(announcing.limits, make_lot(), QUOTE, regime) == "auction_plan_unfit"


def test_a_quantity_that_nobody_is_sold_is_not_sold_by_bids() -> None:
    item = make_item(charge=Charge.QUOTE, highest_unit_price_fen=200, quantity_max=2)

    code = refused(announcing.limits, make_lot(quantity=3), item, Regime.NEGOTIATED)

    assert code == "order_quantity_out_of_range"


@pytest.mark.parametrize(
    ("starting", "fits"), [(LEAST - 1, False), (LEAST, True), (MOST, True), (MOST + 1, False)]
)
def test_bids_start_within_what_was_filed(starting: int, fits: bool) -> None:
    rules = make_rules(starting_price_fen=starting)

    if fits:
        announcing.check_prices(rules, LEAST, MOST)
    else:
        code = refused(announcing.check_prices, rules, LEAST, MOST)
        assert code == "auction_price_outside_filed"


@pytest.mark.parametrize("kind", Kind)
def test_the_rules_of_each_kind_are_taken_as_they_should_be(kind: Kind) -> None:
    announcing.check_rules(make_lot(), make_rules(kind))


@pytest.mark.parametrize(
    ("kind", "lot", "changes", "unfit"),
    [
        (Kind.ENGLISH, {}, {"increment_fen": None}, ["increment_fen"]),
        (Kind.ENGLISH, {"licences": 2}, {}, ["licences"]),
        (Kind.ENGLISH, {}, {"supplier_key": SUPPLIER_KEY}, ["supplier_key"]),
        *(
            (kind, lot, changes, unfit)
            for kind in SEALED
            for lot, changes, unfit in (
                ({}, {"increment_fen": 1}, ["increment_fen"]),
                ({}, {"last_minutes": LastMinutes()}, ["last_minutes"]),
                ({}, {"may_outbid_self": True}, ["may_outbid_self"]),
                ({}, {"supplier_key": None}, ["supplier_key"]),
                ({}, {"supplier_key": bytes(32)}, ["supplier_key"]),
                ({}, {"supplier_key": None, "increment_fen": 1}, ["increment_fen", "supplier_key"]),
            )
        ),
    ],
)
def test_rules_that_are_half_of_another_kind_are_refused_with_what_is_wrong(
    kind: Kind, lot: dict[str, Any], changes: dict[str, Any], unfit: list[str]
) -> None:
    rules = make_rules(kind, **changes)

    assert refused(announcing.check_rules, make_lot(**lot), rules) == "auction_rules_unfit"
    assert facts_of(announcing.check_rules, make_lot(**lot), rules) == {"fields": unfit}


@pytest.mark.parametrize(
    "changes",
    [
        {"closes_at": OPENS},
        {"closes_at": OPENS - MOMENT},
        {"last_minutes": LastMinutes(hard_end_at=CLOSES - MOMENT)},
    ],
)
def test_an_auction_ends_after_it_begins(changes: dict[str, Any]) -> None:
    code = refused(announcing.check_rules, make_lot(), make_rules(**changes))

    assert code == "auction_times_invalid"


@pytest.mark.parametrize(
    ("kind", "key", "fits"),
    [
        (Kind.ENGLISH, None, True),
        (Kind.ENGLISH, OPERATOR_KEY, False),
        *((kind, OPERATOR_KEY, True) for kind in SEALED),
        *((kind, None, False) for kind in SEALED),
        *((kind, SUPPLIER_KEY, False) for kind in SEALED),
        *((kind, bytes(32), False) for kind in SEALED),
    ],
)
def test_the_operator_adds_a_key_of_its_own_where_bids_are_sealed(
    kind: Kind, key: bytes | None, fits: bool
) -> None:
    if fits:
        announcing.check_operator_key(make_rules(kind), key)
    else:
        assert (
            refused(announcing.check_operator_key, make_rules(kind), key) == "auction_rules_unfit"
        )


def test_nobody_bids_before_the_days_of_the_announcement_are_over() -> None:
    announcing.check_notice(make_rules(), OPENS)

    code = refused(announcing.check_notice, make_rules(), OPENS + MOMENT)

    assert code == "auction_notice_too_short"


# ── who may bid ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("said", "missing"),
    [
        ({"accepts_rules": False}, ["accepts_rules"]),
        ({"is_unrelated": False}, ["is_unrelated"]),
        ({"deposit_fen": 499}, ["deposit_fen"]),
        (
            {"accepts_rules": False, "is_unrelated": False, "deposit_fen": 0},
            ["accepts_rules", "is_unrelated", "deposit_fen"],
        ),
    ],
)
def test_a_bidder_declares_all_that_the_announcement_asks_for(
    said: dict[str, Any], missing: list[str]
) -> None:
    rules = make_rules(deposit_fen=500)
    whole: dict[str, Any] = {"accepts_rules": True, "is_unrelated": True, "deposit_fen": 500}
    bidding.check_joining(rules, Joining(**whole))

    joining = Joining(**(whole | said))

    assert refused(bidding.check_joining, rules, joining) == "auction_declaration_missing"
    assert facts_of(bidding.check_joining, rules, joining) == {"missing": missing}


@pytest.mark.parametrize("state", State)
def test_one_joins_from_the_announcement_to_the_end(state: State) -> None:
    auction = make_auction(state=state)

    if state in (State.ANNOUNCED, State.OPEN):
        bidding.check_joinable(auction, CLOSES - MOMENT)
        assert refused(bidding.check_joinable, auction, CLOSES) == "auction_over"
    else:
        assert refused(bidding.check_joinable, auction, OPENS) == "auction_event_not_allowed"


@pytest.mark.parametrize("kind", Kind)
def test_a_bid_is_taken_from_the_opening_to_the_end_and_in_one_way(kind: Kind) -> None:
    auction = make_auction(kind)
    own, other = kind.is_sealed, not kind.is_sealed

    bidding.check_open(auction, OPENS, sealed=own)
    bidding.check_open(auction, CLOSES - MOMENT, sealed=own)

    assert refused(bidding.check_open, auction, OPENS - MOMENT, sealed=own) == "auction_not_open"
    assert refused(bidding.check_open, auction, CLOSES, sealed=own) == "auction_over"
    assert refused(bidding.check_open, auction, OPENS, sealed=other) == "auction_of_another_kind"


# ── which bid is taken ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("amount", "standing", "code"),
    [
        (20_000, None, None),
        (19_999, None, "auction_bid_too_low"),
        (31_000, (2, 30_000), None),
        (30_999, (2, 30_000), "auction_bid_too_low"),
        (30_000, (2, 30_000), "auction_bid_too_low"),
        (MOST, (2, 30_000), None),
        (MOST + 1, (2, 30_000), "auction_bid_outside_filed"),
        (31_000, (1, 30_000), "auction_bid_by_leader"),
    ],
)
def test_a_bid_rises_by_the_increment_and_stays_within_what_was_filed(
    amount: int, standing: tuple[int, int] | None, code: str | None
) -> None:
    before = None if standing is None else make_bid(*standing)

    if code is None:
        bidding.check_bid(make_auction(), make_bidder(1), amount, before)
    else:
        assert refused(bidding.check_bid, make_auction(), make_bidder(1), amount, before) == code


def test_who_leads_outbids_itself_where_the_rules_let_it() -> None:
    auction = make_auction(rules=make_rules(may_outbid_self=True))

    bidding.check_bid(auction, make_bidder(1), 31_000, make_bid(1, 30_000))
    code = refused(bidding.check_bid, auction, make_bidder(1), 30_500, make_bid(1, 30_000))

    assert code == "auction_bid_too_low"


@pytest.mark.parametrize(("amount", "fits"), [(40_000, True), (40_001, False)])
def test_nobody_bids_more_than_its_party_laid_down(amount: int, fits: bool) -> None:
    bidder = make_bidder(1, limit_fen=40_000)

    if fits:
        bidding.check_bid(make_auction(), bidder, amount, None)
    else:
        code = refused(bidding.check_bid, make_auction(), bidder, amount, None)
        assert code == "auction_bid_above_own_limit"


def test_what_the_next_bid_is_at_least_is_told() -> None:
    assert bidding.lowest_next(make_rules(), None) == 20_000
    assert bidding.lowest_next(make_rules(), 30_000) == 31_000
    assert bidding.lowest_next(make_rules(increment_fen=None), 30_000) == 30_001
