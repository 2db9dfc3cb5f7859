"""The life of an escrow, every state and every event."""

from __future__ import annotations

import itertools

import pytest

from settlement.escrow.states import (
    TRANSITIONS,
    Event,
    EventNotAllowed,
    State,
    advance,
    refunding,
    refunding_part,
    releasing,
)

ALLOWED = {
    ("awaiting_payment", "pay"): "held",
    ("awaiting_payment", "expire"): "expired",
    ("expired", "pay"): "held",
    ("held", "forfeit"): "released",
    ("held", "capture"): "held",
    ("held", "capture_rest"): "released",
    ("held", "top_up"): "held",
    ("released", "top_up"): "held",
    ("refunded", "top_up"): "held",
    ("held", "refund_part"): "held",
    ("held", "refund_rest"): "released",
    ("disputed", "resolve_part"): "held",
    ("disputed", "resolve_rest"): "released",
    ("held", "release"): "released",
    ("held", "refund"): "refunded",
    ("held", "dispute"): "disputed",
    ("disputed", "resolve_release"): "released",
    ("disputed", "resolve_refund"): "refunded",
    ("held", "charge_back"): "charged_back",
    ("disputed", "charge_back"): "charged_back",
    ("charged_back", "chargeback_over"): "held",
    ("charged_back", "charge_back"): "charged_back",
    ("charged_back", "top_up"): "charged_back",
    ("charged_back", "chargeback_one_over"): "charged_back",
    ("charged_back", "chargeback_lost"): "refunded",
    ("charged_back", "chargeback_lost_rest"): "released",
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_event_in_every_state(state: State, event: Event) -> None:
    following = ALLOWED.get((state.value, event.value))

    if following is None:
        with pytest.raises(EventNotAllowed) as refused:
            advance(state, event)
        assert refused.value.code == "escrow_event_not_allowed"
        assert refused.value.facts == {"state": state.value, "event": event.value}
    else:
        assert advance(state, event) == following


def test_every_state_is_reached_and_two_are_final_but_for_more_money() -> None:
    reached = {State.AWAITING_PAYMENT, *TRANSITIONS.values()}
    leaving = {state for state, event in TRANSITIONS if event is not Event.TOP_UP}

    assert reached == set(State)
    assert set(State) - leaving == {State.RELEASED, State.REFUNDED}


@pytest.mark.parametrize("state", State)
def test_a_dispute_is_resolved_before_money_leaves(state: State) -> None:
    is_disputed = state is State.DISPUTED

    assert (releasing(state) is Event.RESOLVE_RELEASE) is is_disputed
    assert (refunding(state) is Event.RESOLVE_REFUND) is is_disputed
    assert (refunding(state, captured_fen=1) is Event.RESOLVE_REST) is is_disputed
    assert (refunding_part(state) is Event.RESOLVE_PART) is is_disputed


def test_what_goes_back_after_others_shared_in_it_leaves_an_escrow_released() -> None:
    assert refunding(State.HELD) is Event.REFUND
    assert refunding(State.HELD, captured_fen=1) is Event.REFUND_REST
    assert advance(State.HELD, Event.REFUND_REST) is State.RELEASED
    assert refunding_part(State.HELD) is Event.REFUND_PART
