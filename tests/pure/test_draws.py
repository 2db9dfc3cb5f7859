"""Seats that are drawn by public chance, and the entry of the log that proves the draw."""

from __future__ import annotations

import pytest

from catalog.draws import seats
from catalog.kernel.draw import draw

DIRECTORY = ("a", "b", "c", "d", "e")
SEED = bytes(range(32))


def test_the_seed_is_of_commitment_and_root() -> None:
    one = seats.seed_of("00" * 32, b"r" * 32)

    assert one != seats.seed_of("01" * 32, b"r" * 32)
    assert one != seats.seed_of("00" * 32, b"s" * 32)
    assert one == seats.seed_of("00" * 32, b"r" * 32)


def test_a_seat_that_becomes_empty_goes_to_nobody_who_sits_or_stood_aside() -> None:
    seated = draw(SEED, DIRECTORY, 3)
    instead = seats.redrawn(SEED, DIRECTORY, seated, [])

    assert instead is not None
    assert instead not in seated
    now = [instead, *seated[1:]]
    last = seats.redrawn(SEED, DIRECTORY, now, [seated[0]])
    assert last == next(each for each in DIRECTORY if each not in {*now, seated[0]})
    assert seats.redrawn(SEED, DIRECTORY, [*now, str(last)], [seated[0]]) is None


def test_recusals_are_computed_again_or_do_not_fit() -> None:
    seated = draw(SEED, DIRECTORY, 2)
    instead = str(seats.redrawn(SEED, DIRECTORY, seated, []))
    wrong = next(each for each in DIRECTORY if each not in {*seated, instead})

    assert seats.after_recusals(SEED, DIRECTORY, seated, []) == seated
    assert seats.after_recusals(SEED, DIRECTORY, seated, [(seated[0], instead)]) == (
        instead,
        seated[1],
    )
    assert seats.after_recusals(SEED, DIRECTORY, seated, [(wrong, instead)]) is None
    assert seats.after_recusals(SEED, DIRECTORY, seated, [(seated[0], wrong)]) is None


@pytest.mark.parametrize("count", [1, 3, 5])
def test_everybody_who_is_drawn_stands_in_the_directory_once(count: int) -> None:
    drawn = draw(SEED, DIRECTORY, count)

    assert len(set(drawn)) == count
    assert set(drawn) <= set(DIRECTORY)
