"""How complete a description is: whole points that add up, each with what is missing and why."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.products.completeness import CRITERIA, FULL, completeness
from catalog.products.labels import LABELS
from catalog.products.model import (
    CatalogueAttributes,
    DataNature,
    DeliveryMode,
    Description,
    Form,
    Item,
    ItemType,
    OriginPath,
    SharingType,
)
from tests.makers_products import make_description

EMPTY = Description(name="空", form=Form.DATASET, origin_path=OriginPath.OWN_RESOURCE)
WHOLE = make_description(
    description="按小时给出港口吊装与引航作业的大风、能见度和雷电风险等级，覆盖全省十二个渔港。",
    items=(Item(name="wind", title="风力等级", type=ItemType.INTEGER),),
    sharing_type=SharingType.CONDITIONAL,
    delivery_modes=(DeliveryMode.API_CALL,),
    industry_section="G",
    keywords=("港口", "气象", "风险"),
)


def without(**changes: Any) -> list[str]:
    values = {name: getattr(WHOLE, name) for name in WHOLE.__struct_fields__}
    found = completeness(Description(**(values | changes)))
    assert found.points == FULL - sum(gap.points for gap in found.gaps)
    return [gap.field for gap in found.gaps]


def test_points_are_whole_and_add_up_to_a_hundred() -> None:
    assert sum(each.points for each in CRITERIA) == FULL
    assert all(each.points > 0 for each in CRITERIA)
    assert len({each.field for each in CRITERIA}) == len(CRITERIA)


def test_each_thing_has_a_name_a_reason_in_both_tongues_and_an_example() -> None:
    for each in CRITERIA:
        assert each.field in LABELS
        assert all((each.why.zh, each.why.en, each.example))


def test_a_description_that_tells_everything_has_a_hundred_and_no_gap() -> None:
    assert completeness(WHOLE) == (found := completeness(WHOLE))
    assert (found.points, found.gaps) == (FULL, ())


def test_one_that_tells_nothing_has_only_what_does_not_apply_and_the_dearest_gap_first() -> None:
    found = completeness(EMPTY)

    assert found.points == 4  # the attributes of public data are not asked for
    assert [gap.field for gap in found.gaps[:2]] == ["items", "description"]
    assert [gap.points for gap in found.gaps] == sorted(
        (gap.points for gap in found.gaps), reverse=True
    )


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"description": " 港口风险 "}, ["description"]),
        ({"value_statement": " "}, ["value_statement"]),
        ({"processing_statement": ""}, ["processing_statement"]),
        ({"metering_unit": None}, ["metering_unit"]),
        ({"scenarios": ()}, ["scenarios"]),
        ({"sources": ()}, ["sources"]),
        ({"classification": None}, ["classification"]),
        ({"data_nature": None}, ["data_nature"]),
        ({"items": ()}, ["items", "items/title"]),
        ({"items": (Item(name="wind", type=ItemType.INTEGER),)}, ["items/title"]),
        ({"sharing_type": None}, ["sharing_type"]),
        ({"delivery_modes": ()}, ["delivery_modes"]),
        ({"industry_section": ""}, ["industry_section"]),
        ({"region": " "}, ["region_code"]),
        ({"region": "", "region_code": "46"}, []),
        ({"keywords": ("港口", "港口", " ")}, ["keywords"]),
        ({"data_nature": DataNature.PUBLIC}, ["catalogue"]),
        (
            {
                "data_nature": DataNature.MIXED,
                "catalogue": CatalogueAttributes("省气象局", "观测", "逐小时", "国标", "接口"),
            },
            [],
        ),
    ],
)
def test_what_is_missing_is_named(changes: dict[str, Any], missing: list[str]) -> None:
    assert without(**changes) == missing
