"""Rulebooks: Hainan's numbers, each with its source, and finding one by code."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.errors import DomainError
from catalog.kernel.periods import Period, Unit
from catalog.rulebooks import national_code, offering, renewing, settings, silence
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.rulebooks.interpretations import INTERPRETATIONS
from catalog.rulebooks.nda35_2026 import NDA35_2026
from catalog.rulebooks.ndrc26_2025 import NDRC26_2025
from catalog.rulebooks.registry import RULEBOOKS, RulebookUnknown, by_code
from catalog.rulebooks.rulebook import Rulebook, StopClock
from catalog.rulebooks.steps import Step
from seeds.workdays import load_calendar

CALENDAR = load_calendar()

FROM_THE_TEXT = {
    "acceptance": (3, Unit.WORKING_DAYS, "HN-10"),
    "acceptance_notice": (1, Unit.WORKING_DAYS, "HN-10"),
    "review": (30, Unit.WORKING_DAYS, "HN-12"),
    "public_notice": (7, Unit.WORKING_DAYS, "HN-16"),
    "objection_forwarding": (3, Unit.DAYS, "HN-20"),
    "objection_response": (7, Unit.DAYS, "HN-20"),
    "agency_cycle": (2, Unit.YEARS, "HN-23"),
    "agency_contract": (2, Unit.YEARS, "HN-24"),
}


def periods() -> dict[str, Period]:
    values = msgspec.structs.asdict(HAINAN_2023)
    return {name: value for name, value in values.items() if isinstance(value, Period)}


@pytest.mark.parametrize("name", FROM_THE_TEXT)
def test_a_number_of_the_text_stands_with_its_article(name: str) -> None:
    period = periods()[name]

    assert (period.length, period.unit, period.source) == FROM_THE_TEXT[name]


def test_every_other_number_says_that_we_chose_it() -> None:
    others = {name: p for name, p in periods().items() if name not in FROM_THE_TEXT}

    assert others
    assert {p.source for p in others.values()} == {"[P]"}
    assert not any(re.fullmatch(r"HN-\d\d", p.source) for p in others.values())


def test_hainan_sets_no_time_for_corrections_and_none_for_issuing() -> None:
    assert HAINAN_2023.correction_window is None
    assert HAINAN_2023.issuing is None


def test_hainan_s_ownership_is_possession_use_benefit_and_disposal() -> None:
    assert HAINAN_2023.rights_vocabulary == ("possess", "use", "benefit", "dispose")


def test_only_products_from_the_supermarket_s_resources_need_a_certificate_to_be_listed() -> None:
    assert "supermarket_resource" in HAINAN_2023.listing_requires_certificate
    assert "own_resource" not in HAINAN_2023.listing_requires_certificate


def test_two_agencies_and_two_channels_are_needed() -> None:
    assert HAINAN_2023.minimum_agencies == 2
    assert len(HAINAN_2023.notice_channels) == 2
    assert HAINAN_2023.effective_from < dt.date(2024, 1, 1)


def test_a_case_finds_its_rulebook_by_code() -> None:
    assert by_code("hn-2023-interim") is HAINAN_2023
    assert all(by_code(code).code == code for code in RULEBOOKS)


def test_an_unknown_code_is_refused_by_name() -> None:
    with pytest.raises(RulebookUnknown) as refusal:
        by_code("hn-1999")

    assert refusal.value.facts == {"rulebook": "hn-1999"}


# ── the national rulebooks ──────────────────────────────────────────────────────────────────

NDRC = {
    "acceptance": (3, Unit.WORKING_DAYS, "NDRC26-10"),
    "review": (20, Unit.WORKING_DAYS, "NDRC26-11"),
    "public_notice": (10, Unit.WORKING_DAYS, "NDRC26-12"),
    "cancellation": (10, Unit.WORKING_DAYS, "NDRC26-09"),
    "validity": (3, Unit.YEARS, "NDRC26-15"),
}
NDA = {
    "acceptance": (3, Unit.WORKING_DAYS, "NDA35-17"),
    "review": (10, Unit.WORKING_DAYS, "NDA35-28"),
    "review_extension": (10, Unit.WORKING_DAYS, "NDA35-28"),
    "public_notice": (5, Unit.WORKING_DAYS, "NDA35-24"),
    "objection_recheck": (10, Unit.WORKING_DAYS, "NDA35-25"),
    "objection_forwarding": (5, Unit.WORKING_DAYS, "NDA35-29"),
    "validity": (5, Unit.YEARS, "NDA35-26"),
    "retention": (20, Unit.YEARS, "NDA35-10"),
}


@pytest.mark.parametrize(
    ("rulebook", "name", "expected"),
    [(NDRC26_2025, *each) for each in NDRC.items()] + [(NDA35_2026, *each) for each in NDA.items()],
)
def test_a_national_number_stands_with_its_article(
    rulebook: Rulebook, name: str, expected: tuple[int, Unit, str]
) -> None:
    period = getattr(rulebook, name)

    assert (period.length, period.unit, period.source) == expected


def test_the_three_rights_stand_side_by_side_and_all_stop_clocks_count() -> None:
    assert NDA35_2026.rights_vocabulary == ("hold", "use", "operate")
    assert NDA35_2026.rights_are_independent
    assert NDA35_2026.stop_clocks == tuple(StopClock)
    assert HAINAN_2023.stop_clocks == ()


def test_what_could_not_be_read_is_said() -> None:
    assert NDRC26_2025.not_read
    assert NDA35_2026.not_read
    assert HAINAN_2023.not_read == ()


@pytest.mark.parametrize(
    ("submitted_on", "accepted_on", "provisional"),
    [
        ("2026-07-06", "2026-07-10", False),  # three days to Thursday, accepted on Friday
        ("2026-09-28", "2026-10-09", False),  # 29, 30 September, 8 October; then the 9th
        ("2026-12-28", "2027-01-01", True),  # by the weekday rule
    ],
)
def test_silence_is_acceptance_on_the_next_working_day_nationally_and_never_in_hainan(
    submitted_on: str, accepted_on: str, provisional: bool
) -> None:
    start = dt.date.fromisoformat(submitted_on)

    found = silence.accepted_on(start, NDA35_2026, CALENDAR)

    assert found == (dt.date.fromisoformat(accepted_on), provisional)
    assert silence.accepted_on(start, HAINAN_2023, CALENDAR) is None
    assert silence.accepted_on(start, NDRC26_2025, CALENDAR) is None


def test_validity_is_a_term_and_that_of_the_operation_if_it_is_shorter() -> None:
    day = dt.date(2026, 7, 31)

    assert renewing.valid_through(day, NDRC26_2025) == dt.date(2029, 7, 31)
    assert renewing.valid_through(day, NDRC26_2025, dt.date(2027, 1, 1)) == dt.date(2027, 1, 1)
    assert renewing.valid_through(day, NDA35_2026) == dt.date(2031, 7, 31)
    assert renewing.valid_through(day, HAINAN_2023) is None
    leap = dt.date(2028, 2, 29)  # no year later has it until 2032: never a day more than the term
    assert renewing.valid_through(leap, NDA35_2026) == dt.date(2033, 2, 28)
    assert renewing.valid_through(leap, NDRC26_2025, dt.date(2031, 3, 1)) == dt.date(2031, 2, 28)


@pytest.mark.parametrize(
    ("rulebook", "valid_until", "opens_on", "closes_on"),
    [
        (NDRC26_2025, "2029-07-31", "2029-06-01", "2029-07-31"),
        (NDA35_2026, "2031-08-31", "2031-02-28", "2031-08-30"),  # six months before: no 31st
        (NDA35_2026, "2031-05-31", "2030-11-30", "2031-05-30"),  # and across the year
    ],
)
def test_renewal_is_open_from_one_day_to_another(
    rulebook: Rulebook, valid_until: str, opens_on: str, closes_on: str
) -> None:
    until, first, last = (dt.date.fromisoformat(d) for d in (valid_until, opens_on, closes_on))
    a_day = dt.timedelta(days=1)

    found = renewing.window(until, rulebook)

    assert found == renewing.RenewalWindow(first, last)
    for day in (first, last):
        assert renewing.renewed_through(until, rulebook, day) > until
    for day in (first - a_day, last + a_day):
        with pytest.raises(renewing.RenewalNotOpen):
            renewing.renewed_through(until, rulebook, day)
    assert not renewing.has_lapsed(until, until)
    assert renewing.has_lapsed(until, until + a_day)


def test_a_renewal_adds_a_term_to_the_old_one() -> None:
    until = dt.date(2028, 2, 29)

    assert renewing.renewed_through(until, NDRC26_2025, until) == dt.date(2031, 2, 28)


def test_hainan_renews_nothing() -> None:
    assert renewing.window(dt.date(2029, 1, 1), HAINAN_2023) is None
    with pytest.raises(renewing.RenewalNotOpen):
        renewing.renewed_through(dt.date(2029, 1, 1), HAINAN_2023, dt.date(2028, 12, 1))


def test_a_national_code_reads_back_as_it_is_written() -> None:
    code = national_code.parse("SJ4602026110001")

    assert (code.region, code.registrar, code.year, code.month, code.serial) == (
        "46", "0", 2026, 11, 1,
    )  # fmt: skip
    assert str(code) == "SJ4602026110001"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SJ460202611001",
        "SJ4602026130001",
        "SJ4602026110000",
        "sj4602026110001",
        "SJ46020261100011",
    ],
)
def test_what_is_no_national_code_is_refused(text: str) -> None:
    with pytest.raises(national_code.NationalCodeMalformed):
        national_code.parse(text)


def test_a_code_names_region_registrar_and_the_month_of_its_deposit() -> None:
    series = national_code.series(NDA35_2026, "0", dt.date(2026, 11, 30))

    assert series == "SJ460202611"
    assert national_code.make(series, 1) == "SJ4602026110001"
    assert national_code.make(series, 9_999) == "SJ4602026119999"
    assert national_code.is_well_formed("SJ4602026110001")
    assert not national_code.is_well_formed("SJ4602026110000")


def test_a_registrar_s_reserve_digit_is_used_after_its_own() -> None:
    reserved = msgspec.structs.replace(NDA35_2026, code_reserve="7")

    assert national_code.digits(NDA35_2026) == ("0",)
    assert national_code.digits(reserved) == ("0", "7")


@pytest.mark.parametrize(
    ("on", "possible_from"), [("2026-11-30", "2026-12-01"), ("2026-12-01", "2027-01-01")]
)
def test_a_month_whose_codes_are_used_up_says_from_when_there_are_new_ones(
    on: str, possible_from: str
) -> None:
    refusal = national_code.exhausted(dt.date.fromisoformat(on))

    assert refusal.facts == {"possible_from": possible_from}


# ── what is offered, and when silence accepts ───────────────────────────────────────────────


@pytest.mark.parametrize(
    ("rulebook", "today", "refusal"),
    [
        (HAINAN_2023, "2026-03-02", None),
        (HAINAN_2023, "2023-12-14", offering.RulebookNotInForce),
        (NDA35_2026, "2026-07-01", offering.RulebookNotOffered),
        (NDA35_2026, "2026-06-30", offering.RulebookNotInForce),
        (NDRC26_2025, "2030-02-28", offering.RulebookNotOffered),
        (NDRC26_2025, "2030-03-01", offering.RulebookNotInForce),
    ],
)
def test_a_rulebook_is_offered_only_where_it_is_opened_and_while_it_is_in_force(
    rulebook: Rulebook, today: str, refusal: type[DomainError] | None
) -> None:
    day = dt.date.fromisoformat(today)

    if refusal is None:
        offering.check(rulebook, day)
        return
    with pytest.raises(refusal):
        offering.check(rulebook, day)
    if refusal is offering.RulebookNotOffered:
        offering.check(msgspec.structs.replace(rulebook, is_offered=True), day)


@given(st.dates(dt.date(2024, 1, 1), dt.date(2027, 12, 31)), st.integers(0, 400))
def test_nothing_is_ever_accepted_by_silence_under_hainan_or_26(
    submitted_on: dt.date, waited: int
) -> None:
    today = submitted_on + dt.timedelta(days=waited)

    for rulebook in (HAINAN_2023, NDRC26_2025):
        assert silence.counts_as_accepted(submitted_on, today, rulebook, CALENDAR) is None
        silence.check_open(submitted_on, today, rulebook, CALENDAR)


def test_silence_accepts_exactly_on_the_next_working_day_and_not_the_evening_before() -> None:
    submitted = dt.date(2026, 9, 28)

    def counts(day: int) -> dt.date | None:
        return silence.counts_as_accepted(submitted, dt.date(2026, 10, day), NDA35_2026, CALENDAR)

    assert (counts(8), counts(9), counts(20)) == (None, dt.date(2026, 10, 9), dt.date(2026, 10, 9))
    silence.check_open(submitted, dt.date(2026, 10, 8), NDA35_2026, CALENDAR)
    with pytest.raises(silence.AcceptedBySilence):
        silence.check_open(submitted, dt.date(2026, 10, 9), NDA35_2026, CALENDAR)


def test_a_provisional_day_accepts_nothing() -> None:
    submitted = dt.date(2026, 12, 28)

    late = silence.counts_as_accepted(submitted, dt.date(2027, 1, 15), NDA35_2026, CALENDAR)

    assert late is None


def test_a_text_is_set_within_its_pattern() -> None:
    assert settings.check(NDA35_2026, "code_registrar", "7") == "7"
    assert settings.check(NDA35_2026, "is_offered", True) is True
    for value in ("77", 7, None):
        with pytest.raises(settings.SettingValueInvalid):
            settings.check(NDA35_2026, "code_registrar", value)
    opened = settings.overlay(NDA35_2026, [make_setting("code_reserve", "9")])
    assert opened.code_reserve == "9"


# ── what may be set ─────────────────────────────────────────────────────────────────────────


def make_setting(name: str, value: Any) -> settings.Setting:
    return settings.Setting(
        rulebook=HAINAN_2023.code,
        name=name,
        value=value,
        effective_from=dt.date(2026, 3, 3),
        reason="试行",
        set_by="监管",
        set_at=dt.datetime(2026, 3, 2, tzinfo=dt.UTC),
    )


def test_only_what_no_text_decides_may_be_set() -> None:
    names = {each.name for each in settings.open_values(HAINAN_2023, HAINAN_2023)}

    assert names.isdisjoint(FROM_THE_TEXT)
    assert {"objection_determination", "correction_window", "reviews_run_in_parallel"} <= names


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("objection_determination", {"length": 20, "unit": "working_days"}),
        ("correction_window", {"length": 30, "unit": "days"}),
        ("correction_window", None),
        ("reviews_run_in_parallel", True),
    ],
)
def test_a_value_that_was_set_is_in_force(name: str, value: Any) -> None:
    kept = settings.check(HAINAN_2023, name, value)

    found = getattr(settings.overlay(HAINAN_2023, [make_setting(name, kept)]), name)

    if isinstance(found, Period):
        assert {"length": found.length, "unit": found.unit.value} == value
        assert found.source == "[P]"
    else:
        assert found == value


def test_the_later_setting_takes_the_place_of_the_earlier() -> None:
    found = settings.overlay(
        HAINAN_2023,
        [make_setting("reviews_run_in_parallel", value) for value in (True, False, True)],
    )

    assert found.reviews_run_in_parallel
    assert settings.overlay(HAINAN_2023, []) is HAINAN_2023


@pytest.mark.parametrize(
    ("name", "value", "refusal"),
    [
        ("review", {"length": 60, "unit": "working_days"}, settings.SettingUnknown),
        ("no_such_value", True, settings.SettingUnknown),
        ("reviews_run_in_parallel", "yes", settings.SettingValueInvalid),
        ("objection_determination", None, settings.SettingValueInvalid),
        ("objection_determination", {"length": 0, "unit": "days"}, settings.SettingValueInvalid),
        ("objection_determination", {"length": 367, "unit": "days"}, settings.SettingValueInvalid),
        ("objection_determination", {"length": 5, "unit": "weeks"}, settings.SettingValueInvalid),
        ("retention", {"length": 19, "unit": "years"}, settings.SettingValueInvalid),
        ("quarterly_report", {"length": 61, "unit": "working_days"}, settings.SettingValueInvalid),
        ("notice_interruption", {"length": 2, "unit": "days"}, settings.SettingValueInvalid),
        ("pricing_inquiry_reply", {"length": 2, "unit": "days"}, settings.SettingUnknown),
    ],
)
def test_what_can_not_be_set_is_refused(name: str, value: Any, refusal: type[DomainError]) -> None:
    with pytest.raises(refusal):
        settings.check(HAINAN_2023, name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("review_pauses_for_material", False),  # article 28 decides
        ("reviews_run_in_parallel", True),  # there is one review
        ("correction_window", None),  # article 17 gives a period
        ("correction_window", {"length": 4, "unit": "days"}),
        ("objection_forwarding", {"length": 3, "unit": "days"}),  # article 29
        ("quarterly_report", {"length": 5, "unit": "working_days"}),  # the province's own
    ],
)
def test_what_the_national_text_decides_can_not_be_set_there(name: str, value: Any) -> None:
    with pytest.raises((settings.SettingUnknown, settings.SettingValueInvalid)):
        settings.check(NDA35_2026, name, value)

    # Not even if such a setting came into the table: the text goes before.
    found = settings.overlay(NDA35_2026, [make_setting(name, value)])
    assert getattr(found, name) == getattr(NDA35_2026, name)


@pytest.mark.parametrize("rulebook", RULEBOOKS.values(), ids=RULEBOOKS)
def test_every_default_lies_within_the_bounds_in_which_it_may_be_set(rulebook: Rulebook) -> None:
    for name in rulebook.open:
        value = getattr(rulebook, name)
        given = (
            {"length": value.length, "unit": value.unit.value}
            if isinstance(value, Period)
            else value
        )
        assert settings.check(rulebook, name, given) == given, name


def test_a_setting_begins_tomorrow_at_the_earliest() -> None:
    settings.check_day(dt.date(2026, 3, 3), dt.date(2026, 3, 2))
    with pytest.raises(settings.SettingRetroactive):
        settings.check_day(dt.date(2026, 3, 2), dt.date(2026, 3, 2))


def test_every_open_question_is_read_and_what_decides_it_may_be_set() -> None:
    assert [each.id for each in INTERPRETATIONS] == [f"A{n}" for n in range(1, 50)]
    names = {each.name for each in settings.open_values(HAINAN_2023, HAINAN_2023)}
    for each in INTERPRETATIONS:
        assert (each.decided_by is None) == bool(each.why), each.id
        assert each.decided_by is None or each.decided_by in names, each.id


@pytest.mark.parametrize(
    ("code", "own"),
    [("hn-2023-interim", "HN-"), ("ndrc-26-2025", "NDRC26-"), ("nda-35-2026", "NDA35-")],
)
def test_each_rulebook_cites_its_own_articles_for_every_step(code: str, own: str) -> None:
    rulebook = RULEBOOKS[code]

    assert set(rulebook.articles) == set(Step)
    for step in Step:
        assert all(article.startswith(own) for article in rulebook.cites(step)), step
