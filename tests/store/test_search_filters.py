"""Products are found by the branch of a tree that they lie in, and counted by what lies right below it."""

from __future__ import annotations

import datetime as dt
import importlib
import pathlib
import uuid

import asyncpg
import pytest

from catalog.kernel.actor import PUBLIC, Clearance
from catalog.kernel.db import Database, begin
from catalog.products.model import DeliveryMode, Description, UpdateCycle
from catalog.products.operations import describing, publishing
from catalog.search import queries
from catalog.search.disk.reading import TantivyIndex
from catalog.search.facets import SearchFilterUnknown
from catalog.search.model import Filters, Found
from catalog.search.operations import Follower
from catalog.search.port import SearchPort
from tests.makers_products import make_actor, make_description

API, FILES = (DeliveryMode.API_CALL,), (DeliveryMode.DATASET_PRODUCT, DeliveryMode.API_CALL)
DESCRIBED = {
    "港口": make_description(
        name="港口", industry_section="G", industry_division="55", region_code="460105",
        delivery_modes=API, update_cycle=UpdateCycle.DAILY,
    ),
    "航空": make_description(
        name="航空", industry_section="G", industry_class="5611", region_code="4601",
        delivery_modes=FILES,
    ),
    "农田": make_description(name="农田", industry_section="A", region_code="46"),
    "其他": make_description(name="其他"),
}  # fmt: skip


async def publish(db: Database, now: dt.datetime, description: Description) -> uuid.UUID:
    supplier, operator = make_actor("product:describe"), make_actor(clearance=Clearance.STAFF)
    async with begin(db, supplier) as tx:
        made = await describing.describe(
            tx, actor=supplier, now=now, supplier_name="示例公司", description=description
        )
    async with begin(db, operator) as tx:
        await publishing.set_visible(tx, now=now, product_id=made.id, is_public=True)
    return made.id


@pytest.fixture(params=["postgresql", "index", "index of nothing yet"])
async def port(
    request: pytest.FixtureRequest, db: Database, now: dt.datetime, tmp_path: pathlib.Path
) -> SearchPort | None:
    """Each way to be answered, with four products."""
    if request.param == "index of nothing yet":
        await Follower(db, TantivyIndex(tmp_path)).rebuild()
    for description in DESCRIBED.values():
        await publish(db, now, description)
    if request.param == "index":
        await Follower(db, TantivyIndex(tmp_path)).rebuild()
    return None if request.param == "postgresql" else TantivyIndex(tmp_path)


async def ask(db: Database, port: SearchPort | None, text: str = "", **filters: str) -> Found:
    async with begin(db, PUBLIC) as tx:
        return await queries.search(tx, port=port, text=text, filters=Filters(**filters))


def counts(found: Found, facet: str) -> dict[str, int]:
    return {each.value: each.count for each in found.facets[facet]}


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"industry": "G"}, {"港口", "航空"}),
        ({"industry": "55"}, {"港口"}),
        ({"industry": "561"}, {"航空"}),
        ({"industry": "5611"}, {"航空"}),
        ({"region_code": "46"}, {"港口", "航空", "农田"}),
        ({"region_code": "4601"}, {"港口", "航空"}),
        ({"region_code": "460105"}, {"港口"}),
        ({"delivery": "api_call"}, {"港口", "航空"}),
        ({"delivery": "dataset_product"}, {"航空"}),
        ({"update_cycle": "daily"}, {"港口"}),
        ({"industry": "G", "region_code": "4601", "delivery": "dataset_product"}, {"航空"}),
        ({"industry": "A", "delivery": "api_call"}, set()),
        ({"supplier_name": "示例公司"}, {"港口", "航空", "农田", "其他"}),
    ],
)
async def test_a_filter_finds_what_lies_in_the_branch(
    db: Database, port: SearchPort | None, filters: dict[str, str], names: set[str]
) -> None:
    found = await ask(db, port, **filters)

    assert {hit.name for hit in found.items} == names
    assert found.total == len(names)
    assert {hit.name for hit in (await ask(db, port, "吊装", **filters)).items} == names


async def test_a_tree_is_counted_by_what_lies_right_below_the_code(
    db: Database, port: SearchPort | None
) -> None:
    top = await ask(db, port)
    in_transport = await ask(db, port, industry="G")
    in_air = await ask(db, port, industry="561")
    in_haikou = await ask(db, port, "吊装", region_code="4601")
    at_a_leaf = await ask(db, port, industry="5611", region_code="4601")

    assert counts(top, "industry") == {"G": 2, "A": 1}
    assert counts(top, "region_code") == {"46": 3}
    assert counts(top, "delivery") == {"api_call": 2, "dataset_product": 1}
    assert counts(in_transport, "industry") == {"55": 1, "56": 1}
    assert counts(in_transport, "region_code") == {"46": 2}
    assert counts(in_air, "industry") == {"5611": 1}
    assert counts(in_haikou, "region_code") == {"460105": 1}
    assert counts(at_a_leaf, "industry") == {}
    assert counts(at_a_leaf, "delivery") == {"api_call": 1, "dataset_product": 1}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("industry", "Z"), ("industry", "9999"), ("industry", "C13"), ("region_code", "4699"),
        ("region_code", "海南"), ("region_code", "460"), ("delivery", "by_pigeon"), ("form", "thing"),
        ("level", "secret"), ("update_cycle", "sometimes"),
    ],
)  # fmt: skip
async def test_a_value_that_a_field_can_not_have_is_refused_by_the_field(
    db: Database, port: SearchPort | None, field: str, value: str
) -> None:
    for text in ("", "吊装", "量子纠缠"):
        with pytest.raises(SearchFilterUnknown) as refused:
            await ask(db, port, text, **{field: value})
        assert refused.value.facts == {"field": field, "value": value}
        assert refused.value.errors[0].pointer == f"/{field}"


async def test_a_code_without_products_finds_nothing_and_is_not_refused(
    db: Database, port: SearchPort | None
) -> None:
    found = await ask(db, port, industry="B", region_code="11")

    assert (found.items, found.total) == ([], 0)


async def test_what_was_public_before_is_filed_as_what_comes(
    db: Database, now: dt.datetime, owner_dsn: str
) -> None:
    for description in DESCRIBED.values():
        await publish(db, now, description)
    owner = await asyncpg.connect(owner_dsn)
    try:
        columns = "industry_codes, region_codes, delivery_modes"
        reading = f"SELECT name, {columns} FROM catalog.product_documents ORDER BY name"
        filed = await owner.fetch(reading)
        await owner.execute(
            "UPDATE catalog.product_documents"
            " SET industry_codes = '{}', region_codes = '{}', delivery_modes = '{}'"
        )
        assert await owner.fetch(reading) != filed
        migration = importlib.import_module("market.migrations.versions.0085_document_codes")
        await owner.execute(migration.FILE)
        assert await owner.fetch(reading) == filed
    finally:
        await owner.close()
