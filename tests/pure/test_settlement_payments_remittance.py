"""The reference of a bank transfer is found however banks and people write it."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.payments.remittance import code_of, find_codes

CODE = code_of("P018f")


def test_a_reference_has_one_code_of_twelve_characters_without_what_looks_alike() -> None:
    assert code_of("P018f") == CODE
    assert len(CODE) == 12
    assert CODE.startswith("ZF")
    assert not set(CODE[2:]) & set("01IO")


@pytest.mark.parametrize(
    "memo",
    ["{}", "货款 {}", "转账{}/对公", "附言：{}。", "REMARK={};", "{} {}"],
)
def test_it_is_found_in_what_a_bank_passes_on(memo: str) -> None:
    assert find_codes(memo.replace("{}", CODE)) == (CODE,)


def test_blanks_dashes_and_small_letters_do_not_hide_it() -> None:
    told = f"{CODE[:4].lower()} {CODE[4:8]}-{CODE[8:]}"

    assert find_codes(told) == (CODE,)


def test_nothing_is_found_where_nothing_is() -> None:
    assert find_codes("") == ()
    assert find_codes("七月货款 ZF12345") == ()


@given(st.integers(2, 11), st.sampled_from(string.ascii_uppercase + string.digits))
def test_one_wrong_letter_is_no_reference(place: int, letter: str) -> None:
    wrong = CODE[:place] + letter + CODE[place + 1 :]

    assert find_codes(wrong) == ((CODE,) if wrong == CODE else ())


@given(st.uuids())
def test_every_code_is_found_again(number: object) -> None:
    code = code_of(f"P{number}")

    assert find_codes(f"采购款{code}谢谢") == (code,)
