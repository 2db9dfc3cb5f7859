"""Masked values keep what their rule keeps, and nothing else of the person survives."""

from __future__ import annotations

import random
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.products.model import Sensitivity
from catalog.profiles.masking import WHOLE, holds_personal, mask, mask_inside
from tests.personal import bank_card, id_card, phone, uscc

HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)


def survives(raw: str, masked: str, length: int) -> bool:
    """Tell whether so many characters of the raw value that follow each other stand in the masked one."""
    return any(raw[i : i + length] in masked for i in range(len(raw) - length + 1))


@pytest.mark.parametrize(
    ("sensitivity", "raw", "masked"),
    [
        (Sensitivity.PERSON_NAME, "张三", "张*"),
        (Sensitivity.PERSON_NAME, "欧阳修文", "欧阳**"),
        (Sensitivity.PERSON_NAME, "张", WHOLE),
        (Sensitivity.PERSON_NAME, "Smith", "S***"),
        (Sensitivity.PERSON_NAME, "J", WHOLE),
        (Sensitivity.PERSON_NAME, "J. 5", WHOLE),
        (Sensitivity.PHONE, "13812345678", "138****5678"),
        (Sensitivity.PHONE, 13812345678, "138****5678"),
        (Sensitivity.PHONE, "+86 138-1234-5678", "138****5678"),
        (Sensitivity.PHONE, "0898-66668888", WHOLE),
        (Sensitivity.ID_CARD, "11010519491231002X", "110105************"),
        (Sensitivity.ID_CARD, "G12345678", WHOLE),
        (Sensitivity.BANK_CARD, "6222 0200 1234 5678", "************5678"),
        (Sensitivity.BANK_CARD, "12345678", WHOLE),
        (Sensitivity.EMAIL, "zhang@example.org", "z***@example.org"),
        (Sensitivity.EMAIL, "z@example.org", "***@example.org"),
        (Sensitivity.EMAIL, "zhang@zhang.cn", WHOLE),
        (Sensitivity.EMAIL, "none", WHOLE),
        (Sensitivity.EMAIL, "zhang@163.com", "z***@163.com"),
        (Sensitivity.EMAIL, "x@13812345678.cn", WHOLE),
        (Sensitivity.EMAIL, "x@4601981234567", WHOLE),
        (Sensitivity.ADDRESS, "海南省海口市龙华区滨海大道1号", "海南省海口市龙华区***"),
        (Sensitivity.ADDRESS, "滨海大道1号", WHOLE),
        (Sensitivity.USCC, "91350100M000100Y43", "91350100**********"),
        (Sensitivity.USCC, "350100", WHOLE),
        (Sensitivity.OTHER, "秘密", WHOLE),
        (Sensitivity.OTHER, {"a": 1}, WHOLE),
        (Sensitivity.OTHER, None, None),
        (Sensitivity.OTHER, "", ""),
        (Sensitivity.OTHER, True, True),
        (
            Sensitivity.NONE,
            "电话 13812345678，证 11010519491231002X",
            "电话 138****5678，证 110105************",
        ),
        (Sensitivity.NONE, "码 91350100M000100Y43", "码 91350100**********"),
        (Sensitivity.NONE, "卡 6222 0200 1234 5678", "卡 ************5678"),
        (Sensitivity.NONE, "mail a.b@example.org!", "mail a***@example.org!"),
        (Sensitivity.NONE, {"tel": ["13812345678", 5]}, {"tel": ["138****5678", 5]}),
        (Sensitivity.NONE, 13812345678, "138****5678"),
        (Sensitivity.NONE, 42, 42),
        (Sensitivity.NONE, 1.5, 1.5),
        (Sensitivity.NONE, "2026-03-01 08:30:00", "2026-03-01 08:30:00"),
    ],
)
def test_each_kind_has_its_rule(sensitivity: Sensitivity, raw: object, masked: object) -> None:
    assert mask(raw, sensitivity) == masked


@given(st.integers())
def test_no_number_of_a_person_survives_in_a_column_or_in_a_text(seed: int) -> None:
    chance = random.Random(seed)
    for sensitivity, raw, length in (
        (Sensitivity.PHONE, phone(chance), 5),
        (Sensitivity.ID_CARD, id_card(chance), 7),
        (Sensitivity.BANK_CARD, bank_card(chance, chance.choice((16, 18, 19))), 5),
        (Sensitivity.USCC, uscc(chance), 9),
    ):
        assert not survives(raw, mask(raw, sensitivity), length)
        # A card whose digits read as an identity card keeps who issued it, six digits.
        assert not survives(raw, mask_inside(f"甲：{raw}，乙"), max(length, 7))
        assert holds_personal(f"甲：{raw}，乙")


@given(st.text(HAN, min_size=2, max_size=6))
def test_no_given_name_survives(name: str) -> None:
    masked = mask(name, Sensitivity.PERSON_NAME)

    assert name[-1] not in masked or name[-1] == name[0]
    assert not survives(name, masked, 3)


@given(
    st.from_regex(r"[a-z]{2,12}", fullmatch=True), st.from_regex(r"[a-z]{2,8}\.cn", fullmatch=True)
)
def test_no_mailbox_survives(local: str, domain: str) -> None:
    assert local not in mask(f"{local}@{domain}", Sensitivity.EMAIL)


@given(st.text(max_size=60), st.sampled_from([s for s in Sensitivity if s is not Sensitivity.NONE]))
def test_whatever_stands_in_a_sensitive_column_loses_its_digits(
    text: str, sensitivity: Sensitivity
) -> None:
    raw = f"{text}4601981234567"
    masked = mask(raw, sensitivity)

    kept = {Sensitivity.ID_CARD: 6, Sensitivity.USCC: 8, Sensitivity.EMAIL: 6}.get(sensitivity, 4)
    assert all(len(run) <= kept for run in re.findall(r"[0-9]+", masked))


@given(st.text(HAN, min_size=1, max_size=30), st.integers(1, 9999))
def test_of_an_address_no_street_and_no_number_survives(street: str, number: int) -> None:
    masked = mask(f"海南省海口市龙华区{street}路{number}号", Sensitivity.ADDRESS)

    assert not re.search(r"\d", masked)
    assert len(masked) <= len("海南省海口市龙华区***")


def test_a_long_word_is_read_once() -> None:
    for text in ("a" * 130_000, "1" * 130_000, "省市区" * 40_000, "a." * 60_000, "1 " * 60_000):
        begun = time.process_time()
        mask_inside(text)
        mask(text, Sensitivity.ADDRESS)
        mask(text, Sensitivity.EMAIL)
        assert time.process_time() - begun < 1
