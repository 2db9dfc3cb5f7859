"""How fast the real catalogue comes in, against a plain COPY of the same rows. Prints; asserts counts."""

from __future__ import annotations

import gzip
import pathlib
import resource

import asyncpg
import msgspec
import pytest

from catalog.kernel.clock import monotonic
from catalog.kernel.db import Database
from market.cli.import_ import import_file

FILE = pathlib.Path("../shared/data/catalog_open.jsonl.gz")

pytestmark = [
    pytest.mark.bench,
    pytest.mark.skipif(not FILE.exists(), reason=f"{FILE} is not here"),
]


async def test_import_against_plain_copy(db: Database, owner_dsn: str) -> None:
    first = await import_file(db, FILE, quiet=True)
    second = await import_file(db, FILE, quiet=True)
    plain = await _plain_copy(owner_dsn)

    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(
        f"\nimport {first.read / first.seconds:,.0f}/s, again {second.read / second.seconds:,.0f}/s,"
        f" plain COPY {first.read / plain:,.0f}/s:"
        f" {first.seconds / plain:.1f} times as long; RSS of the whole test process {rss} MB"
    )
    assert (first.read, first.imported, first.rejected) == (64_087, 64_087, [])
    assert (second.imported, second.unchanged) == (0, 64_087)


async def _plain_copy(dsn: str) -> float:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("CREATE TABLE plain (id text, title text, record text)")
        started = monotonic()
        with gzip.open(FILE) as lines:
            rows = []
            for line in lines:
                record = msgspec.json.decode(line)
                rows.append((record["id"], record["title"], line.decode()))
        await connection.copy_records_to_table("plain", records=rows)
        return monotonic() - started
    finally:
        await connection.close()
