"""Collections: curated in an order, published, followed by feed; nothing in them vanishes silently."""

from __future__ import annotations

import uuid
from typing import Any, Protocol
from xml.etree import ElementTree as ET

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

PATH = "/api/v1/collections"
HTML = {"accept": "text/html"}


class Show(Protocol):
    """Let the public find a product, or find it no more."""

    async def __call__(self, product_id: str, *, is_public: bool = True) -> None: ...


@pytest.fixture
def shown(db: Database, clock: ManualClock) -> Show:
    async def show(product_id: str, *, is_public: bool = True) -> None:
        async with begin(db, system("test")) as tx:
            await publishing.set_visible(
                tx, now=clock.now(), product_id=uuid.UUID(product_id), is_public=is_public
            )
            tx.remember()
            await tx.execute("SET LOCAL app.remembered = 'yes'")

    return show


@pytest.fixture
async def supplier(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.SUPPLIER, now=clock.now())


@pytest.fixture
async def stranger(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.SUPPLIER, now=clock.now())


@pytest.fixture
async def acceptor(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.OPERATOR_ACCEPTOR, now=clock.now())


async def describe(api: Api, **changes: Any) -> str:
    body: dict[str, Any] = msgspec.to_builtins(make_description(**changes))
    made = await api.post("/api/v1/products", body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def body(*products: str, **changes: Any) -> dict[str, Any]:
    return {
        "title": "渔港安全作业",
        "text": "渔港气象、潮位与泊位数据，按出海前要看的顺序排列。",
        "audience": "渔民和渔港管理单位",
        "entries": [{"product_id": each, "note": f"第 {n} 步"} for n, each in enumerate(products)],
    } | changes


async def published(api: Api, *products: str, **changes: Any) -> str:
    made = await api.post(PATH, body(*products, **changes))
    assert made.status_code == 201, made.text
    collection = str(made.json()["head"]["id"])
    answer = await api.post(f"{PATH}/{collection}/publications")
    assert answer.status_code == 200, answer.text
    return collection


async def test_a_collection_keeps_its_order_and_names_what_is_gone(
    api: Api, shown: Show, supplier: Member
) -> None:
    mine = api.as_(supplier.token)
    tide = await describe(mine, name="潮位预报")
    wind = await describe(mine, name="大风预警")
    for product in (tide, wind):
        await shown(product)
    collection = await published(mine, wind, tide)

    first = (await api.get(f"{PATH}/{collection}")).json()
    assert [each["name"] for each in first["entries"]] == ["大风预警", "潮位预报"]
    assert first["head"]["cover"]["products"] == 2
    assert first["head"]["cover"]["forms"] == ["data_indicator"]

    await shown(tide, is_public=False)
    second = (await api.get(f"{PATH}/{collection}")).json()
    assert [each["presence"] for each in second["entries"]] == ["there", "gone"]
    assert second["head"]["cover"]["gone"] == 1

    await mine.post(f"/api/v1/products/{tide}/withdrawals", {"reason": "观测站已拆除"})
    last = (await api.get(f"{PATH}/{collection}")).json()
    page = (await api.http.get(f"/collections/{collection}", headers=HTML)).text
    assert last["entries"][1]["presence"] == "withdrawn"
    assert last["entries"][1]["withdrawal_reason"] == "观测站已拆除"
    assert "观测站已拆除" in page
    assert page.index("大风预警") < page.index("潮位预报")
    assert f'href="/products/{tide}"' not in page


async def test_a_draft_is_its_curators_and_a_published_one_is_followed_by_feed(
    api: Api, shown: Show, supplier: Member, stranger: Member
) -> None:
    mine = api.as_(supplier.token)
    product = await describe(mine)
    made = await mine.post(PATH, body(product))
    collection = made.json()["head"]["id"]

    for reader in (api, api.as_(stranger.token)):
        assert (await reader.get(f"{PATH}/{collection}")).status_code == 404
    assert len((await mine.get("/api/v1/my/collections")).json()["items"]) == 1
    assert (await api.get(PATH)).json()["items"] == []
    early = await mine.post(f"{PATH}/{collection}/publications")
    assert code(early) == "collection_entry_unfit"

    await shown(product)
    foreign = await api.as_(stranger.token).post(f"{PATH}/{collection}/publications")
    assert foreign.status_code == 404
    assert (await mine.post(f"{PATH}/{collection}/publications")).status_code == 200
    twice = await mine.post(f"{PATH}/{collection}/publications")
    assert code(twice) == "collection_event_not_allowed"

    atom = ET.fromstring((await api.get("/collections.atom")).text)
    titles = [each.text for each in atom.iterfind(".//{http://www.w3.org/2005/Atom}title")]
    assert "渔港安全作业" in titles
    items = (await api.get("/collections.json")).json()["items"]
    assert [each["title"] for each in items] == ["渔港安全作业"]
    assert "渔港安全作业" in (await api.http.get("/collections", headers=HTML)).text


async def test_a_supplier_chooses_its_own_and_the_operator_any_public_product(
    api: Api, shown: Show, supplier: Member, stranger: Member, acceptor: Member
) -> None:
    theirs = await describe(api.as_(stranger.token), name="别家的产品")
    hidden = await describe(api.as_(stranger.token), name="别家未公开的产品")
    await shown(theirs)
    house = api.as_(acceptor.token)

    async def refused(who: Api, *products: str) -> list[str]:
        answer = await who.post(PATH, body(*products))
        assert code(answer) == "collection_entry_unfit"
        return [each["message"] for each in answer.json()["errors"]]

    assert await refused(api.as_(supplier.token), theirs, hidden) == ["foreign", "unknown"]
    assert await refused(house, theirs, theirs) == ["twice"]
    collection = await published(house, theirs)
    draft = await house.post(PATH, body())
    empty = await house.post(f"{PATH}/{draft.json()['head']['id']}/publications")

    assert (await api.get(f"{PATH}/{collection}")).json()["head"]["is_of_operator"] is True
    assert code(empty) == "collection_empty"
    assert (await api.get("/api/v1/my/collections")).status_code == 401


async def test_a_published_collection_is_revised_by_version_and_keeps_what_is_gone(
    api: Api, shown: Show, supplier: Member
) -> None:
    mine = api.as_(supplier.token)
    old, new, hidden = [await describe(mine, name=name) for name in ("旧", "新", "未公开")]
    for product in (old, new):
        await shown(product)
    collection = await published(mine, old)
    await shown(old, is_public=False)
    path = f"{PATH}/{collection}"

    revised = await mine.put(path, body(new, old), if_match='"2"')
    stale = await mine.put(path, body(new), if_match='"2"')
    unfit = await mine.put(path, body(hidden), if_match='"3"')
    empty = await mine.put(path, body(), if_match='"3"')

    assert [each["presence"] for each in revised.json()["entries"]] == ["there", "gone"]
    assert [code(stale), code(unfit), code(empty)] == [
        "version_stale",
        "collection_entry_unfit",
        "collection_empty",
    ]
    assert len((await api.get(path)).json()["entries"]) == 2


async def test_a_withdrawn_collection_tells_why_and_shows_nothing(
    api: Api, shown: Show, supplier: Member
) -> None:
    mine = api.as_(supplier.token)
    product = await describe(mine)
    await shown(product)
    collection = await published(mine, product)
    path = f"{PATH}/{collection}"

    done = await mine.post(f"{path}/withdrawals", {"reason": "主题已过期"})
    again = await mine.post(f"{path}/withdrawals", {"reason": "再次"})
    revived = await mine.put(path, body(product), if_match='"3"')

    assert done.json()["entries"] == []
    assert [code(again), code(revived)] == ["collection_event_not_allowed"] * 2
    assert (await api.get(path)).json()["head"]["reason"] == "主题已过期"
    assert "主题已过期" in (await api.http.get(f"/collections/{collection}", headers=HTML)).text
    assert (await api.get(PATH)).json()["items"] == []


async def test_the_database_keeps_a_product_once_and_refuses_what_was_not_remembered(
    api: Api, shown: Show, supplier: Member, owner_dsn: str
) -> None:
    mine = api.as_(supplier.token)
    product = await describe(mine)
    await shown(product)
    collection = await published(mine, product)
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute("SELECT set_config('app.clearance', 'system', false)")
        with pytest.raises(asyncpg.PostgresError, match="nothing was remembered"):
            await connection.execute("UPDATE market.collections SET title = '改'")
        with pytest.raises(asyncpg.UniqueViolationError, match="a_product_stands_once"):
            await connection.execute(
                "INSERT INTO market.collection_entries VALUES ($1, 9, $2, 'n', '')",
                uuid.UUID(collection),
                uuid.UUID(product),
            )
    finally:
        await connection.close()
