"""A cursor brings back where its page ended, and nothing else is taken for one."""

from __future__ import annotations

import uuid

import pytest

from catalog.kernel import paging
from catalog.kernel.paging import CursorUnreadable
from catalog.search import cursors
from catalog.search.ranking import Averages, Ranked, Record

LAST = Ranked(1.25, 7, uuid.UUID(int=9).bytes, Record(b"", 0, 0))


def test_where_a_page_ended_is_read_again() -> None:
    cursor = cursors.write(
        "q", weights=(1.0, 0.0), averages=Averages(), least=1, is_alone=False, last=LAST
    )

    place = cursors.read("q", cursor, concepts=2)

    assert place is not None
    assert (place.weights, place.averages) == ((1.0, 0.0), (10.0, 7.0, 50.0))
    assert (place.least, place.is_alone) == (1, False)
    assert place.standing == (1.25, 7, uuid.UUID(int=9).bytes)
    assert cursors.read("q", None, concepts=2) is None


@pytest.mark.parametrize(
    "told",
    [
        ("weights", (10.0, 7.0, 50.0), 1, True, 1.0, 7, "x"),
        ((1.0,), (10.0, 7.0, 50.0), 1, True, 1.0, 7, str(uuid.UUID(int=9))),
        ((1.0, -1.0), (10.0, 7.0, 50.0), 1, True, 1.0, 7, str(uuid.UUID(int=9))),
        ((1.0, 1.0), (10.0, 7.0, 0.5), 1, True, 1.0, 7, str(uuid.UUID(int=9))),
        ((1.0, 1.0), (10.0, 7.0, 50.0), 0, True, 1.0, 7, str(uuid.UUID(int=9))),
        ((1.0, 1.0), (10.0, 7.0, 50.0), 3, True, 1.0, 7, str(uuid.UUID(int=9))),
        ((1.0, 1.0), (10.0, 7.0, 50.0), 1, True, 1.0, 2**63, str(uuid.UUID(int=9))),
    ],
)
def test_what_no_page_ends_with_is_refused(told: tuple[object, ...]) -> None:
    with pytest.raises(CursorUnreadable):
        cursors.read("q", paging.encode("q", *told), concepts=2)
