"""Standards are cited once each, as people write them, with an address that can be gone to."""

from __future__ import annotations

import pytest

from catalog.products.documents import document
from catalog.products.known_standards import STANDARDS, Standing
from catalog.products.metadata import check_complete
from catalog.products.model import Standard
from catalog.products.standards import (
    StandardAddressUnclear,
    StandardDoubled,
    StandardMalformed,
    StandardWithdrawn,
    check_standards,
    find_known,
    is_well_formed,
    key_of,
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


@pytest.mark.parametrize(
    "text",
    [
        "GB 18030-2022",
        "GB/T 36344-2018",
        "gb/t36344-2018",
        "ＧＢ/Ｔ 38664.1-2020",
        "QX/T 118-2020",
        "DB11/T 1918-2021",
        "DB4601/T 12",
        "T/CCSA 404-2022",
        "ISO 19115-1:2014",
        "ISO/IEC 27001:2022",
        "ISO/TS 8000-1:2022",
        "ISO/IEC TR 24028:2020",
        "RFC 4180",
        "IETF RFC 8259",
        "W3C DCAT 3",
        "OGC 06-042",
        "企业标准一号",
    ],
)
def test_what_bodies_number_is_well_formed(text: str) -> None:
    assert is_well_formed(read_standard(text))
    check_standards(make_description(conforms_to=(read_standard(text),)))


@pytest.mark.parametrize(
    "cited",
    [
        Standard(code="GB/T"),
        Standard(code="GB/T 36344-2018"),  # its year stands in its number
        Standard(code="GB/X 36344"),
        Standard(code="GBT 36344"),
        Standard(code="GB/T 36344", version="MMXVIII"),
        Standard(code="DB1/T 12"),
        Standard(code="QX/T one"),
        Standard(code="T/ 12"),
        Standard(code="ISO quality"),
        Standard(code="RFC one"),
        Standard(code="2018"),
        Standard(code="《》"),
    ],
)
def test_what_is_no_number_of_a_standard_is_refused_by_its_place(cited: Standard) -> None:
    good = Standard(code="GB/T 4754", version="2017")
    with pytest.raises(StandardMalformed) as refused:
        check_standards(make_description(conforms_to=(good, cited)))

    assert [each.pointer for each in refused.value.errors] == ["/conforms_to/1/code"]
    assert cited.number in refused.value.facts["standards"]


def test_what_was_withdrawn_is_refused_with_what_counts_instead() -> None:
    cited = (
        Standard(code="gb/t4754", version="2011"),
        Standard(code="GB/T 36344", version="2018"),
        Standard(code="ISO 19115", version="2003"),
    )
    with pytest.raises(StandardWithdrawn) as refused:
        check_standards(make_description(conforms_to=cited))

    assert [each.pointer for each in refused.value.errors] == [
        "/conforms_to/0/version",
        "/conforms_to/2/version",
    ]
    assert refused.value.facts == {
        "standards": "GB/T 4754-2011, ISO 19115-2003",
        "successors": "GB/T 4754-2017, ISO 19115-1-2014",
    }


def test_an_old_standard_has_two_digits_for_its_year_and_a_new_one_may_be_amended() -> None:
    for code, version in (("GB/T 1234", "88"), ("ISO 8601-1", "2019/Amd 1:2022"), ("DB/T 3", "")):
        assert is_well_formed(Standard(code=code, version=version))


def test_without_a_year_the_version_that_counts_is_meant() -> None:
    check_standards(make_description(conforms_to=(Standard(code="GB/T 4754"),)))

    meant = find_known(Standard(code="GB/T 4754"))
    gone = find_known(Standard(code="GB/T 7408"))
    assert meant is not None
    assert gone is not None
    assert meant.number == "GB/T 4754-2017"
    assert gone.standing is Standing.WITHDRAWN  # all that has this number was
    assert find_known(Standard(code="GB/T 4754", version="1994")) is None
    assert find_known(Standard(code="QX/T 118")) is None


def test_what_is_known_is_known_once_and_what_replaces_it_too() -> None:
    numbers = [each.number for each in STANDARDS]

    assert len(set(numbers)) == len(numbers)
    for each in STANDARDS:
        assert is_well_formed(Standard(code=each.code, version=each.version)), each.number
        assert (each.standing is Standing.WITHDRAWN) == bool(each.replaced_by), each.number
        assert set(each.replaced_by) <= set(numbers), each.number
    assert len({(key_of(each.code), each.version) for each in STANDARDS}) == len(numbers)
