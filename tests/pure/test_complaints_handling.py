"""What a complaint may be about, who handles it, and what each step needs (RULES §6.3)."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec
import pytest

from catalog.kernel.errors import DomainError
from catalog.kernel.ids import AccountId, PartyId
from market.complaints import filing, handling, redaction
from market.complaints.model import (
    About,
    Appeal,
    Award,
    Basis,
    Complaint,
    ComplaintId,
    Ending,
    House,
    Kind,
    Measure,
    MeasureKind,
    Outcome,
    Position,
    Referral,
)
from market.complaints.states import State

NOW = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)
ID = uuid.UUID(int=7)
COMPLAINANT, AGAINST, OPERATOR = (PartyId(uuid.UUID(int=n)) for n in (1, 2, 3))
HANDLER = AccountId(uuid.UUID(int=9))
TRADE = {About.PRODUCT, About.ORDER}
WIDE = TRADE | {About.PARTY, About.OPERATOR}
# Written a second time on purpose: of what each of the nine kinds may speak.
ABOUT = {
    Kind.PRODUCT_QUALITY: TRADE,
    Kind.PERSONAL_INFORMATION: WIDE,
    Kind.MISUSE_OR_LEAK: WIDE,
    Kind.PRICE: TRADE,
    Kind.OPERATOR_CONDUCT: {About.OPERATOR},
    Kind.AGENCY_CONDUCT: {About.AGENCY},
    Kind.DISCRIMINATION: WIDE,
    Kind.OWNERSHIP: {About.PRODUCT},
    Kind.DATA_CONTENT_ERROR: TRADE,
}


def make(**changes: Any) -> Complaint:
    made = Complaint(
        id=ComplaintId(ID),
        number="TS-2026-000001",
        kind=Kind.PRODUCT_QUALITY,
        state=State.INVESTIGATING,
        house=House.OPERATOR,
        about=About.PRODUCT,
        about_id=ID,
        product_id=ID,
        complainant_party_id=COMPLAINANT,
        against_party_id=AGAINST,
        facts="缺少三月数据",
        contact="13800138000",
        files=(),
        received_at=NOW,
        accepted_at=NOW,
        handler_account_id=HANDLER,
    )
    return msgspec.structs.replace(made, **changes)


def refused(act: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(DomainError) as caught:
        act(*args, **kwargs)
    return caught.value.code


ENDS = NOW + dt.timedelta(days=7)


def position(*, by_complainant: bool) -> Position:
    return Position(by_complainant=by_complainant, text="已补发", stated_at=NOW)


def test_a_decision_waits_for_who_is_complained_of_or_for_its_last_second() -> None:
    waiting = make(hearing_ends_at=ENDS)
    just_before = ENDS - dt.timedelta(seconds=1)
    theirs = make(hearing_ends_at=ENDS, positions=(position(by_complainant=True),))

    assert refused(handling.check_heard, waiting, just_before) == "complaint_not_heard"
    assert refused(handling.check_heard, theirs, just_before) == "complaint_not_heard"
    handling.check_heard(waiting, ENDS)
    handling.check_heard(make(), NOW)  # taken before there were hearings
    both = (position(by_complainant=True), position(by_complainant=False))
    handling.check_heard(make(hearing_ends_at=ENDS, positions=both), NOW)


@pytest.mark.parametrize("state", State)
def test_each_side_states_its_position_once_and_before_the_decision(state: State) -> None:
    open_now = make(state=state, hearing_ends_at=ENDS, positions=(position(by_complainant=True),))

    if state in (State.RECEIVED, State.ACCEPTED, State.INVESTIGATING):
        handling.check_position(open_now, by_complainant=False, now=NOW)
        again = refused(handling.check_position, open_now, by_complainant=True, now=NOW)
        assert again == "complaint_position_stated"
    else:
        over = refused(handling.check_position, open_now, by_complainant=False, now=NOW)
        assert over == "complaint_hearing_over"
    for closed, now in ((open_now, ENDS), (make(state=state), NOW)):
        over = refused(handling.check_position, closed, by_complainant=False, now=now)
        assert over == "complaint_hearing_over"


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("about", About)
def test_each_kind_of_complaint_is_about_what_it_can_be_about_and_names_it(
    kind: Kind, about: About
) -> None:
    named, unnamed = ID, None
    right, wrong = (unnamed, named) if about is About.OPERATOR else (named, unnamed)

    if about in ABOUT[kind]:
        filing.check_target(kind, about, right)
    else:
        assert refused(filing.check_target, kind, about, right) == "complaint_target_unclear"
    assert refused(filing.check_target, kind, about, wrong) == "complaint_target_unclear"


def test_nobody_complains_of_itself_and_who_is_unknown_may() -> None:
    filing.check_not_oneself(COMPLAINANT, AGAINST)
    filing.check_not_oneself(None, AGAINST)

    assert refused(filing.check_not_oneself, AGAINST, AGAINST) == "complaint_about_oneself"


@pytest.mark.parametrize(("is_named", "maximum"), [(True, 20), (False, 200)])
def test_so_many_complaints_a_day_are_taken_and_no_more(*, is_named: bool, maximum: int) -> None:
    filing.check_room(maximum - 1, is_named=is_named)

    assert refused(filing.check_room, maximum, is_named=is_named) == "complaint_box_full"


@pytest.mark.parametrize(
    ("complainant", "against", "house"),
    [
        (COMPLAINANT, OPERATOR, House.AUTHORITY),
        (None, OPERATOR, House.AUTHORITY),
        (OPERATOR, AGAINST, House.AUTHORITY),
        (COMPLAINANT, AGAINST, House.OPERATOR),
        (None, AGAINST, House.OPERATOR),
    ],
)
def test_what_the_operator_is_a_party_of_is_for_the_authority(
    complainant: PartyId | None, against: PartyId, house: House
) -> None:
    found = filing.house_of(complainant=complainant, against=against, operator=OPERATOR)

    assert found is house


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda: handling.check_reason(" \n"), "complaint_reason_missing"),
        (lambda: handling.check_neutral(make(), AGAINST), "complaint_handler_is_party"),
        (lambda: handling.check_neutral(make(), COMPLAINANT), "complaint_handler_is_party"),
        (lambda: handling.check_house(make(), is_authority=True), "complaint_of_other_house"),
        (
            lambda: handling.check_house(make(house=House.AUTHORITY), is_authority=False),
            "complaint_of_other_house",
        ),
        (
            lambda: handling.check_handler(make(), AccountId(uuid.UUID(int=8))),
            "complaint_held_by_another",
        ),
        (lambda: handling.check_reviewer(make(), HANDLER), "complaint_reviewer_is_handler"),
        (
            lambda: handling.check_place(Kind.OWNERSHIP, redirects=False),
            "complaint_belongs_elsewhere",
        ),
        (
            lambda: handling.check_place(Kind.DATA_CONTENT_ERROR, redirects=False),
            "complaint_belongs_elsewhere",
        ),
        (lambda: handling.check_place(Kind.PRICE, redirects=True), "complaint_belongs_elsewhere"),
        (
            lambda: handling.check_ruling(is_disputed=True, has_ruling=False),
            "complaint_ruling_unclear",
        ),
        (
            lambda: handling.check_ruling(is_disputed=False, has_ruling=True),
            "complaint_ruling_unclear",
        ),
    ],
)
def test_what_may_not_be_is_refused_by_name(act: Any, code: str) -> None:
    assert refused(act) == code


def test_who_is_neither_of_the_two_handles_what_is_for_its_house() -> None:
    handling.check_reason("查实")
    handling.check_neutral(make(), OPERATOR)
    handling.check_house(make(), is_authority=False)
    handling.check_house(make(house=House.AUTHORITY), is_authority=True)
    handling.check_handler(make(), HANDLER)
    handling.check_handler(make(handler_account_id=None), HANDLER)
    handling.check_reviewer(make(), AccountId(uuid.UUID(int=8)))
    handling.check_place(Kind.PRICE, redirects=False)
    handling.check_place(Kind.OWNERSHIP, redirects=True)
    handling.check_ruling(is_disputed=True, has_ruling=True)


def test_one_goes_to_the_authority_once_and_in_time() -> None:
    decided = make(state=State.RESOLVED, appeal_ends_at=NOW)
    appealed = msgspec.structs.replace(
        decided, appeal=Appeal(by_complainant=True, reason="不服", appealed_at=NOW)
    )

    handling.check_appeal(decided, NOW - dt.timedelta(seconds=1))
    assert refused(handling.check_appeal, decided, NOW) == "complaint_appeal_over"
    assert refused(handling.check_appeal, appealed, NOW) == "complaint_appealed_before"


def test_an_award_is_named_in_one_of_two_ways() -> None:
    day = dt.date(2026, 5, 1)
    of_money: dict[str, Any] = {
        "issuing_body": "海南仲裁委",
        "document_number": "（2026）1号",
        "effective_on": day,
    }

    handling.check_award(Award(instrument_id=ID))
    handling.check_award(Award(**of_money))
    for wrong in (
        Award(),
        Award(instrument_id=ID, issuing_body="海南仲裁委"),
        Award(**(of_money | {"document_number": " "})),
        Award(**(of_money | {"effective_on": None})),
    ):
        assert refused(handling.check_award, wrong) == "complaint_award_unclear"


def test_one_thing_is_frozen_once_and_lifted_once() -> None:
    kind = MeasureKind.FREEZE_LISTING
    standing = Measure(kind=kind, target_id=ID, risk="仍在泄露", taken_by=None, taken_at=NOW)
    frozen = make(measures=(standing,))
    lifted = make(measures=(msgspec.structs.replace(standing, lifted_at=NOW),))

    handling.check_not_frozen(lifted, kind, ID)
    handling.check_not_frozen(frozen, MeasureKind.FREEZE_KEYS, ID)
    assert handling.find_standing(frozen, kind, ID) is standing
    assert refused(handling.check_not_frozen, frozen, kind, ID) == "complaint_measure_stands"
    for none in (make(), lifted):
        assert refused(handling.find_standing, none, kind, ID) == "complaint_measure_unknown"
    other = uuid.UUID(int=8)
    assert refused(handling.find_standing, frozen, kind, other) == "complaint_measure_unknown"
    assert refused(handling.check_closable, frozen, NOW) == "complaint_measure_stands"


def test_a_complaint_is_closed_when_nothing_is_open_any_more() -> None:
    decided = make(state=State.RESOLVED, appeal_ends_at=NOW)
    reviewed = make(
        state=State.RESOLVED,
        appeal_ends_at=NOW + dt.timedelta(days=9),
        appeal=Appeal(by_complainant=False, reason="不服", appealed_at=NOW, reviewed_at=NOW),
    )
    referral = Referral(
        by_complainant=True,
        institution="海南仲裁委",
        case_number="1",
        basis=Basis.AGREEMENT,
        referred_at=NOW,
    )
    awarded = msgspec.structs.replace(referral, award=Award(instrument_id=ID))

    for closable in (
        make(state=State.RECEIVED),
        decided,
        reviewed,
        make(state=State.ARBITRATION, referral=awarded),
    ):
        handling.check_closable(closable, NOW)
    early = NOW - dt.timedelta(seconds=1)
    assert refused(handling.check_closable, decided, early) == "complaint_appeal_running"
    under = make(state=State.UNDER_REVIEW_BY_REGULATOR)
    assert refused(handling.check_closable, under, NOW) == "complaint_appeal_running"
    waiting = make(state=State.ARBITRATION, referral=referral)
    assert refused(handling.check_closable, waiting, NOW) == "complaint_award_missing"


@pytest.mark.parametrize(
    ("complaint", "ending"),
    [
        (make(outcome=Outcome.PARTLY_UPHELD), Ending.PARTLY_UPHELD),
        (make(state=State.REDIRECTED), Ending.REDIRECTED),
        (make(state=State.DECLINED), Ending.DECLINED),
        (make(state=State.ACCEPTED), Ending.UNRESOLVED),
    ],
)
def test_a_complaint_is_counted_by_how_it_ended(complaint: Complaint, ending: Ending) -> None:
    assert handling.ending(complaint) is ending


def test_every_outcome_is_an_ending() -> None:
    assert {each.value for each in Outcome} < {each.value for each in Ending}


def test_who_is_complained_of_never_reads_who_complained() -> None:
    shown = msgspec.json.encode(redaction.for_who_is_complained_of(make())).decode()

    assert str(COMPLAINANT) not in shown
    assert "13800138000" not in shown
    assert "缺少三月数据" in shown
    assert redaction.is_told(make())
    assert not redaction.is_told(make(accepted_at=None))


def test_who_complained_is_told_whether_it_was_reviewed() -> None:
    appeal = Appeal(by_complainant=True, reason="不服", appealed_at=NOW)
    reviewed = msgspec.structs.replace(appeal, reviewed_at=NOW)

    assert not redaction.for_who_complained(make()).is_reviewed
    assert not redaction.for_who_complained(make(appeal=appeal)).is_reviewed
    assert redaction.for_who_complained(make(appeal=reviewed)).is_reviewed
