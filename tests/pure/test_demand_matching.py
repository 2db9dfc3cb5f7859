"""How well a product fits a demand, and the reasons in words."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.ids import PartyId, new_id
from catalog.products.model import DeliveryMode, Form, Level, UpdateCycle
from market.demand_posts import matching
from market.demand_posts.model import About, Candidate, DemandAsked, NotRelevant, Verdict
from tests.pure.test_demand_posting import make_asked, refusal

M = DeliveryMode


def make_candidate(**changes: Any) -> Candidate:
    values: dict[str, Any] = {
        "product_id": uuid.uuid4(),
        "name": "港口作业气象风险指数",
        "supplier_party_id": PartyId(new_id()),
        "relevance": 1000,
        "words": ("港口",),
        "form": Form.DATASET,
        "industry_codes": ("G", "55"),
        "region_code": "4601",
        "delivery_modes": (M.DATASET_PRODUCT,),
        "update_cycle": UpdateCycle.HOURLY,
        "level": Level.GENERAL,
        "is_public_data": False,
        "price_from_fen": 12_345,
        "is_on_offer": True,
    }
    return Candidate(**(values | changes))


def told(asked: DemandAsked, candidate: Candidate) -> dict[About, tuple[bool, str]]:
    judged = matching.judge(asked, candidate)
    assert judged is not None
    return {each.about: (each.fits, each.zh) for each in judged.reasons}


def test_what_fits_in_everything_has_all_points_and_says_why() -> None:
    asked = make_asked(update_cycle=UpdateCycle.DAILY)

    judged = matching.judge(asked, make_candidate())

    assert judged is not None
    assert judged.score == 1000
    assert all(reason.fits and reason.zh and reason.en for reason in judged.reasons)
    assert [reason.about for reason in judged.reasons] == [
        About.WORDS,
        About.FORM,
        About.INDUSTRY,
        About.REGION,
        About.DELIVERY,
        About.FREQUENCY,
        About.PRICE,
        About.LEVEL,
    ]


@pytest.mark.parametrize(
    ("asked", "candidate", "about", "fits", "words"),
    [
        ({}, {"form": Form.DATA_API}, About.FORM, False, "产品形式不同"),
        ({}, {"form": None}, About.FORM, False, "产品形式不同"),
        ({"industry": "55"}, {}, About.INDUSTRY, True, "行业相符"),
        ({"industry": "C"}, {}, About.INDUSTRY, False, "行业不同"),
        ({}, {"region_code": "46"}, About.REGION, True, "覆盖所需地区"),
        ({}, {"region_code": "460105"}, About.REGION, True, "覆盖所需地区的一部分"),
        ({}, {"region_code": "44"}, About.REGION, False, "地区不同"),
        ({}, {"region_code": None}, About.REGION, False, "未说明覆盖地区"),
        ({}, {"delivery_modes": (M.API_CALL,)}, About.DELIVERY, False, "不以所需方式交付"),
        (
            {"update_cycle": UpdateCycle.HOURLY},
            {"update_cycle": UpdateCycle.DAILY},
            About.FREQUENCY,
            False,
            "更新不够频繁",
        ),
        (
            {"update_cycle": UpdateCycle.HOURLY},
            {"update_cycle": UpdateCycle.IRREGULAR},
            About.FREQUENCY,
            False,
            "没有固定的更新周期",
        ),
        (
            {"update_cycle": UpdateCycle.HOURLY},
            {"update_cycle": None},
            About.FREQUENCY,
            False,
            "没有固定的更新周期",
        ),
        ({"budget_fen": 12_345}, {}, About.PRICE, True, "价格在预算之内"),
        ({"budget_fen": 12_344}, {}, About.PRICE, False, "价格超出预算"),
        ({}, {"price_from_fen": None}, About.PRICE, False, "没有生效的备案价格"),
        ({}, {"is_on_offer": False}, About.OFFER, False, "目前未上架"),
        (
            {"delivery_modes": (M.REPORT_RESULT,)},
            {"level": Level.BJ_4, "is_public_data": True, "delivery_modes": (M.REPORT_RESULT,)},
            About.LEVEL,
            False,
            "该级别须另获有条件授权",
        ),
    ],
)
def test_each_reason_for_and_against(
    asked: dict[str, Any], candidate: dict[str, Any], about: About, fits: bool, words: str
) -> None:
    assert told(make_asked(**asked), make_candidate(**candidate))[about] == (fits, words)


def test_what_nobody_asked_for_is_no_reason() -> None:
    asked = make_asked(forms=(), industry=None, region_code=None, budget_fen=None)
    candidate = make_candidate(
        form=None, region_code=None, price_from_fen=None, level=None, words=()
    )

    judged = matching.judge(asked, candidate)

    assert judged is not None
    assert (judged.score, [each.about for each in judged.reasons]) == (1000, [About.DELIVERY])


def test_what_can_never_be_had_in_this_way_is_no_match() -> None:
    asked = make_asked(delivery_modes=(M.RAW_SHARE,))
    raw = make_candidate(
        is_public_data=True, level=Level.BJ_1, delivery_modes=(M.RAW_SHARE,), region_code="46"
    )

    assert matching.judge(asked, raw) is None
    assert matching.judge(make_asked(), make_candidate(level=Level.CORE)) is None


def test_what_has_too_little_in_common_is_no_match() -> None:
    asked = make_asked(update_cycle=UpdateCycle.DAILY)
    unlike = make_candidate(
        relevance=100,
        form=None,
        industry_codes=(),
        region_code="11",
        delivery_modes=(),
        price_from_fen=None,
    )

    assert matching.judge(asked, unlike) is None


def test_the_best_comes_first_and_of_equals_the_searchs_order_counts() -> None:
    first, second = make_candidate(name="一"), make_candidate(name="二")
    weaker = make_candidate(name="三", region_code="11")

    found = matching.best(make_asked(), [weaker, first, second])

    assert [each.candidate.name for each in found] == ["一", "二", "三"]


def test_no_more_are_told_than_somebody_reads() -> None:
    found = matching.best(make_asked(), [make_candidate() for _ in range(80)])

    assert len(found) == matching.MOST_MATCHES


def test_what_fits_no_more_is_gone() -> None:
    still, other = make_candidate(), make_candidate()
    judged = matching.best(make_asked(), [still])

    assert matching.gone([still.product_id, other.product_id], judged) == [other.product_id]


@pytest.mark.parametrize("shows_budget", [True, False])
def test_a_supplier_is_not_told_what_tells_the_budget(shows_budget: bool) -> None:
    judged = matching.judge(make_asked(), make_candidate())
    assert judged is not None

    shown = matching.for_supplier(judged.reasons, shows_budget=shows_budget)

    assert (About.PRICE in {each.about for each in shown}) is shows_budget
    assert About.REGION in {each.about for each in shown}


@pytest.mark.parametrize(
    ("verdict", "reason", "code"),
    [
        (Verdict.ACCEPTED, None, None),
        (Verdict.DISMISSED, NotRelevant.TOO_DEAR, None),
        (Verdict.DISMISSED, None, "demand_match_reason_unfit"),
        (Verdict.ACCEPTED, NotRelevant.OTHER, "demand_match_reason_unfit"),
    ],
)
def test_who_dismisses_says_why(
    verdict: Verdict, reason: NotRelevant | None, code: str | None
) -> None:
    assert refusal(matching.check_answer, verdict, reason) == code


CANDIDATES = st.builds(
    make_candidate,
    relevance=st.integers(0, 1000),
    form=st.none() | st.sampled_from(Form),
    region_code=st.sampled_from((None, "46", "4601", "460105", "44", "11")),
    industry_codes=st.sampled_from(((), ("G",), ("G", "55"), ("C", "35"))),
    delivery_modes=st.lists(st.sampled_from(M), max_size=3).map(tuple),
    update_cycle=st.none() | st.sampled_from(UpdateCycle),
    level=st.none() | st.sampled_from(Level),
    is_public_data=st.booleans(),
    price_from_fen=st.none() | st.integers(0, 200_000),
    is_on_offer=st.booleans(),
)
DEMANDS = st.builds(
    make_asked,
    forms=st.lists(st.sampled_from(Form), max_size=2).map(tuple),
    industry=st.sampled_from((None, "G", "55")),
    region_code=st.sampled_from((None, "46", "4601")),
    delivery_modes=st.lists(st.sampled_from(M), min_size=1, max_size=3).map(tuple),
    update_cycle=st.none() | st.sampled_from(UpdateCycle),
    budget_fen=st.none() | st.integers(0, 200_000),
)


@given(DEMANDS, CANDIDATES)
def test_a_score_is_of_a_thousand_and_only_reasons_against_cost_points(
    asked: DemandAsked, candidate: Candidate
) -> None:
    judged = matching.judge(asked, candidate)

    if judged is not None:
        against = {each.about for each in judged.reasons if not each.fits}
        assert matching.LEAST_SCORE <= judged.score <= 1000
        lost = sum(matching.POINTS.get(about, 0) for about in against)
        assert judged.score == 500 + candidate.relevance // 2 - lost


@given(DEMANDS, CANDIDATES)
def test_what_the_search_finds_better_never_fits_worse(
    asked: DemandAsked, candidate: Candidate
) -> None:
    better = msgspec.structs.replace(candidate, relevance=1000)

    one, other = matching.judge(asked, candidate), matching.judge(asked, better)

    if one is not None:
        assert other is not None
        assert other.score >= one.score
