"""What one fee comes to: progressive, clamped, in the price; exact, and never more than is left."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.fees.deducting import Base, Fee, FeesUnfit, Payee, Tier, check, deduct

PAYEES = list(Payee)


def fee(*tiers: tuple[int, int], **changes: Any) -> Fee:
    values: dict[str, Any] = {
        "code": "service",
        "payee": Payee.PLATFORM,
        "tiers": tuple(Tier(above, rate) for above, rate in tiers or ((0, 500),)),
    }
    return Fee(**(values | changes))


def one(taken_of: int, asked: Fee) -> Fraction:
    (taken,), left = deduct([asked], taken_of)
    assert taken.exact + left == taken_of
    return taken.exact


@st.composite
def schedules(draw: st.DrawFn) -> list[Fee]:
    """Draw up to three fees that can be taken together."""
    fees = []
    rates = draw(st.lists(st.integers(0, 3_000), min_size=0, max_size=3))
    for payee, rate in zip(PAYEES, rates, strict=False):
        is_inside = payee is Payee.TAX and draw(st.booleans())
        steps = sorted(draw(st.sets(st.integers(1, 5_000), max_size=3)))
        tiers = [(0, rate), *((above, draw(st.integers(0, rate))) for above in steps)]
        low = draw(st.integers(0, 300))
        clamp = {"minimum_fen": low, "maximum_fen": draw(st.none() | st.integers(low, 4_000))}
        fees.append(
            fee(
                *(tiers[:1] if is_inside else tiers),
                code=str(payee),
                payee=payee,
                base=draw(st.sampled_from(Base)),
                is_inside=is_inside,
                **({} if is_inside else clamp),
            )
        )
    check(fees)
    return fees


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        (1, Fraction(5, 100)),
        (10_000, 500),
        (10_001, 500 + Fraction(3, 100)),  # each tier for its own part
        (30_000, 500 + 600),
        (100_000, 500 + 1_200 + 500),
    ],
)
def test_each_tier_holds_for_its_own_part_of_the_base(amount: int, expected: Fraction) -> None:
    assert one(amount, fee((0, 500), (10_000, 300), (50_000, 100))) == expected


def test_least_and_most_clamp_the_whole_and_no_fee_takes_what_is_not_there() -> None:
    clamped = fee((0, 500), minimum_fen=100, maximum_fen=900)

    assert [one(amount, clamped) for amount in (40, 100, 2_000, 4_000, 18_000, 18_001)] == [
        40,
        100,
        100,
        200,
        900,
        900,
    ]


def test_tax_in_the_price_is_taken_out_of_it() -> None:
    assert one(106, fee((0, 600), is_inside=True)) == 6
    assert one(100, fee((0, 600), is_inside=True)) == Fraction(600, 106)
    assert one(100, fee((0, 600))) == 6


def test_fees_are_taken_in_their_order_of_the_whole_or_of_what_is_left() -> None:
    tax = fee((0, 600), code="tax", payee=Payee.TAX, is_inside=True)
    of_all = fee((0, 1_000))
    of_rest = fee((0, 1_000), base=Base.LEFT)

    taken, left = deduct([tax, of_all], 10_600)
    assert ([each.exact for each in taken], left) == ([600, 1_060], 8_940)
    taken, left = deduct([tax, of_rest], 10_600)
    assert ([(each.base, each.exact) for each in taken], left) == (
        [(10_600, 600), (10_000, 1_000)],
        9_000,
    )


@given(schedules(), st.lists(st.integers(1, 20_000), min_size=2, max_size=2, unique=True))
def test_no_fee_and_no_rest_ever_falls_when_the_base_grows(
    fees: list[Fee], amounts: list[int]
) -> None:
    smaller, larger = (deduct(fees, amount) for amount in sorted(amounts))

    assert smaller[1] <= larger[1]
    for less, more in zip(smaller[0], larger[0], strict=True):
        assert 0 <= less.exact <= more.exact


@given(schedules(), st.integers(1, 10**15))
def test_fees_and_rest_are_the_whole(fees: list[Fee], amount: int) -> None:
    taken, left = deduct(fees, amount)

    assert sum(each.exact for each in taken) + left == amount
    assert left >= 0


@pytest.mark.parametrize(
    ("fees", "fault"),
    [
        ([fee(code=f"a{n}") for n in range(4)], "too_many"),
        ([fee(), fee(payee=Payee.TAX)], "code_twice"),
        ([fee(), fee(code="again")], "payee_twice"),
        ([fee((1, 500))], "tiers"),
        ([fee((0, 500), (10, 400), (10, 300))], "tiers"),
        ([fee(minimum_fen=2, maximum_fen=1)], "clamp"),
        ([fee(is_inside=True, minimum_fen=1)], "inside"),
        ([fee(is_inside=True, maximum_fen=1)], "inside"),
        ([fee((0, 1), (5, 2), is_inside=True)], "inside"),
        ([fee((0, 10_000))], "whole"),
        ([fee((0, 6_000)), fee((0, 4_000), code="tax", payee=Payee.TAX)], "whole"),
    ],
)
def test_fees_that_can_not_all_be_taken_are_refused(fees: list[Fee], fault: str) -> None:
    with pytest.raises(FeesUnfit) as refused:
        check(fees)

    assert refused.value.code == "fee_schedule_unfit"
    assert fault in refused.value.facts["faults"]


def test_every_fault_is_named_at_once_and_none_of_good_fees() -> None:
    with pytest.raises(FeesUnfit) as refused:
        check([fee((1, 10_000), minimum_fen=2, maximum_fen=1)])
    assert refused.value.facts["faults"] == ["tiers", "clamp", "whole"]

    check([])
    check([fee((0, 500), maximum_fen=9)])
    for base, inside in itertools.product(Base, (False, True)):
        check([fee(base=base, is_inside=inside)])
