"""Products kept as files: a supplier at a terminal lints, compares, applies and exports; real HTTP."""

from __future__ import annotations

import asyncio
import json
import pathlib
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
import pytest
import uvicorn

from catalog.kernel.clock import ManualClock
from catalog.kernel.db import Database
from market.identity.permissions import Role
from market.jobs import take_batches
from tests.api import Api, code
from tests.makers_identity import Member, make_member
from tests.makers_products import make_description
from tests.terminal import free_port, market

Run = Callable[..., Awaitable[subprocess.CompletedProcess[str]]]

TWO = """\
products:
  - key: port-weather
    name: 港口作业气象风险指数
    form: data_indicator
    origin_path: own_resource
    metering_unit: record
    processing_statement: 质量控制后计算
    value_statement: 减少误判
    data_nature: enterprise
    scenarios:
      - {code: port_safety, description: 预警}
    sources:
      - {source_id: s1, name: 观测, holder: 公司, nature: enterprise, acquisition_method: own_production}
  - key: parking
    draft: true
    name: 停车指数
    form: dataset
    origin_path: own_resource
"""


@pytest.fixture
async def supplier(db: Database, clock: ManualClock) -> Member:
    return await make_member(db, Role.SUPPLIER, now=clock.now())


@pytest.fixture
async def url(app: Any) -> AsyncIterator[str]:
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, lifespan="off", log_level="error")
    )
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


@pytest.fixture
def run(url: str) -> Run:
    async def run_as(who: Member | None, *words: Any) -> subprocess.CompletedProcess[str]:
        told = {"MARKET_URL": url} | ({} if who is None else {"MARKET_TOKEN": who.token})
        return await asyncio.to_thread(market, "products", *words, env=told)

    return run_as


@pytest.fixture
def file(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "products.yaml"
    path.write_text(TWO, "utf-8")
    return path


async def own(api: Api, who: Member) -> dict[str, Any]:
    found = await api.as_(who.token).get("/api/v1/my/products", limit=200)
    return {each["reference"]: each for each in found.json()["items"]}


async def test_a_manifest_is_applied_once_and_the_second_time_changes_nothing(
    api: Api, supplier: Member, run: Run, file: pathlib.Path
) -> None:
    before = await run(supplier, "diff", "-f", file)
    first = await run(supplier, "apply", "-f", file)
    second = await run(supplier, "apply", "-f", file)

    assert (before.returncode, "将变更 would change 2" in before.stderr) == (1, True)
    assert (first.returncode, first.stderr) == (
        0,
        "已变更 changed 2 · 拒绝 refused 0 · 有误 wrong 0\n",
    )
    assert (second.returncode, second.stderr) == (0, "无变更 · nothing to change\n")
    there = await own(api, supplier)
    assert {key: each["state"] for key, each in there.items()} == {
        "port-weather": "described",
        "parking": "draft",
    }
    assert {each["version"] for each in there.values()} == {1}


async def test_only_what_differs_is_revised_and_every_version_is_kept(
    api: Api, supplier: Member, run: Run, file: pathlib.Path
) -> None:
    await run(supplier, "apply", "-f", file)
    file.write_text(TWO.replace("停车指数", "停车场指数"), "utf-8")

    planned = await run(supplier, "apply", "-f", file, "--dry-run", "--lang", "en")
    applied = await run(supplier, "apply", "-f", file, "--json")

    assert planned.returncode == 1
    assert "~ parking" in planned.stdout
    assert "    Name /name\n      - 停车指数\n      + 停车场指数\n" in planned.stdout
    assert applied.returncode == 0
    assert [
        (each["key"], each["action"], each["is_done"])
        for each in json.loads(applied.stdout)["products"]
    ] == [
        ("port-weather", "nothing", False),
        ("parking", "revise", True),
    ]
    there = await own(api, supplier)
    assert {key: each["version"] for key, each in there.items()} == {
        "port-weather": 1,
        "parking": 2,
    }


async def test_one_that_is_refused_holds_up_no_other_and_is_named(
    api: Api, supplier: Member, run: Run, file: pathlib.Path
) -> None:
    file.write_text(
        TWO.replace("key: parking", "key: parking\n    metering_unit: bushel")
        + "  - {key: third, draft: true, name: 丙, form: dataset, origin_path: own_resource, "
        "region_code: '98'}\n",
        "utf-8",
    )
    unknown_source = TWO.split("  - key: parking", maxsplit=1)[0].replace(
        "{source_id: s1,",
        "{source_id: s1, is_supermarket_resource: true, "
        "resource_id: 01890000-0000-7000-8000-000000000000,",
    )
    other = file.with_name("other.yaml")
    other.write_text(unknown_source.replace("port-weather", "elsewhere"), "utf-8")

    applied = await run(supplier, "apply", "-f", file.parent)

    assert applied.returncode == 1
    assert "products.yaml:15: parking /metering_unit: " in applied.stdout
    assert "products.yaml:20: third /region_code: " in applied.stdout
    assert "[source_resource_missing]" in applied.stdout
    assert "已变更 changed 1 · 拒绝 refused 1 · 有误 wrong 2" in applied.stderr
    assert set(await own(api, supplier)) == {"port-weather"}


async def test_a_file_is_checked_without_any_service(run: Run, file: pathlib.Path) -> None:
    good = await asyncio.to_thread(market, "products", "lint", "-f", file)
    file.write_text(
        TWO.replace("    data_nature: enterprise\n", "").replace("form: dataset", "frm: dataset"),
        "utf-8",
    )
    bad = await asyncio.to_thread(market, "products", "lint", "-f", file, "--json")
    shown = await asyncio.to_thread(market, "products", "lint", "-f", file)
    none = await asyncio.to_thread(market, "products", "lint", "-f", file.parent / "nothing")

    assert (good.returncode, good.stdout) == (0, "")
    assert bad.returncode == 1
    assert [(p["line"], p["code"]) for p in json.loads(bad.stdout)["problems"]] == [
        (16, "product_field_unknown"),
        (13, "product_field_missing"),
        (2, "data_nature_missing"),
    ]
    assert f"{file}:16: parking /frm: 没有字段“frm”；是否指“form”？ · " in shown.stdout
    assert none.returncode == 2


async def test_how_complete_each_product_is_is_told_if_it_is_asked(file: pathlib.Path) -> None:
    told = await asyncio.to_thread(market, "products", "lint", "-f", file, "--completeness")
    scored = await asyncio.to_thread(
        market, "products", "lint", "-f", file, "--completeness", "--json"
    )

    found = json.loads(scored.stdout)["completeness"]["port-weather"]
    assert found["points"] == 100 - sum(gap["points"] for gap in found["gaps"])
    assert f"port-weather: {found['points']}/100\n" in told.stdout
    assert "  -14 信息项 items: " in told.stdout


async def test_nothing_is_withdrawn_unless_that_is_asked_for_with_a_reason(
    api: Api, supplier: Member, run: Run, file: pathlib.Path
) -> None:
    await run(supplier, "apply", "-f", file)
    by_hand = await api.as_(supplier.token).post(
        "/api/v1/products", msgspec.to_builtins(make_description())
    )
    file.write_text(TWO.partition("  - key: parking")[0], "utf-8")

    left = await run(supplier, "apply", "-f", file)
    pruned = await run(supplier, "apply", "-f", file, "--prune", "不再提供")

    assert (left.returncode, "? parking" in left.stdout) == (0, True)
    assert (pruned.returncode, "- parking" in pruned.stdout) == (0, True)
    there = await own(api, supplier)
    assert there["parking"]["state"] == "withdrawn"
    assert there[None]["id"] == by_hand.json()["id"]
    assert there[None]["state"] == "described"


async def test_a_key_of_a_product_that_was_withdrawn_is_free_again(
    api: Api, supplier: Member, run: Run, file: pathlib.Path
) -> None:
    await run(supplier, "apply", "-f", file)
    file.write_text("products: []\n", "utf-8")
    await run(supplier, "apply", "-f", file, "--prune", "试用结束")
    file.write_text(TWO, "utf-8")

    again = await run(supplier, "apply", "-f", file)

    assert again.returncode == 0
    found = await api.as_(supplier.token).get("/api/v1/my/products", reference="parking")
    assert [each["state"] for each in found.json()["items"]] == ["draft", "withdrawn"]


async def test_an_export_applies_as_nothing_to_change(
    api: Api, supplier: Member, run: Run, file: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    await run(supplier, "apply", "-f", file)
    by_hand = await api.as_(supplier.token).post(
        "/api/v1/products", msgspec.to_builtins(make_description(description="一行\n又一行"))
    )
    out = tmp_path / "exported" / "all.yaml"
    out.parent.mkdir()

    written = await run(supplier, "export", "--out", out)
    as_json = await run(supplier, "export", "--json")
    diff = await run(supplier, "diff", "-f", out)
    (tmp_path / "exported" / "all.yaml").unlink()
    (tmp_path / "exported" / "all.json").write_text(as_json.stdout, "utf-8")
    same = await run(supplier, "diff", "-f", out.parent)

    assert (written.returncode, diff.returncode, same.returncode) == (0, 0, 0)
    assert by_hand.json()["id"] in as_json.stdout


async def test_a_reference_names_one_product_and_is_told_to_its_supplier_alone(
    api: Api, db: Database, supplier: Member, clock: ManualClock
) -> None:
    other = await make_member(db, Role.SUPPLIER, now=clock.now())
    said = msgspec.to_builtins(make_description())
    by, by_other = api.as_(supplier.token), api.as_(other.token)

    first = await by.post("/api/v1/products?reference=p-1", said)
    taken = await by.post("/api/v1/products?reference=p-1", said)
    elsewhere = await by_other.post("/api/v1/products?reference=p-1", said)
    malformed = await by.post("/api/v1/products?reference=%20", said)

    assert (first.status_code, first.json()["reference"]) == (201, "p-1")
    assert (taken.status_code, code(taken)) == (409, "reference_taken")
    assert elsewhere.status_code == 201
    assert (malformed.status_code, code(malformed)) == (422, "reference_malformed")
    entries = await api.as_(supplier.token).get("/api/v1/my/products", reference="p-1")
    assert [each["id"] for each in entries.json()["items"]] == [first.json()["id"]]


async def test_two_at_once_give_a_reference_to_one_product(api: Api, supplier: Member) -> None:
    said = msgspec.to_builtins(make_description())
    by = api.as_(supplier.token)

    answers = await asyncio.gather(
        *(by.post("/api/v1/products?reference=p-1", said) for _ in range(4))
    )

    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409]


async def test_the_schema_is_for_any_editor(run: Run) -> None:
    printed = await run(None, "schema")
    without_token = await run(None, "diff", "-f", pathlib.Path(__file__).parent)

    assert printed.returncode == 0
    assert json.loads(printed.stdout)["$ref"] == "#/$defs/Manifest"
    assert (without_token.returncode, "MARKET_TOKEN" in without_token.stderr) == (2, True)


# ── a table at once ─────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def taking(api: Api) -> AsyncIterator[None]:
    """Let the job take batches while a command waits for it."""

    async def rounds() -> None:
        while True:
            await take_batches.run(api.context)
            await asyncio.sleep(0.1)

    job = asyncio.create_task(rounds())
    yield
    job.cancel()


@pytest.mark.usefixtures("taking")
async def test_a_table_is_tried_first_then_taken_and_its_report_mended(
    api: Api, supplier: Member, run: Run, tmp_path: pathlib.Path
) -> None:
    file, report = tmp_path / "products.csv", tmp_path / "refused.csv"
    file.write_text("供方编号,产品名称,产品形式\np-1,甲,数据集\np-2,乙,表格\n", "utf-8")

    trial = await run(supplier, "upload", file, "--lang", "en")
    nothing = await own(api, supplier)
    applied = await run(supplier, "upload", file, "--apply", "--report", report)
    report.write_text(report.read_text("utf-8-sig").replace("表格", "数据集"), "utf-8")
    mended = await run(supplier, "upload", report, "--apply", "--json")

    assert trial.returncode == applied.returncode == 1
    assert trial.stdout.startswith("试运行，未保存 · a trial, nothing was kept\n新增 created 1 ·")
    assert "line 3: p-2 产品形式: There is no value “表格”" in trial.stdout
    assert "taking" in trial.stderr
    assert nothing == {}
    assert (mended.returncode, json.loads(mended.stdout)["counts"]["created"]) == (0, 1)
    assert set(await own(api, supplier)) == {"p-1", "p-2"}


@pytest.mark.usefixtures("taking")
async def test_a_batch_that_failed_says_why_whenever_it_is_asked_for(
    supplier: Member, run: Run, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "products.csv"
    file.write_text("供方编号,品名,产品形式\np-1,甲,数据集\n", "utf-8")

    refused = await run(supplier, "upload", file, "--json")
    again = await run(supplier, "batch", json.loads(refused.stdout)["id"])
    unknown = await run(supplier, "upload", pathlib.Path(__file__))

    assert (refused.returncode, again.returncode, unknown.returncode) == (1, 1, 1)
    assert "[product_batch_column_unknown]" in again.stdout
    assert "[product_batch_kind_unknown]" in unknown.stderr


@pytest.mark.usefixtures("taking")
async def test_a_template_is_written_without_a_service_and_goes_in_as_it_is(
    supplier: Member, run: Run, tmp_path: pathlib.Path
) -> None:
    book = tmp_path / "template.xlsx"

    written = await run(None, "template", book)
    wrong = await run(None, "template", tmp_path / "template.doc")
    taken = await run(supplier, "upload", book, "--complete", "--apply")

    assert (written.returncode, wrong.returncode, taken.returncode) == (0, 2, 0)
    assert taken.stdout.startswith("新增 created 1 ·")
