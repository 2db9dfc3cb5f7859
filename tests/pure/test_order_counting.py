"""The entries of an order count from one without a gap, or the log is stopped."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.audit_log import order_counting
from catalog.audit_log.model import Subject
from tests.exports import Maker


def make_leaves(*numbered: tuple[str, int | None]) -> list[bytes]:
    maker = Maker()
    for order, number in numbered:
        subjects = (Subject("product", "1"), Subject("order", order))
        maker.append(subjects=subjects, order_seq=number)
    return maker.leaves


def test_only_entries_that_count_are_read() -> None:
    leaves = make_leaves(("a", 1), ("a", None), ("b", 1), ("a", 2))

    assert order_counting.numbered(leaves) == [("a", 1), ("b", 1), ("a", 2)]
    assert order_counting.numbered([b"no leaf at all"]) == []


def test_an_entry_that_says_order_seq_in_other_words_counts_nothing() -> None:
    (leaf,) = make_leaves(('x"order_seq":', None))

    assert order_counting.numbered([leaf]) == []


def test_a_number_without_an_order_is_counted_by_itself() -> None:
    maker = Maker()
    maker.append(order_seq=1)

    assert order_counting.numbered(maker.leaves) == [("", 1)]


@given(st.lists(st.sampled_from("abc"), max_size=30), st.integers(0, 30))
def test_in_however_many_batches_they_come_the_counts_are_the_same(
    orders: list[str], cut: int
) -> None:
    seen: dict[str, int] = {}
    numbered = []
    for order in orders:
        seen[order] = seen.get(order, 0) + 1
        numbered.append((order, seen[order]))

    first = order_counting.counted({}, numbered[:cut])
    second = order_counting.counted(first, numbered[cut:])

    assert first | second == seen


@pytest.mark.parametrize("number", [1, 2, 4])
def test_what_is_not_the_next_is_a_gap(number: int) -> None:
    with pytest.raises(order_counting.OrderGap, match=f"entry {number} of order a .* 3 is due"):
        order_counting.counted({"a": 2}, [("a", number)])
