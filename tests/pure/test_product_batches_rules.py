"""What a row of a batch says: by table, by JSON, by the records of other catalogues; and all that is wrong."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import msgspec
import pytest

from catalog.kernel.errors import FieldError
from catalog.kernel.ids import PartyId, new_id
from catalog.product_batches import foreign, kinds, reading, reports, templates
from catalog.product_batches.cells import read_cells, text_of
from catalog.product_batches.columns import (
    BY_PATH,
    COLUMNS,
    BatchColumnDoubled,
    BatchColumnMissing,
    BatchColumnUnknown,
    matched,
)
from catalog.product_batches.model import Counts, Fault, Kind, Line, Outcome, RowResult
from catalog.product_batches.rows import Ready, RowReader
from catalog.product_batches.states import (
    TRANSITIONS,
    Event,
    ProductBatchEventNotAllowed,
    State,
    advance,
)
from catalog.product_batches.vocabulary import NAMES, plain, value_of
from catalog.products import bulk
from catalog.products.faults import as_known
from catalog.products.metadata import ProductNotProcessed
from catalog.products.model import (
    AiShare,
    Classification,
    Description,
    Form,
    Item,
    ItemType,
    Level,
    OriginPath,
    Reclassification,
    Scenario,
    Sensitivity,
    SharingType,
    Standard,
)
from catalog.products.reading import ProductFieldUnknown
from catalog.products.references import ReferenceMalformed
from catalog.products.sharing import Resource, SourceCircular
from catalog.products.states import State as ProductState
from catalog.tables.model import TableUnreadable
from market.portal.wording import all_words
from seeds.code_trees import read_tables
from tests.makers_products import make_description, make_product, make_source

KNOWN = as_known(read_tables())
NEEDED = {"key": "p-1", "name": "甲", "form": "数据集"}
#: How the pages call the lists of ``NAMES``.
PAGES = {
    "Form": "form",
    "MeteringUnit": "unit",
    "UpdateCycle": "update_cycle",
    "DataNature": "nature",
    "AcquisitionMethod": "method",
    "DeliveryMode": "delivery",
    "AiShare": "ai",
    "Level": "level",
}


def ready(cells: dict[str, Any], kind: Kind = Kind.CSV, **line: Any) -> Ready:
    columns = matched(list(cells)) if kind in kinds.TABLES else {}
    return RowReader(kind, columns).read(Line(line=2, cells=cells, **line))


def told(found: Ready) -> list[tuple[str, str]]:
    return [(fault.column, fault.code) for fault in found.faults]


def described(cells: dict[str, Any], kind: Kind = Kind.CSV) -> Description:
    found = ready(cells, kind)
    assert found.faults == ()
    assert found.description is not None
    return found.description


# ── columns and values ──────────────────────────────────────────────────────────────────────


def test_every_field_of_a_description_has_a_column_but_what_two_people_record() -> None:
    fields = {path.partition("/")[0] for path in BY_PATH} - {"key"}

    assert fields == set(Description.__struct_fields__)
    assert not any("reclassification" in path for path in BY_PATH)
    assert len({plain(column.label.zh) for column in COLUMNS}) == len(COLUMNS)


@pytest.mark.parametrize("name", ["产品名称", "Name", "name", " NAME ", "产品 名称"])
def test_a_column_is_found_by_whichever_name_it_has(name: str) -> None:
    assert matched(["供方编号", name, "form"])[name].path == "name"


def test_columns_for_people_are_left_out() -> None:
    assert list(matched(["key", "#备注", "name", "form"])) == ["key", "name", "form"]


@pytest.mark.parametrize(
    ("names", "refusal", "facts"),
    [
        (
            ["key", "name", "form", "产品名"],
            BatchColumnUnknown,
            {"columns": ["产品名（产品名称？）"], "count": 1},
        ),
        (
            ["key", "name", "form", *(f"内部{n}" for n in range(100))],
            BatchColumnUnknown,
            {"columns": [f"内部{n}" for n in range(10)], "count": 100},
        ),
        (
            ["key", "name", "form", "产品名称"],
            BatchColumnDoubled,
            {"column": "产品名称", "other": "name"},
        ),
        (["name"], BatchColumnMissing, {"columns": ["供方编号", "产品形式"]}),
    ],
)
def test_a_column_that_is_none_stands_twice_or_is_missing_is_named(
    names: list[str], refusal: type[Exception], facts: dict[str, Any]
) -> None:
    with pytest.raises(refusal) as refused:
        matched(names)

    assert refused.value.facts == facts  # type: ignore[attr-defined]


def test_every_value_has_a_name_in_both_tongues_and_the_pages_call_it_the_same() -> None:
    pages = {language: all_words(language) for language in ("zh", "en")}
    for kind, names in NAMES.items():
        assert set(names) == {value.value for value in kind}
        for value, (zh, en) in names.items():
            assert value_of(kind, value) == value_of(kind, zh) == value_of(kind, en) == value
            group = PAGES.get(kind.__name__)
            if group is not None:
                key = f"label.{group}.{value}"
                assert (pages["zh"][key], pages["en"][key]) == (zh, en), key
    assert value_of(Form, "随便") is None


# ── rows of a table ─────────────────────────────────────────────────────────────────────────


def test_a_row_says_lists_flags_dates_and_numbered_sources() -> None:
    said = described(
        NEEDED
        | {
            "关键词": "停车；指数, 城市",
            "交付方式": "调用接口、加工数据集",
            "含个人信息": "是",
            "含重要数据": "否",
            "有效期起": "2026-01-31",
            "使用场景": "port_safety: 预警\nplanning：规划",
            "信息项": "hour|日期时间|时次|小时|是\nrisk|integer||||none",
            "来源2：来源名称": "观测",
            "来源2：来源持有者": "公司",
            "来源2：来源数据性质": "企业数据",
            "来源2：获取方式": "自行产生",
            "使用方法": "接口",
        }
    )

    assert said.keywords == ("停车", "指数", "城市")
    assert [mode.value for mode in said.delivery_modes] == ["api_call", "dataset_product"]
    assert (said.contains_personal_info, said.contains_important_data) == (True, False)
    assert str(said.valid_from) == "2026-01-31"
    assert said.scenarios == (Scenario("port_safety", "预警"), Scenario("planning", "规划"))
    assert said.items == (
        Item(name="hour", type=ItemType.DATETIME, title="时次", unit="小时", is_required=True),
        Item(name="risk", type=ItemType.INTEGER, sensitivity=Sensitivity.NONE),
    )
    assert [source.source_id for source in said.sources] == ["s2"]
    assert said.catalogue.usage_method == "接口"
    assert said.origin_path is OriginPath.OWN_RESOURCE


def test_what_a_workbook_knows_as_a_number_or_a_truth_is_read_as_it_looks() -> None:
    said = described(
        NEEDED | {"key": 17, "行政区划代码": 46, "含个人信息": True, "含重要数据": False}
    )

    assert (said.region_code, said.contains_personal_info) == ("46", True)
    assert [text_of(value) for value in (None, 1.5, "'=1+1", "'t", "a\r\nb ")] == [
        "", "1.5", "=1+1", "'t", "a\nb",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "written",
    [
        "2026-01-31", "2026-1-31", "2026/1/31", "2026.1.31", "2026年1月31日", "2026 年 1 月 31 日",
        "20260131", "２０２６／１／３１", "2026-01-31 00:00:00", "2026/1/31 0:00",
    ],
)  # fmt: skip
def test_a_day_is_read_as_people_and_spreadsheets_write_it(written: str) -> None:
    assert str(described(NEEDED | {"有效期起": written}).valid_from) == "2026-01-31"


def test_a_value_that_is_in_no_list_is_answered_with_the_list_in_words() -> None:
    (fault,) = ready(NEEDED | {"计量单位": "吨"}).faults

    assert "次调用 api_call" in fault.facts["known"]


def test_standards_are_cited_one_a_line_as_people_cite_them() -> None:
    said = described(
        NEEDED | {"遵循标准": "GB/T 36344-2018|数据质量评价指标|https://std.example/1\nQX/T 118"}
    )

    assert said.conforms_to == (
        Standard(
            code="GB/T 36344",
            version="2018",
            title="数据质量评价指标",
            address="https://std.example/1",
        ),
        Standard(code="QX/T 118"),
    )


@pytest.mark.parametrize(
    ("cells", "faults"),
    [
        ({"key": ""}, [("key", "product_field_missing")]),
        ({"key": "a\tb"}, [("key", "reference_malformed")]),
        ({"name": ""}, [("name", "product_field_missing")]),
        ({"form": "表"}, [("form", "product_batch_value_unknown")]),
        ({"交付方式": "快递"}, [("交付方式", "product_batch_value_unknown")]),
        ({"含个人信息": "也许"}, [("含个人信息", "product_batch_flag_unclear")]),
        ({"使用场景": "预警"}, [("使用场景", "product_batch_scenario_unclear")]),
        ({"信息项": "时次"}, [("信息项", "product_batch_item_unclear")]),
        ({"信息项": "|文本"}, [("信息项", "product_batch_item_unclear")]),
        ({"信息项": "a|文本|||||x"}, [("信息项", "product_batch_item_unclear")]),
        ({"遵循标准": "|名称"}, [("遵循标准", "product_batch_standard_unclear")]),
        ({"遵循标准": "a|b|http://c|d"}, [("遵循标准", "product_batch_standard_unclear")]),
        ({"遵循标准": "a" * 101}, [("遵循标准", "product_value_wrong")]),
        ({"有效期起": "31.1.2026"}, [("有效期起", "product_batch_date_unclear")]),
        ({"有效期起": "2026-02-30"}, [("有效期起", "product_batch_date_unclear")]),
        ({"有效期止": 46752}, [("有效期止", "product_batch_date_unclear")]),
        ({"来源1：授权有效期至": "长期"}, [("来源1：授权有效期至", "product_batch_date_unclear")]),
        ({"来源1：来源名称": "甲"}, [("来源1：来源持有者", "product_value_wrong")]),
        ({"来源3：来源持有者": "甲"}, [("来源3：来源名称", "product_value_wrong")]),
        ({"级别": "一般数据"}, []),
        ({"类别": "行业"}, [("级别", "product_value_wrong")]),
    ],
)
def test_each_fault_names_its_column(cells: dict[str, Any], faults: list[tuple[str, str]]) -> None:
    assert told(ready(NEEDED | cells)) == faults


def test_a_row_that_is_too_wide_is_refused_as_a_whole_and_its_own_faults_besides() -> None:
    found = ready(NEEDED | {"form": "表"}, surplus=2)

    assert told(found) == [
        ("", "product_batch_row_too_wide"),
        ("form", "product_batch_value_unknown"),
    ]
    assert found.description is None


def test_a_reference_counts_once_in_a_file() -> None:
    reader = RowReader(Kind.CSV, matched(list(NEEDED)))

    first, second = (reader.read(Line(line=n, cells=NEEDED)) for n in (2, 3))

    assert told(first) == []
    assert [(fault.column, fault.facts) for fault in second.faults] == [
        ("key", {"key": "p-1", "first": 2})
    ]


def test_refusals_of_the_rules_are_told_by_column_whatever_the_file() -> None:
    numbered = NEEDED | {"来源2：来源名称": "a", "来源2：来源持有者": "b"}
    table = RowReader(Kind.XLSX, matched(list(numbered)))
    row = Ready(line=2, key="p", description=None, faults=(), cells={}, sources=(1,))
    missing = ProductNotProcessed()

    assert table.column_of("/sources/0/holder", (1,)) == "来源2：来源持有者"
    assert table.column_of("/sources/0/legal_basis", (1,)) == "来源2：合法性依据"
    assert table.column_of("/sources", (1,)) == "sources"
    assert table.column_of("/sources/4", (1,)) == "来源5：来源名称"
    assert table.column_of("/keywords/3") == "关键词"
    assert table.column_of("/classification/reclassification") == "classification"
    assert RowReader(Kind.JSON, {}).column_of("/sources/0/holder") == "sources/0/holder"
    assert RowReader(Kind.CKAN, {}).column_of("/name") == "title"
    assert table.faults_of(row, [missing]) == (Fault(column="", code=missing.code),)
    reference = ReferenceMalformed(errors=(FieldError("/reference", "reference_malformed"),))
    assert [each.column for each in table.faults_of(row, [reference])] == ["key"]


# ── JSON, CKAN, DCAT ────────────────────────────────────────────────────────────────────────


def test_json_is_read_as_a_single_product_is() -> None:
    whole = msgspec.to_builtins(make_description())

    assert described(whole | {"key": "a"}, Kind.JSONL) == make_description()
    assert told(ready(whole | {"key": 7, "nmae": 1}, Kind.JSON)) == [
        ("nmae", ProductFieldUnknown.code),
        ("key", "product_field_missing"),
    ]


def test_a_record_becomes_a_draft_and_nothing_is_made_up() -> None:
    record = foreign.record_of_package(
        {"name": "n", "title": "停车", "tags": ["城市", {"name": "交通"}, {"name": ""}]}
    )

    said = described(record, Kind.CKAN)

    assert (said.name, said.form, said.keywords) == ("停车", Form.DATASET, ("城市", "交通"))
    assert (said.sources, said.description, said.data_nature) == ((), "", None)


def test_a_record_that_lacks_its_title_is_told_so() -> None:
    skipped = ready({"id": "d-2"}, Kind.DCAT_TURTLE, skipped="title_missing")
    package = ready(foreign.record_of_package({"id": "x"}), Kind.CKAN)

    assert told(skipped) == [("", "product_batch_record_incomplete")]
    assert (skipped.key, told(package)) == ("d-2", [("title", "product_value_wrong")])


def test_a_long_identifier_is_named_by_its_digest() -> None:
    assert foreign.key_of(" short ") == "short"
    assert foreign.key_of("x" * 101) == foreign.key_of("x" * 101)
    assert len(foreign.key_of("x" * 101)) <= 100


@pytest.mark.parametrize(
    ("answer", "count"),
    [
        ({"result": {"results": [{"id": "a"}, {"id": "b"}]}}, 2),
        ({"result": [{"id": "a"}]}, 1),
        ({"result": {"id": "a"}}, 1),
        ([{"id": "a"}], 1),
        ([], 0),
    ],
)
def test_packages_are_found_in_whatever_ckan_answers(answer: Any, count: int) -> None:
    assert len(foreign.packages(answer)) == count


@pytest.mark.parametrize("answer", [1, "x", [1], {"result": None}, {"result": ["name"]}])
def test_what_lists_no_packages_is_refused(answer: Any) -> None:
    with pytest.raises(foreign.PackageListUnreadable):
        foreign.packages(answer)


def test_odd_parts_of_a_package_are_left_out() -> None:
    odd = {"id": 5, "title": {"zh": "x"}, "resources": "none", "extras": [1], "organization": "x"}

    record = foreign.record_of_package(odd)

    assert (record["id"], record["title"], record["publisher"]) == ("5", "", "")


# ── reading files ───────────────────────────────────────────────────────────────────────────


def lines(raw: bytes, kind: Kind, name: str = "a") -> list[Line]:
    return list(reading.lines(reading.Given(kind, name), io.BytesIO(raw)))


def test_a_table_first_tells_its_columns_and_leaves_rows_for_people_out() -> None:
    head, row = lines("key,name\n# 说明,\np-1,甲,多,\n".encode(), Kind.CSV)

    assert head.columns == ("key", "name")
    assert (row.line, row.cells, row.surplus) == (3, {"key": "p-1", "name": "甲"}, 1)


def test_rows_that_hold_nothing_are_none() -> None:
    found = lines("产品清单,,\nkey,name,form\n,,\n1,甲,数据集\n , ,\n,,,\n".encode(), Kind.CSV)

    assert [(line.line, line.surplus) for line in found] == [(2, 0), (4, 0)]
    assert [line.cells for line in lines(b"{}\n", Kind.JSONL)] == [{}]


def test_json_tells_its_objects() -> None:
    assert [line.cells for line in lines(b'{"a":1}\n{"b":null,"a":2}\n', Kind.JSONL)] == [
        {"a": 1},
        {"a": 2},
    ]


def test_a_catalogue_tells_its_records_then_what_was_skipped() -> None:
    turtle = b"""@prefix dcat: <http://www.w3.org/ns/dcat#> . @prefix dct: <http://purl.org/dc/terms/> .
        <urn:1> a dcat:Dataset ; dct:title "t" . <urn:2> a dcat:Dataset ."""

    first, second = lines(turtle, Kind.DCAT_TURTLE)

    assert (first.cells["title"], second.skipped, second.line) == ("t", "title_missing", 2)
    linked = b'{"@context": {"@vocab": "http://www.w3.org/ns/dcat#"}, "@type": "Dataset"}'
    assert [line.skipped for line in lines(linked, Kind.DCAT_JSON_LD)] == ["title_missing"]


def test_packages_are_read_and_what_is_no_text_is_refused() -> None:
    (line,) = lines(b'\xef\xbb\xbf[{"id": "a", "title": "t"}]', Kind.CKAN)

    assert line.cells["title"] == "t"
    with pytest.raises(TableUnreadable):
        lines(b"\xff", Kind.CKAN)


def test_a_file_of_another_kind_or_with_too_many_rows_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "MAX_ROWS", 2)
    with pytest.raises(reading.BatchKindContradicts):
        lines(b"a,b\n", Kind.XLSX)
    with pytest.raises(reading.BatchTooLong):
        lines(b"key\n1\n2\n3\n", Kind.CSV)
    assert len(lines(b"key\n1\n2\n", Kind.CSV)) == 3


@pytest.mark.parametrize(
    ("name", "said", "kind"),
    [
        ("a.CSV", None, Kind.CSV),
        ("a.ttl", None, Kind.DCAT_TURTLE),
        ("a.json", Kind.CKAN, Kind.CKAN),
        ("a", Kind.XLSX, Kind.XLSX),
    ],
)
def test_a_kind_is_said_or_told_by_the_name(name: str, said: Kind | None, kind: Kind) -> None:
    assert kinds.kind_of(name, said, 10) is kind


def test_a_name_that_tells_nothing_and_a_file_that_is_too_large_are_refused() -> None:
    with pytest.raises(kinds.BatchKindUnknown):
        kinds.kind_of("a.doc", None, 1)
    with pytest.raises(kinds.BatchFileTooLarge):
        kinds.kind_of("a.ttl", None, kinds.MAX_BYTES[Kind.DCAT_TURTLE] + 1)


# ── templates and reports ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "raw"), [(Kind.CSV, templates.as_csv().encode()), (Kind.XLSX, templates.as_xlsx())]
)
def test_a_template_reads_as_its_one_example(kind: Kind, raw: bytes) -> None:
    head, row = lines(raw, kind)
    assert head.columns is not None

    found = RowReader(kind, matched(head.columns)).read(row)

    assert found.faults == ()
    assert found.description is not None
    assert found.description.items[0].is_required
    around = bulk.Surroundings(supplier=PartyId(new_id()), known=KNOWN, resources={})
    said = bulk.Said(found.key, found.description)
    assert bulk.decide(said, None, around, is_draft=False).became is bulk.Became.CREATED


def test_columns_beyond_z_have_two_letters() -> None:
    assert [templates._letters(place) for place in (0, 25, 26, 51, 52)] == [
        "$A", "$Z", "$AA", "$AZ", "$BA",
    ]  # fmt: skip


def result(**changes: Any) -> RowResult:
    values: dict[str, Any] = {
        "number": 1,
        "line": 2,
        "key": "p",
        "outcome": Outcome.REFUSED,
        "product_id": None,
        "faults": (Fault(column="name", code="x"), Fault(column="name", code="y")),
        "cells": {"key": "p", "name": "=1", "n": 5},
    }
    return RowResult(**(values | changes))


def test_a_report_holds_the_row_and_every_reason() -> None:
    text = "".join(
        reports.report([result()], ("key", "#备注", "name", "n"), lambda f: (f"中{f.code}", f.code))
    )

    head, row = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert head[:3] == ["key", "name", "n"]
    assert row == ["p", "'=1", "5", "2", "name", "x；y", "中x\n中y", "x\ny"]


def test_a_report_of_what_was_no_table_holds_json() -> None:
    text = "".join(reports.report([result(cells=None), result()], (), lambda f: ("", "")))

    _, first, second = csv.reader(io.StringIO(text.removeprefix("\ufeff")))
    assert (first[1], json.loads(second[1])["name"]) == ("{}", "=1")


def test_rows_that_were_dealt_with_are_counted() -> None:
    assert Counts(created=1, revised=2, unchanged=3, refused=4).done == 10


# ── what becomes of one among many ──────────────────────────────────────────────────────────


def around(**changes: Any) -> bulk.Surroundings:
    values: dict[str, Any] = {"supplier": PartyId(new_id()), "known": KNOWN, "resources": {}}
    return bulk.Surroundings(**(values | changes))


@pytest.mark.parametrize(
    ("before", "is_draft", "became"),
    [
        (None, True, bulk.Became.CREATED),
        (make_product(), False, bulk.Became.UNCHANGED),
        (make_product(), True, bulk.Became.UNCHANGED),
        (make_product(state=ProductState.DRAFT), True, bulk.Became.UNCHANGED),
        (make_product(state=ProductState.DRAFT), False, bulk.Became.REVISED),
        (make_product(description=make_description(name="旧")), False, bulk.Became.REVISED),
        (make_product(description=make_description(name="旧")), True, bulk.Became.REFUSED),
        (make_product(description=None), False, bulk.Became.REVISED),
        (
            make_product(description=make_description(name="旧"), is_public=True),
            False,
            bulk.Became.REFUSED,
        ),
    ],
)
def test_what_becomes_of_a_row_depends_on_what_stands_there(
    before: Any, is_draft: bool, became: bulk.Became
) -> None:
    said = bulk.Said("p", make_description())

    assert bulk.decide(said, before, around(), is_draft=is_draft).became is became


def test_a_row_is_refused_for_every_reason_at_once() -> None:
    resource = new_id()
    product = make_product(description=make_description(name="旧"))
    source = make_source(resource_id=resource, is_supermarket_resource=True)
    said = bulk.Said(
        " p",
        make_description(sources=(source,), contains_national_core_data=True, metering_unit=None),
    )
    shared = Resource(
        product_id=resource,
        supplier_party_id=PartyId(new_id()),
        sharing_type=SharingType.NOT_SHARED,
        level=None,
    )

    unknown = bulk.decide(said, None, around(), is_draft=False)
    found = bulk.decide(
        said,
        product,
        around(resources={resource: shared}, made_from_it=frozenset({resource})),
        is_draft=False,
    )

    assert [refusal.code for refusal in unknown.refusals] == [
        "reference_malformed",
        "core_data_not_taken",
        "source_resource_missing",
        "metering_unit_missing",
    ]
    assert [refusal.code for refusal in found.refusals] == [
        "reference_malformed",
        "core_data_not_taken",
        "source_resource_not_shared",
        SourceCircular.code,
        "metering_unit_missing",
    ]


def test_a_label_that_others_saw_does_not_get_weaker_by_a_table() -> None:
    before = make_product(description=make_description(ai_generated=AiShare.FULL))
    said = bulk.Said("p", make_description(ai_generated=AiShare.NONE))

    seen = bulk.decide(said, before, around(was_shown=True), is_draft=False)
    unseen = bulk.decide(said, before, around(was_shown=False), is_draft=False)

    assert [refusal.code for refusal in seen.refusals] == ["ai_label_tampered"]
    assert unseen.became is bulk.Became.REVISED


def test_saying_a_level_again_keeps_why_it_was_lowered() -> None:
    why = Reclassification("聚合", "甲、乙", "ab" * 32, Level.IMPORTANT)
    plain_level = Classification("GB/T 43697", Level.GENERAL, "行业")
    recorded = msgspec.structs.replace(plain_level, reclassification=why)
    before = make_product(description=make_description(classification=recorded))

    same = bulk.keeping(bulk.Said("p", make_description(classification=plain_level)), before)
    other = bulk.keeping(bulk.Said("p", make_description()), before)

    assert same.description.classification == recorded
    assert other.description == make_description()
    assert bulk.keeping(other, None) == other
    assert bulk.keeping(other, make_product(description=None)) == other


# ── states ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("event", Event)
def test_a_batch_moves_by_its_table_alone(state: State, event: Event) -> None:
    if (state, event) in TRANSITIONS:
        assert advance(state, event) is TRANSITIONS[state, event]
        return
    with pytest.raises(ProductBatchEventNotAllowed) as refused:
        advance(state, event)
    assert refused.value.facts == {"state": state.value, "event": event.value}


def test_an_empty_cell_says_nothing() -> None:
    values = read_cells({"key": "", "name": None}, matched(["key", "name", "form"]))

    assert (values.key, values.said, values.faults) == ("", {"origin_path": "own_resource"}, [])
