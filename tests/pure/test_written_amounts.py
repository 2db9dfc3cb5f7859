"""What people write into forms of money is read to the fen, and tiers line by line."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.portal.forms import FormFieldInvalid
from market.portal.pages_fee_schedules import _Proposal, proposed_of, tiers_of
from market.portal.written_amounts import bps_of, fen_of
from settlement.fees.deducting import Payee, Tier

DAY = dt.date(2026, 3, 2)


@given(st.integers(0, 10**15))
def test_an_amount_is_read_as_it_is_written(fen: int) -> None:
    assert fen_of(f"{fen // 100}.{fen % 100:02}") == fen


def test_decimals_may_be_left_out() -> None:
    assert [fen_of(each) for each in ("12", "12.5", "12.05", "0")] == [1_200, 1_250, 1_205, 0]
    assert bps_of("3.5") == 350


def test_tiers_are_read_line_by_line() -> None:
    assert tiers_of("0 5%\n\n 10000.50  3.5 ％\n", "x") == (
        Tier(above_fen=0, rate_bps=500),
        Tier(above_fen=1_000_050, rate_bps=350),
    )


@pytest.mark.parametrize("line", ["5%", "0 five", "0 100.01", "-1 5", "0 5 5"])
def test_a_line_that_is_no_tier_is_refused_with_its_field(line: str) -> None:
    with pytest.raises(FormFieldInvalid) as refused:
        tiers_of(f"0 5\n{line}", "tax_tiers")

    assert refused.value.errors[0].pointer == "/tax_tiers"


def test_fees_are_taken_in_a_fixed_order_and_what_is_left_empty_is_not_taken() -> None:
    said = {"name": "甲", "document_number": "1", "effective_from": DAY}

    all_of_them = proposed_of(
        _Proposal(**said, tax_tiers="0 6", platform_tiers="0 5", treasury_tiers="0 10")
    )
    one = proposed_of(
        _Proposal(**said, platform_tiers="0 5", platform_least="1", platform_most="9")
    )

    assert [fee.payee for fee in all_of_them.fees] == [Payee.TAX, Payee.PLATFORM, Payee.TREASURY]
    assert [fee.is_inside for fee in all_of_them.fees] == [True, False, False]
    assert [(fee.minimum_fen, fee.maximum_fen) for fee in one.fees] == [(100, 900)]
    with pytest.raises(FormFieldInvalid):
        proposed_of(_Proposal(**said))
