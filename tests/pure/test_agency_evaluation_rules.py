"""What an evaluation is filled with, and when it may be made (HN-24)."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from typing import Any

import pytest

from catalog.agencies.model import (
    AgencyAssignment,
    CaseKind,
    Ending,
    Measure,
    Method,
    Misconduct,
    MisconductRecord,
)
from catalog.agency_evaluation import ending, filling
from catalog.agency_evaluation.model import TermKept
from catalog.agency_evaluation.states import (
    TRANSITIONS,
    AgencyEvaluationEventNotAllowed,
    Event,
    State,
    advance,
)
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import SHANGHAI
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from seeds.workdays import load_calendar
from tests.makers_products import NOW, make_contract

CALENDAR = load_calendar()
KEPT = TermKept(term="五个工作日内出具意见", is_kept=True)


def refusal(code: str) -> Any:
    """Expect a refusal with this code."""
    return pytest.raises(DomainError, check=lambda error: error.code == code)


def at(month: int, day: int, hour: int = 9) -> dt.datetime:
    return dt.datetime(2026, month, day, hour, tzinfo=SHANGHAI)


def make_assignment(
    assigned_at: dt.datetime, opined_at: dt.datetime | None = None, end: Ending | None = None
) -> AgencyAssignment:
    return AgencyAssignment(
        id=new_id(),
        case_kind=CaseKind.APPLICATION,
        case_id=new_id(),
        agency_party_id=PartyId(uuid.UUID(int=1)),
        contract_id=make_contract().id,
        method=Method.RANDOM,
        reason="",
        assigned_at=assigned_at,
        opined_at=opined_at,
        ended_at=None if end is None else NOW,
        ending=end,
    )


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, Event)))
def test_every_pair_of_state_and_event(state: State, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert advance(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(AgencyEvaluationEventNotAllowed) as refused:
            advance(state, event)
        assert refused.value.facts == {"state": state.value, "event": event.value}


def test_days_are_counted_from_the_case_to_the_opinion_over_holidays() -> None:
    found = filling.timeliness(
        [
            make_assignment(at(2, 13), at(2, 25)),  # Saturday works, then Spring Festival: 3
            make_assignment(at(3, 2), at(3, 3)),  # 1
            make_assignment(at(9, 24), at(11, 13)),  # 30 working days end on 12 November: late
            make_assignment(at(9, 24), at(11, 12, 23)),  # in time
            make_assignment(at(3, 2), None, Ending.CONFLICT),
            make_assignment(at(3, 2), None, Ending.REPLACED),
            make_assignment(at(3, 2), None, Ending.SUSPENDED),
            make_assignment(at(3, 2), None, Ending.CLOSED),
        ],
        HAINAN_2023.review,
        CALENDAR,
    )

    assert (found.cases, found.opinions, found.declined, found.lost) == (8, 4, 1, 2)
    assert (found.median_working_days, found.maximum_working_days) == (3, 31)
    assert (found.overdue, found.on_time_bps) == (1, 7_500)


def test_who_never_gave_an_opinion_has_no_median() -> None:
    found = filling.timeliness([], HAINAN_2023.review, CALENDAR)

    assert (found.cases, found.overdue) == (0, 0)
    assert found.median_working_days is found.maximum_working_days is found.on_time_bps is None


def test_incidents_are_those_that_were_recorded() -> None:
    record = MisconductRecord(
        id=new_id(),
        contract_id=make_contract().id,
        agency_party_id=PartyId(uuid.UUID(int=1)),
        misconduct=Misconduct.FALSE_RECORD,
        facts="虚假记载",
        measure=Measure.FLAG,
        recorded_by_party=PartyId(uuid.UUID(int=2)),
        recorded_by=None,
        recorded_at=NOW,
    )

    (found,) = filling.incidents([record])

    assert (found.misconduct, found.measure, found.facts) == (
        Misconduct.FALSE_RECORD,
        Measure.FLAG,
        "虚假记载",
    )


@pytest.mark.parametrize(
    ("terms", "remarks", "points", "missing"),
    [
        ((), "评语", 0, ["terms"]),
        ((TermKept(term=" ", is_kept=True),), "评语", 100, ["terms"]),
        ((KEPT,), " ", 50, ["remarks"]),
        ((KEPT,), "评语", 101, ["points"]),
        ((KEPT,), "评语", -1, ["points"]),
    ],
)
def test_an_evaluation_lacks_nothing(
    terms: tuple[TermKept, ...], remarks: str, points: int, missing: list[str]
) -> None:
    filling.check_given((KEPT,), "评语", 100)

    with refusal("agency_evaluation_incomplete") as refused:
        filling.check_given(terms, remarks, points)
    assert refused.value.facts["missing"] == missing


def test_the_last_day_of_a_contract_is_too_early_for_its_evaluation() -> None:
    contract = make_contract()

    ending.check_ended(contract, contract.ends_on + dt.timedelta(days=1))
    with refusal("agency_contract_not_ended"):
        ending.check_ended(contract, contract.ends_on)


def test_a_receipt_has_a_number() -> None:
    filling.check_number("备案〔2028〕1号")
    with refusal("filing_number_missing"):
        filling.check_number("")
