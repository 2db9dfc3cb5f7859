"""What an operator may take: to the fen, with what it owes from before, and who adjusts."""

from __future__ import annotations

import datetime as dt
import uuid
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.ids import PartyId
from market.allowed_revenue import allowing
from market.allowed_revenue.model import Allowance, AllowanceId, Compared, Decided, Task
from market.allowed_revenue.states import State
from tests.pure.test_pricing import refused

FROM = dt.date(2026, 1, 1)
TO = dt.date(2026, 12, 31)
NOW = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
FEN = st.integers(0, 10**14)
BPS = st.integers(0, 10_000)


def decide(**changes: Any) -> Decided:
    values: dict[str, Any] = {
        "operator_party_id": uuid.UUID(int=1),
        "period_from": FROM,
        "period_to": TO,
        "cost_fen": 1_000_000,
        "subsidies_fen": 100_000,
        "treasury_rate_bps": 180,
        "premium_bps": 600,
        "tax_fen": 54_000,
        "expected_volume": 1_000,
        "document_number": "琼发改价〔2026〕2号",
        "authority": "海南省发展和改革委员会",
    }
    return Decided(**(values | changes))


def test_cost_net_of_subsidies_and_the_rate_on_it_and_tax_are_allowed() -> None:
    assert allowing.gross_fen(decide()) == 900_000 + 70_200 + 54_000
    assert allowing.gross_fen(decide(subsidies_fen=2_000_000)) == 54_000


@given(FEN, FEN, BPS, st.integers(0, 600), FEN)
def test_the_formula_is_exact_but_for_less_than_a_fen_of_profit(
    cost: int, subsidies: int, rate: int, premium: int, tax: int
) -> None:
    decided = decide(
        cost_fen=cost,
        subsidies_fen=subsidies,
        treasury_rate_bps=rate,
        premium_bps=premium,
        tax_fen=tax,
    )
    net = max(cost - subsidies, 0)
    exact = Fraction(net) * (1 + Fraction(rate + premium, 10_000)) + tax

    assert 0 <= exact - allowing.gross_fen(decided) < 1


@given(FEN, FEN)
def test_what_is_owed_is_deducted_once_and_the_rest_is_carried_on(gross: int, owed: int) -> None:
    allowed, rest = allowing.deducted(gross, owed)

    assert allowed >= 0
    assert rest >= 0
    assert allowed - rest == gross - owed
    assert not (allowed and rest)


@given(st.lists(st.tuples(FEN, FEN), min_size=1, max_size=8))
def test_over_many_periods_nothing_that_was_taken_too_much_is_forgotten(
    periods: list[tuple[int, int]],
) -> None:
    owed = 0
    given_back = 0
    for gross, recovered in periods:
        allowed, carried = allowing.deducted(gross, owed)
        given_back += gross - allowed
        owed = allowing.over_fen(allowed, carried, recovered)

    too_much = 0
    balance = 0
    for gross, recovered in periods:
        allowed = max(gross - balance, 0)
        too_much += max(recovered - allowed, 0)
        balance = max(balance - gross, 0) + max(recovered - allowed, 0)
    assert owed == balance
    assert given_back == too_much - owed


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"period_to": FROM - dt.timedelta(days=1)}, "allowance_period_invalid"),
        ({"period_to": dt.date(2029, 1, 1)}, "allowance_period_invalid"),
        ({"premium_bps": 601}, "allowance_premium_too_high"),
        ({"cost_fen": 10**15}, "allowance_too_large"),
    ],
)
def test_an_allowance_that_can_not_be_is_refused(changes: dict[str, Any], code: str) -> None:
    assert refused(allowing.check, decide(**changes), ()) == code


def test_an_allowance_may_last_three_years_and_one_day_and_follow_another() -> None:
    allowing.check(decide(period_to=FROM), ())
    allowing.check(decide(period_to=dt.date(2028, 12, 31)), ())
    leap = dt.date(2028, 2, 29)
    allowing.check(decide(period_from=leap, period_to=dt.date(2031, 2, 28)), ())
    allowing.check(decide(period_from=TO + dt.timedelta(days=1), period_to=leap), (decide(),))
    allowing.check(decide(), (decide(period_from=TO + dt.timedelta(days=1), period_to=leap),))


@pytest.mark.parametrize("days", [0, 100, 364])
def test_two_allowances_of_one_operator_share_no_day(days: int) -> None:
    begins = FROM + dt.timedelta(days=days)

    overlapping = decide(period_from=begins, period_to=begins)

    assert refused(allowing.check, decide(), (overlapping,)) == "allowance_periods_overlap"


@pytest.mark.parametrize(
    ("recovered", "warned", "told"),
    [
        (0, 0, None),
        (799, 0, None),
        (800, 0, 8_000),
        (800, 8_000, None),
        (999, 8_000, None),
        (1_000, 0, 10_000),
        (1_000, 8_000, 10_000),
        (5_000, 10_000, None),
    ],
)
def test_eighty_and_a_hundred_percent_are_told_once_each(
    recovered: int, warned: int, told: int | None
) -> None:
    assert allowing.warning_bps(1_000, recovered, warned) == told


def test_of_nothing_whatever_was_taken_is_all_of_it() -> None:
    assert allowing.burnt_bps(0, 0) == 0
    assert allowing.burnt_bps(0, 1) == 10_000
    assert allowing.warning_bps(0, 0, 0) is None


@pytest.mark.parametrize(
    ("cost", "volume", "found"),
    [
        (1_000_000, 1_000, (0, Task.NONE)),
        (1_000_001, 1_000, (1, Task.FEES)),
        (1_100_000, 1_000, (1_000, Task.FEES)),
        (900_000, 1_100, (1_000, Task.FEES)),
        (1_100_001, 1_000, (1_001, Task.CEILINGS)),
        (1_000_000, 899, (1_010, Task.CEILINGS)),
        (0, 0, (10_000, Task.CEILINGS)),
    ],
)
def test_up_to_ten_percent_the_operator_adjusts_and_above_the_authority(
    cost: int, volume: int, found: tuple[int, Task]
) -> None:
    assert allowing.task_of(decide(), actual_cost_fen=cost, actual_volume=volume) == found


def test_a_period_is_closed_after_its_last_day() -> None:
    allowing.check_over(decide(), TO + dt.timedelta(days=1))
    assert refused(allowing.check_over, decide(), TO) == "allowance_period_not_over"
    assert allowing.deviation_bps(0, 5) == 50_000


def allowance(**changes: Any) -> Allowance:
    values: dict[str, Any] = {
        "id": AllowanceId(uuid.UUID(int=2)),
        "state": State.LAID_DOWN,
        "operator_party_id": PartyId(uuid.UUID(int=1)),
        "decided": decide(),
        "deducted_fen": 0,
        "carried_fen": 0,
        "allowed_fen": 1,
        "version": 1,
        "laid_down_at": NOW,
        "updated_at": NOW,
    }
    return Allowance(**(values | changes))


def test_a_period_is_compared_once_it_is_over_and_if_nobody_did() -> None:
    after = TO + dt.timedelta(days=1)
    compared = Compared(
        actual_cost_fen=1, actual_volume=1, deviation_bps=0, task=Task.NONE, reviewed_at=NOW
    )

    assert allowing.is_to_compare(allowance(), after)
    assert not allowing.is_to_compare(allowance(), TO)
    assert not allowing.is_to_compare(allowance(compared=compared), after)
    for state in (State.TO_ADJUST, State.CLOSED):
        assert not allowing.is_to_compare(allowance(state=state), after)
