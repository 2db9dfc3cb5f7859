"""Who may see a case, who may have which duty in it, and what is left out for whom (HN-26, HN-28)."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from typing import Any

import msgspec
import pytest

from catalog.case_access import handling
from catalog.case_access.handling import (
    AssignmentEnded,
    AssignmentReasonMissing,
    CaseHeldByAnother,
    CaseTakenAlready,
    DutyNotDue,
    DutyNotOfRole,
    DutyNotOfThisCase,
    FourEyesRequired,
)
from catalog.case_access.model import Assignment, AssignmentId, Case, CaseKind, Duty
from catalog.case_access.visibility import Sight, Standing, is_own, who_may_see
from catalog.changes import duties as change_duties
from catalog.changes.model import Change
from catalog.changes.states import FINAL as CHANGE_FINAL
from catalog.changes.states import State as ChangeState
from catalog.instruments import duties as instrument_duties
from catalog.instruments.states import State as InstrumentState
from catalog.kernel.actor import Actor, Clearance
from catalog.kernel.ids import AccountId, PartyId
from catalog.recognition import duties as foreign_duties
from catalog.recognition.model import ForeignCertificate
from catalog.recognition.states import State as ForeignState
from catalog.registration import duties as application_duties
from catalog.registration.model import Application
from catalog.registration.states import FINAL as APPLICATION_FINAL
from catalog.registration.states import State as ApplicationState
from market.identity.permissions import OPERATOR_STAFF, PERMISSIONS
from tests.filled import filled

OWN, OTHER_SIDE, AGENCY, OPERATOR, AUTHORITY, STRANGER = (
    PartyId(uuid.UUID(int=n)) for n in range(1, 7)
)
NOW = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
ANNA, BO = AccountId(uuid.UUID(int=11)), AccountId(uuid.UUID(int=12))


def case(**changes: Any) -> Case:
    return msgspec.structs.replace(
        Case(
            kind=CaseKind.APPLICATION,
            id=uuid.UUID(int=21),
            application_id=uuid.UUID(int=21),
            operator_party_id=OPERATOR,
            own_parties=frozenset({OWN, None}),
            other_side=frozenset({OTHER_SIDE}),
            agency_party_id=AGENCY,
            due=frozenset({Duty.ACCEPTANCE}),
        ),
        **changes,
    )


def viewer(clearance: Clearance, party: PartyId | None, **changes: Any) -> Actor:
    return msgspec.structs.replace(
        Actor(
            account_id=ANNA,
            party_id=party,
            name="anna",
            roles=frozenset(),
            permissions=frozenset(),
            clearance=clearance,
        ),
        **changes,
    )


def assigned(duty: Duty, account: AccountId = ANNA, *, is_over: bool = False) -> Assignment:
    return Assignment(
        id=AssignmentId(uuid.uuid4()),
        case_kind=CaseKind.APPLICATION,
        case_id=uuid.UUID(int=21),
        opens_application_id=None,
        duty=duty,
        account_id=account,
        operator_party_id=OPERATOR,
        since=NOW,
        assigned_by=BO,
        until=NOW if is_over else None,
        end_reason="调岗" if is_over else None,
    )


# ── who may see ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("clearance", list(Clearance))
@pytest.mark.parametrize("party", [OWN, OTHER_SIDE, AGENCY, OPERATOR, AUTHORITY, STRANGER, None])
@pytest.mark.parametrize(
    ("is_handler", "is_authority", "is_inspector"), list(itertools.product([False, True], repeat=3))
)
def test_every_clearance_and_relation_sees_what_the_law_gives_it(
    clearance: Clearance,
    party: PartyId | None,
    is_handler: bool,
    is_authority: bool,
    is_inspector: bool,
) -> None:
    standing = Standing(is_handler=is_handler, is_authority=is_authority, is_inspector=is_inspector)

    seen = who_may_see(viewer(clearance, party), case(), standing)

    by_party = {OWN: Sight.FULL, OTHER_SIDE: Sight.REDACTED, AGENCY: Sight.FULL}
    by_clearance = {
        Clearance.SYSTEM: Sight.FULL,
        Clearance.STAFF: Sight.FULL if is_handler else Sight.NOTHING,
        Clearance.REGULATOR: Sight.FULL if is_authority or is_inspector else Sight.REDACTED,
    }
    expected = by_clearance.get(clearance, Sight.NOTHING)
    if clearance is not Clearance.SYSTEM and party in by_party:
        expected = by_party[party]
    assert seen is expected


def test_who_has_no_party_owns_nothing_even_where_a_case_has_no_agent() -> None:
    assert not is_own(viewer(Clearance.PUBLIC, None), case())


def test_an_agent_who_files_for_its_principal_is_of_the_case() -> None:
    agent = viewer(Clearance.PARTY, STRANGER, acting_for=OWN)

    assert is_own(agent, case())
    assert who_may_see(agent, case(), Standing()) is Sight.FULL


def test_an_agency_that_was_replaced_sees_nothing() -> None:
    replaced = case(agency_party_id=STRANGER)

    assert who_may_see(viewer(Clearance.PARTY, AGENCY), replaced, Standing()) is Sight.NOTHING


# ── who may have a duty ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", list(CaseKind))
@pytest.mark.parametrize("duty", list(Duty))
def test_a_duty_is_taken_where_there_is_one_and_it_is_due(kind: CaseKind, duty: Duty) -> None:
    some = case(kind=kind, due=frozenset({duty}))

    if duty in handling.DUTIES[kind]:
        handling.check_duty(some, duty)
        with pytest.raises(DutyNotDue):
            handling.check_duty(case(kind=kind, due=frozenset()), duty)
    else:
        with pytest.raises(DutyNotOfThisCase):
            handling.check_duty(some, duty)


@pytest.mark.parametrize("duty", list(Duty))
def test_some_staff_may_have_each_duty_and_a_head_of_office_has_none_by_that(duty: Duty) -> None:
    holders = [role for role in OPERATOR_STAFF if handling.PERMISSION[duty] in PERMISSIONS[role]]

    assert holders
    for role in holders:
        handling.check_role(duty, PERMISSIONS[role])
    with pytest.raises(DutyNotOfRole):
        handling.check_role(duty, {"case:take", "case:assign"})


def test_a_duty_is_one_accounts_at_a_time() -> None:
    handling.check_free(Duty.ACCEPTANCE, ANNA, [])
    handling.check_free(Duty.ACCEPTANCE, ANNA, [assigned(Duty.ACCEPTANCE)])
    handling.check_free(Duty.ACCEPTANCE, ANNA, [assigned(Duty.DECISION, BO)])
    handling.check_free(Duty.ACCEPTANCE, ANNA, [assigned(Duty.ACCEPTANCE, BO, is_over=True)])

    with pytest.raises(CaseHeldByAnother):
        handling.check_free(Duty.ACCEPTANCE, ANNA, [assigned(Duty.ACCEPTANCE, BO)])


def test_what_one_has_is_not_taken_again() -> None:
    handling.check_not_taken(Duty.ACCEPTANCE, ANNA, [assigned(Duty.ACCEPTANCE, is_over=True)])

    with pytest.raises(CaseTakenAlready):
        handling.check_not_taken(Duty.ACCEPTANCE, ANNA, [assigned(Duty.ACCEPTANCE)])
    with pytest.raises(CaseHeldByAnother):
        handling.check_not_taken(Duty.ACCEPTANCE, ANNA, [assigned(Duty.ACCEPTANCE, BO)])


@pytest.mark.parametrize("had", list(Duty))
@pytest.mark.parametrize("wanted", list(Duty))
@pytest.mark.parametrize("is_over", [False, True])
def test_nobody_checks_what_is_his_own_even_after_handing_it_back(
    had: Duty, wanted: Duty, is_over: bool
) -> None:
    apart = (
        {Duty.ACCEPTANCE, Duty.TECHNICAL_REVIEW},
        {Duty.CHECK, Duty.VERIFICATION},
        {Duty.FOREIGN_CHECK, Duty.FOREIGN_VERIFICATION},
    )
    history = [assigned(had, is_over=is_over)]

    if {had, wanted} in apart:
        with pytest.raises(FourEyesRequired):
            handling.check_four_eyes(wanted, ANNA, history)
    else:
        handling.check_four_eyes(wanted, ANNA, history)
    handling.check_four_eyes(wanted, BO, history)


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_a_reason_says_something(reason: str | None) -> None:
    assert handling.check_reason("调岗") == "调岗"
    with pytest.raises(AssignmentReasonMissing):
        handling.check_reason(reason)


def test_what_was_given_back_is_not_given_back_again() -> None:
    handling.check_open(assigned(Duty.ACCEPTANCE))
    with pytest.raises(AssignmentEnded):
        handling.check_open(assigned(Duty.ACCEPTANCE, is_over=True))


# ── when a duty is due ──────────────────────────────────────────────────────────────────────


def test_every_state_says_which_duties_are_due_and_none_of_another_kind() -> None:
    for kind, due, states in (
        (CaseKind.APPLICATION, application_duties.DUE, ApplicationState),
        (CaseKind.CHANGE, change_duties.DUE, ChangeState),
        (CaseKind.INSTRUMENT, instrument_duties.DUE, InstrumentState),
        (CaseKind.FOREIGN_CERTIFICATE, foreign_duties.DUE, ForeignState),
    ):
        assert set(due) == set(states)
        for duties in due.values():
            assert duties <= handling.DUTIES[kind]


def test_what_is_over_leaves_the_file_to_one_and_the_telling_to_one() -> None:
    for due, final, issued in (
        (application_duties.DUE, APPLICATION_FINAL, ApplicationState.ISSUED),
        (change_duties.DUE, CHANGE_FINAL, ChangeState.ISSUED),
    ):
        assert due[issued] == {Duty.ISSUANCE}
        for state in final - {issued}:
            assert due[state] <= {Duty.ACCEPTANCE}
    for over in (InstrumentState.APPLIED, InstrumentState.REJECTED):
        assert instrument_duties.DUE[over] == frozenset()


def test_a_duty_ends_that_is_not_due_any_more_and_one_that_ended_does_not_end_again() -> None:
    kept, lost = assigned(Duty.ISSUANCE), assigned(Duty.ACCEPTANCE)
    given_back = assigned(Duty.DECISION, is_over=True)

    assert handling.over({Duty.ISSUANCE}, [kept, lost, given_back]) == [lost]


def test_nobody_takes_a_draft_and_nobody_issues_what_was_not_reviewed() -> None:
    assert application_duties.DUE[ApplicationState.DRAFT] == frozenset()
    assert Duty.ISSUANCE not in application_duties.DUE[ApplicationState.UNDER_REVIEW]
    assert Duty.ISSUANCE in application_duties.DUE[ApplicationState.REVIEW_PASSED]
    assert Duty.DECISION not in application_duties.DUE[ApplicationState.ACCEPTED]


def test_an_application_belongs_to_its_applicant_and_to_whoever_is_to_hold_a_right() -> None:
    application = filled(Application)
    (owner, *_), (right, *_) = application.form.owners, application.form.rights

    seen = application_duties.case_of(application)

    assert {application.applicant_party_id, owner.party_id, right.party_id} <= seen.own_parties
    assert (seen.id, seen.application_id) == (application.id, application.id)
    assert seen.due == application_duties.DUE[application.state]


def test_a_foreign_certificate_belongs_to_its_supplier_and_to_no_one_operator() -> None:
    certificate = filled(ForeignCertificate)

    seen = foreign_duties.case_of(certificate)

    assert seen.own_parties == {certificate.supplier_party_id}
    assert (seen.id, seen.operator_party_id) == (certificate.id, None)
    assert seen.due == foreign_duties.DUE[certificate.state]


def test_a_change_belongs_to_its_registrant() -> None:
    change = filled(Change)

    seen = change_duties.case_of(change)

    assert seen.own_parties == {change.registrant_party_id}
    assert (seen.id, seen.agency_party_id) == (change.id, change.agency_party_id)
    assert seen.due == change_duties.DUE[change.state]
