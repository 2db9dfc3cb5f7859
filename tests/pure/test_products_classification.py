"""How sensitive a product is (GD-02, RULES §8.1)."""

from __future__ import annotations

import itertools

import pytest

from catalog.products import classification as rule
from catalog.products.model import Classification, Level, Reclassification
from tests.makers_products import make_description, make_source


def described(
    level: Level | None, *sources: Level | None, lowered: bool = False, core: bool = False
):
    why = Reclassification("聚合后不可还原", "数据安全负责人", "评估报告 1 号") if lowered else None
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
        described(Level.BJ_1, Level.BJ_3, lowered=True),
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
    "description", [described(Level.CORE), described(Level.BJ_1, Level.CORE, lowered=True)]
)
def test_core_data_are_declared(description) -> None:
    with pytest.raises(rule.NationalCoreDataUndeclared):
        rule.check_level(description)


def test_without_a_level_nothing_is_listed() -> None:
    assert rule.require_classified(described(Level.BJ_1)).level is Level.BJ_1
    with pytest.raises(rule.ClassificationMissing):
        rule.require_classified(described(None))
