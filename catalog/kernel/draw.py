"""Draw without favour from a list, by a seed that everybody can compute (随机抽取).

The same seed and the same list give the same draw, in every language: a list of distinct texts is
sorted by its UTF-8 bytes; number i, counted from 0, is taken from those that are left at place
``r mod n``, where r is the first value of SHA-256(seed ‖ u32(i) ‖ u32(k)), k = 0, 1, …, read as a big-endian
number of 256 bits, that lies below the largest multiple of n. So each has the same chance.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

_RANGE: Final = 1 << 256


def draw(seed: bytes, population: Iterable[str], count: int) -> tuple[str, ...]:
    """Return ``count`` of the population, in the order in which they were drawn.

    All of it, in that order, if it has no more.
    """
    left = sorted(set(population), key=lambda text: text.encode())
    return tuple(left.pop(place(seed, i, len(left))) for i in range(min(count, len(left))))


def place(seed: bytes, i: int, n: int) -> int:
    """Return which of ``n`` that are left is drawn as number ``i``."""
    limit = _RANGE - _RANGE % n
    k = 0
    while (number := _number(seed, i, k)) >= limit:
        k += 1
    return number % n


def _number(seed: bytes, i: int, k: int) -> int:
    told = seed + i.to_bytes(4, "big") + k.to_bytes(4, "big")
    return int.from_bytes(hashlib.sha256(told).digest(), "big")
