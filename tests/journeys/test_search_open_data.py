"""Open data are found by being open, in the next answer, until they are closed (开放数据筛选, GD-08)."""

from __future__ import annotations

from typing import Any

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.identity.permissions import Role
from tests.api import Api, code
from tests.journeys.test_open_data import HTML, describe, opened
from tests.journeys.test_search_by_register import follow
from tests.makers_identity import make_member
from tests.makers_registration import must
from tests.makers_shelves import show

__all__ = ["follow"]


async def found(api: Api, **asked: Any) -> list[str]:
    return [hit["id"] for hit in must(await api.get("/api/v1/products", **asked))["items"]]


async def test_open_data_are_found_as_long_as_they_are_open(
    api: Api, db: Database, clock: ManualClock, follow: Any
) -> None:
    supplier = await make_member(db, Role.SUPPLIER, now=clock.now())
    acceptor = await make_member(db, Role.OPERATOR_ACCEPTOR, now=clock.now())
    closed = await describe(api.as_(supplier.token), name="港口收费数据")
    await show(db, clock, closed)
    await follow()
    assert await found(api, open_data="yes") == []

    product, opening = await opened(api, supplier, acceptor)
    await follow()
    assert await found(api, open_data="yes") == [product]
    assert await found(api, q="港口", open_data="yes") == [product]
    assert await found(api, open_data="no") == [closed]
    facets = must(await api.get("/api/v1/products"))["facets"]["open_data"]
    assert sorted((each["value"], each["count"]) for each in facets) == [("no", 1), ("yes", 1)]
    page = (await api.http.get("/products?open_data=yes", headers=HTML)).text
    assert "开放数据：开放" in page
    assert "免费开放" in page
    assert code(await api.get("/api/v1/products", open_data="maybe")) == "search_filter_unknown"

    path = f"/api/v1/openings/{opening}/closings"
    must(await api.as_(supplier.token).post(path, {"reason": "停止开放"}))
    await follow()
    assert await found(api, open_data="yes") == []
