"""The quarterly report counts as the rulebook of each case counts: stops, extensions, re-checks, layouts."""

from __future__ import annotations

import datetime as dt
from typing import Any

import msgspec
import pytest

from catalog.kernel.workdays import Calendar, Gap
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.rulebooks.nda35_2026 import NDA35_2026
from market.supervision.model import FIRST_LAYOUT, LAYOUT
from market.supervision.report import (
    ReportLayoutOther,
    check_layout,
    compute,
    document,
    read_document,
)
from market.supervision.stopped import NONE, stops_of_review
from tests.makers_supervision import Log, at, make_header
from tests.pure.test_report import figures, table

NDA = "nda-35-2026"
NDRC = "ndrc-26-2025"
CASE = ("application", "a")
OBJECTION = ("objection", "o")


@pytest.fixture
def log() -> Log:
    """A case under 35号 that was accepted on Wednesday the 7th of January."""
    made = Log()
    made.add("application:drafted", at(1, 4), CASE, rulebook=NDA)
    made.add("application:submitted", at(1, 5), CASE)
    made.add("application:accepted", at(1, 7), CASE)
    return made


def by_rulebook(log: Log, calendar: Calendar, section: int, code: str = NDA) -> Any:
    return table(compute(make_header(), log.facts, [], calendar), section, "by_rulebook")[code]


def test_the_notice_is_no_part_of_the_ten_days_and_the_certificate_ends_them(
    log: Log, calendar: Calendar
) -> None:
    log.add("review:passed", at(1, 12), CASE)
    log.add("notice:published", at(1, 13), CASE, starts_on="2026-01-13")
    log.add("notice:ended", at(1, 21), CASE, ends_on="2026-01-20")
    log.add("certificate:issued", at(1, 27), CASE, ("certificate", "n"))

    # 8, 9, 12, 13 January, then 21 to 23, 26 and 27: nine; the 14th to the 20th do not count.
    assert by_rulebook(log, calendar, 4) == (1, 9, 9, 1, 10_000)


@pytest.mark.parametrize(("issued", "on_time"), [(at(1, 28), 1), (at(1, 29), 0)])
def test_a_day_more_than_ten_is_late_all_the_same(
    log: Log, calendar: Calendar, issued: dt.datetime, on_time: int
) -> None:
    log.add("review:passed", at(1, 12), CASE)
    log.add("notice:published", at(1, 13), CASE, starts_on="2026-01-13")
    log.add("notice:ended", at(1, 21), CASE, ends_on="2026-01-20")
    log.add("certificate:issued", issued, CASE, ("certificate", "n"))

    assert by_rulebook(log, calendar, 4)[3] == on_time


def test_an_extension_and_material_that_was_asked_for_make_it_longer(
    log: Log, calendar: Calendar
) -> None:
    log.add("more_material:requested", at(1, 8), CASE)
    log.add("more_material:supplemented", at(1, 15), CASE)
    log.add("review:extended", at(1, 20), CASE, by_working_days=10)
    log.add("registration:refused", at(2, 11), CASE, grounds=[])

    # 8 January; 16, 19 to 23, 26 to 30; 2 to 6 and 9 to 11 February: twenty, and twenty are allowed.
    assert by_rulebook(log, calendar, 4) == (1, 20, 20, 1, 10_000)


def test_days_inside_two_causes_are_left_out_once_and_hainan_stops_for_none() -> None:
    log = Log()
    log.add("notice:published", at(1, 13), CASE, starts_on="2026-01-13")
    log.add("objection:filed", at(1, 15), OBJECTION, CASE)
    log.add("objection:filed", at(1, 16), ("objection", "p"), CASE)
    log.add("objection:filed", at(1, 16), ("objection", "q"), CASE, ("certificate", "n"))
    log.add("objection:forwarded", at(1, 19), OBJECTION, CASE)
    log.add("notice:ended", at(1, 21), CASE, ends_on="2026-01-20")
    log.add("objection:withdrawn", at(1, 22), OBJECTION, CASE)
    log.add("objection:determined", at(1, 26), ("objection", "p"), CASE, closing="rechecked")
    log.add("objection:filed", at(1, 28), OBJECTION, CASE)
    ended = dt.date(2026, 1, 30)

    found = stops_of_review(log.facts, NDA35_2026, ended)

    assert set(found.gaps) == {
        Gap(dt.date(2026, 1, 13), dt.date(2026, 1, 20)),
        Gap(dt.date(2026, 1, 15), dt.date(2026, 1, 26)),
        Gap(dt.date(2026, 1, 28), ended),
    }
    assert stops_of_review(log.facts, HAINAN_2023, ended) == NONE


def test_a_stop_that_has_no_end_yet_lasts_until_the_end_of_the_review() -> None:
    log = Log()
    log.add("more_material:requested", at(1, 13), CASE)
    log.add("more_material:requested", at(1, 14), CASE)
    log.add("more_material:supplemented", at(3, 1), CASE)

    found = stops_of_review(log.facts, NDA35_2026, dt.date(2026, 1, 20))

    assert found.gaps == (Gap(dt.date(2026, 1, 13), dt.date(2026, 1, 20)),)


def test_silence_begins_the_review_on_the_day_it_names_however_late_the_job_came(
    calendar: Calendar,
) -> None:
    log = Log()
    log.add("application:drafted", at(1, 4), CASE, rulebook=NDA)
    log.add("application:submitted", at(1, 5), CASE)
    log.add("application:accepted_by_silence", at(1, 20), CASE, accepted_on="2026-01-09")
    log.add("registration:refused", at(1, 23), CASE, grounds=[])

    report = compute(make_header(), log.facts, [], calendar)

    assert table(report, 4, "by_rulebook")[NDA] == (1, 10, 10, 1, 10_000)
    assert figures(report, 3)["accepted_by_silence"] == 1


@pytest.mark.parametrize(("concluded", "on_time"), [(at(1, 22), 1), (at(1, 23), 0)])
def test_an_objection_in_the_notice_is_measured_by_the_ten_days_of_its_re_check(
    log: Log, calendar: Calendar, concluded: dt.datetime, on_time: int
) -> None:
    log.add("objection:filed", at(1, 8), OBJECTION, CASE)
    log.add("objection:forwarded", at(1, 20), OBJECTION, CASE)  # late by any days of forwarding
    log.add("objection:determined", concluded, OBJECTION, CASE, closing="rechecked")

    found = figures(compute(make_header(), log.facts, [], calendar), 8)

    assert (found["forwarded"], found["rechecked"]) == (0, 1)
    assert (found["rechecked_measured"], found["rechecked_on_time"]) == (1, on_time)
    assert found["closed"] == 1


def test_where_the_text_gives_the_re_check_no_days_nothing_is_measured(
    calendar: Calendar,
) -> None:
    log = Log()
    log.add("application:drafted", at(1, 4), CASE, rulebook=NDRC)
    log.add("application:submitted", at(1, 5), CASE)
    log.add("objection:filed", at(1, 8), OBJECTION, CASE)
    log.add("objection:determined", at(3, 8), OBJECTION, CASE, closing="rechecked")

    found = figures(compute(make_header(), log.facts, [], calendar), 8)

    assert (found["rechecked"], found["rechecked_measured"], found["rechecked_on_time"]) == (
        1,
        0,
        0,
    )


def test_an_objection_to_a_certificate_is_told_in_time_from_the_day_it_was_complete(
    log: Log, calendar: Calendar
) -> None:
    about = (OBJECTION, CASE, ("certificate", "n"))
    log.add("objection:filed", at(1, 8), *about)
    log.add("objection:completed", at(1, 20), *about)
    log.add("objection:forwarded", at(1, 27), *about)
    log.add("objection:admitted", at(1, 28), *about)

    found = figures(compute(make_header(), log.facts, [], calendar), 8)

    assert (found["forwarded"], found["forwarded_on_time"], found["admitted"]) == (1, 1, 1)


def test_refusals_notices_certificates_and_objections_are_shown_by_rulebook(
    log: Log, calendar: Calendar
) -> None:
    log.add("registration:refused", at(1, 20), CASE, grounds=[])
    log.add("notice:published", at(1, 20), CASE)
    log.add("certificate:issued", at(1, 21), CASE, ("certificate", "n"))
    log.add("objection:filed", at(1, 22), OBJECTION, CASE)

    report = compute(make_header(), log.facts, [], calendar)

    for section in (5, 6, 7, 8):
        split = table(report, section, "by_rulebook")
        assert split == {"hn-2023-interim": 0, NDRC: 0, NDA: 1}, section


def test_a_report_is_computed_again_by_the_layout_that_it_names_and_by_no_other(
    log: Log, calendar: Calendar
) -> None:
    newest = make_header(layout=LAYOUT)
    record = document(compute(newest, log.facts, [], calendar))
    told = msgspec.json.decode(record)
    del told["header"]["layout"]
    unnamed = read_document(msgspec.json.encode(told)).header

    check_layout(read_document(record).header)
    assert unnamed.layout == FIRST_LAYOUT
    with pytest.raises(ReportLayoutOther) as refused:
        check_layout(unnamed)
    assert refused.value.facts == {"layout": FIRST_LAYOUT, "known": LAYOUT}
