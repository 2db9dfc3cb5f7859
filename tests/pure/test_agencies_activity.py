"""When an agency may be given a case (HN-05, HN-23, HN-24, A28)."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest

from catalog.agencies import activity, states
from catalog.agencies.model import AgencyContract
from catalog.agencies.reselection import reminds_on
from catalog.agencies.states import Event, State
from catalog.agency_selection.model import SelectionId
from catalog.kernel.ids import new_id
from catalog.kernel.workdays import Calendar
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from seeds.workdays import load_calendar
from tests.makers_products import NOW, make_contract


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


def may_contract(existing: list[AgencyContract], **changes: Any) -> None:
    values: dict[str, Any] = {
        "selection_id": SelectionId(new_id()),
        "awarded_on": dt.date(2026, 2, 27),
        "on": dt.date(2026, 3, 1),
        "starts_on": dt.date(2026, 3, 2),
        "ends_on": dt.date(2028, 3, 2),
    }
    activity.check_new(existing, **(values | changes))


def test_a_suspended_contract_still_stands_in_the_way_of_a_new_one() -> None:
    suspended = make_contract(state=State.SUSPENDED)

    with pytest.raises(activity.AgencyContractOverlaps):
        may_contract([suspended], starts_on=dt.date(2028, 3, 2), ends_on=dt.date(2030, 3, 2))
    may_contract([suspended], starts_on=dt.date(2028, 3, 3), ends_on=dt.date(2030, 3, 3))


def test_whose_contract_ended_without_an_evaluation_is_not_contracted_anew() -> None:
    ended = make_contract(starts_on=dt.date(2024, 2, 28), ends_on=dt.date(2026, 2, 28))

    may_contract([ended], on=dt.date(2026, 2, 28))  # it runs still
    with pytest.raises(activity.EvaluationMissing):
        may_contract([ended])
    may_contract(
        [make_contract(ends_on=ended.ends_on, starts_on=ended.starts_on, evaluated_at=NOW)]
    )


def test_a_contract_does_not_start_before_its_award() -> None:
    may_contract([], awarded_on=dt.date(2026, 3, 2))

    with pytest.raises(activity.ContractBeforeAward):
        may_contract([], awarded_on=dt.date(2026, 3, 3))


def test_an_award_is_good_for_one_contract_however_long_ago_that_ended() -> None:
    ended = make_contract(
        starts_on=dt.date(2024, 1, 2), ends_on=dt.date(2026, 1, 2), evaluated_at=NOW
    )

    may_contract([ended])
    with pytest.raises(activity.ContractedFromThisAward):
        may_contract([ended], selection_id=ended.selection_id)


def test_the_next_selection_is_remembered_120_days_before_contracts_end() -> None:
    calendar, ends_on = load_calendar(), dt.date(2026, 11, 12)
    period = HAINAN_2023.agency_reselection

    first = dt.date(2026, 7, 15)
    assert reminds_on(ends_on, first - dt.timedelta(days=1), period, calendar) is None
    for today in (first, dt.date(2026, 9, 1), ends_on):
        assert reminds_on(ends_on, today, period, calendar) == first


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_pair_of_state_and_event(state: State, event: Event) -> None:
    if state is State.ACTIVE:
        expected = State.SUSPENDED if event is Event.SUSPENDED else State.ACTIVE
        assert states.advance(state, event) is expected
    else:
        with pytest.raises(states.AgencyContractEventNotAllowed) as refused:
            states.advance(state, event)
        assert refused.value.facts == {"state": state.value, "event": event.value}
