"""A split adds up, to the fen, and everyone computes the same one."""

from __future__ import annotations

import datetime as dt
import itertools
import uuid
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.ids import new_id
from settlement.ledger.accounts import Purpose
from settlement.money import CEILING, WHOLE, AmountNotPositive, Bps, Fen, ShareOutOfRange
from settlement.revenue.agreement import FrozenSplit, freeze
from settlement.revenue.split import (
    PURPOSES,
    Method,
    Role,
    Share,
    SharesNotWhole,
    ShareTwice,
    TooManyShares,
    check,
    split,
)

NOON = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)


def shares(*parts: int, role: Role = Role.RIGHT_HOLDER) -> tuple[Share, ...]:
    return tuple(
        Share(
            party_id=uuid.UUID(int=number + 1),
            role=role,
            method=Method.COST_SHARING,
            share_bps=Bps(part),
        )
        for number, part in enumerate(parts)
    )


@st.composite
def whole(draw: st.DrawFn) -> tuple[Share, ...]:
    """Draw 1 to 14 positive parts of 10,000."""
    count = draw(st.integers(1, 14))
    cuts = sorted(draw(st.sets(st.integers(1, WHOLE - 1), min_size=count - 1, max_size=count - 1)))
    edges = [0, *cuts, WHOLE]
    return shares(*(right - left for left, right in itertools.pairwise(edges)))


@given(st.integers(1, CEILING), whole())
def test_the_portions_sum_to_the_amount_and_each_is_within_a_fen_of_its_share(
    amount: int, parts: tuple[Share, ...]
) -> None:
    portions = split(Fen(amount), parts)

    assert sum(portion.amount_fen for portion in portions) == amount
    assert [portion.share for portion in portions] == list(parts)
    for portion in portions:
        exact = Fraction(amount * portion.share.share_bps, WHOLE)
        assert abs(portion.amount_fen - exact) < 1


@given(st.integers(1, CEILING), whole())
def test_no_larger_share_gets_less_than_a_smaller_one(
    amount: int, parts: tuple[Share, ...]
) -> None:
    by_share = sorted(split(Fen(amount), parts), key=lambda portion: portion.share.share_bps)

    for smaller, larger in itertools.pairwise(by_share):
        if larger.share.share_bps > smaller.share.share_bps:
            assert larger.amount_fen >= smaller.amount_fen


@pytest.mark.parametrize(
    ("amount", "parts", "expected"),
    [
        (100, (3_333, 3_333, 3_334), (33, 33, 34)),  # the largest remainder
        (10, (3_333, 3_333, 3_334), (3, 3, 4)),
        (1, (5_000, 5_000), (1, 0)),  # equal claims: the order of the agreement
        (1, (2_500, 2_500, 5_000), (0, 0, 1)),
        (3, (2_500, 2_500, 5_000), (1, 1, 1)),  # ¾, ¾, 1½: the larger remainders first
        (2, (7_500, 2_500), (2, 0)),  # equal remainders: the larger share first
        (2, (2_500, 7_500), (0, 2)),
        (5, (10_000,), (5,)),
        (CEILING, (1, 9_999), (CEILING // WHOLE, CEILING - CEILING // WHOLE)),
    ],
)
def test_the_fen_that_are_left_go_out_in_the_written_order(
    amount: int, parts: tuple[int, ...], expected: tuple[int, ...]
) -> None:
    portions = split(Fen(amount), shares(*parts))

    assert tuple(portion.amount_fen for portion in portions) == expected


@pytest.mark.parametrize("parts", [(), (9_999,), (5_000, 5_001), (10_000, 1)])
def test_shares_that_are_not_a_whole_are_refused(parts: tuple[int, ...]) -> None:
    with pytest.raises(SharesNotWhole) as refused:
        check(shares(*parts))

    assert refused.value.code == "revenue_share_not_100"
    assert refused.value.facts == {"sum_bps": sum(parts)}


def test_other_shares_that_can_not_be_are_refused_by_name() -> None:
    with pytest.raises(ShareOutOfRange):
        check(shares(10_001, -1))
    with pytest.raises(TooManyShares):
        check(shares(*([600] * 14), 1_600))
    with pytest.raises(ShareTwice):
        check(shares(5_000) + shares(5_000))
    with pytest.raises(AmountNotPositive):
        split(Fen(0), shares(10_000))


def test_one_party_may_share_in_two_roles() -> None:
    twice = shares(5_000) + shares(5_000, role=Role.PLATFORM)

    assert check(twice) == twice


def test_only_the_treasurys_share_is_non_tax_revenue() -> None:
    for role in Role:
        (share,) = shares(10_000, role=role)
        assert share.is_non_tax_revenue is (share.account.purpose is Purpose.TREASURY_NON_TAX)
    assert set(PURPOSES) == set(Role)
    on_one_account = {Role.RIGHT_HOLDER, Role.AGENCY, Role.BROKER}
    assert {role for role in Role if PURPOSES[role] is Purpose.PAYABLE} == on_one_account
    assert len(set(PURPOSES.values())) == len(Role) - 2


def test_there_are_the_four_methods_of_the_law() -> None:
    assert sorted(Method) == ["cost_sharing", "equity", "ip_sharing", "profit_sharing"]


def test_a_frozen_split_pays_out_and_skips_who_gets_nothing() -> None:
    frozen = freeze(version="a/1", frozen_at=NOON, shares=shares(1, 9_999))

    assert [leg.amount_fen for leg in frozen.credits(Fen(100))] == [100]
    assert [leg.amount_fen for leg in frozen.credits(Fen(10_000))] == [1, 9_999]


def test_a_split_that_is_not_whole_is_not_frozen() -> None:
    with pytest.raises(SharesNotWhole):
        freeze(version="a/1", frozen_at=NOON, shares=shares(9_999))


def test_a_frozen_split_survives_the_wire_and_any_change_changes_its_digest() -> None:
    frozen = freeze(version="a/1", frozen_at=NOON, shares=shares(4_000, 6_000))

    read = msgspec.json.decode(msgspec.json.encode(frozen), type=FrozenSplit)

    assert read == frozen
    assert read.digest() == frozen.digest()
    first, second = frozen.shares
    others = [
        msgspec.structs.replace(frozen, version="a/2"),
        msgspec.structs.replace(frozen, frozen_at=NOON + dt.timedelta(seconds=1)),
        msgspec.structs.replace(frozen, shares=(second, first)),
        *(
            msgspec.structs.replace(
                frozen, shares=(msgspec.structs.replace(first, **change), second)
            )
            for change in (
                {"party_id": new_id()},
                {"role": Role.TREASURY},
                {"method": Method.EQUITY},
                {"share_bps": Bps(3_999)},
            )
        ),
    ]
    digests = {other.digest() for other in others} | {frozen.digest()}
    assert len(digests) == len(others) + 1
