"""A frozen split with fees: exact claims, one division, bit by bit as in one, and every fen explained."""

from __future__ import annotations

import datetime as dt
import uuid
from fractions import Fraction
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement.fees.deducting import Fee, FeesUnfit, Payee, Tier
from settlement.ledger.accounts import Account
from settlement.ledger.journal import Leg
from settlement.money import Bps, Fen
from settlement.revenue.agreement import Deduction, FrozenSplit, freeze
from settlement.revenue.dividing import divide
from settlement.revenue.explaining import Exact, Rule, explain
from settlement.revenue.reversing import ReversalTooLarge, given_back, sources
from settlement.revenue.split import Method, Role, Share, ShareTwice, TooManyShares
from tests.pure.test_settlement_fees_deducting import fee, schedules
from tests.pure.test_settlement_revenue_split import NOON, shares, whole

OFFICE = uuid.UUID(int=99)


def deductions(*fees: Fee) -> tuple[Deduction, ...]:
    return tuple(Deduction(party_id=OFFICE, fee=each) for each in fees)


@st.composite
def splits(draw: st.DrawFn) -> FrozenSplit:
    """Draw a split of fees and shares."""
    drawn = draw(whole())
    return freeze(
        version="fees/1",
        frozen_at=NOON,
        shares=drawn if len(drawn) <= 11 else shares(10_000),
        deductions=deductions(*draw(schedules())),
    )


def by_account(*legs: Leg) -> dict[Account, int]:
    found: dict[Account, int] = {}
    for leg in legs:
        found[leg.account] = found.get(leg.account, 0) + leg.amount_fen
    return found


TAXED = freeze(
    version="fees/7",
    frozen_at=NOON,
    shares=shares(3_333, 3_333, 3_334),
    deductions=deductions(
        fee((0, 600), code="vat", payee=Payee.TAX, is_inside=True),
        fee((0, 500), minimum_fen=10, maximum_fen=1_000),
    ),
)


@given(splits(), st.integers(1, 10**9))
def test_fees_and_shares_are_the_whole_and_each_is_within_a_fen_of_its_claim(
    split: FrozenSplit, amount: int
) -> None:
    claims = {claim.account: claim.exact for claim in split.claims(Fen(amount))}
    paid = by_account(*split.credits(Fen(amount)))

    assert sum(claims.values()) == amount
    assert sum(paid.values()) == amount
    for account, exact in claims.items():
        assert abs(paid.get(account, 0) - exact) < 1


def test_fees_come_first_and_the_shares_divide_what_they_leave() -> None:
    paid = [(leg.account.purpose.value, leg.amount_fen) for leg in TAXED.credits(Fen(10_600))]

    # 600 of tax, 530 of the whole price, 9,470 to share: 3,156.351, 3,156.351, 3,157.298
    assert paid == [
        ("tax_payable", 600),
        ("platform_fee", 530),
        ("payable", 3_157),
        ("payable", 3_156),
        ("payable", 3_157),
    ]


def test_what_can_not_be_frozen_is_refused_by_name() -> None:
    with pytest.raises(FeesUnfit):
        freeze(
            version="a",
            frozen_at=NOON,
            shares=shares(10_000),
            deductions=deductions(fee((0, 10_000))),
        )
    platform = shares(10_000, role=Role.PLATFORM)
    with pytest.raises(ShareTwice):
        freeze(
            version="a",
            frozen_at=NOON,
            shares=platform,
            deductions=(Deduction(party_id=platform[0].party_id, fee=fee()),),
        )
    many = shares(*([500] * 13), 3_500)
    with pytest.raises(TooManyShares):
        freeze(version="a", frozen_at=NOON, shares=many, deductions=deductions(fee()))


def test_any_change_of_a_fee_changes_the_digest_and_without_fees_it_is_as_it_was() -> None:
    plain = msgspec.structs.replace(TAXED, deductions=())
    first, second = TAXED.deductions
    changed = [
        (first,),
        (second, first),
        (msgspec.structs.replace(first, party_id=uuid.UUID(int=98)), second),
        *(
            (first, Deduction(party_id=OFFICE, fee=msgspec.structs.replace(second.fee, **change)))
            for change in (
                {"minimum_fen": 11},
                {"maximum_fen": None},
                {"tiers": (Tier(0, 501),)},
                {"code": "other"},
            )
        ),
    ]

    digests = {msgspec.structs.replace(TAXED, deductions=each).digest() for each in changed}

    assert len(digests | {plain.digest(), TAXED.digest()}) == len(changed) + 2
    assert msgspec.json.decode(msgspec.json.encode(TAXED), type=FrozenSplit) == TAXED
    assert plain.digest() == freeze(version="fees/7", frozen_at=NOON, shares=TAXED.shares).digest()


# ── bit by bit ──────────────────────────────────────────────────────────────────────────────────


@given(splits(), st.lists(st.integers(1, 3_000), min_size=1, max_size=30))
@settings(max_examples=200)
def test_however_it_is_charged_bit_by_bit_everyone_gets_what_one_charge_gives(
    split: FrozenSplit, bits: list[int]
) -> None:
    paid: dict[Account, int] = {}
    total = residual = 0
    for bit in bits:
        step = split.increment(total, Fen(total + bit))
        assert all(leg.amount_fen > 0 for leg in (*step.charged, *step.settled))
        assert sum(leg.amount_fen for leg in step.charged) + step.waiting_fen == bit
        assert not (step.waiting_fen and step.settled)
        residual += step.waiting_fen - sum(leg.amount_fen for leg in step.settled)
        assert 0 <= residual < len(split.claims(Fen(total + bit)))
        for account, amount in by_account(*step.charged, *step.settled).items():
            paid[account] = paid.get(account, 0) + amount
        total += bit
    last = split.final(Fen(total))

    assert sum(leg.amount_fen for leg in last) == residual
    assert all(leg.amount_fen == 1 for leg in last)
    for account, amount in by_account(*last).items():
        paid[account] = paid.get(account, 0) + amount
    assert paid == by_account(*split.credits(Fen(total)))


def test_a_residual_that_shrinks_is_drawn_while_the_charge_pays_the_rest() -> None:
    split = freeze(version="a", frozen_at=NOON, shares=shares(3_333, 3_333, 3_334))

    first = split.increment(0, Fen(2))
    then = split.increment(2, Fen(4))

    assert (first.charged, first.waiting_fen) == ((), 2)
    assert [leg.amount_fen for leg in then.charged] == [1, 1]
    assert [leg.amount_fen for leg in then.settled] == [1]
    assert then.waiting_fen == 0


def test_a_hundred_thousand_small_charges_do_not_drift() -> None:
    split = freeze(version="a", frozen_at=NOON, shares=shares(3_333, 3_333, 3_334))
    total = 5 * 100_000

    in_one = split.increment(0, Fen(total))
    exact = {claim.account: claim.exact for claim in split.claims(Fen(total))}

    for account, amount in by_account(*in_one.charged).items():
        assert 0 <= exact[account] - amount < 1


# ── taken back ──────────────────────────────────────────────────────────────────────────────────


@given(
    st.lists(st.integers(1, 10_000), min_size=1, max_size=14),
    st.lists(st.integers(1, 1_000), min_size=1, max_size=20),
)
@settings(max_examples=300)
def test_over_all_refunds_each_party_gives_back_its_part_and_never_more_than_it_got(
    legs: list[int], refunds: list[int]
) -> None:
    gross = sum(legs)
    back = [0] * len(legs)
    for wanted in refunds:
        amount = min(wanted, gross - sum(back))
        if amount == 0:
            break
        step = given_back(legs, back, amount)
        assert sum(step) == amount
        assert min(step) >= 0
        back = [was + now for was, now in zip(back, step, strict=True)]
        for got, returned in zip(legs, back, strict=True):
            assert returned <= got
            assert abs(returned - Fraction(got * sum(back), gross)) < 2
    if sum(back) < gross:
        back = [
            was + now
            for was, now in zip(back, given_back(legs, back, gross - sum(back)), strict=True)
        ]
    assert back == legs


@pytest.mark.parametrize(
    ("legs", "before", "by", "expected"),
    [
        ((600, 530, 9_470), (0, 0, 0), 10_600, (600, 530, 9_470)),
        ((600, 530, 9_470), (0, 0, 0), 5_300, (300, 265, 4_735)),
        ((6, 6, 2), (0, 0, 0), 10, (4, 4, 2)),
        ((6, 6, 2), (4, 4, 2), 1, (1, 0, 0)),  # of eleven the last would get only one: it keeps two
        ((1, 1, 1, 1, 1, 1), (1, 1, 1, 0, 0, 0), 1, (0, 0, 0, 1, 0, 0)),
    ],
)
def test_what_is_given_back_is_counted_over_all_refunds(
    legs: tuple[int, ...], before: tuple[int, ...], by: int, expected: tuple[int, ...]
) -> None:
    assert given_back(legs, before, by) == expected


def test_where_whole_fen_would_be_too_many_who_has_the_smallest_lack_waits() -> None:
    # After 29 of 62 fen the two small legs gave a whole fen each; of 31 the large ones owe 10 each.
    legs, before = (1, 20, 20, 1, 20), (1, 9, 9, 1, 9)

    step = given_back(legs, before, 2)

    assert sorted(step) == [0, 0, 0, 1, 1]
    assert (step[0], step[3]) == (0, 0)


@pytest.mark.parametrize("by", [-1, 0, 8])
def test_no_more_is_taken_back_than_was_paid(by: int) -> None:
    with pytest.raises(ReversalTooLarge) as refused:
        given_back((5, 5), (2, 1), by)

    assert refused.value.code == "reversal_too_large"
    assert refused.value.facts == {"paid_fen": 10, "reversed_fen": 3, "amount_fen": by}


@pytest.mark.parametrize(
    ("due", "owed", "floor", "retained", "expected"),
    [
        (100, 100, 0, 0, (100, 0, 0)),
        (100, 60, 0, 0, (60, 0, 40)),
        (100, 60, -30, 0, (90, 0, 10)),
        (100, 60, -30, 5, (90, 5, 5)),
        (100, -30, -30, 200, (0, 100, 0)),
        (100, -40, -30, 0, (0, 0, 100)),  # below its floor already: nothing more is taken
        (100, 0, 0, -1, (0, 0, 100)),
    ],
)
def test_first_what_is_owed_then_the_retention_then_the_platform(
    due: int, owed: int, floor: int, retained: int, expected: tuple[int, int, int]
) -> None:
    found = sources(due, owed_fen=owed, floor_fen=floor, retained_fen=retained)

    assert (found.payable_fen, found.retention_fen, found.loss_fen) == expected


# ── explained ───────────────────────────────────────────────────────────────────────────────────


@given(splits(), st.integers(1, 10**9))
def test_the_explanation_is_the_split(split: FrozenSplit, amount: int) -> None:
    told = explain(Fen(amount), split)

    paid = {part.account: part.amount_fen for part in told.parts if part.amount_fen}
    assert paid == {leg.account.code: leg.amount_fen for leg in split.credits(Fen(amount))}
    assert sum(part.extra_fen for part in told.parts) == told.left_fen
    for part in told.parts:
        assert part.amount_fen == part.exact.whole_fen + part.extra_fen
        assert 0 <= part.exact.numerator < part.exact.denominator
        assert (part.extra_fen == 1) is (part.place <= told.left_fen)
    ranked = sorted(told.parts, key=lambda part: part.place)
    for first, second in pairwise(ranked):
        assert Fraction(first.exact.numerator, first.exact.denominator) >= Fraction(
            second.exact.numerator, second.exact.denominator
        )


def test_every_fen_is_told_with_its_rule_its_rate_its_remainder_and_who_got_one_more() -> None:
    told = explain(Fen(10_600), TAXED)

    assert (told.amount_fen, told.version, told.left_fen) == (10_600, "fees/7", 1)
    assert told.split_sha256 == TAXED.digest()
    tax, service, first, _, third = told.parts
    assert (tax.rule, tax.fee_code, tax.is_inside, tax.exact) == (
        Rule.FEE,
        "vat",
        True,
        Exact(600, 0, 1),
    )
    assert (service.fee_tiers, service.minimum_fen, service.maximum_fen) == (
        (Tier(0, 500),),
        10,
        1_000,
    )
    assert (first.rule, first.method, first.share_bps) == (Rule.SHARE, Method.COST_SHARING, 3_333)
    assert (first.base, first.exact) == (Exact(9_470, 0, 1), Exact(3_156, 351, 1_000))
    assert (first.place, first.extra_fen, first.amount_fen) == (1, 1, 3_157)
    assert (third.place, third.extra_fen) == (3, 0)


def test_the_treasurys_part_is_told_as_non_tax_revenue() -> None:
    split = freeze(
        version="a",
        frozen_at=dt.datetime(2026, 3, 2, tzinfo=dt.UTC),
        shares=(
            Share(
                party_id=OFFICE,
                role=Role.DEPARTMENT,
                method=Method.PROFIT_SHARING,
                share_bps=Bps(10_000),
            ),
        ),
        deductions=deductions(fee((0, 1_000), code="non_tax", payee=Payee.TREASURY)),
    )

    told: list[Any] = [
        (part.role, part.is_non_tax_revenue) for part in explain(Fen(9), split).parts
    ]

    assert told == [(Role.TREASURY, True), (Role.DEPARTMENT, False)]


def test_equal_remainders_go_to_the_larger_claim_and_then_to_who_stands_first() -> None:
    half = Fraction(1, 2)

    assert [part.extra_fen for part in divide([half, 1 + half])] == [0, 1]
    assert [part.place for part in divide([half, half, Fraction(1)])] == [1, 2, 3]
