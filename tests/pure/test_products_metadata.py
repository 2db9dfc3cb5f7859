"""What a description must say (HN-02, HN-03, BJ-02, GD-01)."""

from __future__ import annotations

import datetime as dt

import pytest

from catalog.kernel.ids import new_id
from catalog.products import metadata
from catalog.products.model import CatalogueAttributes, DataNature, Form, OriginPath
from tests.makers_products import make_description, make_source

COMPLETE = CatalogueAttributes("交通局", "泊位传感器", "每日更新", "DB46/T 1", "接口调用")


def supermarket(**changes):
    resource = make_source(is_supermarket_resource=True, resource_id=new_id())
    values = {
        "origin_path": OriginPath.SUPERMARKET_RESOURCE,
        "sources": (resource,),
        "substantive_processing": "清洗、汇聚、建模",
        "innovative_labour": "设计了指数模型",
    }
    return make_description(**(values | changes))


@pytest.mark.parametrize(
    "description",
    [
        make_description(),
        make_description(form=Form.OTHER_TRADABLE, form_description="数据资产凭证包"),
        make_description(data_nature=DataNature.PUBLIC, catalogue=COMPLETE),
        make_description(contains_important_data=True, important_data_basis="目录第 3 项"),
        make_description(valid_from=dt.date(2026, 1, 1), valid_to=dt.date(2026, 1, 1)),
        make_description(valid_from=dt.date(2026, 1, 1)),
        supermarket(),
    ],
)
def test_a_complete_description_is_taken(description) -> None:
    metadata.check_complete(description)


@pytest.mark.parametrize(
    ("description", "refusal"),
    [
        (make_description(processing_statement=" \n"), metadata.ProductNotProcessed),
        (make_description(metering_unit=None), metadata.MeteringUnitMissing),
        (make_description(value_statement=""), metadata.ValueStatementMissing),
        (make_description(form=Form.OTHER_TRADABLE), metadata.FormDescriptionMissing),
        (make_description(data_nature=None), metadata.DataNatureMissing),
        (make_description(data_nature=DataNature.PUBLIC), metadata.CatalogAttributeMissing),
        (make_description(sources=()), metadata.SourceMissing),
        (make_description(scenarios=()), metadata.ScenarioMissing),
        (make_description(contains_important_data=True), metadata.ImportantDataBasisMissing),
        (
            make_description(valid_from=dt.date(2026, 2, 1), valid_to=dt.date(2026, 1, 1)),
            metadata.ValidityInvalid,
        ),
        (supermarket(sources=(make_source(),)), metadata.SourceResourceMissing),
        (
            supermarket(sources=(make_source(is_supermarket_resource=True),)),
            metadata.SourceResourceMissing,
        ),
        (supermarket(innovative_labour=""), metadata.SubstantiveProcessingMissing),
    ],
)
def test_what_is_missing_is_refused_by_its_name(description, refusal) -> None:
    with pytest.raises(refusal):
        metadata.check_complete(description)


def test_the_missing_attributes_of_public_data_are_named() -> None:
    partly = CatalogueAttributes("交通局", "泊位传感器", "", "DB46/T 1", " ")

    with pytest.raises(metadata.CatalogAttributeMissing) as refused:
        metadata.check_complete(make_description(data_nature=DataNature.PUBLIC, catalogue=partly))

    assert refused.value.facts == {"attributes": ["update_mechanism", "usage_method"]}


def test_a_resource_that_is_not_in_the_catalogue_is_named() -> None:
    description = supermarket()
    (resource,) = metadata.named_resources(description)

    metadata.check_resources_known(description, {resource})
    with pytest.raises(metadata.SourceResourceMissing) as refused:
        metadata.check_resources_known(description, set())

    assert refused.value.facts == {"resources": [str(resource)]}
    assert [error.pointer for error in refused.value.errors] == ["/sources/0/resource_id"]


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "\x85"])
def test_control_characters_are_refused_with_their_place(text: str) -> None:
    description = make_description(value_statement=text, keywords=("好", text))

    with pytest.raises(metadata.TextUnreadable) as refused:
        metadata.check_readable(description)

    assert [e.pointer for e in refused.value.errors] == ["/value_statement", "/keywords/1"]


def test_line_breaks_are_readable() -> None:
    metadata.check_readable(make_description(description="一\n二\t三\r\n"))
