"""A related dealing is decided on once, and what is no excerpt of a register is refused by its name."""

from __future__ import annotations

import itertools

import pytest

from market.affiliations.register import ExcerptUnreadable
from market.affiliations.states import (
    TRANSITIONS,
    Event,
    RelatedDealingEventNotAllowed,
    State,
    advance,
)


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_a_dealing_is_released_or_refused_once(state: State, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert state is State.OPEN
        assert (
            advance(state, event)
            is {
                Event.RELEASE: State.RELEASED,
                Event.REFUSE: State.REFUSED,
            }[event]
        )
    else:
        with pytest.raises(RelatedDealingEventNotAllowed) as refused:
            advance(state, event)
        assert refused.value.facts == {"state": state.value, "event": event.value}


def test_what_is_no_excerpt_has_a_code_of_its_own() -> None:
    assert ExcerptUnreadable(line=1).code == "affiliation_excerpt_unreadable"
