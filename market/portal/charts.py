"""Draw bars of amounts, upright by month or lying by name (柱状图、条形图), as numbers for a template's SVG.

The amounts stand beside the picture in a table, too: nobody has to guess a height.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

WIDTH: Final = 720
HEIGHT: Final = 220
_LEFT: Final = 8
_BASE: Final = 24  # under the bars, for the months
_TOP: Final = 20  # over the highest bar, for its amount
_SHARE_OF_A_PLACE: Final = 0.62
_PLACES_LEAST: Final = 6  # a month alone is not as wide as a year


class Bar(msgspec.Struct, frozen=True):
    """One bar, where it stands, and what is written at it."""

    label: str
    amount_fen: int
    x: float
    y: float
    width: float
    height: float
    middle: float
    above: float  # where the amount is written


class Chart(msgspec.Struct, frozen=True):
    """Bars over a line that stands for nothing; amounts below zero hang from it."""

    width: int
    height: int
    zero: float
    bars: tuple[Bar, ...]


def bars(amounts: Sequence[tuple[str, int]]) -> Chart:
    """Return the bars of amounts, each with its label, from left to right."""
    highest = max((amount for _, amount in amounts), default=0)
    lowest = min((amount for _, amount in amounts), default=0)
    top, bottom = max(highest, 0), min(lowest, 0)
    room = HEIGHT - _TOP - _BASE
    scale = room / ((top - bottom) or 1)
    zero = _TOP + top * scale
    place = (WIDTH - 2 * _LEFT) / max(len(amounts), _PLACES_LEAST)
    return Chart(
        WIDTH,
        HEIGHT,
        round(zero, 1),
        tuple(
            _bar(label, amount, _LEFT + number * place, place, zero, scale)
            for number, (label, amount) in enumerate(amounts)
        ),
    )


def _bar(  # noqa: PLR0917 - six numbers of one picture
    label: str, amount: int, left: float, place: float, zero: float, scale: float
) -> Bar:
    width = place * _SHARE_OF_A_PLACE
    height = abs(amount) * scale
    y = zero - height if amount > 0 else zero
    return Bar(
        label,
        amount,
        round(left + (place - width) / 2, 1),
        round(y, 1),
        round(width, 1),
        round(height, 1),
        round(left + place / 2, 1),
        round(y - 5 if amount >= 0 else y + height + 13, 1),
    )


class LyingBar(msgspec.Struct, frozen=True):
    """One bar from the left, with its name over it and its amount beside the name."""

    label: str
    amount_fen: int
    top: float  # where the name is written
    y: float
    width: float
    is_rest: bool  # of what has no name: drawn lighter


class LyingChart(msgspec.Struct, frozen=True):
    """Bars that lie under each other, for names that are longer than a month's."""

    width: int
    height: int
    thickness: int
    bars: tuple[LyingBar, ...]


_ROW: Final = 40
_THICKNESS: Final = 14


def lying(amounts: Sequence[tuple[str, int, bool]]) -> LyingChart:
    """Return the bars of amounts of no less than zero, each with its name, from the top down.

    The third of each says whether it is a rest.
    """
    highest = max((amount for _, amount, _ in amounts), default=0) or 1
    return LyingChart(
        WIDTH,
        len(amounts) * _ROW + 4,
        _THICKNESS,
        tuple(
            LyingBar(
                label,
                amount,
                number * _ROW + 14,
                number * _ROW + 20,
                round(max(amount, 0) * WIDTH / highest, 1),
                is_rest,
            )
            for number, (label, amount, is_rest) in enumerate(amounts)
        ),
    )
