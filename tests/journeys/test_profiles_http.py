"""What is known of a product's bytes: found once, shown masked and by level, held against the dictionary."""

from __future__ import annotations

import uuid
from typing import Any

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

TABLE = "城市,数量,姓名,电话\n海口,12,张三,13812345678\n三亚,7,李四,13912345678\n"


def body(**changes: Any) -> dict[str, Any]:
    described: dict[str, Any] = msgspec.to_builtins(
        make_description(contains_personal_info=True, update_cycle="monthly")
    )
    return described | changes


@pytest.fixture
async def supplier(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.SUPPLIER, now=clock.now())


async def described(mine: Api, content: bytes | None = TABLE.encode(), **changes: Any) -> str:
    product = (await mine.post("/api/v1/products", body(**changes))).json()["id"]
    if content is not None:
        await attach(mine, product, content)
    return f"/api/v1/products/{product}"


async def attach(mine: Api, product: str, content: bytes, name: str = "data.csv") -> None:
    uploaded = await mine.upload(content, name, "text/csv")
    assert uploaded.status_code == 201, uploaded.text
    done = await mine.post(
        f"/api/v1/products/{product.rsplit('/', 1)[-1]}/contents",
        {"file_id": uploaded.json()["id"]},
    )
    assert done.status_code == 201, done.text


async def show(db: Database, clock: ManualClock, path: str) -> None:
    async with begin(db, system("test")) as tx:
        await publishing.set_visible(
            tx, now=clock.now(), product_id=uuid.UUID(path.rsplit("/", 1)[-1]), is_public=True
        )


async def test_a_content_is_looked_into_on_request_once_and_draws_up_a_dictionary(
    api: Api, db: Database, clock: ManualClock, supplier: Member
) -> None:
    mine = api.as_(supplier.token)
    path = await described(mine)
    assert code(await mine.get(f"{path}/profile")) == "preview_missing"

    first = await mine.post(f"{path}/profiles")
    again = await mine.post(f"{path}/profiles")

    assert first.status_code == 201, first.text
    assert again.json() == first.json() == (await mine.get(f"{path}/profile")).json()
    found = first.json()
    assert (found["profile"]["rows"], found["profile"]["is_whole"]) == (2, True)
    assert [column["type"] for column in found["profile"]["columns"]] == [
        "text",
        "integer",
        "text",
        "integer",
    ]
    assert found["profile"]["sample"] == []
    assert [(item["name"], item["type"], item["sensitivity"]) for item in found["draft"]] == [
        ("城市", "text", "none"),
        ("数量", "integer", "none"),
        ("姓名", "text", "person_name"),
        ("电话", "text", "phone"),  # nobody adds two of them up
    ]
    assert found["findings"] == []
    auditor = await make_member(db, Role.AUDIT_ADMINISTRATOR, now=clock.now())
    entries = await api.as_(auditor.token).find_in_log(action="product_content:profiled")
    assert len(entries) == 1


async def test_the_job_looks_into_what_was_attached_and_into_the_same_bytes_once(
    api: Api, supplier: Member
) -> None:
    mine = api.as_(supplier.token)
    table = await described(mine, b"a,b\n1,2\n")
    same = await described(mine, b"a,b\n1,2\n")
    other = await described(mine, b"%PDF-1.7 no table")

    done = [(await api.run_jobs())["profile_contents"] for _ in range(3)]

    assert done[0] > 0
    assert done[-1] == 0
    for path in (table, same):
        assert (await mine.get(f"{path}/profile")).json()["outcome"] == "profiled"
    refused = (await mine.get(f"{other}/profile")).json()
    assert (refused["outcome"], refused["profile"]) == ("refused", None)
    assert refused["refusal"] == {"code": "table_kind_unsupported", "facts": {"kind": "pdf"}}
    assert code(await mine.get(f"{other}/preview")) == "preview_missing"


async def test_who_calls_the_same_bytes_otherwise_spoils_them_for_nobody(
    api: Api, supplier: Member
) -> None:
    mine = api.as_(supplier.token)
    liar, honest = await described(mine, content=None), await described(mine, content=None)
    await attach(mine, liar, b"x,y\n1,2\n", "data.xlsx")
    await attach(mine, honest, b"x,y\n1,2\n", "data.csv")

    refused = (await mine.post(f"{liar}/profiles")).json()
    profiled = (await mine.post(f"{honest}/profiles")).json()

    assert refused["refusal"]["code"] == "table_kind_contradicts"
    assert profiled["outcome"] == "profiled"


async def test_everybody_sees_masked_rows_and_columns_without_their_ends(
    api: Api, db: Database, clock: ManualClock, supplier: Member
) -> None:
    mine = api.as_(supplier.token)
    path = await described(
        mine, items=[{"name": "数量", "type": "integer", "sensitivity": "other"}]
    )
    assert (await api.get(f"{path}/preview")).status_code == 404
    await mine.post(f"{path}/profiles")
    await show(db, clock, path)

    preview = (await api.get(f"{path}/preview")).json()
    public = (await api.get(f"{path}/profile")).json()

    assert preview["rows"] == [
        ["海口", "***", "张*", "138****5678"],
        ["三亚", "***", "李*", "139****5678"],
    ]
    assert [column["is_masked"] for column in preview["columns"]] == [False, True, True, True]
    assert (public["draft"], public["findings"], public["profile"]["sample"]) == (None, None, [])
    assert {column["maximum"] for column in public["profile"]["columns"]} == {None}
    own = (await mine.get(f"{path}/profile")).json()
    assert own["profile"]["columns"][1]["maximum"] == "12"
    for text in ("13812345678", "张三", "12"):
        assert text not in str(public["profile"]["columns"])
        assert text not in str(preview["rows"])


@pytest.mark.parametrize(
    ("changes", "public"),
    [
        (
            {
                "classification": {"scheme": "GB/T 43697", "level": "important", "category": "x"},
                "contains_important_data": True,
                "important_data_basis": "行业目录",
            },
            409,
        ),
        ({"classification": {"scheme": "GB/T 43697", "level": "general", "category": "x"}}, 200),
    ],
)
async def test_rows_of_a_higher_level_are_for_their_own_people_alone(
    api: Api,
    db: Database,
    clock: ManualClock,
    supplier: Member,
    *,
    changes: dict[str, Any],
    public: int,
) -> None:
    mine = api.as_(supplier.token)
    path = await described(mine, **changes)
    await mine.post(f"{path}/profiles")
    await show(db, clock, path)

    assert (await mine.get(f"{path}/preview")).status_code == 200
    assert (await api.get(f"{path}/preview")).status_code == public


async def test_a_dictionary_that_contradicts_the_file_is_refused_by_column_row_and_reason(
    api: Api, supplier: Member
) -> None:
    mine = api.as_(supplier.token)
    path = await described(mine)
    found = (await mine.post(f"{path}/profiles")).json()
    good = found["draft"]
    bad = [dict(good[0], type="integer"), dict(good[1], length=1), *good[3:]]

    refused = await mine.put(path, body(items=bad), if_match='"1"')
    kept = (await mine.get(path)).json()
    draft = await mine.put(path, body(items=good), if_match='"1"')

    assert code(refused) == "dictionary_contradicts_file"
    said = refused.json()
    assert [(f["reason"], f["column"], f.get("row")) for f in said["facts"]["findings"]] == [
        ("type_differs", "城市", 2),
        ("length_exceeded", "数量", 2),
        ("column_undeclared", "姓名", None),
    ]
    assert [error["pointer"] for error in said["errors"]] == ["/items/0", "/items/1", "/items"]
    assert (kept["version"], kept["description"]["items"]) == (1, [])
    assert draft.status_code == 200, draft.text


async def test_personal_information_that_nobody_declared_is_refused(
    api: Api, supplier: Member
) -> None:
    mine = api.as_(supplier.token)
    path = await described(mine, contains_personal_info=False)
    found = (await mine.post(f"{path}/profiles")).json()

    refused = await mine.put(path, body(contains_personal_info=False), if_match='"1"')
    listing = await mine.post(
        "/api/v1/listings", {"product_id": path.rsplit("/", 1)[-1], "papers": {}}
    )

    assert [(f["reason"], f["column"]) for f in found["findings"]] == [
        ("personal_information_undeclared", "电话")
    ]
    assert code(refused) == "dictionary_contradicts_file"
    gate = {item["code"]: item["passed"] for item in listing.json()["gate"]}
    assert gate["personal_information_undeclared"] is False


async def test_quality_is_told_by_rule_and_stands_on_the_product(
    api: Api, db: Database, clock: ManualClock, supplier: Member
) -> None:
    mine = api.as_(supplier.token)
    path = await described(mine, ai_generated="partly")
    before = (await mine.get(f"{path}/quality")).json()
    await mine.post(f"{path}/profiles")
    await show(db, clock, path)

    after = (await api.get(f"{path}/quality")).json()
    product = (await api.get(path)).json()

    assert (before["measured"], after["measured"]) == (2, 4)
    assert product["quality"] == after
    assert product["ai_label"]["zh"] == "部分内容由人工智能生成"
    assert {dimension["dimension"] for dimension in after["dimensions"]} == {
        "accuracy",
        "relevance",
        "completeness",
        "timeliness",
    }
    assert all(rule["zh"] and rule["en"] for rule in after["rules"])


async def test_what_has_no_content_or_is_somebody_elses_is_refused(
    api: Api, db: Database, clock: ManualClock, supplier: Member
) -> None:
    mine = api.as_(supplier.token)
    stranger = api.as_((await make_member(db, Role.SUPPLIER, now=clock.now())).token)
    empty = await described(mine, content=None)
    full = await described(mine)
    await show(db, clock, full)

    assert code(await mine.post(f"{empty}/profiles")) == "content_missing"
    assert code(await mine.get(f"{empty}/preview")) == "content_missing"
    assert (await stranger.post(f"{full}/profiles")).status_code == 404
    assert (await api.post(f"{full}/profiles")).status_code == 401
    assert (await mine.get(f"/api/v1/products/{uuid.uuid4()}/quality")).status_code == 404
