"""An order's two parties see how far it is, its usage and its bill, and take away what proves it."""

from __future__ import annotations

import uuid

import httpx

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.identity.permissions import Role
from market.proof_bundles import check
from tests.api import Api
from tests.journeys.test_proof_bundle import published, settled
from tests.makers_identity import Member, make_member
from tests.makers_owned import make_owned
from tests.portal.test_case_pages import sign_in
from tests.portal.test_pages_html import HTML
from tests.portal.test_pages_html import check as check_page


async def test_both_parties_reach_the_bundle_from_where_they_stand_and_nobody_else_sees_the_order(
    api: Api, db: Database, clock: ManualClock
) -> None:
    trade = await make_owned(api, db, clock)
    order = await settled(trade)
    early = await trade.placed()
    await published(trade)
    number = str((await trade.contract(order))["content"]["object"]["certificate_number"])

    async def look(path: str, language: str = "zh") -> httpx.Response:
        return await api.http.get(path, params={"lang": language}, headers=HTML)

    for who in (trade.buyer, trade.supplier):
        await sign_in(api, who)
        for language in ("zh", "en"):
            listed, shown = (
                await look("/orders", language),
                await look(f"/orders/{order}", language),
            )
            for page in (listed, shown):
                check_page(page, {"zh": "zh-CN", "en": "en"}[language])
            assert f'href="/orders/{order}"' in listed.text
            assert "¥370.35" in shown.text
            assert "3 / 3" in shown.text
        assert "账目一致" in (await look(f"/orders/{order}")).text
        assert "the books agree" in (await look(f"/orders/{order}", "en")).text
        link = f"/api/v1/proof-bundles/order/{order}"
        assert f'href="{link}"' in (await look(f"/orders/{order}")).text
        taken = await api.http.get(link)  # with the cookie of the page
        assert check.check(taken.content).problems == ()
        waiting = (await look(f"/orders/{early}")).text
        assert "尚未签订合同" in waiting
        assert "尚未授予使用许可" in waiting
    own = await sees(api, trade.supplier, trade.product_id, number)
    others = await sees(api, trade.buyer, trade.product_id, number)
    assert own == {"product": True, "certificate": True}
    assert others == {"product": False, "certificate": False}

    stranger = await make_member(db, Role.BUYER, now=clock.now())
    await sign_in(api, stranger)
    assert (await look(f"/orders/{order}")).status_code == 404
    for who in (trade.issuer, trade.regulator):  # what they read of others is remembered
        await sign_in(api, who)
        check_page(await look(f"/orders/{order}"), "zh-CN")
    auditor = await make_member(db, Role.AUDIT_ADMINISTRATOR, now=clock.now())
    found = await api.as_(auditor.token).find_in_log(action="record:read")
    pages = [each for each in found if each["payload"]["facts"]["route"] == "/orders/{order_id}"]
    assert [each["payload"]["facts"]["asked"] for each in pages] == [{"order_id": order}] * 2
    assert (await look(f"/orders/{uuid.uuid4()}")).status_code == 404
    api.http.cookies.clear()
    assert (await look(f"/orders/{order}")).status_code in (303, 401)


async def sees(api: Api, who: Member, product_id: object, number: str) -> dict[str, bool]:
    """Return on which public pages somebody is offered the bundle."""
    await sign_in(api, who)
    pages = {"product": f"/products/{product_id}", "certificate": f"/certificates/{number}"}
    return {
        name: "/api/v1/proof-bundles/" in (await api.http.get(path, headers=HTML)).text
        for name, path in pages.items()
    }
