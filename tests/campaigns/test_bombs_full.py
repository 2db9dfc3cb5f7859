"""The whole corpus of bombs at a real service: a line of a gigabyte, large archives, all at once."""

from __future__ import annotations

import concurrent.futures
import pathlib
import time

import pytest

from tests import bombs
from tests.bomb_service import TABLE, Supplier, Watch, held, line_of
from tests.pure.test_tables import REFUSED
from tests.terminal import demo, serving

pytestmark = pytest.mark.campaign


def test_the_whole_corpus_leaves_a_worker_as_it_was(tmp_path: pathlib.Path) -> None:
    data_dir = tmp_path / "data"
    demo(data_dir)
    allowed = str(2 * 1024**3)
    with serving(data_dir, MARKET_MAX_UPLOAD_BYTES=allowed) as (process, url):
        supplier = Supplier(url, data_dir)
        assert supplier.looked_into("honest.csv", TABLE) == "profiled"

        with Watch(process.pid, url) as watch:
            for name, make in bombs.corpus().items():
                begun = time.monotonic()
                came = supplier.looked_into(name, make())
                print(f"{name}: {came}, {time.monotonic() - begun:.1f} s, +{watch.growth():.1f} MB")
                assert came == (REFUSED[name][0] or "profiled")
            large = {
                "gigabyte.csv": line_of(1024),
                "zeros_500_MB.xlsx": iter([bombs.zeros(500)]),
                "heavy_1_MB.xlsx": iter([bombs.heavy_workbook(1024)]),
            }
            for name, content in large.items():
                begun = time.monotonic()
                came = supplier.looked_into(name, content)
                print(f"{name}: {came}, {time.monotonic() - begun:.1f} s, +{watch.growth():.1f} MB")
                assert came != "profiled" or name == "heavy_1_MB.xlsx"
            with concurrent.futures.ThreadPoolExecutor(6) as pool:
                crowd = [Supplier(url, data_dir) for _ in range(6)]
                work = [
                    pool.submit(each.looked_into, f"at_once_{n}.xlsx", bombs.zeros(50 + n))
                    for n, each in enumerate(crowd)
                ]
                assert {each.result() for each in work} == {"workbook_archive_unsafe"}
                for each in crowd:
                    each.close()
        supplier.close()

    held(watch)
