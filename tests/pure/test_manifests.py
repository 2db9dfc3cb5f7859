"""Products kept as files: read with their lines, checked, compared, and written so that they read back."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.kernel.ids import new_id
from catalog.products.faults import as_known
from catalog.products.model import (
    AcquisitionMethod,
    CatalogueAttributes,
    DataNature,
    DeliveryMode,
    Description,
    Form,
    Item,
    ItemType,
    OriginPath,
    Scenario,
    Source,
)
from catalog.products.reading import (
    ProductFieldMissing,
    ProductFieldUnknown,
    ProductValueWrong,
    as_pointer,
)
from catalog.products.states import State
from market.manifests import documents, writing
from market.manifests.linting import lint
from market.manifests.model import Manifest, Problem, Read
from market.manifests.planning import Action, Standing, Step, plan
from market.manifests.reading import ManifestProductDoubled, ManifestShapeWrong, read_all
from seeds.code_trees import read_tables
from tests.makers_products import make_description

KNOWN = as_known(read_tables())
TEXT = """\
version: 1
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
      - source_id: s1
        name: 观测
        holder: 公司
        nature: enterprise
        acquisition_method: own_production
    valid_from: 2026-01-01
"""


def read(text: str, name: str = "products.yaml") -> tuple[list[Read], list[Problem]]:
    return read_all([(name, text.encode())])


def told(problems: list[Problem]) -> list[tuple[int, str | None, str, str]]:
    return [(each.line, each.key, each.pointer, each.code) for each in problems]


def standing(**changes: Any) -> Standing:
    values: dict[str, Any] = {
        "id": new_id(),
        "state": State.DESCRIBED,
        "version": 3,
        "name": "x",
        "reference": "port-weather",
        "description": read(TEXT)[0][0].description,
    }
    return Standing(**(values | changes))


def test_a_product_is_read_with_the_line_of_each_field() -> None:
    (product,), problems = read(TEXT)

    assert problems == []
    assert product.entry.key == "port-weather"
    assert product.description.valid_from == dt.date(2026, 1, 1)
    assert product.line_of("/valid_from") == 19
    assert product.line_of("/sources/0/legal_basis") == 14  # not written: the source's own line
    assert product.line_of("/description") == 3  # not written either: the product's
    assert lint([product], KNOWN) == []


def test_json_is_read_as_well_tabs_halved_characters_and_all() -> None:
    said = {"key": "a", "name": "😀", "form": "dataset", "origin_path": "own_resource"}
    text = json.dumps({"products": [said]}, indent="\t")
    assert "\\ud83d" in text

    (product,), problems = read(text, "a.JSON")

    assert (product.entry.name, problems) == ("😀", [])
    assert product.line_of("/form") == 6


def test_what_is_the_same_in_many_products_stands_once() -> None:
    text = """\
products:
  - &base {key: a, name: 甲, form: dataset, origin_path: own_resource}
  - {<<: *base, key: b, name: 乙}
"""

    products, problems = read(text)

    assert problems == []
    assert [(each.entry.key, each.entry.name) for each in products] == [("a", "甲"), ("b", "乙")]


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        ("", 1, "manifest_unreadable"),
        ("products: [\n", 2, "manifest_unreadable"),
        ("products:\n  - {a: 1, a: 2}\n", 2, "manifest_key_doubled"),
        ("products:\n  - {[a]: 1}\n", 2, "manifest_unreadable"),
        ("products: !!python/object:os.system {}\n", 1, "manifest_shape_wrong"),
        ("products: !!python/name:os.system x\n", 1, "manifest_unreadable"),
        ("products:\n  - {valid_from: 2026-02-31}\n", 1, "manifest_unreadable"),
        ("a: 1\n---\nb: 2\n", 2, "manifest_unreadable"),
        ("products: \x00\n", 1, "manifest_unreadable"),
        ("x" * 10 + ": *nobody\n", 1, "manifest_unreadable"),
        ("products: " + "[" * 40 + "]" * 40 + "\n", 1, "manifest_unreadable"),
        ("products: " + "[" * 200_000 + "\n", 1, "manifest_unreadable"),
        ("[1]\n", 1, "manifest_shape_wrong"),
        ("products: 1\n", 1, "manifest_shape_wrong"),
        ("products: []\nversion: 2\n", 1, "manifest_shape_wrong"),
        ("products: []\nsecret: x\n", 1, "product_field_unknown"),
    ],
)
def test_what_is_no_manifest_is_refused_with_its_line(text: str, line: int, code: str) -> None:
    products, problems = read(text)

    assert products == []
    assert [(each.line, each.code) for each in problems] == [(line, code)]


@pytest.mark.parametrize(
    ("text", "line", "code", "pointer"),
    [
        ("", 1, "manifest_unreadable", ""),
        ('{"products":\n [,]}', 2, "manifest_unreadable", ""),
        ("[" * 200_000, 1, "manifest_unreadable", ""),
        ('{"products": ' + "[" * 40 + "]" * 40 + "}", 1, "manifest_unreadable", ""),
        ('{"products": [\n{"a": "}]", \n"a": {}}]}', 3, "manifest_key_doubled", "/products/0/a"),
    ],
)
def test_json_is_held_to_the_same(text: str, line: int, code: str, pointer: str) -> None:
    products, problems = read(text, "a.json")

    assert products == []
    assert [(each.line, each.code, each.pointer) for each in problems] == [(line, code, pointer)]


def test_bytes_that_are_no_text_name_their_line_and_a_huge_file_is_not_read() -> None:
    _, latin = read_all([("a.yaml", b"products:\n  - \xff\n")])
    _, huge = read_all([("a.yaml", b" " * (documents.MAX_BYTES + 1))])

    assert [(each.line, each.code) for each in (*latin, *huge)] == [
        (2, "manifest_unreadable"),
        (1, "manifest_unreadable"),
    ]


def test_aliases_that_make_millions_of_values_are_cut_off() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    _, problems = read("\n".join([*lines, "products: []"]))

    assert [each.code for each in problems] == ["manifest_unreadable"]


def test_each_field_that_is_wrong_is_told_with_its_line_and_its_product() -> None:
    text = """\
products:
  - key: a
    name: 甲
    frm: dataset
    origin_path: nowhere
    industry_division: 01
    sources:
      - {source_id: s1, name: n, holder: h, nature: alien, acquisition_method: purchase}
  - just a text
  - key: 3
    name: 乙
    form: dataset
    origin_path: own_resource
    zzzzzz: 1
"""

    products, problems = read(text)

    assert products == []
    assert told(problems) == [
        (4, "a", "/frm", ProductFieldUnknown.code),
        (5, "a", "/origin_path", ProductValueWrong.code),
        (6, "a", "/industry_division", ProductValueWrong.code),
        (8, "a", "/sources/0/nature", ProductValueWrong.code),
        (2, "a", "/form", ProductFieldMissing.code),
        (9, None, "", ProductValueWrong.code),
        (10, None, "/key", ProductValueWrong.code),
        (14, None, "/zzzzzz", ProductFieldUnknown.code),
    ]
    assert problems[0].facts["meant"] == "form"
    assert problems[-1].facts["meant"] == "—"


def test_two_products_of_one_key_are_one_too_many_across_files_too() -> None:
    products, problems = read_all([("a.yaml", TEXT.encode()), ("b.yaml", TEXT.encode())])

    assert len(products) == 1
    assert [(each.file, each.line, each.code) for each in problems] == [
        ("b.yaml", 3, ManifestProductDoubled.code)
    ]
    assert problems[0].facts["first"] == "a.yaml:3"


def test_the_shape_is_named_for_who_asks() -> None:
    _, (problem,) = read("products: 1\n")

    assert (problem.code, problem.facts) == (ManifestShapeWrong.code, {"field": "products"})
    assert as_pointer("`$.sources[0].nature`") == "/sources/0/nature"
    assert as_pointer("") == ""


def test_the_rules_speak_with_the_line_of_the_field() -> None:
    text = TEXT.replace("key: port-weather", "key: ' port'").replace(
        "    metering_unit: record\n", "    region_code: '999999'\n"
    )

    problems = lint(read(text)[0], KNOWN)

    assert told(problems) == [
        (3, " port", "/key", "reference_malformed"),
        (3, " port", "/metering_unit", "metering_unit_missing"),
        (7, " port", "/region_code", "code_unknown"),
    ]


def test_a_draft_may_be_unfinished() -> None:
    text = (
        "products:\n  - {key: a, draft: true, name: 甲, form: dataset, origin_path: own_resource}\n"
    )

    assert lint(read(text)[0], KNOWN) == []
    assert "source_missing" in {
        each.code for each in lint(read(text.replace("true", "false"))[0], KNOWN)
    }


def test_what_stands_there_as_it_is_said_is_left() -> None:
    (step,) = plan(read(TEXT)[0], [standing()])

    assert (step.action, step.changes, step.completes) == (Action.NOTHING, (), False)


def test_what_differs_is_revised_field_by_field() -> None:
    there = standing(description=make_description(name="旧名"))

    (step,) = plan(read(TEXT)[0], [there])

    assert step.action is Action.REVISE
    assert "/name" in {change.pointer for change in step.changes}
    assert step.standing == there


def test_another_order_of_entries_is_a_difference_too() -> None:
    said = make_description(keywords=("a",), scenarios=(Scenario("a", "1"), Scenario("b", "2")))
    there = standing(description=said, reference="k")
    turned = {"scenarios": [{"code": "b", "description": "2"}, {"code": "a", "description": "1"}]}
    body = msgspec.to_builtins(said) | turned | {"key": "k"}
    (product,), _ = read(json.dumps({"products": [body]}), "a.json")

    (step,) = plan([product], [there])

    assert (step.action, step.changes) == (Action.REVISE, ())


def test_a_draft_is_completed_when_the_file_says_it_is_none() -> None:
    (step,) = plan(read(TEXT)[0], [standing(state=State.DRAFT)])

    assert (step.action, step.completes, step.changes) == (Action.REVISE, True, ())


def test_what_is_new_is_created_and_what_was_withdrawn_does_not_stand_in_its_way() -> None:
    (step,) = plan(read(TEXT)[0], [standing(state=State.WITHDRAWN)])

    assert (step.action, step.standing) == (Action.CREATE, None)


def test_what_is_in_no_file_is_left_or_withdrawn_when_that_is_asked_for() -> None:
    managed, by_hand = standing(reference="old"), standing(reference=None)

    left = plan([], [managed, by_hand])
    pruned = plan([], [managed, by_hand], prune=True)

    def actions(steps: list[Step]) -> dict[str, Action]:
        return {step.key: step.action for step in steps}

    assert actions(left) == {"old": Action.LEAVE, str(by_hand.id): Action.LEAVE}
    assert actions(pruned) == {"old": Action.WITHDRAW, str(by_hand.id): Action.LEAVE}


def test_a_product_without_a_reference_is_meant_by_its_id() -> None:
    there = standing(reference=None)
    text = TEXT.replace("port-weather", str(there.id))

    assert [step.action for step in plan(read(text)[0], [there])] == [Action.NOTHING]


WORD = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=20
)
SAID = st.builds(
    Description,
    name=WORD,
    form=st.sampled_from(Form),
    origin_path=st.sampled_from(OriginPath),
    description=st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    scenarios=st.lists(st.builds(Scenario, st.just("a1"), WORD), max_size=2).map(tuple),
    sources=st.lists(
        st.builds(
            Source,
            source_id=WORD,
            name=st.sampled_from(["2026-01-01", "1e3", "null", "yes", "~", "0x1f", "a: b", "# c"]),
            holder=WORD,
            nature=st.sampled_from(DataNature),
            acquisition_method=st.sampled_from(AcquisitionMethod),
            resource_id=st.none() | st.uuids(),
            authorisation_valid_to=st.none() | st.dates(),
        ),
        max_size=2,
    ).map(tuple),
    items=st.lists(
        st.builds(Item, name=WORD, type=st.sampled_from(ItemType), is_required=st.booleans()),
        max_size=2,
    ).map(tuple),
    delivery_modes=st.lists(st.sampled_from(DeliveryMode), max_size=3).map(tuple),
    keywords=st.lists(WORD, max_size=3).map(tuple),
    catalogue=st.builds(CatalogueAttributes, WORD),
    valid_from=st.none() | st.dates(),
)


@settings(max_examples=150, deadline=None)
@given(said=SAID, key=WORD, state=st.sampled_from([State.DRAFT, State.DESCRIBED]))
def test_what_is_exported_reads_back_as_what_stands_there(
    said: Description, key: str, state: State
) -> None:
    there = standing(description=said, reference=key, state=state)
    made = writing.manifest([there])

    for text, name in (
        (writing.as_yaml(made), "a.yaml"),
        (msgspec.json.encode(made).decode(), "a.json"),
    ):
        products, problems = read(text, name)

        assert problems == []
        assert [each.description for each in products] == [said]
        assert [step.action for step in plan(products, [there])] == [Action.NOTHING]


def test_an_export_says_no_more_than_is_said_and_leaves_out_what_was_withdrawn() -> None:
    made = writing.manifest(
        [
            standing(),
            standing(reference="gone", state=State.WITHDRAWN),
            standing(reference="b", description=None),
        ]
    )

    (product,) = made["products"]
    assert list(product)[:4] == ["key", "name", "form", "metering_unit"]
    assert "keywords" not in product
    assert "processing_statement: 质量控制后计算" in writing.as_yaml(made)


def test_the_schema_names_every_field_and_lets_no_other_in() -> None:
    schema = writing.schema()

    entry = schema["$defs"]["Entry"]
    assert {"key", "draft", *Description.__struct_fields__} == set(entry["properties"])
    assert entry["additionalProperties"] is False
    assert set(schema["$defs"]["Manifest"]["properties"]) == set(Manifest.__struct_fields__)
