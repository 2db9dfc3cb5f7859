"""What of an amount is tax, held against fractions that are rounded by hand; which rates may be named."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.errors import Invalid
from settlement.money import CEILING
from settlement.taxes import disk, rates, taxing
from settlement.taxes.model import Tax, TaxRate, ZeroReason

AMOUNTS = st.integers(0, 10**15)
RATES = st.integers(0, 9_999)
USUAL = (0, 100, 300, 600, 900, 1_300)
TABLE = disk.read_rates()


def slow_nearest(exact: Fraction) -> int:
    """Return the whole number next to ``exact``, found by looking at both; half goes up."""
    below = exact.numerator // exact.denominator
    return below if exact - below < Fraction(1, 2) else below + 1


def slow_inside(gross: int, rate: int) -> int:
    part = Fraction(rate, 10_000)
    return slow_nearest(gross * part / (1 + part))


def slow_outside(net: int, rate: int) -> int:
    return slow_nearest(Fraction(net) * Fraction(rate, 10_000))


@given(AMOUNTS, RATES)
def test_the_tax_in_a_gross_amount_is_what_fractions_say(gross: int, rate: int) -> None:
    told = taxing.inside(gross, rate)

    assert (told.net_fen, told.tax_fen, told.gross_fen) == (
        gross - slow_inside(gross, rate),
        slow_inside(gross, rate),
        gross,
    )


@given(AMOUNTS, RATES)
def test_the_tax_on_a_net_amount_is_what_fractions_say(net: int, rate: int) -> None:
    told = taxing.outside(net, rate)

    assert (told.net_fen, told.tax_fen, told.gross_fen) == (
        net,
        slow_outside(net, rate),
        net + slow_outside(net, rate),
    )


@given(AMOUNTS, RATES)
def test_net_and_tax_are_always_gross_and_something_stays_net(amount: int, rate: int) -> None:
    for told in (taxing.inside(amount, rate), taxing.outside(amount, rate)):
        assert told.net_fen + told.tax_fen == told.gross_fen
        assert told.tax_fen >= 0
        assert (told.net_fen > 0) == (told.gross_fen > 0)


@given(AMOUNTS, RATES)
def test_a_gross_amount_tells_the_tax_that_was_added_to_it(net: int, rate: int) -> None:
    added = taxing.outside(net, rate)

    assert taxing.inside(added.gross_fen, rate) == added


@pytest.mark.parametrize("rate", USUAL)
def test_at_every_small_amount_both_ways_agree_with_the_slow_rule(rate: int) -> None:
    for amount in range(2_000):
        assert taxing.inside(amount, rate).tax_fen == slow_inside(amount, rate)
        assert taxing.outside(amount, rate).tax_fen == slow_outside(amount, rate)
        assert taxing.inside(taxing.outside(amount, rate).gross_fen, rate).net_fen == amount


@pytest.mark.parametrize(
    ("gross", "rate", "tax"),
    [
        (0, 600, 0),
        (1, 600, 0),
        (8, 600, 0),  # 0.4528…
        (9, 600, 1),  # 0.5094…
        (106, 600, 6),
        (10_600, 600, 600),
        (1, 9_999, 0),  # the highest rate there is leaves the only fen net
        (CEILING, 1_300, 115_044_247_787_611),
    ],
)
def test_the_tax_in_these_amounts_is_known(gross: int, rate: int, tax: int) -> None:
    assert taxing.inside(gross, rate).tax_fen == tax


@pytest.mark.parametrize(
    ("net", "rate", "tax"),
    [
        (50, 100, 1),
        (49, 100, 0),
        (50, 300, 2),
        (49, 300, 1),
        (17, 300, 1),
        (16, 300, 0),
        (5, 1_000, 1),
    ],
)
def test_half_a_fen_of_tax_goes_up(net: int, rate: int, tax: int) -> None:
    assert taxing.outside(net, rate).tax_fen == tax


@given(st.lists(st.integers(0, 10**6), max_size=40), RATES)
def test_the_tax_of_all_windows_is_the_tax_of_the_whole(steps: list[int], rate: int) -> None:
    total, taken = 0, 0

    for step in steps:
        total += step
        window = taxing.inside(total, rate).tax_fen - taken
        assert 0 <= window <= step
        taken += window

    assert taken == taxing.inside(sum(steps), rate).tax_fen


def test_what_was_rounded_away_is_told() -> None:
    assert taxing.unrounded(10_000, 600) == Fraction(60_000, 106)


@pytest.mark.parametrize(
    ("rate", "reason", "on", "refusal"),
    [
        (600, None, "2026-11-29", None),
        (600, None, "2016-05-01", None),
        (600, None, "2016-04-30", rates.TaxRateNotInForce),
        (1_600, None, "2019-03-31", None),
        (1_600, None, "2019-04-01", rates.TaxRateNotInForce),
        (1_300, None, "2019-03-31", rates.TaxRateNotInForce),
        (1_300, None, "2019-04-01", None),
        (100, None, "2027-12-31", None),
        (100, None, "2028-01-01", rates.TaxRateNotInForce),
        (1_700, None, "2026-11-29", rates.TaxRateUnknown),
        (0, None, "2026-11-29", rates.ZeroRateUnexplained),
        (0, ZeroReason.EXEMPT, "2026-11-29", None),
        (0, ZeroReason.SMALL_SCALE, "2028-01-01", rates.TaxRateNotInForce),
        (0, ZeroReason.NON_TAX_REVENUE, "2026-11-29", None),
        (600, ZeroReason.EXEMPT, "2026-11-29", rates.ZeroReasonUnfit),
    ],
)
def test_a_rate_is_named_within_its_days_and_zero_with_its_reason(
    rate: int, reason: ZeroReason | None, on: str, refusal: type[Invalid] | None
) -> None:
    tax = Tax(rate_bps=rate) if reason is None else Tax(rate_bps=rate, zero_reason=reason)

    if refusal is None:
        rates.check(tax, dt.date.fromisoformat(on), TABLE)
    else:
        with pytest.raises(refusal):
            rates.check(tax, dt.date.fromisoformat(on), TABLE)


def test_every_reason_why_nothing_is_taken_stands_in_the_shipped_table() -> None:
    assert {each.zero_reason for each in TABLE} == {None, *ZeroReason}
    assert {each.rate_bps for each in TABLE} >= set(USUAL)


def row(**changes: Any) -> dict[str, Any]:
    return {"rate_bps": 600, "valid_from": dt.date(2026, 1, 1), "source": "令", **changes}


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"rate": [row(rate_bps=10_000)]},
        {"rate": [row(rate_bps=6.5)]},
        {"rate": [row(source="")]},
        {"rate": [row(valid_to=dt.date(2025, 12, 31))]},
        {"rate": [row(rate_bps=0)]},
        {"rate": [row(zero_reason="exempt")]},
        {"rate": [row(), row(valid_from=dt.date(2027, 1, 1))]},
        {"rate": [row(valid_to=dt.date(2026, 6, 1)), row(valid_from=dt.date(2026, 6, 1))]},
    ],
)
def test_a_table_that_says_something_that_can_not_be_is_not_read(table: dict[str, Any]) -> None:
    with pytest.raises(rates.RatesInvalid):
        rates.rates(table)


def test_a_rate_may_end_and_come_back_and_stand_beside_others() -> None:
    ended, back = dt.date(2026, 5, 31), dt.date(2026, 6, 1)

    table = rates.rates({"rate": [row(valid_to=ended), row(valid_from=back), row(rate_bps=300)]})

    assert [each.is_in_force(ended) for each in table] == [True, False, True]
    assert table[0] == TaxRate(
        rate_bps=600, valid_from=dt.date(2026, 1, 1), valid_to=ended, source="令"
    )


@pytest.mark.parametrize("rate", [-1, 10_000, True, "600", 6.0])
def test_a_rate_is_a_whole_number_of_ten_thousandths_below_the_whole(rate: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"rate_bps": rate}, Tax)
