"""Files made to hurt are refused by name, and the worker that took them neither grows nor falls deaf.

All of them, larger ones and a line of a gigabyte: ``tests/campaigns/test_bombs_full.py``.
"""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from tests import bombs
from tests.bomb_service import TABLE, Supplier, Watch, held, line_of
from tests.pure.test_tables import REFUSED
from tests.terminal import copied, serving

SOME = (
    "zip_of_zeros.xlsx",
    "wide.xlsx",
    "zip_disguised.xlsx",
    "open_quote.csv",
    "deep.json",
    "csv_and_zip.csv",
    "csv_named.xlsx",
)


@pytest.fixture(scope="module")
def data_dir(story: Any, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return copied(pathlib.Path(story["data_dir"]), tmp_path_factory.mktemp("bombs") / "data")


def test_a_worker_neither_grows_nor_falls_deaf_over_what_was_made_to_hurt(
    data_dir: pathlib.Path,
) -> None:
    corpus = bombs.corpus()
    made = {name: corpus[name]() for name in SOME}
    with serving(data_dir) as (process, url):
        supplier = Supplier(url, data_dir)
        assert supplier.looked_into("honest.csv", TABLE) == "profiled"

        with Watch(process.pid, url) as watch:
            came = {name: supplier.looked_into(name, raw) for name, raw in made.items()}
            line = supplier.looked_into("line.csv", line_of(40))
            as_body = supplier.described(bombs.deep_json(100_000))
            as_certificate = supplier.verified(made["deep.json"])
        supplier.close()

    assert came == {name: REFUSED[name][0] or "profiled" for name in SOME}
    assert line == "table_line_too_long"
    assert as_body == "body_too_deep"
    assert as_certificate.startswith("upload_")
    held(watch)
