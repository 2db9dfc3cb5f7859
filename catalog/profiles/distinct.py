"""Estimate how many different values there are, in little memory (去重估计)."""

from __future__ import annotations

import hashlib
import heapq
from typing import Final

# [P] 1,024 smallest hashes: the estimate is within some 3 %, and exact below that many values.
KEPT: Final = 1024
_RANGE: Final = 2**64


class Distinct:
    """The smallest hashes of what was seen: how far they reach tells how many there are (KMV)."""

    def __init__(self) -> None:
        self._smallest: list[int] = []  # negated, so that the largest of them is on top
        self._known: set[int] = set()

    def see(self, text: str) -> None:
        """Count a value, however often it comes."""
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        hashed = int.from_bytes(digest, "big")
        if hashed in self._known:
            return
        if len(self._smallest) < KEPT:
            heapq.heappush(self._smallest, -hashed)
        elif hashed < -self._smallest[0]:
            self._known.remove(-heapq.heappushpop(self._smallest, -hashed))
        else:
            return
        self._known.add(hashed)

    @property
    def is_exact(self) -> bool:
        """Tell whether the count is one, and no estimate."""
        return len(self._smallest) < KEPT

    def count(self) -> int:
        """Return how many different values there were, about."""
        if self.is_exact:
            return len(self._smallest)
        return (KEPT - 1) * _RANGE // -self._smallest[0]
