"""Many products at once: a file handed in, row by row taken or refused, over real HTTP and by real files."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
import json
import resource
import sys
import uuid
from typing import Any

import msgspec
import openpyxl
import pytest
import xlsxwriter

from catalog.kernel.actor import system
from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database, begin
from catalog.kernel.ids import new_id
from catalog.product_batches import operations as batches
from catalog.product_batches.model import Kind
from catalog.product_batches.rows import RowReader
from catalog.products.operations import publishing
from market.identity.permissions import Role
from market.jobs import take_batches
from market.settings import Settings
from tests import bombs
from tests.api import Api, code
from tests.conftest import TestServer
from tests.makers_identity import Member, make_member
from tests.makers_products import make_description

HEADER = ["供方编号", "产品名称", "产品形式", "关键词", "行政区划代码"]
PATH = "/api/v1/product-batches"


@pytest.fixture
async def supplier(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.SUPPLIER, now=clock.now())


@pytest.fixture
def by(api: Api, supplier: Member) -> Api:
    return api.as_(supplier.token)


def rows_of(count: int, **changes: Any) -> list[list[str]]:
    return [[f"p-{n}", f"停车指数 {n}", "数据集", "停车；指数", "46"] for n in range(count)]


def as_csv(rows: list[list[str]], header: list[str] = HEADER, encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    return out.getvalue().encode(encoding)


async def hand_in(by: Api, content: bytes, name: str = "products.csv", **body: Any) -> Any:
    uploaded = await by.upload(content, name, "application/octet-stream")
    assert uploaded.status_code == 201, uploaded.text
    said = {"file_id": uploaded.json()["id"], "is_dry_run": False} | body
    return await by.post(PATH, said)


async def taken(by: Api, content: bytes, name: str = "products.csv", **body: Any) -> Any:
    """Hand a file in, let the job run, and return the batch and what was refused."""
    opened = await hand_in(by, content, name, **body)
    assert opened.status_code == 201, opened.text
    await take_batches.run(by.context)
    batch = (await by.get(f"{PATH}/{opened.json()['id']}")).json()
    rows = (await by.get(f"{PATH}/{batch['id']}/rows", limit=200)).json()["items"]
    return batch | {"rows": rows}


def faults(batch: Any) -> list[tuple[int, str, str]]:
    return [
        (row["line"], fault["column"], fault["code"])
        for row in batch["rows"]
        for fault in row["faults"]
    ]


async def own(by: Api) -> dict[str, Any]:
    found: dict[str, Any] = {}
    cursor = None
    while True:
        page = (
            await by.get("/api/v1/my/products", limit=200, **({"cursor": cursor} if cursor else {}))
        ).json()
        found |= {each["reference"]: each for each in page["items"]}
        cursor = page["next_cursor"]
        if cursor is None:
            return found


async def test_each_row_becomes_a_draft_of_its_supplier_and_the_same_file_again_changes_nothing(
    api: Api, by: Api
) -> None:
    first = await taken(by, as_csv(rows_of(3)))
    again = await taken(by, as_csv(rows_of(3)))

    assert first["state"] == again["state"] == "finished"
    assert (first["total"], first["counts"]["created"]) == (3, 3)
    assert again["counts"] == {"created": 0, "revised": 0, "unchanged": 3, "refused": 0}
    there = await own(by)
    assert {key: each["state"] for key, each in there.items()} == dict.fromkeys(
        ("p-0", "p-1", "p-2"), "draft"
    )
    assert there["p-1"]["description"]["keywords"] == ["停车", "指数"]
    assert [row["product_id"] for row in first["rows"]] == [there[f"p-{n}"]["id"] for n in range(3)]


async def test_a_trial_tells_what_would_be_and_keeps_nothing_but_its_report(by: Api) -> None:
    content = as_csv([*rows_of(2), ["p-9", "", "数据集", "", ""]])

    trial = await taken(by, content, is_dry_run=True)

    assert trial["counts"] == {"created": 2, "revised": 0, "unchanged": 0, "refused": 1}
    assert faults(trial) == [(4, "产品名称", "product_field_missing")]
    assert [row["product_id"] for row in trial["rows"]] == [None, None, None]
    assert await own(by) == {}


async def test_a_complete_row_becomes_a_described_product_by_the_rules_of_a_single_one(
    by: Api,
) -> None:
    template = await by.get("/api/v1/product-template.csv")
    short = as_csv(rows_of(1))

    whole = await taken(by, template.content, is_draft=False)
    lacking = await taken(by, short, "short.csv", is_draft=False)

    assert whole["counts"]["created"] == 1, whole["rows"]
    assert (await own(by))["示例-001"]["state"] == "described"
    assert {what for _, _, what in faults(lacking)} == {
        "product_not_processed",
        "metering_unit_missing",
        "value_statement_missing",
        "source_missing",
        "data_nature_missing",
        "scenario_missing",
    }
    assert "p-0" not in await own(by)


async def test_both_templates_can_be_handed_in_as_they_are(by: Api) -> None:
    workbook = await by.get("/api/v1/product-template.xlsx")

    first = await taken(by, (await by.get("/api/v1/product-template.csv")).content)
    second = await taken(by, workbook.content, "template.xlsx")

    assert first["counts"]["created"] == 1
    assert second["counts"] == {"created": 0, "revised": 0, "unchanged": 1, "refused": 0}


@pytest.mark.parametrize("library", ["openpyxl", "xlsxwriter"])
async def test_a_workbook_of_another_library_goes_in(by: Api, library: str) -> None:
    rows = [HEADER, *rows_of(3)]
    out = io.BytesIO()
    if library == "openpyxl":
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.active.append(["p-date", "甲", "数据集", None, 46])
        book.save(out)
    else:
        with xlsxwriter.Workbook(out) as written:
            sheet = written.add_worksheet("任意名称")
            for number, row in enumerate([*rows, ["p-date", "甲", "数据集", "", 46]]):
                sheet.write_row(number, 0, row)

    batch = await taken(by, out.getvalue(), "products.xlsx")

    assert batch["counts"]["created"] == 4, batch
    assert (await own(by))["p-date"]["description"]["region_code"] == "46"


async def test_a_table_of_a_chinese_spreadsheet_is_read_in_its_own_encoding(by: Api) -> None:
    batch = await taken(by, as_csv(rows_of(2), encoding="gb18030"))

    assert batch["counts"]["created"] == 2
    assert (await own(by))["p-0"]["name"] == "停车指数 0"


async def test_every_refusal_names_its_row_and_column_and_the_others_are_taken(
    by: Api, api: Api, db: Database, clock: ManualClock
) -> None:
    other = api.as_((await make_member(db, Role.SUPPLIER, now=clock.now())).token)
    closed = msgspec.to_builtins(make_description()) | {"sharing_type": "not_shared"}
    unshared = (await other.post("/api/v1/products", closed)).json()["id"]
    async with begin(db, system("listing")) as tx:
        await publishing.set_visible(
            tx, now=clock.now(), product_id=uuid.UUID(unshared), is_public=True
        )
    header = [
        *(
            "供方编号",
            "产品名称",
            "产品形式",
            "行政区划代码",
            "级别",
            "来源1：来源名称",
            "来源1：来源持有者",
        ),
        *("来源1：来源数据性质", "来源1：获取方式", "来源1：来源含个人信息", "来源1：目录资源"),
        *("涉及国家核心数据", "来源1：是否超市资源", "分类分级标准"),
    ]
    source = ["观测", "公司", "企业数据", "自行产生"]
    rows = [
        ["good", "甲", "数据集", "46", "", *source, "", "", "", "", ""],
        ["list", "甲", "数据汇", "46", "", *source, "", "", "", "", ""],
        ["tree", "甲", "数据集", "99", "", *source, "", "", "", "", ""],
        ["scheme", "甲", "数据集", "46", "一般数据", *source, "", "", "", "", ""],
        ["person", "甲", "数据集", "46", "", *source, "是", "", "", "", ""],
        ["maybe", "甲", "数据集", "46", "", *source, "也许", "", "", "", ""],
        ["closed", "甲", "数据集", "46", "", *source, "", unshared, "", "是", ""],
        ["nowhere", "甲", "数据集", "46", "", *source, "", str(new_id()), "", "是", ""],
        ["core", "甲", "数据集", "46", "", *source, "", "", "是", "", ""],
        ["good", "乙", "数据集", "46", "", *source, "", "", "", "", ""],
        ["", "乙", "数据集", "46", "", *source, "", "", "", "", ""],
        ["long", "乙" * 201, "数据集", "46", "", *source, "", "", "", "", ""],
        ["odd", "乙\x07", "数据集", "46", "", *source, "", "", "", "", ""],
        ["wide", "乙", "数据集", "46", "", *source, "", "", "", "", "", "多出"],
        ["level", "乙", "数据集", "46", "一级", *source, "", "", "", "", "GB/T 43697"],
    ]

    batch = await taken(by, as_csv(rows, header))

    assert batch["counts"] == {"created": 1, "revised": 0, "unchanged": 0, "refused": 14}
    assert faults(batch) == [
        (3, "产品形式", "product_batch_value_unknown"),
        (4, "行政区划代码", "code_unknown"),
        (5, "分类分级标准", "classification_scheme_missing"),
        (6, "来源1：合法性依据", "personal_information_unfounded"),
        (7, "来源1：来源含个人信息", "product_batch_flag_unclear"),
        (8, "来源1：目录资源", "source_resource_not_shared"),
        (9, "来源1：目录资源", "source_resource_missing"),
        (10, "涉及国家核心数据", "core_data_not_taken"),
        (11, "供方编号", "product_batch_row_doubled"),
        (12, "供方编号", "product_field_missing"),
        (13, "产品名称", "product_value_wrong"),
        (14, "产品名称", "text_unreadable"),
        (15, "", "product_batch_row_too_wide"),
        (16, "级别", "level_not_of_scheme"),
    ]
    assert set(await own(by)) == {"good"}
    assert (await own(by))["good"]["name"] == "甲"


async def test_the_report_holds_the_rows_as_they_were_and_goes_in_again_once_mended(
    by: Api,
) -> None:
    rows = [["ok", "甲", "数据集", "", "46"], ["=cmd", "-乙", "数据集", "", "99"]]
    batch = await taken(by, as_csv(rows))

    response = await by.get(f"{PATH}/{batch['id']}/report")

    assert response.headers["content-disposition"].endswith("products-refused.csv")
    assert response.content.startswith(b"\xef\xbb\xbf")
    head, row = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert head == [*HEADER, "#行 line", "#列 column", "#代码 code", "#原因", "#reason"]
    assert row[:5] == ["'=cmd", "'-乙", "数据集", "", "99"]
    assert row[5:8] == ["3", "行政区划代码", "code_unknown"]
    assert row[8].startswith("代码表中没有")
    assert row[9].startswith("Not, or no longer")
    mended = await taken(by, response.content.replace(b",99,", b",46,"), "mended.csv")
    assert mended["counts"]["created"] == 1
    assert (await own(by))["=cmd"]["name"] == "-乙"


@pytest.mark.parametrize(
    ("content", "name", "failure"),
    [
        (
            as_csv(rows_of(1), [*HEADER[:4], "行政区化代码"]),
            "a.csv",
            "product_batch_column_unknown",
        ),
        (as_csv(rows_of(1), [*HEADER[:4], "name"]), "a.csv", "product_batch_column_doubled"),
        (as_csv([["p", "甲"]], HEADER[:2]), "a.csv", "product_batch_column_missing"),
        (as_csv(rows_of(3)) + b'"p,', "a.csv", "table_unreadable"),
        (as_csv(rows_of(3)) + b"\xff\xfe\n", "a.csv", "table_not_text"),
        (b"PK\x03\x04" + b"x" * 90, "a.xlsx", "workbook_archive_unsafe"),
        (as_csv(rows_of(1)), "a.xlsx", "table_kind_contradicts"),
        (b'{"key": ' + b"[" * 500, "a.jsonl", "json_too_deep"),
        (b"not turtle at all", "a.ttl", "catalogue_unreadable"),
        (b'{"@context": "https://example.org/c"}', "a.jsonld", "catalogue_context_remote"),
        (b"[1, 2]", "a.ckan.json", "product_batch_no_package_list"),
    ],
)
async def test_a_file_that_can_not_be_read_to_its_end_is_refused_before_its_first_row(
    by: Api, content: bytes, name: str, failure: str
) -> None:
    kind = {"kind": "ckan"} if "ckan" in name else {}

    batch = await taken(by, content, name, **kind)

    assert (batch["state"], batch["failure"]["code"]) == ("failed", failure)
    assert batch["failure_wording"]["zh"] != failure
    assert (batch["rows"], await own(by)) == ([], {})


@pytest.mark.parametrize("name", sorted(bombs.corpus()))
async def test_a_bomb_ends_its_batch_and_costs_the_service_neither_memory_nor_time(
    by: Api, name: str
) -> None:
    content = bombs.corpus()[name]()
    kind = {"kind": "csv"} if name.endswith(".parquet") else {}
    opened = await hand_in(by, content, name, **kind)
    before = resource.getrusage(resource.RUSAGE_SELF)

    await take_batches.run(by.context)

    after = resource.getrusage(resource.RUSAGE_SELF)
    batch = (await by.get(f"{PATH}/{opened.json()['id']}")).json()
    assert (batch["state"], batch["done"], await own(by)) == ("failed", 0, {})
    assert after.ru_maxrss - before.ru_maxrss < 50_000  # kB
    assert after.ru_utime - before.ru_utime < 2


async def test_a_file_of_another_kind_than_was_said_is_refused(by: Api) -> None:
    said = await taken(by, as_csv(rows_of(1)), "a", kind="xlsx")
    unknown = await hand_in(by, as_csv(rows_of(1)), "a.docx")

    assert said["failure"]["code"] == "product_batch_kind_contradicts"
    assert (unknown.status_code, code(unknown)) == (422, "product_batch_kind_unknown")


async def test_too_many_rows_are_refused_whole(by: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    line = json.dumps({"key": "k", "name": "n", "form": "dataset", "origin_path": "own_resource"})

    batch = await taken(by, (line + "\n").encode() * 50_001, "a.jsonl")

    assert batch["failure"] == {"code": "product_batch_too_long", "facts": {"maximum": 50_000}}


async def test_json_says_all_that_a_single_product_can_say(by: Api) -> None:
    whole = msgspec.to_builtins(make_description())
    lines = [
        whole | {"key": "a"},
        whole | {"key": "b", "nmae": "x"},
        whole | {"key": 3},
        {**whole, "key": "d", "sources": [{"source_id": "s"}]},
    ]
    as_lines = "\n".join(json.dumps(line) for line in lines).encode()

    batch = await taken(by, as_lines, "a.jsonl", is_draft=False)
    as_list = await taken(by, json.dumps(lines[:1]).encode(), "a.json", is_draft=False)

    assert batch["counts"]["created"] == 1
    assert faults(batch) == [
        (2, "nmae", "product_field_unknown"),
        (3, "key", "product_field_missing"),
        (4, "sources/0/name", "product_value_wrong"),
    ]
    assert as_list["counts"]["unchanged"] == 1
    report = (await by.get(f"{PATH}/{batch['id']}/report")).content.decode("utf-8-sig")
    assert json.loads(list(csv.reader(io.StringIO(report)))[1][1])["nmae"] == "x"


async def test_a_catalogue_in_dcat_goes_in_as_drafts(by: Api) -> None:
    turtle = """
        @prefix dcat: <http://www.w3.org/ns/dcat#> .
        @prefix dct: <http://purl.org/dc/terms/> .
        <https://data.example/d/1> a dcat:Dataset ; dct:identifier "d-1" ;
            dct:title "停车场"@zh, "Parking"@en ; dct:description "位置与余位"@zh ;
            dcat:keyword "停车", "城市" ; dct:accrualPeriodicity
            <http://publications.europa.eu/resource/authority/frequency/DAILY> .
        <https://data.example/d/2> a dcat:Dataset ; dct:identifier "d-2" .
    """
    context = {"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/"}
    same = {
        "@context": context,
        "@id": "https://data.example/d/1",
        "@type": "dcat:Dataset",
        "dct:identifier": "d-1",
        "dct:title": {"@value": "停车场", "@language": "zh"},
    }

    batch = await taken(by, turtle.encode(), "catalogue.ttl")
    linked = await taken(by, json.dumps(same).encode(), "catalogue.jsonld")

    assert batch["counts"] == {"created": 1, "revised": 0, "unchanged": 0, "refused": 1}
    assert faults(batch) == [(2, "", "product_batch_record_incomplete")]
    assert linked["counts"]["revised"] == 1
    first = (await by.get(f"/api/v1/products/{batch['rows'][0]['product_id']}/revisions/1")).json()
    assert first["description"]["name"] == "停车场"
    assert first["description"]["keywords"] == ["停车", "城市"]
    assert first["description"]["update_cycle"] == "daily"


async def test_what_ckan_answers_goes_in_as_drafts(by: Api) -> None:
    package = {
        "id": "5f1c",
        "name": "parking",
        "title": "停车场",
        "notes": "位置与余位",
        "organization": {"title": "交通局"},
        "groups": [{"display_name": "交通"}],
        "tags": [{"name": "停车"}, {"display_name": "城市"}],
        "resources": [{"format": "API", "url": "https://data.example/parking"}],
        "license_title": "CC BY 4.0",
        "extras": [{"key": "frequency", "value": "daily"}],
    }
    answer = {"success": True, "result": {"count": 2, "results": [package, {"id": "no-title"}]}}

    batch = await taken(by, json.dumps(answer).encode(), "packages.json", kind="ckan")

    assert batch["counts"] == {"created": 1, "revised": 0, "unchanged": 0, "refused": 1}
    assert faults(batch) == [(2, "title", "product_value_wrong")]
    said = (await own(by))["5f1c"]["description"]
    assert (said["name"], said["form"], said["update_cycle"]) == ("停车场", "data_api", "daily")
    assert said["description"] == (
        "位置与余位\n发布机构：交通局\n主题：交通\n格式：api\n"
        "原目录地址：https://data.example/parking\n许可：CC BY 4.0"
    )


async def test_two_at_once_with_the_same_file_are_one_batch(by: Api) -> None:
    file_id = (await by.upload(as_csv(rows_of(5)), "a.csv", "text/csv")).json()["id"]
    said = {"file_id": file_id, "is_dry_run": False}

    opened = await asyncio.gather(*(by.post(PATH, said) for _ in range(4)))

    assert sorted(each.status_code for each in opened) == [201, 409, 409, 409]
    (batch,) = [each.json() for each in opened if each.status_code == 201]
    refused = [each for each in opened if each.status_code == 409]
    assert {code(each) for each in refused} == {"product_batch_under_way"}
    assert {each.json()["facts"]["batch_id"] for each in refused} == {batch["id"]}


async def test_two_processes_at_one_batch_take_each_row_once(by: Api, clock: ManualClock) -> None:
    opened = await hand_in(by, as_csv(rows_of(250)))
    first = asyncio.create_task(take_batches.run(by.context))
    await asyncio.sleep(1.0)
    clock.move_to(clock.now() + dt.timedelta(minutes=5))  # the first one seems to be gone

    await asyncio.gather(first, take_batches.run(by.context))

    batch = (await by.get(f"{PATH}/{opened.json()['id']}")).json()
    assert (batch["state"], batch["counts"]["created"]) == ("finished", 250)
    assert len(await own(by)) == 250


async def test_a_batch_goes_on_behind_the_last_row_that_counts(
    by: Api, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = await hand_in(by, as_csv([*rows_of(250), ["p-3", "又", "数据集", "", ""]]))
    take_rows = batches.take_rows

    async def dying(tx: Any, **said: Any) -> Any:
        if said["first"] > 100:
            raise asyncio.CancelledError
        return await take_rows(tx, **said)

    monkeypatch.setattr(batches, "take_rows", dying)
    with pytest.raises(asyncio.CancelledError):
        await take_batches.run(by.context)
    halfway = (await by.get(f"{PATH}/{opened.json()['id']}")).json()
    monkeypatch.setattr(batches, "take_rows", take_rows)
    clock.move_to(clock.now() + batches.LEASE)

    await take_batches.run(by.context)

    batch = (await by.get(f"{PATH}/{opened.json()['id']}")).json()
    assert (halfway["state"], halfway["done"], halfway["total"]) == ("taking", 100, 251)
    assert batch["counts"] == {"created": 250, "revised": 0, "unchanged": 0, "refused": 1}
    assert {each["version"] for each in (await own(by)).values()} == {1}


async def test_a_process_killed_in_the_middle_leaves_the_rest_to_the_next(
    by: Api, clock: ManualClock, server: TestServer, database_name: str, settings: Settings
) -> None:
    opened = await hand_in(by, as_csv(rows_of(1500)))
    path = f"{PATH}/{opened.json()['id']}"
    worker = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.batch_worker"),
        *(server.dsn(database_name, "ROLE"), str(settings.files_dir), clock.now().isoformat()),
        stdout=asyncio.subprocess.PIPE,
    )
    halfway: dict[str, Any] = {"done": 0}
    while not halfway["done"]:
        await asyncio.sleep(0.02)
        halfway = (await by.get(path)).json()
    worker.kill()
    await worker.wait()

    assert await take_batches.run(by.context) == 0  # it may still be at it
    clock.move_to(clock.now() + batches.LEASE)
    assert await take_batches.run(by.context) == 1

    batch = (await by.get(path)).json()
    assert 0 < halfway["done"] < 1500
    assert (batch["state"], batch["counts"]["created"]) == ("finished", 1500)
    there = await own(by)
    assert (len(there), {each["version"] for each in there.values()}) == (1500, {1})


async def test_rows_that_another_process_took_are_not_taken_again(
    by: Api, db: Database, supplier: Member, clock: ManualClock
) -> None:
    batch = await taken(by, as_csv(rows_of(3)))
    reader = RowReader(Kind.JSON, {})

    async def again(first: int) -> object:
        async with begin(db, supplier.actor) as tx:
            return await batches.take_rows(
                tx,
                actor=supplier.actor,
                now=clock.now(),
                batch_id=batch["id"],
                supplier_name="x",
                first=first,
                rows=[],
                reader=reader,
            )

    for first in (1, 4):
        with pytest.raises(batches.BatchElsewhere):
            await again(first)


async def test_a_batch_ends_when_its_supplier_may_not_go_on(
    by: Api, db: Database, supplier: Member, clock: ManualClock
) -> None:
    opened = await hand_in(by, as_csv(rows_of(3)))
    async with begin(db, supplier.actor) as tx:
        await tx.execute("SELECT set_config('app.clearance', 'system', true)")
        await tx.execute(
            "UPDATE market.role_grants SET revoked_at = $2 WHERE account_id = $1",
            supplier.account.id,
            clock.now(),
        )

    await take_batches.run(by.context)

    async with begin(db, supplier.actor) as tx:
        state, failure = await tx.fetch_one(
            "SELECT state, failure ->> 'code' FROM catalog.product_batches WHERE id = $1",
            opened.json()["id"],
        )
    assert (state, failure) == ("failed", "permission_missing")


async def test_a_batch_that_waits_is_cancelled_and_nobody_takes_it(by: Api) -> None:
    opened = (await hand_in(by, as_csv(rows_of(3)))).json()["id"]
    place = f"{PATH}/{opened}/cancellations"

    cancelled = await by.post(place)
    again = await by.post(place)
    await take_batches.run(by.context)
    batch = (await by.get(f"{PATH}/{opened}")).json()
    once_more = await hand_in(by, as_csv(rows_of(3)))

    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    assert (again.status_code, code(again)) == (409, "product_batch_event_not_allowed")
    assert again.json()["wording"]["zh"] == "批次处于 已取消 状态，不能进行 取消。"
    assert (batch["state"], batch["done"], batch["total"]) == ("cancelled", 0, None)
    assert await own(by) == {}
    assert once_more.status_code == 201


async def test_a_batch_that_is_at_work_stops_behind_what_was_taken(
    by: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = (await hand_in(by, as_csv(rows_of(250)))).json()["id"]
    take_rows = batches.take_rows

    async def stopped(tx: Any, **said: Any) -> Any:
        if said["first"] > 100:
            await by.post(f"{PATH}/{opened}/cancellations")
        return await take_rows(tx, **said)

    monkeypatch.setattr(batches, "take_rows", stopped)
    await take_batches.run(by.context)
    batch = (await by.get(f"{PATH}/{opened}")).json()
    logged = await by.find_in_log(action="product_batch:cancelled")

    assert (batch["state"], batch["done"], batch["total"]) == ("cancelled", 100, 250)
    assert batch["finished_at"] is not None
    assert len(await own(by)) == 100
    assert len(logged) == 1


async def test_a_file_that_can_not_be_read_is_not_told_to_who_cancelled_it(
    by: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = (await hand_in(by, b"\xff\xfe no table", "products.xlsx")).json()["id"]
    give_up = batches.give_up

    async def late(tx: Any, **said: Any) -> Any:
        await by.post(f"{PATH}/{opened}/cancellations")
        return await give_up(tx, **said)

    monkeypatch.setattr(batches, "give_up", late)
    await take_batches.run(by.context)
    batch = (await by.get(f"{PATH}/{opened}")).json()

    assert (batch["state"], batch["failure"]) == ("cancelled", None)


async def test_nobody_cancels_what_is_over_or_somebody_elses(
    api: Api, by: Api, db: Database, clock: ManualClock
) -> None:
    other = api.as_((await make_member(db, Role.SUPPLIER, now=clock.now())).token)
    over = await taken(by, as_csv(rows_of(1)))
    waiting = (await hand_in(by, as_csv(rows_of(2)))).json()["id"]

    late = await by.post(f"{PATH}/{over['id']}/cancellations")
    foreign = await other.post(f"{PATH}/{waiting}/cancellations")

    assert (late.status_code, code(late)) == (409, "product_batch_event_not_allowed")
    assert (foreign.status_code, code(foreign)) == (404, "not_found")
    assert (await by.get(f"{PATH}/{waiting}")).json()["state"] == "waiting"


async def test_a_batch_is_its_suppliers_alone(
    api: Api, by: Api, db: Database, clock: ManualClock
) -> None:
    other = api.as_((await make_member(db, Role.SUPPLIER, now=clock.now())).token)
    buyer = api.as_((await make_member(db, Role.BUYER, now=clock.now())).token)
    batch = await taken(by, as_csv(rows_of(1)))
    file_id = (await by.upload(as_csv(rows_of(1)), "a.csv", "text/csv")).json()["id"]

    for path in ("", "/rows", "/report"):
        foreign = await other.get(f"{PATH}/{batch['id']}{path}")
        assert (foreign.status_code, code(foreign)) == (404, "not_found")
        assert (await buyer.get(f"{PATH}/{batch['id']}{path}")).status_code == 403
        assert (await api.get(f"{PATH}/{batch['id']}{path}")).status_code == 401
    assert (await other.get(PATH)).json()["items"] == []
    assert [each["id"] for each in (await by.get(PATH)).json()["items"]] == [batch["id"]]
    stolen = await other.post(PATH, {"file_id": file_id})
    assert (stolen.status_code, code(stolen)) == (404, "not_found")


async def test_no_supplier_keeps_the_others_waiting(by: Api) -> None:
    answers = [
        await hand_in(by, as_csv(rows_of(number + 1)), f"{number}.csv")
        for number in range(batches.MAX_OPEN + 1)
    ]

    assert [each.status_code for each in answers] == [201] * batches.MAX_OPEN + [409]
    assert code(answers[-1]) == "too_many_product_batches"


async def test_what_was_done_stands_in_the_log(by: Api, api: Api, supplier: Member) -> None:
    batch = await taken(by, as_csv(rows_of(2)))

    opened = await by.find_in_log(action="product_batch:opened")
    finished = await by.find_in_log(action="product_batch:finished")
    described = await by.find_in_log(action="product:described")
    subjects = [subject for entry in (*opened, *finished) for subject in entry["subjects"]]
    assert subjects.count({"kind": "product_batch", "id": batch["id"]}) == 2
    assert len(described) == 2


async def test_a_file_without_rows_is_done_at_once(by: Api) -> None:
    batch = await taken(by, as_csv([]))

    assert (batch["state"], batch["total"], batch["done"]) == ("finished", 0, 0)


async def test_pages_of_rows_follow_each_other_and_a_cursor_belongs_to_its_list(by: Api) -> None:
    batch = await taken(by, as_csv([*rows_of(3), ["p-9", "x", "?", "", ""]]))
    path = f"{PATH}/{batch['id']}/rows"

    first = (await by.get(path, limit=2)).json()
    second = (await by.get(path, limit=2, cursor=first["next_cursor"])).json()
    refused = (await by.get(path, outcome="refused")).json()
    elsewhere = await by.get(path, outcome="refused", cursor=first["next_cursor"])

    assert [row["number"] for row in first["items"] + second["items"]] == [1, 2, 3, 4]
    assert [row["key"] for row in refused["items"]] == ["p-9"]
    assert code(elsewhere) == "cursor_unreadable"


def test_the_kinds_are_those_that_the_interface_names() -> None:
    assert {kind.value for kind in Kind} == {
        "csv", "xlsx", "jsonl", "json", "dcat_json_ld", "dcat_turtle", "ckan",
    }  # fmt: skip
