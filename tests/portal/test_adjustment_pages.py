"""The pages of adjustments: worked by two people of finance."""

from __future__ import annotations

from tests.api import Api
from tests.journeys import test_payouts_and_reconciliation as money
from tests.journeys.test_adjustments import target
from tests.journeys.test_payouts_and_reconciliation import Treasury
from tests.makers_registration import must
from tests.portal.test_counter_pages import by, plain, send
from tests.portal.test_pages_html import check, look
from tests.portal.test_trade_pages import gone_astray, there

trade = money.trade


async def test_a_correction_is_proposed_by_one_and_posted_by_another_on_pages(
    api: Api, trade: Treasury
) -> None:
    to = await target(trade)
    said = {
        "book": "market",
        "source": "platform_loss/platform",
        "target": to,
        "amount": "12.5",
        "value_on": trade.clock.now().date().isoformat(),
        "reason": "多扣服务费",
        "evidence": "对账函 2026-3",
    }
    by(api, trade.first)
    empty = plain((await look(api, "/adjustments")).text)

    wrong = await send(api, "/adjustments", **(said | {"amount": "1.234"}))
    escrow = await send(api, "/adjustments", **(said | {"target": "order_escrow/x"}))
    proposed = await send(api, "/adjustments", **said)
    (found,) = must(await trade.by(trade.first).get("/api/v1/ledger/adjustments"))["items"]
    place = f"/adjustments/{found['id']}"
    by(api, trade.first)
    own = plain((await look(api, place)).text)
    by(api, trade.second)
    others = plain((await look(api, place)).text)
    silent = await send(api, f"{place}/rejections", place)
    posted = await send(api, f"{place}/approvals", place)
    twice = await send(api, f"{place}/approvals", "/adjustments")
    await there(api, trade.second, ["/adjustments", place])
    astray = await gone_astray(api, trade.second, ["/adjustments", place])
    by(api, trade.regulator)
    read_only = (await look(api, "/adjustments")).text

    assert "没有调账单" in empty
    assert (wrong.status_code, escrow.status_code, proposed.status_code) == (422, 409, 303)
    assert "不能手工调账" in plain(escrow.text)
    assert found["wanted"]["amount_fen"] == 1_250
    assert "提出人不能复核自己的调账单" in own
    assert "复核入账" in others
    assert (silent.status_code, posted.status_code, twice.status_code) == (422, 303, 409)
    assert "已入账" in plain((await look(api, place)).text)
    assert 'action="/adjustments"' not in read_only
    assert astray == {}
    check(await look(api, "/adjustments"), "zh-CN")
