"""Fee schedules, revenue agreements and invoices on pages, by those whose they are."""

from __future__ import annotations

from tests.api import Api
from tests.journeys.test_fee_schedules import day
from tests.journeys.test_invoices_and_returns import PAID, TITLE, released
from tests.journeys.test_revenue_agreements import propose as propose_sharing
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.portal.test_counter_pages import by, plain, send
from tests.portal.test_pages_html import check, look
from tests.portal.test_trade_pages import gone_astray, there
from tests.stages import staged

trade = staged(make_trade)


async def test_an_invoice_is_asked_for_issued_and_reddened_on_pages(api: Api, trade: Trade) -> None:
    order = await released(trade)
    at = f"/orders/{order}/invoices"
    by(api, trade.buyer)
    empty = plain((await look(api, at)).text)
    said = {"of": "product", "type": "ordinary", "name": TITLE["name"]}
    too_much = await send(api, at, amount="9999999", **said)
    unclear = await send(api, at, amount="1", **(said | {"type": "special"}))
    asked = await send(api, at, amount=f"{PAID // 100}.{PAID % 100:02}", **said)
    (found,) = must(await trade.by(trade.buyer).get("/api/v1/invoices"))["items"]
    place = f"/invoices/{found['id']}"
    by(api, trade.buyer)
    buyers = plain((await look(api, place)).text)
    by(api, trade.supplier)
    wrong = await send(api, f"{place}/issuances", place, number="12")
    issued = await send(api, f"{place}/issuances", place, number="12345678")
    red = {"number": "87654321", "reason": "部分退款"}
    much = await send(api, f"{place}/red-letters", place, amount="999999", **red)
    part = await send(api, f"{place}/red-letters", place, amount="100", **red)
    after = plain((await look(api, place)).text)
    await there(api, trade.supplier, ["/invoices", at, place])
    astray = await gone_astray(api, trade.supplier, ["/invoices", place])
    by(api, trade.stranger)
    foreign = await look(api, place)

    assert "此订单还没有发票" in empty
    assert (too_much.status_code, unclear.status_code, asked.status_code) == (409, 422, 303)
    assert "撤回申请" in buyers
    assert "登记已开具" not in buyers
    assert (wrong.status_code, issued.status_code) == (422, 303)
    assert (much.status_code, part.status_code) == (409, 303)
    assert "87654321" in after
    assert foreign.status_code == 404
    assert astray == {}
    by(api, trade.buyer)
    check(await look(api, at), "zh-CN")


async def test_an_invoice_is_refused_withdrawn_or_voided_on_pages(api: Api, trade: Trade) -> None:
    order = await released(trade)
    numbers = []
    for _ in range(3):
        body = {"amount_fen": 100, "title": TITLE}
        numbers.append(must(await trade.step(order, "invoices", trade.buyer, **body))["id"])
    refused, withdrawn, voided = (f"/invoices/{each}" for each in numbers)
    by(api, trade.buyer)
    back = await send(api, f"{withdrawn}/withdrawals", withdrawn)
    by(api, trade.supplier)
    silent = await send(api, f"{refused}/refusals", refused)
    no = await send(api, f"{refused}/refusals", refused, reason="抬头有误")
    await send(api, f"{voided}/issuances", voided, number="12345678")
    void = await send(api, f"{voided}/voidings", voided, reason="开错")

    assert [each.status_code for each in (back, silent, no, void)] == [303, 422, 303, 303]
    listed = plain((await look(api, "/invoices")).text)
    assert all(state in listed for state in ("已撤回", "不予开具", "已作废"))


async def test_a_fee_schedule_is_proposed_and_decided_by_another_on_pages(
    api: Api, trade: Trade
) -> None:
    by(api, None)
    public = (await look(api, "/fee-schedules")).text
    by(api, trade.issuer)
    said = {
        "name": "平台收费标准",
        "document_number": "琼数超〔2026〕3号",
        "effective_from": day(trade),
        "tax_tiers": "0 6",
        "platform_tiers": "0 5%\n10000 3.5",
        "platform_most": "20000",
    }
    unread = await send(api, "/fee-schedules", **(said | {"platform_tiers": "five percent"}))
    nothing = await send(
        api, "/fee-schedules", name="x", document_number="y", effective_from=day(trade)
    )
    proposed = await send(api, "/fee-schedules", **said)
    (found,) = must(await trade.by(trade.issuer).get("/api/v1/fee-schedule-proposals"))["items"]
    one = f"/fee-schedules/{found['id']}"
    by(api, trade.regulator)
    silent = await send(api, f"{one}/decisions", "/fee-schedules", decision="decide")
    decided = await send(
        api, f"{one}/decisions", "/fee-schedules", decision="decide", reason="合规"
    )
    by(api, None)
    shown = await look(api, "/fee-schedules")
    by(api, trade.regulator)
    ended = await send(
        api, f"{one}/endings", "/fee-schedules", last_day=day(trade, 30), reason="新办法"
    )
    by(api, trade.issuer)
    await send(api, "/fee-schedules", **(said | {"effective_from": day(trade, 60)}))
    (later,) = must(await trade.by(trade.issuer).get("/api/v1/fee-schedule-proposals"))["items"]
    by(api, trade.issuer)
    gone = await send(api, f"/fee-schedules/{later['id']}/withdrawals", "/fee-schedules")

    assert "还没有核定的费率表" in plain(public)
    assert 'action="/fee-schedules"' not in public
    assert [each.status_code for each in (unread, nothing, proposed)] == [422, 422, 303]
    assert [each.status_code for each in (silent, decided, ended, gone)] == [422, 303, 303, 303]
    assert "现行有效" in plain(shown.text)
    assert "¥10,000.00 以上部分 3.50%" in plain(shown.text)
    check(shown, "zh-CN")
    await there(api, trade.issuer, ["/fee-schedules"])


async def test_who_shares_agrees_or_declines_on_pages(api: Api, trade: Trade) -> None:
    by(api, trade.stranger)
    empty = plain((await look(api, "/revenue-agreements")).text)
    agreement = must(await propose_sharing(trade))["id"]
    place = f"/revenue-agreements/{agreement}"
    by(api, trade.stranger)
    listed = plain((await look(api, "/revenue-agreements")).text)
    before = plain((await look(api, place)).text)
    agreed = await send(api, f"{place}/consents", place)
    after = plain((await look(api, place)).text)
    silent = await send(api, f"{place}/endings", place)
    ended = await send(api, f"{place}/endings", place, reason="合作终止")
    second, third = [must(await propose_sharing(trade))["id"] for _ in range(2)]
    by(api, trade.stranger)
    no = await send(
        api,
        f"/revenue-agreements/{second}/declinations",
        f"/revenue-agreements/{second}",
        reason="比例不符",
    )
    by(api, trade.supplier)
    back = await send(
        api, f"/revenue-agreements/{third}/withdrawals", f"/revenue-agreements/{third}"
    )
    await there(api, trade.supplier, ["/revenue-agreements", place])
    astray = await gone_astray(api, trade.supplier, ["/revenue-agreements", place])
    by(api, trade.buyer)
    foreign = await look(api, place)

    assert "没有涉及本方的收益分配协议" in empty
    assert "待本方确认" in listed
    assert ("成本分摊" in before, "75%" in before, "尚待确认" in before) == (True, True, True)
    assert "已生效" in after
    codes = [each.status_code for each in (agreed, silent, ended, no, back, foreign)]
    assert codes == [303, 422, 303, 303, 303, 404]
    assert astray == {}
