"""When a channel is asked about a payment, and what follows when it tells nothing."""

from __future__ import annotations

import datetime as dt

import pytest

from settlement.payments.asking import FIRST, LONGEST, ask_next, conclude
from settlement.payments.channel import Standing
from settlement.payments.states import Event

NOON = dt.datetime(2026, 12, 31, 4, 0, tzinfo=dt.UTC)


def test_each_pause_is_twice_as_long_up_to_a_quarter_of_a_day() -> None:
    pauses = [ask_next(NOON, asked) - NOON for asked in range(12)]

    assert pauses[:4] == [FIRST, 2 * FIRST, 4 * FIRST, 8 * FIRST]
    assert pauses[-1] == LONGEST
    assert pauses == sorted(pauses)


@pytest.mark.parametrize("is_over", [False, True])
def test_silence_is_doubt_and_never_an_end(*, is_over: bool) -> None:
    assert conclude(None, is_over=is_over) is Event.DOUBT


def test_a_channel_that_waits_still_ends_what_is_over() -> None:
    assert conclude(Standing.WAITING, is_over=False) is Event.SUBMIT
    assert conclude(Standing.WAITING, is_over=True) is Event.EXPIRE
