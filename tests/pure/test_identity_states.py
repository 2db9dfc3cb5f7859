"""The life of a party: every state × event pair."""

from __future__ import annotations

import itertools

import pytest

from market.identity.states import TRANSITIONS, Event, PartyEventNotAllowed, State, advance


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_a_party_moves_by_the_table_and_no_other_way(state: State, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert advance(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(PartyEventNotAllowed) as refused:
            advance(state, event)
        assert refused.value.facts == {"state": state.value, "event": event.value}


def test_every_state_is_reached_from_the_first() -> None:
    reached = {State.REGISTERED}
    for _ in State:
        reached |= {after for (before, _), after in TRANSITIONS.items() if before in reached}

    assert reached == set(State)
