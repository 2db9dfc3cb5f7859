"""A product is ordered on a page: priced first, at the price that was shown, or as an agreement says."""

from __future__ import annotations

import re
from typing import Any

from tests.api import Api
from tests.makers_negotiations import PURPOSE, requested
from tests.makers_registration import must
from tests.makers_trade import SCENARIO, Trade, make_trade
from tests.portal.test_counter_pages import by, plain, section, send
from tests.portal.test_pages_html import check, look
from tests.stages import staged

CHOSEN = f"price_item=per_call&quantity=3&scenario={SCENARIO}"
TERMS = {
    "purpose": "港口吊装作业停工判断",
    "delivery_mode": "dataset_product",
    "provider_responsibility": "供方对数据来源合法性负责。",
    "receiver_responsibility": "需方对使用安全负责。",
    "confidentiality": "双方保密。",
    "exit_arrangement": "期满停止使用并销毁。",
    "inspection_days": "7",
    "term_days": "365",
    "destroys_at_end": "true",
}


trade = staged(make_trade)


def hidden(page: str) -> dict[str, str]:
    """Return what a form carries unseen, its key apart."""
    form = page.rsplit('method="post">', maxsplit=1)[-1]
    said = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {name: value for name, value in said if name != "once"}


def ticked(page: str) -> set[str]:
    return set(re.findall(r'name="(\w+)" value="true" checked', page))


async def orders_of(trade: Trade) -> list[dict[str, Any]]:
    return list(must(await trade.by(trade.buyer).get("/api/v1/orders"))["items"])


async def test_a_buyer_sees_the_price_first_and_orders_at_it(api: Api, trade: Trade) -> None:
    place = f"/products/{trade.product_id}/orders"
    by(api, trade.buyer)
    product = (await look(api, f"/products/{trade.product_id}")).text
    first = await look(api, place)
    priced = await look(api, f"{place}?{CHOSEN}")
    english = await look(api, f"{place}?{CHOSEN}&lang=en")
    made = await send(api, place, f"{place}?{CHOSEN}&lang=zh", **hidden(priced.text), **TERMS)
    (order,) = await orders_of(trade)

    assert f'href="{place}"' in product
    for page, language in ((first, "zh-CN"), (priced, "zh-CN"), (english, "en")):
        check(page, language)
    assert "三、用途与条款" not in first.text
    assert "3 × ¥123.45 = ¥370.35" in plain(section(priced.text, "price"))
    assert ticked(priced.text) == {"destroys_at_end"}
    assert made.headers["location"] == f"/orders/{order['id']}"
    assert (order["amount_fen"], order["quantity"], order["purpose"]) == (
        37_035,
        3,
        TERMS["purpose"],
    )
    assert order["terms"]["destroys_at_end"] is True
    assert order["terms"]["exit_arrangement"] == TERMS["exit_arrangement"]


async def test_what_is_sold_otherwise_or_not_said_is_refused_beside_its_field_and_kept(
    api: Api, trade: Trade
) -> None:
    place = f"/products/{trade.product_id}/orders"
    by(api, trade.buyer)
    twice = await look(api, f"{place}?price_item=forever&quantity=2&scenario={SCENARIO}")
    unknown = await look(api, f"{place}?price_item=gold&quantity=1&scenario={SCENARIO}")
    no_number = await look(api, f"{place}?price_item=per_call&quantity=many&scenario={SCENARIO}")
    carried = hidden((await look(api, f"{place}?{CHOSEN}")).text)
    at = f"{place}?{CHOSEN}"
    no_purpose = await send(api, place, at, **carried, **(TERMS | {"purpose": " "}))
    no_clause = await send(api, place, at, **carried, **(TERMS | {"confidentiality": ""}))
    no_days = await send(api, place, at, **carried, **(TERMS | {"inspection_days": "0"}))
    half_a_route = await send(
        api, place, at, **carried, **TERMS, is_cross_border="true", kind="certification"
    )
    cheaper = await send(api, place, at, **(carried | {"expected_amount_fen": "1"}), **TERMS)

    assert {each.status_code for each in (twice, unknown, no_number)} == {422}
    assert 'id="c-quantity-wrong"' in twice.text
    assert 'id="c-price_item-wrong"' in unknown.text
    assert 'id="c-quantity-wrong"' in no_number.text
    assert 'name="purpose"' not in twice.text
    assert (no_purpose.status_code, no_clause.status_code, no_days.status_code) == (422, 422, 422)
    assert 'id="o-purpose-wrong"' in no_purpose.text
    assert "供方对数据来源合法性负责。" in no_clause.text
    assert 'id="o-inspection_days-wrong"' in no_days.text
    assert half_a_route.status_code == 422
    assert 'id="o-authority-wrong"' in half_a_route.text
    assert cheaper.status_code == 409
    assert "¥370.35" in plain(section(cheaper.text, "price"))
    assert await orders_of(trade) == []


async def test_a_form_is_filled_in_as_it_was_agreed_and_the_agreement_is_ordered_by(
    api: Api, trade: Trade
) -> None:
    agreement = str((await (await requested(trade)).conclude())["id"])
    place = f"/products/{trade.product_id}/orders"
    by(api, trade.buyer)
    agreed = (await look(api, f"/agreements/{agreement}")).text
    at = f"{place}?agreement_id={agreement}"
    filled = (await look(api, at)).text
    said = dict(re.findall(r'name="(\w+)" maxlength="\d+"[^>]*>([^<]*)</textarea>', filled))
    other = await send(api, place, at, **hidden(filled), **(TERMS | said | {"purpose": "营销"}))
    made = await send(api, place, at, **hidden(filled), **(TERMS | said))
    (order,) = await orders_of(trade)
    again = await send(api, place, at, **hidden(filled), **(TERMS | said))
    shown = (await look(api, f"/orders/{order['id']}")).text
    by(api, trade.stranger)
    foreign = await look(api, at)

    assert at.replace("&", "&amp;") in agreed
    assert said["purpose"] == PURPOSE
    assert other.status_code == 409
    assert made.status_code == 303
    assert order["agreement_id"] == agreement
    assert again.status_code == 409
    assert f'href="/agreements/{agreement}"' in section(shown, "wanted")
    assert foreign.status_code == 404


async def test_whoever_buys_nothing_has_no_form_and_nothing_is_ordered_of_what_is_not_there(
    api: Api, trade: Trade
) -> None:
    unknown = "/products/00000000-0000-7000-8000-000000000000/orders"
    by(api, trade.supplier)
    seller = await look(api, f"/products/{trade.product_id}/orders")
    own = (await look(api, f"/products/{trade.product_id}")).text
    by(api, trade.buyer)
    missing = await look(api, unknown)
    by(api, None)
    asked = await look(api, f"/products/{trade.product_id}/orders")

    assert seller.status_code == 403
    assert f"/products/{trade.product_id}/orders" not in own
    assert missing.status_code == 404
    assert asked.headers["location"].startswith("/sign-in")
