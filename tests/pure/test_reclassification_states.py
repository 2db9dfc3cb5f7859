"""A proposal to lower a level: every state, every event."""

from __future__ import annotations

import itertools

import pytest

from catalog.reclassifications.states import Event, ReclassificationEventNotAllowed, State, advance

ALLOWED = {
    (State.PROPOSED, Event.CONFIRM): State.CONFIRMED,
    (State.PROPOSED, Event.REFUSE): State.REFUSED,
    (State.PROPOSED, Event.WITHDRAW): State.WITHDRAWN,
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_a_proposal_is_decided_or_withdrawn_once(state: State, event: Event) -> None:
    if (state, event) in ALLOWED:
        assert advance(state, event) is ALLOWED[state, event]
    else:
        with pytest.raises(ReclassificationEventNotAllowed) as refused:
            advance(state, event)
        assert refused.value.facts == {"state": state.value, "event": event.value}
