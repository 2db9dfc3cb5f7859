"""Open data: asked for, confirmed, fetched by anybody without an order, counted, closed (GD-08)."""

from __future__ import annotations

import datetime as dt
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.products.model import SharingType
from market.identity.permissions import Role
from tests.api import Api, code
from tests.makers_identity import Member, make_member
from tests.makers_products import make_description

HTML = {"accept": "text/html"}
BYTES = "时次,风级\n2026-03-02T08,6\n".encode()


@pytest.fixture
async def supplier(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.SUPPLIER, now=clock.now())


@pytest.fixture
async def acceptor(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.OPERATOR_ACCEPTOR, now=clock.now())


async def describe(api: Api, *, content: bool = True, **changes: Any) -> str:
    said = {"sharing_type": SharingType.UNCONDITIONAL} | changes
    made = await api.post("/api/v1/products", msgspec.to_builtins(make_description(**said)))
    assert made.status_code == 201, made.text
    product = str(made.json()["id"])
    if content:
        file = (await api.upload(BYTES, "风级.csv", "text/csv")).json()["id"]
        added = await api.post(f"/api/v1/products/{product}/contents", {"file_id": file})
        assert added.status_code == 201, added.text
    return product


def asked(product: str, **changes: Any) -> dict[str, Any]:
    return {"product_id": product, "licence": "CC-BY-4.0"} | changes


async def opened(api: Api, supplier: Member, acceptor: Member) -> tuple[str, str]:
    product = await describe(api.as_(supplier.token))
    made = await api.as_(supplier.token).post("/api/v1/openings", asked(product))
    assert made.status_code == 201, made.text
    opening = str(made.json()["id"])
    done = await api.as_(acceptor.token).post(
        f"/api/v1/openings/{opening}/decisions", {"is_confirmed": True, "reason": "可以开放"}
    )
    assert done.status_code == 200, done.text
    return product, opening


async def test_anybody_finds_and_fetches_what_is_open_and_each_time_is_counted(
    api: Api, clock: ManualClock, supplier: Member, acceptor: Member
) -> None:
    product, _ = await opened(api, supplier, acceptor)
    path = f"/api/v1/open-data/{product}/content"

    first = await api.get(path)
    await api.as_(supplier.token).get(path)
    listed = (await api.get("/api/v1/open-data")).json()["items"]
    found = (await api.get("/api/v1/products", q="港口")).json()["items"]
    page = (await api.http.get("/open-data", headers=HTML)).text

    assert first.content == BYTES
    assert first.headers["link"] == (
        '<https://creativecommons.org/licenses/by/4.0/>; rel="license"'
    )
    assert [(each["product_id"], each["downloads"]) for each in listed] == [(product, 2)]
    assert [hit["id"] for hit in found] == [product]
    assert "知识共享 署名 4.0" in page
    assert path in page

    clock.move_to(clock.now() + dt.timedelta(minutes=2))
    assert (await api.run_jobs())["tell_downloads"] == 1
    assert (await api.run_jobs())["tell_downloads"] == 0
    await api.get(path)
    assert (await api.get("/api/v1/open-data")).json()["items"][0]["downloads"] == 3


async def test_catalogues_are_told_the_licence_and_where_open_data_are_fetched(
    api: Api, supplier: Member, acceptor: Member
) -> None:
    product, _ = await opened(api, supplier, acceptor)

    told = (await api.http.get(f"/products/{product}/dcat.jsonld")).json()
    package = (await api.http.get(f"/api/3/action/package_show?id={product}")).json()["result"]
    contract = (await api.http.get(f"/products/{product}/contract.odcs.json")).json()
    page = (await api.http.get("/catalogue.rdf")).text
    fetched = await api.http.get(told["dcat:distribution"]["dcat:downloadURL"]["@id"])

    address = "https://creativecommons.org/licenses/by/4.0/"
    assert told["dcat:distribution"]["dct:license"]["@id"] == package["license_url"] == address
    assert fetched.content == BYTES
    assert package["resources"][0]["url"] == str(fetched.url)
    assert (package["isopen"], package["license_id"]) == (True, "CC-BY-4.0")
    assert {"type": "license", "url": address} in contract["authoritativeDefinitions"]
    assert f'rdf:about="{address}"' in page
    overall = (await api.get(f"/api/v1/products/{product}/quality")).json()["overall"]
    measured = {
        each["dqv:isMeasurementOf"]["@id"].rpartition("-")[2]: each["dqv:value"]["@value"]
        for each in told["dqv:hasQualityMeasurement"]
    }
    assert measured["overall"] == str(overall)


async def test_what_may_not_be_open_is_refused_with_all_that_forbids_it(
    api: Api, supplier: Member, acceptor: Member
) -> None:
    mine = api.as_(supplier.token)
    conditional = await describe(
        mine, sharing_type=SharingType.CONDITIONAL, sharing_condition="须经审批", content=False
    )
    fine = await describe(mine)

    refused = await mine.post("/api/v1/openings", asked(conditional))
    licence = await mine.post("/api/v1/openings", asked(fine, licence="secret"))
    foreign = await api.as_(acceptor.token).get(f"/api/v1/open-data/{fine}/content")

    assert code(refused) == "open_data_not_allowed"
    assert refused.json()["facts"]["items"] == "content_missing, not_unconditional"
    assert code(licence) == "open_licence_unknown"
    assert foreign.status_code == 404
    assert (await api.get("/api/v1/open-data")).json()["items"] == []
    assert len((await api.get("/api/v1/open-licences")).json()) == 4


async def test_another_party_neither_asks_nor_closes_nor_reads(
    api: Api, db: Database, clock: ManualClock, supplier: Member, acceptor: Member
) -> None:
    stranger = api.as_((await make_member(db, Role.SUPPLIER, now=clock.now())).token)
    hidden = await describe(api.as_(supplier.token), name="别家未公开")
    waiting = await api.as_(supplier.token).post("/api/v1/openings", asked(hidden))
    opening = waiting.json()["id"]
    _, live = await opened(api, supplier, acceptor)

    assert (await stranger.post("/api/v1/openings", asked(hidden))).status_code == 404
    for each in (opening, live):
        closed = await stranger.post(f"/api/v1/openings/{each}/closings", {"reason": "不关我事"})
        assert closed.status_code == 404
    assert (await stranger.get("/api/v1/openings", status="requested")).json()["items"] == []
    own = (await api.as_(supplier.token).get("/api/v1/openings")).json()["items"]
    assert [each["state"] for each in own] == ["open", "requested"]


async def test_what_is_open_is_not_sold_and_asked_for_once(
    api: Api, supplier: Member, acceptor: Member
) -> None:
    product, opening = await opened(api, supplier, acceptor)
    mine, house = api.as_(supplier.token), api.as_(acceptor.token)

    again = await mine.post("/api/v1/openings", asked(product))
    listing = await mine.post("/api/v1/listings", {"product_id": product})
    twice = await house.post(
        f"/api/v1/openings/{opening}/decisions", {"is_confirmed": True, "reason": "再一次"}
    )

    assert code(again) == "opening_under_way"
    assert code(listing) == "product_is_open"
    assert code(twice) == "opening_event_not_allowed"

    closed = await mine.post(f"/api/v1/openings/{opening}/closings", {"reason": "改为有条件共享"})
    over = await mine.post(f"/api/v1/openings/{opening}/closings", {"reason": "再一次"})
    assert closed.json()["state"] == "closed"
    assert code(over) == "opening_event_not_allowed"
    assert (await api.get(f"/api/v1/open-data/{product}/content")).status_code == 404
    assert (await api.get(f"/api/v1/products/{product}")).status_code == 404
    assert (await mine.post("/api/v1/listings", {"product_id": product})).status_code == 201


async def test_a_listed_product_is_not_opened(
    api: Api, db: Database, clock: ManualClock, supplier: Member, acceptor: Member
) -> None:
    import uuid

    from catalog.kernel.actor import system
    from catalog.kernel.db import begin
    from catalog.products.operations import publishing

    mine, house = api.as_(supplier.token), api.as_(acceptor.token)

    async def show(product: str) -> None:
        async with begin(db, system("test")) as tx:
            await publishing.set_visible(
                tx, now=clock.now(), product_id=uuid.UUID(product), is_public=True
            )
            tx.remember()
            await tx.execute("SET LOCAL app.remembered = 'yes'")

    listed, meanwhile = await describe(mine), await describe(mine)
    waiting = (await mine.post("/api/v1/openings", asked(meanwhile))).json()["id"]
    await show(listed)
    await show(meanwhile)

    assert code(await mine.post("/api/v1/openings", asked(listed))) == "product_is_sold"
    late = await house.post(
        f"/api/v1/openings/{waiting}/decisions", {"is_confirmed": True, "reason": "可以"}
    )
    refused = await house.post(
        f"/api/v1/openings/{waiting}/decisions", {"is_confirmed": False, "reason": "已上架"}
    )
    assert code(late) == "product_is_sold"
    assert refused.json()["state"] == "refused"


async def test_the_catalogue_is_walked_without_losing_or_repeating(
    api: Api, clock: ManualClock, supplier: Member, acceptor: Member
) -> None:
    products = set()
    for _ in range(3):
        products.add((await opened(api, supplier, acceptor))[0])
        clock.move_to(clock.now() + dt.timedelta(seconds=1))

    seen, cursor = [], None
    while True:
        page = (
            await api.get("/api/v1/open-data", limit=2, **({"cursor": cursor} if cursor else {}))
        ).json()
        seen += [each["product_id"] for each in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            break

    assert sorted(seen) == sorted(products)
    for bad in ("nonsense", "WzFd"):
        assert code(await api.get("/api/v1/open-data", cursor=bad)) == "cursor_unreadable"


async def test_the_database_knows_openings_by_events_only(
    api: Api, supplier: Member, acceptor: Member, owner_dsn: str
) -> None:
    await opened(api, supplier, acceptor)
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute("SELECT set_config('app.clearance', 'system', false)")
        for statement, match in (
            ("UPDATE market.openings SET licence = 'x'", "nothing was remembered"),
            ("UPDATE market.openings SET licence = ''", "open_under_a_licence"),
            ("UPDATE market.openings SET state = 'closed'", "closed_at_some_time"),
        ):
            with pytest.raises(asyncpg.PostgresError, match=match):
                await connection.execute(statement)
    finally:
        await connection.close()
