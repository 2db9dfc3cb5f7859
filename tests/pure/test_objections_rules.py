"""Objections and notices: who may object, what runs from when, what may come of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from catalog.kernel.errors import DomainError
from catalog.kernel.ids import PartyId, new_id
from catalog.kernel.local_time import start_of_day
from catalog.kernel.periods import Deadline
from catalog.kernel.workdays import Calendar
from catalog.notices import counting, publicity
from catalog.notices.model import Notice, NoticeId
from catalog.notices.publicity import only_public
from catalog.notices.states import State as NoticeState
from catalog.objections import after_issue, deadlines, outcome, standing
from catalog.objections.model import Objection, ObjectionId, Response
from catalog.objections.outcome import Outcome, Side
from catalog.objections.standing import Ground
from catalog.objections.states import State
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.rulebooks.nda35_2026 import NDA35_2026
from catalog.rulebooks.registry import RULEBOOKS
from catalog.rulebooks.rulebook import Rulebook
from seeds.workdays import load_calendar

CALENDAR = load_calendar()
ME, YOU = PartyId(new_id()), PartyId(new_id())


def refusal(code: str) -> Any:
    """Expect a refusal with this code."""
    return pytest.raises(DomainError, check=lambda error: error.code == code)


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"objector": YOU}, "not_interested_party"),
        ({"interest_statement": " "}, "objection_interest_missing"),
        ({"grounds": []}, "objection_ground_missing"),
        ({"evidence": []}, "objection_evidence_missing"),
    ],
)
def test_an_objection_needs_interest_ground_and_evidence(
    changes: dict[str, Any], code: str
) -> None:
    whole: dict[str, Any] = {
        "objector": ME,
        "registrant": YOU,
        "interest_statement": "采集方",
        "grounds": [Ground.OWNERSHIP],
        "evidence": ["file"],
    }

    standing.check(**whole)
    with refusal(code):
        standing.check(**(whole | changes))


@pytest.mark.parametrize(("statement", "evidence"), [(" ", ["f"]), ("说明", [])])
def test_a_response_needs_statement_and_evidence(statement: str, evidence: list[str]) -> None:
    standing.check_response("说明", ["f"])
    with refusal("objection_response_empty"):
        standing.check_response(statement, evidence)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-03-02", "2026-03-05"),
        ("2026-03-04", "2026-03-09"),
        ("2026-03-05", "2026-03-09"),
        ("2026-05-06", "2026-05-09"),
        ("2026-09-30", "2026-10-08"),
    ],
)
def test_an_objection_is_forwarded_within_three_days(received: str, due: str) -> None:
    assert deadlines.forward_by(day(received), HAINAN_2023, CALENDAR) == Deadline(
        day(due), provisional=False
    )


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-02-10", "2026-02-24"),
        ("2026-02-21", "2026-02-28"),
        ("2025-09-25", "2025-10-09"),
    ],
)
def test_a_registrant_answers_within_seven_days_of_receipt(received: str, due: str) -> None:
    found = deadlines.answer_by(day(received), HAINAN_2023, CALENDAR)

    assert found.last_day == day(due)
    assert not deadlines.is_late(found.ends_at - dt.timedelta(seconds=1), found)
    assert deadlines.is_late(found.ends_at, found)


def test_a_receipt_can_not_lie_in_the_future() -> None:
    now = start_of_day(day("2026-03-04"))

    assert deadlines.received_on(now - dt.timedelta(days=1), now) == day("2026-03-03")
    assert deadlines.received_on(now + dt.timedelta(days=9), now) == day("2026-03-04")


@pytest.mark.parametrize(("decided", "is_certified"), [(o, c) for o in Outcome for c in (0, 1)])
def test_an_outcome_fits_a_certificate_or_a_notice(decided: Outcome, *, is_certified: bool) -> None:
    after = (Outcome.KEEP, Outcome.REVOKE, Outcome.REISSUE)
    before = (Outcome.DISMISS, Outcome.UPHOLD, Outcome.RETURN_TO_DRAFT)
    fitting = outcome.fitting(HAINAN_2023, is_certified=bool(is_certified))

    if decided in (after if is_certified else before):
        named = ["material:source_proof"] if decided is Outcome.RETURN_TO_DRAFT else []
        outcome.check(decided, "依据双方证据", fitting=fitting, must_change=named)
        return
    with refusal("objection_outcome_not_for_target"):
        outcome.check(decided, "依据双方证据", fitting=fitting)


def test_under_35_a_certificate_is_kept_changed_or_deregistered_and_never_revoked() -> None:
    asked = outcome.fitting(NDA35_2026, is_certified=True)
    admitted = outcome.fitting(NDA35_2026, is_certified=True, is_admitted=True)

    assert asked == {Outcome.KEEP, Outcome.DEREGISTER, Outcome.REISSUE}
    assert admitted == {Outcome.DEREGISTER, Outcome.REISSUE}


@pytest.mark.parametrize("code", sorted(RULEBOOKS))
def test_every_rulebook_s_outcomes_are_known(code: str) -> None:
    assert Outcome.KEEP in outcome.fitting(RULEBOOKS[code], is_certified=True)


@pytest.mark.parametrize(
    ("rulebook", "is_certified", "missing", "code"),
    [
        (HAINAN_2023, True, ["权属证明"], "objection_completion_not_provided"),
        (NDA35_2026, False, ["权属证明"], "objection_completion_not_provided"),
        (NDA35_2026, True, [" "], "objection_missing_material_unnamed"),
        (NDA35_2026, True, [], "objection_missing_material_unnamed"),
    ],
)
def test_only_an_objection_to_a_certificate_under_35_is_completed_by_name(
    rulebook: Rulebook, missing: list[str], code: str, *, is_certified: bool
) -> None:
    after_issue.check_completed(NDA35_2026, is_certified=True, missing=["权属证明"])
    with refusal(code):
        after_issue.check_completed(rulebook, is_certified=is_certified, missing=missing)


@pytest.mark.parametrize(
    ("rulebook", "is_certified", "statement", "code"),
    [
        (HAINAN_2023, True, "认可", "objection_admission_not_provided"),
        (NDA35_2026, False, "认可", "objection_admission_not_provided"),
        (NDA35_2026, True, " ", "objection_admission_empty"),
    ],
)
def test_only_an_objection_to_a_certificate_under_35_is_admitted_in_words(
    rulebook: Rulebook, statement: str, code: str, *, is_certified: bool
) -> None:
    after_issue.check_admitted(NDA35_2026, is_certified=True, statement="认可")
    with refusal(code):
        after_issue.check_admitted(rulebook, is_certified=is_certified, statement=statement)


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-09-24", "2026-10-09"),  # mid-autumn and the national days lie between
        ("2026-09-19", "2026-09-24"),  # Sunday the 20th is worked
        ("2026-07-31", "2026-08-07"),
    ],
)
def test_under_35_the_registrant_of_a_certificate_is_told_in_five_working_days(
    received: str, due: str
) -> None:
    found = deadlines.forward_by(day(received), NDA35_2026, CALENDAR)

    assert found.last_day == day(due)
    assert not deadlines.is_late(found.ends_at - dt.timedelta(seconds=1), found)
    assert deadlines.is_late(found.ends_at, found)


@pytest.mark.parametrize(
    ("decided", "named"), [(Outcome.RETURN_TO_DRAFT, []), (Outcome.UPHOLD, ["form:owners"])]
)
def test_only_what_returns_to_draft_names_what_must_change_and_it_does(
    decided: Outcome, named: list[str]
) -> None:
    with refusal("objection_changes_unfit"):
        outcome.check(decided, "依据双方证据", fitting=[decided], must_change=named)


def test_a_determination_has_reasons() -> None:
    with refusal("objection_reason_missing"):
        outcome.check(Outcome.KEEP, " ", fitting=[Outcome.KEEP])


def test_only_what_ends_or_corrects_a_certificate_needs_one_that_counts() -> None:
    needing = {decided for decided in Outcome if outcome.needs_certificate(decided)}

    assert needing == {Outcome.REVOKE, Outcome.REISSUE, Outcome.DEREGISTER}


def test_an_outcome_is_carried_out_only_when_both_accepted() -> None:
    one = outcome.answer({}, Side.OBJECTOR, accepts=True)
    both = outcome.answer(one, Side.REGISTRANT, accepts=True)
    split = outcome.answer(one, Side.REGISTRANT, accepts=False)

    outcome.check_carried_out(both)
    assert outcome.both_accepted(both)
    assert not outcome.both_accepted(one)
    for answers in ({}, one, split):
        with refusal("acceptance_of_both_required"):
            outcome.check_carried_out(answers)
    with refusal("objection_answer_given_already"):
        outcome.answer(one, Side.OBJECTOR, accepts=False)


# ── the public notice ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("starting", "last_day"),
    [
        ("2026-04-30", "2026-05-13"),
        ("2026-09-24", "2026-10-12"),
        ("2026-06-12", "2026-06-24"),
        ("2025-01-24", "2025-02-10"),
    ],
)
def test_a_notice_runs_seven_working_days(starting: str, last_day: str) -> None:
    found = counting.ends(day(starting), HAINAN_2023, CALENDAR)

    assert found == Deadline(day(last_day), provisional=False)
    assert (
        counting.remaining_working_days(start_of_day(day(starting)), found.last_day, CALENDAR) == 7
    )


def test_a_notice_into_an_unknown_year_ends_provisionally() -> None:
    assert counting.ends(day("2026-12-28"), HAINAN_2023, Calendar(CALENDAR.years)).provisional


def test_the_later_channel_sets_the_days_off() -> None:
    postings = [start_of_day(day("2026-03-04")), start_of_day(day("2026-03-02"))]

    assert counting.starts_on(postings) == day("2026-03-04")
    assert counting.missing_channels(["operator_platform"], HAINAN_2023) == ("authority_website",)
    assert counting.missing_channels(HAINAN_2023.notice_channels, HAINAN_2023) == ()


@pytest.mark.parametrize(
    ("channel", "posted", "url", "receipt", "code"),
    [
        ("billboard", [], "https://x", "ab" * 32, "notice_channel_unknown"),
        (
            "authority_website",
            ["authority_website"],
            "https://x",
            "ab" * 32,
            "notice_channel_already_posted",
        ),
        ("authority_website", [], "ftp://x", "ab" * 32, "notice_receipt_malformed"),
        ("authority_website", [], "https://x", "AB" * 32, "notice_receipt_malformed"),
    ],
)
def test_a_posting_names_a_channel_an_address_and_a_receipt(
    channel: str, posted: list[str], url: str, receipt: str, code: str
) -> None:
    counting.check_posting(
        "authority_website", [], HAINAN_2023, url="https://x", receipt_sha256="ab" * 32
    )
    with refusal(code):
        counting.check_posting(channel, posted, HAINAN_2023, url=url, receipt_sha256=receipt)


def test_only_the_whitelist_is_ever_public() -> None:
    facts: dict[str, Any] = {
        "product_name": "某产品",
        "owner_names": ["某公司"],
        "product_form": "dataset",
        "scenarios": [{"code": "a", "description": "b"}],
        "validity": {"update_cycle": "daily"},
        "application_number": "SQ-2026-000001",
        "contact_phone": "13800000000",
        "security_compliance_statement": "secret",
    }

    shown = only_public(facts)

    assert set(shown.__struct_fields__) == publicity.WHITELIST
    assert "13800000000" not in repr(shown)
    with pytest.raises(KeyError):
        only_public({"product_name": "only"})


def make_objection(**changes: Any) -> Objection:
    values: dict[str, Any] = {
        "id": ObjectionId(new_id()),
        "notice_id": new_id(),
        "certificate_number": None,
        "application_id": new_id(),
        "product_id": new_id(),
        "objector_party_id": ME,
        "registrant_party_id": YOU,
        "rulebook": HAINAN_2023.code,
        "ruled_on": day("2026-03-02"),
        "state": State.UNDER_DETERMINATION,
        "interest_statement": "采集方",
        "statement": "",
        "grounds": (Ground.OWNERSHIP,),
        "evidence": (),
        "filed_by": None,
        "received_at": start_of_day(day("2026-03-02")),
        "forward_due_on": day("2026-03-05"),
    }
    return Objection(**(values | changes))


def test_only_a_silent_registrants_answer_is_late() -> None:
    answer = Response(
        statement="说明",
        evidence=(),
        responded_by=None,
        responded_at=start_of_day(day("2026-03-20")),
        is_late=True,
    )

    assert not make_objection().awaits_late_answer
    assert make_objection(no_response=True).awaits_late_answer
    assert not make_objection(no_response=True, response=answer).awaits_late_answer


@pytest.mark.parametrize("ends_on", [None, day("2026-03-11")])
def test_a_notice_has_no_end_before_it_stands_everywhere(ends_on: dt.date | None) -> None:
    notice = Notice(
        id=NoticeId(new_id()),
        application_id=new_id(),
        product_id=new_id(),
        registrant_party_id=YOU,
        rulebook=HAINAN_2023.code,
        public_fields=only_public(
            {
                "product_name": "某产品",
                "owner_names": [],
                "product_form": "dataset",
                "scenarios": [],
                "validity": {},
                "application_number": "SQ-2026-000001",
            }
        ),
        state=NoticeState.POSTING,
        postings=(),
        starts_on=None,
        ends_on=ends_on,
        provisional=False,
        result=None,
        remark="",
        created_at=start_of_day(day("2026-03-02")),
    )

    assert notice.ends == (None if ends_on is None else Deadline(ends_on, provisional=False))


def test_who_goes_to_court_names_the_case_and_proves_it() -> None:
    standing.check_proceedings("示例市中级人民法院", "（2026）示01民初1号", ["受理通知书"])
    with refusal("objection_case_number_missing"):
        standing.check_proceedings(" ", "（2026）示01民初1号", ["受理通知书"])
    with refusal("objection_case_number_missing"):
        standing.check_proceedings("示例市中级人民法院", "", ["受理通知书"])
    with refusal("objection_evidence_missing"):
        standing.check_proceedings("示例市中级人民法院", "（2026）示01民初1号", [])


def test_a_forwarded_objection_waits_for_its_receipt_until_the_days_run() -> None:
    waiting = make_objection(state=State.AWAITING_RESPONSE, response_started_on=None)

    assert waiting.awaits_receipt
    assert not make_objection(
        state=State.AWAITING_RESPONSE, response_started_on=day("2026-03-02")
    ).awaits_receipt
    assert not make_objection(state=State.RECEIVED, response_started_on=None).awaits_receipt
