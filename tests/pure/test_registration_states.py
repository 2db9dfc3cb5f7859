"""Every state and every event of the four lives of this part of the register."""

from __future__ import annotations

import itertools
from types import ModuleType
from typing import Any

import pytest

from catalog.certificates import states as certificates
from catalog.kernel.errors import Refused
from catalog.notices import states as notices
from catalog.objections import states as objections
from catalog.registration import states as registration

ROOMS = (registration, notices, certificates, objections)
BEGINNINGS: dict[ModuleType, Any] = {
    registration: registration.State.DRAFT,
    notices: notices.State.POSTING,
    certificates: certificates.State.ACTIVE,
    objections: objections.State.RECEIVED,
}
PAIRS = [
    pytest.param(room, state, event, id=f"{room.__name__}:{state}:{event}")
    for room in ROOMS
    for state, event in itertools.product(room.State, room.Event)
]


@pytest.mark.parametrize(("room", "state", "event"), PAIRS)
def test_an_event_moves_as_the_table_says_or_is_refused_by_name(
    room: ModuleType, state: Any, event: Any
) -> None:
    expected = room.TRANSITIONS.get((state, event))

    if expected is not None:
        assert room.advance(state, event) is expected
        return
    with pytest.raises(Refused) as refused:
        room.advance(state, event)
    assert refused.value.code.endswith("_event_not_allowed")
    assert refused.value.facts == {"state": state.value, "event": event.value}


@pytest.mark.parametrize("room", ROOMS)
def test_every_state_is_reached_and_every_event_happens(room: ModuleType) -> None:
    reached = {BEGINNINGS[room], *room.TRANSITIONS.values()}
    happening = {event for _, event in room.TRANSITIONS}

    assert reached == set(room.State)
    assert happening == set(room.Event)


def test_nothing_leads_on_from_where_an_application_ends() -> None:
    leading_on = {
        state
        for (state, _), following in registration.TRANSITIONS.items()
        if following is not state
    }

    assert set(registration.State) - leading_on == registration.FINAL


def test_an_objection_decided_late_finds_the_application_wherever_it_is() -> None:
    going = set(registration.State) - registration.FINAL

    for event in (
        registration.Event.OBJECTION_UPHELD,
        registration.Event.RETURN_TO_DRAFT,
        registration.Event.OBJECTIONS_DISMISSED,
    ):
        assert {state for state, each in registration.TRANSITIONS if each is event} == going


def test_only_an_open_objection_can_be_withdrawn() -> None:
    withdrawable = {
        state for state, event in objections.TRANSITIONS if event is objections.Event.WITHDRAW
    }

    # What the registrant admitted is put right: that is the registrar's duty by then (NDA35-29).
    assert withdrawable == set(objections.OPEN) - {objections.State.ADMITTED}
    assert set(objections.State) - withdrawable == {
        objections.State.ADMITTED,
        objections.State.REJECTED,
        objections.State.CLOSED,
    }


def test_a_certificate_that_ended_never_counts_again() -> None:
    ended = {
        certificates.State.SUPERSEDED,
        certificates.State.TRANSFERRED,
        certificates.State.DEREGISTERED,
        certificates.State.REVOKED,
    }

    assert not [pair for pair in certificates.TRANSITIONS if pair[0] in ended]
