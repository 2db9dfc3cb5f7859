"""Make catalogues of any size out of the real one: other towns and years, clauses told of other things.

Words are cut once for each real clause, so that a million documents cost two minutes and not ten. The
same seed makes the same catalogue. What comes of it goes into the real tables by COPY.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import datetime as dt
import gzip
import hashlib
import itertools
import json
import multiprocessing
import os
import pathlib
import random
import re
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

import asyncpg

from catalog.code_trees.lineage import lineage
from catalog.code_trees.model import Tree
from catalog.products import imports, terms

FILE = pathlib.Path(os.environ.get("BENCH_CATALOGUE", "../shared/data/catalog_open.jsonl.gz"))
QUESTIONS = FILE.with_name("known_items_dev.jsonl")

PRODUCTS = (
    "id", "origin", "state", "supplier_name", "name", "form", "imported", "source", "source_id",
    "record_sha256", "is_public", "version", "created_at", "updated_at",
)  # fmt: skip
DOCUMENTS = (
    "product_id", "source_id", "name", "supplier_name", "summary", "form", "industry", "region",
    "level", "theme", "source", "update_cycle", "format", "industry_codes", "region_codes",
    "delivery_modes", "published_at", "terms",
)  # fmt: skip
TOWNS = [
    "海口市",
    "三亚市",
    "儋州市",
    "广州市",
    "深圳市",
    "杭州市",
    "成都市",
    "武汉市",
    "南京市",
    "台北市",
    "台南市",
    "高雄市",
    "屏东县",
    "花莲县",
    "新竹市",
    "厦门市",
    "福州市",
    "青岛市",
    "大连市",
    "天津市",
    "重庆市",
    "西安市",
    "长沙市",
    "郑州市",
    "合肥市",
    "贵阳市",
    "昆明市",
    "苏州市",
]
DIVISIONS = [
    "01",
    "13",
    "26",
    "35",
    "39",
    "44",
    "47",
    "51",
    "55",
    "59",
    "63",
    "64",
    "65",
    "66",
    "69",
    "74",
    "75",
    "77",
    "80",
    "83",
    "84",
    "87",
    "91",
    "92",
]
REGIONS = [
    "46",
    "4601",
    "460105",
    "460106",
    "4602",
    "4690",
    "44",
    "4401",
    "4403",
    "33",
    "3301",
    "51",
    "5101",
    "11",
    "12",
]
LEVELS = ("general", "bj_1", "bj_2", "bj_3", "important", None)
CYCLES = ("daily", "weekly", "monthly", "quarterly", "yearly", "irregular")
MODES = ("dataset_product", "api_call", "report_result", "sandbox")
EPOCH = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
CLAUSES_AT_MOST = 8


class Clause(NamedTuple):
    text: str
    words: tuple[str, ...]


class Real(NamedTuple):
    record: imports.Record
    labels: tuple[str, ...]
    clauses: tuple[Clause, ...]


def read_records() -> list[dict[str, Any]]:
    with gzip.open(FILE) as file:
        return [json.loads(line) for line in file]


def read_real(records: list[dict[str, Any]]) -> list[Real]:
    real = []
    for record in records:
        prepared = imports.read_line(1, json.dumps(record).encode())
        assert isinstance(prepared, imports.Prepared)
        it = prepared.record
        clauses = tuple(
            Clause(text, tuple(terms.cut(text)))
            for text in re.split(r"(?<=[。；;\n])", it.description)
            if text.strip()
        )
        labels = tuple(terms.cut(" ".join((*it.keywords, it.publisher, it.theme))))
        real.append(Real(it, labels, clauses[:CLAUSES_AT_MOST]))
    return real


def perturbed(real: list[Real], first: int, count: int, seed: int) -> Iterator[list[Any]]:
    """Yield values for ``DOCUMENTS``, the same for the same numbers and seed."""
    pool = [clause for each in real for clause in each.clauses]
    for number in range(first, first + count):
        chance = random.Random(seed * 1_000_003 + number)
        base = chance.choice(real)
        town, other = chance.choice(TOWNS), chance.choice(TOWNS)
        year = chance.randrange(2005, 2027)
        title = re.sub(r"(19|20)?\d\d(?=年)", str(year), base.record.title)
        title = re.sub(r"[一-鿿]{2}[市县]", town, title, count=1)
        title = title if town in title else f"{town}{title}"
        clauses = [
            chance.choice(pool) if chance.random() < 0.5 else clause for clause in base.clauses
        ]
        clauses += chance.choices(pool, k=chance.choice((0, 1, 1, 2)))
        body = "".join(clause.text for clause in clauses)
        vector = _vector(
            terms.cut(f"{title}"),
            [*base.labels, town, other],
            list(itertools.chain.from_iterable(clause.words for clause in clauses)),
        )
        codes = lineage(Tree.INDUSTRY, chance.choice(DIVISIONS)) if chance.random() < 0.8 else ()
        regions = lineage(Tree.REGION, chance.choice(REGIONS)) if chance.random() < 0.5 else ()
        form = imports.FORMS.get(base.record.format.lower())
        yield [
            uuid.UUID(bytes=hashlib.md5(b"%d-%d" % (seed, number)).digest()),
            f"p{number}",
            title[:500],
            base.record.publisher,
            body[:160],
            form.value if form else None,
            codes[0] if codes else None,
            town,
            chance.choice(LEVELS),
            base.record.theme or None,
            base.record.source,
            chance.choice(CYCLES),
            base.record.format or None,
            list(codes),
            list(regions),
            chance.sample(MODES, k=chance.choice((1, 1, 2))),
            EPOCH + dt.timedelta(seconds=60 * number + chance.randrange(60)),
            vector,
        ]


def _vector(title: list[str], labels: list[str], body: list[str]) -> str:
    positions: dict[str, list[str]] = {}
    at = 0
    for weight, words in (("A", title), ("B", labels), ("C", body)):
        for word in words:
            at += 1
            positions.setdefault(word, []).append(f"{at}{weight}")
        at += 16
    return " ".join([f"{terms.quoted(w)}:{','.join(p[:200])}" for w, p in positions.items()])


def _cell(value: Any) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, list):
        return "{" + ",".join(value) + "}"
    text = value.isoformat() if isinstance(value, dt.datetime) else str(value)
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def write_part(place: str, first: int, count: int, seed: int) -> tuple[str, str]:
    """Write the rows of a part as COPY reads them: products and documents. Runs in its own process."""
    real = read_real(read_records())
    paths = (f"{place}-{first}-products", f"{place}-{first}-documents")
    to_products, to_documents = map(pathlib.Path, paths)
    with to_products.open("w") as products, to_documents.open("w") as documents:
        for row in perturbed(real, first, count, seed):
            at = row[16]
            told = [
                row[0], "imported", "described", row[3], row[2], row[5], '{"description":""}',
                "perturbed", row[1], "0", "t", "1", at, at,
            ]  # fmt: skip
            products.write("\t".join(map(_cell, told)) + "\n")
            documents.write("\t".join(map(_cell, row)) + "\n")
    return paths


async def load(owner_dsn: str, place: pathlib.Path, *, count: int, seed: int = 1) -> None:
    """Fill the tables of products and documents with so many, and prepare them to be asked."""
    parts = 2
    size = (count + parts - 1) // parts
    loop = asyncio.get_running_loop()
    with concurrent.futures.ProcessPoolExecutor(
        parts, mp_context=multiprocessing.get_context("spawn")
    ) as pool:
        written = await asyncio.gather(
            *(
                loop.run_in_executor(
                    pool, write_part, str(place / "part"), first, min(size, count - first), seed
                )
                for first in range(0, count, size)
            )
        )
    owner = await asyncpg.connect(owner_dsn, command_timeout=None)
    try:
        await owner.execute("SET session_replication_role = replica")  # neither triggers nor keys
        for name in ("product_documents_terms", "product_documents_newest"):
            await owner.execute(f"DROP INDEX catalog.{name}")
        for products, documents in written:
            for table, columns, path in (
                ("products", PRODUCTS, products),
                ("product_documents", DOCUMENTS, documents),
            ):
                await owner.copy_to_table(
                    table, schema_name="catalog", columns=columns, source=path
                )
                pathlib.Path(path).unlink()
        await owner.execute("SET maintenance_work_mem = '512MB'")
        await owner.execute(
            "CREATE INDEX product_documents_terms ON catalog.product_documents USING gin (terms)"
        )
        await owner.execute(
            "CREATE INDEX product_documents_newest"
            " ON catalog.product_documents (place DESC, product_id DESC)"
        )
        await owner.execute("VACUUM ANALYZE catalog.product_documents")
    finally:
        await owner.close()
