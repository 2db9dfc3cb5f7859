"""What may be posted as a demand, until when offers are taken, and what others see of it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from catalog.code_trees.lineage import CodeMalformed
from catalog.code_trees.model import Tree
from catalog.kernel.errors import DomainError
from catalog.kernel.ids import PartyId, new_id
from catalog.products.model import DeliveryMode, Form
from market.data_demands.answering import names_person
from market.demand_posts import posting
from market.demand_posts.model import DemandAsked, DemandPost, DemandPostId, Visibility
from market.demand_posts.states import State
from market.identity.model import Capacity, Kind, Party
from market.identity.states import State as PartyState
from market.pricing.model import UseCategory

NOW = dt.datetime(2026, 3, 2, 1, tzinfo=dt.UTC)


def make_asked(**changes: Any) -> DemandAsked:
    values: dict[str, Any] = {
        "title": "港口逐小时风力",
        "description": "需要港区逐小时风力与能见度，用于安排吊装作业。",
        "purpose": "港口吊装作业停工判断",
        "use_category": UseCategory.INDUSTRIAL_DEVELOPMENT,
        "forms": (Form.DATASET,),
        "industry": "G",
        "region_code": "4601",
        "delivery_modes": (DeliveryMode.DATASET_PRODUCT,),
        "budget_fen": 100_000,
        "wanted_from": dt.date(2026, 4, 1),
        "wanted_to": dt.date(2027, 3, 31),
        "offers_until": NOW + dt.timedelta(days=10),
    }
    return DemandAsked(**(values | changes))


def make_post(**changes: Any) -> DemandPost:
    values: dict[str, Any] = {
        "id": DemandPostId(new_id()),
        "state": State.PUBLISHED,
        "buyer_party_id": PartyId(new_id()),
        "asked": make_asked(),
        "revision": 1,
        "version": 3,
        "created_at": NOW,
        "updated_at": NOW,
        "published_at": NOW,
    }
    return DemandPost(**(values | changes))


def make_buyer() -> Party:
    return Party(
        id=PartyId(new_id()),
        kind=Kind.LEGAL_PERSON,
        name="某港口有限公司",
        uscc=None,
        capacities=(Capacity.TRADER,),
        state=PartyState.VERIFIED,
        registered_at=NOW,
    )


def refusal(call: Any, *args: Any, **kwargs: Any) -> str | None:
    try:
        call(*args, **kwargs)
    except DomainError as error:
        return error.code
    return None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, None),
        ({"title": "联系 13800138000"}, "demand_post_personal"),
        ({"description": "找 zhang.san@example.com"}, "demand_post_personal"),
        ({"purpose": "核验 110101199003077758"}, "demand_post_personal"),
        ({"wanted_to": dt.date(2026, 3, 31)}, "demand_post_times_invalid"),
        # Whoever wants data until a day can take no offers after it.
        (
            {"wanted_from": dt.date(2026, 3, 1), "wanted_to": dt.date(2026, 3, 11)},
            "demand_post_times_invalid",
        ),
        ({"wanted_from": dt.date(2026, 3, 1), "wanted_to": dt.date(2026, 3, 12)}, None),
        ({"offers_until": NOW + dt.timedelta(hours=23)}, "demand_post_deadline_unfit"),
        ({"offers_until": NOW + dt.timedelta(days=1)}, None),
        ({"offers_until": NOW + dt.timedelta(days=183)}, None),
        ({"offers_until": NOW + dt.timedelta(days=184)}, "demand_post_deadline_unfit"),
        ({"offers_until": NOW - dt.timedelta(days=1)}, "demand_post_deadline_unfit"),
    ],
)
def test_what_may_be_handed_in(changes: dict[str, Any], code: str | None) -> None:
    assert refusal(posting.check, make_asked(**changes), now=NOW) == code


def test_each_field_that_names_a_person_is_told() -> None:
    asked = make_asked(title="13800138000", purpose="a@b.cn")

    with pytest.raises(posting.DemandPostPersonal) as refused:
        posting.check(asked, now=NOW)

    assert [each.pointer for each in refused.value.errors] == ["/title", "/purpose"]


def test_a_number_that_is_nobodys_names_no_person() -> None:
    assert not names_person("近五年 12345678 条记录")
    assert names_person("13912345678")


def test_codes_are_told_with_their_trees_and_malformed_ones_refused() -> None:
    assert posting.codes(make_asked()) == [
        ("industry", Tree.INDUSTRY, "G"),
        ("region_code", Tree.REGION, "4601"),
    ]
    assert posting.codes(make_asked(industry=None, region_code=None)) == []
    with pytest.raises(CodeMalformed):
        posting.codes(make_asked(region_code="460"))


def test_who_withdraws_says_why() -> None:
    assert refusal(posting.check_reason, " \n") == "demand_post_reason_missing"
    assert refusal(posting.check_reason, "已购") is None


def test_nobody_reviews_a_demand_of_its_own_party() -> None:
    post = make_post()

    assert refusal(posting.check_reviewer, post, post.buyer_party_id) == "demand_post_own_review"
    assert refusal(posting.check_reviewer, post, PartyId(new_id())) is None


@pytest.mark.parametrize("shows_budget", [True, False])
@pytest.mark.parametrize("visibility", list(Visibility))
def test_others_see_neither_a_hidden_budget_nor_an_anonymous_name(
    shows_budget: bool, visibility: Visibility
) -> None:
    asked = make_asked(shows_budget=shows_budget, visibility=visibility)

    shown = posting.public_side(make_post(asked=asked), make_buyer())

    assert shown.budget_fen == (100_000 if shows_budget else None)
    assert shown.buyer == (None if visibility is Visibility.ANONYMOUS else "某港口有限公司")
    assert shown.buyer_kind is Kind.LEGAL_PERSON
    assert shown.title == asked.title
