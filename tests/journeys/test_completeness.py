"""How complete a product is, its supplier is told where it looks; others are not."""

from __future__ import annotations

import uuid

import msgspec
import pytest

from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.products.operations import publishing
from market.http.auth import SESSION_COOKIE
from market.identity.permissions import Role
from tests.api import Api
from tests.makers_identity import Member, make_member
from tests.makers_products import make_description

HTML = {"accept": "text/html"}


@pytest.fixture
async def supplier(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.SUPPLIER, now=clock.now())


async def test_its_supplier_sees_what_is_missing_and_nobody_else_does(
    api: Api, db: Database, clock: ManualClock, supplier: Member
) -> None:
    mine = api.as_(supplier.token)
    made = await mine.post("/api/v1/products", msgspec.to_builtins(make_description()))
    product = made.json()["id"]
    async with begin(db, system("test")) as tx:
        await publishing.set_visible(
            tx, now=clock.now(), product_id=uuid.UUID(product), is_public=True
        )
        tx.remember()
        await tx.execute("SET LOCAL app.remembered = 'yes'")

    own = (await mine.get(f"/api/v1/products/{product}")).json()["completeness"]
    listed = (await mine.get("/api/v1/my/products")).json()["items"][0]["completeness"]
    public = (await api.get(f"/api/v1/products/{product}")).json()

    assert own["points"] == 100 - sum(gap["points"] for gap in own["gaps"])
    assert own["gaps"][0]["field"] == "items"
    assert listed == own
    assert public["completeness"] is None

    cookie = {"cookie": f"{SESSION_COOKIE}={supplier.token}"}
    shown = (await api.http.get(f"/products/{product}", headers=HTML | cookie)).text
    hidden = (await api.http.get(f"/products/{product}", headers=HTML)).text
    assert f"完整度：{own['points']} / 100" in shown
    assert own["gaps"][0]["why"]["zh"] in shown
    assert "完整度" not in hidden
