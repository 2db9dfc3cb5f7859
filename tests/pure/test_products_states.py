"""The life of a description: every state, every event."""

from __future__ import annotations

import itertools

import pytest

from catalog.products.states import TRANSITIONS, Event, ProductEventNotAllowed, State, advance

ALLOWED = {
    (State.DRAFT, Event.SAVED_UNFINISHED): State.DRAFT,
    (State.DRAFT, Event.COMPLETED): State.DESCRIBED,
    (State.DESCRIBED, Event.COMPLETED): State.DESCRIBED,
    (State.DRAFT, Event.WITHDRAWN): State.WITHDRAWN,
    (State.DESCRIBED, Event.WITHDRAWN): State.WITHDRAWN,
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_pair_of_state_and_event(state: State, event: Event) -> None:
    if (state, event) in ALLOWED:
        assert advance(state, event) is ALLOWED[state, event]
    else:
        with pytest.raises(ProductEventNotAllowed) as refused:
            advance(state, event)
        assert refused.value.facts == {"state": state.value, "event": event.value}


def test_the_table_has_no_more_than_that() -> None:
    assert TRANSITIONS == ALLOWED
