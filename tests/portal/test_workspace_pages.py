"""The workspaces of buyer and supplier and the desk of complaints, and what the desk's forms do."""

from __future__ import annotations

import re

from tests.api import Api
from tests.makers_registration import must
from tests.makers_workspaces import Market, make_market
from tests.portal.test_counter_pages import by, plain, section, send
from tests.portal.test_pages_html import Outline, look
from tests.portal.test_trade_pages import gone_astray, there
from tests.stages import staged

UNKNOWN = "00000000-0000-7000-8000-000000000000"


market = staged(make_market)


async def test_every_page_of_a_workspace_is_there_in_both_languages(
    api: Api, market: Market
) -> None:
    for who, paths in market.pages_of():
        await there(api, who, paths)


async def test_every_link_of_a_workspace_leads_somewhere(api: Api, market: Market) -> None:
    astray = {}
    for who, paths in market.pages_of():
        astray |= await gone_astray(api, who, paths)

    assert astray == {}


async def test_a_buyer_sees_first_what_ends_first_and_what_is_left_of_all_it_has(
    api: Api, market: Market
) -> None:
    by(api, market.trade.buyer)
    page = (await look(api, "/my/buying")).text
    due = plain(section(page, "due"))
    agreements = plain(section(page, "agreements"))
    licences = plain(section(page, "licences"))
    orders = plain(section(page, "orders"))

    # The inspection and both offers end in a week, an agreement in twenty days; what has no end is last.
    assert due.index("验收") < due.index("答复解除协议") < due.index("付款")
    assert "答复磋商" in due
    assert "还剩 7 天" in due
    assert "还剩 20 天" in agreements
    assert "剩 3 / 3" in licences
    assert "等待合规评估" in orders
    assert plain(section(page, "complaints")).count("产品质量") == 1
    assert str(market.trade.buyer.party.id) in page
    assert f'href="/bundles/{market.bundle}"' in page
    assert not re.search(r">[^<]*(placed|cleared|in_force|per_call)[^<]*<", page)


async def test_a_supplier_sees_what_is_missing_asked_for_and_to_be_delivered(
    api: Api, market: Market
) -> None:
    by(api, market.trade.supplier)
    own = (await look(api, "/my/selling")).text
    by(api, market.second)
    second = (await look(api, "/my/selling")).text
    by(api, market.beginner)
    beginner = (await look(api, "/my/selling")).text
    by(api, market.newcomer)
    newcomer = plain((await look(api, "/my/selling")).text)

    assert "请交付" in plain(section(own, "orders"))
    assert "交付" in plain(section(own, "due"))
    assert "投诉" in plain(section(own, "complaints"))
    filings = plain(section(second, "filings"))
    assert "成本测算依据何在？" in filings
    assert "答复期限" in filings
    assert "备案回执" in filings
    assert "问询中" in filings
    assert "答复价格问询" in plain(section(second, "due"))
    special = plain(section(second, "special"))
    assert "¥1,000.00" in special
    assert "备案价 ¥1,234.50" in special
    assert "还剩 5 天" in special
    listings = section(beginner, "listings")
    assert "没有生效的定价备案" in plain(listings)
    assert "pricing_filing_required" not in listings
    assert 'href="/docs"' in listings
    for empty in ("还没有申请上架", "还没有报备价格", "还没有卖出的订单", "没有等待贵方办理"):
        assert empty in newcomer


async def test_a_bundle_is_its_buyers_alone_and_what_is_unknown_is_not_there(
    api: Api, market: Market
) -> None:
    by(api, market.trade.buyer)
    page = plain((await look(api, f"/bundles/{market.bundle}")).text)
    unknown = [await look(api, f"{path}/{UNKNOWN}") for path in ("/bundles", "/complaints")]
    by(api, market.trade.stranger)
    foreign = [
        await look(api, f"/bundles/{market.bundle}"),
        await look(api, f"/complaints/{market.complaint}"),
        await look(api, "/complaints/desk"),
        await send(api, f"/complaints/{market.complaint}/appeals", once=UNKNOWN, reason="不服"),
        await send(api, f"/complaints/{market.complaint}/resolutions", once=UNKNOWN),
    ]

    assert "共 2 笔订单" in page
    assert "琼州海峡能见度指数" in page
    assert {each.status_code for each in unknown} == {404}
    assert [each.status_code for each in foreign] == [404, 404, 403, 404, 403]


async def test_who_is_complained_of_reads_the_facts_and_never_who_complained(
    api: Api, market: Market
) -> None:
    place = f"/complaints/{market.complaint}"
    by(api, market.trade.supplier)
    told = (await look(api, place)).text
    by(api, market.trade.adjudicator)
    desk = (await look(api, place)).text

    assert "缺少三月数据" in told
    assert "不向被投诉方公开" in plain(told)
    assert "不向被投诉方公开" not in plain(desk)
    assert "作出处理决定" in plain(section(desk, "now"))
    assert "证据已固定" in plain(desk)
    assert "24时止" in plain(section(desk, "clocks"))


async def test_both_parties_of_a_complaint_see_until_when_it_is_to_be_decided(
    api: Api, market: Market
) -> None:
    for who in (market.trade.buyer, market.trade.supplier, market.trade.adjudicator):
        by(api, who)
        clocks = plain(section((await look(api, f"/complaints/{market.complaint}")).text, "clocks"))

        assert "24时止" in clocks, who
        assert "没有正在计算的期限" not in clocks, who


async def test_a_complaint_is_frozen_for_lifted_decided_appealed_and_reviewed_by_forms(
    api: Api, market: Market
) -> None:
    trade = market.trade
    place = f"/complaints/{market.complaint}"
    by(api, trade.adjudicator)
    page = (await look(api, place)).text
    measure = re.search(r'<option value="(freeze_payment:[0-9a-f-]+)"', page)
    assert measure is not None
    no_risk = await send(api, f"{place}/measures", place, measure=measure.group(1))
    wrong = await send(api, f"{place}/measures", place, measure="all:1", risk="款项流失")
    frozen = await send(api, f"{place}/measures", place, measure=measure.group(1), risk="款项流失")
    held = plain((await look(api, place)).text)
    twice = await send(api, f"{place}/measures", place, measure=measure.group(1), risk="款项流失")
    early = await send(api, f"{place}/closings", place, reason="办完")
    lifted = await send(
        api, f"{place}/liftings", place, measure=measure.group(1), reason="已补数", restores="true"
    )
    said = {"outcome": "upheld", "findings": "缺少三月数据属实。", "ordered": "十日内补齐。"}
    unheard = await send(api, f"{place}/resolutions", place, **said)
    by(api, trade.supplier)
    asked = (await look(api, place)).text
    stated = await send(api, f"{place}/statements", place, text="三月数据已补发。")
    by(api, trade.adjudicator)
    empty = await send(api, f"{place}/resolutions", place, outcome="upheld")
    decided = await send(api, f"{place}/resolutions", place, **said)
    by(api, trade.supplier)
    theirs = (await look(api, place)).text
    appealed = await send(api, f"{place}/appeals", place, reason="数据已经补齐。")
    again = await send(api, f"{place}/appeals", once=UNKNOWN, reason="再次。")
    by(api, trade.regulator)
    reviewed = await send(
        api, f"{place}/reviews", place, outcome="partly_upheld", findings="部分成立。"
    )
    by(api, trade.buyer)
    end = plain((await look(api, place)).text)

    assert (no_risk.status_code, wrong.status_code, early.status_code) == (422, 422, 409)
    assert (frozen.status_code, lifted.status_code, decided.status_code) == (303, 303, 303)
    assert "1 项临时措施仍在执行" in held
    assert f"暂缓放款：{(await trade.order(market.orders['delivered']))['number']}" in held
    assert twice.status_code == 409
    assert (unheard.status_code, stated.status_code) == (409, 303)
    assert 'action="' + place + '/statements"' in asked
    assert "被投诉方陈述： 三月数据已补发。" in plain(theirs)
    assert f'{place}/statements"' not in theirs
    assert empty.status_code == 422
    assert 'id="resolutions-findings-wrong"' in empty.text
    assert "申请复核" in plain(section(theirs, "now"))
    assert "还剩 15 天" in plain(theirs)
    assert (appealed.status_code, again.status_code, reviewed.status_code) == (303, 409, 303)
    assert "被投诉方申请复核" in end
    assert "部分成立" in end


async def test_the_desk_takes_a_new_complaint_and_says_why_it_is_declined(
    api: Api, market: Market
) -> None:
    trade = market.trade
    said = {"kind": "price", "about": "product", "about_id": trade.product_id, "facts": "太贵。"}
    made = must(await trade.by(trade.stranger).post("/api/v1/complaints", said))
    place = f"/complaints/{made['id']}"
    by(api, trade.adjudicator)
    listed = plain((await look(api, "/complaints/desk?status=received")).text)
    no_reason = await send(api, f"{place}/triages", place, decision="decline")
    declined = await send(
        api, f"{place}/triages", place, decision="decline", reason="备案价格属实。"
    )
    page = (await look(api, place)).text

    assert made["number"] in listed
    assert no_reason.status_code == 422
    assert 'id="tr-reason-wrong"' in no_reason.text
    assert declined.status_code == 303
    assert "备案价格属实。" in page
    assert Outline(page).counts["h1"] == 1
