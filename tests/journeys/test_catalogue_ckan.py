"""The catalogue answers as CKAN's action API does, to its end and in its envelope."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from catalog.formats import ckan, ckan_query
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from catalog.kernel.ids import new_id
from tests.api import Api
from tests.journeys.test_catalogue_dcat import import_lines, import_records
from tests.makers_registration import must
from tests.makers_trade import Trade, make_trade
from tests.stages import staged

ACTION = "/api/3/action/"
RECORDS = [
    {
        "id": f"{n}",
        "title": f"港口 {n} 观测",
        "source": "a",
        "publisher": ("某港务局", "另一港务局")[n % 2],
        "theme": ("交通", "气象")[n % 3 == 0],
        "keywords": ["港口", f"k{n % 5}", 'a "b\\'],
        "format": ("csv", "api")[n % 2],
        "licence": "MIT",
    }
    for n in range(12)
]


@staged
async def trade(api: Api, db: Database, clock: ManualClock) -> Trade:
    found = await make_trade(api, db, clock)
    await import_lines(db, clock, [json.dumps(each).encode() for each in RECORDS])
    return found


async def ask(api: Api, action: str, **given: Any) -> Any:
    answer = must(await api.http.post(ACTION + action, json=given))
    assert answer["success"] is True
    assert answer["help"].endswith(f"?name={action}")
    return answer["result"]


async def refused(api: Api, action: str, **given: Any) -> tuple[int, Any]:
    answer: httpx.Response = await api.http.post(ACTION + action, json=given)
    return answer.status_code, answer.json()


async def test_a_product_of_ours_is_a_package_with_its_price(trade: Trade) -> None:
    found = await ask(trade.api, "package_show", id=trade.product_id)
    extras = {each["key"]: each["value"] for each in found["extras"]}

    assert found["name"] == found["id"] == trade.product_id
    assert extras["price_cny"] == "123.45"
    assert "港航企业" in extras["usage"]
    assert "自有设备采集" not in json.dumps(found, ensure_ascii=False)
    assert found["resources"][0]["url"].endswith(f"/products/{trade.product_id}")


async def test_filters_and_facets_are_heeded_without_words(trade: Trade) -> None:
    api = trade.api
    name = ckan.name_of("organization", "某港务局")
    found = await ask(
        api,
        "package_search",
        fq=f'organization:{name} AND +res_format:CSV tags:"a \\"b\\\\" license_id:MIT',
        **{"facet.field": ["organization", "groups", "tags", "res_format", "license_id"]},
    )
    nobody = await ask(api, "package_search", fq="organization:organization-0", rows=0)
    themed = await ask(api, "package_search", fq=f"groups:{ckan.name_of('group', '气象')}")
    old = await ask(api, "package_search", fq="metadata_modified:[* TO 2020-01-01T00:00:00Z]")

    assert found["count"] == len(found["results"]) == 6
    assert found["facets"]["organization"] == {name: 6}
    assert found["facets"]["tags"]["港口"] == 6
    assert found["search_facets"]["groups"]["items"][0]["display_name"] == "交通"
    assert (nobody["count"], themed["count"], old["count"]) == (0, 4, 0)


async def test_words_go_to_our_search_and_everything_found_is_met_once(trade: Trade) -> None:
    seen: list[str] = []
    while page := (await ask(trade.api, "package_search", q="港口", start=len(seen), rows=5))[
        "results"
    ]:
        seen += [each["id"] for each in page]
    found = await ask(trade.api, "package_search", q="港口", **{"facet.field": ["organization"]})
    newest = await ask(trade.api, "package_search", q="港口", sort="metadata_modified desc")
    narrowed = await ask(
        trade.api, "package_search", q="港口", fq=f"groups:{ckan.name_of('group', '气象')}"
    )

    assert len(seen) == len(set(seen)) == found["count"] == newest["count"] == 13
    assert sum(found["facets"]["organization"].values()) == 13
    assert narrowed["count"] == 4


async def test_more_than_is_ranked_is_found_to_its_end(
    api: Api, db: Database, clock: ManualClock
) -> None:
    await import_records(db, clock, 405)
    seen: list[str] = []

    for start in range(0, 500, 150):
        page = await ask(api, "package_search", q="数据", start=start, rows=150)
        seen += [each["id"] for each in page["results"]]

    assert len(seen) == len(set(seen)) == page["count"] == 405


async def test_all_names_are_listed_and_each_leads_to_what_has_it(trade: Trade) -> None:
    api = trade.api
    names = await ask(api, "package_list")
    some = await ask(api, "package_list", limit=5, offset=10)
    publishers = await ask(api, "organization_list", all_fields=True)
    themes = await ask(api, "group_list")
    tags = await ask(api, "tag_list", query="K")
    shown = await ask(api, "organization_show", id=publishers[0]["name"], include_datasets=True)
    tag = await ask(api, "tag_show", id='a "b\\', include_datasets="true")

    assert (len(names), some) == (13, names[10:])
    assert {each["title"]: each["package_count"] for each in publishers}["某港务局"] == 6
    assert set(themes) == {ckan.name_of("group", each) for each in ("交通", "气象")}
    assert tags == ["k0", "k1", "k2", "k3", "k4"]
    assert len(shown["packages"]) == shown["package_count"]
    assert len(tag["packages"]) == 12
    assert (await ask(api, "tag_list", all_fields=True, limit=1))[0]["vocabulary_id"] is None
    assert (await ask(api, "group_show", id=themes[0]))["type"] == "group"
    assert (await ask(api, "tag_show", id="k0"))["name"] == "k0"
    assert (await ask(api, "status_show"))["ckan_version"] == ckan.CKAN_VERSION
    assert "package_show" in await ask(api, "help_show", name="package_show")


async def test_a_resource_and_tags_are_found_as_clients_ask_for_them(trade: Trade) -> None:
    api = trade.api
    (package,) = await ask(api, "current_package_list_with_resources", limit=1)
    resource = await ask(api, "resource_show", id=package["resources"][0]["id"])

    assert package == await ask(api, "package_show", id=package["id"])
    assert resource == package["resources"][0]
    like = await ask(api, "tag_autocomplete", q="口")
    assert "港口" in like
    assert like == await ask(api, "tag_autocomplete", query="口")
    found = await ask(api, "tag_search", query="口", limit=1)
    assert (found["count"], len(found["results"])) == (len(like), 1)
    assert await ask(api, "site_read") is True


async def test_labels_are_paged_ordered_and_named_as_ckan_does(trade: Trade) -> None:
    api = trade.api
    tags = await ask(api, "tag_list")
    pages = [(await ask(api, "tag_list", limit=3, offset=start)) for start in (0, 3, 6, 9)]
    most = await ask(api, "organization_list", sort="package_count desc", all_fields=True, limit=1)
    name = ckan.name_of("organization", "另一港务局")
    one = await ask(api, "organization_list", organizations=[name])
    in_address = must(
        await api.http.get(f"{ACTION}organization_list", params={"organizations": f'["{name}"]'})
    )["result"]
    whole = await ask(api, "group_list", all_fields=True)

    assert tags == [word for page in pages for word in page] == sorted(tags)
    assert (most[0]["package_count"], one, in_address) == (6, [name], [name])
    assert {each["title"]: each["package_count"] for each in whole} == {"交通": 8, "气象": 4}


async def test_the_address_may_hold_what_is_asked(trade: Trade) -> None:
    found = must(
        await trade.api.http.get(
            "/api/action/package_search", params={"rows": "1", "facet.field": '["tags"]'}
        )
    )["result"]

    assert (len(found["results"]), found["count"]) == (1, 13)
    assert found["facets"]["tags"]["港口"] == 13


async def test_what_is_not_there_is_refused_as_ckan_does(trade: Trade) -> None:
    api = trade.api
    for action, given in (
        ("package_show", {"id": str(new_id())}),
        ("package_show", {"id": "no-uuid"}),
        ("organization_show", {"id": "organization-0"}),
        ("tag_show", {"id": "unknown"}),
        ("tag_show", {"id": "k0", "vocabulary_id": "v"}),
        ("tag_search", {"query": "k0", "vocabulary_id": "v"}),
        ("resource_show", {"id": f"{new_id()}-1"}),
        ("resource_show", {"id": "1"}),
        ("tag_list", {"vocabulary_id": "v"}),
        ("help_show", {"name": "unknown"}),
    ):
        status, body = await refused(api, action, **given)
        assert (status, body["error"]["__type"]) == (404, "Not Found Error"), action
    for action, given, field in (
        ("package_search", {"fq": "secret:1"}, "fq"),
        ("package_search", {"rows": "many"}, "rows"),
        ("package_search", {"q": 1}, "q"),
        ("package_search", {"q": "港口", "fq": "tags:a"}, "fq"),
        ("package_show", {}, "id"),
        ("tag_list", {"limit": -1}, "limit"),
        ("organization_list", {"sort": "views desc"}, "sort"),
        ("group_list", {"groups": [1]}, "groups"),
    ):
        status, body = await refused(api, action, **given)
        assert (status, body["error"]["__type"]) == (409, "Validation Error"), action
        assert field in body["error"]
    status, body = await refused(api, "package_search", q="港" * 20_000)
    assert (status, body["error"]["__type"]) == (409, "Search Query Error")
    assert (await refused(api, "package_create"))[0] == 400
    broken = await api.http.post(
        f"{ACTION}package_list", content=b"[]", headers={"content-type": "application/json"}
    )
    assert broken.status_code == 400


async def test_a_withdrawn_product_is_gone_with_its_reason(trade: Trade) -> None:
    (listing,) = must(await trade.by(trade.supplier).get("/api/v1/listings"))["items"]
    must(await trade.listing_step(listing["id"], "delistings", trade.supplier, reason="不再提供"))
    path = f"/api/v1/products/{trade.product_id}/withdrawals"
    must(await trade.by(trade.supplier).post(path, {"reason": "数据源停止更新"}))

    status, body = await refused(trade.api, "package_show", id=trade.product_id)

    assert (status, body["error"]["__type"]) == (410, "Not Found Error")
    assert "数据源停止更新" in body["error"]["message"]
    assert trade.product_id not in await ask(trade.api, "package_list")


async def test_too_many_names_are_had_page_by_page(
    trade: Trade, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("market.http.catalogue_ckan.MAX_NAMES", 5)

    status, body = await refused(trade.api, "package_list")

    assert (status, next(iter(body["error"]))) == (409, "limit")
    assert len(await ask(trade.api, "package_list", limit=100)) == 5
    assert ckan_query.MAX_NAMES == 100_000
    monkeypatch.setattr("catalog.formats.ckan_query.MAX_NAMES", 5)
    status, body = await refused(trade.api, "tag_list")
    assert (status, next(iter(body["error"]))) == (409, "limit")
    assert len(await ask(trade.api, "tag_list", limit=100)) == 5
