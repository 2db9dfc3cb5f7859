"""Divide an amount among claims, to the fen (最大余额法).

Everyone first gets the whole fen of its claim. What is left, fewer fen than there are claims, goes
out one fen each in a written order: the largest remainder first, then the largest claim, then the
order in which the claims stand. So two people who divide get the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import lcm

import msgspec


class Divided(msgspec.Struct, frozen=True):
    """What one claim came to: its whole fen, what remained of it, and whether it got one more.

    ``place`` counts from 1 who is first to get a fen that is left.
    """

    whole_fen: int
    remainder: Fraction
    place: int
    extra_fen: int

    @property
    def amount_fen(self) -> int:
        """Return what the claim came to."""
        return self.whole_fen + self.extra_fen


def divide(claims: Sequence[Fraction]) -> tuple[Divided, ...]:
    """Return what each claim comes to, in their order; together they are the whole amount.

    The sum of the claims is a whole number of fen, and none of them is negative.
    """
    of = lcm(*(claim.denominator for claim in claims))
    parts = [divmod(claim.numerator * (of // claim.denominator), of) for claim in claims]
    left = sum(rest for _, rest in parts) // of
    ranked = sorted(range(len(claims)), key=lambda i: (-parts[i][1], -claims[i], i))
    place = {index: number for number, index in enumerate(ranked, 1)}
    return tuple(
        Divided(whole, Fraction(rest, of), place[i], int(place[i] <= left))
        for i, (whole, rest) in enumerate(parts)
    )
