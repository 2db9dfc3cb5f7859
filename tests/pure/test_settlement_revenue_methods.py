"""The four methods of the law, each with its own facts and its own rule (QD-11)."""

from __future__ import annotations

import itertools
import uuid
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from settlement.revenue.methods import (
    Agreed,
    Borne,
    ClaimRole,
    CostSharing,
    Equity,
    IpSharing,
    MethodUnfit,
    PriorClaim,
    ProfitPart,
    ProfitSharing,
    Right,
    RightKind,
    Stake,
    Terms,
)
from settlement.revenue.split import Method, Role, check

A, B, C, D = (uuid.UUID(int=number) for number in range(1, 5))
SIGNED = "ab" * 32


def agreed(terms: Terms, *claims: PriorClaim) -> Agreed:
    return Agreed(terms=terms, claims=claims, document_sha256=SIGNED)


def told(agreement: Agreed) -> list[tuple[uuid.UUID, str, int]]:
    shares = check(agreement.shares())
    assert {share.method for share in shares} == {agreement.method}
    return [(share.party_id, share.role.value, share.share_bps) for share in shares]


def test_costs_are_shared_by_what_each_bore() -> None:
    terms = CostSharing((Borne(A, 100), Borne(B, 100), Borne(C, 100)))

    assert told(agreed(terms)) == [
        (A, "right_holder", 3_334),
        (B, "right_holder", 3_333),
        (C, "right_holder", 3_333),
    ]
    assert agreed(terms).method is Method.COST_SHARING


def test_profit_is_what_the_cost_leaves() -> None:
    terms = ProfitSharing((ProfitPart(A, 7_000), ProfitPart(B, 3_000)), 2_000, C)
    same = ProfitSharing((ProfitPart(A, 7_000), ProfitPart(B, 3_000)), 2_000, A)
    plain = ProfitSharing((ProfitPart(A, 7_000), ProfitPart(B, 3_000)))

    assert [(party, part) for party, _, part in told(agreed(terms))] == [
        (A, 5_600),
        (B, 2_400),
        (C, 2_000),
    ]
    assert [(party, part) for party, _, part in told(agreed(same))] == [(A, 7_600), (B, 2_400)]
    assert [part for _, _, part in told(agreed(plain))] == [7_000, 3_000]


def test_the_company_keeps_its_reserve_and_the_rest_goes_by_capital() -> None:
    terms = Equity(C, (Stake(A, 300), Stake(B, 100)))
    without = Equity(C, (Stake(A, 300), Stake(B, 100)), 0)

    assert [(party, part) for party, _, part in told(agreed(terms))] == [
        (C, 1_000),
        (A, 6_750),
        (B, 2_250),
    ]
    assert [part for _, _, part in told(agreed(without))] == [7_500, 2_500]


def test_rights_earn_a_royalty_by_weight_and_the_rest_is_who_exploits_them() -> None:
    patent = Right(A, RightKind.PATENT, "ZL2026", 2)
    data = Right(A, RightKind.DATA, "HN-0001", 1)
    other = Right(B, RightKind.COPYRIGHT, "2026SR1", 1)

    terms = IpSharing(C, 4_000, (patent, data, other))
    own = IpSharing(A, 4_000, (patent, data, other))
    all_of_it = IpSharing(C, 10_000, (patent, other))

    assert [(party, part) for party, _, part in told(agreed(terms))] == [
        (A, 3_000),
        (B, 1_000),
        (C, 6_000),
    ]
    assert [(party, part) for party, _, part in told(agreed(own))] == [(A, 9_000), (B, 1_000)]
    assert [party for party, _, _ in told(agreed(all_of_it))] == [A, B]


def test_departments_agencies_and_brokers_come_before_who_invested() -> None:
    terms = CostSharing((Borne(A, 1), Borne(B, 3)))
    agreement = agreed(
        terms,
        PriorClaim(C, ClaimRole.DEPARTMENT, 2_000),
        PriorClaim(D, ClaimRole.BROKER, 1_000),
    )

    assert told(agreement) == [
        (C, "department", 2_000),
        (D, "broker", 1_000),
        (A, "right_holder", 1_750),
        (B, "right_holder", 5_250),
    ]
    assert agreement.parties() == (A, B, C, D)
    assert {role.value for role in ClaimRole} < {role.value for role in Role}


def test_who_would_get_less_than_a_ten_thousandth_has_no_share() -> None:
    terms = CostSharing((Borne(A, 10**9), Borne(B, 1)))

    assert told(agreed(terms)) == [(A, "right_holder", 10_000)]
    assert agreed(terms).parties() == (A, B)


@pytest.mark.parametrize(
    "terms",
    [
        CostSharing((Borne(A, 1), Borne(A, 2))),
        ProfitSharing((ProfitPart(A, 9_999),)),
        ProfitSharing((ProfitPart(A, 5_000), ProfitPart(A, 5_000))),
        ProfitSharing((ProfitPart(A, 10_000),), 1_000),
        ProfitSharing((ProfitPart(A, 10_000),), 0, B),
        Equity(A, (Stake(A, 1),)),
        Equity(C, (Stake(A, 1), Stake(A, 1))),
    ],
)
def test_terms_that_make_no_whole_or_name_somebody_twice_are_refused(terms: Terms) -> None:
    with pytest.raises(MethodUnfit) as refused:
        agreed(terms).shares()

    assert refused.value.code == "revenue_method_unfit"


def test_claims_leave_something_to_share() -> None:
    terms = CostSharing((Borne(A, 1),))
    claims = [PriorClaim(party, ClaimRole.AGENCY, 5_000) for party in (B, C)]

    with pytest.raises(MethodUnfit) as refused:
        agreed(terms, *claims).shares()

    assert refused.value.facts == {"method": "cost_sharing", "sum_bps": 10_000}


@given(
    st.lists(st.integers(1, 10**15), min_size=1, max_size=6),
    st.integers(1, 9_999),
    st.sampled_from(["cost", "profit", "equity", "ip"]),
)
def test_every_method_makes_a_whole(weights: list[int], rate: int, method: str) -> None:
    parties = [uuid.UUID(int=100 + number) for number in range(len(weights))]
    pairs = list(zip(parties, weights, strict=True))
    even, rest = divmod(10_000, len(weights))
    profit = [even + (number < rest) for number in range(len(weights))]
    terms: Terms = {
        "cost": CostSharing(tuple(itertools.starmap(Borne, pairs))),
        "profit": ProfitSharing(tuple(map(ProfitPart, parties, profit)), rate, A),
        "equity": Equity(A, tuple(itertools.starmap(Stake, pairs)), rate),
        "ip": IpSharing(A, rate, tuple(Right(p, RightKind.DATA, "", w) for p, w in pairs)),
    }[method]

    assert sum(terms.parts().values()) == Fraction(1)
    agreement = agreed(terms, PriorClaim(B, ClaimRole.DEPARTMENT, 100))
    assert sum(share.share_bps for share in check(agreement.shares())) == 10_000


def test_the_terms_are_told_apart_on_the_wire_by_their_method() -> None:
    for terms in (
        CostSharing((Borne(A, 1),), "会计师事务所"),
        ProfitSharing((ProfitPart(A, 10_000),)),
        Equity(C, (Stake(A, 1),)),
        IpSharing(C, 1, (Right(A, RightKind.TRADE_SECRET, "", 1),)),
    ):
        raw: dict[str, Any] = msgspec.to_builtins(agreed(terms))
        assert raw["terms"]["method"] == agreed(terms).method.value
        assert msgspec.convert(raw, Agreed) == agreed(terms)
