"""A report is a function of the log and the journal, and of nothing else (HN-21, BJ-26)."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import hypothesis
import msgspec
import pytest
from hypothesis import strategies as st

from catalog.audit_log.model import Digest
from catalog.kernel.workdays import Calendar
from market.supervision.differing import first_difference
from market.supervision.facts import Fact, JournalFact, calendar_of, values_of
from market.supervision.history import History, counted
from market.supervision.model import Report, Section, Table
from market.supervision.quarters import Quarter
from market.supervision.report import SECTIONS, compute, document, read_document
from tests.makers_supervision import Q1, Log, at, make_header, make_quarter, sha


@pytest.fixture
def report(calendar: Calendar) -> Report:
    log = make_quarter()
    return compute(make_header(), log.facts, log.journal, calendar)


def figures(report: Report, number: int) -> dict[str, Any]:
    section = report.sections[number - 1]
    return {figure.code: figure.value for figure in section.figures}


def table(report: Report, number: int, code: str) -> dict[Any, Any]:
    found = next(table for table in report.sections[number - 1].tables if table.code == code)
    return {row[0]: row[1] if len(row) == 2 else row[1:] for row in found.rows}


def test_a_report_has_the_sixteen_sections_of_the_rules_each_with_its_rule(report: Report) -> None:
    assert [section.number for section in report.sections] == list(range(1, SECTIONS + 1))
    assert all(section.rules for section in report.sections)
    assert len({section.code for section in report.sections}) == SECTIONS


def test_an_empty_quarter_is_reported_with_zeros(calendar: Calendar) -> None:
    report = compute(make_header(), [], [], calendar)

    assert report.is_tied
    assert figures(report, 2)["received"] == 0
    assert figures(report, 3)["median_working_days"] is None
    assert figures(report, 3)["on_time_bps"] is None
    assert figures(report, 13) == dict.fromkeys(figures(report, 13), 0)
    assert len(table(report, 2, "by_form")) == 8
    assert set(table(report, 2, "by_form").values()) == {0}


def test_applications_are_counted_by_form_applicant_and_origin(report: Report) -> None:
    assert figures(report, 2)["received"] == 2
    assert figures(report, 2)["first_registration"] == 1
    assert figures(report, 2)["registered_elsewhere"] == 1
    assert table(report, 2, "by_form")["dataset"] == 1
    assert table(report, 2, "by_form")["exotic"] == 1
    assert table(report, 2, "by_applicant_kind")["legal_person"] == 1
    assert table(report, 2, "by_applicant_kind")["natural_person"] == 1
    assert table(report, 2, "by_origin_path") == {
        "supermarket_resource": 1,
        "own_resource": 0,
        "unknown": 1,
    }


def test_an_application_that_does_not_say_whether_it_is_the_first_is_neither(
    calendar: Calendar,
) -> None:
    log = Log()
    log.add("application:drafted", at(1, 4), ("application", "a"))
    log.add("application:submitted", at(1, 5), ("application", "a"))

    found = figures(compute(make_header(), log.facts, [], calendar), 2)

    assert (found["received"], found["first_registration"]) == (1, 0)
    assert found["registered_elsewhere"] == 0


def test_acceptance_is_measured_in_working_days_from_the_last_submission(report: Report) -> None:
    found = figures(report, 3)

    # 2026-01-05 → 01-07: 2; 01-08 → 01-14: 4, one too many; 02-02 → 02-03: 1
    assert (found["accepted"], found["correction_required"], found["out_of_scope"]) == (1, 1, 1)
    assert found["median_working_days"] == 2
    assert found["maximum_working_days"] == 4
    assert (found["on_time"], found["on_time_bps"]) == (2, 6666)
    assert (found["acceptance_overdue"], found["acceptance_notice_overdue"]) == (1, 0)


def test_reviews_are_counted_by_conclusion_and_agency(report: Report) -> None:
    assert table(report, 4, "technical") == {"pass": 1, "fail": 0}
    assert table(report, 4, "by_agency") == {"agency1": (1, 0)}
    assert figures(report, 4)["on_time_bps"] == 10_000


def test_refusals_are_counted_by_ground(report: Report) -> None:
    grounds = table(report, 5, "by_ground")

    assert grounds["other_statutory"] == 1
    assert grounds["national_core_data"] == 1
    assert figures(report, 5)["refused"] == 2


def test_a_refusal_without_a_ground_is_not_hidden(calendar: Calendar) -> None:
    log = Log()
    log.add("registration:refused", at(2, 1), ("application", "a"), grounds=[])

    report = compute(make_header(), log.facts, [], calendar)

    assert table(report, 5, "by_ground")["unknown"] == 1


def test_objections_are_on_time_by_the_rulebook(report: Report) -> None:
    found = figures(report, 8)

    assert (found["forwarded"], found["forwarded_on_time"]) == (1, 1)  # 1 of 3 days
    assert (found["answered"], found["answered_on_time"]) == (1, 0)  # 01-24 → 02-04: beyond 7
    assert table(report, 8, "by_outcome")["dismiss"] == 1
    assert figures(report, 6)["objections"] == 1


def test_certificates_are_listed_by_number(report: Report) -> None:
    assert figures(report, 7)["issued"] == 1
    assert figures(report, 7)["frozen"] == 1
    rows = report.sections[6].tables[1].rows
    assert [(row[0], row[1], row[3]) for row in rows] == [
        ("HN-1", "issued", sha("certificate")),
        ("HN-1", "frozen", None),
    ]


def test_what_became_of_certificates_is_counted_by_what_the_log_calls_it(
    calendar: Calendar,
) -> None:
    log = Log()
    log.add("certificate:issued", at(1, 5), ("certificate", "HN-1"))
    for number, kind in (("HN-2", "change"), ("HN-3", "correction"), ("HN-4", "transfer")):
        log.add("certificate:issued", at(1, 6), ("certificate", number), registration_type=kind)
    log.add("certificate:superseded", at(1, 6), ("certificate", "HN-1"), ("change", "c"))
    log.add("certificate:transferred", at(1, 7), ("certificate", "HN-3"), ground="instrument")
    log.add("certificate:superseded", at(1, 8), ("certificate", "HN-4"), ("objection", "o"))
    log.add("certificate:deregistered", at(1, 9), ("certificate", "HN-2"), ground="voluntary")
    log.add("instrument:lodged", at(1, 7), ("instrument", "i"))
    log.add("instrument:applied", at(1, 7), ("instrument", "i"))

    report = compute(make_header(), log.facts, [], calendar)

    assert figures(report, 7) == {
        "issued": 4,
        "changed": 1,
        "corrected": 1,
        "transferred": 1,
        "deregistered": 1,
        "revoked": 0,
        "reissued": 1,
        "frozen": 0,
        "unfrozen": 0,
    }
    assert table(report, 7, "deregistered_by_cause")["voluntary"] == 1
    assert figures(report, 8)["instruments_applied"] == 1


def test_the_market_is_counted_free_and_charged(report: Report) -> None:
    found = figures(report, 11)

    assert (found["orders_placed"], found["orders_free"], found["orders_charged"]) == (2, 1, 1)
    assert (found["turnover_fen"], found["refunded_fen"]) == (10_001, 0)
    assert (found["uses_metered"], found["rows_metered"], found["bytes_metered"]) == (1, 5, 70)
    assert table(report, 11, "by_scenario") == {
        "credit": ("unknown", 0, 1, 10_001),
        "unknown": ("public_welfare", 1, 0, 0),
    }


def test_use_is_counted_by_level_and_mode(report: Report) -> None:
    assert table(report, 12, "by_level")["bj_2"] == (1, 1)
    assert table(report, 12, "by_mode")["api_call"] == (0, 1)
    assert table(report, 12, "by_mode")["unknown"] == (1, 0)
    assert table(report, 12, "denied_by_reason") == {"expired": 1, "purpose_mismatch": 1}
    assert figures(report, 12)["purpose_mismatches"] == 1


def test_a_delivery_mode_under_its_long_name_is_a_mode(calendar: Calendar) -> None:
    log = Log()
    log.add("data:accessed", at(2, 1), delivery_mode="sandbox")

    report = compute(make_header(), log.facts, [], calendar)

    assert table(report, 12, "by_mode")["sandbox"] == (1, 0)


def test_a_denial_without_a_reason_is_counted_as_unknown(calendar: Calendar) -> None:
    log = Log()
    log.add("data:denied", at(2, 1))

    report = compute(make_header(), log.facts, [], calendar)

    assert table(report, 12, "denied_by_reason") == {"unknown": 1}


def test_refusals_of_one_minute_count_as_often_as_their_entry_says(calendar: Calendar) -> None:
    log = Log()
    for event in ("sign_in:failed", "access:denied", "material:denied"):
        log.add(event, at(3, 2))  # an old entry stands for one
        log.add(event, at(3, 2), times=1)
        log.add(event, at(3, 2), times=40)

    found = figures(compute(make_header(), log.facts, log.journal, calendar), 9)

    assert [found[k] for k in ("sign_in_failed", "access_denied", "materials_denied")] == [42] * 3


NEW_KINDS = ("object:denied", "credential:refused", "sign_in:held_off")


def test_kinds_of_entries_that_no_section_counts_change_no_section(calendar: Calendar) -> None:
    before, after = make_quarter(), make_quarter()
    for event in NEW_KINDS:
        after.add(event, at(3, 2), times=7)

    one, other = [compute(make_header(), x.facts, x.journal, calendar) for x in (before, after)]

    # The last is the annex, which lists every entry of the quarter.
    assert one.sections[:-1] == other.sections[:-1]


def test_agencies_and_personal_information_are_counted(report: Report) -> None:
    assert figures(report, 10)["suspended"] == 1
    assert table(report, 10, "by_misconduct")["other_violation"] == 1
    assert table(report, 10, "by_evaluation")["合同0"] == ("agency1", 88, 7, 1, 2)
    assert [figures(report, 10)[code] for code in ("announced", "awarded", "failed")] == [1, 1, 1]
    assert (figures(report, 10)["evaluated"], figures(report, 10)["filed"]) == (2, 1)
    assert figures(report, 14)["products"] == 1
    assert figures(report, 14)["products_sensitive"] == 0


def test_industries_are_found_over_the_case(report: Report) -> None:
    assert table(report, 15, "by_industry") == {
        "A": ("01", 1, 1, 2, 10_001),
        "unknown": ("unknown", 1, 0, 0, 0),
    }


def test_the_annex_lists_every_entry_of_the_quarter_and_no_other(report: Report) -> None:
    log = make_quarter()
    inside = [fact for fact in log.facts if Q1.holds(fact.at)]

    rows = report.sections[15].tables[0].rows

    assert [row[0] for row in rows] == [fact.index for fact in inside]
    assert {row[3] for row in rows} == {fact.leaf_hash for fact in inside}


def test_what_stands_beyond_the_checkpoint_or_after_the_quarter_changes_nothing(
    calendar: Calendar,
) -> None:
    log = make_quarter()
    before = document(compute(make_header(), log.facts, log.journal, calendar))
    later = Log(start=2_000)
    later.add("order:placed", at(3, 30), ("order", "late"), amount_fen=1)
    after = Log(start=500)
    after.add("order:placed", at(4, 1, 0), ("order", "next"), amount_fen=1)
    other = JournalFact(key="z", kind="pay_in", amount_fen=9, sha256=sha("z"), booked_at=Q1.ends_at)

    again = document(
        compute(
            make_header(),
            [*log.facts, *later.facts, *after.facts],
            [*log.journal, other],
            calendar,
        )
    )

    assert again == before


@hypothesis.given(seed=st.integers(0, 2**32))
def test_entries_may_come_in_any_order(seed: int) -> None:
    from seeds.workdays import load_calendar

    log = make_quarter()
    facts, journal = list(log.facts), list(log.journal)
    random.Random(seed).shuffle(facts)
    random.Random(seed + 1).shuffle(journal)
    calendar = load_calendar()

    shuffled = document(compute(make_header(), facts, journal, calendar))

    assert shuffled == document(compute(make_header(), log.facts, log.journal, calendar))


movements = st.lists(
    st.tuples(
        st.sampled_from(["pay_in", "release", "refund", "refund_settled"]),
        st.integers(1, 10**12),
        st.integers(0, 89),
    ),
    max_size=30,
)


@hypothesis.given(moved=movements)
def test_money_is_the_sum_of_its_entries_and_tied_to_the_journal(
    moved: list[tuple[str, int, int]],
) -> None:
    log = Log()
    for kind, amount, day in moved:
        log.book(kind, amount, at(1, 1) + dt.timedelta(days=day))

    report = compute(make_header(), log.facts, log.journal, Calendar())

    money = table(report, 11, "money")
    for kind in ("pay_in", "release", "refund", "refund_settled"):
        total = sum(amount for each, amount, _ in moved if each == kind)
        assert money[kind][1] == money[kind][3] == total
        assert money[kind][4] == 0
    assert figures(report, 11)["turnover_fen"] == money["pay_in"][3]
    assert report.is_tied


@pytest.mark.parametrize("fault", ["amount", "missing", "digest", "kind"])
def test_money_that_log_and_journal_tell_differently_is_not_tied(
    fault: str, calendar: Calendar
) -> None:
    log = make_quarter()
    first, *rest = log.journal
    changed = {
        "amount": [msgspec.structs.replace(first, amount_fen=1), *rest],
        "missing": rest,
        "digest": [msgspec.structs.replace(first, sha256=sha("another")), *rest],
        "kind": [msgspec.structs.replace(first, kind="payout"), *rest],
    }[fault]

    report = compute(make_header(), log.facts, changed, calendar)

    assert not report.is_tied


def test_a_posting_without_a_kind_is_counted_as_unknown(calendar: Calendar) -> None:
    log = Log()
    log.add("journal:posted", at(2, 1), ("journal", "j"), amount_fen=5)

    report = compute(make_header(), log.facts, [], calendar)

    assert table(report, 11, "money")["unknown"] == (1, 5, 0, 0, -5)
    assert not report.is_tied


def test_money_of_an_entry_that_the_log_does_not_tell_has_no_industry(calendar: Calendar) -> None:
    log = make_quarter()

    report = compute(make_header(), [], log.journal, calendar)

    assert table(report, 15, "by_industry") == {}
    assert not report.is_tied


def test_the_document_is_read_back_as_it_was_written(report: Report) -> None:
    told = read_document(document(report))

    assert told.header == report.header
    assert told.sections == report.sections


def test_the_document_changes_with_any_figure(calendar: Calendar) -> None:
    log = make_quarter()
    base = document(compute(make_header(), log.facts, log.journal, calendar))

    for dropped in (fact for fact in log.facts if Q1.holds(fact.at)):
        rest = [fact for fact in log.facts if fact is not dropped]
        assert document(compute(make_header(), rest, log.journal, calendar)) != base


# ── the parts ──


def test_values_are_read_from_facts_and_records() -> None:
    payload = {
        "after": {
            "state": "described",
            "description": {"form": "dataset", "classification": {"level": "bj_1"}},
        },
        "facts": {"state": "said", "form": {"is_first_registration": True}},
        "reason": "because",
    }

    values = values_of(payload)

    assert values["state"] == "said"
    assert values["is_first_registration"] is True
    assert values["level"] == "bj_1"
    assert values["reason"] == "because"
    assert values_of(None) == {}
    assert values_of({"facts": [1], "after": None, "reason": None}) == {}


def test_a_fact_gives_what_it_has_and_nothing_else() -> None:
    fact = make_quarter().add(
        "x:y",
        at(1, 1),
        ("order", "o"),
        a="",
        b=3,
        c=True,
        d=["g", {"code": "h"}, 7],
        product_id="q",
    )

    assert fact.subject("order") == "o"
    assert fact.subject("product") == "q"
    assert fact.subject("grant") is None
    assert (fact.text("a"), fact.text("b"), fact.count("c", "b"), fact.count("zz")) == (
        None,
        None,
        3,
        0,
    )
    assert fact.texts("d") == ["g", "h"]
    assert fact.texts("a") == []


def test_the_calendar_is_the_one_that_the_log_tells() -> None:
    log = Log()
    first = {
        "year": 2026,
        "notice_number": "国办发明电〔2025〕7号",
        "issued_on": "2025-11-04",
        "holidays": ["2026-01-01"],
        "workdays": ["2026-01-04"],
    }
    log.add("calendar_year:loaded", at(1, 1), ("calendar_year", "2026"), **first)
    log.add("calendar_year:loaded", at(1, 2), ("calendar_year", "2026"))  # erased
    log.add("order:placed", at(1, 3))
    log.add("calendar_year:loaded", at(1, 4), **first | {"holidays": ["2026-01-02"]})

    calendar = calendar_of(log.facts[::-1])

    assert not calendar.is_working_day(dt.date(2026, 1, 2))
    assert calendar.is_working_day(dt.date(2026, 1, 1))
    assert calendar.is_working_day(dt.date(2026, 1, 4))


def test_a_span_without_a_beginning_is_not_counted(calendar: Calendar) -> None:
    log = Log()
    log.add("application:accepted", at(2, 2), ("application", "a"))
    log.add("application:accepted", at(2, 3))

    report = compute(make_header(), log.facts, [], calendar)

    assert figures(report, 3)["accepted"] == 2
    assert figures(report, 3)["median_working_days"] is None


def test_an_agency_is_named_by_the_opinion_or_by_who_acted(calendar: Calendar) -> None:
    log = Log()
    log.add("compliance_opinion:recorded", at(2, 2), agency_party_id="z", overall="fail")
    log.add("compliance_opinion:recorded", at(2, 2))

    report = compute(make_header(), log.facts, [], calendar)

    assert table(report, 4, "by_agency") == {"unknown": (1, 0), "z": (0, 1)}


def test_an_objection_to_a_certificate_is_not_one_during_notice(calendar: Calendar) -> None:
    log = Log()
    log.add("objection:filed", at(2, 2), ("objection", "o"), target_kind="certificate")
    log.add("objection:filed", at(2, 2), ("objection", "q"), ("certificate", "HN-1"))
    log.add("objection:filed", at(2, 2), ("objection", "p"), ("application", "a"))

    report = compute(make_header(), log.facts, [], calendar)

    assert figures(report, 6)["objections"] == 1
    assert figures(report, 8)["received"] == 3


def test_products_are_counted_as_last_described(calendar: Calendar) -> None:
    log = Log()
    log.add("product:described", at(1, 2), ("product", "x"), contains_personal_info=True)
    log.add("product:revised", at(1, 3), ("product", "x"), contains_personal_info=False)
    log.add("product:revised", at(1, 3), contains_personal_info=True)

    report = compute(make_header(), log.facts, [], calendar)

    assert figures(report, 14)["products"] == 0


def test_known_names_come_first_and_others_in_their_order() -> None:
    facts = [Fact(index=i, at=at(1, 1), event=e, leaf_hash="") for i, e in enumerate("zbaaz")]

    assert counted(facts, lambda fact: fact.event, ("b", "c")) == (
        ("b", 1),
        ("c", 0),
        ("a", 2),
        ("z", 2),
    )


def test_a_party_kind_is_found_by_any_of_its_names(calendar: Calendar) -> None:
    from catalog.rulebooks.hainan_2023 import HAINAN_2023

    log = Log()
    log.add("party:registered", at(1, 1), ("party", "p"), kind="legal_person")
    named = log.add("application:submitted", at(1, 2), applicant_party_id="p")
    about = log.add("application:submitted", at(1, 2), ("party", "p"))
    unknown = log.add("application:submitted", at(1, 2))

    history = History(log.facts, Quarter(2026, 1), HAINAN_2023, calendar)

    assert [history.party_kind_of(each) for each in (named, about, unknown)] == [
        "legal_person",
        "legal_person",
        None,
    ]


@pytest.mark.parametrize(
    ("stored", "computed", "expected"),
    [
        (b'{"a":1}', b'{"a":1}', None),
        (b'{"a":1}', b'{"a":2}', "/a"),
        (b'{"a":1}', b'{"b":1}', "/a"),
        (b'{"a":[1,2]}', b'{"a":[1,3]}', "/a/1"),
        (b'{"a":[1,2]}', b'{"a":[1]}', "/a/1"),
        (b'{"a":1}', b'{"a": 1}', ""),
        (b'{"a":1,"b":[0]}', b'{"a":1,"b":{"c":2}}', "/b"),
        (b'{"x/y":{"z":true}}', b'{"x/y":{"z":1}}', "/x~1y/z"),
        (b"nonsense", b"{}", ""),
    ],
)
def test_the_first_difference_is_named_by_its_pointer(
    stored: bytes, computed: bytes, expected: str | None
) -> None:
    assert first_difference(stored, computed) == expected


def test_sections_say_their_columns(report: Report) -> None:
    for section in report.sections:
        assert isinstance(section, Section)
        for each in section.tables:
            assert isinstance(each, Table)
            assert all(len(row) == len(each.columns) for row in each.rows), each.code


def test_a_digest_of_something_else_does_not_tie_money(calendar: Calendar) -> None:
    log = make_quarter()
    posted = next(fact for fact in log.facts if fact.event == "journal:posted")
    strange = msgspec.structs.replace(posted, digests=(Digest("contract", "c", sha("c")),))
    facts = [strange if fact is posted else fact for fact in log.facts]

    assert not compute(make_header(), facts, log.journal, calendar).is_tied


def reviewed_in_fourteen_working_days(log: Log, name: str, rulebook: str) -> None:
    about = ("application", name)
    log.add("application:drafted", at(1, 4), about, rulebook=rulebook)
    log.add("application:submitted", at(1, 5), about)
    log.add("application:accepted", at(1, 6), about)
    log.add("review:passed", at(1, 26), about)
    log.add("certificate:issued", at(1, 26), about)  # 35号 counts up to it


def test_each_case_is_measured_by_its_own_rulebook_and_shown_apart(calendar: Calendar) -> None:
    log = Log()
    for rulebook in ("hn-2023-interim", "nda-35-2026", "ndrc-26-2025"):
        reviewed_in_fourteen_working_days(log, rulebook, rulebook)

    report = compute(make_header(), log.facts, [], calendar)

    # 30, 10 and 20 working days: only the case under 35号 is late.
    assert figures(report, 4)["on_time"] == 2
    assert table(report, 4, "by_rulebook") == {
        "hn-2023-interim": (1, 14, 14, 1, 10_000),
        "ndrc-26-2025": (1, 14, 14, 1, 10_000),
        "nda-35-2026": (1, 14, 14, 0, 0),
    }
    assert table(report, 3, "by_rulebook")["nda-35-2026"] == (1, 1, 1, 1, 10_000)
    assert set(table(report, 2, "by_rulebook").values()) == {1}


def test_the_silence_that_accepts_begins_the_review(calendar: Calendar) -> None:
    log = Log()
    about = ("application", "a")
    log.add("application:drafted", at(1, 4), about, rulebook="nda-35-2026")
    log.add("application:submitted", at(1, 5), about)
    log.add("application:accepted_by_silence", at(1, 9), about)
    log.add("certificate:issued", at(1, 23), about)

    report = compute(make_header(), log.facts, [], calendar)

    assert table(report, 4, "by_rulebook")["nda-35-2026"] == (1, 10, 10, 1, 10_000)


@pytest.mark.parametrize(("effective_from", "on_time"), [("2026-01-05", 1), ("2026-01-06", 0)])
def test_what_was_set_counts_in_the_report_for_cases_filed_from_its_day_on(
    calendar: Calendar, effective_from: str, on_time: int
) -> None:
    log = Log()
    for day, length in ((effective_from, 20), ("2026-01-02", 5)):
        log.add(
            "rulebook:set",
            at(1, 1),
            ("rulebook", "nda-35-2026"),
            name="objection_response",
            value={"length": length, "unit": "days"},
            effective_from=day,
        )
    case, about = ("application", "a"), ("objection", "o")
    log.add("application:drafted", at(1, 4), case, rulebook="nda-35-2026")
    log.add("application:submitted", at(1, 5), case)
    log.add("objection:filed", at(1, 8), about, case)
    log.add("objection:forwarded", at(1, 9), about, case)
    log.add("objection:answered", at(1, 20), about, case)

    found = figures(compute(make_header(), log.facts, [], calendar), 8)

    assert (found["answered"], found["answered_on_time"]) == (1, on_time)


def test_a_case_whose_rulebook_is_not_named_or_not_known_stands_under_the_province_s(
    calendar: Calendar,
) -> None:
    log = Log()
    reviewed_in_fourteen_working_days(log, "a", "nda-1999")
    log.add("application:submitted", at(1, 5), ("application", "b"))
    log.add("rulebook:set", at(1, 6), effective_from="2026-01-08")

    found = table(compute(make_header(), log.facts, [], calendar), 2, "by_rulebook")

    assert found == {"hn-2023-interim": 2, "ndrc-26-2025": 0, "nda-35-2026": 0}
