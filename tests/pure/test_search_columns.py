"""Counting in columns tells what counting the products one by one would."""

from __future__ import annotations

import collections

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from catalog.search import columns, facets
from catalog.search.columns import Columns, Group
from catalog.search.facets import ALL

NUMBERS = {facet.name: number for number, facet in enumerate(ALL)}
CHOICES: dict[str, list[tuple[str, ...]]] = {
    "form": [(), ("dataset",), ("data_api",)],
    "industry": [(), ("C", "13"), ("C", "13", "131"), ("G", "55"), ("A",)],
    "region_code": [(), ("46", "4601"), ("46",), ("46", "4601", "460105")],
    "delivery": [(), ("api_call",), ("dataset_product", "api_call")],
    "supplier_name": [(f"供方{n}",) for n in range(30)],
}
PRODUCTS = st.lists(
    st.fixed_dictionaries({name: st.sampled_from(of) for name, of in CHOICES.items()})
)
NARROWED = st.fixed_dictionaries(
    {},
    optional={
        "form": st.sampled_from(["dataset", "report"]),
        "industry": st.sampled_from(["C", "13", "131", "A"]),
        "region_code": st.sampled_from(["46", "4601", "460105"]),
        "delivery": st.just("api_call"),
    },
)


def kinds_of(product: dict[str, tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    return tuple(product.get(facet.name, ()) for facet in ALL)


def made(products: list[dict[str, tuple[str, ...]]]) -> Columns:
    """Number combinations as they come, join the columns, and open them."""
    known: list[dict[tuple[str, ...], int]] = [{} for _ in ALL]
    codes = [
        np.array([known[n].setdefault(kinds_of(p)[n], len(known[n])) for p in products], np.int32)
        for n in range(len(ALL))
    ]
    groups = columns.grouped([max(len(each), 1) for each in known])
    arrays = [columns.joined(group, codes) for group in groups]
    return Columns(groups, arrays, [list(each) or [()] for each in known])


@given(PRODUCTS, NARROWED)
def test_columns_count_and_narrow_as_one_would_by_hand(
    products: list[dict[str, tuple[str, ...]]], narrowed: dict[str, str]
) -> None:
    opened = made(products)
    rows = np.arange(len(products), dtype=np.int32)
    for column, mask in opened.masks(narrowed):
        rows = rows.compress(mask.take(column.take(rows)))
    plainly = [n for n, p in enumerate(products) if facets.is_within(kinds_of(p), narrowed)]

    assert rows.tolist() == plainly
    told = opened.told(opened.tally(rows), narrowed, most=100)
    for number, facet in enumerate(ALL):
        counted = collections.Counter(
            value
            for row in plainly
            for value in kinds_of(products[row])[number]
            if facets.is_counted(facet, value, narrowed)
        )
        assert told[facet.name] == dict(counted)


@given(PRODUCTS)
def test_all_are_counted_as_all_rows_are(products: list[dict[str, tuple[str, ...]]]) -> None:
    opened = made(products)
    rows = np.arange(len(products), dtype=np.int32)

    for whole, each in zip(opened.tally(None), opened.tally(rows), strict=True):
        assert whole.tolist() == each.tolist()


def test_only_the_commonest_are_told_and_of_equals_the_first_by_name() -> None:
    products = [{"supplier_name": (name,)} for name in "bbaacd"]
    opened = made(products)

    told = opened.told(opened.tally(None), {}, most=3)

    assert told["supplier_name"] == {"a": 2, "b": 2, "c": 1}


def test_small_columns_are_joined_and_large_ones_stand_alone() -> None:
    groups = columns.grouped([3, 100_000, 1, 40, 200])

    assert groups == [Group((2, 0, 3), (1, 3, 40)), Group((4,), (200,)), Group((1,), (100_000,))]
    column = np.arange(100_000)
    assert columns.joined(groups[2], [column] * 5).dtype == np.uint32
    assert (
        columns.joined(groups[0], [column % 3, column, column * 0, column % 40]).dtype == np.uint8
    )
