"""What a description says of one thing in two places has to be the same."""

from __future__ import annotations

import pytest

from catalog.kernel.errors import Invalid
from catalog.products import metadata
from catalog.products.contradictions import (
    ImportantDataUndeclared,
    PersonalInformationDenied,
    ScenarioDoubled,
    SourceDoubled,
    TextBlank,
)
from catalog.products.model import (
    Classification,
    DataNature,
    Description,
    Item,
    ItemType,
    Level,
    Scenario,
    Sensitivity,
    SharingType,
)
from tests.makers_products import make_description, make_source

PERSONS = make_source(contains_personal_info=True)
IMPORTANT = Classification("GB/T 43697", Level.IMPORTANT, "行业数据")


def item(sensitivity: Sensitivity = Sensitivity.NONE, name: str = "a") -> Item:
    return Item(name=name, type=ItemType.TEXT, sensitivity=sensitivity)


@pytest.mark.parametrize(
    "description",
    [
        make_description(items=(item(Sensitivity.PHONE), item(Sensitivity.USCC, "b"))),
        make_description(sources=(PERSONS,)),  # what was made from it may hold nobody any more
        make_description(
            contains_personal_info=True,
            contains_sensitive_personal_info=True,
            data_nature=DataNature.PERSONAL,
            sources=(PERSONS,),
            items=(item(Sensitivity.ID_CARD),),
        ),
        make_description(
            classification=IMPORTANT, contains_important_data=True, important_data_basis="目录"
        ),
        make_description(classification=None),
        make_description(sharing_type=SharingType.CONDITIONAL, sharing_condition="须经审批"),
    ],
)
def test_what_agrees_is_taken(description: Description) -> None:
    metadata.check_complete(description)


@pytest.mark.parametrize(
    ("description", "refusal", "places"),
    [
        (
            make_description(items=(item(), item(Sensitivity.ID_CARD, "b"))),
            PersonalInformationDenied,
            ["/contains_personal_info", "/items/1/sensitivity"],
        ),
        (
            make_description(contains_sensitive_personal_info=True),
            PersonalInformationDenied,
            ["/contains_personal_info", "/contains_sensitive_personal_info"],
        ),
        (
            make_description(data_nature=DataNature.PERSONAL),
            PersonalInformationDenied,
            ["/contains_personal_info", "/data_nature"],
        ),
        (
            make_description(classification=IMPORTANT),
            ImportantDataUndeclared,
            ["/contains_important_data"],
        ),
        (
            make_description(sources=(make_source(), make_source(name="另一来源"))),
            SourceDoubled,
            ["/sources/1/source_id"],
        ),
        (
            make_description(
                scenarios=(Scenario("a", "甲"), Scenario("b", "乙"), Scenario("a", "丙"))
            ),
            ScenarioDoubled,
            ["/scenarios/2/code"],
        ),
        (
            make_description(name=" \t", items=(item(name=" "),), keywords=("港口", "")),
            TextBlank,
            ["/name", "/items/0/name", "/keywords/1"],
        ),
    ],
)
def test_what_contradicts_itself_is_refused_of_a_draft_too(
    description: Description, refusal: type[Invalid], places: list[str]
) -> None:
    with pytest.raises(refusal) as refused:
        metadata.check_fitting(description)

    assert [error.pointer for error in refused.value.errors] == places


@pytest.mark.parametrize(
    ("description", "refusal", "place"),
    [
        (
            make_description(contains_personal_info=True, sources=(make_source(),)),
            metadata.PersonalInformationSourceMissing,
            "/sources",
        ),
        (
            make_description(classification=Classification("GB/T 43697", Level.GENERAL, " ")),
            metadata.ClassificationCategoryMissing,
            "/classification/category",
        ),
        (
            make_description(sources=(make_source(), make_source(source_id="s2", name=" "))),
            metadata.SourceUnnamed,
            "/sources/1/name",
        ),
        (
            make_description(sharing_type=SharingType.CONDITIONAL),
            metadata.SharingConditionMissing,
            "/sharing_condition",
        ),
    ],
)
def test_a_draft_may_still_lack_it_and_a_finished_description_may_not(
    description: Description, refusal: type[Invalid], place: str
) -> None:
    metadata.check_fitting(description)

    with pytest.raises(refusal) as refused:
        metadata.check_complete(description)

    assert [error.pointer for error in refused.value.errors] == [place]


@pytest.mark.parametrize(
    ("reason", "refusal"),
    [
        (" \t\n", metadata.ProductReasonMissing),
        ("", metadata.ProductReasonMissing),
        ("a\x00b", metadata.TextUnreadable),
        ("a\u202eb", metadata.TextUnreadable),
    ],
)
def test_a_reason_says_something_that_people_can_read(reason: str, refusal: type[Invalid]) -> None:
    with pytest.raises(refusal) as refused:
        metadata.check_reason(reason)

    assert [error.pointer for error in refused.value.errors] == ["/reason"]
    metadata.check_reason("数据源停止更新")
