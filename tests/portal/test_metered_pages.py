"""The pages of an order that pays as it uses: what was charged, what is left, until when, and paying in more."""

from __future__ import annotations

import os
import pathlib

import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from tests.api import Api
from tests.journeys.test_metered_order import HOUR, METERED, accepted, use
from tests.makers_trade import Trade, make_trade
from tests.portal.test_counter_pages import by, plain, section, send
from tests.portal.test_pages_html import check, look


@pytest.fixture
async def trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    trade = await make_trade(api, db, clock, is_listed=False)
    await trade.priced(price_items=[METERED])
    await trade.listed()
    return trade


async def test_a_buyer_sees_what_was_charged_and_by_when_to_pay_and_pays_in_more(
    api: Api, trade: Trade
) -> None:
    order = await accepted(trade)
    place = f"/orders/{order}/charges"
    by(api, trade.buyer)
    empty = await look(api, place)
    await use(trade, order, 8)
    await trade.move_by(HOUR)
    by(api, trade.buyer)
    used_up = await look(api, place)
    sheet = await look(api, f"/orders/{order}")
    bills = await look(api, "/my/bills")
    wrong = await send(api, f"/orders/{order}/top-ups", place, amount="很多", channel="sandbox")
    begun = await send(api, f"/orders/{order}/top-ups", place, amount="100", channel="sandbox")
    paying = await look(api, f"/orders/{order}/payment")
    await send(
        api, f"/orders/{order}/payment-confirmations", f"/orders/{order}/payment", kind="succeeded"
    )
    again = await look(api, place)
    by(api, trade.supplier)
    sold = await look(api, place + "?lang=en")

    for shown in (empty, used_up, sheet, bills, paying, again):
        check(shown, "zh-CN")
    check(sold, "en")
    if "PICTURES" in os.environ:
        (pathlib.Path(os.environ["PICTURES"]) / "charges.html").write_text(used_up.text)
    assert "尚未计费" in plain(section(empty.text, "windows"))
    account = plain(section(used_up.text, "account"))
    assert "余额用尽" in account
    assert "24时止" in account
    assert "−¥20.00" in account
    assert "第 1 至 8 次" in plain(section(used_up.text, "windows"))
    assert "余额用尽" in plain(section(sheet.text, "bill"))
    assert "−¥20.00" in plain(section(bills.text, "metered"))
    assert wrong.status_code == 422
    assert begun.status_code == 303
    assert "¥100.00" in paying.text
    assert "¥80.00" in plain(section(again.text, "account"))
    assert "Running" in plain(section(sold.text, "account"))
    assert "top-ups" not in sold.text


async def test_an_order_that_was_bought_by_quantity_has_no_such_page(
    api: Api, trade: Trade
) -> None:
    order = await trade.placed(price_item="as_used", quantity=4)
    by(api, trade.buyer)

    assert (await look(api, f"/orders/{order}/charges")).status_code == 404
