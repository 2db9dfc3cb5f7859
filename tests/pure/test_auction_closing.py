"""When an auction ends is told by its rules and its bids, and by nothing else."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.auctions.closing import (
    WAITED_FOR,
    Ending,
    closing_instant,
    instant_of,
    may_be_closed,
    moved,
)
from market.auctions.model import LastMinutes, Rules
from tests.makers_auctions import CLOSES, OPENS, make_rules

MINUTE = dt.timedelta(minutes=1)
MOMENT = dt.timedelta(microseconds=1)


def test_a_bid_before_the_last_minutes_leaves_the_end_where_it_is() -> None:
    rules = make_rules()

    assert moved(rules, Ending(CLOSES), CLOSES - 5 * MINUTE - MOMENT) == Ending(CLOSES)


@pytest.mark.parametrize("before", [5 * MINUTE, 3 * MINUTE, MOMENT])
def test_a_bid_in_the_last_minutes_moves_the_end(before: dt.timedelta) -> None:
    ending = moved(make_rules(), Ending(CLOSES), CLOSES - before)

    assert ending == Ending(CLOSES + 5 * MINUTE, 1)


@pytest.mark.parametrize("late", [dt.timedelta(0), MOMENT, 5 * MINUTE])
def test_a_bid_at_the_end_or_later_moves_nothing(late: dt.timedelta) -> None:
    assert moved(make_rules(), Ending(CLOSES), CLOSES + late) == Ending(CLOSES)


def test_without_the_rule_the_end_stays() -> None:
    rules = make_rules(last_minutes=None)

    assert closing_instant(rules, [CLOSES - MOMENT]) == Ending(CLOSES)


def test_the_end_is_moved_so_many_times_and_no_more() -> None:
    rules = make_rules(last_minutes=LastMinutes(extensions_max=2))
    late = [CLOSES - MINUTE, CLOSES + 4 * MINUTE, CLOSES + 9 * MINUTE]

    assert closing_instant(rules, late) == Ending(CLOSES + 10 * MINUTE, 2)


def test_the_end_is_never_moved_beyond_the_hard_one() -> None:
    rules = make_rules(last_minutes=LastMinutes(hard_end_at=CLOSES + 7 * MINUTE))
    late = [CLOSES - MINUTE, CLOSES + 4 * MINUTE, CLOSES + 6 * MINUTE]

    assert closing_instant(rules, late) == Ending(CLOSES + 7 * MINUTE, 2)


def test_a_hard_end_at_the_end_lets_nothing_move() -> None:
    rules = make_rules(last_minutes=LastMinutes(hard_end_at=CLOSES))

    assert closing_instant(rules, [CLOSES - MINUTE]) == Ending(CLOSES)


def test_a_bid_is_never_earlier_than_the_one_before_it_whatever_the_clock_says() -> None:
    assert instant_of(OPENS, None) == OPENS
    assert instant_of(OPENS - MINUTE, OPENS) == OPENS
    assert instant_of(OPENS + MINUTE, OPENS) == OPENS + MINUTE


def test_an_auction_is_closed_when_nobody_who_was_heard_in_time_can_still_wait() -> None:
    assert not may_be_closed(CLOSES, CLOSES)
    assert not may_be_closed(CLOSES, CLOSES + WAITED_FOR - MOMENT)
    assert may_be_closed(CLOSES, CLOSES + WAITED_FOR)


def by_seconds(rules: Rules, instants: list[dt.datetime]) -> tuple[dt.datetime, int]:
    """Walk the clock second by second, as somebody would who stands there with a watch."""
    last = rules.last_minutes
    end, count = rules.closes_at, 0
    assert last is not None
    bids = set(instants)
    now = rules.opens_at
    while now < end:
        if now in bids and end - now <= last.window_minutes * MINUTE:
            later = end + last.extension_minutes * MINUTE
            if last.hard_end_at is not None and later > last.hard_end_at:
                later = last.hard_end_at
            if count < last.extensions_max and later > end:
                end, count = later, count + 1
        now += dt.timedelta(seconds=1)
    return end, count


@given(
    seconds=st.lists(st.integers(0, 1_800), unique=True, max_size=40),
    window=st.integers(1, 6),
    extension=st.integers(1, 6),
    most=st.integers(1, 6),
    hard=st.none() | st.integers(600, 1_500),
)
def test_the_end_is_where_somebody_with_a_watch_finds_it(
    seconds: list[int], window: int, extension: int, most: int, hard: int | None
) -> None:
    rules = make_rules(
        opens_at=OPENS,
        closes_at=OPENS + dt.timedelta(seconds=600),
        last_minutes=LastMinutes(
            window_minutes=window,
            extension_minutes=extension,
            extensions_max=most,
            hard_end_at=None if hard is None else OPENS + dt.timedelta(seconds=hard),
        ),
    )
    instants = [OPENS + dt.timedelta(seconds=each) for each in sorted(seconds)]

    ending = closing_instant(rules, instants)

    assert (ending.at, ending.extension_count) == by_seconds(rules, instants)
