"""How pages say what changed, and how they arrange what leads where: rules without a database."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.products.differing import differences
from catalog.products.labels import LABELS
from catalog.products.model import (
    DataNature,
    DeliveryMode,
    Level,
    Scenario,
    SharingType,
    UpdateCycle,
)
from catalog.products.provenance import Direction, Link, arranged
from market.portal import word_diff
from market.portal.change_words import told
from market.portal.lineage_tree import Node, sources_of, uses_of
from market.portal.word_diff import Kind, Part, compared
from market.portal.wording import Speaker
from tests.makers_products import make_description, make_source

A, B, C, D = (uuid.UUID(int=n) for n in range(1, 5))
TEXTS = st.text(alphabet="港口风abc 。\n", max_size=60)


@given(TEXTS, TEXTS)
def test_a_comparison_holds_both_texts_whole(before: str, after: str) -> None:
    parts = compared(before, after)

    assert "".join(p.text for p in parts if p.kind is not Kind.NEW) == before
    assert "".join(p.text for p in parts if p.kind is not Kind.GONE) == after


def test_a_changed_word_is_told_and_the_rest_stays() -> None:
    assert compared("按小时给出 wind_ms。", "按天给出 gust_ms。") == [
        Part(Kind.SAME, "按"), Part(Kind.GONE, "小时"), Part(Kind.NEW, "天"),
        Part(Kind.SAME, "给出 "), Part(Kind.GONE, "wind_ms"), Part(Kind.NEW, "gust_ms"),
        Part(Kind.SAME, "。"),
    ]  # fmt: skip


def test_a_long_text_is_compared_by_sentences_and_a_very_long_one_as_a_whole() -> None:
    sentence = "甲乙丙丁戊己庚辛壬癸。"
    long = sentence * 100
    very_long = "风。" * (word_diff.MOST_PIECES + 1)

    assert compared(long, long + "子丑。") == [Part(Kind.SAME, long), Part(Kind.NEW, "子丑。")]
    assert compared(very_long, "") == [Part(Kind.GONE, very_long)]


def test_every_field_has_a_name_of_its_own() -> None:
    assert len(set(LABELS.values())) == len(LABELS)


def test_values_of_lists_are_said_in_words_in_both_languages() -> None:
    before = make_description(delivery_modes=(DeliveryMode.API_CALL,))
    after = make_description(
        delivery_modes=(DeliveryMode.API_CALL, DeliveryMode.SANDBOX),
        update_cycle=UpdateCycle.DAILY,
        sharing_type=SharingType.NOT_SHARED,
        contains_personal_info=True,
        scenarios=(*before.scenarios, Scenario("b/c", "预警")),
    )

    zh = {each.field: each for each in told(differences(before, after), Speaker("zh"))}
    en = {each.field: each for each in told(differences(before, after), Speaker("en"))}

    assert [p.text for p in zh["更新周期"].parts] == ["不定期", "每天"]
    assert [p.kind for p in zh["更新周期"].parts] == [Kind.GONE, Kind.NEW]
    assert zh["共享类型"].kind == "added"
    assert zh["含个人信息"].parts[-1].text == "是"
    assert zh["交付方式"].parts[-1].text.count("、") == 1
    assert zh["使用场景"].entry == "b/c"
    assert zh["使用场景"].parts[0].text == "场景代码：b/c\n场景说明：预警"
    assert en["Scenario"].parts[0].text == "Code of the scenario: b/c\nScenario in words: 预警"
    assert [p.text for p in en["Update cycle"].parts] == [
        Speaker("en").label("update_cycle", cycle)
        for cycle in (UpdateCycle.IRREGULAR, UpdateCycle.DAILY)
    ]


def test_an_entry_is_told_apart_whatever_its_name() -> None:
    before = make_description(sources=(make_source(source_id="a/name"),))
    after = make_description(sources=(make_source(source_id="a/name", name="新名"),))

    (change,) = told(differences(before, after), Speaker("zh"))

    assert (change.field, change.entry, change.kind) == ("来源名称", "a/name", "changed")


def test_every_kind_of_change_can_be_said() -> None:
    every = told(differences(None, make_description()), Speaker("zh"))

    assert {each.kind for each in every} == {"added"}
    assert all(each.parts for each in every)


def link(product: uuid.UUID, resource: uuid.UUID | None, way: Direction, **changes: Any) -> Link:
    values: dict[str, Any] = {
        "direction": way,
        "depth": 1,
        "product_id": product,
        "product_name": f"p{product.int}",
        "product_level": Level.GENERAL,
        "source_id": f"s{product.int}",
        "source_name": f"source of p{product.int}",
        "nature": DataNature.PUBLIC,
        "source_level": None,
        "resource_id": resource,
        "resource_name": None if resource is None else f"p{resource.int}",
    }
    return Link(**(values | changes))


def names(nodes: tuple[Node, ...]) -> list[Any]:
    return [(node.name, names(node.below)) if node.below else node.name for node in nodes]


def test_sources_are_followed_to_what_is_none_of_the_catalogues() -> None:
    up = Direction.UPSTREAM
    links = [link(A, B, up), link(B, C, up), link(C, None, up), link(B, None, up, source_name="x")]

    tree = sources_of(arranged(A, "p1", links))

    assert names(tree) == [("p2", [("p3", ["source of p3"]), "x"])]
    assert tree[0].below[0].below[0].product_id is None


def test_a_source_that_may_not_be_seen_is_named_and_leads_nowhere() -> None:
    links = [link(A, B, Direction.UPSTREAM, resource_name=None)]

    (node,) = sources_of(arranged(A, "p1", links))

    assert (node.name, node.product_id) == ("source of p1", None)


def test_what_two_share_is_told_once() -> None:
    up, down = Direction.UPSTREAM, Direction.DOWNSTREAM
    links = [link(A, B, up), link(A, C, up), link(B, D, up), link(C, D, up), link(D, None, up)]
    uses = [link(B, A, down), link(C, A, down), link(D, B, down), link(D, C, down)]

    above = sources_of(arranged(A, "p1", links))
    below = uses_of(arranged(A, "p1", [*uses, link(D, B, down, source_id="again")]))

    assert names(above) == [("p2", [("p4", ["source of p4"])]), ("p3", ["p4"])]
    assert [node.below[0].is_told_above for node in above] == [False, True]
    assert names(below) == [("p2", ["p4"]), ("p3", ["p4"])]


@pytest.mark.parametrize("depth", [12])
def test_a_ladder_of_pairs_does_not_grow_beyond_its_links(depth: int) -> None:
    up = Direction.UPSTREAM
    ids = [uuid.UUID(int=100 + n) for n in range(2 * depth + 2)]
    links = [
        link(ids[2 * n + a], ids[2 * n + 2 + b], up)
        for n in range(depth)
        for a in (0, 1)
        for b in (0, 1)
    ]

    def count(nodes: tuple[Node, ...]) -> int:
        return sum(1 + count(node.below) for node in nodes)

    assert count(sources_of(arranged(ids[0], "top", links))) <= len(links)


def test_a_told_change_is_plain_data() -> None:
    (change,) = told(
        differences(make_description(), make_description(region="三亚")), Speaker("zh")
    )

    assert msgspec.to_builtins(change)["field"] == "地区"
