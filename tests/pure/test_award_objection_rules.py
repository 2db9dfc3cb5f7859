"""Objections to results of auctions: who may object to what, who may decide, and their life."""

from __future__ import annotations

import datetime as dt
import itertools

import msgspec
import pytest

from catalog.kernel.errors import DomainError
from catalog.kernel.ids import AccountId, PartyId, new_id
from market.auctions import awarding, deciding, record
from market.auctions.bidding import NotABidder
from market.auctions.closing import Ending
from market.auctions.model import Won
from market.award_objections import objecting
from market.award_objections.model import AwardObjection, AwardObjectionId
from market.award_objections.states import (
    TRANSITIONS,
    AwardObjectionEventNotAllowed,
    Event,
    State,
    advance,
)
from tests.makers_auctions import make_auction, make_bid, make_bidder, make_lot, make_rules, shown

NOW = dt.datetime(2028, 2, 29, 15, 59, 59, tzinfo=dt.UTC)


def make_objection(paddle: int, result: int, state: State) -> AwardObjection:
    return AwardObjection(
        id=AwardObjectionId(new_id()),
        auction_id=make_auction().id,
        party_id=PartyId(new_id()),
        supplier_party_id=PartyId(new_id()),
        paddle=paddle,
        result=result,
        against_paddle=None,
        reasons="x",
        state=state,
        filed_at=NOW,
        filed_by=AccountId(new_id()),
        decide_until=NOW,
    )


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_state_and_event_of_an_objection(state: State, event: Event) -> None:
    ends = {
        Event.UPHOLD: State.UPHELD,
        Event.DISMISS: State.DISMISSED,
        Event.WITHDRAW: State.WITHDRAWN,
        Event.SUPERSEDE: State.SUPERSEDED,
    }
    if state is State.FILED:
        assert advance(state, event) is ends[event]
        return
    assert (state, event) not in TRANSITIONS
    with pytest.raises(AwardObjectionEventNotAllowed):
        advance(state, event)


@pytest.mark.parametrize(
    ("is_bidder", "reasons", "against", "earlier", "code"),
    [
        (False, "x", None, [], NotABidder.code),
        (True, "\u3000", None, [], "award_objection_reasons_missing"),
        (True, "x", 2, [], "award_objection_against_nobody"),
        (True, "x", None, [(1, 1, State.FILED)], "award_objected_before"),
        (True, "x", None, [(1, 1, State.DISMISSED)], "award_objected_before"),
        (True, "x", None, [(1, 1, State.WITHDRAWN)], None),
        (True, "x", None, [(1, 0, State.DISMISSED)], None),
        (True, "x", None, [(2, 1, State.FILED)], None),
        (True, "x", 3, [], None),
    ],
)
def test_a_bidder_objects_once_to_each_result_and_to_who_has_won(
    is_bidder: bool,
    reasons: str,
    against: int | None,
    earlier: list[tuple[int, int, State]],
    code: str | None,
) -> None:
    bidder = make_bidder(1) if is_bidder else None
    found = None
    try:
        objecting.check(
            bidder,
            {3},
            against=against,
            reasons=reasons,
            earlier=[make_objection(*each) for each in earlier],
            result=1,
        )
    except DomainError as error:
        found = error.code

    assert found == code


def test_nobody_decides_who_has_a_part_in_the_auction() -> None:
    supplier, authority = PartyId(new_id()), PartyId(new_id())

    objecting.check_decider(authority, [supplier])
    with pytest.raises(objecting.DeciderInvolved):
        objecting.check_decider(supplier, [supplier])


def test_the_notice_counts_to_its_last_second() -> None:
    second = dt.timedelta(seconds=1)
    auction = make_auction(notice_ends_at=NOW + second)

    awarding.check_on_notice(auction, NOW)
    awarding.check_noticed(auction, NOW + second)
    with pytest.raises(awarding.AuctionNoticeRunning):
        awarding.check_noticed(auction, NOW)
    with pytest.raises(awarding.AuctionNoticeOver):
        awarding.check_on_notice(auction, NOW + second)
    with pytest.raises(awarding.AuctionNoticeOver):
        awarding.check_on_notice(make_auction(), NOW)
    awarding.check_noticed(make_auction(), NOW)  # decided before there was a notice


def test_the_digest_of_a_public_bid_changes_with_all_that_it_says() -> None:
    bid = record.as_shown(make_bid(1, 30_000, NOW))
    auction = str(make_auction().id)
    told = record.public_bid_sha256(auction, bid)
    others = [
        record.public_bid_sha256(str(new_id()), bid),
        *(
            record.public_bid_sha256(auction, msgspec.structs.replace(bid, **change))
            for change in (
                {"amount_fen": 30_001},
                {"paddle": 2},
                {"place": 2},
                {"at": None},
            )
        ),
    ]

    assert len({told, *others}) == len(others) + 1


def test_who_is_left_out_after_an_objection_is_passed_over() -> None:
    bids = tuple(shown((1, 20_000), (2, 31_000), (3, 45_000)))
    outcome = deciding.outcome(make_lot(), make_rules(), bids, Ending(NOW), reserve=None)
    auction = make_auction(outcome=outcome, excluded=(3,))

    assert awarding.next_winners(auction, []) == (Won(paddle=2, bid_fen=31_000, price_fen=31_000),)
    everyone = msgspec.structs.replace(auction, excluded=(3, 2, 1))
    assert awarding.next_winners(everyone, []) == ()
