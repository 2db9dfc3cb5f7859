"""Quality on four dimensions, in whole points, each with the rule and the reason that made it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from catalog.products.model import Item, ItemType, UpdateCycle
from catalog.profiles.model import Profile
from catalog.profiles.quality import Dimension, Facts, Judged, Score, score
from tests.makers_products import make_description
from tests.pure.test_profiling import profiled

TODAY = dt.date(2026, 3, 31)
TABLE = "城市,人数,备注\n海口,12,\n三亚,x,好\n琼海,3\n"


def scored(
    profile: Profile | None, *attached_on: dt.date, **changes: Any
) -> tuple[Score, dict[str, Judged]]:
    found = score(
        Facts(
            description=make_description(**changes),
            attached_on=attached_on,
            profile=profile,
            today=TODAY,
        )
    )
    return found, {each.rule: each for each in found.rules}


def items(**changes: Any) -> tuple[Item, ...]:
    number = {"name": "人数", "type": ItemType.INTEGER, "length": 1, "is_required": True}
    return (
        Item(name="城市", type=ItemType.TEXT, title="城市名", length=2, is_required=True),
        Item(**(number | changes)),
        Item(name="备注", type=ItemType.TEXT, is_required=True),
        Item(name="缺", type=ItemType.TEXT),
    )


def test_each_rule_judges_by_its_share() -> None:
    found, rules = scored(
        profiled(TABLE),
        dt.date(2026, 1, 1),
        dt.date(2026, 2, 1),
        dt.date(2026, 3, 28),
        items=items(),
        update_cycle=UpdateCycle.MONTHLY,
        industry_section="G",
    )

    assert {code: judged.points for code, judged in rules.items()} == {
        "Q-ACC-1": 100 * 6 // 7,  # x is no number
        "Q-ACC-2": 66,  # the last row is short
        "Q-ACC-3": 50,  # 12 has two characters
        "Q-REL-1": 75,  # one declared column is not in the file
        "Q-REL-2": 100,
        "Q-COM-1": 100 * 7 // 9,
        "Q-COM-2": 66,
        "Q-COM-3": 25,  # one of four has a title
        "Q-TIM-1": 100,
        "Q-TIM-2": 50,  # 31 days, then 55
    }
    assert {each.dimension: each.points for each in found.dimensions} == {
        Dimension.ACCURACY: (85 + 66 + 50) // 3,
        Dimension.RELEVANCE: 87,
        Dimension.COMPLETENESS: (77 + 66 + 25) // 3,
        Dimension.TIMELINESS: 75,
    }
    assert (found.overall, found.measured) == ((67 + 87 + 56 + 75) // 4, 4)
    assert (found.content_version, found.as_of) == (3, TODAY)
    assert rules["Q-ACC-1"].zh == "7 个值中 6 个符合数据字典声明的类型"
    assert {judged.version for judged in rules.values()} == {1}
    assert all(judged.zh and judged.en for judged in rules.values())


def test_what_can_not_be_measured_counts_for_nothing() -> None:
    found, rules = scored(None)

    assert [code for code, judged in rules.items() if judged.points is not None] == ["Q-REL-2"]
    assert (found.measured, found.overall, found.content_version) == (1, 75, None)
    assert rules["Q-TIM-1"].en == "Nothing is attached"


def test_without_a_dictionary_the_file_is_judged_alone() -> None:
    _, rules = scored(profiled(TABLE), TODAY)

    measured = {code for code, judged in rules.items() if judged.points is not None}
    assert measured == {"Q-ACC-2", "Q-REL-2", "Q-COM-1"}


def test_items_may_promise_nothing() -> None:
    bare = (Item(name="城市", type=ItemType.TEXT),)

    _, rules = scored(profiled(TABLE), TODAY, items=bare)

    assert (rules["Q-ACC-3"].points, rules["Q-COM-2"].points) == (None, None)


@pytest.mark.parametrize(
    ("cycle", "age", "points"),
    [
        (UpdateCycle.WEEKLY, 0, 100),
        (UpdateCycle.WEEKLY, 7, 100),
        (UpdateCycle.WEEKLY, 14, 50),
        (UpdateCycle.WEEKLY, 21, 0),
        (UpdateCycle.WEEKLY, 400, 0),
        (UpdateCycle.REAL_TIME, 2, 50),
        (UpdateCycle.STATIC, 4000, 100),
        (UpdateCycle.IRREGULAR, 1, None),
    ],
)
def test_age_is_held_against_the_cycle(cycle: UpdateCycle, age: int, points: int | None) -> None:
    _, rules = scored(None, TODAY - dt.timedelta(days=age), update_cycle=cycle)

    assert rules["Q-TIM-1"].points == points


def test_a_table_without_rows_lacks_nothing() -> None:
    _, rules = scored(profiled("a\n"), TODAY, items=(Item(name="a", type=ItemType.TEXT),))

    assert (rules["Q-ACC-1"].points, rules["Q-COM-1"].points) == (100, 100)
