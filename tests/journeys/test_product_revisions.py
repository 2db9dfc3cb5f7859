"""What a product was, who may see which version of it, and what is left of one taken back.

A complaint of others that these tests answer: ckanext-canada #8 (a second instance, so that drafts are
not seen).
"""

from __future__ import annotations

import uuid
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.products.operations import publishing
from market.identity.permissions import Role
from tests.api import Api, code
from tests.makers_identity import Member, make_member
from tests.makers_products import make_description


def body(**changes: Any) -> dict[str, Any]:
    described: dict[str, Any] = msgspec.to_builtins(make_description())
    return described | changes


@pytest.fixture
async def supplier(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.SUPPLIER, now=clock.now())


async def show(db: Database, clock: ManualClock, product_id: str, *, is_public: bool) -> None:
    async with begin(db, system("test")) as tx:
        await publishing.set_visible(
            tx, now=clock.now(), product_id=uuid.UUID(product_id), is_public=is_public
        )


async def revise(api: Api, product_id: str, version: int, **changes: Any) -> None:
    done = await api.put(f"/api/v1/products/{product_id}", body(**changes), if_match=f'"{version}"')
    assert done.status_code == 200, done.text


async def test_the_public_sees_the_versions_that_were_public_and_what_changed_between_them(
    api: Api, db: Database, clock: ManualClock, supplier: Member
) -> None:
    mine = api.as_(supplier.token)
    product = (await mine.post("/api/v1/products", body())).json()["id"]
    path = f"/api/v1/products/{product}/revisions"
    await revise(mine, product, 1, name="第二版", substantive_processing="内部工艺")
    await show(db, clock, product, is_public=True)
    await show(db, clock, product, is_public=False)
    await revise(mine, product, 2, name="第三版")
    await revise(mine, product, 3, name="第四版", region="三亚")
    await show(db, clock, product, is_public=True)

    own = (await mine.get(path)).json()["items"]
    public = (await api.get(path)).json()["items"]
    last = (await api.get(f"{path}/4")).json()
    own_last = (await mine.get(f"{path}/4")).json()
    against = (await mine.get(f"{path}/4", against=1)).json()
    first = (await mine.get(f"{path}/1")).json()
    page = (await mine.get(path, limit=3)).json()
    rest = (await mine.get(path, limit=3, cursor=page["next_cursor"])).json()

    assert [line["version"] for line in own] == [4, 3, 2, 1]
    assert [line["was_public"] for line in own] == [True, False, True, False]
    assert [line["version"] for line in public] == [4, 2]
    assert (last["against"], own_last["against"]) == (2, 3)
    assert [change["pointer"] for change in last["changes"]] == ["/name", "/region"]
    assert last["changes"][0]["label"] == {"zh": "产品名称", "en": "Name"}
    assert (last["changes"][1]["before"], last["changes"][1]["after"]) == ("海南", "三亚")
    assert [change["pointer"] for change in against["changes"]] == ["/name", "/region"]
    assert first["against"] is None
    assert "/name" in [change["pointer"] for change in first["changes"]]
    assert [line["version"] for line in page["items"] + rest["items"]] == [4, 3, 2, 1]
    dcat = (await api.http.get(f"/products/{product}/dcat.jsonld")).json()
    assert [each["dct:title"] for each in dcat["dcat:hasVersion"]] == ["第二版"]
    earlier = dcat["dcat:previousVersion"]["@id"]
    assert (await api.http.get(earlier)).json()["version"] == 2
    for hidden in (f"{path}/3", f"{path}/9", f"{path}/4?against=3"):
        assert (await api.get(hidden)).status_code == 404
    assert (await mine.get(f"{path}/4", against=9)).status_code == 404
    assert code(await mine.get(path, cursor="x")) == "cursor_unreadable"


async def test_a_product_that_was_public_and_is_taken_back_leaves_a_tombstone(
    api: Api, db: Database, clock: ManualClock, supplier: Member
) -> None:
    mine = api.as_(supplier.token)
    product = (await mine.post("/api/v1/products", body())).json()["id"]
    path = f"/api/v1/products/{product}"
    await show(db, clock, product, is_public=True)
    await show(db, clock, product, is_public=False)
    before = await api.get(path)

    withdrawn = await mine.post(f"{path}/withdrawals", {"reason": "数据源停止更新"})

    gone = await api.get(path)
    assert before.status_code == 404
    assert withdrawn.json()["state"] == "withdrawn"
    assert (gone.status_code, code(gone)) == (410, "product_withdrawn")
    assert gone.json()["facts"]["reason"] == "数据源停止更新"
    assert gone.json()["facts"]["withdrawn_at"].startswith(str(clock.now().date()))
    for other in ("revisions", "revisions/1", "provenance", "classifications"):
        assert (await api.get(f"{path}/{other}")).status_code == 410
    assert (await api.get(f"/products/{product}")).status_code == 410
    assert (await mine.get(path)).status_code == 200
    assert [r["state"] for r in (await mine.get(f"{path}/revisions")).json()["items"]] == [
        "withdrawn",
        "described",
    ]


async def test_what_nobody_saw_leaves_no_tombstone(
    api: Api, db: Database, supplier: Member
) -> None:
    mine = api.as_(supplier.token)
    product = (await mine.post("/api/v1/products", body())).json()["id"]

    blank = await mine.post(f"/api/v1/products/{product}/withdrawals", {"reason": "  "})
    nul = await mine.post(f"/api/v1/products/{product}/withdrawals", {"reason": "写\x00错了"})
    assert (blank.status_code, code(blank)) == (422, "product_reason_missing")
    assert (nul.status_code, code(nul)) == (422, "text_unreadable")

    await mine.post(f"/api/v1/products/{product}/withdrawals", {"reason": "写错了"})

    assert (await api.get(f"/api/v1/products/{product}")).status_code == 404
    for statement in (
        "UPDATE catalog.product_revisions SET name = 'x'",
        "DELETE FROM catalog.product_revisions",
    ):
        with pytest.raises(asyncpg.PostgresError):
            async with begin(db, system("test")) as tx:
                await tx.execute(statement)
