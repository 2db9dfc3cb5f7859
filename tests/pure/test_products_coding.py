"""Whether the codes of a description exist and fit together (GB/T 4754, GB/T 2260)."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.code_trees.model import Code, Tree
from catalog.products.coding import (
    CodeUnknown,
    IndustryCodesContradict,
    check_codes,
    codes_named,
    filed_under,
)
from catalog.products.model import Description
from tests.makers_products import make_description

PORT = {"industry_section": "G", "industry_division": "55", "industry_class": "5531"}


def known(*dropped: str) -> dict[Tree, dict[str, Code]]:
    codes = {
        Tree.INDUSTRY: ("A", "G", "54", "55", "5531"),
        Tree.REGION: ("46", "4601", "460105"),
    }
    return {
        tree: {
            code: Code(
                tree=tree,
                code=code,
                name=code,
                parent=None,
                depth=1,
                is_current=code not in dropped,
            )
            for code in each
        }
        for tree, each in codes.items()
    }


def described(**changes: Any) -> Description:
    return make_description(**(PORT | {"region_code": "460105"} | changes))


def test_codes_that_fit_are_let_through_and_found_under_all_above_them() -> None:
    product = described()

    check_codes(product, known())
    assert filed_under(product, Tree.INDUSTRY) == ("G", "55", "553", "5531")
    assert filed_under(product, Tree.REGION) == ("46", "4601", "460105")
    assert codes_named(product, Tree.REGION) == {"region_code": "460105"}


def test_no_code_at_all_is_none_to_ask_about() -> None:
    check_codes(make_description(), {})
    assert filed_under(make_description(), Tree.INDUSTRY) == ()


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"region_code": "469999"}, ["/region_code"]),
        ({"industry_class": "5599"}, ["/industry_class"]),
        ({"industry_class": "5599", "region_code": "47"}, ["/industry_class", "/region_code"]),
    ],
)
def test_an_unknown_code_is_refused_by_its_field(
    changes: dict[str, str], fields: list[str]
) -> None:
    with pytest.raises(CodeUnknown) as refusal:
        check_codes(described(**changes), known())

    assert [error.pointer for error in refusal.value.errors] == fields
    assert all(code in refusal.value.facts["codes"] for code in changes.values())


@pytest.mark.parametrize(
    ("written", "filed"),
    [("460000", ("46",)), ("460100", ("46", "4601")), ("460105", ("46", "4601", "460105"))],
)
def test_a_region_may_be_written_with_six_digits_as_the_standard_does(
    written: str, filed: tuple[str, ...]
) -> None:
    product = described(region_code=written)

    check_codes(product, known())
    assert filed_under(product, Tree.REGION) == filed
    with pytest.raises(CodeUnknown):
        check_codes(described(region_code="470000"), known())


def test_a_code_that_a_later_edition_dropped_is_unknown_to_a_new_description() -> None:
    with pytest.raises(CodeUnknown):
        check_codes(described(), known("460105"))


@pytest.mark.parametrize(
    ("changes", "fine"),
    [
        ({"industry_section": "A"}, "55"),
        ({"industry_division": "54"}, "5531"),
        ({"industry_section": "A", "industry_division": ""}, "5531"),
    ],
)
def test_a_finer_code_lies_in_the_coarser_or_is_refused(changes: dict[str, str], fine: str) -> None:
    with pytest.raises(IndustryCodesContradict) as refusal:
        check_codes(described(**changes), known())

    assert refusal.value.facts["fine"] == fine


def test_a_division_that_the_standard_does_not_have_files_a_product_nowhere() -> None:
    assert filed_under(described(industry_class="", industry_division="98"), Tree.INDUSTRY) == ()
