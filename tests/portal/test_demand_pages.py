"""Demands and quotes as a browser without scripts gets them, and what their forms do."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest

from tests.api import Api
from tests.makers_demands import (
    POSTS,
    REQUESTS,
    another_supplier,
    drafted,
    invite,
    match,
    open_due,
    opened,
    published,
    quote,
    requested,
    state,
    step,
)
from tests.makers_identity import Member
from tests.makers_registration import must, renewed
from tests.makers_trade import Trade, make_trade
from tests.portal.test_counter_pages import by, plain, section, send
from tests.portal.test_pages_html import check, look
from tests.stages import staged

FORM = {
    "title": "港口作业气象风险",
    "description": "需要港区逐小时大风与能见度等级。",
    "purpose": "港口吊装作业停工判断",
    "use_category": "industrial_development",
    "form:data_indicator": "true",
    "delivery:dataset_product": "true",
    "budget_yuan": "1000",
    "wanted_from": "2026-03-02",
    "wanted_to": "2027-03-31",
    "offers_until": "2026-03-20",
    "visibility": "public",
}


trade = staged(make_trade)


async def read(api: Api, who: Member | None, path: str, lang: str = "zh") -> str:
    by(api, who)
    page = await look(api, f"{path}{'&' if '?' in path else '?'}lang={lang}")
    assert page.status_code == 200, (path, page.text[:2000])
    check(page, "zh-CN" if lang == "zh" else "en")
    return page.text


async def post(trade: Trade, who: Member, path: str, at: str, **fields: str) -> httpx.Response:
    by(trade.api, who)
    return await send(trade.api, path, at, **fields)


@pytest.mark.parametrize("lang", ["zh", "en"])
async def test_every_page_is_there_in_both_languages(trade: Trade, lang: str) -> None:
    rival, _ = await another_supplier(trade)
    wanted, request = await requested(trade, trade.supplier, rival)
    must(await quote(trade, request))
    draft = await drafted(trade)
    waiting = await drafted(trade, title="等待审核")
    must(await step(trade, waiting, "submissions"))
    for who, paths in (
        (None, ["/demands", "/demands?form=dataset", f"/demands/{wanted}", "/site-map"]),
        (
            trade.buyer,
            [
                "/demands",
                "/my/demands/new",
                "/demand-files",
                "/demand-files?status=draft",
                f"/demand-files/{draft}",
                f"/demand-files/{draft}/revisions",
                f"/demand-files/{wanted}",
                "/quote-requests",
                f"/quote-requests/{request}",
            ],
        ),
        (
            trade.supplier,
            ["/my/demand-matches", "/quote-requests", f"/quote-requests/{request}"],
        ),
        (trade.acceptor, ["/demand-files", f"/demand-files/{waiting}"]),
    ):
        for path in paths:
            await read(trade.api, who, path, lang)
    await opened(trade, request)
    await read(trade.api, trade.buyer, f"/quote-requests/{request}", lang)
    await read(
        trade.api, await renewed(trade.db, rival, trade.clock.now()), "/quote-requests", lang
    )


async def test_an_empty_board_says_so(trade: Trade) -> None:
    assert "没有公示中的需求" in await read(trade.api, None, "/demands?form=dataset")


async def test_a_buyer_posts_by_a_form_and_the_operator_publishes_it(trade: Trade) -> None:
    made = await post(trade, trade.buyer, "/my/demands/new", "/my/demands/new", **FORM)
    place = made.headers["location"]
    await post(trade, trade.buyer, f"{place}/submissions", place)

    done = await post(trade, trade.acceptor, f"{place}/publications", place)
    await match(trade)

    assert done.status_code == 303
    shown = await read(trade.api, None, "/demands")
    assert "港口作业气象风险" in shown
    assert "1,000" not in shown
    file = await read(trade.api, trade.buyer, place)
    assert "¥1,000.00" in file
    assert "产品形式相符" in section(file, "fits")
    assert "2026年3月21日 00:00" in file


async def test_what_is_refused_is_shown_again_with_what_was_typed(trade: Trade) -> None:
    refused = await post(
        trade, trade.buyer, "/my/demands/new", "/my/demands/new", **FORM | {"budget_yuan": "很多"}
    )

    assert refused.status_code == 422
    assert "需要港区逐小时大风与能见度等级。" in refused.text
    assert 'name="delivery:dataset_product" value="true" checked' in refused.text


async def test_a_demand_is_revised_by_the_same_form(trade: Trade) -> None:
    made = await post(trade, trade.buyer, "/my/demands/new", "/my/demands/new", **FORM)
    place = made.headers["location"]
    shown = await read(trade.api, trade.buyer, f"{place}/revisions")
    version = shown.split('name="version" value="')[1].split('"')[0]

    done = await post(
        trade,
        trade.buyer,
        f"{place}/revisions",
        f"{place}/revisions",
        **FORM | {"version": version, "title": "港口大风"},
    )
    stale = await post(
        trade, trade.buyer, f"{place}/revisions", f"{place}/revisions", **FORM | {"version": "9"}
    )

    assert 'value="2026-03-20"' in shown
    assert 'name="form:data_indicator" value="true" checked' in shown
    assert done.status_code == 303
    assert stale.status_code == 412
    assert "港口大风" in await read(trade.api, trade.buyer, place)


async def test_the_operator_rejects_and_the_buyer_withdraws_by_forms(trade: Trade) -> None:
    wanted, other = await drafted(trade), await published(trade)
    must(await step(trade, wanted, "submissions"))

    await post(
        trade,
        trade.acceptor,
        f"/demand-files/{wanted}/rejections",
        f"/demand-files/{wanted}",
        rejection="unclear",
        reason="请写明地区",
    )
    blank = await post(
        trade,
        trade.buyer,
        f"/demand-files/{other}/withdrawals",
        f"/demand-files/{other}",
        reason="  ",
    )
    await post(
        trade,
        trade.buyer,
        f"/demand-files/{other}/fulfilments",
        f"/demand-files/{other}",
        reason="已购",
    )

    assert blank.status_code == 422
    assert [await state(trade, wanted), await state(trade, other)] == ["rejected", "met"]
    assert "请写明地区" in await read(trade.api, trade.buyer, f"/demand-files/{wanted}")


async def test_both_sides_answer_a_match_by_forms(trade: Trade) -> None:
    wanted = await published(trade)
    path = f"/demand-matches/{wanted}/{trade.product_id}/answers"

    sold = await post(trade, trade.supplier, path, "/my/demand-matches", verdict="accepted")
    bought = await post(
        trade,
        trade.buyer,
        path,
        f"/demand-files/{wanted}",
        verdict="dismissed",
        reason="too_dear",
    )

    assert sold.headers["location"] == "/my/demand-matches"
    assert bought.headers["location"] == f"/demand-files/{wanted}"
    file = section(await read(trade.api, trade.buyer, f"/demand-files/{wanted}"), "fits")
    assert "价格过高" in file
    assert "供方： 有意向" in plain(file)


async def test_quotes_are_asked_given_compared_and_chosen_by_forms(trade: Trade) -> None:
    rival, rivals = await another_supplier(trade)
    wanted = await published(trade)
    place = f"/demand-files/{wanted}"
    asked: dict[str, Any] = {
        f"invite:{trade.supplier.party.id}": "true",
        "suppliers": str(rival.party.id),
        "quotes_until": "2026-03-05",
    }
    assert (
        await post(trade, trade.buyer, f"{place}/quote-requests", place, **asked)
    ).status_code == 303
    (request,) = must(await trade.by(trade.buyer).get(REQUESTS))["items"]
    path = f"/quote-requests/{request['id']}"
    form = await read(trade.api, trade.supplier, path)
    given = {
        "choice": f"{trade.product_id}|per_call|port_safety",
        "quantity": "3",
        "delivery_mode": "dataset_product",
        "valid_until": "2026-03-20",
    } | {
        f"clause:{name}": "按惯例"
        for name in (
            "rights",
            "inspection_days",
            "provider_responsibility",
            "receiver_responsibility",
            "confidentiality",
            "exit_arrangement",
            "venue",
        )
    }

    ours = await post(trade, trade.supplier, f"{path}/quotes", path, **given)
    sealed = await read(trade.api, trade.buyer, path)
    cheaper = given | {
        "choice": f"{rivals}|per_call|port_safety",
        "amount_yuan": "300",
        "special_price_reason": "首单试点",
    }
    theirs = await post(trade, rival, f"{path}/quotes", path, **cheaper)
    trade.clock.move_by(dt.timedelta(days=4))
    await trade.sign_in_again()
    await open_due(trade)
    compared = section(await read(trade.api, trade.buyer, path), "quotes")
    quotes = must(await trade.by(trade.buyer).get(f"{REQUESTS}/{request['id']}"))["quotes"]
    chosen = next(each for each in quotes if each["product_id"] == trade.product_id)
    done = await post(trade, trade.buyer, f"{path}/acceptances", path, quote_id=chosen["id"])

    assert "港口作业气象风险指数 · per_call · 港口作业安全预警" in form
    assert [ours.status_code, theirs.status_code] == [303, 303], theirs.text[-3000:]
    assert "¥370.35" not in sealed
    assert "截止前报价密封" in sealed
    assert "¥370.35" in compared
    assert "¥300.00" in compared
    assert "首单试点" in compared
    assert done.status_code == 303
    assert "已选定" in section(await read(trade.api, trade.buyer, path), "quotes")
    assert await state(trade, wanted) == "negotiating"


async def test_a_quote_is_replaced_and_taken_back_and_none_is_chosen_by_forms(
    trade: Trade,
) -> None:
    rival, rivals = await another_supplier(trade)
    _, request = await requested(trade, trade.supplier, rival)
    ours = must(await quote(trade, request))
    must(await quote(trade, request, rival, product=rivals))
    path = f"/quote-requests/{request}"

    back = await post(trade, trade.supplier, f"{path}/retractions", path, quote_id=str(ours["id"]))
    await opened(trade, request)
    none = await post(trade, trade.buyer, f"{path}/declinations", path, reason="均超出预算")

    assert [back.status_code, none.status_code] == [303, 303]
    assert "均超出预算" in await read(trade.api, trade.buyer, path)


async def test_a_quote_that_may_not_be_is_shown_again(trade: Trade) -> None:
    _, request = await requested(trade)
    path = f"/quote-requests/{request}"

    refused = await post(
        trade,
        trade.supplier,
        f"{path}/quotes",
        path,
        choice="else",
        quantity="zwei",
        valid_until="morgen",
    )

    assert refused.status_code == 422
    assert "提交报价" in refused.text


async def test_a_stranger_finds_neither_file_nor_request(trade: Trade) -> None:
    wanted, request = await requested(trade)
    by(trade.api, trade.stranger)

    for path in (f"/demand-files/{wanted}", f"/quote-requests/{request}"):
        assert (await look(trade.api, path)).status_code == 404
    assert (await trade.api.get(f"{POSTS}/{wanted}")).status_code == 200


async def test_a_request_is_taken_back_by_a_form(trade: Trade) -> None:
    wanted = await published(trade)
    request = must(await invite(trade, wanted))["id"]
    path = f"/quote-requests/{request}"

    await post(trade, trade.buyer, f"{path}/withdrawals", path, reason="改为自行采购")

    assert "改为自行采购" in await read(trade.api, trade.supplier, path)
