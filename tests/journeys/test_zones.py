"""Zones of public data: founded by the authority, filled by their operator, read by everybody (BJ-03, BJ-07, F36)."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any, Protocol

import asyncpg
import msgspec
import pytest

from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.products.operations import publishing
from market.identity.model import Capacity
from market.identity.permissions import Role
from tests.api import Api, code
from tests.makers_identity import Member, make_member, make_party
from tests.makers_products import make_description

HTML = {"accept": "text/html"}


@pytest.fixture
async def operator(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.SUPPLIER, now=clock.now())


@pytest.fixture
async def supplier(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.SUPPLIER, now=clock.now())


@pytest.fixture
async def regulator(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.REGULATOR, now=clock.now())


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


async def describe(api: Api, **changes: Any) -> str:
    body: dict[str, Any] = msgspec.to_builtins(make_description(**changes))
    made = await api.post("/api/v1/products", body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def body(operator: Member, regulator: Member, **changes: Any) -> dict[str, Any]:
    return {
        "code": "finance",
        "kind": "domain",
        "said": {
            "name": "金融公共数据专区",
            "description": "面向普惠金融的公共数据。",
            "domains": ["finance", "credit"],
        },
        "operator_party_id": str(operator.party.id),
        "supervisor_party_id": str(regulator.party.id),
    } | changes


async def opened(api: Api, operator: Member, regulator: Member, **changes: Any) -> str:
    bureau = api.as_(regulator.token)
    made = await bureau.post("/api/v1/zones", body(operator, regulator, **changes))
    assert made.status_code == 201, made.text
    zone = str(made.json()["zone"]["id"])
    done = await bureau.post(
        f"/api/v1/zones/{zone}/decisions", {"event": "open", "reason": "验收合格"}
    )
    assert done.status_code == 200, done.text
    return zone


async def there(api: Api, zone: str, *, removed: bool = False) -> list[str]:
    found = await api.get(f"/api/v1/zones/{zone}/products", removed=str(removed).lower())
    assert found.status_code == 200, found.text
    return [each["product_name"] for each in found.json()["items"]]


async def test_a_search_in_an_empty_zone_finds_nothing_and_in_one_that_is_not_open_is_refused(
    api: Api, operator: Member, regulator: Member
) -> None:
    await opened(api, operator, regulator)
    said = {"name": "交通公共数据专区", "domains": ["transport"]}
    prepared = body(operator, regulator, code="transport", said=said)
    assert (await api.as_(regulator.token).post("/api/v1/zones", prepared)).status_code == 201

    empty = await api.get("/api/v1/products", zone="finance")
    hidden = await api.get("/api/v1/products", zone="transport")
    of_its_operator = await api.as_(operator.token).get("/api/v1/products", zone="transport")
    page = await api.http.get("/products?zone=transport", headers={"accept": "text/html"})

    assert (empty.status_code, empty.json()["total"]) == (200, 0)
    assert (hidden.status_code, hidden.json()["code"]) == (422, "search_filter_unknown")
    assert (of_its_operator.status_code, of_its_operator.json()["total"]) == (200, 0)
    assert (page.status_code, "没有这个值" in page.text) == (422, True)


async def test_a_zone_lists_its_public_products_only_and_tells_what_was_taken_out(
    api: Api,
    shown: Show,
    operator: Member,
    supplier: Member,
    regulator: Member,
) -> None:
    zone = await opened(api, operator, regulator)
    mine, theirs = api.as_(operator.token), api.as_(supplier.token)
    inside = await describe(theirs, name="企业信用评分")
    outside = await describe(theirs, name="不在专区的产品")
    hidden = await describe(mine, name="尚未公开的产品")
    await shown(inside)
    await shown(outside)
    path = f"/api/v1/zones/{zone}/products"

    placed = await mine.post(path, {"product_id": inside, "reason": "符合专区领域"})
    private = await mine.post(path, {"product_id": hidden, "reason": "试一试"})
    again = await mine.post(path, {"product_id": inside, "reason": "再来一次"})
    stranger = await theirs.post(path, {"product_id": outside, "reason": "不是我的专区"})
    unknown = await mine.post(path, {"product_id": str(uuid.uuid4()), "reason": "没有"})

    assert placed.status_code == 201, placed.text
    assert (private.status_code, code(private)) == (409, "product_not_public")
    assert (again.status_code, code(again)) == (409, "product_in_zone")
    assert (stranger.status_code, unknown.status_code) == (404, 404)
    assert await there(api, zone) == ["企业信用评分"]

    await shown(inside, is_public=False)
    assert await there(api, zone) == []
    await shown(inside)
    assert await there(api, zone) == ["企业信用评分"]

    page = await api.http.get("/zones/finance", headers=HTML)
    assert page.status_code == 200
    assert "企业信用评分" in page.text
    assert "不在专区的产品" not in page.text
    assert "/price-list?zone=finance" in page.text

    removed = await mine.post(f"{path}/{inside}/removals", {"reason": "供方退出专区"})
    twice = await mine.post(f"{path}/{inside}/removals", {"reason": "再一次"})

    assert removed.json()["removal_reason"] == "供方退出专区"
    assert twice.status_code == 404
    assert await there(api, zone) == []
    assert await there(api, zone, removed=True) == ["企业信用评分"]
    assert "供方退出专区" in (await api.http.get("/zones/finance", headers=HTML)).text
    assert len(await mine.find_in_log(action="zone_product:placed")) == 1
    assert len(await mine.find_in_log(action="zone_product:removed")) == 1


async def test_a_search_is_narrowed_to_a_zone_and_counted_by_it_at_once(
    api: Api, shown: Show, operator: Member, regulator: Member
) -> None:
    zone = await opened(api, operator, regulator)
    mine = api.as_(operator.token)
    inside, outside = await describe(mine), await describe(mine, name="港口泊位占用")
    await shown(inside)
    await shown(outside)
    path = f"/api/v1/zones/{zone}/products"

    async def found(**asked: str) -> dict[str, Any]:
        answer = await api.get("/api/v1/products", q="港口", **asked)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    assert (await found(zone="finance"))["total"] == 0
    await mine.post(path, {"product_id": inside, "reason": "入区"})
    narrowed = await found(zone="finance")
    assert [hit["id"] for hit in narrowed["items"]] == [inside]
    assert (await found())["facets"]["zone"] == [{"value": "finance", "count": 1}]
    page = (await api.http.get("/products?zone=finance", headers=HTML)).text
    assert "金融公共数据专区" in page

    # Off the market and on it again, it stands in its zone still.
    await shown(inside, is_public=False)
    await shown(inside)
    assert (await found(zone="finance"))["total"] == 1
    await mine.post(f"{path}/{inside}/removals", {"reason": "出区"})
    assert (await found(zone="finance"))["total"] == 0


async def test_the_price_list_of_a_zone_has_the_prices_of_its_products_alone(
    api: Api, operator: Member, regulator: Member
) -> None:
    await opened(api, operator, regulator)

    listed = await api.get("/api/v1/price-list", zone="finance")
    page = await api.http.get("/price-list?zone=finance", headers=HTML)

    assert listed.json()["items"] == []
    assert page.status_code == 200


async def test_a_zone_is_unknown_to_the_public_until_it_opens(
    api: Api, operator: Member, supplier: Member, regulator: Member
) -> None:
    bureau = api.as_(regulator.token)
    made = await bureau.post("/api/v1/zones", body(operator, regulator))
    zone = made.json()["zone"]["id"]
    path = f"/api/v1/zones/{zone}"

    for reader in (api, api.as_(supplier.token)):
        assert (await reader.get(path)).status_code == 404
        assert (await reader.get("/api/v1/zones")).json()["items"] == []
    assert (await api.as_(operator.token).get(path)).json()["zone"]["state"] == "preparing"
    early = await api.as_(operator.token).post(
        f"{path}/products", {"product_id": str(uuid.uuid4()), "reason": "提前"}
    )
    assert code(early) == "zone_event_not_allowed"

    await bureau.post(f"{path}/decisions", {"event": "open", "reason": "验收合格"})

    assert [z["code"] for z in (await api.get("/api/v1/zones")).json()["items"]] == ["finance"]
    assert (await api.http.get("/zones", headers=HTML)).text.count("金融公共数据专区") == 1
    assert (await api.http.get("/zones/nothing", headers=HTML)).status_code == 404


async def test_what_can_be_no_zone_is_refused_and_leaves_nothing(
    api: Api, db: Database, clock: ManualClock, operator: Member, regulator: Member
) -> None:
    bureau = api.as_(regulator.token)
    agency = await make_party(db, Capacity.COMPLIANCE_AGENCY, now=clock.now())

    async def refusal(**changes: Any) -> str:
        return code(await bureau.post("/api/v1/zones", body(operator, regulator, **changes)))

    assert await refusal(kind="regional") == "zone_type_conflict"
    no_region = {"name": "某区专区", "region_code": "99"}
    assert await refusal(kind="regional", said=no_region) == "code_unknown"
    assert await refusal(operator_party_id=str(agency.id)) == "zone_operator_unfit"
    assert await refusal(operator_party_id=str(uuid.uuid4())) == "zone_operator_unfit"
    assert await refusal(supervisor_party_id=None) == "supervisor_missing"
    assert await refusal(supervisor_party_id=str(operator.party.id)) == "supervisor_missing"
    assert (await bureau.get("/api/v1/zones")).json()["items"] == []

    await opened(api, operator, regulator)
    assert await refusal() == "zone_name_taken"
    assert await refusal(code="finance-2") == "zone_name_taken"
    assert len((await bureau.get("/api/v1/zones")).json()["items"]) == 1


async def test_a_comprehensive_zone_serves_others_and_is_the_authoritys(
    api: Api, operator: Member, regulator: Member
) -> None:
    domain = await opened(api, operator, regulator)

    basic = await opened(
        api,
        operator,
        regulator,
        code="basic",
        kind="comprehensive_basic",
        said={"name": "综合基础专区", "serves_zone_ids": [domain]},
        supervisor_party_id=None,
    )

    zone = (await api.get(f"/api/v1/zones/{basic}")).json()["zone"]
    assert zone["serves_zone_ids"] == [domain]
    assert zone["supervisor_party_id"] == str(regulator.party.id)


async def test_a_zone_is_revised_and_handed_over_with_its_history(
    api: Api, db: Database, clock: ManualClock, operator: Member, regulator: Member
) -> None:
    zone = await opened(api, operator, regulator)
    await opened(
        api, operator, regulator, code="medical", said={"name": "医疗专区", "domains": ["medical"]}
    )
    bureau, path = api.as_(regulator.token), f"/api/v1/zones/{zone}"
    district = await make_party(db, Capacity.OTHER_REGULATOR, now=clock.now(), name="区政府")
    said = {"name": "金融专区", "domains": ["finance"]}

    revised = await bureau.put(path, said, if_match='"2"')
    stale = await bureau.put(path, said, if_match='"2"')
    taken = await bureau.put(path, said | {"name": "医疗专区"}, if_match='"3"')
    wrong = await bureau.put(path, {"name": "金融专区"}, if_match='"3"')
    given = {"supervisor_party_id": str(district.id), "reason": "属地监管"}
    over = await bureau.post(f"{path}/handovers", given)
    nobody = await bureau.post(f"{path}/handovers", given | {"supervisor_party_id": str(zone)})
    foreign = await bureau.post(f"/api/v1/zones/{uuid.uuid4()}/handovers", given)

    assert revised.json()["zone"]["name"] == "金融专区"
    assert [code(stale), code(taken), code(wrong)] == [
        "version_stale",
        "zone_name_taken",
        "zone_type_conflict",
    ]
    assert [each["name"] for each in over.json()["supervisions"]][1:] == ["区政府"]
    assert code(nobody) == "supervisor_missing"
    assert foreign.status_code == 404
    assert "区政府" in (await api.http.get("/zones/finance", headers=HTML)).text


async def test_closing_a_zone_takes_everything_out_of_it_with_the_reason(
    api: Api,
    shown: Show,
    operator: Member,
    supplier: Member,
    regulator: Member,
) -> None:
    zone = await opened(api, operator, regulator)
    product = await describe(api.as_(supplier.token))
    await shown(product)
    mine, bureau = api.as_(operator.token), api.as_(regulator.token)
    path = f"/api/v1/zones/{zone}"
    await mine.post(f"{path}/products", {"product_id": product, "reason": "入区"})

    async def decide(event: str) -> Any:
        return await bureau.post(f"{path}/decisions", {"event": event, "reason": "专区调整"})

    assert (await decide("suspend")).json()["zone"]["state"] == "suspended"
    held = await mine.post(f"{path}/products", {"product_id": product, "reason": "入区"})
    assert code(held) == "zone_event_not_allowed"
    assert (await decide("resume")).json()["zone"]["state"] == "open"
    assert (await decide("close")).json()["zone"]["state"] == "closed"
    assert code(await decide("open")) == "zone_event_not_allowed"
    assert (await decide("place")).status_code == 422

    removed = (await api.get(f"{path}/products", removed="true")).json()["items"]
    assert [each["removal_reason"] for each in removed] == ["专区调整"]
    late = await mine.post(f"{path}/products/{product}/removals", {"reason": "晚了"})
    assert code(late) == "zone_event_not_allowed"


async def test_of_two_zones_that_take_a_product_at_once_one_gets_it(
    api: Api,
    shown: Show,
    operator: Member,
    supplier: Member,
    regulator: Member,
) -> None:
    zones = [
        await opened(api, operator, regulator),
        await opened(
            api, operator, regulator, code="credit", said={"name": "信用", "domains": ["credit"]}
        ),
    ]
    product = await describe(api.as_(supplier.token))
    await shown(product)
    mine = api.as_(operator.token)

    answers = await asyncio.gather(
        *(
            mine.post(f"/api/v1/zones/{zone}/products", {"product_id": product, "reason": "入区"})
            for zone in zones
        )
    )

    assert sorted(each.status_code for each in answers) == [201, 409]


async def test_the_database_keeps_types_reasons_and_history(
    api: Api, operator: Member, regulator: Member, owner_dsn: str
) -> None:
    zone = await opened(api, operator, regulator)
    connection = await asyncpg.connect(owner_dsn)
    try:
        await connection.execute("SELECT set_config('app.clearance', 'system', false)")
        for statement, name in (
            ("UPDATE market.zones SET domains = '{}'", "zone_type_conflict"),
            ("UPDATE market.zones SET region_code = '46'", "zone_type_conflict"),
            ("UPDATE market.zones SET name = '改名'", "nothing was remembered"),
            ("DELETE FROM market.zone_supervisions", "never changed"),
        ):
            with pytest.raises(asyncpg.PostgresError, match=name) as refused:
                await connection.execute(statement)
            assert refused.value is not None
    finally:
        await connection.close()
    assert (await api.get(f"/api/v1/zones/{zone}")).json()["zone"]["domains"] == [
        "finance",
        "credit",
    ]
