"""In what one version of a product differs from another, field by field, in both tongues."""

from __future__ import annotations

import datetime as dt
import types
import typing
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel.ids import new_id
from catalog.products.differing import FieldChange, differences
from catalog.products.labels import LABELS
from catalog.products.model import Description, Item, ItemType, Level
from catalog.products.revisions import ProductWithdrawn, Tombstone, check_not_buried
from tests.makers_products import make_description, make_source


def paths_of(kind: type[msgspec.Struct], above: str = "") -> Iterator[str]:
    """Yield the path of every field that a description can have."""
    for name, hint in typing.get_type_hints(kind).items():
        path = f"{above}/{name}".lstrip("/")
        yield path
        for inner in structs_in(hint):
            yield from paths_of(inner, path)


def structs_in(hint: Any) -> Iterator[type[msgspec.Struct]]:
    if isinstance(hint, type) and not isinstance(hint, types.GenericAlias):
        if issubclass(hint, msgspec.Struct):
            yield hint
        return
    for inner in typing.get_args(hint):
        yield from structs_in(inner)


def found(before: Description | None, after: Description) -> list[tuple[str, Any, Any]]:
    return [(c.pointer, c.before, c.after) for c in differences(before, after)]


def test_every_field_has_a_name_in_both_tongues_and_no_name_is_in_vain() -> None:
    assert set(LABELS) == set(paths_of(Description))
    assert all(label.zh and label.en for label in LABELS.values())


def test_two_fields_are_never_called_the_same() -> None:
    assert len({label.zh for label in LABELS.values()}) == len(LABELS)
    assert len({label.en for label in LABELS.values()}) == len(LABELS)


def test_nothing_changed_is_no_difference() -> None:
    assert differences(make_description(), make_description()) == ()


def test_each_changed_field_is_told_with_what_stood_there() -> None:
    before = make_description(valid_to=None, keywords=("港口",))
    after = make_description(
        name="改名后的指数", valid_to=dt.date(2027, 1, 1), keywords=("港口", "气象")
    )

    assert found(before, after) == [
        ("/name", "港口作业气象风险指数", "改名后的指数"),
        ("/keywords", ["港口"], ["港口", "气象"]),
        ("/valid_to", None, "2027-01-01"),
    ]
    assert differences(before, after)[0].label == LABELS["name"]


def test_entries_of_lists_are_compared_with_their_namesakes_wherever_they_stand() -> None:
    first, second = make_source(source_id="a"), make_source(source_id="b", name="乙")
    stricter = msgspec.structs.replace(first, classification_level=Level.IMPORTANT)
    third = make_source(source_id="c")

    moved = found(
        make_description(sources=(first, second)), make_description(sources=(second, first))
    )
    changed = found(
        make_description(sources=(first, second)), make_description(sources=(stricter, third))
    )

    assert moved == []
    assert [each[0] for each in changed] == [
        "/sources/a/classification_level",
        "/sources/c",
        "/sources/b",
    ]
    assert changed[0][1:] == ("general", "important")
    assert (changed[1][1], changed[2][2]) == (None, None)


def test_two_items_of_one_name_in_a_draft_are_both_told() -> None:
    twice = (Item(name="a", type=ItemType.TEXT), Item(name="a", type=ItemType.DATE))

    assert [each[0] for each in found(make_description(), make_description(items=twice))] == [
        "/items/a",
        "/items/a′",
    ]


def test_a_classification_that_came_or_went_is_one_change_and_its_level_another() -> None:
    plain, none = make_description(), make_description(classification=None)
    assert plain.classification is not None
    stricter = make_description(
        classification=msgspec.structs.replace(plain.classification, level=Level.IMPORTANT)
    )

    assert [each[0] for each in found(none, plain)] == ["/classification"]
    assert [each[0] for each in found(plain, none)] == ["/classification"]
    assert [each[0] for each in found(plain, stricter)] == ["/classification/level"]


def test_the_first_version_is_all_that_it_says() -> None:
    pointers = {each[0] for each in found(None, make_description())}

    assert {"/name", "/form", "/sources/s1", "/classification", "/data_nature"} <= pointers
    assert "/valid_from" not in pointers
    assert "/important_data_basis" not in pointers


@given(st.data())
def test_what_differs_one_way_differs_the_other_way_round(data: st.DataObject) -> None:
    texts = st.text("甲乙 a", max_size=3)
    one, other = (
        make_description(
            description=data.draw(texts),
            region=data.draw(texts),
            contains_personal_info=data.draw(st.booleans()),
            sources=tuple(
                make_source(source_id=name, name=data.draw(texts))
                for name in data.draw(st.lists(st.sampled_from("abc"), unique=True))
            ),
        )
        for _ in range(2)
    )

    def turned(changes: tuple[FieldChange, ...]) -> set[str]:
        return {repr((c.pointer, c.after, c.before)) for c in changes}

    there, back = differences(one, other), differences(other, one)
    assert turned(there) == {repr((c.pointer, c.before, c.after)) for c in back}
    assert (there == ()) is (
        {s.source_id: s for s in one.sources} == {s.source_id: s for s in other.sources}
        and msgspec.structs.replace(one, sources=()) == msgspec.structs.replace(other, sources=())
    )


def test_who_asks_for_what_was_taken_back_is_told_when_and_why() -> None:
    check_not_buried(None)
    tombstone = Tombstone(
        product_id=new_id(),
        name="港口指数",
        supplier_name="示例",
        withdrawn_at=dt.datetime(2026, 3, 2, tzinfo=dt.UTC),
        reason="数据源停止更新",
    )

    with pytest.raises(ProductWithdrawn) as refusal:
        check_not_buried(tombstone)
    assert refusal.value.facts["reason"] == "数据源停止更新"
    assert refusal.value.facts["withdrawn_at"] == "2026-03-02T00:00:00+00:00"
