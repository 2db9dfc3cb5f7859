"""A group of synonyms is proposed, decided, and one day removed; nothing else."""

from __future__ import annotations

import itertools

import pytest

from catalog.thesaurus.states import TRANSITIONS, Event, State, SynonymEventNotAllowed, advance


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_each_event_moves_a_group_or_is_refused(state: State, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert advance(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(SynonymEventNotAllowed):
            advance(state, event)
