"""A cursor leads on where its own query stood, and nowhere else."""

from __future__ import annotations

import base64
import uuid

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.kernel import paging
from catalog.kernel.paging import CursorUnreadable, LimitOutOfRange


class Entry(msgspec.Struct):
    """Stand for what a list is made of."""

    id: uuid.UUID


QUERY = paging.fingerprint("products", {"q": "港口"})


@given(st.lists(st.text(max_size=40) | st.integers(-(2**53), 2**53) | st.none(), max_size=4))
def test_a_cursor_gives_back_the_position_that_it_was_made_of(position: list[object]) -> None:
    cursor = paging.encode(QUERY, *position)

    assert paging.decode(QUERY, cursor, len(position)) == position
    assert cursor.isascii()
    assert not set("+/=&? ") & set(cursor)


def test_the_first_page_has_no_cursor() -> None:
    assert paging.decode(QUERY, None, 2) is None


@pytest.mark.parametrize(
    "cursor",
    [
        paging.encode(paging.fingerprint("products", {"q": "航运"}), "2026-03-02", "id"),
        paging.encode(QUERY, "2026-03-02"),
        paging.encode(QUERY, "2026-03-02", "id", "more"),
        base64.urlsafe_b64encode(b'{"a": 1}').decode(),
        base64.urlsafe_b64encode(b"[]").decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        "A",
        "港口",
        "",
        "A" * 2001,
    ],
    ids=[
        "another query", "too short", "too long", "no list", "empty list", "no text", "no base64",
        "no ascii", "empty", "endless",
    ],
)  # fmt: skip
def test_a_cursor_that_is_not_of_this_query_is_refused(cursor: str) -> None:
    with pytest.raises(CursorUnreadable) as refused:
        paging.decode(QUERY, cursor, 2)

    assert refused.value.code == "cursor_unreadable"


@pytest.mark.parametrize("limit", [1, paging.DEFAULT_LIMIT, paging.MAX_LIMIT])
def test_a_page_has_one_to_two_hundred_entries(limit: int) -> None:
    assert paging.check_limit(limit) == limit


@pytest.mark.parametrize("limit", [-1, 0, paging.MAX_LIMIT + 1])
def test_a_page_of_another_length_is_refused(limit: int) -> None:
    with pytest.raises(LimitOutOfRange) as refused:
        paging.check_limit(limit)

    assert refused.value.code == "limit_out_of_range"
    assert refused.value.facts == {"limit": limit, "maximum": 200}


def test_a_cursor_of_ids_gives_the_id_back_and_nothing_else_is_one() -> None:
    query, last = paging.fingerprint("cases"), uuid.uuid4()

    assert paging.decode_id(query, None) is None
    assert paging.decode_id(query, paging.encode(query, str(last))) == last
    for position in ("no id", 7, None):
        with pytest.raises(paging.CursorUnreadable):
            paging.decode_id(query, paging.encode(query, position))


@pytest.mark.parametrize(("entries", "more"), [(0, False), (2, False), (3, True)])
def test_a_page_by_id_leads_on_only_when_there_is_more(entries: int, more: bool) -> None:
    found = [Entry(uuid.uuid4()) for _ in range(entries)]

    page = paging.page_by_id(QUERY, found, 2)

    assert page.items == found[:2]
    assert paging.decode_id(QUERY, page.next_cursor) == (found[1].id if more else None)
