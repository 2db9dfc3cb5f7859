"""Legs that are copied out are added up by account, in whatever parts the bytes come."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

import numpy as np
import pytest

from settlement.ledger.summing import ENDING, HEADER_LENGTH, Copied, Sums

LEG = tuple[int, int]
HEADER = b"H" * HEADER_LENGTH


def copied(rows: Iterable[Sequence[LEG]], *, fields: int | None = None) -> bytes:
    """Return rows as PostgreSQL copies them out."""
    out = HEADER
    for legs in rows:
        out += struct.pack(">h", 2 * len(legs) if fields is None else fields)
        for account, amount in legs:
            out += struct.pack(">iiiq", 4, account, 8, amount)
    return out + ENDING


async def added_up(stream: bytes, *, parts: int = 1, block: int = 1 << 20) -> dict[int, LEG]:
    """Return what stands on each account, and of how many legs."""
    sums = Sums()
    taking = Copied(sums, 2, block=block)
    step = max(len(stream) // parts, 1)
    for start in range(0, len(stream), step):
        await taking.write(stream[start : start + step])
    taking.end()
    return {n: (int(sums.amounts[n]), int(sums.legs[n])) for n in sums.moved().tolist()}


ROWS: list[list[LEG]] = [[(3, -60), (7, 60)], [(7, -25), (3, 25)], [(9, -(10**15)), (3, 10**15)]]
COME_TO = {3: (10**15 - 35, 3), 7: (35, 2), 9: (-(10**15), 1)}


@pytest.mark.parametrize("parts", [1, 2, 3, 5, 40, 150])
@pytest.mark.parametrize("block", [1, 64, 1 << 20])
async def test_it_does_not_matter_in_which_parts_the_bytes_come(parts: int, block: int) -> None:
    assert await added_up(copied(ROWS), parts=parts, block=block) == COME_TO


async def test_a_leg_that_is_not_there_is_none() -> None:
    assert await added_up(copied([[(3, 5), (0, 0)]])) == {3: (5, 1)}
    assert await added_up(copied([[(0, 0), (0, 0)]])) == {}


async def test_a_leg_without_an_account_is_told_as_account_zero() -> None:
    assert await added_up(copied([[(0, 5), (-4, 6)]])) == {0: (11, 2)}


async def test_nothing_comes_to_nothing() -> None:
    assert await added_up(copied([])) == {}


@pytest.mark.parametrize(
    ("stream", "why"),
    [
        (copied(ROWS)[:-2], "no end"),
        (copied(ROWS)[:-5], "no end"),
        (HEADER[:7], "no end"),
        (b"", "no end"),
        (copied(ROWS, fields=3), "other fields"),
    ],
)
async def test_bytes_that_are_no_such_rows_are_refused(stream: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        await added_up(stream)


def test_sums_are_exact_beyond_what_a_float_holds() -> None:
    sums = Sums()
    sums.add(np.array([1, 1]), np.array([2**53, 1]))

    assert int(sums.amounts[1]) == 2**53 + 1
