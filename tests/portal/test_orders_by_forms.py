"""An order goes its whole way by the forms of its page, on both sides; what is refused is told in words."""

from __future__ import annotations

import base64
import datetime as dt
import re

import httpx

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.kernel.local_time import local_date
from market.identity.permissions import Role
from tests.api import Api
from tests.makers_identity import Member, make_member
from tests.makers_registration import OwnKey, must
from tests.makers_trade import Trade, make_trade
from tests.portal.test_counter_pages import by, plain, section, send
from tests.portal.test_pages_html import HTML, OWN, check, look
from tests.stages import staged

UNKNOWN = "00000000-0000-7000-8000-000000000000"


trade = staged(make_trade)


async def signed(api: Api, order: str, who: Member, key: OwnKey, **changes: str) -> httpx.Response:
    """Take the bytes away, sign them, and paste the signature into the form."""
    by(api, who)
    place = f"/orders/{order}"
    raw = (await look(api, f"{place}/signing-input")).content
    value = base64.encodebytes(key._private.sign(raw)).decode()
    said = {"key_id": key.key_id, "signature": value} | changes
    return await send(api, f"{place}/signatures", place, **said)


async def taken(api: Api, order: str, step: str, who: Member, **fields: str) -> httpx.Response:
    """Take a step of an order by its form."""
    by(api, who)
    return await send(api, f"/orders/{order}/{step}", f"/orders/{order}", **fields)


async def page_of(api: Api, order: str, who: Member, language: str = "zh") -> str:
    by(api, who)
    shown = await look(api, f"/orders/{order}?lang={language}")
    assert shown.status_code == 200, plain(shown.text)
    check(shown, {"zh": "zh-CN", "en": "en"}[language])
    return shown.text


def offered(page: str) -> list[str]:
    """Return which steps a page has forms for."""
    return re.findall(r'action="/orders/[0-9a-f-]{36}/([a-z-]+)" method="post"', page)


async def test_an_order_goes_from_clearance_to_destruction_by_the_forms_of_its_page(
    api: Api, trade: Trade
) -> None:
    order = await trade.placed()
    by_buyer, by_supplier, by_house = [
        await page_of(api, order, who) for who in (trade.buyer, trade.supplier, trade.acceptor)
    ]
    assert (offered(by_buyer), offered(by_supplier)) == (
        ["cancellations"],
        ["cancellations", "cut-offs"],
    )
    assert offered(by_house) == ["clearances"]
    assert "等待合规评估" in plain(section(by_buyer, "next"))
    assert (await taken(api, order, "clearances", trade.acceptor)).status_code == 303

    to_sign = await page_of(api, order, trade.buyer)
    assert "轮到我方" in plain(section(to_sign, "next"))
    assert trade.buyer_key.key_id in to_sign
    assert "数据使用权" in plain(section(to_sign, "contract"))
    assert (await signed(api, order, trade.buyer, trade.buyer_key)).status_code == 303
    assert "等待对方签署" in plain(section(await page_of(api, order, trade.buyer), "next"))
    assert (await signed(api, order, trade.supplier, trade.supplier_key)).status_code == 303

    by(api, trade.buyer)
    assert "请付款" in plain(section(await page_of(api, order, trade.buyer), "next"))
    place = f"/orders/{order}/payment"
    assert (
        await send(api, f"/orders/{order}/payments", place, channel="sandbox")
    ).status_code == 303
    asked = await look(api, place)
    check(asked, "zh-CN")
    assert "¥370.35" in asked.text
    assert "请在此之前付款" in asked.text
    said = await send(api, f"/orders/{order}/payment-confirmations", place, kind="succeeded")
    assert said.headers["location"] == place
    paid = plain((await look(api, place)).text)
    assert "款项已到账，进入托管" in paid

    assert "请交付" in plain(section(await page_of(api, order, trade.supplier), "next"))
    assert (await taken(api, order, "deliveries", trade.supplier)).status_code == 303
    await api.keep_the_log()
    inspected = await page_of(api, order, trade.buyer)
    assert "还剩 7 天" in plain(section(inspected, "next"))
    assert offered(inspected) == ["content", "acceptances", "issues"]
    got = await taken(api, order, "content", trade.buyer)
    assert got.status_code == 200
    assert "attachment" in got.headers["content-disposition"]
    assert "1 / 3" in plain(section(await page_of(api, order, trade.buyer), "usage"))
    assert (await taken(api, order, "acceptances", trade.buyer)).status_code == 303
    assert "需方验收" in plain(section(await page_of(api, order, trade.supplier), "state"))

    for _ in range(2):
        assert (await taken(api, order, "content", trade.buyer)).status_code == 200
    await trade.move_by(dt.timedelta(hours=1))  # all its uses are used: it is completed
    owed = await page_of(api, order, trade.buyer)
    assert "请销毁数据并提交销毁说明" in plain(section(owed, "next"))
    assert "还剩 30 天" in plain(section(owed, "next"))
    told = {"method": "覆写三次", "destroyed_by": "王某", "destroyed_on": "2000-01-01"}
    early = await taken(api, order, "destruction-statements", trade.buyer, **told)
    assert early.status_code == 422
    assert "覆写三次" in early.text
    told["destroyed_on"] = local_date(trade.clock.now()).isoformat()
    done = await taken(api, order, "destruction-statements", trade.buyer, **told)
    assert done.status_code == 303
    for who in (trade.buyer, trade.supplier):
        end = await page_of(api, order, who)
        assert "覆写三次" in plain(section(end, "usage"))
        assert offered(end) == []


async def test_what_is_pressed_twice_is_used_once_and_what_is_used_up_is_told_in_words(
    api: Api, trade: Trade
) -> None:
    order = await trade.delivered(quantity=2)
    by(api, trade.buyer)
    place = f"/orders/{order}"
    twice = [
        await send(api, f"{place}/content", place, once=UNKNOWN.replace("7000", "7001"))
        for _ in range(2)
    ]
    second = await send(api, f"{place}/content", place)
    third = await send(api, f"{place}/content", place)
    english = await api.http.post(
        f"{place}/content?lang=en", data={"once": UNKNOWN}, headers=HTML | OWN
    )
    no_key = await api.http.post(f"{place}/content", data={"other": "x"}, headers=HTML | OWN)
    used = (await trade.order(order))["manifest"][0]["size_bytes"]

    assert [each.status_code for each in (*twice, second)] == [200, 200, 200]
    assert len(twice[0].content) == used
    assert third.status_code == 409
    assert "可使用次数已用完" in plain(third.text)
    assert "2 / 2" in plain(third.text)
    assert english.status_code == 409
    assert "All uses that were bought are used" in plain(english.text)
    assert no_key.status_code == 400


async def test_a_wrong_signature_and_a_bank_that_says_no_leave_the_order_where_it_was(
    api: Api, trade: Trade
) -> None:
    order = await trade.cleared()
    stranger_key = OwnKey(trade.buyer_key.purpose)
    refused = [
        await signed(api, order, trade.buyer, trade.supplier_key),
        await signed(api, order, trade.buyer, stranger_key),
        await signed(api, order, trade.buyer, stranger_key, key_id=trade.buyer_key.key_id),
        await signed(api, order, trade.buyer, trade.buyer_key, signature="不是签名"),
    ]
    assert [each.status_code for each in refused] == [409, 409, 409, 422]
    assert 'id="signature-wrong"' in refused[2].text
    assert (await trade.order(order))["state"] == "cleared"

    must(await trade.sign(order, trade.buyer, trade.buyer_key))
    must(await trade.sign(order, trade.supplier, trade.supplier_key))
    by(api, trade.buyer)
    place = f"/orders/{order}/payment"
    unknown = await send(api, f"/orders/{order}/payments", place, channel="gold")
    nothing = await send(api, f"/orders/{order}/payment-confirmations", once=UNKNOWN, kind="failed")
    await send(api, f"/orders/{order}/payments", place, channel="sandbox")
    await send(api, f"/orders/{order}/payment-confirmations", place, kind="failed")
    failed = plain((await look(api, place)).text)
    again = await send(api, f"/orders/{order}/payments", place, channel="sandbox")
    await send(api, f"/orders/{order}/payment-confirmations", place, kind="succeeded")

    assert (unknown.status_code, nothing.status_code) == (404, 404)
    assert "失败" in failed
    assert "选择付款渠道" in failed
    assert again.status_code == 303
    assert (await trade.order(order))["state"] == "paid"


async def test_an_order_is_objected_to_with_a_reason_and_given_up_with_a_reason_of_the_list(
    api: Api, trade: Trade
) -> None:
    disputed = await trade.delivered()
    empty = await taken(api, disputed, "issues", trade.buyer)
    raised = await taken(api, disputed, "issues", trade.buyer, reason="三月数据缺失。")
    told = await page_of(api, disputed, trade.supplier)
    given_up = await trade.contracted()
    page = await page_of(api, given_up, trade.buyer)
    theirs = await taken(
        api, given_up, "cancellations", trade.buyer, code="cannot_deliver", reason="x"
    )
    cancelled = await taken(
        api, given_up, "cancellations", trade.buyer, code="no_longer_needed", reason="项目取消。"
    )
    paid = await trade.paid()
    none_of_the_buyers = await page_of(api, paid, trade.buyer)
    late = await api.http.post(
        f"/orders/{paid}/cancellations",
        data={"once": UNKNOWN, "code": "other", "reason": "x"},
        headers=HTML | OWN,
    )
    back = await taken(
        api, paid, "cancellations", trade.supplier, code="cannot_deliver", reason="源系统停用。"
    )

    assert empty.status_code == 422
    assert 'id="issues-reason-wrong"' in empty.text
    assert raised.status_code == 303
    assert "三月数据缺失。" in told
    assert "等待争议裁决" in plain(section(told, "next"))
    assert '<option value="cannot_deliver"' not in page
    assert theirs.status_code == 422
    assert cancelled.status_code == 303
    end = plain(section(await page_of(api, given_up, trade.supplier), "state"))
    assert "不再需要" in end
    assert "项目取消。" in end
    assert "cancellations" not in offered(none_of_the_buyers)
    assert late.status_code == 409
    assert back.status_code == 303
    assert "¥370.35" in plain(section(await page_of(api, paid, trade.buyer), "bill"))


async def test_use_is_stopped_goes_on_and_ends_by_the_suppliers_forms(
    api: Api, trade: Trade
) -> None:
    order = await trade.delivered()
    unclear = await taken(api, order, "cut-offs", trade.supplier, reason="核查")
    stopped = await taken(
        api, order, "cut-offs", trade.supplier, reason="来源核查", extent="for_now"
    )
    seen = await page_of(api, order, trade.buyer)
    again = await page_of(api, order, trade.supplier)
    resumed = await taken(api, order, "resumptions", trade.supplier, reason="核查完毕")
    ended = await taken(api, order, "cut-offs", trade.issuer, reason="违规", extent="for_good")

    assert unclear.status_code == 422
    assert 'id="cut-extent-wrong"' in unclear.text
    assert (stopped.status_code, resumed.status_code, ended.status_code) == (303, 303, 303)
    assert "来源核查" in plain(section(seen, "usage"))
    assert offered(seen) == []
    assert set(offered(again)) == {"cut-offs", "resumptions"}
    assert "已终止" in plain(section(await page_of(api, order, trade.buyer), "state"))


async def test_nobody_but_its_parties_takes_a_step_and_whoever_may_not_is_told_so(
    api: Api, trade: Trade, db: Database, clock: ManualClock
) -> None:
    order = await trade.cleared()
    steps = (
        "approvals", "signatures", "payments", "payment-confirmations", "content", "acceptances",
        "issues", "destruction-statements", "cancellations",
    )  # fmt: skip
    by(api, trade.stranger)
    said = {
        "key_id": "x", "signature": "AAAAAAAAAAAAAAAA", "channel": "sandbox", "kind": "succeeded",
        "reason": "x", "code": "other", "method": "x", "destroyed_on": "2026-11-01", "destroyed_by": "x",
    }  # fmt: skip
    foreign = {
        step: (await send(api, f"/orders/{order}/{step}", once=UNKNOWN, **said)).status_code
        for step in steps
    }
    pages = [
        (await look(api, f"/orders/{order}{more}")).status_code
        for more in ("", "/signing-input", "/payment")
    ]
    by(api, trade.supplier)
    not_theirs = {
        step: (await send(api, f"/orders/{order}/{step}", once=UNKNOWN, **said)).status_code
        for step in ("payments", "content", "acceptances", "issues", "clearances")
    }
    other = await make_member(db, Role.SUPPLIER, now=clock.now())
    by(api, other)
    others = {
        step: (
            await send(api, f"/orders/{order}/{step}", once=UNKNOWN, extent="for_now", **said)
        ).status_code
        for step in ("deliveries", "cut-offs", "resumptions")
    }

    assert set(foreign.values()) == {404}, foreign
    assert pages == [404, 404, 404]
    assert set(not_theirs.values()) == {403}, not_theirs
    assert set(others.values()) == {404}, others
    assert (await trade.order(order))["state"] == "cleared"


async def test_a_rejected_order_says_every_reason_in_words(api: Api, trade: Trade) -> None:
    order = await trade.placed()
    listing = must(await trade.by(trade.supplier).get("/api/v1/listings"))["items"][0]["id"]
    stop = {"reason": "停止提供", "effect": "drain"}
    must(await trade.by(trade.supplier).post(f"/api/v1/listings/{listing}/delistings", stop))
    assert (await taken(api, order, "clearances", trade.acceptor)).status_code == 303

    told = plain(section(await page_of(api, order, trade.buyer), "state"))
    english = plain(section(await page_of(api, order, trade.buyer, "en"), "state"))

    assert "product_not_listed" not in told + english
    assert "上架" in told or "在售" in told
