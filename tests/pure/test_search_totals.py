"""What is counted in an index as it grows and shrinks is what one would count anew."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from catalog.search.facets import ALL
from catalog.search.port import Counts
from catalog.search.totals import Totals, counted_field, field_of, values_by_field

FORM = next(facet for facet in ALL if facet.name == "form")
INDUSTRY = next(facet for facet in ALL if facet.name == "industry")
_LENGTHS = st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))


def kinds(**values: list[str]) -> list[list[str]]:
    return [values.get(facet.name, []) for facet in ALL]


@given(st.lists(_LENGTHS, max_size=6), st.lists(_LENGTHS, max_size=6))
def test_who_came_and_went_leaves_no_trace(kept: list[tuple[int]], gone: list[tuple[int]]) -> None:
    totals, anew = Totals(), Totals()
    for lengths in (*kept, *gone):
        totals.add(lengths, 10)
    for lengths in gone:
        totals.add(lengths, 10, -1)
    for lengths in kept:
        anew.add(lengths, 10)

    assert (totals.count, totals.size_bytes) == (anew.count, anew.size_bytes)
    assert totals.averages == anew.averages


def test_averages_are_of_those_fields_that_have_words() -> None:
    totals = Totals()
    totals.add((4, 0, 30), 100)
    totals.add((8, 0, 0), 100)

    assert totals.averages.title == 6
    assert totals.averages.text == 30
    assert totals.averages.labels == 1.0


def test_a_value_of_a_tree_is_counted_on_its_step() -> None:
    assert values_by_field(kinds(industry=["C", "13", "131"], form=["dataset"])) == {
        "form_0": ["dataset"],
        "industry_0": ["C"],
        "industry_1": ["13"],
        "industry_2": ["131"],
    }
    assert counted_field(INDUSTRY, {}) == field_of(INDUSTRY, 0)
    assert counted_field(INDUSTRY, {"industry": "13"}) == "industry_2"
    assert counted_field(FORM, {"form": "dataset"}) == "form_0"


def test_totals_are_the_same_after_they_were_written_down() -> None:
    totals = Totals()
    totals.add((1, 2, 3), 40)

    assert msgspec.json.decode(msgspec.json.encode(totals), type=Totals) == totals


def test_what_is_taken_out_is_no_longer_counted() -> None:
    before = Counts(5, {"form": {"dataset": 3, "data_api": 2}})

    left = before.minus(Counts(2, {"form": {"dataset": 2, "other": 1}}))

    assert left == Counts(3, {"form": {"dataset": 1, "data_api": 2}})
