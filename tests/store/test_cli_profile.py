"""``market profile`` says of a file what the service would find in it, and sends it nowhere."""

from __future__ import annotations

import json
import pathlib

import pytest
import yaml

from catalog.products.model import Item
from tests import bombs
from tests.terminal import market, told

TABLE = "城市,数量,姓名,电话\n海口,12,张三,13812345678\n三亚,,李四,13912345678\n"


@pytest.fixture
def table(tmp_path: pathlib.Path) -> pathlib.Path:
    path = tmp_path / "data.csv"
    path.write_text(TABLE, "utf-8")
    return path


def test_columns_are_shown_to_people_without_what_stands_in_them(table: pathlib.Path) -> None:
    shown = market("profile", table)

    assert shown.returncode == 0, shown.stderr
    assert "phone" in shown.stdout
    assert "person_name" in shown.stdout
    assert "13812345678" not in shown.stdout
    assert "2 行 rows" in shown.stderr


def test_a_draft_of_a_dictionary_can_be_put_into_a_manifest(table: pathlib.Path) -> None:
    import msgspec

    drafted = market("profile", table, "--dictionary")

    items = msgspec.convert(yaml.safe_load(drafted.stdout)["items"], tuple[Item, ...])
    assert [(item.name, item.type.value, item.is_required) for item in items] == [
        ("城市", "text", True),
        ("数量", "integer", False),
        ("姓名", "text", True),
        ("电话", "text", True),
    ]


def test_all_of_it_is_told_as_json(table: pathlib.Path) -> None:
    found = told(market("profile", table, "--json"))

    assert (found["rows"], len(found["columns"])) == (2, 4)
    assert found["sample"][0] == ["海口", "12", "张*", "138****5678"]


def test_what_is_refused_ends_with_one_and_says_why(tmp_path: pathlib.Path) -> None:
    bomb, liar = tmp_path / "bomb.xlsx", tmp_path / "liar.xlsx"
    bomb.write_bytes(bombs.wide_workbook())
    liar.write_bytes(b"a,b\n1,2\n")

    refused = market("profile", bomb)
    as_json = market("profile", liar, "--json")

    assert refused.returncode == 1
    assert "请改用 CSV" in refused.stderr
    assert as_json.returncode == 1
    assert json.loads(as_json.stdout)["code"] == "table_kind_contradicts"
    assert market("profile", tmp_path / "none.csv").returncode == 2
