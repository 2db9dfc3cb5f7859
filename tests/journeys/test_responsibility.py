"""Who answers for which public data: the list by department, chief data officers (GD-01)."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import uuid
from typing import Any

import msgspec
import pytest

from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.products.model import CatalogueAttributes, DataNature
from catalog.products.operations import publishing
from market.identity.permissions import Role
from tests.api import Api, code
from tests.makers_identity import Member, make_member
from tests.makers_products import make_description

OFFICER = {"name": "李四", "post": "首席数据官", "contact": "0898-65300000"}


@pytest.fixture
async def supplier(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.SUPPLIER, now=clock.now())


async def public_product(
    api: Api, db: Database, clock: ManualClock, *, department: str, **changes: Any
) -> str:
    said = make_description(
        catalogue=CatalogueAttributes(department, "观测", "逐小时汇交", "GB/T 36344", "接口"),
        **({"data_nature": DataNature.PUBLIC} | changes),
    )
    made = await api.post("/api/v1/products", msgspec.to_builtins(said))
    assert made.status_code == 201, made.text
    product = str(made.json()["id"])
    async with begin(db, system("test")) as tx:
        await publishing.set_visible(
            tx, now=clock.now(), product_id=uuid.UUID(product), is_public=True
        )
        tx.remember()
        await tx.execute("SET LOCAL app.remembered = 'yes'")
    return product


async def test_the_list_is_what_the_catalogue_says_of_public_data_by_department(
    api: Api, db: Database, clock: ManualClock, supplier: Member
) -> None:
    mine = api.as_(supplier.token)
    for name, department in (("降水", "省气象局"), ("风速", "省气象局"), ("公交", "省交通运输厅")):
        await public_product(mine, db, clock, name=name, department=department)
    await public_product(
        mine, db, clock, name="企业数据", department="某公司", data_nature=DataNature.ENTERPRISE
    )
    hidden = make_description(
        name="未公开",
        data_nature=DataNature.PUBLIC,
        catalogue=CatalogueAttributes("省气象局", "a", "b", "c", "d"),
    )
    await mine.post("/api/v1/products", msgspec.to_builtins(hidden))

    first = (await api.get("/api/v1/responsibility-list", limit=2)).json()
    second = (
        await api.get("/api/v1/responsibility-list", limit=2, cursor=first["next_cursor"])
    ).json()
    one = (await api.get("/api/v1/responsibility-list", department="省交通运输厅")).json()
    table = await api.get("/responsibility-list.csv", department="省气象局")

    walked = [(each["department"], each["title"]) for each in first["items"] + second["items"]]
    assert walked == sorted(walked)
    assert {title for _, title in walked} == {"降水", "风速", "公交"}
    assert second["next_cursor"] is None
    assert [each["title"] for each in one["items"]] == ["公交"]
    rows = list(csv.reader(io.StringIO(table.content.decode("utf-8-sig"))))
    assert {row[1] for row in rows[1:]} == {"降水", "风速"}
    digest = base64.b64encode(hashlib.sha256(table.content).digest()).decode()
    assert table.headers["repr-digest"] == f"sha-256=:{digest}:"
    foreign = await api.get(
        "/api/v1/responsibility-list", department="省气象局", cursor=first["next_cursor"]
    )
    assert code(foreign) == "cursor_unreadable"


async def test_a_provider_names_its_officer_and_only_the_houses_read_all(
    api: Api, db: Database, clock: ManualClock, supplier: Member
) -> None:
    mine = api.as_(supplier.token)
    stranger = api.as_((await make_member(db, Role.SUPPLIER, now=clock.now())).token)
    bureau = api.as_((await make_member(db, Role.REGULATOR, now=clock.now())).token)
    path = "/api/v1/my/chief-data-officer"

    assert (await mine.get(path)).status_code == 404
    named = await mine.put(path, OFFICER)
    replaced = await mine.put(path, OFFICER | {"name": "王五"})
    unnamed = await mine.put(path, OFFICER | {"name": ""})

    assert named.json()["name"] == "李四"
    assert replaced.json()["name"] == "王五"
    assert unnamed.status_code == 422
    assert (await stranger.get(path)).status_code == 404
    assert (await stranger.get("/api/v1/chief-data-officers")).status_code == 403
    listed = (await bureau.get("/api/v1/chief-data-officers")).json()["items"]
    assert [(each["party_id"], each["name"]) for each in listed] == [
        (str(supplier.party.id), "王五")
    ]
    assert len(await bureau.find_in_log(action="record:read")) == 1
