"""What of a price is tax is said in words wherever the price stands, in both languages."""

from __future__ import annotations

from playwright.async_api import Browser

from tests.api import Api
from tests.journeys.test_invoices_and_returns import ask, give_back, released, step
from tests.journeys.test_tax_to_the_invoice import PAID, trade
from tests.makers_registration import must
from tests.makers_trade import Trade
from tests.portal.test_counter_pages import by, plain
from tests.portal.test_pages_html import check, look
from tests.portal.test_pages_in_chromium import (
    WIDTHS,
    browser,
    look_over,
    open_page,
    picture,
    pytestmark,
    sign_in,
    site,
)

__all__ = ["browser", "pytestmark", "site", "trade"]


async def test_pages_say_whether_the_tax_is_in_a_price_and_how_much_of_it_is_tax(
    api: Api, trade: Trade
) -> None:
    order = await released(trade)
    invoice = must(await ask(trade, order, PAID))
    must(await step(trade, invoice["id"], "issuances", number="12345678"))
    must(await give_back(trade, order, 10_000))
    red = {"number": "87654321", "reason": "部分退款", "amount_fen": 10_000}
    must(await step(trade, invoice["id"], "red-letters", **red))
    by(api, None)
    public = [await look(api, f"/products/{trade.product_id}"), await look(api, "/price-list")]
    english = await look(api, "/price-list?lang=en")
    listed = await look(api, "/products?lang=zh")
    by(api, trade.buyer)
    choice = "price_item=per_call&quantity=3&scenario=port_safety"
    quoted = await look(api, f"/products/{trade.product_id}/orders?lang=zh&{choice}")
    sheet = await look(api, f"/orders/{order}")
    paper = await look(api, f"/invoices/{invoice['id']}")
    papers = await look(api, f"/orders/{order}/invoices")
    why = await look(api, f"/explanations/order/{order}")

    for page in (*public, listed, quoted, sheet, paper, papers, why):
        check(page, "zh-CN")
    check(english, "en")
    assert all("不含税，另加税（税率 6%）" in plain(page.text) for page in public)
    assert "without tax, which comes on top (6%)" in plain(english.text)
    assert "（不含税）" in plain(listed.text)
    told = "其中：不含税金额 ¥370.35，税额 ¥22.22（税率 6%）"
    assert all(told in plain(page.text) for page in (quoted, sheet, paper))
    assert "税额（税率 6%）先归供方，由供方开票" in plain(sheet.text)
    assert "-¥5.66" in plain(paper.text).replace("−", "-")
    assert "¥22.22" in plain(papers.text)
    assert "内含税率 6% 的税" in plain(why.text)


async def test_what_is_taxed_is_whole_wide_and_on_a_phone(
    site: str, browser: Browser, trade: Trade
) -> None:
    order = await released(trade)
    invoice = must(await ask(trade, order, PAID))
    faults = []
    for width in ("wide", "phone"):
        context, watched = await open_page(
            browser, site, viewport={"width": WIDTHS[width], "height": 800}
        )
        await sign_in(watched, trade.supplier.account.login)
        for name, path in (
            ("taxed-product", f"/products/{trade.product_id}"),
            ("taxed-price-list", "/price-list"),
            ("taxed-order", f"/orders/{order}"),
            ("taxed-invoice", f"/invoices/{invoice['id']}"),
            ("taxed-invoices", "/invoices"),
            ("taxed-explanation", f"/explanations/order/{order}"),
        ):
            await watched.goto(f"{path}?lang=zh")
            await picture(watched.page, f"{name}-{width}")
            faults += [(name, width, said) for said in await look_over(watched.page)]
        assert watched.complaints == []
        await context.close()
    assert faults == []
