"""When an agency may be given a case (HN-05, HN-23, HN-24, A28)."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from catalog.agencies import activity, states
from catalog.agencies.states import Event, State
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.workdays import Calendar
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from tests.makers_products import make_contract


def test_a_contract_runs_two_years_to_the_corresponding_day() -> None:
    last = activity.last_day(dt.date(2026, 3, 2), HAINAN_2023, Calendar())
    leap = activity.last_day(dt.date(2028, 2, 29), HAINAN_2023, Calendar())

    assert last == dt.date(2028, 3, 2)
    assert leap == dt.date(2030, 2, 28)


@pytest.mark.parametrize(
    ("state", "on", "active"),
    [
        (State.ACTIVE, "2026-03-01", False),
        (State.ACTIVE, "2026-03-02", True),
        (State.ACTIVE, "2028-03-02", True),
        (State.ACTIVE, "2028-03-03", False),
        (State.SUSPENDED, "2026-03-02", False),
    ],
)
def test_an_agency_works_only_under_an_active_contract(state, on, active) -> None:
    contract = make_contract(state=state)
    day = dt.date.fromisoformat(on)

    assert activity.is_active(contract, day) is active
    if active:
        assert activity.require_active([contract], day) is contract
    else:
        with pytest.raises(activity.AgencyContractInactive):
            activity.require_active([contract], day)


def test_a_suspended_contract_still_stands_in_the_way_of_a_new_one() -> None:
    suspended = make_contract(state=State.SUSPENDED)
    parties = {
        "operator_party_id": suspended.operator_party_id,
        "agency_party_id": suspended.agency_party_id,
    }

    with pytest.raises(activity.AgencyContractOverlaps):
        activity.check_new(
            [suspended], **parties, starts_on=dt.date(2028, 3, 2), ends_on=dt.date(2030, 3, 2)
        )
    activity.check_new(
        [suspended], **parties, starts_on=dt.date(2028, 3, 3), ends_on=dt.date(2030, 3, 3)
    )


def test_the_operator_is_not_its_own_third_party() -> None:
    one = PartyId(new_id())

    with pytest.raises(activity.AgencyIsOperator):
        activity.check_new(
            [],
            operator_party_id=one,
            agency_party_id=one,
            starts_on=dt.date(2026, 3, 2),
            ends_on=dt.date(2028, 3, 2),
        )


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_pair_of_state_and_event(state: State, event: Event) -> None:
    if (state, event) == (State.ACTIVE, Event.SUSPENDED):
        assert states.advance(state, event) is State.SUSPENDED
    else:
        with pytest.raises(states.AgencyContractEventNotAllowed) as refused:
            states.advance(state, event)
        assert refused.value.facts == {"state": state.value, "event": event.value}
