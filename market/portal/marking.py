"""Cut a text where a search found its words, so that a page can mark them (高亮)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Piece(msgspec.Struct, frozen=True):
    """A part of a text, and whether it is marked."""

    text: str
    is_marked: bool


def pieces(text: str, places: Sequence[tuple[int, int]]) -> list[Piece]:
    """Return the text in pieces; ``places`` are begin and end of what is marked, in their order."""
    found, at = [], 0
    for begin, end in places:
        found += [Piece(text[at:begin], False), Piece(text[begin:end], True)]
        at = end
    found.append(Piece(text[at:], False))
    return [piece for piece in found if piece.text]
