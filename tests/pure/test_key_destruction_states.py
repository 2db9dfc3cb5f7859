"""The life of a proposal to destroy a key, every state by every event."""

from __future__ import annotations

import datetime as dt
import itertools

import msgspec
import pytest

from catalog.kernel.ids import AccountId, new_id
from catalog.key_destructions.model import KeyDestruction, KeyDestructionId
from catalog.key_destructions.states import (
    TRANSITIONS,
    Event,
    KeyDestructionEventNotAllowed,
    State,
    advance,
)
from catalog.signing.model import KeyId

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


def test_a_proposal_says_by_whom_and_why_and_nothing_of_a_decision() -> None:
    proposed = KeyDestruction(
        id=KeyDestructionId(new_id()),
        key_id=KeyId("k-1"),
        state=State.PROPOSED,
        reason="its laptop was lost",
        proposed_by=AccountId(new_id()),
        proposed_by_name="王工",
        proposed_at=dt.datetime(2026, 11, 28, tzinfo=dt.UTC),
    )
    told = msgspec.to_builtins(proposed)
    assert [name for name, value in told.items() if value is None] == [
        "decided_by",
        "decided_by_name",
        "decided_at",
        "remark",
    ]
