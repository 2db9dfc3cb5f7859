"""All that is wrong with a description, told at once and field by field."""

from __future__ import annotations

import pytest

from catalog.code_trees.model import Tree
from catalog.products.classification import ClassificationSchemeMissing
from catalog.products.coding import CodeUnknown
from catalog.products.faults import CoreDataNotTaken, as_known, check_no_core_data, faults
from catalog.products.items import ItemDoubled
from catalog.products.metadata import (
    CatalogAttributeMissing,
    MeteringUnitMissing,
    PersonalInformationUnfounded,
    ProductNotProcessed,
)
from catalog.products.model import Classification, DataNature, Item, ItemType, Level
from catalog.products.references import ReferenceMalformed, check_reference
from seeds.code_trees import read_tables
from tests.makers_products import make_description, make_source

KNOWN = as_known(read_tables())


def test_a_right_description_has_no_fault() -> None:
    said = make_description(industry_section="G", industry_division="55", region_code="4601")

    assert faults(said, known=KNOWN, is_draft=False) == []
    assert KNOWN[Tree.INDUSTRY]["G"].name.startswith("交通运输")


def test_every_fault_is_told_with_its_field() -> None:
    said = make_description(
        metering_unit=None,
        processing_statement=" ",
        data_nature=DataNature.PUBLIC,
        region_code="999999",
        sources=(make_source(contains_personal_info=True, legal_basis=""),),
        items=(Item(name="a", type=ItemType.TEXT), Item(name="A", type=ItemType.TEXT)),
        classification=Classification("", Level.GENERAL, "x"),
    )

    found = faults(said, known=KNOWN, is_draft=False)

    assert [type(each) for each in found] == [
        CodeUnknown,
        PersonalInformationUnfounded,
        ItemDoubled,
        ClassificationSchemeMissing,
        ProductNotProcessed,
        MeteringUnitMissing,
        CatalogAttributeMissing,
    ]
    assert [error.pointer for each in found for error in each.errors] == [
        "/region_code",
        "/sources/0/legal_basis",
        "/items/1/name",
        "/classification/scheme",
        "/processing_statement",
        "/metering_unit",
        "/catalogue/responsible_department",
        "/catalogue/data_source",
        "/catalogue/update_mechanism",
        "/catalogue/quality_standard",
        "/catalogue/usage_method",
    ]


def test_a_draft_may_lack_what_is_still_to_be_said_and_may_say_nothing_wrong() -> None:
    unfinished = make_description(metering_unit=None, sources=(), scenarios=(), classification=None)
    wrong = make_description(metering_unit=None, region_code="999999")

    assert faults(unfinished, known=KNOWN, is_draft=True) == []
    assert [each.code for each in faults(wrong, known=KNOWN, is_draft=True)] == ["code_unknown"]


def test_core_data_is_not_taken_where_nobody_looks_at_each() -> None:
    check_no_core_data(make_description())

    with pytest.raises(CoreDataNotTaken) as refused:
        check_no_core_data(make_description(contains_national_core_data=True))

    assert [error.pointer for error in refused.value.errors] == ["/contains_national_core_data"]


@pytest.mark.parametrize("reference", ["a", "港口-气象 01", "x" * 100])
def test_one_visible_line_is_a_reference(reference: str) -> None:
    check_reference(reference)


@pytest.mark.parametrize("reference", ["", " a", "a\n", "a\tb", "x" * 101, "a\x00"])
def test_anything_else_is_none(reference: str) -> None:
    with pytest.raises(ReferenceMalformed):
        check_reference(reference)
