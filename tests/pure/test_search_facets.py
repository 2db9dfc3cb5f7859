"""By what a search may be narrowed, and which values of a tree are counted."""

from __future__ import annotations

import pytest

from catalog.code_trees.model import Tree
from catalog.search import facets
from catalog.search.facets import ALL, SearchFilterUnknown
from catalog.search.model import Filters

INDUSTRY = next(facet for facet in ALL if facet.name == "industry")
REGION = next(facet for facet in ALL if facet.name == "region_code")
FORM = next(facet for facet in ALL if facet.name == "form")


def test_each_facet_is_a_filter_and_no_filter_is_anything_else() -> None:
    ends = {"price_from_fen", "price_to_fen"}  # of a range, which is no facet
    assert set(Filters.__struct_fields__) == set(facets.FACETS) | ends


@pytest.mark.parametrize(
    ("name", "value"),
    [("form", "dataset"), ("industry", "C"), ("industry", "1321"), ("region_code", "4601"),
     ("region", "任何地方"), ("supplier_name", "谁"), ("delivery", "sandbox")],
)  # fmt: skip
def test_a_value_that_its_field_may_have_is_let_through(name: str, value: str) -> None:
    facets.check({name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("form", "Dataset"), ("industry", ""), ("industry", "98"), ("region_code", "460"),
     ("level", "bj_9"), ("update_cycle", ""), ("delivery", "DELIVERY"), ("theme", "长" * 201), ("region", ""), ("zone", "　")],
)  # fmt: skip
def test_another_is_refused_by_the_name_of_the_field(name: str, value: str) -> None:
    with pytest.raises(SearchFilterUnknown) as refused:
        facets.check({name: value})
    assert refused.value.facts == {"field": name, "value": value}


def test_a_code_is_asked_for_as_products_are_filed_under_it() -> None:
    asked = {"region_code": "460000", "industry": "55", "form": "dataset"}
    assert facets.as_filed(asked) == asked | {"region_code": "46"}


def test_codes_are_told_with_their_trees() -> None:
    narrowed = {"region_code": "46", "industry": "C", "form": "dataset"}
    assert facets.codes_asked(narrowed) == [
        ("industry", Tree.INDUSTRY, "C"),
        ("region_code", Tree.REGION, "46"),
    ]


@pytest.mark.parametrize(
    ("asked", "counted", "others"),
    [({}, "C", "13"), ({"industry": "C"}, "13", "C"), ({"industry": "13"}, "132", "13"),
     ({"industry": "132"}, "1321", "132")],
)  # fmt: skip
def test_of_a_tree_the_next_step_is_counted(
    asked: dict[str, str], counted: str, others: str
) -> None:
    assert facets.is_counted(INDUSTRY, counted, asked)
    assert not facets.is_counted(INDUSTRY, others, asked)


def test_below_a_leaf_nothing_is_counted_and_without_a_tree_everything() -> None:
    assert not any(facets.is_counted(INDUSTRY, v, {"industry": "1321"}) for v in ("C", "1321"))
    assert facets.is_counted(REGION, "4601", {"region_code": "46"})
    assert facets.is_counted(FORM, "dataset", {"form": "dataset"})


def test_a_product_is_within_what_all_filters_say() -> None:
    kinds = [
        ["dataset"] if facet is FORM else ["C", "13"] if facet is INDUSTRY else [] for facet in ALL
    ]

    assert facets.is_within(kinds, {})
    assert facets.is_within(kinds, {"form": "dataset", "industry": "13"})
    assert not facets.is_within(kinds, {"form": "dataset", "industry": "14"})
    assert not facets.is_within(kinds, {"level": "general"})


def test_every_step_of_a_tree_is_counted_apart() -> None:
    assert (facets.steps(INDUSTRY), facets.steps(REGION), facets.steps(FORM)) == (4, 3, 1)
    assert [facets.step_of(INDUSTRY, code) for code in ("C", "13", "131", "1311")] == [0, 1, 2, 3]
    assert facets.step_of(FORM, "dataset") == 0
