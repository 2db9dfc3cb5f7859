"""From where a product comes, what became of it, how it is classified, who is an item's source (GD-01)."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import asyncpg
import msgspec
import pytest

from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.products.items import DuplicateAuthoritativeSource
from catalog.products.model import Level
from catalog.products.operations import publishing
from market.identity.permissions import Role
from tests.api import Api, code
from tests.makers_identity import Member, make_member
from tests.makers_products import make_description, make_source

LOWER = {
    "scheme": "DB11/T 1918",
    "level": "bj_1",
    "category": "行业数据 / 能源",
    "reason": "每个单元至少五十户合成，无法还原单户电量",
}


def body(**changes: Any) -> dict[str, Any]:
    described: dict[str, Any] = msgspec.to_builtins(make_description())
    return described | changes


def source(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(make_source())
    return made | changes


def at_level(level: str) -> dict[str, Any]:
    return {
        "sources": [source(classification_level=level)],
        "classification": {"scheme": "DB11/T 1918", "level": level, "category": "行业数据"},
    }


@pytest.fixture
async def supplier(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.SUPPLIER, now=clock.now())


@pytest.fixture
async def stranger(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.SUPPLIER, now=clock.now())


@pytest.fixture
async def reviewer(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.OPERATOR_TECHNICAL_REVIEWER, now=clock.now())


@pytest.fixture
async def regulator(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.REGULATOR, now=clock.now())


async def show(db: Database, clock: ManualClock, product_id: str) -> None:
    async with begin(db, system("test")) as tx:
        await publishing.set_visible(
            tx, now=clock.now(), product_id=uuid.UUID(product_id), is_public=True
        )
        tx.remember()
        await tx.execute("SET LOCAL app.remembered = 'yes'")


async def describe(api: Api, **changes: Any) -> str:
    made = await api.post("/api/v1/products", body(**changes))
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def named(resource: str, **changes: Any) -> list[dict[str, Any]]:
    return [source(is_supermarket_resource=True, resource_id=resource, **changes)]


async def evidence(api: Api) -> str:
    file = await api.upload("去标识化评估报告".encode(), "评估报告.txt", "text/plain")
    return str(file.json()["id"])


async def test_both_ways_are_told_as_far_as_the_reader_may_see(
    api: Api, db: Database, clock: ManualClock, supplier: Member, stranger: Member
) -> None:
    mine, theirs = api.as_(supplier.token), api.as_(stranger.token)
    raw = await describe(mine, name="原始观测")
    cleaned = await describe(mine, name="清洗后的观测", sources=named(raw))
    await show(db, clock, cleaned)
    index = await describe(theirs, name="风险指数", sources=named(cleaned))

    own = (await mine.get(f"/api/v1/products/{cleaned}/provenance")).json()
    public = (await api.get(f"/api/v1/products/{cleaned}/provenance")).json()
    far = (await theirs.get(f"/api/v1/products/{index}/provenance")).json()

    assert [(up["resource_id"], up["resource_name"]) for up in own["upstream"][:1]] == [
        (raw, "原始观测")
    ]
    assert [up["depth"] for up in own["upstream"]] == [1, 2]
    assert own["downstream"] == []  # the stranger's is not public yet
    assert [(up["resource_id"], up["resource_name"]) for up in public["upstream"]] == [(raw, None)]
    assert [up["product_name"] for up in far["upstream"]] == ["风险指数", "清洗后的观测"]
    assert (await api.get(f"/api/v1/products/{index}/provenance")).status_code == 404

    await show(db, clock, index)
    after = (await api.get(f"/api/v1/products/{cleaned}/provenance")).json()
    assert [down["product_name"] for down in after["downstream"]] == ["风险指数"]
    assert after["is_whole"]


async def test_sources_that_are_not_shared_or_called_less_are_refused_by_their_field(
    api: Api, db: Database, clock: ManualClock, supplier: Member, stranger: Member
) -> None:
    mine, theirs = api.as_(supplier.token), api.as_(stranger.token)
    kept = await describe(mine, name="不共享的资源", sharing_type="not_shared")
    for_some = await describe(
        mine,
        name="有条件共享的资源",
        sharing_type="conditional",
        sharing_condition="须经审批",
        **at_level("bj_2"),
    )
    for product in (kept, for_some):
        await show(db, clock, product)
    stated = {"authorisation_required": True, "authorisation_scope": "用于风险计算"}

    unshared = await theirs.post("/api/v1/products", body(sources=named(kept)))
    unstated = await theirs.post(
        "/api/v1/products",
        body(**(at_level("bj_2") | {"sources": named(for_some, classification_level="bj_2")})),
    )
    below = await theirs.post("/api/v1/products", body(sources=named(for_some, **stated)))
    taken = await theirs.post(
        "/api/v1/products",
        body(
            **(
                at_level("bj_2")
                | {"sources": named(for_some, classification_level="bj_2", **stated)}
            )
        ),
    )

    assert code(unshared) == "source_resource_not_shared"
    assert unshared.json()["errors"][0]["pointer"] == "/sources/0/resource_id"
    assert code(unstated) == "source_authorisation_unstated"
    assert code(below) == "source_level_below_resource"
    assert taken.status_code == 201
    assert len((await theirs.get("/api/v1/my/products")).json()["items"]) == 1


async def test_a_product_is_not_made_from_what_was_made_of_it(api: Api, supplier: Member) -> None:
    mine = api.as_(supplier.token)
    first = await describe(mine, name="甲")
    second = await describe(mine, name="乙", sources=named(first))

    for resource in (first, second):
        refused = await mine.put(
            f"/api/v1/products/{first}",
            body(name="甲", sources=named(resource)),
            if_match='"1"',
        )
        assert code(refused) == "source_circular"


async def test_a_lower_level_takes_two_people_and_stands_in_the_history(
    api: Api, supplier: Member, stranger: Member, reviewer: Member
) -> None:
    mine, second = api.as_(supplier.token), api.as_(reviewer.token)
    alone = await mine.post(
        "/api/v1/products",
        body(
            sources=[source(classification_level="bj_3")],
            classification={
                "scheme": "DB11/T 1918",
                "level": "bj_1",
                "category": "行业数据",
                "reclassification": {"reason": "聚合", "decided_by": "本人", "evidence": "无"},
            },
        ),
    )
    product = await describe(mine, **at_level("bj_3"))
    path = f"/api/v1/products/{product}"
    proposal = LOWER | {"evidence_file_id": await evidence(mine)}

    foreign = await api.as_(stranger.token).post(f"{path}/reclassifications", proposal)
    proposed = await mine.post(f"{path}/reclassifications", proposal)
    again = await mine.post(f"{path}/reclassifications", proposal)
    decisions = f"/api/v1/reclassifications/{proposed.json()['id']}/decisions"
    own = await mine.post(decisions, {"is_confirmed": True, "remark": "可以"})
    waiting = (await second.get("/api/v1/reclassifications", status="proposed")).json()["items"]
    confirmed = await second.post(decisions, {"is_confirmed": True, "remark": "与证据相符"})
    twice = await second.post(decisions, {"is_confirmed": False, "remark": "再想想"})

    assert code(alone) == "reclassification_not_recorded"
    assert foreign.status_code == 404
    assert proposed.status_code == 201
    assert code(again) == "reclassification_under_way"
    assert own.status_code == 403
    assert [each["id"] for each in waiting] == [proposed.json()["id"]]
    assert confirmed.json()["state"] == "confirmed"
    assert code(twice) == "reclassification_event_not_allowed"
    now = (await mine.get(path)).json()
    assert now["description"]["classification"]["level"] == "bj_1"
    assert now["description"]["classification"]["reclassification"]["of_sources"] == "bj_3"
    assert now["version"] == 2
    history = (await mine.get(f"{path}/classifications")).json()
    assert [(h["level"], h["level_of_sources"], h["is_reclassified"]) for h in history] == [
        ("bj_1", "bj_3", True),
        ("bj_3", "bj_3", False),
    ]
    # What was recorded may be kept when the product is described anew, and not be stretched.
    kept = await mine.put(path, now["description"] | {"keywords": ["港口"]}, if_match='"2"')
    stricter = now["description"] | {"sources": [source(classification_level="bj_4")]}
    assert kept.status_code == 200
    assert code(await mine.put(path, stricter, if_match='"3"')) == "classification_below_sources"


async def test_a_proposal_is_refused_withdrawn_or_outdated(
    api: Api, supplier: Member, stranger: Member, reviewer: Member
) -> None:
    mine, second = api.as_(supplier.token), api.as_(reviewer.token)
    product = await describe(mine, **at_level("bj_3"))
    path = f"/api/v1/products/{product}/reclassifications"
    proposal = LOWER | {"evidence_file_id": await evidence(mine)}

    async def propose() -> str:
        return str((await mine.post(path, proposal)).json()["id"])

    async def decide(one: str, **changes: Any) -> Any:
        wanted = {"is_confirmed": True, "remark": "与证据相符"} | changes
        return await second.post(f"/api/v1/reclassifications/{one}/decisions", wanted)

    refused = await decide(await propose(), is_confirmed=False)
    taken_back = await propose()
    foreign = await api.as_(stranger.token).post(
        f"/api/v1/reclassifications/{taken_back}/withdrawals"
    )
    withdrawn = await mine.post(f"/api/v1/reclassifications/{taken_back}/withdrawals")
    late = await decide(taken_back)
    old = await propose()
    revised = await mine.put(
        f"/api/v1/products/{product}", body(**at_level("bj_4")), if_match='"1"'
    )
    outdated = await decide(old)
    unknown = await decide(str(uuid.UUID(int=9)))
    not_needed = await mine.post(
        f"/api/v1/products/{await describe(mine)}/reclassifications", proposal
    )

    assert refused.json()["state"] == "refused"
    assert foreign.status_code == 404
    assert withdrawn.json()["state"] == "withdrawn"
    assert code(late) == "reclassification_event_not_allowed"
    assert revised.status_code == 200
    assert code(outdated) == "reclassification_outdated"
    assert unknown.status_code == 404
    assert code(not_needed) == "reclassification_not_needed"
    assert (await mine.get(f"/api/v1/products/{product}")).json()["version"] == 2


async def test_of_two_second_people_at_once_one_decides(
    api: Api, supplier: Member, reviewer: Member, db: Database, clock: ManualClock
) -> None:
    other = await make_member(db, Role.OPERATOR_TECHNICAL_REVIEWER, now=clock.now())
    mine = api.as_(supplier.token)
    product = await describe(mine, **at_level("bj_3"))
    made = await mine.post(
        f"/api/v1/products/{product}/reclassifications",
        LOWER | {"evidence_file_id": await evidence(mine)},
    )
    path = f"/api/v1/reclassifications/{made.json()['id']}/decisions"

    answers = await asyncio.gather(
        api.as_(reviewer.token).post(path, {"is_confirmed": True, "remark": "可以"}),
        api.as_(other.token).post(path, {"is_confirmed": False, "remark": "不可以"}),
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_an_item_has_one_source_until_the_authority_names_another(  # noqa: PLR0917
    api: Api,
    db: Database,
    clock: ManualClock,
    supplier: Member,
    stranger: Member,
    regulator: Member,
) -> None:
    claim = [{"name": "qymc", "title": "企业名称", "type": "text", "is_authoritative": True}]
    mine, theirs, bureau = (api.as_(m.token) for m in (supplier, stranger, regulator))
    first = await describe(mine, name="企业登记", items=claim)
    await show(db, clock, first)
    second = await describe(theirs, name="企业年报", items=claim)

    with pytest.raises(DuplicateAuthoritativeSource):
        await show(db, clock, second)
    reported = (await bureau.get("/api/v1/item-conflicts")).json()["items"]
    seen_by_second = (await theirs.get("/api/v1/item-conflicts")).json()["items"]
    seen_by_first = (await mine.get("/api/v1/item-conflicts")).json()["items"]
    settle = {"item": "企业名称", "product_id": second, "reason": "以年报为准"}
    by_supplier = await theirs.post("/api/v1/item-settlements", settle)
    not_claimed = await bureau.post("/api/v1/item-settlements", settle | {"item": "地址"})
    unknown = await bureau.post(
        "/api/v1/item-settlements", settle | {"product_id": str(uuid.UUID(int=9))}
    )
    settled = await bureau.post("/api/v1/item-settlements", settle)

    assert [(c["item"], set(c["claims"]), c["holder"]) for c in reported] == [
        ("企业名称", {first, second}, first)
    ]
    assert [len(c["claims"]) for c in seen_by_second] == [2]
    assert seen_by_first == []  # the other product is not public yet
    assert by_supplier.status_code == 403
    assert code(not_claimed) == "item_not_claimed"
    assert unknown.status_code == 404
    assert settled.json() == {"item": "企业名称", "product_id": second}
    await show(db, clock, second)
    (after,) = (await mine.get("/api/v1/item-conflicts")).json()["items"]
    assert (after["holder"], after["reason"]) == (second, "以年报为准")
    with pytest.raises(DuplicateAuthoritativeSource):
        await show(db, clock, first)


async def test_the_database_keeps_the_history_and_asks_for_another_person(
    db: Database, clock: ManualClock, api: Api, supplier: Member
) -> None:
    mine = api.as_(supplier.token)
    product = await describe(mine, **at_level("bj_3"))
    await mine.post(
        f"/api/v1/products/{product}/reclassifications",
        LOWER | {"evidence_file_id": await evidence(mine)},
    )

    with pytest.raises(asyncpg.PostgresError):
        async with begin(db, system("test")) as tx:
            await tx.execute("UPDATE catalog.product_classifications SET level = 'bj_1'")
    with pytest.raises(asyncpg.CheckViolationError):
        async with begin(db, system("test")) as tx:
            await tx.execute(
                """
                UPDATE catalog.reclassifications
                   SET state = 'confirmed', decided_by = proposed_by, decided_at = now(), remark = ''"""
            )
    assert (
        Level.BJ_3.value
        == (await mine.get(f"/api/v1/products/{product}/classifications")).json()[0]["level"]
    )


async def test_a_second_description_of_an_item_and_a_level_without_scheme_are_refused(
    api: Api, supplier: Member
) -> None:
    mine = api.as_(supplier.token)
    doubled = [{"name": "a", "type": "text"}, {"name": "Ａ", "type": "text"}]
    unscheduled = {"scheme": " ", "level": "bj_1", "category": "行业数据"}

    assert code(await mine.post("/api/v1/products", body(items=doubled))) == "item_doubled"
    assert (
        code(await mine.post("/api/v1/products", body(classification=unscheduled)))
        == "classification_scheme_missing"
    )
    assert (
        code(
            await mine.post(
                "/api/v1/products", body(classification=unscheduled | {"scheme": "GB/T 43697"})
            )
        )
        == "level_not_of_scheme"
    )
    assert (await mine.get("/api/v1/my/products")).json()["items"] == []


@pytest.mark.parametrize(
    ("changes", "refused", "place"),
    [
        ({"sources": [source(resource_id=str(uuid.uuid4()))]}, "source_resource_missing", "sources/0/resource_id"),
        ({"classification": {"scheme": "", "level": "general", "category": "x"}}, "classification_scheme_missing", "classification/scheme"),
        ({"contains_sensitive_personal_info": True}, "personal_information_denied", "contains_personal_info"),
        ({"sources": [source(), source(name="另一来源")]}, "source_doubled", "sources/1/source_id"),
        ({"scenarios": [{"code": "a", "description": "甲"}] * 2}, "scenario_doubled", "scenarios/1/code"),
        ({"name": "  "}, "text_blank", "name"),
        ({"name": "abc\u202edef"}, "text_unreadable", "name"),
    ],
)  # fmt: skip
async def test_a_draft_says_nothing_wrong_either_and_nothing_of_it_remains(
    api: Api, supplier: Member, changes: dict[str, Any], refused: str, place: str
) -> None:
    mine = api.as_(supplier.token)

    answer = await mine.post("/api/v1/products?draft=true", body(**changes))

    assert (answer.status_code, code(answer)) == (422, refused)
    assert answer.json()["errors"][0]["pointer"] == f"/{place}"
    assert (await mine.get("/api/v1/my/products")).json()["items"] == []


async def test_no_bytes_are_taken_of_what_is_declared_as_core_data(
    api: Api, supplier: Member
) -> None:
    mine = api.as_(supplier.token)
    declared = await mine.post("/api/v1/products", body(contains_national_core_data=True))
    file = (await mine.upload(b"a,b\n1,2\n", "数据.csv", "text/csv")).json()
    product = f"/api/v1/products/{declared.json()['id']}"

    refused = await mine.post(f"{product}/contents", {"file_id": file["id"]})

    assert (refused.status_code, code(refused)) == (422, "core_data_not_taken")
    assert (await mine.get(product)).json()["contents"] == []
