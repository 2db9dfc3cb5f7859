"""The pages of cut-offs, credit, webhooks and personal information, and what their forms do."""

from __future__ import annotations

import html
import re
import uuid

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.makers_watched import ANONYMISED, Watched, make_watched
from tests.portal.test_counter_pages import by, key_of, plain, section, send
from tests.portal.test_pages_html import check, look
from tests.portal.test_trade_pages import gone_astray, there
from tests.stages import staged

UNKNOWN = "00000000-0000-7000-8000-000000000000"


trade = staged(make_trade)


async def test_every_such_page_is_there_in_both_languages_and_leads_somewhere(
    api: Api, db: Database, clock: ManualClock
) -> None:
    watched = await make_watched(api, db, clock)
    astray = {}
    for who, paths in watched.pages_of():
        await there(api, who, paths)
        astray |= await gone_astray(api, who, paths)
    by(api, None)
    page = await look(api, "/credit")
    check(page, "zh-CN")

    assert astray == {}
    assert "禁止交易" in plain(section(page.text, "punished"))


async def cut(api: Api, level: str, subject: object, **changes: str) -> tuple[int, str]:
    fields = {"level": level, "subject_id": str(subject), "reason": "风险核查"} | changes
    answer = await send(api, "/cut-offs", **fields)
    return answer.status_code, answer.text


async def test_a_product_is_cut_off_and_lifted_by_forms_and_said_in_words(
    api: Api, trade: Trade
) -> None:
    order = await trade.delivered()
    by(api, trade.issuer)
    empty = plain((await look(api, "/cut-offs")).text)
    prepared = (await look(api, f"/cut-offs?level=product&subject_id={trade.product_id}")).text
    no_reason, text = await cut(api, "product", trade.product_id, reason="")
    done, _ = await cut(api, "product", trade.product_id)
    stopped = (await trade.content(order)).status_code
    by(api, trade.issuer)
    page = (await look(api, "/cut-offs")).text
    twice, _ = await cut(api, "product", trade.product_id)
    lifting = re.search(r'action="(/cut-offs/[0-9a-f-]+/liftings)"', page)
    assert lifting is not None
    lifted = await send(api, lifting.group(1), "/cut-offs", reason="核查通过")
    again = await send(api, lifting.group(1), "/cut-offs", reason="核查通过")
    after = plain((await look(api, "/cut-offs")).text)

    assert "没有切断" in empty
    assert f'value="{trade.product_id}"' in prepared
    assert (no_reason, done, twice) == (422, 303, 409)
    assert 'id="reason-wrong"' in text
    assert stopped in (403, 409)
    assert "该产品的全部订单停止使用" in plain(page)
    assert "当时影响 1 笔运行中的订单" in plain(page)
    assert "没有期限，直至解除" in plain(page)
    assert (lifted.status_code, again.status_code) == (303, 409)
    assert "核查通过" in after
    assert "已解除" in after


async def test_an_order_is_cut_off_too_a_supplier_only_its_own_and_a_buyer_nothing(
    api: Api, trade: Trade
) -> None:
    order = await trade.delivered()
    by(api, trade.supplier)
    page = (await look(api, "/cut-offs")).text
    foreign = await cut(api, "party", trade.buyer.party.id)
    unknown = await cut(api, "product", UNKNOWN)
    wrong = await cut(api, "product", "x")
    own = await cut(api, "order", order)
    state = (await trade.order(order))["state"]
    by(api, trade.buyer)
    closed = await look(api, "/cut-offs")

    assert '<option value="party"' not in page
    assert '<option value="zone"' not in page
    assert (foreign[0], unknown[0], wrong[0], own[0]) == (404, 404, 422, 303)
    assert 'id="subject_id-wrong"' in wrong[1]
    assert state == "suspended"
    assert closed.status_code == 403


async def test_a_finding_is_objected_to_answered_punished_and_repaired_by_forms(
    api: Api, trade: Trade
) -> None:
    body = {
        "party_id": str(trade.buyer.party.id),
        "act": "misuse_of_data",
        "facts": "将所购数据转卖给第三方",
        "basis": "投诉处理决定",
    }
    record = must(await trade.by(trade.adjudicator).post("/api/v1/credit-records", body))["id"]
    place = f"/credit-records/{record}"
    by(api, trade.buyer)
    mine = (await look(api, place)).text
    objected = await send(api, f"{place}/objections", place, statement="供方书面同意转用。")
    by(api, trade.regulator)
    answered = await send(
        api, f"{place}/answers", place, decision="reject", answer="未见书面同意。"
    )
    nothing = await send(api, f"{place}/sanctions", place)
    punished = await send(api, f"{place}/sanctions", place, is_banned="true", limit_yuan="1000")
    by(api, trade.buyer)
    own = plain((await look(api, "/credit-records")).text)
    told = plain((await look(api, place)).text)
    by(api, None)
    public = plain((await look(api, "/credit")).text)
    by(api, trade.regulator)
    repaired = await send(api, f"{place}/repairs", place, reason="已整改并赔偿。")
    by(api, trade.stranger)
    foreign = [await look(api, place), await look(api, f"/credit-records/{UNKNOWN}")]
    by(api, trade.buyer)
    clean = plain((await look(api, "/credit-records")).text)

    assert "提出异议" in plain(mine)
    assert "超范围使用、转卖数据" in plain(mine)
    assert "misuse_of_data" not in mine
    assert (objected.status_code, answered.status_code) == (303, 303)
    assert (nothing.status_code, punished.status_code, repaired.status_code) == (422, 303, 303)
    assert "禁止交易" in own
    assert "单笔订单限额 ¥1,000.00" in told
    assert "超范围使用、转卖数据" in public
    assert "将所购数据转卖" not in public
    assert [each.status_code for each in foreign] == [404, 404]
    assert "没有限制" in clean


async def test_an_endpoint_is_registered_its_secret_shown_once_and_switched_by_forms(
    api: Api, trade: Trade
) -> None:
    by(api, trade.buyer)
    key = await key_of(api, "/my/webhooks")
    fields = {"url": "https://hooks.example.org/shushi", "description": "结算系统"}
    boxes = {"tell_order.placed": "true", "tell_order.paid": "true"}
    nothing = await send(api, "/my/webhooks", **fields)
    inside = await send(api, "/my/webhooks", **(fields | boxes | {"url": "http://127.0.0.1/"}))
    made = await send(api, "/my/webhooks", once=key, **fields, **boxes)
    again = await send(api, "/my/webhooks", once=key, **fields, **boxes)
    secret = re.search(r'<code id="secret">(whsec_[^<]+)</code>', made.text)
    listed = (await look(api, "/my/webhooks")).text
    found = re.search(r'href="(/my/webhooks/[0-9a-f-]{36})"', listed)
    assert secret is not None
    assert found is not None
    place = found.group(1)
    rotated = await send(api, f"{place}/secret-rotations", place)
    off = await send(api, f"{place}/disablings", place)
    switched = plain((await look(api, place)).text)
    on = await send(api, f"{place}/enablings", place)
    by(api, trade.stranger)
    foreign = [
        await look(api, place),
        await send(api, f"{place}/disablings", once=UNKNOWN),
        await send(api, f"{place}/deliveries/{UNKNOWN}/replays", once=UNKNOWN),
    ]

    assert (nothing.status_code, inside.status_code) == (422, 422)
    assert 'id="event_types-wrong"' in nothing.text
    assert 'id="url-wrong"' in inside.text
    assert 'value="http://127.0.0.1/"' in inside.text
    assert (made.status_code, again.status_code) == (201, 201)
    assert secret.group(1) not in again.text
    assert secret.group(1) not in listed
    assert "已经显示过" in plain(again.text)
    assert rotated.status_code == 200
    assert html.unescape(secret.group(1)) not in rotated.text
    assert "旧密钥并用至" in plain(rotated.text)
    assert (off.status_code, on.status_code) == (303, 303)
    assert "已停用" in switched
    assert "下单" in switched
    assert [each.status_code for each in foreign] == [404, 404, 404]


async def test_a_message_that_was_given_up_is_shown_and_told_once_more_by_a_form(
    api: Api, db: Database, clock: ManualClock
) -> None:
    watched = await make_watched(api, db, clock)
    place = f"/my/webhooks/{watched.endpoint}"
    by(api, watched.trade.buyer)
    page = (await look(api, f"{place}?status=dead")).text
    replay = re.search(r'action="([^"]+/deliveries/[0-9a-f-]+/replays)"', page)
    assert replay is not None
    replayed = await send(api, replay.group(1), place)
    again = await send(api, replay.group(1), place, once=UNKNOWN)
    after = plain((await look(api, place)).text)

    assert "放弃，可重放" in plain(page)
    assert "应答状态 410" in plain(page)
    assert "对方声明地址已撤销" in plain(page)
    assert (replayed.status_code, again.status_code) == (303, 409)
    assert "待投递" in after


async def test_personal_information_is_told_to_its_holder_and_withdrawn_by_a_form(
    api: Api, db: Database, clock: ManualClock
) -> None:
    watched: Watched = await make_watched(api, db, clock)
    trade = watched.trade
    place = f"/products/{watched.personal}/personal-information"
    by(api, trade.supplier)
    page = (await look(api, place)).text
    form = re.search(r'action="([^"]+/consents/[0-9a-f-]+/withdrawals)"', page)
    assert form is not None
    withdrawn = await send(api, form.group(1), place)
    after = plain((await look(api, place)).text)
    by(api, watched.agency)
    asked = (await look(api, place)).text
    decision = re.search(r'action="([^"]+/anonymisations/[0-9a-f-]+/decisions)"', asked)
    assert decision is not None
    no_reason = await send(api, decision.group(1), place, event="refuse")
    refused = await send(api, decision.group(1), place, event="refuse", reason="攻击测试不足。")
    by(api, trade.stranger)
    closed = await look(api, place)
    by(api, trade.supplier)
    unknown = await look(api, f"/products/{uuid.UUID(UNKNOWN)}/personal-information")
    told = plain((await look(api, place)).text)

    assert "泛化" in plain(page)
    assert ANONYMISED["re_identification_test"]["attack"] in page
    assert withdrawn.status_code == 303
    assert "已撤回" in after
    assert "个人授权" not in plain(section(asked, "anonymised"))
    assert no_reason.status_code == 422
    assert 'id="d1-reason-wrong"' in no_reason.text
    assert refused.status_code == 303
    assert "攻击测试不足" in told
    assert (closed.status_code, unknown.status_code) == (403, 404)
