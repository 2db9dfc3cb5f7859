"""The pages of charge-backs: by when each is contested, and what is done about it, by two people."""

from __future__ import annotations

from catalog.kernel.db import Database
from market.identity.permissions import Role
from tests.api import Api
from tests.journeys.test_chargebacks import paid
from tests.makers_identity import make_member
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.portal.test_counter_pages import by, plain, send
from tests.portal.test_pages_html import check, look
from tests.portal.test_trade_pages import gone_astray, there
from tests.stages import staged

trade = staged(make_trade)


async def test_a_charge_back_is_contested_by_one_and_its_outcome_recorded_by_another_on_pages(
    api: Api, db: Database, trade: Trade
) -> None:
    first, second = [
        await make_member(
            db, Role.OPERATOR_FINANCE, now=trade.clock.now(), party=trade.acceptor.party
        )
        for _ in range(2)
    ]
    by(api, first)
    empty = plain((await look(api, "/chargebacks")).text)
    _, place = await paid(trade)
    must(await trade.by(trade.buyer).post(place, {"kind": "charged_back"}))
    by(api, first)
    (case,) = must(await trade.by(first).get("/api/v1/chargebacks"))["items"]
    one = f"/chargebacks/{case['id']}"

    listed = await look(api, "/chargebacks")
    opened = await look(api, one)
    waiting = plain((await look(api, "/finance")).text)
    silent = await send(api, f"{one}/contests", one, evidence=" ")
    contested = await send(api, f"{one}/contests", one, evidence="验收单 2026-7")
    own = await look(api, one)
    by(api, second)
    others = await look(api, one)
    won = await send(api, f"{one}/outcomes", one, outcome="won", notice="函 2026-9")
    late = await send(api, f"{one}/acceptances", "/adjustments", reason="太晚")
    await there(api, second, ["/chargebacks", one])
    astray = await gone_astray(api, second, ["/chargebacks", one])
    by(api, second)
    ended = await look(api, one)

    for shown in (listed, opened, own, others, ended):
        check(shown, "zh-CN")
    assert "没有拒付案件" in empty
    assert "还剩 7 天" in plain(listed.text)
    assert "前申诉或接受" in plain(opened.text)
    assert "待申诉的拒付" in waiting
    assert (silent.status_code, contested.status_code) == (422, 303)
    assert "裁定结果须由另一人登记" in plain(own.text)
    assert "登记裁定结果" in plain(others.text)
    assert (won.status_code, late.status_code) == (303, 409)
    assert "申诉成功，款项已回到原处" in plain(ended.text)
    assert "函 2026-9" in plain(ended.text)
    assert astray == {}


async def test_a_charge_back_is_accepted_on_its_page(api: Api, db: Database, trade: Trade) -> None:
    desk = await make_member(
        db, Role.OPERATOR_FINANCE, now=trade.clock.now(), party=trade.acceptor.party
    )
    _, place = await paid(trade)
    must(await trade.by(trade.buyer).post(place, {"kind": "charged_back"}))
    (case,) = must(await trade.by(desk).get("/api/v1/chargebacks"))["items"]
    by(api, desk)
    one = f"/chargebacks/{case['id']}"

    accepted = await send(api, f"{one}/acceptances", one, reason="证据不足")
    ended = plain((await look(api, one)).text)

    assert accepted.status_code == 303
    assert "拒付成立，款项已退给渠道" in ended
    assert "证据不足" in ended
