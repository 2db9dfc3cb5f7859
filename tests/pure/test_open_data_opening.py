"""What may be open data, and what forbids it: all of it is named at once."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.products.model import (
    Classification,
    Content,
    DataNature,
    Level,
    Product,
    SharingType,
)
from catalog.products.states import State
from market.open_data.opening import (
    OpenDataNotAllowed,
    OpenLicenceUnknown,
    check_licence,
    check_may_be_open,
)
from tests.makers_products import NOW, make_description, make_product, make_source

CONTENT = Content(
    version=1,
    file_id=make_product().id,
    sha256="ab" * 32,
    size_bytes=10,
    media_type="text/csv",
    file_name="a.csv",
    attached_at=NOW,
)


def product(**changes: Any) -> Product:
    said = {"sharing_type": SharingType.UNCONDITIONAL} | changes
    return make_product(description=make_description(**said), contents=(CONTENT,))


def at(level: Level) -> Classification:
    return Classification("DB11/T 1918", level, "行业数据")


def obstacles(found: Product, review: str = "") -> str:
    with pytest.raises(OpenDataNotAllowed) as refused:
        check_may_be_open(found, secrecy_review=review)
    return str(refused.value.facts["items"])


def test_what_is_shared_without_conditions_and_of_the_lowest_level_may_be_open() -> None:
    check_may_be_open(product(), secrecy_review="")
    check_may_be_open(product(data_nature=DataNature.PUBLIC), secrecy_review="保审〔2026〕3号")
    check_may_be_open(product(classification=at(Level.BJ_1)), secrecy_review="")


@pytest.mark.parametrize(
    ("changes", "items"),
    [
        ({"sharing_type": SharingType.CONDITIONAL}, "not_unconditional"),
        ({"sharing_type": None}, "not_unconditional"),
        ({"classification": None}, "classification_missing"),
        ({"classification": at(Level.BJ_2)}, "level_too_high"),
        (
            {"sources": (make_source(classification_level=Level.IMPORTANT),)},
            "sources_too_high",
        ),
        ({"sources": (make_source(classification_level=None),)}, None),
        ({"contains_personal_info": True}, "personal_information"),
        ({"contains_sensitive_personal_info": True}, "personal_information"),
        ({"sources": (make_source(contains_personal_info=True),)}, "personal_information"),
        ({"data_nature": DataNature.PERSONAL}, "personal_information"),
        ({"contains_important_data": True}, "important_data"),
        ({"contains_national_core_data": True}, "important_data"),
        ({"data_nature": DataNature.PUBLIC}, "secrecy_review_missing"),
        ({"data_nature": DataNature.MIXED}, "secrecy_review_missing"),
        (
            {"sharing_type": None, "contains_personal_info": True},
            "not_unconditional, personal_information",
        ),
    ],
)
def test_whatever_forbids_it_is_named(changes: dict[str, Any], items: str | None) -> None:
    if items is None:
        check_may_be_open(product(**changes), secrecy_review=" ")
    else:
        assert obstacles(product(**changes), " ") == items


def test_a_draft_and_what_has_nothing_to_hand_out_are_not_opened() -> None:
    assert obstacles(make_product(state=State.DRAFT)) == "product_not_described"
    assert obstacles(make_product(description=None)) == "product_not_described"
    without = make_product(description=make_description(sharing_type=SharingType.UNCONDITIONAL))
    assert obstacles(without) == "content_missing"


def test_a_licence_is_one_of_those_that_are_listed() -> None:
    check_licence("CC0-1.0", {"CC0-1.0"})
    with pytest.raises(OpenLicenceUnknown):
        check_licence("WTFPL", {"CC0-1.0"})
