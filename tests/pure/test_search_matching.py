"""What is matched and ranked by arrays is what a plain look at each product finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.search import matching, ranking
from catalog.search.matching import NOTHING, Flags, List, Marks, Ranking, Rows

TOTAL = 60
_ROWS = st.dictionaries(st.integers(0, TOTAL - 1), st.sampled_from([0.25, 1.0, 1.5, 2.0]))
THINGS = st.lists(_ROWS, min_size=1, max_size=4)
MANY_THINGS = st.lists(_ROWS, min_size=9, max_size=11)


@pytest.fixture(params=["short", "long"], autouse=True)
def lengths(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every list for a short one, then for a long one: both ways find the same."""
    if request.param == "long":
        monkeypatch.setattr(matching, "_FEW", 0)
        monkeypatch.setattr(matching, "_LONG", 0)
        monkeypatch.setattr(matching, "_BLOCK", 4)


def listed(often: dict[int, float]) -> List:
    rows = sorted(often)
    there = np.array([row in often for row in range(TOTAL)])
    return List(
        np.array(rows, np.int32),
        np.array([often[row] for row in rows], np.float32),
        # As a base keeps long lists.
        np.packbits(there, bitorder="little") if len(rows) > TOTAL // 2 else None,
    )


def plainly(things: list[dict[int, float]], weights: list[float], row: int) -> float:
    oftens = [np.array([each.get(row, 0)], np.float32) for each in things]
    return float(ranking.scored(oftens, weights, count=1)[0])


@given(THINGS | MANY_THINGS, st.data())
def test_rows_that_have_so_many_things_are_found(
    things: list[dict[int, float]], data: st.DataObject
) -> None:
    least = data.draw(st.integers(1, len(things)))
    within = data.draw(st.none() | st.sets(st.integers(0, TOTAL - 1)))
    asked = None if within is None else np.array(sorted(within), np.int32)

    found = matching.matching([listed(t) for t in things], least=least, total=TOTAL, within=asked)

    assert found.tolist() == [
        row
        for row in range(TOTAL)
        if (within is None or row in within) and sum(row in each for each in things) >= least
    ]


@given(_ROWS, st.sets(st.integers(0, TOTAL - 1)))
def test_how_often_a_thing_stands_in_rows_is_looked_up_either_way(
    thing: dict[int, float], asked: set[int]
) -> None:
    rows = np.array(sorted(asked), np.int32)

    found = matching.often_at(listed(thing), rows, total=TOTAL)

    assert found.tolist() == [thing.get(row, 0) for row in rows.tolist()]


def test_a_list_much_longer_or_shorter_than_the_rows_is_looked_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(matching, "_FEW", 0)
    monkeypatch.setattr(matching, "_TIMES_LONGER", 2)
    every = {row: 1.0 + row for row in range(TOTAL)}
    some = {row: 2.0 + row for row in (0, 7, 59)}

    for thing, rows in (
        (every, sorted(some)),
        (some, sorted(every)),
        (every, list(range(0, 60, 2))),
    ):
        found = matching.often_at(listed(thing), np.array(rows, np.int32), total=TOTAL)
        assert found.tolist() == [thing.get(row, 0) for row in rows]


@given(st.lists(_ROWS, min_size=1, max_size=3))
def test_words_that_tell_a_thing_together_are_there_as_often_as_the_rarest(
    words: list[dict[int, float]],
) -> None:
    found = matching.all_of([listed(each) for each in words], total=TOTAL)

    assert dict(zip(found.rows.tolist(), found.often.tolist(), strict=True)) == {
        row: min(each[row] for each in words)
        for row in range(TOTAL)
        if all(row in each for each in words)
    }


@given(st.lists(_ROWS, min_size=1, max_size=3))
def test_a_synonym_counts_a_third(ways: list[dict[int, float]]) -> None:
    found = matching.any_of([listed(each) for each in ways], total=TOTAL)

    assert dict(zip(found.rows.tolist(), found.often.tolist(), strict=True)) == {
        row: max(
            float(np.float32(each.get(row, 0)) * np.float32(0.35 if place else 1))
            for place, each in enumerate(ways)
        )
        for row in range(TOTAL)
        if any(row in each for each in ways)
    }


@given(THINGS | MANY_THINGS, st.integers(1, 8), st.data())
def test_the_best_are_the_first_of_all_in_their_order(
    things: list[dict[int, float]], most: int, data: st.DataObject
) -> None:
    weights = data.draw(
        st.lists(st.sampled_from([0.01, 1.0, 3.0]), min_size=len(things), max_size=len(things))
    )
    asked = np.array(sorted(data.draw(st.sets(st.integers(0, TOTAL - 1)))), np.int32)
    least = data.draw(st.integers(1, len(things)))
    lists = [listed(each) for each in things]

    def matched(many: int) -> Rows:
        return matching.matching(lists, least=many, total=TOTAL, within=asked)

    def marked(marks: Flags) -> Rows:
        rows = Marks(lists, total=TOTAL).rows(marks)
        return rows[np.isin(rows, asked)]

    every = sorted(
        ((plainly(things, weights, row), row) for row in matched(least).tolist()), reverse=True
    )

    found = matching.best(lists, matched, marked, Ranking(weights, most), least=least, total=TOTAL)
    assert found == every[:most]

    if every:
        last = data.draw(st.integers(0, len(every) - 1))
        ranked = Ranking(weights, most, after=every[last])
        behind = matching.best(lists, matched, marked, ranked, least=least, total=TOTAL)
        assert behind == every[last + 1 : last + 1 + most]


def best(
    lists: list[List], weights: list[float], most: int, *, levels: list[int] | None = None
) -> list[int]:
    """Return the rows of the best that have any, and note how many things were looked for; 0: some."""

    def matched(many: int) -> Rows:
        if levels is not None:
            levels.append(many)
        return matching.matching(lists, least=many, total=TOTAL)

    def marked(marks: Flags) -> Rows:
        if levels is not None:
            levels.append(0)
        return Marks(lists, total=TOTAL).rows(marks)

    found = matching.best(lists, matched, marked, Ranking(weights, most), least=1, total=TOTAL)
    return [row for _, row in found]


def test_if_enough_have_most_of_it_those_that_have_one_thing_are_not_looked_at() -> None:
    rare, common = dict.fromkeys(range(5), 1.0), dict.fromkeys(range(TOTAL), 1.0)
    levels: list[int] = []

    found = best([listed(rare), listed(common)], [9.0, 0.1], 3, levels=levels)

    assert found == [4, 3, 2]
    assert levels == [2]


def test_of_one_common_word_those_are_scored_that_have_it_most_often() -> None:
    common = {row: 2.0 if row % 20 == 0 else 1.0 for row in range(TOTAL)}
    lists = [listed(common)]

    assert best(lists, [1.0], 4) == [40, 20, 0, 59]


def test_if_too_few_have_both_those_with_the_common_word_are_looked_through() -> None:
    rare, common = dict.fromkeys(range(2), 1.0), dict.fromkeys(range(TOTAL), 1.0)
    levels: list[int] = []

    assert best([listed(rare), listed(common)], [9.0, 0.1], 3, levels=levels) == [1, 0, 59]
    assert levels == [2, 1]


def test_who_has_one_rare_thing_is_before_who_has_two_common_ones() -> None:
    rare = dict.fromkeys(range(50, 53), 2.0)
    common = dict.fromkeys(range(9), 0.1)
    lists = [listed(rare), listed(common), listed(common)]

    assert best(lists, [9.0, 0.1, 0.1], 3) == [52, 51, 50]


def test_of_those_that_have_less_only_the_rare_are_looked_at() -> None:
    rare = dict.fromkeys(range(10), 2.0)
    common = dict.fromkeys(range(7, TOTAL), 0.25)
    levels: list[int] = []

    assert best([listed(rare), listed(common)], [9.0, 0.1], 3, levels=levels) == [9, 8, 7]
    assert levels == [2]

    common = {row: 2.0 if row == 59 else 0.25 for row in range(7, TOTAL)}
    rare = {row: 2.0 if row < 7 else 0.01 for row in range(10)}
    assert best([listed(rare), listed(common)], [9.0, 1.0], 3) == [6, 5, 4]


def test_more_things_than_a_mark_tells_apart_are_ranked_all_the_same() -> None:
    things = [dict.fromkeys(range(n, TOTAL), 1.0) for n in range(12)]

    assert best([listed(each) for each in things], [1.0] * 12, 2) == [59, 58]


def test_what_stands_nowhere_is_found_nowhere() -> None:
    rows = np.array([1, 2], np.int32)

    assert matching.often_at(NOTHING, rows, total=TOTAL).tolist() == [0, 0]
    assert best([NOTHING], [1.0], 3) == []
