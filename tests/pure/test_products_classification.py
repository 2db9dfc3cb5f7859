"""How sensitive a product is (GD-02, RULES §8.1)."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from catalog.products import classification as rule
from catalog.products.model import Classification, Level, Reclassification
from tests.makers_products import make_description, make_source


def described(
    level: Level | None,
    *sources: Level | None,
    lowered_from: Level | None = None,
    core: bool = False,
):
    why = lowered_from and Reclassification("聚合后不可还原", "甲、乙", "ab" * 32, lowered_from)
    return make_description(
        classification=level and Classification("DB11/T 1918", level, "气象", why),
        sources=tuple(make_source(classification_level=source) for source in sources),
        contains_national_core_data=core,
    )


def test_every_level_has_a_strictness() -> None:
    assert set(rule.STRICTNESS) == set(Level)


@pytest.mark.parametrize("pair", list(itertools.product(Level, Level)))
def test_the_highest_is_at_least_as_strict_as_each(pair: tuple[Level, Level]) -> None:
    highest = rule.highest(pair)

    assert highest in pair
    assert rule.STRICTNESS[highest] == max(rule.STRICTNESS[level] for level in pair)


def test_sources_without_levels_give_none() -> None:
    assert rule.highest([]) is None
    assert rule.level_of_sources(described(None, None)) is None
    assert rule.level_of_sources(described(None, Level.BJ_2, None, Level.BJ_3)) is Level.BJ_3


@pytest.mark.parametrize(
    "description",
    [
        described(Level.BJ_3, Level.BJ_2, Level.BJ_3),
        described(Level.BJ_1),
        described(None, Level.BJ_4),
        described(Level.CORE, Level.CORE, core=True),
    ],
)
def test_a_level_that_fits_its_sources_is_taken(description) -> None:
    rule.check_level(description)


def test_a_product_is_not_below_its_sources_without_a_reason() -> None:
    with pytest.raises(rule.ClassificationBelowSources) as refused:
        rule.check_level(described(Level.BJ_1, Level.BJ_3))

    assert refused.value.facts == {"level": "bj_1", "of_sources": "bj_3"}


@pytest.mark.parametrize(
    "description",
    [described(Level.CORE), described(Level.BJ_1, Level.CORE, lowered_from=Level.BJ_3)],
)
def test_core_data_are_declared(description) -> None:
    with pytest.raises(rule.NationalCoreDataUndeclared):
        rule.check_level(description)


def test_without_a_level_nothing_is_listed() -> None:
    assert rule.require_classified(described(Level.BJ_1)).level is Level.BJ_1
    with pytest.raises(rule.ClassificationMissing):
        rule.require_classified(described(None))


RECORDED = described(Level.BJ_1, lowered_from=Level.BJ_3).classification


@pytest.mark.parametrize(
    "description",
    [
        described(Level.BJ_1, Level.BJ_3, lowered_from=Level.BJ_3),
        described(Level.BJ_2, Level.BJ_3, lowered_from=Level.BJ_3),
        described(Level.BJ_1, Level.BJ_2, lowered_from=Level.BJ_3),
        described(Level.BJ_3, Level.BJ_3),
    ],
)
def test_a_recorded_lower_level_counts_until_a_source_becomes_stricter(description) -> None:
    rule.check_level(description, RECORDED)


@pytest.mark.parametrize(
    ("description", "recorded", "refusal"),
    [
        (
            described(Level.BJ_1, Level.BJ_4, lowered_from=Level.BJ_3),
            RECORDED,
            rule.ClassificationBelowSources,
        ),
        (
            described(Level.BJ_1, Level.BJ_3, lowered_from=Level.BJ_3),
            described(Level.BJ_2, lowered_from=Level.BJ_3).classification,
            rule.ClassificationBelowSources,
        ),
        (described(Level.BJ_1, Level.BJ_3), RECORDED, rule.ClassificationBelowSources),
        (
            described(Level.BJ_1, Level.BJ_3, lowered_from=Level.BJ_4),
            RECORDED,
            rule.ReclassificationNotRecorded,
        ),
        (
            described(Level.BJ_1, Level.BJ_3, lowered_from=Level.BJ_3),
            None,
            rule.ReclassificationNotRecorded,
        ),
    ],
)
def test_a_lower_level_is_not_stretched_nor_made_up(description, recorded, refusal) -> None:
    with pytest.raises(refusal):
        rule.check_level(description, recorded)


def test_a_record_that_does_not_say_for_which_sources_covers_none() -> None:
    old = msgspec.structs.replace(
        RECORDED, reclassification=Reclassification("聚合", "负责人", "报告", None)
    )
    description = msgspec.structs.replace(described(Level.BJ_1, Level.BJ_3), classification=old)

    with pytest.raises(rule.ClassificationBelowSources):
        rule.check_level(description, old)


@pytest.mark.parametrize(
    ("scheme", "level"),
    [
        ("DB11/T 1918", Level.BJ_3),
        ("DB11/T 1918-2021", Level.BJ_4),
        ("ＧＢ/T 43697—2024", Level.IMPORTANT),
        (" GB/T 43697 ", Level.CORE),
    ],
)
def test_a_level_of_its_standard_is_taken_whatever_the_year(scheme: str, level: Level) -> None:
    rule.check_scheme(Classification(scheme, level, "行业数据"))


@pytest.mark.parametrize(
    ("scheme", "level", "refusal"),
    [
        ("", Level.BJ_1, rule.ClassificationSchemeMissing),
        ("  ", Level.CORE, rule.ClassificationSchemeMissing),
        ("DB11/T 1918", Level.GENERAL, rule.LevelNotOfScheme),
        ("GB/T 43697", Level.BJ_1, rule.LevelNotOfScheme),
        ("本公司内部标准", Level.BJ_1, rule.LevelNotOfScheme),
    ],
)
def test_a_level_without_its_standard_means_nothing(scheme, level, refusal) -> None:
    with pytest.raises(refusal):
        rule.check_scheme(Classification(scheme, level, "行业数据"))


def test_each_level_is_one_of_exactly_one_standard() -> None:
    named = [level for levels in rule.SCHEMES.values() for level in levels]

    assert sorted(named) == sorted(Level)
