"""The life of a payment, every state and every event."""

from __future__ import annotations

import itertools

import pytest

from settlement.payments.states import (
    OPEN,
    TRANSITIONS,
    Event,
    EventNotAllowed,
    State,
    advance,
    allows,
)

ALLOWED = {
    ("created", "submit"): "pending",
    ("created", "succeed"): "succeeded",
    ("created", "fail"): "failed",
    ("created", "expire"): "expired",
    ("pending", "succeed"): "succeeded",
    ("pending", "fail"): "failed",
    ("pending", "expire"): "expired",
    ("failed", "succeed"): "succeeded",
    ("created", "doubt"): "unknown",
    ("pending", "doubt"): "unknown",
    ("unknown", "submit"): "pending",
    ("unknown", "succeed"): "succeeded",
    ("unknown", "fail"): "failed",
    ("unknown", "expire"): "expired",
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_event_in_every_state(state: State, event: Event) -> None:
    following = ALLOWED.get((state.value, event.value))

    assert allows(state, event) is (following is not None)
    if following is None:
        with pytest.raises(EventNotAllowed) as refused:
            advance(state, event)
        assert refused.value.code == "payment_event_not_allowed"
        assert refused.value.facts == {"state": state.value, "event": event.value}
    else:
        assert advance(state, event) == following


def test_every_state_is_reached_and_money_that_came_stays() -> None:
    reached = {State.CREATED, *TRANSITIONS.values()}
    leaving = {state for state, _ in TRANSITIONS}

    assert reached == set(State)
    assert set(State) - leaving == {State.SUCCEEDED, State.EXPIRED}
    assert all(allows(state, Event.EXPIRE) is (state in OPEN) for state in State)
