"""Rulebooks: Hainan's numbers, each with its source, and finding one by code."""

from __future__ import annotations

import datetime as dt
import re

import msgspec
import pytest

from catalog.kernel.periods import Period, Unit
from catalog.rulebooks.hainan_2023 import HAINAN_2023
from catalog.rulebooks.registry import RULEBOOKS, RulebookUnknown, by_code

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
