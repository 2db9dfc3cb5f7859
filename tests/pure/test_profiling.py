"""What is known of a table: types, gaps, counts, and what seems to tell of a person or a firm."""

from __future__ import annotations

import io
import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.caged import told
from catalog.kernel.ids import is_uscc
from catalog.products.model import ItemType, Sensitivity
from catalog.profiles import profiling
from catalog.profiles.distinct import KEPT, Distinct
from catalog.profiles.drafting import drafted
from catalog.profiles.model import Column, Profile
from catalog.profiles.profiling import PROFILE, Asked, profile_of, shape_of
from catalog.profiles.recognising import (
    hinted,
    is_address,
    is_bank_card,
    is_email,
    is_id_card,
    is_person_name,
    is_phone,
    sensitivity_of,
    surname_of,
)
from catalog.profiles.value_types import is_nothing, narrowest, order_key, type_of
from catalog.tables.reading import open_table
from tests import bombs
from tests.personal import bank_card, id_card, uscc


def profiled(text: str | bytes, name: str = "a.csv") -> Profile:
    raw = text.encode() if isinstance(text, str) else text
    return profile_of(open_table(io.BytesIO(raw), file_name=name))


def column(values: list[str], name: str = "值") -> Column:
    return profiled("\n".join([f"{name},other", *(f'"{v}",x' for v in values)])).columns[0]


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        ("12", ItemType.INTEGER),
        ("-0", ItemType.INTEGER),
        ("007", ItemType.TEXT),  # a code
        ("1234567890123456", ItemType.TEXT),  # a number of something
        ("1.50", ItemType.DECIMAL),
        ("1e5", ItemType.DECIMAL),
        ("TRUE", ItemType.BOOLEAN),
        ("否", ItemType.BOOLEAN),
        ("2026-03-01", ItemType.DATE),
        ("2026/3/1", ItemType.DATE),
        ("2026年3月1日", ItemType.DATE),
        ("2026-02-30", ItemType.TEXT),
        ("2026-03-01 08:30", ItemType.DATETIME),
        ("2026-03-01T08:30:00.5+08:00", ItemType.DATETIME),
        ("2026-03-01 25:30", ItemType.TEXT),
        ("2026-03-01 morning", ItemType.TEXT),
        ("海口", ItemType.TEXT),
    ],
)
def test_a_text_has_the_narrowest_type(value: str, type_: ItemType) -> None:
    assert type_of(value, is_typed=False) is type_


@pytest.mark.parametrize(
    ("value", "type_"),
    [
        (True, ItemType.BOOLEAN),
        (1, ItemType.INTEGER),
        (1.5, ItemType.DECIMAL),
        ("1", ItemType.TEXT),
        ("2026-03-01", ItemType.DATE),
        ([1], ItemType.STRUCTURE),
    ],
)
def test_a_form_with_types_of_its_own_is_believed(value: Any, type_: ItemType) -> None:
    assert type_of(value, is_typed=True) is type_


@pytest.mark.parametrize(
    ("types", "type_"),
    [
        ({ItemType.INTEGER, ItemType.DECIMAL}, ItemType.DECIMAL),
        ({ItemType.DATE, ItemType.DATETIME}, ItemType.DATETIME),
        ({ItemType.INTEGER, ItemType.DATE}, ItemType.TEXT),
        (set(), ItemType.TEXT),
    ],
)
def test_a_column_has_the_type_that_all_its_values_have(
    types: set[ItemType], type_: ItemType
) -> None:
    assert narrowest(types) is type_


def test_words_that_databases_write_for_nothing_are_nothing() -> None:
    assert all(is_nothing(value) for value in (None, "", "  ", "NULL", "\\N", "N/A"))
    assert not is_nothing("无")
    assert order_key("海口", ItemType.TEXT) is None


def test_the_least_and_the_greatest_value_are_those_of_numbers_and_of_days() -> None:
    numbers, days = column(["10", "9", "-2.5"]), column(["2026/3/1", "2025-12-31"])
    times = column(["2026-03-01T08:00", "2026-03-01"])

    assert (numbers.type, numbers.minimum, numbers.maximum) == (ItemType.DECIMAL, "-2.5", "10")
    assert (days.minimum, days.maximum) == ("2025-12-31", "2026-03-01")
    assert (times.type, times.maximum) == (ItemType.DATETIME, "2026-03-01 08:00")
    assert column(["海口", "三亚"]).minimum is None


def test_gaps_lengths_and_shapes_are_named_by_the_first_row() -> None:
    found = profiled("城市,代码\n海口,A-1\n,A-22\nNULL,B-1\n三亚市,\n")
    city, code = found.columns

    assert (found.rows, found.is_whole) == (4, True)
    assert (city.nulls, city.first_null_row, city.values, city.distinct) == (2, 3, 2, 2)
    assert (city.longest, city.longest_row) == (3, 5)
    assert [(shape.shape, shape.count) for shape in code.shapes] == [("A-9", 2), ("A-99", 1)]


def test_rows_with_too_many_or_few_values_are_counted() -> None:
    found = profiled("a,b\n1\n1,2\n1,2,3\n")

    assert (found.ragged_rows, found.first_ragged_row) == (2, 2)
    assert found.columns[1].nulls == 1


def test_columns_of_json_that_come_late_were_missing_before() -> None:
    found = profiled('{"a": 1}\n{"a": 2, "b": {"c": [1]}}\n', "a.jsonl")

    assert [each.name for each in found.columns] == ["a", "b"]
    assert (found.columns[1].nulls, found.columns[1].first_null_row) == (1, 1)
    assert found.columns[1].type is ItemType.STRUCTURE
    assert found.sample == ((1, None), (2, '{"c": [1]}'))


def test_a_table_of_a_header_alone_has_columns_and_no_row() -> None:
    found = profiled("a,b\n")

    assert (found.rows, [c.type for c in found.columns]) == (0, [ItemType.TEXT] * 2)
    assert profiled("[]", "a.json").columns == ()
    assert not drafted(found)[0].is_required


def test_a_long_table_is_told_by_its_first_rows_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "a,b\n" + "1,2\n" * 50
    monkeypatch.setattr(profiling, "MAX_ROWS", 10)
    rows = profiled(text)
    monkeypatch.undo()
    monkeypatch.setattr(profiling, "MAX_CELLS", 30)
    cells = profiled(text)

    assert (rows.rows, rows.is_whole) == (10, False)
    assert (cells.rows, cells.is_whole) == (15, False)


@given(st.integers(min_value=0, max_value=2**32), st.sampled_from([10, 1000, 5000, 30_000]))
def test_distinct_values_are_counted_exactly_when_few_and_closely_when_many(
    seed: int, many: int
) -> None:
    distinct = Distinct()
    for number in range(many):
        distinct.see(f"{seed}-{number}")
        distinct.see(f"{seed}-{number // 2}")

    assert distinct.is_exact is (many < KEPT)
    assert abs(distinct.count() - many) <= (0 if many < KEPT else many * 0.2)


def test_identity_cards_and_credit_codes_are_known_by_their_check_digit() -> None:
    assert is_id_card("11010519491231002X")  # the example of GB 11643
    assert not is_id_card("110105194912310021")
    assert not is_id_card("110105194913310029")
    assert is_uscc("91350100M000100Y43")  # the example of GB 32100
    assert not is_uscc("91350100M000100Y44")
    assert not is_uscc("short")
    chance = random.Random(7)
    for _ in range(200):
        assert is_id_card(id_card(chance))
        assert is_uscc(uscc(chance))
        assert is_bank_card(bank_card(chance))


def test_cards_phones_mail_names_and_addresses_are_known_by_their_form() -> None:
    assert is_bank_card("6222 0200 0000 0000 001") is is_bank_card("6222020000000000001")
    assert not is_bank_card("6222020000000000002") or not is_bank_card("6222020000000000003")
    assert not is_bank_card("123456789012")
    assert all(is_phone(text) for text in ("13812345678", "+86 138-1234-5678", "8613812345678"))
    assert not is_phone("12812345678")
    assert is_email("a.b@example.org.cn")
    assert not is_email("a@b")
    assert is_person_name("张三")
    assert not is_person_name("海口")
    assert is_address("海南省海口市龙华区滨海大道1号")
    assert not is_address("海口市")
    assert not is_address("路" * 500)
    assert (surname_of("欧阳修文"), surname_of("张三"), surname_of("欧阳")) == ("欧阳", "张", "欧")
    assert sensitivity_of("普通") is Sensitivity.NONE
    assert hinted("客户手机号") is Sensitivity.PHONE
    assert hinted("数量") is Sensitivity.NONE


CHANCE = random.Random(11)


@pytest.mark.parametrize(
    ("name", "values", "sensitivity"),
    [
        ("值", ["13812345678", "13912345678"], Sensitivity.PHONE),
        ("值", [id_card(CHANCE) for _ in range(3)], Sensitivity.ID_CARD),
        ("值", ["x"] * 90 + [id_card(CHANCE)], Sensitivity.ID_CARD),  # one of a hundred is enough
        ("值", [uscc(CHANCE) for _ in range(3)], Sensitivity.USCC),
        ("值", [bank_card(CHANCE) for _ in range(3)], Sensitivity.BANK_CARD),
        ("值", ["a@example.org", "b"], Sensitivity.EMAIL),
        ("值", ["张三", "李四", "王小明"], Sensitivity.PERSON_NAME),
        ("值", ["海南省海口市龙华区滨海大道1号"], Sensitivity.ADDRESS),
        ("联系人", ["John Smith", "Anna"], Sensitivity.PERSON_NAME),
        ("手机", ["x", "y", "z", "13812345678"], Sensitivity.PHONE),  # its name says so
        ("值", ["x", "y", "z", "13812345678"], None),
        ("联系人", ["1", "2"], None),
        ("城市", ["海口", "三亚"], None),
    ],
)
def test_a_column_is_suspected_of_what_enough_of_its_values_look_like(
    name: str, values: list[str], sensitivity: Sensitivity | None
) -> None:
    found = column(values, name)

    assert (found.suggestion and found.suggestion.sensitivity) == sensitivity
    if sensitivity is not None:
        assert (found.minimum, found.maximum) == (None, None)


def test_numbers_of_people_inside_texts_are_counted() -> None:
    found = column(["请致电 13812345678 联系", "无"], "备注")

    assert (found.embedded, found.suggestion) == (1, None)
    long = column(["电话13812345678，" * 40], "备注")
    assert long.embedded == 1


def test_the_sample_is_masked_as_it_seems_and_cut() -> None:
    found = profiled(f'姓名,手机,备注\n张三,13812345678,"见 13912345678 {"长" * 300}"\n李四\n')

    assert found.sample[0][:2] == ("张*", "138****5678")
    assert found.sample[0][2].startswith("见 139****5678 长")
    assert len(found.sample[0][2]) == 201
    assert found.sample[1] == ("李*", None, None)


def test_a_shape_tells_nothing_of_what_is_said() -> None:
    assert shape_of("A1b-海口 é") == "A9a-字字 字"
    assert shape_of("😀") == "?"
    assert shape_of("1" * 50) == "9" * 40 + "…"


def test_a_draft_of_a_dictionary_leaves_titles_and_units_to_people() -> None:
    long = "n" * 150
    draft = drafted(profiled(f"姓名,数量,备注,{long}\n张三,12,,1\n李四,7,x,1\n"))

    assert [(i.name, i.type, i.length, i.is_required, i.sensitivity) for i in draft] == [
        ("姓名", ItemType.TEXT, 2, True, Sensitivity.PERSON_NAME),
        ("数量", ItemType.INTEGER, 2, True, Sensitivity.NONE),
        ("备注", ItemType.TEXT, 1, False, Sensitivity.NONE),
    ]
    assert {(item.title, item.unit) for item in draft} == {("", "")}


def test_many_shapes_are_counted_up_to_a_bound() -> None:
    values = ["a" * (n % 39) + "-" * (n // 39) for n in range(1, 400)]

    assert len(column(values).shapes) == 5


def test_the_task_says_one_profile_or_refuses() -> None:
    (line, end) = told(PROFILE, Asked(), io.BytesIO(b"a\n1\n"))
    (refused,) = told(PROFILE, Asked(), io.BytesIO(b"%PDF"))

    assert json.loads(bytes(line.line))["rows"] == 1
    assert end.is_end
    assert refused.refusal is not None
    assert refused.refusal.code == "table_kind_unsupported"


def test_a_workbook_is_profiled_with_its_own_types() -> None:
    found = profiled(bombs.workbook([["编号", "数量"], ["001", 3], ["002", 4.5]]), "a.xlsx")

    assert [c.type for c in found.columns] == [ItemType.TEXT, ItemType.DECIMAL]
