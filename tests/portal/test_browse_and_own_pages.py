"""Walking down the code trees, and a supplier's own products, as a person without scripts."""

from __future__ import annotations

import html
import re

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.products.states import State
from market.http.auth import SESSION_COOKIE
from market.identity.permissions import Role
from market.portal.next_steps import NextStep, next_step
from tests.api import Api
from tests.makers_identity import make_member
from tests.makers_portal import Stage, make_stage
from tests.makers_shelves import ENGLISH, Window, make_window
from tests.portal.test_pages_html import check, look
from tests.stages import staged

window = staged(make_window)
stage = staged(make_stage)


def plain(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split())


def card(text: str, name: str) -> str:
    found = next(part for part in text.split("<article")[1:] if name in part)
    return plain(found.split("</article>")[0])


async def test_a_tree_is_walked_from_the_top_to_a_leaf_with_counts(
    api: Api, window: Window
) -> None:
    top = await look(api, "/browse/region")
    province = await look(api, "/browse/region?code=46")
    city = await look(api, "/browse/region?code=4601&lang=en")
    leaf = await look(api, "/browse/industry?code=5532&lang=zh")

    for page, language in ((top, "zh-CN"), (province, "zh-CN"), (city, "en"), (leaf, "zh-CN")):
        assert page.status_code == 200
        check(page, language)
    assert "海南省 1" in plain(top.text)
    assert "<h1>海南省</h1>" in province.text
    assert 'href="/browse/region?code=4601"' in province.text
    assert "海口市 1" in plain(province.text)
    assert '<a href="/products?region_code=4601">search and filter here' in city.text
    assert "这是最末一级" in leaf.text
    assert f'href="/products/{window.full}"' in leaf.text
    assert '<a href="/browse/industry?code=553">' in leaf.text


async def test_a_branch_without_products_says_so(api: Api) -> None:
    page = await look(api, "/browse/industry?code=T")

    check(page, "zh-CN")
    assert "共 0 件产品" in page.text
    assert "这里还没有公开的产品" in page.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("colour", 404),
        ("region?code=99", 404),
        ("region?code=x", 422),
        ("industry?code=<script>", 422),
    ],
)
async def test_a_branch_that_there_is_not_is_refused(api: Api, path: str, status: int) -> None:
    page = await look(api, f"/browse/{path}")

    assert page.status_code == status
    check(page, "zh-CN")


async def test_the_first_page_leads_to_regions_industries_and_new_products(
    api: Api, window: Window
) -> None:
    page = await look(api, "/")

    check(page, "zh-CN")
    assert 'href="/products?region_code=46"><span>海南省</span>' in page.text
    assert 'href="/browse/region"' in page.text
    assert 'href="/browse/industry"' in page.text
    assert f'href="/products/{window.made}"' in page.text.split('id="newest"')[1]


async def test_a_supplier_sees_how_far_its_products_are_and_what_comes_next(
    api: Api, window: Window
) -> None:
    api.http.cookies.set(SESSION_COOKIE, window.supplier.token)
    page = await look(api, "/my/products")
    english = await look(api, "/my/products?lang=en")

    check(page, "zh-CN")
    check(english, "en")
    assert page.headers["cache-control"] == "no-store"
    assert "下一步：补全著录" in card(page.text, ENGLISH)
    assert re.search(r"还缺 \d+ 项", card(page.text, ENGLISH))
    assert "下一步：申请确权登记" in card(page.text, "港口大风预警服务")
    assert "被 1 件产品使用" in card(page.text, "港口大风预警服务")
    assert "第 2 版" in card(page.text, "港口大风预警服务")
    assert "被 2 件产品使用" in card(page.text, "沿海自动气象站小时观测")
    assert "已撤回，无须办理" in card(page.text, "试行港口指数")
    assert 'href="/my/products" aria-current="page"' in page.text


async def test_a_listed_product_is_to_be_kept(api: Api, stage: Stage) -> None:
    api.http.cookies.set(SESSION_COOKIE, stage.scene.supplier.token)

    told = card((await look(api, "/my/products")).text, "港口作业气象风险指数")

    assert "已上架，保持更新" in told
    assert f"核验凭证 {stage.certificate_number}" in told


async def test_one_without_products_is_told_how_to_begin(
    api: Api, db: Database, clock: ManualClock
) -> None:
    newcomer = await make_member(db, Role.SUPPLIER, now=clock.now())
    api.http.cookies.set(SESSION_COOKIE, newcomer.token)
    page = await look(api, "/my/products")

    check(page, "zh-CN")
    assert "还没有著录过产品" in page.text


async def test_who_describes_no_products_has_none(
    api: Api, db: Database, clock: ManualClock
) -> None:
    stranger = await look(api, "/my/products")
    buyer = await make_member(db, Role.BUYER, now=clock.now())
    api.http.cookies.set(SESSION_COOKIE, buyer.token)
    refused = await look(api, "/my/products")

    assert (stranger.status_code, stranger.headers["location"]) == (
        303,
        "/sign-in?next=%2Fmy%2Fproducts",
    )
    assert refused.status_code == 403
    check(refused, "zh-CN")


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("certified", [False, True])
@pytest.mark.parametrize("priced", [False, True])
@pytest.mark.parametrize("listed", [False, True])
def test_every_standing_has_its_next_step(
    state: State, certified: bool, priced: bool, listed: bool
) -> None:
    step = next_step(state, is_certified=certified, has_price=priced, is_listed=listed)

    expected = {
        State.DRAFT: NextStep.COMPLETE,
        State.WITHDRAWN: NextStep.NOTHING,
        State.DESCRIBED: NextStep.KEEP
        if listed
        else NextStep.REGISTER
        if not certified
        else NextStep.OFFER
        if priced
        else NextStep.PRICE,
    }
    assert step is expected[state]
