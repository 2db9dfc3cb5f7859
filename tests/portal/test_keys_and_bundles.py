"""A party registers its signing key by a form, and a buyer orders of several suppliers at once by another."""

from __future__ import annotations

import base64
import re
import urllib.parse

from catalog.signing.algorithms import KEY_PREFIX, Algorithm
from catalog.signing.purposes import Purpose
from tests.api import Api
from tests.makers_demands import another_supplier
from tests.makers_registration import OwnKey, must
from tests.makers_trade import SCENARIO, Trade, make_trade
from tests.portal.test_counter_pages import HTML, by, plain, section, send
from tests.portal.test_orders_placed_by_forms import TERMS, hidden, orders_of
from tests.portal.test_pages_html import check, look
from tests.stages import staged

trade = staged(make_trade)


def quoted(text: str) -> str:
    return urllib.parse.quote(text, safe="")


async def test_a_key_is_pasted_proven_and_signs_from_then_on(api: Api, trade: Trade) -> None:
    key = OwnKey(Purpose.CONTRACT, Algorithm.ED25519)
    der = base64.b64encode(KEY_PREFIX[Algorithm.ED25519] + key.public_key).decode()
    at = f"/my/keys?public_key={quoted(der)}"
    by(api, trade.stranger)
    empty = await look(api, "/my/keys")
    second = await look(api, at)
    bytes_at = re.search(r'href="(/my/keys/statement[^"]+)"', second.text)
    assert bytes_at is not None
    statement = (await api.http.get(bytes_at[1].replace("&amp;", "&"), headers=HTML)).content
    carried = hidden(second.text)
    wrong = await send(
        api, "/my/keys", at, **carried, possession=base64.b64encode(b"x" * 64).decode()
    )
    good = base64.b64encode(key._private.sign(statement)).decode()
    made = await send(api, "/my/keys", at, **carried, possession=f"{good[:40]}\n{good[40:]}")
    again = await send(api, "/my/keys", at, **carried, possession=good)
    held = await look(api, "/my/keys")

    for page in (empty, second, wrong, held):
        check(page, "zh-CN")
    assert "已识别为 ed25519 公钥" in second.text
    assert (wrong.status_code, made.status_code, again.status_code) == (409, 303, 409)
    assert key.key_id in section(held.text, "held")
    assert key.key_id not in empty.text
    assert key.key_id in [each["key_id"] for each in must(await api.get("/api/v1/keys"))["keys"]]


async def test_what_is_no_key_is_said_so_beside_its_field(api: Api, trade: Trade) -> None:
    by(api, trade.buyer)
    page = await look(api, "/my/keys?public_key=%E5%85%AC%E9%92%A5")

    check(page, "zh-CN")
    assert page.status_code == 422
    assert 'aria-invalid="true"' in page.text
    assert 'name="possession"' not in page.text
    by(api, None)
    assert (await look(api, "/my/keys")).status_code in (303, 401)


async def test_two_products_of_two_suppliers_are_found_priced_and_ordered_at_once(
    api: Api, trade: Trade
) -> None:
    _, other = await another_supplier(trade)
    by(api, trade.buyer)
    empty = await look(api, "/bundles/new")
    found = await look(api, f"/bundles/new?products={trade.product_id}&find={quoted('沿海气象')}")
    choices = "&".join(
        f"p{place}_price_item=per_call&p{place}_quantity={place + 1}&p{place}_scenario={SCENARIO}"
        f"&p{place}_delivery_mode=dataset_product"
        for place in range(2)
    )
    at = f"/bundles/new?products={trade.product_id}+{other}&{choices}"
    priced = await look(api, at)
    english = await look(api, f"{at}&lang=en")
    terms = {name: words for name, words in TERMS.items() if name != "delivery_mode"}
    carried = hidden((await look(api, f"{at}&lang=zh")).text)
    late = await send(api, "/bundles/new", at, **(carried | {"expected_total_fen": "1"}), **terms)
    nothing = await orders_of(trade)
    made = await send(api, "/bundles/new", at, **carried, **terms)
    ordered = await orders_of(trade)
    shown = await look(api, made.headers["location"])

    for page, tag in ((empty, "zh-CN"), (found, "zh-CN"), (priced, "zh-CN"), (english, "en")):
        check(page, tag)
    assert f"/bundles/new?products={trade.product_id}%20{other}" in found.text
    assert "¥370.35" in plain(priced.text)
    assert late.status_code == 409
    assert nothing == []
    assert made.status_code == 303
    assert sorted(each["amount_fen"] for each in ordered) == [12_345, 24_690]
    assert len({each["supplier_party_id"] for each in ordered}) == 2
    check(shown, "zh-CN")


async def test_a_product_named_twice_or_not_there_is_refused(api: Api, trade: Trade) -> None:
    by(api, trade.buyer)
    twice = await look(api, f"/bundles/new?products={trade.product_id}+{trade.product_id}")
    strange = await look(api, "/bundles/new?products=nothing")

    assert (twice.status_code, strange.status_code) == (422, 404)
