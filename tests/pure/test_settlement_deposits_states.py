"""The life of a deposit, each state with each event written down a second time."""

from __future__ import annotations

import itertools

import pytest

from settlement.deposits.states import Event, EventNotAllowed, State, advance, arriving

MOVES = {
    ("awaiting", "pay"): "held",
    ("awaiting", "pay_late"): "returned",
    ("awaiting", "lapse"): "lapsed",
    ("lapsed", "pay_late"): "returned",
    ("held", "return"): "returned",
    ("held", "forfeit"): "forfeited",
    ("held", "charge_back"): "charged_back",
    ("charged_back", "win"): "held",
    ("charged_back", "lose"): "lost",
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_each_event_leads_where_the_table_says_or_is_refused(state: State, event: Event) -> None:
    to = MOVES.get((state.value, event.value))
    if to is None:
        with pytest.raises(EventNotAllowed):
            advance(state, event)
    else:
        assert advance(state, event) is State(to)


@pytest.mark.parametrize(
    ("state", "is_late", "event"),
    [
        (State.AWAITING, False, Event.PAY),
        (State.AWAITING, True, Event.PAY_LATE),
        (State.LAPSED, True, Event.PAY_LATE),
        (State.LAPSED, False, Event.PAY_LATE),  # another clock said that it was over
        (State.HELD, False, Event.PAY),  # refused by the table: it was paid before
    ],
)
def test_what_comes_after_its_time_goes_back(state: State, is_late: bool, event: Event) -> None:
    assert arriving(state, is_late=is_late) is event
