"""Which agency gets a case, what it declares, how the province stands (HN-05(3), HN-23, HN-27, A27)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest

from catalog.agencies import activity, assigning, conduct
from catalog.agencies.model import AgencyAssignment, CaseKind, Ending, Method
from catalog.agencies.standing import Flag, standing
from catalog.agencies.states import State
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import PartyId, new_id
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from seeds.workdays import load_calendar
from tests.makers_products import NOW, make_contract

A, B, C = (PartyId(uuid.UUID(int=n)) for n in (1, 2, 3))
ENDED = make_contract(starts_on=dt.date(2026, 1, 5), ends_on=dt.date(2028, 1, 5))
JUST_ENDED = make_contract(starts_on=dt.date(2026, 2, 28), ends_on=dt.date(2028, 2, 28))
CONTRACTS = [make_contract(agency_party_id=agency) for agency in (B, A, C)]


def refusal(code: str) -> Any:
    """Expect a refusal with this code."""
    return pytest.raises(DomainError, check=lambda error: error.code == code)


def make_assignment(**changes: Any) -> AgencyAssignment:
    values: dict[str, Any] = {
        "id": new_id(),
        "case_kind": CaseKind.APPLICATION,
        "case_id": new_id(),
        "agency_party_id": A,
        "contract_id": CONTRACTS[1].id,
        "method": Method.RANDOM,
        "reason": "",
        "assigned_at": NOW,
    }
    return AgencyAssignment(**(values | changes))


def test_nobody_with_a_share_in_the_case_is_a_candidate() -> None:
    found = assigning.candidates(CONTRACTS, {B, None})

    assert [each.agency_party_id for each in found] == [A, C]
    with refusal("no_agency_left"):
        assigning.candidates(CONTRACTS, {A, B, C})


def test_who_declined_or_lost_a_case_does_not_get_it_again_but_who_had_an_earlier_round_may() -> (
    None
):
    earlier = [
        make_assignment(agency_party_id=A, ended_at=NOW, ending=Ending.CONFLICT),
        make_assignment(agency_party_id=B, ended_at=NOW, ending=Ending.CLOSED),
        make_assignment(agency_party_id=C),
    ]

    assert assigning.who_lost_it(earlier) == {A}


def test_chance_gives_every_agency_cases_and_repeats_itself() -> None:
    found = assigning.candidates(CONTRACTS, ())
    drawn = [assigning.by_chance(found, n.to_bytes(32, "big")).agency_party_id for n in range(300)]

    assert all(70 < drawn.count(agency) < 130 for agency in (A, B, C))
    assert assigning.by_chance(found[::-1], bytes(32)) == assigning.by_chance(found, bytes(32))


def test_the_turn_is_of_who_has_waited_longest() -> None:
    found = assigning.candidates(CONTRACTS, ())
    later = NOW + dt.timedelta(hours=1)

    assert assigning.in_turn(found, {}).agency_party_id == A
    assert assigning.in_turn(found, {A: NOW}).agency_party_id == B
    assert assigning.in_turn(found, {A: later, B: NOW, C: later}).agency_party_id == B
    assert assigning.in_turn(found, {A: NOW, B: NOW, C: NOW}).agency_party_id == A


def test_who_names_an_agency_says_why() -> None:
    assigning.check_reason(Method.NAMED, "专业对口")
    assigning.check_reason(Method.RANDOM, "")
    with refusal("agency_naming_reason_missing"):
        assigning.check_reason(Method.NAMED, " ")


def test_an_agency_declares_itself_once_and_before_its_opinion() -> None:
    fresh = make_assignment()
    declared = make_assignment(declared_at=NOW, declaration="无关联")

    assert assigning.check_declaring(fresh, "无关联") is fresh
    assert assigning.check_opinion(declared) is declared
    for assignment, statement, code in (
        (None, "无关联", "case_not_assigned"),
        (declared, "无关联", "conflict_declared_already"),
        (fresh, "  ", "conflict_declaration_incomplete"),
    ):
        with refusal(code):
            assigning.check_declaring(assignment, statement)
    for assignment, code in ((None, "case_not_assigned"), (fresh, "conflict_undeclared")):
        with refusal(code):
            assigning.check_opinion(assignment)


def test_a_case_is_finished_after_the_end_of_a_contract_but_not_under_a_suspended_one() -> None:
    after = dt.date(2030, 1, 1)

    activity.require_unsuspended(make_contract(), after)
    with refusal("agency_contract_inactive"):
        activity.require_unsuspended(make_contract(state=State.SUSPENDED), after)


def test_misconduct_tells_what_happened() -> None:
    conduct.check_facts("泄露登记信息")
    with refusal("misconduct_facts_missing"):
        conduct.check_facts("\n")


@pytest.mark.parametrize(
    ("agencies", "awarded_on", "unevaluated", "flags"),
    [
        (CONTRACTS, dt.date(2026, 3, 2), [], ()),
        (CONTRACTS[:1], dt.date(2026, 3, 2), [], (Flag.FEWER_THAN_TWO_AGENCIES,)),
        (CONTRACTS[:1] * 2, None, [], (Flag.FEWER_THAN_TWO_AGENCIES,)),
        (CONTRACTS, dt.date(2026, 3, 1), [], (Flag.SELECTION_CYCLE_OVERDUE,)),
        (CONTRACTS, None, [ENDED], (Flag.EVALUATION_MISSING,)),
        (CONTRACTS, None, [JUST_ENDED], ()),
    ],
)
def test_what_is_wrong_is_flagged(
    agencies: Any, awarded_on: Any, unevaluated: Any, flags: Any
) -> None:
    found = standing(
        agencies,
        last_awarded_on=awarded_on,
        unevaluated=unevaluated,
        on=dt.date(2028, 3, 2),  # two years to the corresponding day: the last in time
        rulebook=HAINAN_2023,
        calendar=load_calendar(),
    )

    assert found.flags == flags
    assert len(found.agencies) == len({each.agency_party_id for each in agencies})
