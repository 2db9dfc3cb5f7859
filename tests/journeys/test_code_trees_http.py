"""Whoever describes or looks for a product walks down the code tables over HTTP."""

from __future__ import annotations

import msgspec

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.identity.permissions import Role
from tests.api import Api, code
from tests.makers_identity import make_member
from tests.makers_products import make_description


async def test_everybody_walks_from_the_top_to_a_county(api: Api) -> None:
    top = (await api.get("/api/v1/code-trees/region")).json()
    province = (await api.get("/api/v1/code-trees/region", code="46")).json()
    county = (await api.get("/api/v1/code-trees/region", code="469021")).json()

    assert {"46", "71", "81"} <= {each["code"] for each in top["below"]}
    assert "海口市" in [each["name"] for each in province["below"]]
    assert [each["code"] for each in county["above"]] == ["46", "4690", "469021"]
    assert (county["below"], county["codes_in_subtree"]) == ([], 1)


async def test_unknown_trees_and_codes_are_told_from_malformed_ones(api: Api) -> None:
    assert (await api.get("/api/v1/code-trees/colour")).status_code == 404
    assert (await api.get("/api/v1/code-trees/region", code="99")).status_code == 404
    assert code(await api.get("/api/v1/code-trees/region", code="海南")) == "code_malformed"


async def test_a_description_with_an_unknown_code_is_refused_by_its_field(
    api: Api, db: Database, clock: ManualClock
) -> None:

    supplier = await make_member(db, Role.SUPPLIER, now=clock.now())
    mine = api.as_(supplier.token)
    body = msgspec.to_builtins(make_description())

    unknown = await mine.post("/api/v1/products?draft=true", body | {"region_code": "469999"})
    apart = await mine.post(
        "/api/v1/products", body | {"industry_section": "A", "industry_division": "55"}
    )

    assert code(unknown) == "code_unknown"
    assert unknown.json()["errors"][0]["pointer"] == "/region_code"
    assert code(apart) == "industry_codes_contradict"
    assert (await mine.get("/api/v1/my/products")).json()["items"] == []


async def test_a_region_is_known_by_the_six_digits_of_the_standard_too(
    api: Api, db: Database, clock: ManualClock
) -> None:
    supplier = await make_member(db, Role.SUPPLIER, now=clock.now())
    mine = api.as_(supplier.token)
    body = msgspec.to_builtins(make_description(region_code="460000"))

    described = await mine.post("/api/v1/products", body)
    branch = await api.get("/api/v1/code-trees/region", code="460100")
    searched = await api.get("/api/v1/products", region_code="460000")

    assert described.status_code == 201, described.text
    assert [each["code"] for each in branch.json()["above"]] == ["46", "4601"]
    assert branch.json()["below"]
    assert searched.status_code == 200
