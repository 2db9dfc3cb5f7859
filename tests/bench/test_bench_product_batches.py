"""How fast ten thousand rows come in through the whole path, beside what the database alone takes. Prints."""

from __future__ import annotations

import csv
import io
import os
import resource
import time
from typing import Any

import asyncpg
import msgspec
import pytest
import xlsxwriter

from catalog.kernel.clock import ManualClock, monotonic
from catalog.kernel.db import Database
from catalog.kernel.ids import new_id
from market.identity.permissions import Role
from market.jobs import take_batches
from tests.api import Api
from tests.makers_identity import make_member
from tests.makers_products import make_description

pytestmark = [pytest.mark.bench]

ROWS = int(os.environ.get("BENCH_ROWS", "10000"))
HEADER = [
    *("供方编号", "产品名称", "产品形式", "产品介绍", "计量单位", "加工处理说明", "经济社会价值"),
    *("使用场景", "数据性质", "关键词", "行业门类", "行政区划代码"),
    *("分类分级标准", "级别", "类别"),
    *("来源1：来源名称", "来源1：来源持有者", "来源1：来源数据性质", "来源1：获取方式"),
    *("来源1：合法性依据", "来源1：来源级别"),
]


def row(number: int, prefix: str) -> list[str]:
    return [
        *(f"{prefix}-{number}", f"港口作业气象风险指数 {number}", "数据指标"),
        *("按小时给出港口吊装与引航作业的大风、能见度和雷电风险等级。", "条"),
        *("对观测记录质量控制后，按作业类别计算小时风险等级。", "减少误判，保障作业安全。"),
        *("port_safety: 港口作业安全预警", "企业数据", "港口；气象", "G", "46"),
        *("GB/T 43697", "一般数据", "行业数据"),
        *("观测记录", "示例公司", "企业数据", "自行产生", "自有设备采集", "一般数据"),
    ]


def as_csv(prefix: str) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([HEADER, *(row(n, prefix) for n in range(ROWS))])
    return out.getvalue().encode()


def as_xlsx(prefix: str) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for number, values in enumerate([HEADER, *(row(n, prefix) for n in range(ROWS))]):
            sheet.write_row(number, 0, values)
    return out.getvalue()


@pytest.mark.timeout(900)
async def test_ten_thousand_rows_against_the_database_alone(
    api: Api, db: Database, clock: ManualClock, owner_dsn: str
) -> None:
    by = api.as_((await make_member(db, Role.SUPPLIER, now=clock.now())).token)

    of_core: dict[str, float] = {}

    async def timed(content: bytes, name: str, **said: Any) -> float:
        stored = (await by.upload(content, name, "application/octet-stream")).json()
        body = {"file_id": stored["id"], "is_dry_run": False, "is_draft": False} | said
        opened = (await by.post("/api/v1/product-batches", body)).json()
        started, busy = monotonic(), time.process_time()
        await take_batches.run(by.context)
        seconds = monotonic() - started
        of_core[name] = ROWS / (time.process_time() - busy)
        batch = (await by.get(f"/api/v1/product-batches/{opened['id']}")).json()
        assert (batch["state"], batch["done"], batch["counts"]["refused"]) == ("finished", ROWS, 0)
        return ROWS / seconds

    told = {
        "CSV": await timed(as_csv("c"), "c.csv"),
        "XLSX": await timed(as_xlsx("x"), "x.xlsx"),
        "a trial": await timed(as_csv("t"), "t.csv", is_dry_run=True),
        "again": await timed(as_csv("c"), "again.csv"),
    }
    inserts, copied = await _plain(owner_dsn)

    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print("\n" + ", ".join(f"{name} {rate:,.0f} rows/s" for name, rate in told.items()))
    # Whatever else runs on the machine: how many a core of the service could do, the database apart.
    print(
        ", ".join(f"{name} {rate:,.0f} rows per second of a core" for name, rate in of_core.items())
    )
    print(
        f"plain INSERT of the same product and its version, a statement each: {inserts:,.0f} rows/s; "
        f"COPY: {copied:,.0f} rows/s; CSV is {inserts / told['CSV']:.1f} and "
        f"{copied / told['CSV']:.1f} times as slow; RSS of the whole test process {rss} MB"
    )


async def _plain(dsn: str) -> tuple[float, float]:
    """Return rows a second of plain statements into tables of the same columns, and by COPY."""
    said = msgspec.json.encode(make_description()).decode()
    rows = [(new_id(), f"p-{n}", f"名称 {n}", said) for n in range(ROWS)]
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(
            "CREATE TABLE plain (id uuid PRIMARY KEY, reference text UNIQUE, name text, said jsonb);"
            "CREATE TABLE plain_versions (id uuid, version int, said jsonb, PRIMARY KEY (id, version));"
            "CREATE TABLE copied (LIKE plain INCLUDING ALL);"
            "CREATE TABLE copied_versions (LIKE plain_versions INCLUDING ALL)"
        )
        started = monotonic()
        for begin in range(0, ROWS, take_batches.STEP):
            async with connection.transaction():
                for each in rows[begin : begin + take_batches.STEP]:
                    await connection.execute("INSERT INTO plain VALUES ($1, $2, $3, $4)", *each)
                    await connection.execute(
                        "INSERT INTO plain_versions VALUES ($1, 1, $2)", each[0], said
                    )
        inserted = monotonic() - started
        started = monotonic()
        await connection.copy_records_to_table("copied", records=rows)
        await connection.copy_records_to_table(
            "copied_versions", records=[(each[0], 1, said) for each in rows]
        )
        return ROWS / inserted, ROWS / (monotonic() - started)
    finally:
        await connection.close()
