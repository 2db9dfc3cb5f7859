"""The life of a proposal to destroy a key, every state by every event."""

from __future__ import annotations

import itertools

import pytest

from catalog.key_destructions.states import (
    TRANSITIONS,
    Event,
    KeyDestructionEventNotAllowed,
    State,
    advance,
)

LAWFUL = {
    (State.PROPOSED, Event.CONFIRM): State.CONFIRMED,
    (State.PROPOSED, Event.REFUSE): State.REFUSED,
    (State.PROPOSED, Event.WITHDRAW): State.WITHDRAWN,
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_a_proposal_is_decided_once(state: State, event: Event) -> None:
    if (state, event) in LAWFUL:
        assert advance(state, event) is LAWFUL[state, event]
        return
    with pytest.raises(KeyDestructionEventNotAllowed) as refused:
        advance(state, event)
    assert refused.value.facts == {"state": state.value, "event": event.value}


def test_no_other_move_is_in_the_table() -> None:
    assert TRANSITIONS == LAWFUL
