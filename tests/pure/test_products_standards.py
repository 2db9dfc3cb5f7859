"""Standards are cited once each, as people write them, with an address that can be gone to."""

from __future__ import annotations

import pytest

from catalog.products.documents import document
from catalog.products.metadata import check_complete
from catalog.products.model import Standard
from catalog.products.standards import (
    StandardAddressUnclear,
    StandardDoubled,
    check_standards,
    read_standard,
)
from tests.makers_products import make_description, make_product


@pytest.mark.parametrize(
    ("text", "code", "version", "number"),
    [
        ("GB/T 36344-2018", "GB/T 36344", "2018", "GB/T 36344-2018"),
        (" GB/T 36344—2018 ", "GB/T 36344", "2018", "GB/T 36344-2018"),
        ("ISO 19115-1:2014", "ISO 19115-1", "2014", "ISO 19115-1-2014"),
        ("DB46/T 1", "DB46/T 1", "", "DB46/T 1"),
        ("2018", "2018", "", "2018"),
    ],
)
def test_a_number_is_read_as_people_cite_it(
    text: str, code: str, version: str, number: str
) -> None:
    found = read_standard(text, title="某标准")

    assert (found.code, found.version, found.title, found.number) == (
        code,
        version,
        "某标准",
        number,
    )


def test_standards_that_are_cited_soundly_are_taken_and_found_by_their_words() -> None:
    described = make_description(
        conforms_to=(
            Standard(code="GB/T 36344", version="2018", address="https://std.example/1"),
            Standard(code="QX/T 118", title="气象观测资料质量控制"),
        )
    )

    check_complete(described)
    words = document(make_product(description=described), described).terms
    assert "36344" in words
    assert "观测" in words


def test_one_standard_is_not_cited_twice_however_it_is_written() -> None:
    twice = (Standard(code="GB/T 36344", version="2018"), Standard(code="ｇｂ/t36344"))
    with pytest.raises(StandardDoubled) as refused:
        check_standards(make_description(conforms_to=twice))

    assert [error.pointer for error in refused.value.errors] == ["/conforms_to/1/code"]


@pytest.mark.parametrize("address", ["std.example", "ftp://a", "https://", "javascript:alert(1)"])
def test_an_address_that_is_none_of_the_web_is_refused(address: str) -> None:
    cited = (Standard(code="GB/T 36344", address=address),)
    with pytest.raises(StandardAddressUnclear) as refused:
        check_standards(make_description(conforms_to=cited))

    assert [error.pointer for error in refused.value.errors] == ["/conforms_to/0/address"]
