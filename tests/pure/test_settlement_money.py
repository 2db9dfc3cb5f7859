"""Money is whole fen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.money import (
    CEILING,
    AmountNotInteger,
    AmountNotPositive,
    AmountTooLarge,
    ShareOutOfRange,
    bps,
    fen,
    percent,
    yuan,
)


@pytest.mark.parametrize("amount", [1, 99, 100, CEILING])
def test_an_amount_is_a_positive_whole_number(amount: int) -> None:
    assert fen(amount) == amount


@pytest.mark.parametrize(
    ("amount", "refusal"),
    [
        (0, AmountNotPositive),
        (-1, AmountNotPositive),
        (CEILING + 1, AmountTooLarge),
        (1.0, AmountNotInteger),
        ("1", AmountNotInteger),
        (True, AmountNotInteger),
        (None, AmountNotInteger),
    ],
)
def test_what_is_no_amount_is_refused_by_name(amount: object, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        fen(amount)


def test_a_share_lies_between_one_and_ten_thousand() -> None:
    assert (bps(1), bps(10_000)) == (1, 10_000)
    for share in (0, -1, 10_001, 0.5, True, "1"):
        with pytest.raises(ShareOutOfRange):
            bps(share)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "¥0.00"),
        (5, "¥0.05"),
        (-5, "-¥0.05"),
        (123_450, "¥1,234.50"),
        (-123_456_789, "-¥1,234,567.89"),
        (CEILING, "¥10,000,000,000,000.00"),
    ],
)
def test_people_read_yuan(amount: int, text: str) -> None:
    assert yuan(amount) == text


@given(st.integers(-CEILING, CEILING))
def test_what_people_read_is_exact(amount: int) -> None:
    digits = yuan(amount).replace("¥", "").replace(",", "").replace(".", "")

    assert int(digits) == amount


@pytest.mark.parametrize(
    ("share", "text"), [(10_000, "100%"), (7_000, "70%"), (3_334, "33.34%"), (1, "0.01%")]
)
def test_people_read_percent(share: int, text: str) -> None:
    assert percent(share) == text
