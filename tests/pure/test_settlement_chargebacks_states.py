"""The life of a charge-back, every state and every event."""

from __future__ import annotations

import itertools

import pytest

from settlement.chargebacks.states import STANDING, Event, EventNotAllowed, State, advance

ALLOWED = {
    ("opened", "contest"): "contested",
    ("opened", "lapse"): "lost",
    ("opened", "accept"): "lost",
    ("opened", "win"): "won",
    ("opened", "lose"): "lost",
    ("contested", "win"): "won",
    ("contested", "lose"): "lost",
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_event_in_every_state(state: State, event: Event) -> None:
    following = ALLOWED.get((state.value, event.value))

    if following is None:
        with pytest.raises(EventNotAllowed) as refused:
            advance(state, event)
        assert refused.value.code == "chargeback_event_not_allowed"
        assert refused.value.facts == {"state": state.value, "event": event.value}
    else:
        assert advance(state, event) == following


def test_what_stands_is_what_is_not_decided() -> None:
    assert {state for state, _ in ALLOWED} == {state.value for state in STANDING}
