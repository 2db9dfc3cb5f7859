"""The life of a quarterly report, pair by pair."""

from __future__ import annotations

import itertools

import pytest

from market.supervision.states import TRANSITIONS, Event, ReportEventNotAllowed, State, advance


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_event_in_every_state_goes_where_the_table_says_or_is_refused_by_name(
    state: State, event: Event
) -> None:
    following = TRANSITIONS.get((state, event))

    if following is None:
        with pytest.raises(ReportEventNotAllowed) as refused:
            advance(state, event)
        assert refused.value.facts == {"state": state.value, "event": event.value}
    else:
        assert advance(state, event) is following


def test_a_report_goes_from_open_to_acknowledged() -> None:
    state = State.OPEN

    for event in (Event.GENERATE, Event.SIGN, Event.SUBMIT, Event.ACKNOWLEDGE):
        state = advance(state, event)

    assert state is State.ACKNOWLEDGED


def test_only_a_returned_report_is_replaced() -> None:
    replaceable = {state for state, event in TRANSITIONS if event is Event.REGENERATE}

    assert replaceable == {State.RETURNED}
